//! How far a transfer is.

use std::fmt;
use std::sync::Arc;

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes transferred so far.
    pub bytes: u64,
    /// Bytes in all, where that is known.
    pub total: Option<u64>,
}

/// A caller's function that is told about progress, or none.
#[derive(Clone, Default)]
pub(crate) struct ProgressCallback(Option<Arc<dyn Fn(Progress) + Send + Sync>>);

impl ProgressCallback {
    pub(crate) fn new(callback: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(callback)))
    }

    pub(crate) fn report(&self, bytes: u64, total: Option<u64>) {
        if let Some(callback) = &self.0 {
            callback(Progress { bytes, total });
        }
    }
}

impl fmt::Debug for ProgressCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some(..)" } else { "None" })
    }
}
