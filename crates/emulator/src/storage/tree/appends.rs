//! Append blobs and page blobs: content that is written piece by piece into a blob that
//! is there.

use std::ops::Range;

use super::blobs::{existing, key};
use super::content::Received;
use super::leases::{self, BLOB_LEASE};
use super::model::{Blob, BlobType, Content, Piece};
use super::{Address, BLOBS, Tree, content, ranges};
use crate::state::Read;
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result};

/// Most blocks of an append blob.
const MOST_APPENDED: usize = 50_000;

/// What an appended block asks of the blob's length.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AppendConditions {
    /// Where the block is to begin.
    pub(crate) position: Option<u64>,
    /// What the blob's length may be afterwards.
    pub(crate) largest: Option<u64>,
}

/// How many blocks an append blob has.
pub(crate) fn count(read: &impl Read, blob: &Blob) -> Result<usize> {
    match &blob.content {
        Content::Pieces(id) => Ok(content::pieces(read, id)?.len()),
        Content::Empty => Ok(0),
        Content::Whole(_) => Ok(1),
    }
}

impl Tree {
    /// How many blocks an append blob has.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn appended_blocks(&self, blob: &Blob) -> Result<usize> {
        self.read(|snapshot| count(snapshot, blob))
    }

    /// Adds a block to an append blob: the blob afterwards, where the block begins, and
    /// how many there are.
    ///
    /// # Errors
    /// The blob is not there or of another kind; conditions that do not hold.
    pub(crate) async fn append_block(
        &self,
        at: Address,
        conditions: Conditions,
        wanted: AppendConditions,
        body: Received,
    ) -> Result<(Blob, u64, usize)> {
        let stamp = self.stamp();
        let ids = self.state.ids.clone();
        self.write(move |txn| {
            let (container, mut blob) = existing(txn, &at)?;
            conditions.check_write(Some(blob.version()), Code::ConditionNotMet)?;
            leases::check_write(
                blob.lease.as_ref(),
                conditions.lease(),
                stamp.now,
                BLOB_LEASE,
            )?;
            if blob.kind != BlobType::Append {
                return Err(Code::InvalidBlobType.into());
            }
            let (offset, length) = (blob.length, body.length());
            if wanted.position.is_some_and(|position| position != offset) {
                return Err(Code::AppendPositionConditionNotMet.into());
            }
            if wanted
                .largest
                .is_some_and(|largest| offset + length > largest)
            {
                return Err(Code::MaxBlobSizeConditionNotMet.into());
            }
            let blocks = count(txn, &blob)? + 1;
            if blocks > MOST_APPENDED {
                return Err(Code::BlockCountExceedsLimit.into());
            }
            let piece = Piece {
                at: offset,
                from: 0,
                length,
                body: body.keep(txn, &ids)?,
                block: String::new(),
            };
            blob.content = ranges::extend(txn, &ids, &blob.content, offset, vec![piece])?;
            blob.length = offset + length;
            blob.headers.md5.clear();
            blob.etag = stamp.etag;
            blob.modified = stamp.now;
            txn.put_json(BLOBS, key(&container, &at.name), &blob)?;
            Ok((blob, offset, blocks))
        })
        .await
    }

    /// Writes pages of a page blob, or clears them.
    ///
    /// # Errors
    /// The blob is not there or of another kind; [`Code::InvalidPageRange`] behind its end;
    /// conditions that do not hold.
    pub(crate) async fn write_pages(
        &self,
        at: Address,
        conditions: Conditions,
        range: Range<u64>,
        body: Option<Received>,
    ) -> Result<Blob> {
        let stamp = self.stamp();
        let ids = self.state.ids.clone();
        self.write(move |txn| {
            let (container, mut blob) = existing(txn, &at)?;
            conditions.check_write(Some(blob.version()), Code::ConditionNotMet)?;
            leases::check_write(
                blob.lease.as_ref(),
                conditions.lease(),
                stamp.now,
                BLOB_LEASE,
            )?;
            if blob.kind != BlobType::Page {
                return Err(Code::InvalidBlobType.into());
            }
            if range.end > blob.length {
                return Err(Code::InvalidPageRange.into());
            }
            let body = match body {
                Some(body) => Some(body.keep(txn, &ids)?),
                None => None,
            };
            let place = (range.start, range.end - range.start);
            blob.content = ranges::write(txn, &ids, &blob.content, blob.length, place, body)?;
            blob.headers.md5.clear();
            blob.etag = stamp.etag;
            blob.modified = stamp.now;
            txn.put_json(BLOBS, key(&container, &at.name), &blob)?;
            Ok(blob)
        })
        .await
    }

    /// A page blob and the ranges of it that were written, of those that meet `wanted`.
    ///
    /// # Errors
    /// The blob is not there or of another kind.
    pub(crate) fn page_ranges(
        &self,
        at: &Address,
        wanted: Option<Range<u64>>,
    ) -> Result<(Blob, Vec<(u64, u64)>)> {
        self.read(|snapshot| {
            let (_, blob) = existing(snapshot, at)?;
            if blob.kind != BlobType::Page {
                return Err(Code::InvalidBlobType.into());
            }
            let written = ranges::written(snapshot, &blob.content, blob.length)?;
            let wanted = wanted.unwrap_or(0..blob.length);
            let met = written
                .into_iter()
                .map(|(start, end)| (start.max(wanted.start), end.min(wanted.end)))
                .filter(|(start, end)| start < end)
                .collect();
            Ok((blob, met))
        })
    }
}
