//! Experiments, runs and snapshots: what is kept of them, and their tables.

use std::collections::BTreeMap;

use azml_runs::executor::RunState;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::state::{self, Key, KeyRange, Read, WriteTxn};

const EXPERIMENTS: &str = "workspace/experiments";
const RUNS: &str = "workspace/runs";
const SNAPSHOTS: &str = "workspace/snapshots";
const LATEST: &str = "workspace/snapshots-latest";

/// An experiment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Experiment {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) created: OffsetDateTime,
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) tags: Map<String, Value>,
    /// The number of its latest run.
    #[serde(default)]
    pub(super) runs: u64,
}

impl Experiment {
    pub(super) fn show(&self) -> Value {
        json!({
            "experimentId": self.id,
            "name": self.name,
            "description": self.description,
            "createdUtc": shown(Some(self.created)),
            "tags": self.tags,
            "archivedTime": null,
        })
    }

    pub(super) fn put(&self, txn: &mut WriteTxn<'_>, workspace: &str) -> Result<(), state::Error> {
        txn.put_json(EXPERIMENTS, Key::of([workspace, &self.name]), self)
    }

    pub(super) fn find(
        read: &impl Read,
        workspace: &str,
        name: &str,
    ) -> Result<Option<Self>, state::Error> {
        read.get_json(EXPERIMENTS, Key::of([workspace, name]))
    }

    pub(super) fn all(read: &impl Read, workspace: &str) -> Result<Vec<Self>, state::Error> {
        read.scan_json(EXPERIMENTS, &KeyRange::prefix(Key::of([workspace])))
    }
}

/// A letter or digit, then letters, digits, underscores and dashes; at most 255.
pub(super) fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphanumeric())
        && name.len() <= 255
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// A run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) number: u64,
    pub(super) experiment: String,
    pub(super) experiment_id: String,
    pub(super) parent: Option<String>,
    pub(super) user: String,
    pub(super) status: RunState,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) created: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(super) started: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(super) ended: Option<OffsetDateTime>,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) hidden: bool,
    pub(super) properties: Map<String, Value>,
    pub(super) tags: Map<String, Value>,
    pub(super) script: Option<String>,
    pub(super) target: Option<String>,
    /// What was submitted; `None` for a run that somebody else carries out.
    pub(super) configuration: Option<Value>,
    pub(super) snapshot: Option<String>,
    /// Why it failed.
    pub(super) error: Option<String>,
    pub(super) warnings: Vec<String>,
}

impl Run {
    /// Where its artifacts are.
    pub(super) fn container(&self) -> String {
        format!("dcid.{}", self.id)
    }

    pub(super) fn show(&self) -> Value {
        json!({
            "runNumber": self.number,
            "rootRunId": self.parent.as_ref().unwrap_or(&self.id),
            "experimentId": self.experiment_id,
            "createdUtc": shown(Some(self.created)),
            "userId": self.user,
            "createdBy": {"userObjectId": self.user, "userName": self.user},
            "runId": self.id,
            "parentRunId": self.parent,
            "status": self.status.name(),
            "startTimeUtc": shown(self.started),
            "endTimeUtc": shown(self.ended),
            "name": self.name,
            "displayName": self.name.as_ref().unwrap_or(&self.id),
            "dataContainerId": self.container(),
            "description": self.description,
            "hidden": self.hidden,
            "runType": self.configuration.as_ref().map(|_| "azureml.scriptrun"),
            "properties": self.properties,
            "scriptName": self.script,
            "target": self.target,
            "tags": self.tags,
            "error": self.show_error(),
            "warnings": self.show_warnings(),
            "cancelUri": null,
            "diagnosticsUri": null,
        })
    }

    /// The details, with the addresses of log files by name.
    pub(super) fn show_details(&self, logs: &BTreeMap<String, String>) -> Value {
        json!({
            "runId": self.id,
            "target": self.target,
            "status": self.status.name(),
            "startTimeUtc": shown(self.started),
            "endTimeUtc": shown(self.ended),
            "error": self.show_error(),
            "warnings": self.show_warnings(),
            "properties": self.properties,
            "inputDatasets": [],
            "outputDatasets": [],
            "runDefinition": self.configuration,
            "logFiles": logs,
        })
    }

    fn show_error(&self) -> Value {
        let Some(message) = &self.error else {
            return Value::Null;
        };
        json!({
            "error": {"code": "UserError", "message": message, "messageParameters": {}, "details": []},
            "correlation": {},
            "environment": "local",
            "location": "local",
            "time": shown(self.ended),
            "componentName": "execution",
        })
    }

    fn show_warnings(&self) -> Value {
        let warning = |text: &String| json!({"source": "execution", "message": text});
        self.warnings.iter().map(warning).collect()
    }

    pub(super) fn put(&self, txn: &mut WriteTxn<'_>, workspace: &str) -> Result<(), state::Error> {
        txn.put_json(RUNS, Key::of([workspace, &self.id]), self)
    }

    pub(super) fn find(
        read: &impl Read,
        workspace: &str,
        id: &str,
    ) -> Result<Option<Self>, state::Error> {
        read.get_json(RUNS, Key::of([workspace, id]))
    }

    pub(super) fn all(read: &impl Read, workspace: &str) -> Result<Vec<Self>, state::Error> {
        read.scan_json(RUNS, &KeyRange::prefix(Key::of([workspace])))
    }

    /// Ends what a process that is no more was carrying out, in every workspace.
    pub(super) fn fail_abandoned(
        txn: &mut WriteTxn<'_>,
        now: OffsetDateTime,
    ) -> Result<(), state::Error> {
        for (key, value) in txn.scan(RUNS, &KeyRange::all(), usize::MAX)? {
            let Ok(mut run) = serde_json::from_slice::<Self>(&value) else {
                continue;
            };
            if run.configuration.is_some() && !run.status.is_terminal() {
                run.status = RunState::Failed;
                run.ended = Some(now);
                run.error = Some("the emulator ended while the run was going on".to_owned());
                txn.put_json(RUNS, key, &run)?;
            }
        }
        Ok(())
    }
}

/// The code of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Snapshot {
    pub(super) id: String,
    /// The tree of names and hashes, as the client sent it.
    pub(super) root: Value,
    /// The blob of each file.
    pub(super) files: BTreeMap<String, String>,
}

impl Snapshot {
    pub(super) fn put(&self, txn: &mut WriteTxn<'_>, workspace: &str) -> Result<(), state::Error> {
        txn.put_json(SNAPSHOTS, Key::of([workspace, &self.id]), self)?;
        txn.put(LATEST, Key::of([workspace]), self.id.as_bytes())
    }

    pub(super) fn find(
        read: &impl Read,
        workspace: &str,
        id: &str,
    ) -> Result<Option<Self>, state::Error> {
        read.get_json(SNAPSHOTS, Key::of([workspace, id]))
    }

    pub(super) fn latest(read: &impl Read, workspace: &str) -> Result<Option<Self>, state::Error> {
        match read.get(LATEST, Key::of([workspace]))? {
            Some(id) => Self::find(read, workspace, &String::from_utf8_lossy(&id)),
            None => Ok(None),
        }
    }
}

/// A time as answers show it.
pub(super) fn shown(time: Option<OffsetDateTime>) -> Option<String> {
    time?.format(&Rfc3339).ok()
}
