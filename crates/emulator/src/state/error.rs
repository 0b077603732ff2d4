//! What can go wrong below the services.

use std::{io, path::PathBuf, sync::Arc};

/// An error of the emulator's state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process holds the data directory.
    #[error("the data directory {} is in use by another emulator", .directory.display())]
    InUse {
        /// The directory asked for.
        directory: PathBuf,
    },
    /// The directory holds something else.
    #[error(
        "the directory {} is not empty and was not made by the emulator",
        .directory.display()
    )]
    Foreign {
        /// The directory asked for.
        directory: PathBuf,
    },
    /// The directory was written by another version of the layout.
    #[error(
        "the data directory {} has layout version {found}; this emulator reads version {supported}",
        .directory.display()
    )]
    Version {
        /// The directory asked for.
        directory: PathBuf,
        /// Its version.
        found: u32,
        /// The version this build reads.
        supported: u32,
    },
    /// A file operation failed.
    #[error("{action} {} failed", .path.display())]
    Io {
        /// What was attempted, as a gerund.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The store failed. All writers of one commit receive the same error.
    #[error("the metadata store failed")]
    Store(#[source] Arc<redb::Error>),
    /// A stored value is not what its reader expects.
    #[error("a value in the table {table} cannot be decoded")]
    Decode {
        /// The table.
        table: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A value cannot be stored.
    #[error("a value for the table {table} cannot be encoded")]
    Encode {
        /// The table.
        table: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A write failed by a defect in its code; nothing of it was kept.
    #[error("an internal error stopped the write; nothing of it was kept")]
    Panicked,
    /// Another write of the same commit could not be undone, so none was kept.
    #[error("the write was rolled back together with a failing one; try again")]
    RolledBack,
    /// The emulator is shutting down.
    #[error("the emulator is shutting down")]
    Closed,
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system")]
    Random,
}

impl Error {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) fn store(error: impl Into<redb::Error>) -> Self {
        Self::Store(Arc::new(error.into()))
    }

    /// What the user can do about it, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::InUse { .. } => {
                Some("stop the other emulator (azml emulator stop) or choose another --data-dir")
            }
            Self::Foreign { .. } => Some("choose an empty or a new directory for --data-dir"),
            Self::Version { .. } => {
                Some("use the emulator that made it, or start with a new --data-dir")
            }
            _ => None,
        }
    }
}
