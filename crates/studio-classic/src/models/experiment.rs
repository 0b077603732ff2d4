//! Experiments as the service lists them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::{ExperimentGraph, date, null_default, open_enum::open_enum};

open_enum! {
    /// State of an experiment's run.
    RunStatus {
        /// Being edited; never submitted in this form.
        InDraft = "InDraft",
        /// Submitted, waiting.
        NotStarted = "NotStarted",
        /// Running.
        Running = "Running",
        /// Ended with success.
        Finished = "Finished",
        /// Ended with an error.
        Failed = "Failed",
        /// Stopped by a user.
        Canceled = "Canceled",
    }
}

impl RunStatus {
    /// Whether the run has ended, in whatever way.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Canceled)
    }
}

/// Status of an experiment.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ExperimentStatus {
    /// State of the run.
    #[serde(deserialize_with = "null_default")]
    pub status_code: RunStatus,
    /// The service's explanation of the state.
    pub status_detail: Option<String>,
    /// When the experiment was created, in UTC.
    #[serde(deserialize_with = "date::optional")]
    pub creation_time: Option<OffsetDateTime>,
    /// When the run started; absent if it has not.
    #[serde(deserialize_with = "date::optional")]
    pub start_time: Option<OffsetDateTime>,
    /// When the run ended; absent if it has not.
    #[serde(deserialize_with = "date::optional")]
    pub end_time: Option<OffsetDateTime>,
    /// Further text of the service.
    pub metadata: Option<String>,
}

/// `Experiment` of the protocol.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ExperimentInfo {
    #[serde(deserialize_with = "null_default")]
    pub(crate) experiment_id: String,
    #[serde(deserialize_with = "null_default")]
    pub(crate) description: String,
    #[serde(deserialize_with = "null_default")]
    pub(crate) status: ExperimentStatus,
    pub(crate) etag: Option<String>,
    pub(crate) creator: Option<String>,
    #[serde(deserialize_with = "null_default")]
    pub(crate) is_archived: bool,
    pub(crate) job_id: Option<String>,
    pub(crate) version_id: Option<String>,
    pub(crate) run_id: Option<String>,
    pub(crate) original_experiment_documentation_link: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) parent_experiment_id: Option<String>,
    #[serde(deserialize_with = "null_default")]
    pub(crate) tags: Vec<String>,
    #[serde(deserialize_with = "null_default")]
    pub(crate) is_leaf: bool,
    #[serde(deserialize_with = "null_default")]
    pub(crate) disable_nodes_update: bool,
    pub(crate) graph: Option<ExperimentGraph>,
    /// Kept and sent back.
    #[serde(deserialize_with = "null_default")]
    pub(crate) web_service: Value,
}

/// Body that saves an experiment, and runs it unless it is a draft.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SaveExperiment<'a> {
    pub(crate) description: &'a str,
    pub(crate) summary: Option<&'a str>,
    pub(crate) is_draft: bool,
    pub(crate) parent_experiment_id: Option<&'a str>,
    pub(crate) disable_node_update: bool,
    pub(crate) category: Option<&'a str>,
    pub(crate) experiment_graph: &'a ExperimentGraph,
    pub(crate) web_service: &'a Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unset_times_are_negative_on_the_wire() {
        // studio 1.6
        let experiment: ExperimentInfo = serde_json::from_str(
            r#"{"ExperimentId": "w.f-id.1", "Tags": null, "Status": {"StatusCode": "Running",
                "CreationTime": "/Date(1418444668177)/", "StartTime": "/Date(-62135596800000)/"}}"#,
        )
        .expect("tolerant");
        assert_eq!(experiment.status.status_code, RunStatus::Running);
        assert!(experiment.status.creation_time.is_some());
        assert!(experiment.status.start_time.is_none());
        assert!(experiment.tags.is_empty());
        let bare: ExperimentInfo = serde_json::from_str(r#"{"Status": null}"#).expect("tolerant");
        assert!(!bare.status.status_code.is_final());
    }
}
