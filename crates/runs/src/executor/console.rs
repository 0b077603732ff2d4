//! What a script prints: passed on as it comes up to a limit, the end of its errors kept.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};

use super::Watcher;

/// How much of the end of the error output is kept.
const KEPT: usize = 4096;

/// The output of one script.
pub(super) struct Console<'a> {
    watcher: &'a dyn Watcher,
    limit: u64,
    printed: AtomicU64,
    end: Mutex<Vec<u8>>,
}

impl<'a> Console<'a> {
    pub(super) fn new(watcher: &'a dyn Watcher, limit: u64) -> Self {
        Self {
            watcher,
            limit,
            printed: AtomicU64::new(0),
            end: Mutex::default(),
        }
    }

    /// Passes on what comes until the pipe ends.
    pub(super) async fn pass(&self, pipe: impl AsyncRead + Unpin) {
        self.read(pipe, |_| ()).await;
    }

    /// The same, and keeps the last of it.
    pub(super) async fn pass_errors(&self, pipe: impl AsyncRead + Unpin) {
        self.read(pipe, |text| {
            let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
            end.extend_from_slice(text);
            let surplus = end.len().saturating_sub(KEPT);
            end.drain(..surplus);
        })
        .await;
    }

    /// The last of the errors so far.
    pub(super) fn errors(&self) -> String {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&end).into_owned()
    }

    async fn read(&self, mut pipe: impl AsyncRead + Unpin, keep: impl Fn(&[u8])) {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let read = match pipe.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(read) => read,
            };
            keep(&buffer[..read]);
            self.print(&buffer[..read]);
        }
    }

    fn print(&self, text: &[u8]) {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let before = self.printed.fetch_add(length, Ordering::Relaxed);
        let left = self.limit.saturating_sub(before);
        if left >= length {
            self.watcher.output(text);
        } else if left > 0 {
            let left = usize::try_from(left).unwrap_or(text.len());
            self.watcher.output(&text[..left]);
            let notice = format!("\n(output beyond {} bytes was dropped)\n", self.limit);
            self.watcher.output(notice.as_bytes());
        }
    }
}
