//! The files a script reads and writes, behind an interface that a folder, or
//! a store with accounts and permissions, can offer.
//!
//! All methods may block; the engine calls them where that does no harm.

mod counted;
mod local;
mod path;

use std::fmt;
use std::io;

/// The folder of a store that holds the catalog.
pub(crate) const CATALOG: &str = "_catalog_";

pub(crate) use counted::Counted;
pub use local::LocalFiles;
pub use path::StorePath;

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// Bytes.
    pub length: u64,
    /// When it was last changed, in ticks of 100 ns since 0001-01-01 UTC.
    pub modified: Option<i64>,
    /// When it was made, likewise.
    pub created: Option<i64>,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without the folder's.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// A file or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File(FileInfo),
    /// A folder.
    Folder,
}

/// The files of a data lake.
pub trait FileStore: fmt::Debug + Send + Sync {
    /// The file at `path`; `None` when there is none.
    ///
    /// # Errors
    /// When the store cannot say.
    fn info(&self, path: &StorePath) -> io::Result<Option<FileInfo>>;

    /// What lies directly in a folder; nothing when there is no such folder.
    ///
    /// # Errors
    /// When the store cannot say.
    fn list(&self, folder: &StorePath) -> io::Result<Vec<Entry>>;

    /// Opens a file for reading.
    ///
    /// # Errors
    /// When it does not exist or must not be read.
    fn open(&self, path: &StorePath) -> io::Result<Box<dyn InputFile>>;

    /// Begins to write: nothing is seen before the transaction commits.
    ///
    /// # Errors
    /// When the store cannot be written to.
    fn begin(&self) -> io::Result<Box<dyn Transaction>>;
}

/// A file being read.
pub trait InputFile: Send + Sync {
    /// Reads at an offset; 0 bytes only at the end.
    ///
    /// # Errors
    /// When reading fails.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// Files being written, all of which appear together or not at all. Dropping
/// it without a commit leaves nothing behind.
pub trait Transaction: Send {
    /// Begins a file that replaces the one at `path`, if any.
    ///
    /// # Errors
    /// When the file cannot be written, or `path` is a folder.
    fn create(&mut self, path: &StorePath) -> io::Result<Box<dyn io::Write + Send>>;

    /// Removes a file when the transaction commits; one that is not there is
    /// none the less removed.
    ///
    /// # Errors
    /// When the store does not allow it.
    fn remove(&mut self, path: &StorePath) -> io::Result<()>;

    /// Makes every file appear, and those to be removed go. All writers have been dropped.
    ///
    /// # Errors
    /// When it cannot; then no file has appeared, or all will the next time the
    /// store is opened.
    fn commit(self: Box<Self>) -> io::Result<()>;
}
