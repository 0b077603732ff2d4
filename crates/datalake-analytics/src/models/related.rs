//! Pipelines and recurrences: jobs that belong together, added up.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::times;

/// Jobs of one pipeline, added up.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Pipeline {
    /// Its id.
    pub pipeline_id: String,
    /// Its name.
    pub pipeline_name: Option<String>,
    /// Where it is described.
    pub pipeline_uri: Option<String>,
    /// Jobs that succeeded.
    pub num_jobs_succeeded: u32,
    /// Jobs that failed.
    pub num_jobs_failed: u32,
    /// Jobs that were cancelled.
    pub num_jobs_canceled: u32,
    /// Units times hours of those that succeeded.
    pub au_hours_succeeded: f64,
    /// Units times hours of those that failed.
    pub au_hours_failed: f64,
    /// Units times hours of those that were cancelled.
    pub au_hours_canceled: f64,
    /// The last submission.
    #[serde(
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub last_submit_time: Option<OffsetDateTime>,
    /// Its runs; absent in lists.
    pub runs: Vec<PipelineRun>,
    /// Its recurrences; absent in lists.
    pub recurrences: Vec<String>,
}

/// A run of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", from = "PipelineRunBody")]
#[non_exhaustive]
pub struct PipelineRun {
    /// Its id.
    pub run_id: String,
    /// The last submission of a job of it.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_submit_time: Option<OffsetDateTime>,
}

/// The service was seen to write `item1` and `item2` where its description has names.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PipelineRunBody {
    run_id: Option<String>,
    item1: Option<String>,
    #[serde(deserialize_with = "times::optional")]
    last_submit_time: Option<OffsetDateTime>,
    #[serde(deserialize_with = "times::optional")]
    item2: Option<OffsetDateTime>,
}

impl From<PipelineRunBody> for PipelineRun {
    fn from(body: PipelineRunBody) -> Self {
        Self {
            run_id: body.run_id.or(body.item1).unwrap_or_default(),
            last_submit_time: body.last_submit_time.or(body.item2),
        }
    }
}

/// Jobs of one recurrence, added up.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Recurrence {
    /// Its id.
    pub recurrence_id: String,
    /// Its name.
    pub recurrence_name: Option<String>,
    /// Jobs that succeeded.
    pub num_jobs_succeeded: u32,
    /// Jobs that failed.
    pub num_jobs_failed: u32,
    /// Jobs that were cancelled.
    pub num_jobs_canceled: u32,
    /// Units times hours of those that succeeded.
    pub au_hours_succeeded: f64,
    /// Units times hours of those that failed.
    pub au_hours_failed: f64,
    /// Units times hours of those that were cancelled.
    pub au_hours_canceled: f64,
    /// The last submission.
    #[serde(
        deserialize_with = "times::optional",
        serialize_with = "time::serde::rfc3339::option::serialize"
    )]
    pub last_submit_time: Option<OffsetDateTime>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// adla J16: runs under either pair of names.
    #[test]
    fn runs_are_read_in_both_forms() {
        let pipeline: Pipeline = serde_json::from_str(
            r#"{"pipelineId":"p","runs":[{"item1":"a","item2":"2020-08-27T03:20:33+00:00"},
                {"runId":"b","lastSubmitTime":"2020-08-27T03:20:33Z"}]}"#,
        )
        .unwrap();
        let runs: Vec<_> = pipeline
            .runs
            .iter()
            .map(|run| run.run_id.as_str())
            .collect();
        assert_eq!(runs, ["a", "b"]);
        assert!(
            pipeline
                .runs
                .iter()
                .all(|run| run.last_submit_time.is_some())
        );
    }
}
