//! What transfers need of a place that holds files.

use std::fmt::Debug;
use std::ops::Range;
use std::path::Path;

use async_trait::async_trait;
use azure_core::http::response::AsyncResponseBody;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::error::Result;

/// A file of a datastore.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Item {
    /// The whole name, with `/` between its parts.
    pub name: String,
    /// The length in bytes.
    pub length: u64,
    /// Changes with each write.
    pub etag: String,
    /// When it was last written, as the service says it (RFC 1123).
    pub last_modified: String,
}

/// Whether a write may replace what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteMode {
    /// It may.
    Replace,
    /// What is there stays.
    Keep,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// The file is there now.
    Done,
    /// There was one already, which stays.
    Existed,
}

/// A file, or a range of it, on its way.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// How many bytes will come.
    pub(crate) length: u64,
    pub(crate) body: AsyncResponseBody,
}

/// A place that holds files by name.
#[async_trait]
pub(crate) trait Store: Debug + Send + Sync {
    /// Pages of the files whose names begin with `prefix`, in the order of their names.
    fn list(&self, prefix: &str) -> BoxStream<'static, Result<Vec<Item>>>;

    /// Writes a file from memory in one request.
    async fn put(&self, name: &str, content: Bytes, mode: WriteMode) -> Result<Written>;

    /// Writes a local file in parts; it shows only once it is complete.
    async fn put_file(&self, name: &str, file: &Path, mode: WriteMode) -> Result<Written>;

    /// Reads a file, or a range of it; with `etag`, only that version.
    async fn get(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        etag: Option<&str>,
    ) -> Result<Fetched>;

    /// A file's properties, if it is there.
    async fn head(&self, name: &str) -> Result<Option<Item>>;

    /// Removes a file; gives whether it was there.
    async fn delete(&self, name: &str) -> Result<bool>;
}
