//! The headers that directories and files have beside the usual ones.

use crate::storage::answer::Answer;
use crate::storage::error::{Result, StorageError};
use crate::storage::request::Call;
use crate::storage::shares::{Entry, Times};
use crate::storage::time::{Ticks, parse_iso};

/// There is one set of permissions here, and this is its key.
const PERMISSION_KEY: &str = "4010187179898695473*11459378189709739967";

/// Attributes of what a request says nothing about.
const FILE: &str = "Archive";
const DIRECTORY: &str = "Directory";

/// Attributes that a request may set.
const KNOWN: [&str; 9] = [
    "ReadOnly",
    "Hidden",
    "System",
    "None",
    "Directory",
    "Archive",
    "Offline",
    "NotContentIndexed",
    "NoScrubData",
];

/// Sets what describes an entry.
pub(super) fn describe(answer: Answer, entry: &Entry) -> Answer {
    answer
        .version(entry.etag, entry.modified)
        .header("x-ms-file-attributes", &entry.attributes)
        .header("x-ms-file-creation-time", &entry.times.created.iso())
        .header("x-ms-file-last-write-time", &entry.times.written.iso())
        .header("x-ms-file-change-time", &entry.times.changed.iso())
        .header("x-ms-file-id", &entry.id.to_string())
        .header("x-ms-file-parent-id", &entry.parent.to_string())
        .header("x-ms-file-permission-key", PERMISSION_KEY)
        .header("x-ms-request-server-encrypted", "true")
}

/// The attributes that a request gives; `None` for "as they are".
pub(super) fn attributes(call: &Call, directory: bool) -> Result<Option<String>> {
    const NAME: &str = "x-ms-file-attributes";
    match call.header(NAME) {
        "" | "preserve" => Ok(None),
        "none" | "None" => Ok(Some(usual_attributes(directory).to_owned())),
        text => {
            let known = |word: &str| KNOWN.iter().any(|known| known.eq_ignore_ascii_case(word));
            if text.split('|').all(|word| known(word.trim())) {
                return Ok(Some(text.to_owned()));
            }
            Err(StorageError::header(NAME))
        }
    }
}

/// The attributes of a new entry.
pub(super) fn usual_attributes(directory: bool) -> &'static str {
    if directory { DIRECTORY } else { FILE }
}

/// The times that a request gives; where it gives none, `old`.
pub(super) fn times(call: &Call, now: Ticks, old: Times) -> Result<Times> {
    let time = |name: &str, old: Ticks| match call.header(name) {
        "" | "preserve" => Ok(old),
        "now" => Ok(now),
        text => parse_iso(text).ok_or_else(|| StorageError::header(name)),
    };
    Ok(Times {
        created: time("x-ms-file-creation-time", old.created)?,
        written: time("x-ms-file-last-write-time", old.written)?,
        changed: time("x-ms-file-change-time", now)?,
    })
}
