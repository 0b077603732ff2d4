//! What a mount needs of the place that it shows.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;

/// A result with [`Failure`] as its error.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// A file as the place knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The length in bytes.
    pub length: u64,
    /// Changes with each write.
    pub etag: Arc<str>,
    /// When it was last written.
    pub modified: SystemTime,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A folder.
    Folder,
    /// A file.
    File(File),
}

/// What a write may replace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// There must be no file yet.
    Nothing,
    /// The file must still have this entity tag.
    Version(Arc<str>),
}

/// A place with files. Paths have `/` between their parts and none at their ends; the root
/// is the empty one. Places that are only read need no more than the first three.
#[async_trait]
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// What a folder holds, by its own name; nothing for a folder that is not there.
    async fn entries(&self, folder: &str) -> Result<Vec<(String, Found)>>;

    /// The file at a path, if there is one.
    async fn file(&self, path: &str) -> Result<Option<File>>;

    /// A range of this version of a file; [`Cause::Changed`] when there is another by now.
    async fn read(&self, path: &str, range: Range<u64>, etag: &str) -> Result<Bytes>;

    /// Stores a local file as a whole; [`Cause::Changed`] when `over` does not hold.
    async fn write(&self, path: &str, _from: &Path, _over: &Over) -> Result<File> {
        Err(Failure::read_only(path))
    }

    /// Removes a file.
    async fn remove(&self, path: &str) -> Result<()> {
        Err(Failure::read_only(path))
    }

    /// Moves a file; [`Cause::Exists`] when there is one that may not be replaced.
    async fn rename(&self, from: &str, _to: &str, _replace: bool) -> Result<()> {
        Err(Failure::read_only(from))
    }

    /// Makes a folder whose parent is there.
    async fn make_folder(&self, path: &str) -> Result<()> {
        Err(Failure::read_only(path))
    }

    /// Removes an empty folder; one that is not there is no error.
    async fn remove_folder(&self, path: &str) -> Result<()> {
        Err(Failure::read_only(path))
    }
}

/// What went wrong, as programs that use files know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// There is nothing of the name.
    NotFound,
    /// The credential does not allow it.
    Denied,
    /// There is something of the name already.
    Exists,
    /// Somebody else holds it.
    Busy,
    /// Somebody else has written it.
    Changed,
    /// The folder is not empty.
    NotEmpty,
    /// The place is not written to.
    ReadOnly,
    /// The place has no such operation.
    Unsupported,
    /// It is not moved as a whole; what is in it can be copied.
    OtherDevice,
    /// No answer came in time.
    TimedOut,
    /// A local error, by its number.
    Local(i32),
    /// Anything else.
    Other,
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    /// What kind of failure it is.
    pub cause: Cause,
    /// What happened, for the log.
    pub text: String,
}

impl Failure {
    /// A failure with its text.
    pub fn new(cause: Cause, text: impl Into<String>) -> Self {
        Self {
            cause,
            text: text.into(),
        }
    }

    pub(crate) fn read_only(path: &str) -> Self {
        Self::new(Cause::ReadOnly, format!("'{path}' is only read here"))
    }

    pub(crate) fn absent(path: &str) -> Self {
        Self::new(Cause::NotFound, format!("there is nothing at '{path}'"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let cause = error.raw_os_error().map_or(Cause::Other, Cause::Local);
        Self::new(cause, error.to_string())
    }
}
