//! `azml workspace ...`, and finding the workspace for the commands that work in one.

use std::sync::Arc;

use azml::datastore::{NewWorkspace, Workspace, WorkspaceOptions, WorkspaceScope};
use azml_core::env;
use azure_core::credentials::TokenCredential;

use crate::args::workspace::{WorkspaceArgs, WorkspaceCommand, WorkspaceTarget};
use crate::failure::{Failure, Result};
use crate::output::{Format, Listing, Record, note};
use crate::session::credential;
use crate::settings::Settings;
use crate::{http, logging};

/// Runs a workspace command.
pub(super) async fn run(args: WorkspaceArgs, settings: &Settings, format: &Format) -> Result<()> {
    match args.command {
        WorkspaceCommand::Create(create) => {
            let workspace = connect(&args.target, settings)?;
            let mut new = NewWorkspace::new(create.location);
            new.friendly_name = create.friendly_name;
            new.storage_account = create.storage_account;
            new.key_vault = create.key_vault;
            new.application_insights = create.application_insights;
            new.container_registry = create.container_registry;
            new.exist_ok = create.exist_ok;
            workspace.create(new).await?;
            show(&workspace, format).await
        }
        WorkspaceCommand::List => list(&args.target, settings, format).await,
        WorkspaceCommand::Show => show(&connect(&args.target, settings)?, format).await,
        WorkspaceCommand::WriteConfig(write) => {
            let file = scope(&args.target, settings)?.write_config(&write.dir)?;
            note(format_args!("wrote {}", file.display()));
            Ok(())
        }
    }
}

/// A client of the workspace that flags, environment, profile or config.json name.
pub(super) fn connect(target: &WorkspaceTarget, settings: &Settings) -> Result<Workspace> {
    let (credential, options) = access(settings)?;
    let scope = scope(target, settings)?;
    Ok(Workspace::new(scope, credential, Some(options))?)
}

/// Who asks, and how.
fn access(settings: &Settings) -> Result<(Arc<dyn TokenCredential>, WorkspaceOptions)> {
    let environment = settings.environment();
    let mut options = WorkspaceOptions::default();
    options.client_options = http::retrying_options();
    options.environment = environment.clone();
    let (credential, _) = credential(settings)?;
    for name in [env::TOKEN, env::CLIENT_SECRET] {
        if let Some(secret) = settings.get(name) {
            logging::hide(&secret);
        }
    }
    Ok((credential, options))
}

async fn list(target: &WorkspaceTarget, settings: &Settings, format: &Format) -> Result<()> {
    let (credential, options) = access(settings)?;
    let subscription = target
        .subscription
        .clone()
        .or_else(|| settings.get(env::SUBSCRIPTION_ID))
        .ok_or_else(|| Failure::usage("no subscription is set: give --subscription"))?;
    let group = target.resource_group.as_deref();
    let found = Workspace::list(&subscription, group, credential, Some(options)).await?;
    let mut listing = Listing::new(["name", "location", "state", "id"]);
    for workspace in found.into_values().flatten() {
        listing.row([
            workspace.name.into(),
            workspace.location.into(),
            workspace.properties.provisioning_state.into(),
            workspace.id.into(),
        ]);
    }
    listing.print(format)
}

fn scope(target: &WorkspaceTarget, settings: &Settings) -> Result<WorkspaceScope> {
    let parts = [
        (&target.subscription, env::SUBSCRIPTION_ID, "--subscription"),
        (
            &target.resource_group,
            env::RESOURCE_GROUP,
            "--resource-group",
        ),
        (&target.workspace, env::WORKSPACE, "--workspace"),
    ];
    let found = parts.map(|(flag, name, _)| flag.clone().or_else(|| settings.get(name)));
    match found {
        [Some(subscription), Some(group), Some(name)] => {
            Ok(WorkspaceScope::new(subscription, group, name))
        }
        [None, None, None] => WorkspaceScope::from_config(".").map_err(|error| {
            Failure::from(error).hint(
                "start the emulator (azml emulator start) and use its profile, give --workspace, \
                 --resource-group and --subscription, or write a config.json",
            )
        }),
        found => {
            let missing = parts.iter().zip(found).find(|(_, found)| found.is_none());
            let flag = missing.map_or("", |((_, _, flag), _)| *flag);
            Err(Failure::usage(format!(
                "the workspace is not complete: {flag} is missing"
            )))
        }
    }
}

async fn show(workspace: &Workspace, format: &Format) -> Result<()> {
    let details = workspace.details().await?;
    let properties = details.properties;
    let mut record = Record::default();
    record
        .field("name", details.name)
        .field("resource_group", workspace.scope().resource_group.clone())
        .field("subscription_id", workspace.scope().subscription_id.clone())
        .field("location", details.location)
        .field("workspace_id", properties.workspace_id)
        .field("friendly_name", properties.friendly_name)
        .field("description", properties.description)
        .field("created", properties.creation_time)
        .field("storage_account", properties.storage_account)
        .field("state", properties.provisioning_state)
        .field("id", details.id);
    record.print(format)
}
