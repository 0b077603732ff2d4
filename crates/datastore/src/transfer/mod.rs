//! Moving directories up and down: many files at once, each whole or not at all.

mod download;
mod local;
mod progress;
mod report;
mod upload;

pub use download::Download;
pub use progress::{Progress, ProgressEvent};
pub use report::{ErrorMode, TransferReport};
pub use upload::Upload;

/// Files that are moved at once.
const FILES_AT_ONCE: usize = 32;
/// Files up to this size are moved in one request.
const ONE_REQUEST: u64 = 8 << 20;
