//! What the file system tells of its entries.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::open_enum::open_enum;

open_enum! {
    /// What an entry is.
    FileType {
        /// A file.
        File = "FILE",
        /// A directory.
        Directory = "DIRECTORY",
    }
}

/// A file or directory.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FileStatus {
    /// The name below the directory that was listed; empty for the entry that was asked for itself.
    #[serde(default)]
    pub path_suffix: String,
    /// What it is.
    #[serde(rename = "type")]
    pub file_type: FileType,
    /// Bytes; 0 for directories.
    #[serde(default)]
    pub length: u64,
    /// When it was last written, in milliseconds since 1970.
    #[serde(default)]
    pub modification_time: i64,
    /// Octal, such as `770`.
    #[serde(default)]
    pub permission: String,
    /// The directory's id of its owner.
    #[serde(default)]
    pub owner: String,
    /// The directory's id of its group.
    #[serde(default)]
    pub group: String,
    /// When it expires, in milliseconds since 1970; 0 for never.
    #[serde(default)]
    pub ms_expiration_time: i64,
    /// Whether its access control names more than owner, group and others.
    #[serde(default)]
    pub acl_bit: bool,
}

impl FileStatus {
    /// Whether it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.file_type == FileType::Directory
    }
}

/// The access control of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AclStatus {
    /// Entries such as `user:ID:r-x`, in the service's order.
    pub entries: Vec<String>,
    /// The owner.
    pub owner: String,
    /// The owning group.
    pub group: String,
    /// Octal, such as `770`.
    pub permission: String,
}

/// What is at and below a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContentSummary {
    /// Directories, the path itself included.
    pub directory_count: u64,
    /// Files.
    pub file_count: u64,
    /// Bytes of all files.
    pub length: u64,
}

/// When a file expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiry {
    /// Never.
    Never,
    /// So long from now.
    In(Duration),
    /// So long after it was created.
    AfterCreation(Duration),
    /// At this time.
    At(OffsetDateTime),
}

impl Expiry {
    /// The service's word and, where it wants one, its milliseconds.
    pub(super) fn query(self) -> (&'static str, Option<String>) {
        let milliseconds = |it: Duration| Some(it.as_millis().to_string());
        match self {
            Self::Never => ("NeverExpire", None),
            Self::In(duration) => ("RelativeToNow", milliseconds(duration)),
            Self::AfterCreation(duration) => ("RelativeToCreationDate", milliseconds(duration)),
            Self::At(time) => {
                let at = time.unix_timestamp_nanos() / 1_000_000;
                ("Absolute", Some(at.to_string()))
            }
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Flag {
    pub(super) boolean: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Status {
    pub(super) file_status: FileStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Statuses {
    pub(super) file_statuses: StatusList,
}

#[derive(Deserialize)]
pub(super) struct StatusList {
    #[serde(default, rename = "continuationToken")]
    pub(super) continuation_token: String,
    #[serde(rename = "FileStatus")]
    pub(super) entries: Vec<FileStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Acl {
    pub(super) acl_status: AclStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Summary {
    pub(super) content_summary: ContentSummary,
}
