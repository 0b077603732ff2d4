//! What is known of a run, and the file that keeps it between processes.

use std::fs;
use std::path::{Path, PathBuf};

use azml_runs::executor::RunState;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::error::{Error, Result};

/// What is known of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RunDetails {
    /// The id.
    pub run_id: String,
    /// The experiment that it belongs to.
    pub experiment: String,
    /// The compute target.
    pub target: String,
    /// The state.
    pub status: RunState,
    /// When it was submitted.
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended: Option<OffsetDateTime>,
    /// The script's exit code, if it ended by itself.
    pub exit_code: Option<i32>,
    /// Why it did not complete.
    pub error: Option<String>,
    /// What its owner should know.
    pub warnings: Vec<String>,
}

/// The files of a run that is not its code or data.
#[derive(Clone, Debug)]
pub(super) struct Files {
    root: PathBuf,
    run_id: String,
}

impl Files {
    pub(super) fn new(root: &Path, run_id: &str) -> Self {
        Self {
            root: root.to_owned(),
            run_id: run_id.to_owned(),
        }
    }

    fn with(&self, extension: &str) -> PathBuf {
        self.root.join(format!("{}.{extension}", self.run_id))
    }

    pub(super) fn record(&self) -> PathBuf {
        self.with("json")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.with("log")
    }

    /// Locked as long as the run's process lives.
    pub(super) fn lock(&self) -> PathBuf {
        self.with("lock")
    }

    /// There when the run's end was asked for.
    pub(super) fn cancel(&self) -> PathBuf {
        self.with("cancel")
    }

    /// Replaces the record as a whole.
    pub(super) fn write(&self, details: &RunDetails) -> Result<()> {
        let (path, part) = (self.record(), self.with("json.part"));
        let text = serde_json::to_vec_pretty(details).expect("a record is plain data");
        fs::write(&part, text).map_err(Error::local("writing", &part))?;
        fs::rename(&part, &path).map_err(Error::local("writing", &path))
    }

    /// The record; a run whose process is gone has failed.
    pub(super) fn read(&self) -> Result<Option<RunDetails>> {
        let path = self.record();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::local("reading", &path)(error)),
        };
        let mut details: RunDetails = serde_json::from_slice(&text).map_err(|error| {
            Error::usage(format!("'{}' is no run's record: {error}", path.display()))
        })?;
        if !details.status.is_terminal() && self.is_abandoned() {
            details.status = RunState::Failed;
            details.error = Some("the process that carried the run out has ended".to_owned());
        }
        Ok(Some(details))
    }

    fn is_abandoned(&self) -> bool {
        match fs::File::open(self.lock()) {
            Ok(file) => file.try_lock().is_ok(),
            Err(_) => true,
        }
    }
}
