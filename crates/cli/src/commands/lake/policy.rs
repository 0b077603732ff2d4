//! `azml adla policy`.

use azml::datalake_analytics::{DataLake, ObjectType, Policies, PolicyLimits};
use futures::TryStreamExt as _;

use super::resource_group;
use crate::args::adla::{ObjectTypeArg, PolicyCommand, PolicyOf};
use crate::failure::{Failure, Result};
use crate::output::{Format, Listing, note};
use crate::settings::Settings;

/// Runs `azml adla policy`.
pub(super) async fn run(
    command: PolicyCommand,
    lake: &DataLake,
    settings: &Settings,
    format: &Format,
) -> Result<()> {
    let policies = |of: &PolicyOf| -> Result<Policies> {
        Ok(lake.policies(&resource_group(&of.group, settings)?, &of.account))
    };
    match command {
        PolicyCommand::Set {
            name,
            object_id,
            object_type,
            units,
            priority,
            of,
        } => {
            let limits = PolicyLimits {
                max_degree_of_parallelism_per_job: units,
                min_priority_per_job: priority,
            };
            let kind = match object_type {
                ObjectTypeArg::User => ObjectType::User,
                ObjectTypeArg::Group => ObjectType::Group,
                ObjectTypeArg::ServicePrincipal => ObjectType::ServicePrincipal,
            };
            policies(&of)?
                .create_or_update(&name, &object_id.to_string(), &kind, &limits)
                .await?;
            note(format_args!("set `{name}`"));
        }
        PolicyCommand::List { of } => {
            let mut listing = Listing::new([
                "name",
                "object_type",
                "object_id",
                "max_units",
                "min_priority",
            ]);
            let mut items = policies(&of)?.list()?;
            while let Some(policy) = items.try_next().await? {
                listing.row([
                    policy.name.into(),
                    policy.object_type.as_ref().map(ObjectType::as_str).into(),
                    policy.object_id.into(),
                    policy.limits.max_degree_of_parallelism_per_job.into(),
                    policy.limits.min_priority_per_job.into(),
                ]);
            }
            listing.print(format)?;
        }
        PolicyCommand::Delete { name, of } => {
            if !policies(&of)?.delete(&name).await? {
                return Err(Failure::new(format!("there is no policy `{name}`"))
                    .hint("azml adla policy list shows those that are"));
            }
            note(format_args!("deleted `{name}`"));
        }
    }
    Ok(())
}
