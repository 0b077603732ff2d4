//! A job as it is stored.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::super::runner::{Finding, JobSource, Stage};

/// Where a job is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum JobState {
    New,
    Compiling,
    Queued,
    Scheduling,
    Starting,
    Running,
    Ended,
}

impl JobState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::Compiling => "Compiling",
            Self::Queued => "Queued",
            Self::Scheduling => "Scheduling",
            Self::Starting => "Starting",
            Self::Running => "Running",
            Self::Ended => "Ended",
        }
    }
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum JobResult {
    None,
    Succeeded,
    Failed,
    Cancelled,
}

impl JobResult {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// An entry of the state audit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Audit {
    pub(super) state: JobState,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) time: OffsetDateTime,
    pub(super) details: Option<String>,
    pub(super) user: Option<String>,
}

/// A recurring job's relationships, as submitted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Related {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pipeline_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pipeline_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pipeline_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) run_id: Option<String>,
    pub(super) recurrence_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) recurrence_name: Option<String>,
}

/// A stored job. Its script is kept apart, so that lists need not read it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) submitter: String,
    pub(super) parallelism: u64,
    pub(super) priority: u64,
    pub(super) log_file_patterns: Vec<String>,
    pub(super) related: Option<Related>,
    pub(super) runtime_version: String,
    pub(super) compile_mode: String,
    /// Tells the same submission again from another one with the same id.
    pub(super) fingerprint: String,
    /// The default store when the job was submitted, where its files are.
    pub(super) store: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) submitted: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(super) started: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(super) ended: Option<OffsetDateTime>,
    pub(super) state: JobState,
    pub(super) result: JobResult,
    pub(super) audits: Vec<Audit>,
    pub(super) findings: Vec<Finding>,
    /// Why the job failed or who ended it.
    pub(super) errors: Vec<Value>,
    pub(super) error_source: Option<String>,
    pub(super) root_process_id: Option<String>,
    pub(super) stages: Vec<Stage>,
    /// Whether the job's files were written to the store.
    pub(super) compiled: bool,
    /// Whether its outputs are there: written in one transaction with them. What has come so far
    /// can only succeed.
    #[serde(default)]
    pub(super) committed: bool,
    #[serde(default)]
    pub(super) tags: Map<String, Value>,
}

impl Job {
    pub(super) fn is_ended(&self) -> bool {
        self.state == JobState::Ended
    }

    /// Moves on to `state`. Times never go back, even when the clock does.
    pub(super) fn enter(&mut self, state: JobState, details: Option<String>, now: OffsetDateTime) {
        let last = self.audits.last().map_or(now, |audit| audit.time);
        self.state = state;
        self.audits.push(Audit {
            state,
            time: now.max(last),
            details,
            user: None,
        });
    }

    /// When the job entered a state.
    pub(super) fn entered(&self, state: JobState) -> Option<OffsetDateTime> {
        self.audits
            .iter()
            .find(|audit| audit.state == state)
            .map(|audit| audit.time)
    }

    /// The job as its runner sees it.
    pub(super) fn source(&self, account: &str, script: &str) -> JobSource {
        JobSource {
            account: account.to_owned(),
            store: self.store.clone(),
            script: script.into(),
            id: self.id.clone(),
            name: self.name.clone(),
            submitter: self.submitter.clone(),
            submitted: self.submitted,
            priority: self.priority,
            parallelism: self.parallelism,
        }
    }

    /// The folder of the job's files in its store.
    pub(super) fn folder(&self) -> String {
        let time = self.submitted.to_offset(time::UtcOffset::UTC);
        format!(
            "/system/jobservice/jobs/Usql/{:04}/{:02}/{:02}/{:02}/{:02}/{}/",
            time.year(),
            u8::from(time.month()),
            time.day(),
            time.hour(),
            time.minute(),
            self.id
        )
    }
}
