//! Jobs, what became of them and their numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{open_enum::open_enum, times};

open_enum! {
    /// Where a job is on its way.
    JobState {
        /// Received.
        New = "New",
        /// Accepted for compilation.
        Accepted = "Accepted",
        /// Being compiled.
        Compiling = "Compiling",
        /// Waiting for its turn.
        Queued = "Queued",
        /// Being handed to the cluster.
        Scheduling = "Scheduling",
        /// About to run.
        Starting = "Starting",
        /// Running.
        Running = "Running",
        /// Waiting for units.
        WaitingForCapacity = "WaitingForCapacity",
        /// Paused.
        Paused = "Paused",
        /// Writing its outputs.
        Finalizing = "Finalizing",
        /// Taken off its units.
        Yielded = "Yielded",
        /// Ended; see its result.
        Ended = "Ended",
    }
}

open_enum! {
    /// How a job ended.
    JobResult {
        /// Not yet.
        None = "None",
        /// Well.
        Succeeded = "Succeeded",
        /// By a user.
        Cancelled = "Cancelled",
        /// In an error.
        Failed = "Failed",
    }
}

open_enum! {
    /// How a script is compiled.
    CompileMode {
        /// The semantic mode, which the service chooses by itself.
        Semantic = "Semantic",
        /// The full mode.
        Full = "Full",
        /// The mode for one machine.
        SingleBox = "SingleBox",
    }
}

open_enum! {
    /// The language of a job.
    JobType {
        /// U-SQL.
        USql = "USql",
        /// Hive.
        Hive = "Hive",
        /// Scope.
        Scope = "Scope",
    }
}

impl Default for JobType {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

/// A job, whole or as in lists.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JobInformation {
    /// Its id.
    pub job_id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its language.
    #[serde(default, rename = "type")]
    pub job_type: JobType,
    /// Who submitted it.
    #[serde(default)]
    pub submitter: Option<String>,
    /// Its analytics units.
    #[serde(default)]
    pub degree_of_parallelism: u32,
    /// Its analytics units in percent of the account's; 0 when they were given as a number.
    #[serde(default)]
    pub degree_of_parallelism_percent: Option<f64>,
    /// Its priority; smaller numbers run first.
    #[serde(default)]
    pub priority: u32,
    /// When it was submitted; absent for a build.
    #[serde(
        default,
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub submit_time: Option<OffsetDateTime>,
    /// When it began to run.
    #[serde(
        default,
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub start_time: Option<OffsetDateTime>,
    /// When it ended.
    #[serde(
        default,
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub end_time: Option<OffsetDateTime>,
    /// Where it is on its way.
    pub state: JobState,
    /// How it ended.
    pub result: JobResult,
    /// The folder of its files.
    #[serde(default)]
    pub log_folder: Option<String>,
    /// Names of log files that are kept.
    #[serde(default)]
    pub log_file_patterns: Option<Vec<String>>,
    /// Its tags.
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
    /// Why it failed or who ended it; empty in lists.
    #[serde(default)]
    pub error_message: Vec<JobError>,
    /// Which states it was in; empty in lists.
    #[serde(default)]
    pub state_audit_records: Vec<AuditRecord>,
    /// To which pipeline and recurrence it belongs.
    #[serde(default)]
    pub related: JobRelation,
    /// What only whole jobs have.
    #[serde(default)]
    pub properties: JobProperties,
}

/// To which pipeline and recurrence a job belongs; all empty where it belongs to none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct JobRelation {
    /// The recurrence.
    pub recurrence_id: Option<String>,
    /// Its name.
    pub recurrence_name: Option<String>,
    /// The pipeline.
    pub pipeline_id: Option<String>,
    /// Its name.
    pub pipeline_name: Option<String>,
    /// Where the pipeline is described.
    pub pipeline_uri: Option<String>,
    /// The run of the pipeline.
    pub run_id: Option<String>,
}

/// What only whole jobs have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct JobProperties {
    /// Its script; absent in the answer to a submission.
    pub script: Option<String>,
    /// What the compiler found.
    pub diagnostics: Vec<Diagnostic>,
    /// Files that the service keeps of it.
    pub resources: Vec<JobResource>,
    /// Who is to blame for a failure: `UserError`, `SystemError`, `Unknown`.
    pub error_source: Option<String>,
    /// The runtime it runs on.
    pub runtime_version: Option<String>,
    /// How its script is compiled.
    pub compile_mode: Option<CompileMode>,
    /// Time in the compiler, as an ISO 8601 duration.
    pub total_compilation_time: Option<String>,
    /// Time in the queue.
    pub total_queued_time: Option<String>,
    /// Time running.
    pub total_running_time: Option<String>,
    /// Time paused.
    #[serde(alias = "totalPauseTime")]
    pub total_paused_time: Option<String>,
}

open_enum! {
    /// How much an entry of the compiler or of the runtime matters.
    Severity {
        /// To know.
        Info = "Info",
        /// To look at.
        Warning = "Warning",
        /// To look at soon.
        SevereWarning = "SevereWarning",
        /// Something that will go away.
        Deprecated = "Deprecated",
        /// What a script itself warned of.
        UserWarning = "UserWarning",
        /// Why nothing came of it.
        Error = "Error",
    }
}

impl Default for Severity {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

/// A file that the service keeps of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct JobResource {
    /// Its name.
    pub name: String,
    /// Its address, `adl://..`.
    pub resource_path: String,
    /// What it is for, such as `VertexResource`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Why a job failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct JobError {
    /// The published code, such as `E_CSC_USER_SYNTAXERROR`.
    pub error_id: String,
    /// How much it matters.
    pub severity: Severity,
    /// The sentence.
    pub message: String,
    /// More of it.
    pub description: Option<String>,
    /// The surroundings of the place in the script.
    pub details: Option<String>,
    /// The line in the script, from 1; 0 for none.
    pub line_number: u32,
    /// What to do about it.
    pub resolution: Option<String>,
    /// What is behind it.
    pub inner_error: Option<Box<JobError>>,
}

/// Something that the compiler found in a script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// From 1.
    pub line_number: u32,
    /// From 1.
    pub column_number: u32,
    /// Offset in characters, from 0.
    pub start: u32,
    /// The offset behind it.
    pub end: u32,
    /// Code and sentence.
    pub message: String,
}

/// A state that a job was in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditRecord {
    /// The state.
    pub new_state: JobState,
    /// When it was entered.
    #[serde(
        default,
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub time_stamp: Option<OffsetDateTime>,
    /// The service's notes.
    #[serde(default)]
    pub details: Option<String>,
    /// Who asked for it, where somebody did.
    #[serde(default)]
    pub requested_by_user: Option<String>,
}

/// Numbers of a job, by stage of its plan.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct JobStatistics {
    /// When they were last brought up to date.
    #[serde(
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub last_update_time_utc: Option<OffsetDateTime>,
    /// When the job began to write its outputs.
    #[serde(
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub finalizing_time_utc: Option<OffsetDateTime>,
    /// The stages.
    pub stages: Vec<StageStatistics>,
}

/// Numbers of one stage: parts (vertices), bytes, times.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct StageStatistics {
    /// Its name.
    pub stage_name: String,
    /// All parts.
    pub total_count: u64,
    /// Parts that succeeded.
    pub succeeded_count: u64,
    /// Parts that failed.
    pub failed_count: u64,
    /// Parts that run.
    pub running_count: u64,
    /// Parts that wait.
    pub scheduled_count: u64,
    /// In percent.
    pub total_progress: f64,
    /// Bytes read.
    pub data_read: u64,
    /// Bytes still to read.
    pub data_to_read: u64,
    /// Bytes written.
    pub data_written: u64,
    /// Bytes written for later stages.
    pub temp_data_written: u64,
    /// Bytes that the busiest part read.
    pub max_vertex_data_read: u64,
    /// Bytes that the idlest part read.
    pub min_vertex_data_read: u64,
    /// Time of parts that succeeded, as an ISO 8601 duration.
    pub total_succeeded_time: Option<String>,
    /// Time of parts that failed.
    pub total_failed_time: Option<String>,
    /// Time of all parts.
    pub total_execution_time: Option<String>,
    /// Most memory in bytes.
    pub total_peak_mem_usage: u64,
}

/// Where the files for looking into a job are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct JobDataPath {
    /// The job.
    pub job_id: String,
    /// The command that its parts ran.
    pub command: Option<String>,
    /// The files.
    pub paths: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// adla L2: unknown values and members are accepted.
    #[test]
    fn answers_may_grow() {
        let job: JobInformation = serde_json::from_str(
            r#"{"jobId":"1","name":"n","state":"Teleporting","result":"None","submitTime":"0001-01-01T00:00:00+00:00",
                "extra":{"a":1},"properties":{"type":"USql","yarnApplicationId":7}}"#,
        )
        .unwrap();
        assert_eq!(job.state, JobState::Unknown("Teleporting".to_owned()));
        assert_eq!(job.submit_time, None);
    }

    /// A job in a list says nothing of where it belongs, or `{}`.
    #[test]
    fn relations_may_be_missing_or_empty() {
        let read = |related: &str| {
            let text = format!(r#"{{"jobId":"1","state":"Ended","result":"None"{related}}}"#);
            serde_json::from_str::<JobInformation>(&text)
                .unwrap()
                .related
        };
        assert_eq!(read(""), JobRelation::default());
        assert_eq!(read(r#","related":{}"#), JobRelation::default());
        let related = read(r#","related":{"recurrenceId":"r","more":1}"#);
        assert_eq!(related.recurrence_id.as_deref(), Some("r"));
    }
}
