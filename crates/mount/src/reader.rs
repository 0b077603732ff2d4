//! Reading files: blocks out of memory, else one request for all who wait for a block.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::backend::{Backend, Cause, Failure, File, Result};
use crate::blocks::{Blocks, Key};
use crate::flights::{Flight, Flights};
use crate::pattern::Pattern;

/// Requests at once, whatever asks for them.
const AT_ONCE: usize = 32;

/// A file that is open for reading: one version of it, whatever is written meanwhile.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) path: Arc<str>,
    pub(crate) file: File,
    pattern: Mutex<Pattern>,
}

/// Reads files of a backend.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    backend: Arc<dyn Backend>,
    runtime: Handle,
    block: u64,
    blocks: Arc<Blocks>,
    flights: Arc<Flights<Key, Bytes>>,
    requests: Arc<Semaphore>,
    /// Blocks that may be on their way before somebody asks for them.
    ahead: Arc<Semaphore>,
}

impl Reader {
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        runtime: Handle,
        block: u64,
        cache_bytes: usize,
    ) -> Self {
        let size = usize::try_from(block).unwrap_or(usize::MAX);
        Self {
            backend,
            runtime,
            block,
            blocks: Arc::new(Blocks::new(cache_bytes)),
            flights: Arc::default(),
            requests: Arc::new(Semaphore::new(AT_ONCE)),
            ahead: Arc::new(Semaphore::new((cache_bytes / 4 / size).max(1))),
        }
    }

    /// Opens a version of a file.
    pub(crate) fn open(&self, path: Arc<str>, file: File) -> Open {
        let pattern = Mutex::new(Pattern::new(self.block, file.length));
        Open {
            path,
            file,
            pattern,
        }
    }

    /// The bytes from `offset` on, as many as there are up to `size`.
    pub(crate) async fn read(&self, open: &Open, offset: u64, size: u64) -> Result<Bytes> {
        let end = offset.saturating_add(size).min(open.file.length);
        if offset >= end {
            return Ok(Bytes::new());
        }
        let range = offset..end;
        let plan = {
            let pattern = open.pattern.lock();
            let mut pattern = pattern.unwrap_or_else(PoisonError::into_inner);
            let plan = pattern.plan(&range);
            if let Some(block) = self.fetch_ahead(open, plan.ahead.clone()) {
                pattern.stopped_at(block);
            }
            plan
        };
        let (first, last) = (range.start / self.block, (range.end - 1) / self.block);
        if first == last {
            let start = first * self.block;
            if let Some(block) = self.at_hand(open, first).await {
                return part(&block?, range.start - start..range.end - start);
            }
            if !plan.whole {
                return self.request(open, range).await;
            }
            let block = self.block(open, first, None).await?;
            return part(&block, range.start - start..range.end - start);
        }
        let flights: Vec<_> = (first..=last)
            .map(|index| self.block(open, index, None))
            .collect();
        let mut whole = BytesMut::new();
        for (index, flight) in (first..=last).zip(flights) {
            let start = index * self.block;
            let block = flight.await?;
            let from = range.start.saturating_sub(start);
            let to = (range.end - start).min(self.block);
            whole.extend_from_slice(&part(&block, from..to)?);
        }
        Ok(whole.freeze())
    }

    /// A block that is in memory or on its way.
    async fn at_hand(&self, open: &Open, index: u64) -> Option<Result<Bytes>> {
        let key = key(open, index);
        if let Some(block) = self.blocks.get(&key) {
            return Some(Ok(block));
        }
        Some(self.flights.joined(&key)?.await)
    }

    /// A block, from memory or by a request that others can wait for too.
    fn block(
        &self,
        open: &Open,
        index: u64,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Flight<Bytes> {
        let key = key(open, index);
        let start = index * self.block;
        let range = start..(start + self.block).min(open.file.length);
        self.flights.once(&self.runtime, key.clone(), || {
            let (reader, path, etag) = (self.clone(), key.0.clone(), key.1.clone());
            async move {
                let _ahead = permit;
                if let Some(block) = reader.blocks.get(&key) {
                    return Ok(block);
                }
                let block = reader.send(&path, range, &etag).await?;
                reader.blocks.put(key, block.clone());
                Ok(block)
            }
        })
    }

    /// Starts to fetch blocks; gives the first one for which there was no room.
    fn fetch_ahead(&self, open: &Open, blocks: Range<u64>) -> Option<u64> {
        for index in blocks {
            let key = key(open, index);
            if self.flights.joined(&key).is_some() || self.blocks.get(&key).is_some() {
                continue;
            }
            let Ok(permit) = Arc::clone(&self.ahead).try_acquire_owned() else {
                return Some(index);
            };
            // One that fails is asked for again when it is needed.
            drop(self.block(open, index, Some(permit)));
        }
        None
    }

    /// Some bytes without keeping them.
    async fn request(&self, open: &Open, range: Range<u64>) -> Result<Bytes> {
        self.send(&open.path, range, &open.file.etag).await
    }

    async fn send(&self, path: &str, range: Range<u64>, etag: &str) -> Result<Bytes> {
        let closed = |_| Failure::new(Cause::Other, "the mount is going away");
        let _permit = self.requests.acquire().await.map_err(closed)?;
        let length = range.end - range.start;
        let bytes = self.backend.read(path, range, etag).await?;
        if u64::try_from(bytes.len()) != Ok(length) {
            let text = format!("'{path}': {} of {length} bytes came", bytes.len());
            return Err(Failure::new(Cause::Other, text));
        }
        Ok(bytes)
    }
}

fn key(open: &Open, index: u64) -> Key {
    (open.path.clone(), open.file.etag.clone(), index)
}

fn part(block: &Bytes, range: Range<u64>) -> Result<Bytes> {
    let index = |at| usize::try_from(at).unwrap_or(usize::MAX);
    let range = index(range.start)..index(range.end);
    if range.end > block.len() {
        return Err(Failure::new(Cause::Other, "a block is too short"));
    }
    Ok(block.slice(range))
}
