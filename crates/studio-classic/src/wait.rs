//! Waiting for the service to finish something.

use std::time::Duration;

use azml_core::clock::Clock;

use crate::{Error, Result};

/// How long to wait for the service, and how often to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitOptions {
    /// Time between two looks; 1 second by default.
    pub interval: Duration,
    /// Time after which to give up; 10 minutes by default.
    pub timeout: Duration,
}

impl Default for WaitOptions {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(600),
        }
    }
}

impl WaitOptions {
    /// Sets the time between two looks.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets the time after which to give up.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sleeps until the next look; gives the time waited so far, this pause included.
    pub(crate) async fn pause(
        &self,
        clock: &dyn Clock,
        waited: Duration,
        subject: String,
        status: &str,
    ) -> Result<Duration> {
        if waited >= self.timeout {
            return Err(Error::TimedOut {
                subject,
                status: status.to_owned(),
                after: waited,
            });
        }
        let pause = self.interval.min(self.timeout - waited);
        clock.sleep(pause).await;
        Ok(waited + pause)
    }
}
