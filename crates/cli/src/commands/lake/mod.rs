//! `azml adla`, `azml adls`, `azml group` and `azml token`: the Data Lake services and the directory.

mod account;
mod acl;
mod catalog;
mod files;
mod group;
mod job;
mod links;
mod policy;
mod related;
mod token;

use azml::datalake_analytics::{ClientOptions, DataLake};
use azml_core::env;

use crate::args::adla::{AdlaCommand, InGroup};
use crate::args::adls::AdlsCommand;
use crate::failure::{Failure, Result};
use crate::http;
use crate::output::Format;
use crate::session::credential;
use crate::settings::Settings;

pub(super) use group::run as group;
pub(super) use token::run as token;

/// Runs `azml adla`.
pub(super) async fn adla(command: AdlaCommand, settings: &Settings, format: &Format) -> Result<()> {
    let lake = connect(settings)?;
    match command {
        AdlaCommand::Account(command) => account::analytics(command, &lake, settings, format).await,
        AdlaCommand::Job(command) => job::run(command, &lake, format).await,
        AdlaCommand::Policy(command) => policy::run(command, &lake, settings, format).await,
        AdlaCommand::Pipeline(command) => related::pipelines(command, &lake, format).await,
        AdlaCommand::Recurrence(command) => related::recurrences(command, &lake, format).await,
        AdlaCommand::Catalog(command) => catalog::run(command, &lake, format).await,
    }
}

/// Runs `azml adls`.
pub(super) async fn adls(command: AdlsCommand, settings: &Settings, format: &Format) -> Result<()> {
    let lake = connect(settings)?;
    match command {
        AdlsCommand::Account(command) => account::stores(command, &lake, settings, format).await,
        command => files::run(command, &lake, format).await,
    }
}

/// The client that environment and profile describe.
fn connect(settings: &Settings) -> Result<DataLake> {
    let subscription = settings
        .get(env::SUBSCRIPTION_ID)
        .or_else(|| settings.get(env::SUBSCRIPTION))
        .ok_or_else(|| missing(env::SUBSCRIPTION_ID))?;
    let (credential, _) = credential(settings)?;
    let mut options = ClientOptions::from_env(settings.environment())?;
    options.client_options = http::client_options(settings)?;
    Ok(DataLake::new(credential, subscription, options))
}

/// The resource group of the flag, or the one that environment or profile name.
fn resource_group(flag: &InGroup, settings: &Settings) -> Result<String> {
    flag.group
        .clone()
        .or_else(|| settings.get(env::RESOURCE_GROUP))
        .ok_or_else(|| missing(env::RESOURCE_GROUP))
}

fn missing(name: &str) -> Failure {
    Failure::new(format!("{name} is not set"))
        .hint("start the emulator (azml emulator start), set it, or add a profile")
}
