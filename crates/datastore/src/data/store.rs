//! What transfers need of a place that holds files.

use std::fmt::Debug;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

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
    /// Base64 of the MD5 of the content, where the service keeps one and says it.
    pub md5: Option<String>,
    /// What the file was uploaded from, if that was recorded; listings do not say it.
    pub(crate) source: Option<String>,
}

/// What a folder of a datastore holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry {
    /// A file.
    File(Item),
    /// A folder, by its whole name without a slash at the end.
    Folder(String),
}

impl Entry {
    /// The whole name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::File(item) => &item.name,
            Self::Folder(name) => name,
        }
    }
}

/// Whether a write may replace what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WriteMode {
    /// It may.
    Replace,
    /// What is there stays.
    Keep,
    /// It may if that is this version.
    #[cfg_attr(
        not(any(feature = "object-store", all(feature = "mount", target_os = "linux"))),
        expect(dead_code, reason = "only object stores and mounts ask for it")
    )]
    Match(String),
}

/// How a file is written.
#[derive(Clone, Debug)]
pub(crate) struct Writing {
    pub(crate) mode: WriteMode,
    /// What it is made of, recorded beside it.
    pub(crate) source: Option<String>,
}

impl From<WriteMode> for Writing {
    fn from(mode: WriteMode) -> Self {
        Self { mode, source: None }
    }
}

/// The header that records what a file is made of.
pub(super) const SOURCE_HEADER: &str = "x-ms-meta-azml_source";

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// The file is there now, with this entity tag if the service said one.
    Done(Option<String>),
    /// There was one already, which stays.
    Existed,
}

/// A file, or a range of it, on its way.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The file, with its whole length.
    pub(crate) item: Item,
    /// How many bytes will come.
    pub(crate) length: u64,
    pub(crate) body: AsyncResponseBody,
}

/// A place that holds files by name.
#[async_trait]
pub(crate) trait Store: Debug + Send + Sync {
    /// Makes the container, share or file system; gives whether it was not there.
    async fn create_root(&self) -> Result<bool>;

    /// Whether names that differ by case only are one.
    fn ignores_case(&self) -> bool {
        false
    }

    /// Pages of the files whose names begin with `prefix`.
    fn list(&self, prefix: &str) -> BoxStream<'static, Result<Vec<Item>>>;

    /// Pages of what a folder holds; nothing for a folder that is not there.
    fn entries(&self, folder: &str) -> BoxStream<'static, Result<Vec<Entry>>>;

    /// Writes a file from memory.
    async fn put(&self, name: &str, content: Bytes, writing: &Writing) -> Result<Written>;

    /// Writes a local file in parts; it shows only once it is complete.
    async fn put_file(&self, name: &str, file: &Path, writing: &Writing) -> Result<Written>;

    /// Begins to write a file in parts.
    async fn begin(&self, name: &str) -> Result<Arc<dyn Parts>>;

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

    /// Copies a file within the place.
    async fn copy(&self, from: &str, to: &str, mode: &WriteMode) -> Result<Written>;

    /// Moves a file within the place.
    async fn rename(&self, from: &str, to: &str, mode: &WriteMode) -> Result<Written>;

    /// Makes a folder whose parent is there; one that is there already is no error.
    #[cfg(all(feature = "mount", target_os = "linux"))]
    async fn make_folder(&self, path: &str) -> Result<()>;

    /// Removes an empty folder; one that is not there is no error.
    #[cfg(all(feature = "mount", target_os = "linux"))]
    async fn remove_folder(&self, path: &str) -> Result<()>;

    /// Whether [`WriteMode::Match`] can be asked for.
    #[cfg(all(feature = "mount", target_os = "linux"))]
    fn knows_versions(&self) -> bool {
        true
    }
}

/// A file that is being written in parts. Nothing shows under its name before the end.
#[async_trait]
pub(crate) trait Parts: Debug + Send + Sync {
    /// Writes one part, which begins at `offset`. Parts may be written in any order.
    async fn write(&self, index: usize, offset: u64, content: Bytes) -> Result<()>;

    /// Makes `count` parts with `length` bytes together the file.
    async fn finish(&self, count: usize, length: u64, mode: &WriteMode) -> Result<Written>;

    /// Gives the parts up.
    async fn abort(&self) -> Result<()>;
}
