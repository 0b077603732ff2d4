//! What a transfer did and did not do.

use std::fmt;
use std::sync::Arc;

use azml_runs::DataReference;

use super::progress::{Progress, ProgressEvent};
use crate::error::{Error, Result};

/// What happens when a file cannot be moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorMode {
    /// The others are moved, then the transfer fails with the report.
    #[default]
    FailAtEnd,
    /// The transfer fails with that file's error.
    FailFast,
    /// The others are moved, and the report says what failed.
    Ignore,
}

/// The outcome of a transfer.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct TransferReport {
    /// Files that were moved.
    pub transferred: usize,
    /// Files that were there already and stay.
    pub skipped: usize,
    /// Files that could not be moved, by their remote name.
    pub failed: Vec<(String, Error)>,
    /// Bytes that were moved.
    pub bytes: u64,
    /// Where an upload went.
    pub reference: Option<DataReference>,
}

impl TransferReport {
    /// All files that were looked at.
    #[must_use]
    pub fn total(&self) -> usize {
        self.transferred + self.skipped + self.failed.len()
    }
}

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Moved(u64),
    Skipped(u64),
}

/// Who is told about the steps, if anybody.
#[derive(Clone, Default)]
pub(super) struct Listener(pub(super) Option<Arc<dyn Progress>>);

impl Listener {
    pub(super) fn tell(&self, event: ProgressEvent<'_>) {
        if let Some(progress) = &self.0 {
            progress.event(event);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.0.is_some()).finish()
    }
}

/// Collects outcomes into a report.
#[derive(Debug)]
pub(super) struct Tally {
    report: TransferReport,
    mode: ErrorMode,
    listener: Listener,
}

impl Tally {
    pub(super) fn new(mode: ErrorMode, listener: Listener) -> Self {
        Self {
            report: TransferReport::default(),
            mode,
            listener,
        }
    }

    /// Counts one file; fails if the transfer ends with it.
    pub(super) fn count(&mut self, name: String, outcome: Result<Outcome>) -> Result<()> {
        match outcome {
            Ok(Outcome::Moved(bytes)) => {
                self.report.transferred += 1;
                self.report.bytes += bytes;
                self.listener.tell(ProgressEvent::Finished { name: &name });
            }
            Ok(Outcome::Skipped(bytes)) => {
                self.report.skipped += 1;
                let name = &name;
                self.listener.tell(ProgressEvent::Skipped { name, bytes });
            }
            Err(error) => {
                self.listener.tell(ProgressEvent::Failed { name: &name });
                if self.mode == ErrorMode::FailFast {
                    return Err(error);
                }
                tracing::debug!(name, %error, "a file was not transferred");
                self.report.failed.push((name, error));
            }
        }
        Ok(())
    }

    /// The report, or the error that holds it.
    pub(super) fn finish(mut self, reference: Option<DataReference>) -> Result<TransferReport> {
        self.report.reference = reference;
        self.report.failed.sort_by(|(a, _), (b, _)| a.cmp(b));
        if self.mode == ErrorMode::FailAtEnd && !self.report.failed.is_empty() {
            return Err(Error::Incomplete(Box::new(self.report)));
        }
        Ok(self.report)
    }
}
