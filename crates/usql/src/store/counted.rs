//! A store that counts the bytes that are read from it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Entry, FileInfo, FileStore, InputFile, StorePath, Transaction};

/// Another store, with counters that every read adds to.
#[derive(Debug)]
pub(crate) struct Counted {
    store: Arc<dyn FileStore>,
    counters: [Arc<AtomicU64>; 2],
}

impl Counted {
    pub(crate) fn new(store: Arc<dyn FileStore>, counters: [Arc<AtomicU64>; 2]) -> Self {
        Self { store, counters }
    }
}

impl FileStore for Counted {
    fn info(&self, path: &StorePath) -> io::Result<Option<FileInfo>> {
        self.store.info(path)
    }

    fn list(&self, folder: &StorePath) -> io::Result<Vec<Entry>> {
        self.store.list(folder)
    }

    fn open(&self, path: &StorePath) -> io::Result<Box<dyn InputFile>> {
        Ok(Box::new(CountedInput {
            input: self.store.open(path)?,
            counters: self.counters.clone(),
        }))
    }

    fn begin(&self) -> io::Result<Box<dyn Transaction>> {
        self.store.begin()
    }
}

struct CountedInput {
    input: Box<dyn InputFile>,
    counters: [Arc<AtomicU64>; 2],
}

impl InputFile for CountedInput {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read_at(offset, buffer)?;
        for counter in &self.counters {
            counter.fetch_add(u64::try_from(read).unwrap_or(0), Ordering::Relaxed);
        }
        Ok(read)
    }
}
