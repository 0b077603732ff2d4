//! Writing, reading and removing blobs. Each change is one transaction: conditions are
//! checked against what the change replaces.

use std::ops::Range;

use super::content::{self, Plan, Received};
use super::leases::{self, BLOB_LEASE};
use super::model::{Blob, BlobType, Content, ContentHeaders, Copied};
use super::{Address, BLOBS, Stamp, Tree, blocks, paths, snapshots};
use crate::state::{Ids, Key, Read, WriteTxn};
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result};
use crate::storage::time::Ticks;

/// What a writer says about a blob beside its bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewBlob {
    pub(crate) headers: ContentHeaders,
    pub(crate) metadata: Vec<(String, String)>,
    pub(crate) tier: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) kind: BlobType,
}

/// What is done about a blob's snapshots when it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Snapshots {
    /// There may be none.
    Refuse,
    /// They go as well.
    Include,
    /// They go, the blob stays.
    Only,
}

/// An opened blob: its properties and where its bytes are.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) blob: Blob,
    /// The part that was asked for, if it was only a part.
    pub(crate) range: Option<Range<u64>>,
    /// `None` when the reader has the blob already.
    pub(crate) plan: Option<Plan>,
}

pub(super) fn key(container: &str, name: &str) -> Key {
    Key::of([container, name])
}

fn find(read: &impl Read, container: &str, name: &str) -> Result<Option<Blob>> {
    Ok(read.get_json(BLOBS, key(container, name))?)
}

/// A blob that must be there, and the id of its container.
pub(super) fn existing(read: &impl Read, at: &Address) -> Result<(String, Blob)> {
    let container = super::container(read, &at.account, &at.container)?;
    let blob = match at.snapshot.as_str() {
        "" => find(read, &container.id, &at.name)?,
        time => snapshots::find(read, &container.id, &at.name, time)?,
    };
    Ok((container.id, blob.ok_or(Code::BlobNotFound)?))
}

/// Puts `new` in the place of what is there, once the conditions hold.
pub(super) struct Replacement<'a> {
    pub(super) at: &'a Address,
    pub(super) conditions: &'a Conditions,
    pub(super) now: Ticks,
}

impl Replacement<'_> {
    /// Checks the conditions; the container's id and the blob that will be replaced.
    pub(super) fn check(&self, txn: &impl Read) -> Result<(String, Option<Blob>)> {
        let container = super::container(txn, &self.at.account, &self.at.container)?;
        let old = find(txn, &container.id, &self.at.name)?;
        self.conditions
            .check_write(old.as_ref().map(Blob::version), Code::BlobAlreadyExists)?;
        let lease = old.as_ref().and_then(|old| old.lease.as_ref());
        leases::check_write(lease, self.conditions.lease(), self.now, BLOB_LEASE)?;
        Ok((container.id, old))
    }

    /// Writes the record and frees what the old one held.
    pub(super) fn put(
        &self,
        txn: &mut WriteTxn<'_>,
        container: &str,
        old: Option<&Blob>,
        blob: &Blob,
    ) -> Result<()> {
        if let Some(old) = old {
            content::release(txn, &old.content)?;
        }
        let lease = old.and_then(|old| old.lease.clone());
        let blob = Blob {
            lease,
            ..blob.clone()
        };
        txn.put_json(BLOBS, key(container, &self.at.name), &blob)?;
        paths::drop_appended(txn, container, &self.at.name)
    }
}

impl Tree {
    /// Writes a blob in one go. A `length` is that of a page blob, which begins as zeros.
    ///
    /// # Errors
    /// [`Code::ContainerNotFound`]; conditions that do not hold.
    pub(crate) async fn put_blob(
        &self,
        at: Address,
        conditions: Conditions,
        new: NewBlob,
        length: Option<u64>,
        body: Received,
    ) -> Result<Blob> {
        let stamp = self.stamp();
        let ids = self.state.ids.clone();
        self.write(move |txn| {
            let replacement = Replacement {
                at: &at,
                conditions: &conditions,
                now: stamp.now,
            };
            let (container, old) = replacement.check(txn)?;
            let length = length.unwrap_or_else(|| body.length());
            let content = body.keep_whole(txn, &ids)?;
            let blob = new.into_blob(stamp, length, content);
            replacement.put(txn, &container, old.as_ref(), &blob)?;
            blocks::discard(txn, &container, &at.name)?;
            Ok(blob)
        })
        .await
    }

    /// The properties of a blob.
    ///
    /// # Errors
    /// [`Code::ContainerNotFound`], [`Code::BlobNotFound`].
    pub(crate) fn blob(&self, at: &Address) -> Result<Blob> {
        self.read(|snapshot| existing(snapshot, at).map(|(_, blob)| blob))
    }

    /// Removes a blob, or one snapshot of it.
    ///
    /// # Errors
    /// As [`Tree::blob`]; conditions that do not hold; [`Code::SnapshotsPresent`].
    pub(crate) async fn delete_blob(
        &self,
        at: Address,
        conditions: Conditions,
        wanted: Snapshots,
    ) -> Result<()> {
        let now = self.stamp().now;
        self.write(move |txn| {
            let (container, blob) = existing(txn, &at)?;
            conditions.check_write(Some(blob.version()), Code::ConditionNotMet)?;
            if !at.snapshot.is_empty() {
                return snapshots::remove(txn, &container, &at.name, (&at.snapshot, &blob));
            }
            leases::check_write(blob.lease.as_ref(), conditions.lease(), now, BLOB_LEASE)?;
            let snapshots = snapshots::of(txn, &container, &at.name)?;
            if wanted == Snapshots::Refuse && !snapshots.is_empty() {
                return Err(Code::SnapshotsPresent.into());
            }
            for (time, snapshot) in &snapshots {
                snapshots::remove(txn, &container, &at.name, (time, snapshot))?;
            }
            if wanted == Snapshots::Only {
                return Ok(());
            }
            content::release(txn, &blob.content)?;
            txn.remove(BLOBS, key(&container, &at.name))?;
            paths::drop_appended(txn, &container, &at.name)?;
            Ok(())
        })
        .await
    }

    /// Changes what belongs to a blob without being a new version of it.
    ///
    /// # Errors
    /// As [`Tree::blob`]; conditions that do not hold; what `change` refuses.
    pub(crate) async fn amend_blob(
        &self,
        at: Address,
        conditions: Conditions,
        change: impl FnOnce(&mut Blob) -> Result<()> + Send + 'static,
    ) -> Result<Blob> {
        let now = self.stamp().now;
        self.write(move |txn| {
            let (container, mut blob) = existing(txn, &at)?;
            conditions.check_write(Some(blob.version()), Code::ConditionNotMet)?;
            leases::check_given(blob.lease.as_ref(), conditions.lease(), now, BLOB_LEASE)?;
            change(&mut blob)?;
            txn.put_json(BLOBS, key(&container, &at.name), &blob)?;
            Ok(blob)
        })
        .await
    }

    /// Changes the properties of a blob, not its bytes.
    ///
    /// # Errors
    /// As [`Tree::blob`]; conditions that do not hold; what `change` refuses.
    pub(crate) async fn change_blob(
        &self,
        at: Address,
        conditions: Conditions,
        change: impl FnOnce(&mut Blob) -> Result<()> + Send + 'static,
    ) -> Result<Blob> {
        let stamp = self.stamp();
        self.write(move |txn| {
            let (container, mut blob) = existing(txn, &at)?;
            conditions.check_write(Some(blob.version()), Code::ConditionNotMet)?;
            leases::check_write(
                blob.lease.as_ref(),
                conditions.lease(),
                stamp.now,
                BLOB_LEASE,
            )?;
            change(&mut blob)?;
            blob.etag = stamp.etag;
            blob.modified = stamp.now;
            txn.put_json(BLOBS, key(&container, &at.name), &blob)?;
            Ok(blob)
        })
        .await
    }

    /// Copies a blob within the tree, with its properties. Metadata are the source's
    /// unless others are given.
    ///
    /// # Errors
    /// [`Code::CannotVerifyCopySource`]; conditions that do not hold on either side.
    pub(crate) async fn copy_blob(&self, copy: Copy) -> Result<Blob> {
        let stamp = self.stamp();
        let ids = self.state.ids.clone();
        self.write(move |txn| copy.run(txn, &ids, stamp)).await
    }
}

/// A copy within the tree.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) source: Address,
    pub(crate) source_conditions: Conditions,
    pub(crate) target: Address,
    pub(crate) conditions: Conditions,
    /// Metadata in place of the source's.
    pub(crate) metadata: Option<Vec<(String, String)>>,
    pub(crate) tier: String,
    /// How the source was written by the caller, without its signature; `None` for a blob
    /// that is not to show where it comes from.
    pub(crate) shown_source: Option<String>,
    /// What is said in place of the source's headers.
    pub(crate) headers: ContentHeaders,
    pub(crate) tags: Vec<(String, String)>,
}

impl Copy {
    fn run(self, txn: &mut WriteTxn<'_>, ids: &Ids, stamp: Stamp) -> Result<Blob> {
        let (_, source) = existing(txn, &self.source).map_err(|_| Code::CannotVerifyCopySource)?;
        self.source_conditions.check_source(source.version())?;
        let replacement = Replacement {
            at: &self.target,
            conditions: &self.conditions,
            now: stamp.now,
        };
        let (container, old) = replacement.check(txn)?;
        let content = content::share(txn, ids, &source.content)?;
        let mut headers = source.headers.clone();
        headers.replace_given(self.headers);
        let blob = Blob {
            headers,
            lease: None,
            tags: self.tags,
            etag: stamp.etag,
            created: stamp.now,
            modified: stamp.now,
            content,
            metadata: self.metadata.unwrap_or(source.metadata),
            tier: if self.tier.is_empty() {
                source.tier
            } else {
                self.tier
            },
            copied: self.shown_source.map(|source| Copied {
                id: ids.uuid().to_string(),
                source,
                at: stamp.now,
            }),
            ..source
        };
        replacement.put(txn, &container, old.as_ref(), &blob)?;
        blocks::discard(txn, &container, &self.target.name)?;
        Ok(blob)
    }
}

impl NewBlob {
    /// The record of a block blob that is written now.
    pub(super) fn into_blob(self, stamp: Stamp, length: u64, content: Content) -> Blob {
        Blob {
            kind: self.kind,
            etag: stamp.etag,
            created: stamp.now,
            modified: stamp.now,
            length,
            content,
            headers: self.headers,
            metadata: self.metadata,
            tier: self.tier,
            copied: None,
            access: None,
            lease: None,
            tags: self.tags,
        }
    }
}
