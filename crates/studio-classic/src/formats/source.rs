//! The chunks of one input, shared out among threads.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::FormatError;
use super::chunks::{ChunkError, Chunks, Fault};
use super::scan::Chunk;

/// Where threads take their chunks from.
pub(super) struct Source<'i> {
    queue: Mutex<Queue<'i>>,
}

struct Queue<'i> {
    chunks: Chunks<'i>,
    /// The first chunk, without the header.
    first: Option<(u64, Vec<u8>)>,
    next: usize,
    stopped: bool,
}

impl<'i> Source<'i> {
    /// Chunks after a first one, which was read for its header and is given without it.
    pub(super) fn new(chunks: Chunks<'i>, offset: u64, first: Vec<u8>) -> Self {
        Self {
            queue: Mutex::new(Queue {
                chunks,
                first: Some((offset, first)),
                next: 0,
                stopped: false,
            }),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue<'i>> {
        lock(&self.queue)
    }

    /// Replaces `text` by a chunk that was handed out before.
    pub(super) fn read_again(&self, offset: u64, len: usize, text: &mut Vec<u8>) -> io::Result<()> {
        self.queue().chunks.read_again(offset, len, text)
    }

    /// Takes the next chunk into `text`: its number and offset. After an error there is none.
    fn take(&self, text: &mut Vec<u8>) -> Option<(usize, Result<u64, ChunkError>)> {
        let mut queue = self.queue();
        if queue.stopped {
            return None;
        }
        let number = queue.next;
        queue.next += 1;
        if let Some((offset, first)) = queue.first.take() {
            *text = first;
            return Some((number, Ok(offset)));
        }
        let offset = queue.chunks.next(text).transpose()?;
        queue.stopped = offset.is_err();
        Some((number, offset))
    }

    /// Parses every chunk and returns the results in order.
    ///
    /// # Errors
    ///
    /// The error in the earliest chunk, whichever thread comes upon one first.
    pub(super) fn for_each<T: Send>(
        &self,
        threads: usize,
        parse: impl Fn(Chunk<'_>) -> Result<T, Fault> + Sync,
    ) -> Result<Vec<T>, FormatError> {
        let parsed = Mutex::new(Vec::new());
        on_threads(threads, || {
            let mut text = Vec::new();
            while let Some((number, offset)) = self.take(&mut text) {
                let result = offset.and_then(|offset| {
                    let first = number == 0;
                    Ok(parse(Chunk {
                        text: &text,
                        offset,
                        first,
                    })?)
                });
                if result.is_err() {
                    self.queue().stopped = true;
                }
                lock(&parsed).push((number, result));
            }
        });
        let mut parsed = parsed.into_inner().unwrap_or_else(PoisonError::into_inner);
        parsed.sort_unstable_by_key(|(number, _)| *number);
        let parsed: Result<_, ChunkError> = parsed.into_iter().map(|(_, result)| result).collect();
        parsed.map_err(|error| self.queue().chunks.locate(error))
    }
}

/// A panic in another thread comes out when the scope ends, so its lock is good enough here.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` on this thread and on others besides it.
pub(super) fn on_threads(threads: usize, work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(&work);
        }
        work();
    });
}
