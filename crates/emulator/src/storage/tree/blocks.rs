//! Blocks of block blobs: put one by one, then committed as a list.

use std::collections::HashMap;

use super::blobs::{self, NewBlob, Replacement};
use super::content::{self, Received};
use super::leases::{self, BLOB_LEASE};
use super::model::{Blob, BlobType, Block, Body, Content, Piece};
use super::{Address, Tree};
use crate::state::{Ids, Key, KeyRange, Read, WriteTxn};
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result};

const BLOCKS: &str = "storage/blocks";

/// Most blocks that one blob may be committed from.
pub(crate) const MOST_COMMITTED: usize = 50_000;

/// Where a block of a list is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Among the blocks of the blob as it is.
    Committed,
    /// Among the blocks that were put since.
    Uncommitted,
    /// Among those that were put since, else in the blob.
    Latest,
}

/// A block as "Get Block List" shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedBlock {
    pub(crate) id: String,
    pub(crate) length: u64,
}

/// The blocks of a blob.
#[derive(Debug, Default)]
pub(crate) struct BlockLists {
    /// The blob, if it was ever committed.
    pub(crate) blob: Option<Blob>,
    pub(crate) committed: Vec<ListedBlock>,
    pub(crate) uncommitted: Vec<ListedBlock>,
}

fn key(container: &str, name: &str, id: &str) -> Key {
    Key::of([container, name, id])
}

fn uncommitted(read: &impl Read, container: &str, name: &str) -> Result<Vec<(String, Block)>> {
    let range = KeyRange::prefix(Key::of([container, name]));
    let mut blocks = Vec::new();
    for (key, value) in read.scan(BLOCKS, &range, usize::MAX)? {
        let id = Key::parts(&key).pop().unwrap_or_default();
        if let Ok(block) = serde_json::from_slice(&value) {
            blocks.push((String::from_utf8_lossy(&id).into_owned(), block));
        }
    }
    Ok(blocks)
}

/// Drops the uncommitted blocks of a blob and their bytes.
pub(super) fn discard(txn: &mut WriteTxn<'_>, container: &str, name: &str) -> Result<()> {
    for (id, block) in uncommitted(txn, container, name)? {
        content::release_body(txn, &block.body)?;
        txn.remove(BLOCKS, key(container, name, &id))?;
    }
    Ok(())
}

/// Drops up to `limit` blocks of a range; whether none is left.
pub(super) fn remove_some(txn: &mut WriteTxn<'_>, range: &KeyRange, limit: usize) -> Result<bool> {
    let blocks = txn.scan(BLOCKS, range, limit)?;
    for (key, value) in &blocks {
        if let Ok(block) = serde_json::from_slice::<Block>(value) {
            content::release_body(txn, &block.body)?;
        }
        txn.remove(BLOCKS, key)?;
    }
    Ok(blocks.len() < limit)
}

impl Tree {
    /// Puts a block; it shows only once it is committed. `id` is the base64 text.
    ///
    /// # Errors
    /// [`Code::ContainerNotFound`]; [`Code::InvalidBlobOrBlock`] when the ids of one blob
    /// do not all have the same length; [`Code::InvalidBlobType`] for a blob of another kind.
    pub(crate) async fn put_block(
        &self,
        at: Address,
        lease: Option<String>,
        id: String,
        body: Received,
    ) -> Result<()> {
        let now = self.stamp().now;
        let ids = self.state.ids.clone();
        self.write(move |txn| {
            let container = super::container(txn, &at.account, &at.container)?.id;
            let range = KeyRange::prefix(Key::of([&container, &at.name]));
            let other = txn.scan(BLOCKS, &range, 1)?.pop();
            let other = other.and_then(|(key, _)| Key::parts(&key).pop());
            if other.is_some_and(|other| other.len() != id.len()) {
                return Err(Code::InvalidBlobOrBlock.into());
            }
            let blob: Option<Blob> =
                txn.get_json(super::BLOBS, blobs::key(&container, &at.name))?;
            if let Some(blob) = blob {
                leases::check_write(blob.lease.as_ref(), lease.as_deref(), now, BLOB_LEASE)?;
                if blob.kind != BlobType::Block {
                    return Err(Code::InvalidBlobType.into());
                }
            }
            let key = key(&container, &at.name, &id);
            if let Some(old) = txn.get_json::<Block>(BLOCKS, &key)? {
                content::release_body(txn, &old.body)?;
            }
            let block = Block {
                length: body.length(),
                body: body.keep(txn, &ids)?,
            };
            txn.put_json(BLOCKS, &key, &block)?;
            Ok(())
        })
        .await
    }

    /// Makes the blob of the listed blocks, in their order. Blocks that are not in the
    /// list are dropped.
    ///
    /// # Errors
    /// [`Code::InvalidBlockList`] when a block is not where the list says; conditions
    /// that do not hold.
    pub(crate) async fn put_block_list(
        &self,
        at: Address,
        conditions: Conditions,
        new: NewBlob,
        list: Vec<(Wanted, String)>,
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
            if old.as_ref().is_some_and(|old| old.kind != BlobType::Block) {
                return Err(Code::InvalidBlobType.into());
            }
            let old_content = old
                .as_ref()
                .map(|old| old.content.clone())
                .unwrap_or_default();
            let taken = content::take_pieces(txn, &old_content)?;
            let mut committed = Supply::new(taken.into_iter().map(|p| (p.block, p.body, p.length)));
            let put = uncommitted(txn, &container, &at.name)?;
            for (id, _) in &put {
                txn.remove(BLOCKS, key(&container, &at.name, id))?;
            }
            let mut uncommitted =
                Supply::new(put.into_iter().map(|(id, b)| (id, b.body, b.length)));
            let (pieces, length) = assemble(txn, &ids, (&mut committed, &mut uncommitted), list)?;
            committed.release_unused(txn)?;
            uncommitted.release_unused(txn)?;
            let content = content::keep_pieces(txn, &ids, &pieces)?;
            let mut blob = new.into_blob(stamp, length, content);
            let old = old.map(|old| {
                blob.created = old.created;
                Blob {
                    content: match old.content {
                        Content::Pieces(_) => Content::Empty,
                        other => other,
                    },
                    ..old
                }
            });
            replacement.put(txn, &container, old.as_ref(), &blob)?;
            Ok(blob)
        })
        .await
    }

    /// The committed and the uncommitted blocks of a blob.
    ///
    /// # Errors
    /// [`Code::ContainerNotFound`]; [`Code::BlobNotFound`] when there are neither.
    pub(crate) fn block_lists(&self, at: &Address) -> Result<BlockLists> {
        self.read(|snapshot| {
            let container = super::container(snapshot, &at.account, &at.container)?.id;
            let blob: Option<Blob> =
                snapshot.get_json(super::BLOBS, blobs::key(&container, &at.name))?;
            let uncommitted: Vec<_> = uncommitted(snapshot, &container, &at.name)?
                .into_iter()
                .map(|(id, block)| ListedBlock {
                    id,
                    length: block.length,
                })
                .collect();
            if blob.is_none() && uncommitted.is_empty() {
                return Err(Code::BlobNotFound.into());
            }
            let committed = match blob.as_ref().map(|blob| &blob.content) {
                Some(Content::Pieces(id)) => content::pieces(snapshot, id)?
                    .into_iter()
                    .map(|piece| ListedBlock {
                        id: piece.block,
                        length: piece.length,
                    })
                    .collect(),
                _ => Vec::new(),
            };
            Ok(BlockLists {
                blob,
                committed,
                uncommitted,
            })
        })
    }
}

/// The blocks a list can choose from. The first use of a block takes its body over,
/// any further one shares it.
struct Supply(HashMap<String, Stock>);

struct Stock {
    body: Body,
    length: u64,
    used: bool,
}

impl Supply {
    fn new(blocks: impl IntoIterator<Item = (String, Body, u64)>) -> Self {
        let stock = |(id, body, length)| {
            let used = false;
            (id, Stock { body, length, used })
        };
        Self(blocks.into_iter().map(stock).collect())
    }

    fn take(&mut self, txn: &mut WriteTxn<'_>, ids: &Ids, id: &str) -> Result<Option<(Body, u64)>> {
        let Some(stock) = self.0.get_mut(id) else {
            return Ok(None);
        };
        let body = if stock.used {
            content::share_body(txn, ids, &stock.body)?
        } else {
            stock.used = true;
            stock.body.clone()
        };
        Ok(Some((body, stock.length)))
    }

    fn release_unused(&self, txn: &mut WriteTxn<'_>) -> Result<()> {
        for stock in self.0.values().filter(|stock| !stock.used) {
            content::release_body(txn, &stock.body)?;
        }
        Ok(())
    }
}

/// Lays the listed blocks one behind the other.
fn assemble(
    txn: &mut WriteTxn<'_>,
    ids: &Ids,
    (committed, uncommitted): (&mut Supply, &mut Supply),
    list: Vec<(Wanted, String)>,
) -> Result<(Vec<Piece>, u64)> {
    let mut pieces = Vec::with_capacity(list.len());
    let mut at = 0;
    for (wanted, block) in list {
        let mut found = None;
        if wanted != Wanted::Committed {
            found = uncommitted.take(txn, ids, &block)?;
        }
        if found.is_none() && wanted != Wanted::Uncommitted {
            found = committed.take(txn, ids, &block)?;
        }
        let (body, length) = found.ok_or(Code::InvalidBlockList)?;
        pieces.push(Piece {
            at,
            from: 0,
            length,
            body,
            block,
        });
        at += length;
    }
    Ok((pieces, at))
}
