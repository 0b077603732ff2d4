//! What a transfer tells while it goes on.

/// A step of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgressEvent<'a> {
    /// More files were found; the totals so far.
    Found {
        /// Files.
        files: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// A file begins.
    Started {
        /// Its remote name.
        name: &'a str,
    },
    /// Bytes were moved.
    Moved {
        /// How many since the last of these events.
        bytes: u64,
    },
    /// A file is complete.
    Finished {
        /// Its remote name.
        name: &'a str,
    },
    /// A file was there already and stays.
    Skipped {
        /// Its remote name.
        name: &'a str,
        /// Its bytes, which will not be moved.
        bytes: u64,
    },
    /// A file could not be moved.
    Failed {
        /// Its remote name.
        name: &'a str,
    },
}

/// Receives the steps of a transfer. Called from many tasks at once; it must not wait.
pub trait Progress: Send + Sync {
    /// A step was made.
    fn event(&self, event: ProgressEvent<'_>);
}

impl<F: Fn(ProgressEvent<'_>) + Send + Sync> Progress for F {
    fn event(&self, event: ProgressEvent<'_>) {
        self(event);
    }
}
