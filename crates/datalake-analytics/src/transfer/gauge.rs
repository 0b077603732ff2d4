//! How far a transfer is.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that are in place, those of an earlier attempt included.
    pub bytes: u64,
    /// All bytes.
    pub total_bytes: u64,
    /// Files that are in place.
    pub files: u64,
    /// All files.
    pub total_files: u64,
}

/// What a transfer did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferSummary {
    /// Files that are in place now.
    pub files: u64,
    /// Directories that were made because nothing is in them.
    pub directories: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// Bytes of them that an earlier attempt had moved.
    pub resumed_bytes: u64,
}

/// Who is told.
pub(super) type Observer = Arc<dyn Fn(Progress) + Send + Sync>;

/// Counts, and tells.
pub(super) struct Gauge {
    total_bytes: u64,
    total_files: u64,
    bytes: AtomicU64,
    resumed: AtomicU64,
    files: AtomicU64,
    observer: Option<Observer>,
}

impl Gauge {
    pub(super) fn new(total_files: usize, total_bytes: u64, observer: Option<Observer>) -> Self {
        Self {
            total_bytes,
            total_files: u64::try_from(total_files).unwrap_or(u64::MAX),
            bytes: AtomicU64::new(0),
            resumed: AtomicU64::new(0),
            files: AtomicU64::new(0),
            observer,
        }
    }

    pub(super) fn moved(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.tell();
    }

    /// Bytes that were there before.
    pub(super) fn found(&self, bytes: u64) {
        self.resumed.fetch_add(bytes, Ordering::Relaxed);
        self.moved(bytes);
    }

    pub(super) fn finished(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.tell();
    }

    pub(super) fn summary(&self, directories: usize) -> TransferSummary {
        TransferSummary {
            files: self.files.load(Ordering::Relaxed),
            directories: u64::try_from(directories).unwrap_or(u64::MAX),
            bytes: self.bytes.load(Ordering::Relaxed),
            resumed_bytes: self.resumed.load(Ordering::Relaxed),
        }
    }

    fn tell(&self) {
        if let Some(observer) = &self.observer {
            observer(Progress {
                bytes: self.bytes.load(Ordering::Relaxed),
                total_bytes: self.total_bytes,
                files: self.files.load(Ordering::Relaxed),
                total_files: self.total_files,
            });
        }
    }
}
