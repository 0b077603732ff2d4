//! The job surface of an account: `/jobs`, `/buildJob`, `/pipelines`, `/recurrences`.

use std::sync::Arc;

use axum::Json;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::super::tables::{JOBS, SCRIPTS};
use super::change::Change;
use super::drive::{Jobs, key, unknown_job};
use super::model::{Job, JobState};
use super::submit::Submission;
use super::{related, show};
use crate::arm::accounts::Account;
use crate::arm::{ArmError, ArmRequest};
use crate::odata::{FieldType, ListOptions, next_link};
use crate::state::{Key, KeyRange, Read as _};

/// Versions of the job surface; the older previews may only read.
const VERSIONS: &[&str] = &[
    "2016-11-01",
    "2017-09-01-preview",
    "2016-03-20-preview",
    "2015-11-01-preview",
];
const WRITING_VERSIONS: &[&str] = &["2016-11-01", CHANGING_VERSION];
/// The version that can change jobs.
const CHANGING_VERSION: &str = "2017-09-01-preview";

const FIELDS: &[(&str, FieldType)] = &[
    ("jobId", FieldType::Name),
    ("name", FieldType::Text),
    ("type", FieldType::Name),
    ("submitter", FieldType::Text),
    ("degreeOfParallelism", FieldType::Number),
    ("degreeOfParallelismPercent", FieldType::Number),
    ("priority", FieldType::Number),
    ("submitTime", FieldType::Time),
    ("startTime", FieldType::Time),
    ("endTime", FieldType::Time),
    ("state", FieldType::Name),
    ("result", FieldType::Name),
    ("logFolder", FieldType::Text),
    ("logFilePatterns", FieldType::Text),
    ("related/pipelineId", FieldType::Name),
    ("related/pipelineName", FieldType::Text),
    ("related/pipelineUri", FieldType::Text),
    ("related/runId", FieldType::Name),
    ("related/recurrenceId", FieldType::Name),
    ("related/recurrenceName", FieldType::Text),
    ("tags", FieldType::Text),
    ("hierarchyQueueNode", FieldType::Text),
];

/// Answers a request; `None` when it is not for jobs.
pub(in crate::adla) async fn handle(
    jobs: &Arc<Jobs>,
    account: &Account,
    request: &ArmRequest,
) -> Option<Result<Response, ArmError>> {
    let path: Vec<String> = request
        .path
        .iter()
        .map(|segment| segment.to_ascii_lowercase())
        .collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let [first, rest @ ..] = path.as_slice() else {
        return None;
    };
    if !matches!(*first, "jobs" | "buildjob" | "pipelines" | "recurrences") {
        return None;
    }
    let reading = request.method == Method::GET;
    if let Err(error) = request.require_version(if reading { VERSIONS } else { WRITING_VERSIONS }) {
        return Some(Err(error));
    }
    let surface = Surface {
        jobs,
        account,
        request,
    };
    Some(match (request.method.as_str(), *first, rest) {
        ("GET", "jobs", []) => surface.list().await,
        ("PUT", "jobs", [id]) => surface.submit(id).await,
        ("GET", "jobs", [id]) => surface.get(id),
        ("PATCH", "jobs", [id]) => surface.change(id).await,
        ("GET", "jobs", [id, "getstatistics"]) => {
            surface.load(id).map(|job| answer(show::statistics(&job)))
        }
        ("GET", "jobs", [id, "getdebugdatapath"]) => {
            surface.load(id).map(|job| answer(show::debug_data(&job)))
        }
        ("POST", "jobs", [id, "canceljob"]) => surface.cancel(id).await,
        ("POST", "jobs", [id, "yieldjob"]) => surface.yield_job(id),
        ("POST", "buildjob", []) => surface.build().await,
        ("GET", "pipelines", []) => related::pipelines(jobs, account, request).await,
        ("GET", "pipelines", [id]) => related::pipeline(jobs, account, request, id).await,
        ("GET", "recurrences", []) => related::recurrences(jobs, account, request).await,
        ("GET", "recurrences", [id]) => related::recurrence(jobs, account, request, id).await,
        (_, _, [] | [_] | [_, _]) => Err(ArmError::method_not_allowed()),
        _ => Err(ArmError::unknown_type(&request.address)),
    })
}

struct Surface<'a> {
    jobs: &'a Arc<Jobs>,
    account: &'a Account,
    request: &'a ArmRequest,
}

impl Surface<'_> {
    fn load(&self, id: &str) -> Result<Job, ArmError> {
        let id = job_id(id)?;
        let found = self
            .jobs
            .state
            .store
            .read(|snapshot| snapshot.get_json(JOBS, key(&self.account.id, &id)))?;
        found.ok_or_else(|| unknown_job(&id))
    }

    fn get(&self, id: &str) -> Result<Response, ArmError> {
        let job = self.load(id)?;
        let script = self
            .jobs
            .state
            .store
            .read(|snapshot| snapshot.get(SCRIPTS, key(&self.account.id, &job.id)))?;
        let script = script.map(|script| String::from_utf8_lossy(&script).into_owned());
        Ok(answer(show::whole(&job, script.as_deref())))
    }

    async fn list(&self) -> Result<Response, ArmError> {
        let options = ListOptions::read(&self.request.query, FIELDS, "submitTime desc")
            .map_err(|error| ArmError::bad_request("InvalidODataQuery", error.to_string()))?;
        let text = |name: &str| self.request.query.get(name).map_or("", String::as_str);
        let question = format!("{}\n{}", text("$filter"), text("$orderby"));
        let (listings, account) = (&self.jobs.listings, &self.account.id);
        let items = match listings.get(account, &question) {
            Some(items) => items,
            None => {
                let changes = listings.changes();
                let items = Arc::new(self.read(&options).await?);
                listings.keep(account, &question, changes, &items);
                items
            }
        };
        let page = options.page(&items);
        if page.next_skip.is_none() {
            listings.forget();
        }
        let mut body = json!({ "value": page.items, "count": page.count });
        if let Some(skip) = page.next_skip {
            let address = format!("{}{}", self.request.origin.base(), self.request.address);
            body["nextLink"] = next_link(&address, &self.request.query, skip).into();
        }
        Ok(answer(body))
    }

    /// All jobs that the options let through, in their order.
    async fn read(&self, options: &ListOptions) -> Result<Vec<Value>, ArmError> {
        let range = KeyRange::prefix(Key::of([&self.account.id]));
        let options = options.clone();
        self.jobs
            .state
            .store
            .read_long(move |snapshot| {
                let jobs: Vec<Job> = snapshot.scan_json(JOBS, &range)?;
                let items = jobs.iter().map(|job| Value::Object(show::basic(job, true)));
                Ok(options.sorted(items))
            })
            .await
    }

    async fn submit(&self, id: &str) -> Result<Response, ArmError> {
        let body = self.request.json()?;
        let id = job_id(id)?;
        let submission = Submission::read(&body, self.account, true)?;
        submission.check_limits(self.account, &self.request.caller)?;
        let account = self.account.id.clone();
        let store = self
            .account
            .text("defaultDataLakeStoreAccount")
            .unwrap_or_default()
            .to_owned();
        let script = submission.script.clone();
        let job = submission.into_job(id, &self.request.caller, store, self.jobs.state.clock.now());
        let (new, job) = self
            .jobs
            .state
            .store
            .write(move |transaction| {
                let key = key(&account, &job.id);
                if let Some(old) = transaction.get_json::<Job>(JOBS, &key)? {
                    if old.fingerprint == job.fingerprint {
                        return Ok((false, old));
                    }
                    return Err(ArmError::conflict(
                        "JobAlreadyExists",
                        format!("Another job with the id '{}' was submitted before.", job.id),
                    ));
                }
                transaction.put_json(JOBS, &key, &job)?;
                transaction.put(SCRIPTS, &key, script)?;
                Ok((true, job))
            })
            .await?;
        if new {
            self.jobs.listings.changed();
            self.jobs.spawn(&self.account.id, &job.id);
        }
        Ok(answer(show::whole(&job, None)))
    }

    async fn change(&self, id: &str) -> Result<Response, ArmError> {
        self.request.require_version(&[CHANGING_VERSION])?;
        let body = self.request.optional_json()?;
        let id = job_id(id)?;
        let change = Change::read(&body, self.account, &self.request.caller)?;
        let job = self.jobs.change(&self.account.id, &id, change).await?;
        Ok(answer(show::whole(&job, None)))
    }

    async fn cancel(&self, id: &str) -> Result<Response, ArmError> {
        let id = job_id(id)?;
        self.jobs
            .cancel(&self.account.id, &id, self.request.caller.submitter())
            .await?;
        Ok(StatusCode::OK.into_response())
    }

    /// Puts a running job back into the queue, where it begins anew.
    fn yield_job(&self, id: &str) -> Result<Response, ArmError> {
        let job = self.load(id)?;
        let runs = job.state == JobState::Running;
        if runs && self.jobs.take_off(&self.account.id, &job.id) {
            return Ok(StatusCode::OK.into_response());
        }
        Err(ArmError::conflict(
            "JobNotRunning",
            format!(
                "The job '{}' is not running: it is {}.",
                job.id,
                job.state.as_str()
            ),
        ))
    }

    /// Compiles only; nothing is stored.
    async fn build(&self) -> Result<Response, ArmError> {
        let body = self.request.json()?;
        let submission = Submission::read(&body, self.account, false)?;
        let store = self
            .account
            .text("defaultDataLakeStoreAccount")
            .unwrap_or_default()
            .to_owned();
        let id = self.jobs.state.ids.uuid().to_string();
        let script = submission.script.clone();
        let mut job =
            submission.into_job(id, &self.request.caller, store, self.jobs.state.clock.now());
        let source = job.source(&self.account.name, &script);
        let findings = self.jobs.runner.compile(&source).await;
        let failed = findings.iter().any(super::super::runner::Finding::is_error);
        job.findings = findings;
        let mut shown = show::whole(&job, Some(&source.script));
        shown["state"] = "Ended".into();
        shown["result"] = if failed { "Failed" } else { "Succeeded" }.into();
        shown["degreeOfParallelism"] = 0.into();
        shown["priority"] = 0.into();
        shown["submitTime"] = show::UNSET.into();
        shown["stateAuditRecords"] = json!([]);
        Ok(answer(shown))
    }
}

pub(super) fn answer(body: Value) -> Response {
    Json(body).into_response()
}

/// A job id in its usual spelling.
fn job_id(text: &str) -> Result<String, ArmError> {
    uuid::Uuid::try_parse(text)
        .map(|id| id.to_string())
        .map_err(|_| {
            ArmError::bad_request(
                "InvalidJobId",
                format!("The job id '{text}' is not a uuid."),
            )
        })
}
