//! What belongs to an analytics account: `azml adla account firewall`, `store` and `storage`.

use azml::auth::Secret;
use azml::datalake_analytics::{DataLake, FirewallRules, Items, Linked, StorageLinks, StoreLinks};
use futures::TryStreamExt as _;

use super::account::created;
use super::resource_group;
use crate::args::adla::PolicyOf;
use crate::args::adla_account::{FirewallCommand, StorageLinkCommand, StoreLinkCommand};
use crate::failure::{Failure, Result};
use crate::files::read_secret;
use crate::output::{Format, Listing, note};
use crate::settings::Settings;

/// Runs `azml adla account firewall`.
pub(super) async fn firewall(
    command: FirewallCommand,
    lake: &DataLake,
    settings: &Settings,
    format: &Format,
) -> Result<()> {
    let rules = |of: &PolicyOf| -> Result<FirewallRules> {
        let group = resource_group(&of.group, settings)?;
        Ok(lake.accounts().firewall_rules(&group, &of.account))
    };
    match command {
        FirewallCommand::Set { name, from, to, of } => {
            rules(&of)?.create_or_update(&name, from, to).await?;
            note(format_args!("set `{name}`"));
        }
        FirewallCommand::List { of } => {
            let mut listing = Listing::new(["name", "from", "to"]);
            let mut items = rules(&of)?.list()?;
            while let Some(rule) = items.try_next().await? {
                listing.row([
                    rule.name.into(),
                    rule.start_ip_address.into(),
                    rule.end_ip_address.into(),
                ]);
            }
            listing.print(format)?;
        }
        FirewallCommand::Delete { name, of } => {
            if !rules(&of)?.delete(&name).await? {
                return Err(Failure::new(format!("there is no firewall rule `{name}`"))
                    .hint("azml adla account firewall list shows those that are"));
            }
            note(format_args!("deleted `{name}`"));
        }
    }
    Ok(())
}

/// Runs `azml adla account store`.
pub(super) async fn stores(
    command: StoreLinkCommand,
    lake: &DataLake,
    settings: &Settings,
    format: &Format,
) -> Result<()> {
    let links = |of: &PolicyOf| -> Result<StoreLinks> {
        let group = resource_group(&of.group, settings)?;
        Ok(lake.accounts().store_links(&group, &of.account))
    };
    match command {
        StoreLinkCommand::Add { name, of } => {
            links(&of)?.add(&name).await?;
            linked(&name, &of);
        }
        StoreLinkCommand::List { of } => list(links(&of)?.list()?, format).await?,
        StoreLinkCommand::Remove { name, of } => {
            links(&of)?.remove(&name).await?;
            unlinked(&name, &of);
        }
    }
    Ok(())
}

/// Runs `azml adla account storage`.
pub(super) async fn storage(
    command: StorageLinkCommand,
    lake: &DataLake,
    settings: &Settings,
    format: &Format,
) -> Result<()> {
    let links = |of: &PolicyOf| -> Result<StorageLinks> {
        let group = resource_group(&of.group, settings)?;
        Ok(lake.accounts().storage_links(&group, &of.account))
    };
    match command {
        StorageLinkCommand::Add { name, key_file, of } => {
            let key = read_secret(&key_file)?;
            crate::logging::hide(&key);
            links(&of)?.add(&name, &Secret::new(key)).await?;
            linked(&name, &of);
        }
        StorageLinkCommand::List { of } => list(links(&of)?.list()?, format).await?,
        StorageLinkCommand::Containers { name, of } => {
            let mut listing = Listing::new(["name", "modified"]);
            let mut items = links(&of)?.containers(&name)?;
            while let Some(container) = items.try_next().await? {
                let modified = created(container.last_modified_time);
                listing.row([container.name.into(), modified]);
            }
            listing.print(format)?;
        }
        StorageLinkCommand::Remove { name, of } => {
            links(&of)?.remove(&name).await?;
            unlinked(&name, &of);
        }
    }
    Ok(())
}

async fn list(mut links: Items<Linked>, format: &Format) -> Result<()> {
    let mut listing = Listing::new(["name", "suffix"]);
    while let Some(link) = links.try_next().await? {
        listing.row([link.name.into(), link.suffix.into()]);
    }
    listing.print(format)
}

fn linked(name: &str, of: &PolicyOf) {
    note(format_args!("`{}` uses `{name}`", of.account));
}

fn unlinked(name: &str, of: &PolicyOf) {
    note(format_args!(
        "`{}` does not use `{name}` any more",
        of.account
    ));
}
