//! `azml adla pipeline` and `azml adla recurrence`.

use azml::datalake_analytics::{DataLake, Pipeline, Recurrence};
use azml_core::clock::{Clock as _, SystemClock};
use futures::TryStreamExt as _;
use time::{Duration, OffsetDateTime};

use super::account::created;
use crate::args::adla::RelatedCommand;
use crate::failure::Result;
use crate::output::{Format, Listing, Record};

const COLUMNS: [&str; 6] = [
    "id",
    "name",
    "succeeded",
    "failed",
    "cancelled",
    "last_submitted",
];

/// Runs `azml adla pipeline`.
pub(super) async fn pipelines(
    command: RelatedCommand,
    lake: &DataLake,
    format: &Format,
) -> Result<()> {
    match command {
        RelatedCommand::List { jobs, days } => {
            let (from, to) = last(days);
            let mut items = lake.jobs(&jobs.account)?.pipelines_between(from, to)?;
            let mut listing = Listing::new(COLUMNS);
            while let Some(item) = items.try_next().await? {
                listing.row([
                    item.pipeline_id.into(),
                    item.pipeline_name.into(),
                    item.num_jobs_succeeded.into(),
                    item.num_jobs_failed.into(),
                    item.num_jobs_canceled.into(),
                    created(item.last_submit_time),
                ]);
            }
            listing.print(format)
        }
        RelatedCommand::Show { id, jobs } => {
            let item: Pipeline = lake.jobs(&jobs.account)?.pipeline(&id.to_string()).await?;
            let runs: Vec<String> = item.runs.into_iter().map(|run| run.run_id).collect();
            let mut record = Record::default();
            record
                .field("id", item.pipeline_id)
                .field("name", item.pipeline_name)
                .field("uri", item.pipeline_uri)
                .field("succeeded", item.num_jobs_succeeded)
                .field("failed", item.num_jobs_failed)
                .field("cancelled", item.num_jobs_canceled)
                .field("unit_hours_succeeded", item.au_hours_succeeded)
                .field("last_submitted", created(item.last_submit_time))
                .field("runs", runs)
                .field("recurrences", item.recurrences);
            record.print(format)
        }
    }
}

/// Runs `azml adla recurrence`.
pub(super) async fn recurrences(
    command: RelatedCommand,
    lake: &DataLake,
    format: &Format,
) -> Result<()> {
    match command {
        RelatedCommand::List { jobs, days } => {
            let (from, to) = last(days);
            let mut items = lake.jobs(&jobs.account)?.recurrences_between(from, to)?;
            let mut listing = Listing::new(COLUMNS);
            while let Some(item) = items.try_next().await? {
                listing.row([
                    item.recurrence_id.into(),
                    item.recurrence_name.into(),
                    item.num_jobs_succeeded.into(),
                    item.num_jobs_failed.into(),
                    item.num_jobs_canceled.into(),
                    created(item.last_submit_time),
                ]);
            }
            listing.print(format)
        }
        RelatedCommand::Show { id, jobs } => {
            let jobs = lake.jobs(&jobs.account)?;
            let item: Recurrence = jobs.recurrence(&id.to_string()).await?;
            let mut record = Record::default();
            record
                .field("id", item.recurrence_id)
                .field("name", item.recurrence_name)
                .field("succeeded", item.num_jobs_succeeded)
                .field("failed", item.num_jobs_failed)
                .field("cancelled", item.num_jobs_canceled)
                .field("unit_hours_succeeded", item.au_hours_succeeded)
                .field("last_submitted", created(item.last_submit_time));
            record.print(format)
        }
    }
}

/// The last days, up to now.
fn last(days: u8) -> (OffsetDateTime, OffsetDateTime) {
    let now = SystemClock.now();
    (now - Duration::days(i64::from(days)), now)
}
