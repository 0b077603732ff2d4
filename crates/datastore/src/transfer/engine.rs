//! What uploads and downloads have in common: files are moved while the list of them still comes,
//! many at once, and counted as they end.

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Instant;

use azml_core::ErrorKind;
use futures::stream::{FuturesUnordered, Stream, StreamExt, TryStreamExt};

use super::report::{Outcome, Tally};
use super::window::Window;
use crate::error::{Error, Result};

/// The next page of the list is asked for when fewer files than this wait: at most two pages are
/// held.
const AHEAD: usize = 5000;

/// Moves what the pages name with `one`, which gives the name and what became of it.
pub(super) async fn run<T, F>(
    pages: impl Stream<Item = Result<Vec<T>>>,
    one: impl Fn(T) -> F,
    tally: &mut Tally,
) -> Result<()>
where
    F: Future<Output = (String, Result<Outcome>)>,
{
    let mut pages = pin!(pages);
    let mut listed = false;
    let mut waiting = VecDeque::new();
    let mut moving = FuturesUnordered::new();
    let mut window = Window::new(Instant::now());
    loop {
        while moving.len() < window.limit()
            && let Some(file) = waiting.pop_front()
        {
            moving.push(one(file));
        }
        if listed && moving.is_empty() {
            return Ok(());
        }
        tokio::select! {
            page = pages.try_next(), if !listed && waiting.len() < AHEAD => match page? {
                Some(page) => waiting.extend(page),
                None => listed = true,
            },
            Some((name, outcome)) = moving.next(), if !moving.is_empty() => {
                match &outcome {
                    Err(error) if is_throttling(error) => window.throttled(),
                    _ => window.ended(Instant::now()),
                }
                tally.count(name, outcome)?;
            }
        }
    }
}

/// Whether the service has asked for fewer requests, for longer than each of them is repeated.
fn is_throttling(error: &Error) -> bool {
    matches!(error, Error::Service(error) if error.kind() == ErrorKind::Throttled
        || error.status() == Some(503))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::stream;
    use tokio::sync::oneshot;

    use super::super::report::{ErrorMode, Listener};
    use super::*;

    /// storage TR-06: the second page comes only when a file of the first has moved.
    #[tokio::test]
    async fn files_move_while_the_list_comes() {
        let (moved, first_moved) = oneshot::channel();
        let moved = std::sync::Mutex::new(Some(moved));
        let pages = stream::iter([Ok(vec![1])]).chain(stream::once(async {
            first_moved.await.unwrap();
            Ok(vec![2, 3])
        }));
        let mut tally = Tally::new(ErrorMode::FailAtEnd, Listener::default());
        let one = |number: u64| {
            if let Some(moved) = moved.lock().unwrap().take() {
                moved.send(()).unwrap();
            }
            async move { (number.to_string(), Ok(Outcome::Moved(number))) }
        };
        run(pages, one, &mut tally).await.unwrap();
        let report = tally.finish(None).unwrap();
        assert_eq!((report.transferred, report.bytes), (3, 6));
    }

    /// storage TR-05: never more than the window, and not fewer where there is work.
    #[tokio::test]
    async fn no_more_files_than_the_window_are_moved_at_once() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let pages = stream::iter([Ok((0..15).collect::<Vec<u32>>()), Ok((0..300).collect())]);
        let mut tally = Tally::new(ErrorMode::FailAtEnd, Listener::default());
        let one = |_| async {
            let count = now.fetch_add(1, Ordering::Relaxed) + 1;
            most.fetch_max(count, Ordering::Relaxed);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::Relaxed);
            (String::new(), Ok(Outcome::Skipped(0)))
        };
        run(pages, one, &mut tally).await.unwrap();
        assert_eq!(tally.finish(None).unwrap().skipped, 315);
        let most = most.into_inner();
        assert!((16..=128).contains(&most), "{most}");
    }

    #[tokio::test]
    async fn a_list_that_fails_ends_it() {
        let pages = stream::iter([Ok(vec![1]), Err(Error::usage("broken"))]);
        let mut tally = Tally::new(ErrorMode::Ignore, Listener::default());
        let one = |_| async { (String::new(), Ok(Outcome::Moved(1))) };
        let error = run(pages, one, &mut tally).await.unwrap_err();
        assert_eq!(error.to_string(), "broken");
    }
}
