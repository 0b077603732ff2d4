//! The bytes of files: extents by offset, small ones in the store and large ones as files of their own.
//! Knows nothing of names and paths.

use std::ops::{ControlFlow, Range};

use bytes::{BufMut as _, Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

use super::error::Result;
use crate::state::{self, FileId, Files, Key, KeyRange, NewFile, Order, Read, WriteTxn};

const EXTENTS: &str = "gen1/extents";
/// Bodies up to this many bytes are kept in the store: one fsync is shared by many of them.
const INLINE: usize = 64 << 10;

const TAG_INLINE: u8 = 0;
const TAG_FILE: u8 = 1;

/// Received bytes that no file refers to yet.
#[derive(Debug)]
pub(super) enum Received {
    Inline(Bytes),
    Stored(NewFile),
}

impl Received {
    /// Makes the bytes durable where they are too many for the store.
    pub(super) async fn take(files: &Files, body: Bytes) -> Result<Self> {
        if body.len() <= INLINE {
            return Ok(Self::Inline(body));
        }
        Ok(Self::Stored(files.store(body).await?))
    }

    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Inline(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::Stored(file) => file.length(),
        }
    }

    /// Adds the bytes to a file at `offset`.
    pub(super) fn keep(
        self,
        transaction: &mut WriteTxn<'_>,
        store: &str,
        node: &str,
        offset: u64,
    ) -> Result<()> {
        let mut value = BytesMut::new();
        match self {
            Self::Inline(bytes) if bytes.is_empty() => return Ok(()),
            Self::Inline(bytes) => {
                value.put_u8(TAG_INLINE);
                value.extend_from_slice(&bytes);
            }
            Self::Stored(file) => {
                value.put_u8(TAG_FILE);
                value.put_u64(file.length());
                let id = transaction.adopt(file)?;
                value.extend_from_slice(id.as_ref());
            }
        }
        Ok(transaction.put(EXTENTS, key(store, node, offset), value)?)
    }
}

#[derive(Clone, Debug)]
enum Extent {
    Inline(Bytes),
    File(FileId, u64),
}

impl Extent {
    fn read(value: &[u8]) -> Option<Self> {
        let (tag, rest) = value.split_first()?;
        if *tag == TAG_INLINE {
            return Some(Self::Inline(Bytes::copy_from_slice(rest)));
        }
        let (length, id) = rest.split_first_chunk::<8>()?;
        let id =
            serde_json::from_value(serde_json::Value::from(std::str::from_utf8(id).ok()?)).ok()?;
        Some(Self::File(id, u64::from_be_bytes(*length)))
    }

    fn length(&self) -> u64 {
        match self {
            Self::Inline(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::File(_, length) => *length,
        }
    }
}

/// Sixteen hex digits sort as the numbers do.
fn key(store: &str, node: &str, offset: u64) -> Key {
    Key::of([store, node, &format!("{offset:016x}")])
}

fn offset_of(key: &[u8]) -> u64 {
    Key::parts(key)
        .pop()
        .and_then(|part| String::from_utf8(part).ok())
        .and_then(|text| u64::from_str_radix(&text, 16).ok())
        .unwrap_or(0)
}

/// Where the bytes of a range are.
#[derive(Debug, Default)]
pub(super) struct Plan(Vec<(Extent, Range<u64>)>);

impl Plan {
    /// Finds the extents that cover `wanted`.
    pub(super) fn find(
        read: &impl Read,
        store: &str,
        node: &str,
        wanted: &Range<u64>,
    ) -> Result<Self> {
        let mut plan = Self::default();
        if wanted.is_empty() {
            return Ok(plan);
        }
        let all = KeyRange::prefix(Key::of([store, node]));
        // The extent that holds the first byte begins at or before it.
        let mut start = 0;
        read.visit(
            EXTENTS,
            &all.clone().up_to(key(store, node, wanted.start)),
            Order::Descending,
            |key, _| {
                start = offset_of(key);
                Ok::<_, state::Error>(ControlFlow::Break(()))
            },
        )?;
        let range = all.starting_at(key(store, node, start));
        read.visit(EXTENTS, &range, Order::Ascending, |key, value| {
            let begin = offset_of(key);
            if begin >= wanted.end {
                return Ok(ControlFlow::Break(()));
            }
            if let Some(extent) = Extent::read(value) {
                let from = wanted.start.max(begin) - begin;
                let to = wanted.end.min(begin + extent.length()) - begin;
                if from < to {
                    plan.0.push((extent, from..to));
                }
            }
            Ok::<_, state::Error>(ControlFlow::Continue(()))
        })?;
        Ok(plan)
    }

    /// The bytes, in chunks.
    pub(super) fn stream(
        self,
        files: Files,
    ) -> BoxStream<'static, std::result::Result<Bytes, state::Error>> {
        stream::iter(self.0)
            .then(move |(extent, range)| {
                let files = files.clone();
                async move {
                    Ok::<_, state::Error>(match extent {
                        Extent::Inline(bytes) => {
                            let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                            let part = bytes.slice(index(range.start)..index(range.end));
                            stream::once(async move { Ok(part) }).boxed()
                        }
                        Extent::File(id, _) => files.read(&id).await?.stream(range).boxed(),
                    })
                }
            })
            .try_flatten()
            .boxed()
    }
}

/// Opened extents, read at any offset on a thread that may block.
#[derive(Debug)]
pub(super) struct Pieces(Vec<(u64, Piece)>);

#[derive(Debug)]
enum Piece {
    Inline(Bytes),
    File(std::fs::File, Range<u64>),
}

impl Plan {
    /// Opens the files that hold the bytes; their places count from the first.
    pub(super) fn open_blocking(self, files: &Files) -> std::result::Result<Pieces, state::Error> {
        let mut pieces = Vec::with_capacity(self.0.len());
        let mut at = 0;
        for (extent, range) in self.0 {
            let length = range.end - range.start;
            let piece = match extent {
                Extent::Inline(bytes) => {
                    let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                    Piece::Inline(bytes.slice(index(range.start)..index(range.end)))
                }
                Extent::File(id, _) => Piece::File(files.open_blocking(&id)?.into_file(), range),
            };
            pieces.push((at, piece));
            at += length;
        }
        Ok(Pieces(pieces))
    }
}

impl Pieces {
    /// Reads from the extent that holds `offset`; 0 bytes only at the end.
    pub(super) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        use std::os::unix::fs::FileExt as _;
        let after = self.0.partition_point(|(start, _)| *start <= offset);
        let Some((start, piece)) = after.checked_sub(1).and_then(|at| self.0.get(at)) else {
            return Ok(0);
        };
        let within = offset - start;
        match piece {
            Piece::Inline(bytes) => {
                let from = usize::try_from(within)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                let length = buffer.len().min(bytes.len() - from);
                buffer[..length].copy_from_slice(&bytes[from..from + length]);
                Ok(length)
            }
            Piece::File(file, range) => {
                let left = (range.end - range.start).saturating_sub(within);
                let length = buffer
                    .len()
                    .min(usize::try_from(left).unwrap_or(usize::MAX));
                file.read_at(&mut buffer[..length], range.start + within)
            }
        }
    }
}

/// Removes the bytes of a file.
pub(super) fn remove(
    transaction: &mut WriteTxn<'_>,
    store: &str,
    node: &str,
) -> Result<(), state::Error> {
    remove_range(transaction, &KeyRange::prefix(Key::of([store, node])))
}

/// Removes the bytes of every file of a store.
pub(super) fn remove_all(transaction: &mut WriteTxn<'_>, store: &str) -> Result<(), state::Error> {
    remove_range(transaction, &KeyRange::prefix(Key::of([store])))
}

fn remove_range(transaction: &mut WriteTxn<'_>, range: &KeyRange) -> Result<(), state::Error> {
    for (key, value) in transaction.scan(EXTENTS, range, usize::MAX)? {
        if let Some(Extent::File(id, _)) = Extent::read(&value) {
            transaction.release(&id)?;
        }
        transaction.remove(EXTENTS, key)?;
    }
    Ok(())
}

/// Moves the bytes of `source` behind the first `length` bytes of `target`.
pub(super) fn move_behind(
    transaction: &mut WriteTxn<'_>,
    store: &str,
    source: &str,
    target: &str,
    length: u64,
) -> Result<()> {
    let range = KeyRange::prefix(Key::of([store, source]));
    for (old, value) in transaction.scan(EXTENTS, &range, usize::MAX)? {
        transaction.put(EXTENTS, key(store, target, length + offset_of(&old)), value)?;
        transaction.remove(EXTENTS, old)?;
    }
    Ok(())
}
