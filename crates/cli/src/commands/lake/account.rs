//! `azml adla account` and `azml adls account`.

use azml::datalake_analytics::{AccountLimits, AccountState, DataLake, Items, Switch};
use futures::TryStreamExt as _;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{links, resource_group};
use crate::args::adla_account::AdlaAccountCommand;
use crate::args::adls::AdlsAccountCommand;
use crate::failure::Result;
use crate::output::{Format, Listing, Record, confirm, note};
use crate::settings::Settings;

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
            list(accounts.list()?, format, |it| {
                let state = state(it.state.as_ref());
                [
                    it.name.into(),
                    it.location.into(),
                    state,
                    created(it.creation_time),
                ]
            })
            .await?;
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
                .field("provisioning_state", account.provisioning_state.as_str())
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
        AdlaAccountCommand::CheckName { name, location } => {
            let found = accounts.check_name(&location, &name).await?;
            let mut record = Record::default();
            record
                .field("available", found.name_available)
                .field("reason", found.reason)
                .field("message", found.message);
            record.print(format)?;
        }
        AdlaAccountCommand::Firewall(command) => {
            links::firewall(command, lake, settings, format).await?;
        }
        AdlaAccountCommand::Store(command) => {
            links::stores(command, lake, settings, format).await?;
        }
        AdlaAccountCommand::Storage(command) => {
            links::storage(command, lake, settings, format).await?;
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
            list(stores.list()?, format, |it| {
                let state = state(it.state.as_ref());
                [
                    it.name.into(),
                    it.location.into(),
                    state,
                    created(it.creation_time),
                ]
            })
            .await?;
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
                .field("provisioning_state", account.provisioning_state.as_str())
                .field("endpoint", account.endpoint)
                .field("created", created(account.creation_time))
                .field(
                    "encryption",
                    account.encryption_state.as_ref().map(Switch::as_str),
                )
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

/// Prints a list of accounts.
async fn list<T>(
    mut accounts: Items<T>,
    format: &Format,
    row: impl Fn(T) -> [Value; 4],
) -> Result<()> {
    let mut listing = Listing::new(["name", "location", "state", "created"]);
    while let Some(account) = accounts.try_next().await? {
        listing.row(row(account));
    }
    listing.print(format)
}

fn state(state: Option<&AccountState>) -> Value {
    state.map(AccountState::as_str).into()
}

/// A time as it is shown.
pub(super) fn created(time: Option<OffsetDateTime>) -> Value {
    time.and_then(|time| time.format(&Rfc3339).ok()).into()
}
