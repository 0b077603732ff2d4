//! What runs jobs: compiles a script and carries it out. The job service knows no U-SQL beyond this.

use std::sync::Arc;

use async_trait::async_trait;
use azml_usql_syntax::{Code, Diagnostic, LineIndex, Severity};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::storage::gen1::Gate;

/// A job as its runner sees it.
#[derive(Clone, Debug)]
pub(crate) struct JobSource {
    pub(crate) account: String,
    /// The account's default Data Lake Store.
    pub(crate) store: String,
    pub(crate) script: Arc<str>,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) submitter: String,
    pub(crate) submitted: OffsetDateTime,
    pub(crate) priority: u64,
    /// Analytics units: how many parts of the work go on side by side.
    pub(crate) parallelism: u64,
}

/// Something found in a script, or the reason why it failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) severity: String,
    /// A published code such as `E_CSC_USER_SYNTAXERROR`.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) description: String,
    pub(crate) resolution: String,
    pub(crate) component: String,
    pub(crate) details: String,
    pub(crate) place: Option<Place>,
}

/// Where in the script: line and column from 1, offsets in characters from 0, the end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// One stage of a job that ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stage {
    pub(crate) name: String,
    pub(crate) vertices: u64,
    pub(crate) data_read: u64,
    pub(crate) data_written: u64,
    pub(crate) milliseconds: u64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its outputs are there.
    Done(Vec<Stage>),
    /// It left nothing, for this reason.
    Failed(Finding),
    /// It was stopped before its outputs appeared.
    Stopped,
}

/// Compiles and runs scripts.
#[async_trait]
pub(crate) trait JobRunner: std::fmt::Debug + Send + Sync {
    /// Compiles without any effect. The script can be run when no finding is an error.
    async fn compile(&self, job: &JobSource) -> Vec<Finding>;

    /// Carries a compiled script out, until it ends or `stop` is cancelled. Its outputs appear
    /// when the gate lets them.
    async fn run(&self, job: &JobSource, gate: Gate, stop: CancellationToken) -> Outcome;
}

impl Finding {
    /// Whether the script cannot run because of it.
    pub(crate) fn is_error(&self) -> bool {
        self.severity == Severity::Error.as_str()
    }

    /// An error without a place.
    pub(crate) fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error.as_str().to_owned(),
            code: code.as_str().to_owned(),
            message: message.into(),
            description: code.description().to_owned(),
            resolution: code.resolution().to_owned(),
            component: code.component().to_owned(),
            details: String::new(),
            place: None,
        }
    }

    /// A finding of the front end or the compiler.
    pub(crate) fn of(diagnostic: &Diagnostic, index: &LineIndex<'_>) -> Self {
        let (start, end) = diagnostic.positions(index);
        Self {
            severity: diagnostic.severity.as_str().to_owned(),
            message: diagnostic.message.clone(),
            details: diagnostic.details(index),
            place: Some(Place {
                line: start.line,
                column: start.column,
                start: start.offset,
                end: end.offset,
            }),
            ..Self::error(diagnostic.code, "")
        }
    }
}
