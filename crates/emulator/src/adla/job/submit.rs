//! Reads and checks a submission, in the order in which the service refuses.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Map;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::super::account::{Limits, POLICIES};
use super::model::{Audit, Job, JobResult, JobState, Related};
use crate::arm::accounts::Account;
use crate::arm::{ArmError, Body};
use crate::authority::Caller;

/// The longest script, in bytes of UTF-8.
const MAX_SCRIPT: usize = 3 << 20;
const MAX_NAME: usize = 260;
const DEFAULT_PRIORITY: u64 = 1000;

/// A submission that was read; the limits are not checked yet.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Submission {
    name: String,
    pub(super) script: String,
    parallelism: u64,
    priority: u64,
    log_file_patterns: Vec<String>,
    related: Option<Related>,
    runtime_version: String,
    compile_mode: String,
}

impl Submission {
    /// Reads a job body. `named` says whether a name is required, as for a submission and not for a build.
    pub(super) fn read(body: &Body, account: &Account, named: bool) -> Result<Self, ArmError> {
        let kind = body.required_string("type")?;
        if !kind.eq_ignore_ascii_case("USql") {
            return Err(ArmError::bad_request(
                "JobTypeNotSupported",
                format!("Jobs of the type '{kind}' are not supported; only USql jobs are."),
            ));
        }
        let properties = body.object("properties")?;
        let name = body.string("name")?.unwrap_or_default().to_owned();
        if named && name.trim().is_empty() {
            return Err(ArmError::bad_request(
                "InvalidJobName",
                "The job name must not be empty.",
            ));
        }
        let script = properties.string("script")?.unwrap_or_default().to_owned();
        if script.is_empty() {
            return Err(ArmError::bad_request(
                "MissingScript",
                "The script must not be empty.",
            ));
        }
        if script.len() > MAX_SCRIPT {
            return Err(ArmError::bad_request(
                "JobScriptTooLarge",
                format!(
                    "The script has {} bytes; at most {MAX_SCRIPT} are allowed.",
                    script.len()
                ),
            ));
        }
        Ok(Self {
            name,
            script,
            parallelism: parallelism(body, account)?,
            priority: body.positive("priority")?.unwrap_or(DEFAULT_PRIORITY),
            log_file_patterns: texts(body, "logFilePatterns")?,
            related: related(&body.object("related")?, body.get("related").is_some())?,
            runtime_version: properties
                .string("runtimeVersion")?
                .filter(|text| !text.is_empty())
                .unwrap_or("default")
                .to_owned(),
            compile_mode: properties
                .choice("compileMode", &["Semantic", "Full", "SingleBox"])?
                .unwrap_or("Semantic")
                .to_owned(),
        })
    }

    /// Holds the submission to what its caller may use.
    pub(super) fn check_limits(&self, account: &Account, caller: &Caller) -> Result<(), ArmError> {
        check_limits(account, caller, Some(self.parallelism), Some(self.priority))
    }

    /// Tells this submission from others.
    pub(super) fn fingerprint(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(Sha256::digest(text))
    }

    /// The job as it is first stored: on its way to the compiler.
    pub(super) fn into_job(
        self,
        id: String,
        caller: &Caller,
        store: String,
        now: OffsetDateTime,
    ) -> Job {
        Job {
            id,
            fingerprint: self.fingerprint(),
            name: self.name,
            submitter: caller.submitter(),
            parallelism: self.parallelism,
            priority: self.priority,
            log_file_patterns: self.log_file_patterns,
            related: self.related,
            runtime_version: self.runtime_version,
            compile_mode: self.compile_mode,
            store,
            submitted: now,
            started: None,
            ended: None,
            state: JobState::Compiling,
            result: JobResult::None,
            audits: vec![Audit {
                state: JobState::New,
                time: now,
                details: Some("userName:;submitMachine:N/A".to_owned()),
                user: None,
            }],
            findings: Vec::new(),
            errors: Vec::new(),
            error_source: None,
            root_process_id: None,
            stages: Vec::new(),
            compiled: false,
            committed: false,
            tags: Map::new(),
        }
    }
}

/// Holds units and priority of a job to what its caller may use.
pub(super) fn check_limits(
    account: &Account,
    caller: &Caller,
    parallelism: Option<u64>,
    priority: Option<u64>,
) -> Result<(), ArmError> {
    let (most, least) = allowed(account, caller);
    if let Some(parallelism) = parallelism.filter(|it| *it > most) {
        return Err(ArmError::bad_request(
            "DegreeOfParallelismExceedsMaximum",
            format!(
                "The degree of parallelism {parallelism} is above the maximum of {most} per job."
            ),
        ));
    }
    if let Some(priority) = priority.filter(|it| *it < least) {
        return Err(ArmError::bad_request(
            "PriorityTooHigh",
            format!(
                "The priority {priority} is not allowed: {least} is the smallest number, which is the highest priority."
            ),
        ));
    }
    Ok(())
}

/// The degree of parallelism, given as a number or as a percentage of the account's.
fn parallelism(body: &Body, account: &Account) -> Result<u64, ArmError> {
    let number = body.positive("degreeOfParallelism")?;
    let percent = body
        .get("degreeOfParallelismPercent")
        .and_then(serde_json::Value::as_f64);
    match (number, percent.filter(|percent| *percent != 0.0)) {
        (Some(number), None) => Ok(number),
        (None, None) => Ok(1),
        (None, Some(percent)) if percent > 0.0 && percent <= 100.0 => {
            let most = Limits::of(account).parallelism;
            // Whole units: the smallest number that is not below the percentage.
            Ok((1..=most)
                .find(|&units| share(units, most) >= percent)
                .unwrap_or(most))
        }
        (None, Some(_)) => Err(ArmError::invalid_value(
            "degreeOfParallelismPercent",
            "a number above 0 and up to 100 is expected",
        )),
        (Some(_), Some(_)) => Err(ArmError::bad_request(
            "InvalidRequestContent",
            "Only one of degreeOfParallelism and degreeOfParallelismPercent can be given.",
        )),
    }
}

fn share(units: u64, most: u64) -> f64 {
    let number = |value: u64| u32::try_from(value).map_or(f64::MAX, f64::from);
    100.0 * number(units) / number(most)
}

/// The most parallelism and the smallest priority number that the caller may ask for: of the policies
/// for the caller and the caller's groups the most permissive one, else the account's limits.
fn allowed(account: &Account, caller: &Caller) -> (u64, u64) {
    let limits = Limits::of(account);
    let applies =
        |id: &str| id == caller.object_id || caller.groups.iter().any(|group| group == id);
    let policies: Vec<_> = account
        .list(POLICIES)
        .map(|policy| &policy.properties)
        .filter(|policy| {
            policy
                .get("objectId")
                .and_then(|id| id.as_str())
                .is_some_and(applies)
        })
        .collect();
    let number =
        |name: &str, policy: &Map<_, _>| policy.get(name).and_then(serde_json::Value::as_u64);
    let most = policies
        .iter()
        .map(|policy| {
            number("maxDegreeOfParallelismPerJob", policy).unwrap_or(limits.parallelism_per_job)
        })
        .max()
        .unwrap_or(limits.parallelism_per_job);
    let least = policies
        .iter()
        .map(|policy| number("minPriorityPerJob", policy).unwrap_or(limits.least_priority))
        .min()
        .unwrap_or(limits.least_priority);
    (most.min(limits.parallelism), least)
}

fn related(body: &Body, given: bool) -> Result<Option<Related>, ArmError> {
    if !given {
        return Ok(None);
    }
    let id = |name: &str| -> Result<Option<String>, ArmError> {
        body.string(name)?
            .map(|text| {
                uuid::Uuid::try_parse(text)
                    .map(|id| id.to_string())
                    .map_err(|_| {
                        ArmError::invalid_value(&format!("related.{name}"), "a uuid is expected")
                    })
            })
            .transpose()
    };
    let name = |name: &str| -> Result<Option<String>, ArmError> {
        match body.string(name)? {
            Some(text) if text.chars().count() > MAX_NAME => Err(ArmError::invalid_value(
                &format!("related.{name}"),
                &format!("at most {MAX_NAME} characters are expected"),
            )),
            text => Ok(text.map(str::to_owned)),
        }
    };
    Ok(Some(Related {
        pipeline_id: id("pipelineId")?,
        pipeline_name: name("pipelineName")?,
        pipeline_uri: body.string("pipelineUri")?.map(str::to_owned),
        run_id: id("runId")?,
        recurrence_id: id("recurrenceId")?
            .ok_or_else(|| ArmError::missing_parameter("related.recurrenceId"))?,
        recurrence_name: name("recurrenceName")?,
    }))
}

fn texts(body: &Body, name: &str) -> Result<Vec<String>, ArmError> {
    match body.get(name) {
        None => Ok(Vec::new()),
        Some(value) => serde_json::from_value(value.clone())
            .map_err(|_| ArmError::invalid_value(name, "a list of texts is expected")),
    }
}
