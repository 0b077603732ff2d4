//! What reaches a job that is on its way: signals by account and job id.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// Signals of one kind, one for each job that listens.
#[derive(Debug, Default)]
pub(super) struct Signals(Mutex<HashMap<(String, String), CancellationToken>>);

/// A job that listens; it does not any more when this is dropped.
#[derive(Debug)]
pub(super) struct Listening<'a> {
    signals: &'a Signals,
    job: (String, String),
}

impl Signals {
    /// Lets a job listen: [`send`](Self::send) cancels `signal`.
    pub(super) fn listen(
        &self,
        account: &str,
        job: &str,
        signal: CancellationToken,
    ) -> Listening<'_> {
        let job = (account.to_owned(), job.to_owned());
        self.listeners().insert(job.clone(), signal);
        Listening { signals: self, job }
    }

    /// Sends the signal; `false` when the job does not listen.
    pub(super) fn send(&self, account: &str, job: &str) -> bool {
        let job = (account.to_owned(), job.to_owned());
        let signal = self.listeners().get(&job).cloned();
        signal.inspect(CancellationToken::cancel).is_some()
    }

    fn listeners(&self) -> MutexGuard<'_, HashMap<(String, String), CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.signals.listeners().remove(&self.job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_jobs_that_listen_are_reached() {
        let signals = Signals::default();
        let signal = CancellationToken::new();
        let listening = signals.listen("a", "1", signal.clone());
        assert!(!signals.send("a", "2") && !signals.send("b", "1"));
        assert!(!signal.is_cancelled());
        assert!(signals.send("a", "1") && signal.is_cancelled());
        drop(listening);
        assert!(!signals.send("a", "1"));
    }
}
