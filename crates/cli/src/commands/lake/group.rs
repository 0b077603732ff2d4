//! `azml group`.

use futures::TryStreamExt as _;

use super::connect;
use crate::args::adls::GroupCommand;
use crate::failure::Result;
use crate::output::{Format, Listing, Record, confirm, note};
use crate::settings::Settings;

/// Runs `azml group`.
pub(in crate::commands) async fn run(
    command: GroupCommand,
    settings: &Settings,
    format: &Format,
) -> Result<()> {
    let groups = connect(settings)?.resource_groups();
    match command {
        GroupCommand::Create { name, location } => {
            let group = groups.create_or_update(&name, &location).await?;
            note(format_args!("`{}` is in {}", group.name, group.location));
        }
        GroupCommand::List => {
            let mut listing = Listing::new(["name", "location", "state"]);
            let mut items = groups.list()?;
            while let Some(group) = items.try_next().await? {
                listing.row([
                    group.name.into(),
                    group.location.into(),
                    group.provisioning_state.as_str().into(),
                ]);
            }
            listing.print(format)?;
        }
        GroupCommand::Show { name } => {
            let group = groups.get(&name).await?;
            let mut record = Record::default();
            record
                .field("name", group.name)
                .field("location", group.location)
                .field("state", group.provisioning_state.as_str())
                .field("id", group.id);
            record.print(format)?;
        }
        GroupCommand::Delete { name, yes } => {
            confirm(
                &format!("Delete the resource group `{name}` with everything in it?"),
                yes,
            )?;
            groups.delete(&name).await?.await?;
            note(format_args!("deleted `{name}`"));
        }
    }
    Ok(())
}
