//! Files of unknown length, written as their bytes come.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::stream::{FuturesUnordered, Stream, TryStreamExt};

use super::store::{Parts, Written};
use super::{Datastore, mode};
use crate::error::{Error, Result};

/// Size of a part, and how many are sent at once.
const PART: usize = 8 << 20;
const PARTS_AT_ONCE: usize = 8;

impl Datastore {
    /// Writes a file from a stream of bytes, whose length need not be known. It shows once
    /// it is complete; at most 64 MiB are held in memory. Gives `false` if there is one
    /// that may not be overwritten.
    ///
    /// # Errors
    /// An error of the stream; a refusal by the service; [`Error::Unsupported`] for kinds
    /// without files. Nothing shows then.
    pub async fn write_stream(
        &self,
        path: &str,
        content: impl Stream<Item = io::Result<Bytes>> + Send,
        overwrite: bool,
    ) -> Result<bool> {
        let parts = self.store()?.begin(path).await?;
        match send(&parts, path, content).await {
            Ok((count, length)) => {
                let written = parts.finish(count, length, &mode(overwrite)).await?;
                Ok(written != Written::Existed)
            }
            Err(error) => {
                parts.abort().await?;
                Err(error)
            }
        }
    }
}

/// Sends all parts; how many there were, and their length together.
async fn send(
    parts: &Arc<dyn Parts>,
    path: &str,
    content: impl Stream<Item = io::Result<Bytes>> + Send,
) -> Result<(usize, u64)> {
    let mut content = std::pin::pin!(content);
    let mut sending = FuturesUnordered::new();
    let (mut count, mut length) = (0, 0);
    let mut buffer = BytesMut::new();
    let mut ended = false;
    while !ended {
        let next = content.try_next().await;
        match next.map_err(Error::local("reading what is written to", path))? {
            Some(chunk) => buffer.extend_from_slice(&chunk),
            None => ended = true,
        }
        while buffer.len() >= PART || (ended && !buffer.is_empty()) {
            let part = buffer.split_to(buffer.len().min(PART)).freeze();
            let (index, offset) = (count, length);
            count += 1;
            length += u64::try_from(part.len()).unwrap_or(u64::MAX);
            if sending.len() == PARTS_AT_ONCE {
                sending.try_next().await?;
            }
            sending.push(async move { parts.write(index, offset, part).await });
        }
    }
    while sending.try_next().await?.is_some() {}
    Ok((count, length))
}
