//! Writing, reading and removing blobs. Each change is one transaction: conditions are
//! checked against what the change replaces.

use std::ops::Range;

use super::content::{self, Plan, Received};
use super::model::{Blob, BlobType, Content, ContentHeaders, Copied};
use super::{Address, BLOBS, Stamp, Tree, blocks, paths};
use crate::state::{Ids, Key, Read, WriteTxn};
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result};

/// What a writer says about a blob beside its bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewBlob {
    pub(crate) headers: ContentHeaders,
    pub(crate) metadata: Vec<(String, String)>,
    pub(crate) tier: String,
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
    let blob = find(read, &container.id, &at.name)?.ok_or(Code::BlobNotFound)?;
    Ok((container.id, blob))
}

/// Puts `new` in the place of what is there, once the conditions hold.
pub(super) struct Replacement<'a> {
    pub(super) at: &'a Address,
    pub(super) conditions: &'a Conditions,
}

impl Replacement<'_> {
    /// Checks the conditions; the container's id and the blob that will be replaced.
    pub(super) fn check(&self, txn: &impl Read) -> Result<(String, Option<Blob>)> {
        let container = super::container(txn, &self.at.account, &self.at.container)?;
        let old = find(txn, &container.id, &self.at.name)?;
        self.conditions
            .check_write(old.as_ref().map(Blob::version), Code::BlobAlreadyExists)?;
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
        txn.put_json(BLOBS, key(container, &self.at.name), blob)?;
        paths::drop_appended(txn, container, &self.at.name)
    }
}

impl Tree {
    /// Writes a block blob in one go.
    ///
    /// # Errors
    /// [`Code::ContainerNotFound`]; conditions that do not hold.
    pub(crate) async fn put_blob(
        &self,
        at: Address,
        conditions: Conditions,
        new: NewBlob,
        body: Received,
    ) -> Result<Blob> {
        let stamp = self.stamp();
        let ids = self.state.ids.clone();
        self.write(move |txn| {
            let replacement = Replacement {
                at: &at,
                conditions: &conditions,
            };
            let (container, old) = replacement.check(txn)?;
            let length = body.length();
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

    /// Removes a blob.
    ///
    /// # Errors
    /// As [`Tree::blob`]; conditions that do not hold.
    pub(crate) async fn delete_blob(&self, at: Address, conditions: Conditions) -> Result<()> {
        self.write(move |txn| {
            let (container, blob) = existing(txn, &at)?;
            conditions.check_write(Some(blob.version()), Code::ConditionNotMet)?;
            content::release(txn, &blob.content)?;
            txn.remove(BLOBS, key(&container, &at.name))?;
            paths::drop_appended(txn, &container, &at.name)?;
            Ok(())
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
    /// How the source was written by the caller, without its signature.
    pub(crate) shown_source: String,
}

impl Copy {
    fn run(self, txn: &mut WriteTxn<'_>, ids: &Ids, stamp: Stamp) -> Result<Blob> {
        let (_, source) = existing(txn, &self.source).map_err(|_| Code::CannotVerifyCopySource)?;
        self.source_conditions.check_source(source.version())?;
        let replacement = Replacement {
            at: &self.target,
            conditions: &self.conditions,
        };
        let (container, old) = replacement.check(txn)?;
        let content = content::share(txn, ids, &source.content)?;
        let blob = Blob {
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
            copied: Some(Copied {
                id: ids.uuid().to_string(),
                source: self.shown_source,
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
            kind: BlobType::Block,
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
        }
    }
}
