//! Pipelines and recurrences: what jobs say of their relationships, added up.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::super::tables::JOBS;
use super::drive::Jobs;
use super::handler::answer;
use super::model::{Job, JobResult, Related};
use super::show;
use crate::arm::accounts::Account;
use crate::arm::{ArmError, ArmRequest};
use crate::odata::parse_time;
use crate::state::{Key, KeyRange, Read as _};

/// The longest time that a request may ask about, and the default.
const WINDOW: Duration = Duration::days(30);

/// Jobs of one pipeline or recurrence, added up.
#[derive(Clone, Debug, Default)]
struct Total {
    name: Option<String>,
    uri: Option<String>,
    counts: BTreeMap<&'static str, (u64, f64)>,
    last: Option<OffsetDateTime>,
    runs: BTreeMap<String, OffsetDateTime>,
    recurrences: BTreeSet<String>,
}

impl Total {
    fn add(&mut self, job: &Job, related: &Related, name: Option<&String>) {
        // The newest submission names it.
        if self.last.is_none_or(|last| last <= job.submitted) {
            self.last = Some(job.submitted);
            self.name = name.cloned().or_else(|| self.name.take());
            self.uri = related.pipeline_uri.clone().or_else(|| self.uri.take());
        }
        let kind = match job.result {
            JobResult::Succeeded => Some("Succeeded"),
            JobResult::Failed => Some("Failed"),
            JobResult::Cancelled => Some("Canceled"),
            JobResult::None => None,
        };
        if let Some(kind) = kind {
            let count = self.counts.entry(kind).or_default();
            count.0 += 1;
            count.1 += unit_hours(job);
        }
        if let Some(run) = &related.run_id {
            let last = self.runs.entry(run.clone()).or_insert(job.submitted);
            *last = (*last).max(job.submitted);
        }
        self.recurrences.insert(related.recurrence_id.clone());
    }

    fn show(&self) -> Value {
        let mut shown = json!({ "lastSubmitTime": self.last.map(show::time) });
        for kind in ["Failed", "Canceled", "Succeeded"] {
            let (count, hours) = self.counts.get(kind).copied().unwrap_or_default();
            shown[format!("numJobs{kind}")] = count.into();
            shown[format!("auHours{kind}")] = hours.into();
        }
        shown
    }

    fn show_pipeline(&self, id: &str) -> Value {
        let mut shown = self.show();
        shown["pipelineId"] = id.into();
        shown["pipelineName"] = json!(self.name);
        shown["pipelineUri"] = json!(self.uri);
        shown
    }

    fn show_recurrence(&self, id: &str) -> Value {
        let mut shown = self.show();
        shown["recurrenceId"] = id.into();
        shown["recurrenceName"] = json!(self.name);
        shown
    }
}

/// Units times hours that a job ran.
fn unit_hours(job: &Job) -> f64 {
    match (job.started, job.ended) {
        (Some(started), Some(ended)) => {
            u32::try_from(job.parallelism).map_or(0.0, f64::from)
                * (ended - started).as_seconds_f64()
                / 3600.0
        }
        _ => 0.0,
    }
}

/// Which of the two relationships to add up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Pipeline,
    Recurrence,
}

async fn totals(
    jobs: &Jobs,
    account: &Account,
    request: &ArmRequest,
    by: By,
) -> Result<BTreeMap<String, Total>, ArmError> {
    let (from, to) = window(jobs, request)?;
    let range = KeyRange::prefix(Key::of([&account.id]));
    let jobs: Vec<Job> = jobs
        .state
        .store
        .read_long(move |snapshot| snapshot.scan_json(JOBS, &range))
        .await
        .map_err(ArmError::from)?;
    let mut totals: BTreeMap<String, Total> = BTreeMap::new();
    for job in jobs
        .iter()
        .filter(|job| job.submitted >= from && job.submitted <= to)
    {
        let Some(related) = &job.related else {
            continue;
        };
        let (id, name) = match by {
            By::Pipeline => (related.pipeline_id.as_ref(), related.pipeline_name.as_ref()),
            By::Recurrence => (
                Some(&related.recurrence_id),
                related.recurrence_name.as_ref(),
            ),
        };
        if let Some(id) = id {
            totals
                .entry(id.clone())
                .or_default()
                .add(job, related, name);
        }
    }
    Ok(totals)
}

/// The time that a request asks about.
fn window(jobs: &Jobs, request: &ArmRequest) -> Result<(OffsetDateTime, OffsetDateTime), ArmError> {
    let read = |name: &str| {
        request
            .query
            .get(name)
            .filter(|text| !text.is_empty())
            .map(|text| {
                parse_time(text)
                    .ok_or_else(|| ArmError::invalid_value(name, "a date-time is expected"))
            })
            .transpose()
    };
    let end = read("endDateTime")?;
    let start = read("startDateTime")?;
    let to = match (start, end) {
        (_, Some(end)) => end,
        (Some(start), None) => start + WINDOW,
        (None, None) => jobs.state.clock.now(),
    };
    let from = start.unwrap_or(to - WINDOW);
    if from > to || to - from > WINDOW {
        let shown = |time: OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
        return Err(ArmError::bad_request(
            "InvalidDateRange",
            format!(
                "The range from {} to {} is not valid: it must not be longer than 30 days.",
                shown(from),
                shown(to)
            ),
        ));
    }
    Ok((from, to))
}

fn found(
    totals: &BTreeMap<String, Total>,
    id: &str,
    code: &'static str,
    what: &str,
) -> Result<Total, ArmError> {
    uuid::Uuid::try_parse(id)
        .ok()
        .and_then(|id| totals.get(&id.to_string()).cloned())
        .ok_or_else(|| ArmError::not_found(code, format!("The {what} '{id}' could not be found.")))
}

/// `GET /pipelines`
pub(super) async fn pipelines(
    jobs: &Jobs,
    account: &Account,
    request: &ArmRequest,
) -> Result<Response, ArmError> {
    let totals = totals(jobs, account, request, By::Pipeline).await?;
    let shown: Vec<Value> = totals
        .iter()
        .map(|(id, total)| total.show_pipeline(id))
        .collect();
    Ok(answer(json!({ "value": shown })))
}

/// `GET /pipelines/{id}`
pub(super) async fn pipeline(
    jobs: &Jobs,
    account: &Account,
    request: &ArmRequest,
    id: &str,
) -> Result<Response, ArmError> {
    let totals = totals(jobs, account, request, By::Pipeline).await?;
    let total = found(&totals, id, "PipelineNotFound", "pipeline")?;
    let mut shown = total.show_pipeline(id);
    // The service writes the first pair of names, the models of all clients the second.
    let runs: Vec<Value> = total
        .runs
        .iter()
        .map(|(id, last)| {
            let last = show::time(*last);
            json!({ "item1": id, "item2": last, "runId": id, "lastSubmitTime": last })
        })
        .collect();
    shown["runs"] = runs.into();
    shown["recurrences"] = json!(total.recurrences);
    Ok(answer(shown))
}

/// `GET /recurrences`
pub(super) async fn recurrences(
    jobs: &Jobs,
    account: &Account,
    request: &ArmRequest,
) -> Result<Response, ArmError> {
    let totals = totals(jobs, account, request, By::Recurrence).await?;
    let shown: Vec<Value> = totals
        .iter()
        .map(|(id, total)| total.show_recurrence(id))
        .collect();
    Ok(answer(json!({ "value": shown })))
}

/// `GET /recurrences/{id}`
pub(super) async fn recurrence(
    jobs: &Jobs,
    account: &Account,
    request: &ArmRequest,
    id: &str,
) -> Result<Response, ArmError> {
    let totals = totals(jobs, account, request, By::Recurrence).await?;
    let total = found(&totals, id, "RecurrenceNotFound", "recurrence")?;
    Ok(answer(total.show_recurrence(id)))
}
