//! The records of file shares, as they are stored.

use serde::{Deserialize, Serialize};

use crate::storage::conditions::Version;
use crate::storage::time::Ticks;
use crate::storage::tree::{Content, ContentHeaders, Lease, StoredPolicy};

/// The largest share, in GiB, and what a share gets that names no quota.
pub(crate) const LARGEST_QUOTA: u32 = 102_400;
pub(crate) const USUAL_QUOTA: u32 = 5120;

/// A file share.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Share {
    /// Entries are kept below this id, so that a share that is made again is empty.
    pub(crate) id: String,
    pub(crate) etag: u64,
    pub(crate) modified: Ticks,
    pub(crate) created: Ticks,
    /// In GiB.
    pub(crate) quota: u32,
    /// The id that the next entry gets.
    pub(crate) next: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) metadata: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) policies: Vec<StoredPolicy>,
}

/// A directory or a file. The root directory has no entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Unique in the share; children of a directory are kept below it.
    pub(crate) id: u64,
    pub(crate) parent: u64,
    /// As it was first written; the key has it in lower case.
    pub(crate) name: String,
    pub(crate) etag: u64,
    pub(crate) modified: Ticks,
    pub(crate) times: Times,
    pub(crate) attributes: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) metadata: Vec<(String, String)>,
    /// `None` for a directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<File>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lease: Option<Lease>,
}

/// What only files have.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) length: u64,
    #[serde(default)]
    pub(crate) content: Content,
    pub(crate) headers: ContentHeaders,
}

/// The times that a file system keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Times {
    pub(crate) created: Ticks,
    pub(crate) written: Ticks,
    pub(crate) changed: Ticks,
}

impl Entry {
    /// What conditions look at.
    pub(crate) fn version(&self) -> Version {
        Version {
            etag: self.etag,
            modified: self.modified,
        }
    }
}
