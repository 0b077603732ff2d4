//! Snapshots of blobs: records of their own beside the blob, which share its bytes.

use super::blobs::{existing, key};
use super::model::Blob;
use super::{Address, Tree, content};
use crate::state::{Key, KeyRange, Read, WriteTxn};
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result};
use crate::storage::time::Ticks;

const SNAPSHOTS: &str = "storage/snapshots";

fn snapshot_key(container: &str, name: &str, snapshot: &str) -> Key {
    Key::of([container, name, snapshot])
}

/// A snapshot by its time.
pub(super) fn find(
    read: &impl Read,
    container: &str,
    name: &str,
    snapshot: &str,
) -> Result<Option<Blob>> {
    Ok(read.get_json(SNAPSHOTS, snapshot_key(container, name, snapshot))?)
}

/// The snapshots of a blob, the oldest first.
pub(super) fn of(
    read: &impl Read,
    container: &str,
    name: &str,
) -> Result<Vec<(String, Blob)>, crate::state::Error> {
    let range = KeyRange::prefix(key(container, name));
    let mut found = Vec::new();
    for (key, value) in read.scan(SNAPSHOTS, &range, usize::MAX)? {
        let time = Key::parts(&key).pop().unwrap_or_default();
        if let Ok(blob) = serde_json::from_slice(&value) {
            found.push((String::from_utf8_lossy(&time).into_owned(), blob));
        }
    }
    Ok(found)
}

/// Removes one snapshot of a blob.
pub(super) fn remove(
    txn: &mut WriteTxn<'_>,
    container: &str,
    name: &str,
    (snapshot, blob): (&str, &Blob),
) -> Result<()> {
    content::release(txn, &blob.content)?;
    txn.remove(SNAPSHOTS, snapshot_key(container, name, snapshot))?;
    Ok(())
}

/// Drops up to `limit` snapshots of a range; whether none is left.
pub(super) fn remove_some(txn: &mut WriteTxn<'_>, range: &KeyRange, limit: usize) -> Result<bool> {
    let snapshots = txn.scan(SNAPSHOTS, range, limit)?;
    for (key, value) in &snapshots {
        if let Ok(blob) = serde_json::from_slice::<Blob>(value) {
            content::release(txn, &blob.content)?;
        }
        txn.remove(SNAPSHOTS, key)?;
    }
    Ok(snapshots.len() < limit)
}

impl Tree {
    /// Keeps a blob as it is now; gives its record and the snapshot's time. Metadata are
    /// the blob's unless others are given.
    ///
    /// # Errors
    /// The blob is not there; conditions that do not hold.
    pub(crate) async fn snapshot_blob(
        &self,
        at: Address,
        conditions: Conditions,
        metadata: Option<Vec<(String, String)>>,
    ) -> Result<(Blob, String)> {
        let stamp = self.stamp();
        let ids = self.state.ids.clone();
        self.write(move |txn| {
            let (container, blob) = existing(txn, &at)?;
            conditions.check_write(Some(blob.version()), Code::ConditionNotMet)?;
            // No two stamps have the same tag, so no two snapshots have the same time.
            let time = Ticks(stamp.etag).iso();
            let kept = Blob {
                content: content::share(txn, &ids, &blob.content)?,
                metadata: metadata.unwrap_or_else(|| blob.metadata.clone()),
                lease: None,
                ..blob.clone()
            };
            txn.put_json(SNAPSHOTS, snapshot_key(&container, &at.name, &time), &kept)?;
            Ok((blob, time))
        })
        .await
    }
}
