//! What is left of an interrupted transfer, and how the next one knows that it is of the same file.

use std::path::{Path, PathBuf};

use azml_core::Result;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::local::io;

/// A number that is the same for the same parts: FNV-1a, twice for 128 bits.
pub(super) fn fingerprint(parts: &[&str]) -> Uuid {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let half = |mut hash: u64| {
        for part in parts {
            for byte in part.bytes().chain([0]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
            }
        }
        hash
    };
    Uuid::from_u64_pair(half(0xcbf2_9ce4_8422_2325), half(0x6c62_272e_07bb_0142))
}

/// Which parts of a download are on disk, beside the file they are in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    /// Length and time of the file in the store.
    length: u64,
    modified: i64,
    /// Bytes of a part.
    part: u64,
    /// Numbers of the parts that are complete.
    pub(super) done: Vec<u64>,
}

impl Journal {
    /// The journal in `path` when it is of this very file; else an empty one.
    pub(super) async fn load(path: &Path, length: u64, modified: i64, part: u64) -> Self {
        let fresh = Self {
            length,
            modified,
            part,
            done: Vec::new(),
        };
        let Ok(text) = tokio::fs::read(path).await else {
            return fresh;
        };
        serde_json::from_slice::<Self>(&text)
            .ok()
            .filter(|found| {
                found.length == length && found.modified == modified && found.part == part
            })
            .unwrap_or(fresh)
    }

    /// Writes it whole or not at all. The bytes it speaks of must be on disk already.
    pub(super) async fn save(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec(self).unwrap_or_default();
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(".new");
        let fresh = PathBuf::from(fresh);
        tokio::fs::write(&fresh, text)
            .await
            .map_err(|error| io("write", &fresh, error))?;
        tokio::fs::rename(&fresh, path)
            .await
            .map_err(|error| io("write", path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_parts_apart() {
        assert_eq!(fingerprint(&["a", "bc"]), fingerprint(&["a", "bc"]));
        assert_ne!(fingerprint(&["a", "bc"]), fingerprint(&["ab", "c"]));
    }

    #[tokio::test]
    async fn a_journal_counts_for_its_own_file_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let mut journal = Journal::load(&path, 10, 20, 4).await;
        journal.done = vec![1];
        journal.save(&path).await.unwrap();
        assert_eq!(Journal::load(&path, 10, 20, 4).await.done, [1]);
        assert!(Journal::load(&path, 11, 20, 4).await.done.is_empty());
        assert!(Journal::load(&path, 10, 21, 4).await.done.is_empty());
        std::fs::write(&path, "{").unwrap();
        assert!(Journal::load(&path, 10, 20, 4).await.done.is_empty());
    }
}
