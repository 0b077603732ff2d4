//! `azml adla account` and `azml adls account`.

use azml::datalake_analytics::{AccountLimits, AccountState, DataLake};
use futures::TryStreamExt as _;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::resource_group;
use crate::args::adla::AdlaAccountCommand;
use crate::args::adls::AdlsAccountCommand;
use crate::failure::Result;
use crate::output::{Format, Listing, Record, confirm, note};
use crate::settings::Settings;

const COLUMNS: [&str; 4] = ["name", "location", "state", "created"];

/// Runs `azml adla account`.
pub(super) async fn analytics(
    command: AdlaAccountCommand,
    lake: &DataLake,
    settings: &Settings,
    format: &Format,
) -> Result<()> {
    let accounts = lake.accounts();
    match command {
        AdlaAccountCommand::Create {
            name,
            store,
            location,
            group,
        } => {
            let group = resource_group(&group, settings)?;
            accounts
                .create(&group, &name, &location, &store)
                .await?
                .await?;
            note(format_args!("created `{name}`"));
        }
        AdlaAccountCommand::List => {
            let mut listing = Listing::new(COLUMNS);
            let mut items = accounts.list()?;
            while let Some(item) = items.try_next().await? {
                listing.row([
                    item.name.into(),
                    item.location.into(),
                    state(item.state.as_ref()),
                    created(item.creation_time),
                ]);
            }
            listing.print(format)?;
        }
        AdlaAccountCommand::Show { name, group } => {
            let account = accounts
                .get(&resource_group(&group, settings)?, &name)
                .await?;
            let limits = account.limits;
            let stores: Vec<Value> = account
                .data_lake_store_accounts
                .into_iter()
                .map(|it| it.name.into())
                .collect();
            let mut record = Record::default();
            record
                .field("name", account.name)
                .field("location", account.location)
                .field("state", state(account.state.as_ref()))
                .field("provisioning_state", account.provisioning_state)
                .field("endpoint", account.endpoint)
                .field("created", created(account.creation_time))
                .field("default_store", account.default_data_lake_store_account)
                .field("stores", stores)
                .field("max_units", limits.max_degree_of_parallelism)
                .field(
                    "max_units_per_job",
                    limits.max_degree_of_parallelism_per_job,
                )
                .field("max_jobs", limits.max_job_count)
                .field("min_priority", limits.min_priority_per_job)
                .field("id", account.id);
            record.print(format)?;
        }
        AdlaAccountCommand::Limit {
            name,
            units,
            units_per_job,
            jobs,
            group,
        } => {
            let limits = AccountLimits {
                max_degree_of_parallelism: units,
                max_degree_of_parallelism_per_job: units_per_job,
                max_job_count: jobs,
                ..AccountLimits::default()
            };
            accounts
                .set_limits(&resource_group(&group, settings)?, &name, &limits)
                .await?
                .await?;
            note(format_args!("changed `{name}`"));
        }
        AdlaAccountCommand::Delete { name, yes, group } => {
            confirm(&format!("Delete the account `{name}` with its jobs?"), yes)?;
            accounts
                .delete(&resource_group(&group, settings)?, &name)
                .await?
                .await?;
            note(format_args!("deleted `{name}`"));
        }
    }
    Ok(())
}

/// Runs `azml adls account`.
pub(super) async fn stores(
    command: AdlsAccountCommand,
    lake: &DataLake,
    settings: &Settings,
    format: &Format,
) -> Result<()> {
    let stores = lake.stores();
    match command {
        AdlsAccountCommand::Create {
            name,
            location,
            group,
        } => {
            stores
                .create(&resource_group(&group, settings)?, &name, &location)
                .await?
                .await?;
            note(format_args!("created `{name}`"));
        }
        AdlsAccountCommand::List => {
            let mut listing = Listing::new(COLUMNS);
            let mut items = stores.list()?;
            while let Some(item) = items.try_next().await? {
                listing.row([
                    item.name.into(),
                    item.location.into(),
                    state(item.state.as_ref()),
                    created(item.creation_time),
                ]);
            }
            listing.print(format)?;
        }
        AdlsAccountCommand::Show { name, group } => {
            let account = stores
                .get(&resource_group(&group, settings)?, &name)
                .await?;
            let mut record = Record::default();
            record
                .field("name", account.name)
                .field("location", account.location)
                .field("state", state(account.state.as_ref()))
                .field("provisioning_state", account.provisioning_state)
                .field("endpoint", account.endpoint)
                .field("created", created(account.creation_time))
                .field("encryption", account.encryption_state)
                .field("id", account.id);
            record.print(format)?;
        }
        AdlsAccountCommand::Delete { name, yes, group } => {
            confirm(&format!("Delete the store `{name}` with its files?"), yes)?;
            stores
                .delete(&resource_group(&group, settings)?, &name)
                .await?
                .await?;
            note(format_args!("deleted `{name}`"));
        }
    }
    Ok(())
}

fn state(state: Option<&AccountState>) -> Value {
    state.map(AccountState::as_str).into()
}

/// A time as it is shown.
pub(super) fn created(time: Option<OffsetDateTime>) -> Value {
    time.and_then(|time| time.format(&Rfc3339).ok()).into()
}
