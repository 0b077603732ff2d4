//! What both directions of a transfer have in common: how it is done, and its files one beside the other.

use std::future::Future;
use std::sync::Arc;

use futures::{StreamExt as _, stream};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    TransferSummary, failed,
    gauge::{Gauge, Observer},
};
use crate::{FileSystem, Result};

/// Parts of files that are moved at once when nothing else is asked for.
const PARALLEL: usize = 16;

/// How a transfer is done.
pub(super) struct Options {
    pub(super) overwrite: bool,
    pub(super) parallel: usize,
    pub(super) observer: Option<Observer>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            overwrite: false,
            parallel: PARALLEL,
            observer: None,
        }
    }
}

/// What all files of a transfer share.
pub(super) struct Work {
    pub(super) files: FileSystem,
    pub(super) overwrite: bool,
    pub(super) parallel: usize,
    pub(super) gauge: Gauge,
    parts: Semaphore,
}

impl Work {
    /// The work of a transfer of `count` files with `total` bytes.
    pub(super) fn new(files: FileSystem, options: Options, count: usize, total: u64) -> Arc<Self> {
        Arc::new(Self {
            files,
            overwrite: options.overwrite,
            parallel: options.parallel,
            gauge: Gauge::new(count, total, options.observer),
            parts: Semaphore::new(options.parallel),
        })
    }

    /// The right to move one part; held from reading to the end, it bounds the memory of all files together.
    pub(super) async fn permit(&self) -> SemaphorePermit<'_> {
        self.parts
            .acquire()
            .await
            .expect("the semaphore is never closed")
    }

    /// Moves all files, each under the name that errors give it. One that cannot be moved does not hold up the others.
    pub(super) async fn all<T, F>(
        self: &Arc<Self>,
        files: Vec<(String, T)>,
        directories: usize,
        one: impl Fn(Arc<Self>, T) -> F,
    ) -> Result<TransferSummary>
    where
        F: Future<Output = Result<()>>,
    {
        let work = Arc::clone(self);
        let moved = files.into_iter().map(move |(name, file)| {
            let moved = one(Arc::clone(&work), file);
            async move { (moved.await, name) }
        });
        let mut moved = stream::iter(moved).buffer_unordered(self.parallel);
        let mut failures = Vec::new();
        while let Some((moved, name)) = moved.next().await {
            match moved {
                Ok(()) => self.gauge.finished(),
                Err(error) => failures.push((name, error)),
            }
        }
        if failures.is_empty() {
            Ok(self.gauge.summary(directories))
        } else {
            Err(failed(failures))
        }
    }
}
