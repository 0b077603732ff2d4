//! `azml workspace ...`, and finding the workspace for the commands that work in one.

use azml::datastore::{Workspace, WorkspaceOptions, WorkspaceScope};
use azml_core::env;

use crate::args::workspace::{WorkspaceArgs, WorkspaceCommand, WorkspaceTarget};
use crate::failure::{Failure, Result};
use crate::output::{Format, Record, note};
use crate::settings::Settings;
use crate::{http, logging};

/// Runs a workspace command.
pub(super) async fn run(args: WorkspaceArgs, settings: &Settings, format: &Format) -> Result<()> {
    match args.command {
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
    let environment = settings.environment();
    let mut options = WorkspaceOptions::default();
    options.client_options = http::retrying_options();
    options.environment = environment.clone();
    let credential = azml_auth::directory::from_environment(environment)?;
    for name in [env::TOKEN, env::CLIENT_SECRET] {
        if let Some(secret) = settings.get(name) {
            logging::hide(&secret);
        }
    }
    let scope = scope(target, settings)?;
    Ok(Workspace::new(scope, credential, Some(options))?)
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
