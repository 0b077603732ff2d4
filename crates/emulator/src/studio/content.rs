//! Bytes in and out: request bodies to stored bodies, stored bodies to answers.

use std::{
    io::{self, Read},
    ops::Range,
};

use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};

use super::{
    model::{Content, Segment},
    refusal::Refusal,
};
use crate::state::{Error, Files, NewFile, WriteTxn};

/// Bytes beyond the limit that are still read, so that the client hears the
/// answer instead of a reset connection.
const DRAIN: u64 = 1 << 30;

/// Stores a request body of at most `limit` bytes; `None` when it is empty.
pub(super) async fn receive(
    files: &Files,
    body: Body,
    limit: u64,
) -> Result<Option<NewFile>, Refusal> {
    let mut stream = body.into_data_stream();
    let mut writer = None;
    let mut length = 0u64;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Refusal::bad_request("The request body ended early."))?;
        length = length.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if length > limit {
            drop(writer);
            drain(stream).await;
            return Err(Refusal::too_long());
        }
        if !chunk.is_empty() {
            if writer.is_none() {
                writer = Some(files.create().await?);
            }
            if let Some(writer) = &mut writer {
                writer.write(chunk).await?;
            }
        }
    }
    match writer {
        Some(writer) => Ok(Some(writer.finish().await?)),
        None => Ok(None),
    }
}

async fn drain<E>(mut stream: impl Stream<Item = Result<Bytes, E>> + Unpin) {
    let mut length = 0;
    while let Some(Ok(chunk)) = stream.next().await {
        length += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        if length > DRAIN {
            return;
        }
    }
}

/// Keeps a received body in this commit.
pub(super) fn adopt(txn: &mut WriteTxn<'_>, file: Option<NewFile>) -> Result<Content, Error> {
    let Some(file) = file else {
        return Ok(Content::default());
    };
    let length = file.length();
    let file = txn.adopt(file)?;
    Ok(Content(vec![Segment { file, length }]))
}

/// Counts one more reference to every body.
pub(super) fn retain(txn: &mut WriteTxn<'_>, content: &Content) -> Result<(), Error> {
    content
        .0
        .iter()
        .try_for_each(|segment| txn.retain(&segment.file))
}

/// Counts one reference less to every body.
pub(super) fn release(txn: &mut WriteTxn<'_>, content: &Content) -> Result<(), Error> {
    content
        .0
        .iter()
        .try_for_each(|segment| txn.release(&segment.file))
}

/// The bytes of `range` as a response body.
///
/// The first body is opened at once, so that a loss shows in the status.
pub(super) async fn send(
    files: &Files,
    content: &Content,
    range: Range<u64>,
) -> Result<Body, Refusal> {
    let mut parts = Vec::new();
    let mut at = 0;
    for segment in &content.0 {
        let end = at + segment.length;
        if at < range.end && range.start < end {
            let part = range.start.max(at) - at..range.end.min(end) - at;
            parts.push((segment.file.clone(), part));
        }
        at = end;
    }
    let mut parts = parts.into_iter();
    let Some((first, part)) = parts.next() else {
        return Ok(Body::empty());
    };
    let first = files.read(&first).await?.stream(part);
    let files = files.clone();
    let others = stream::iter(parts)
        .then(move |(file, part)| {
            let files = files.clone();
            async move { Ok::<_, Error>(files.read(&file).await?.stream(part)) }
        })
        .try_flatten();
    Ok(Body::from_stream(first.chain(others)))
}

/// Reads stored bytes on a thread that may block.
pub(super) struct Reader {
    files: Files,
    segments: std::vec::IntoIter<Segment>,
    current: Option<std::fs::File>,
}

impl Reader {
    pub(super) fn new(files: &Files, content: &Content) -> Self {
        Self {
            files: files.clone(),
            segments: content.0.clone().into_iter(),
            current: None,
        }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(file) = &mut self.current {
                let count = file.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
            }
            let Some(segment) = self.segments.next() else {
                return Ok(0);
            };
            let file = self.files.open_blocking(&segment.file);
            self.current = Some(file.map_err(io::Error::other)?.into_file());
        }
    }
}
