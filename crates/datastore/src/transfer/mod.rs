//! Moving directories up and down: many files at once, each whole or not at all.

mod download;
mod engine;
mod folders;
mod journal;
mod local;
mod patterns;
mod progress;
mod report;
mod same;
mod settings;
mod upload;
mod window;

pub use download::Download;
pub use progress::{Progress, ProgressEvent};
pub use report::{ErrorMode, TransferReport};
pub use upload::Upload;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What the files of an upload that are in memory may have together, in units of 64 KiB: 64 MiB.
const UNITS: u32 = 1024;
const UNIT: u64 = 64 << 10;
/// Files up to this size are moved in one request.
const ONE_REQUEST: u64 = 8 << 20;

/// Bounds the memory of an upload whatever the sizes of its files: a file waits until there
/// is room for its bytes, and one that is sent in blocks takes all of it.
#[derive(Clone, Debug)]
struct Budget(Arc<Semaphore>);

impl Budget {
    fn new() -> Self {
        Self(Arc::new(Semaphore::new(
            usize::try_from(UNITS).unwrap_or(usize::MAX),
        )))
    }

    /// Room for a file of this length.
    async fn room(&self, length: u64) -> Option<OwnedSemaphorePermit> {
        let units = if length > ONE_REQUEST {
            UNITS
        } else {
            u32::try_from(length.div_ceil(UNIT)).unwrap_or(UNITS).max(1)
        };
        // Nobody closes the semaphore.
        Arc::clone(&self.0).acquire_many_owned(units).await.ok()
    }
}
