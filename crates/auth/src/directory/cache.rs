//! Tokens that were received, by their scopes: renewed early, by one caller at a time.

use std::{collections::HashMap, future::Future, sync::Arc};

use azml_core::clock::Clock;
use azure_core::credentials::{AccessToken, Secret};
use futures::lock::Mutex;
use time::{Duration, OffsetDateTime};

/// A token is renewed when it has no more than this left.
const RENEW_BEFORE: Duration = Duration::seconds(300);

/// The cache of one credential.
#[derive(Debug)]
pub(super) struct TokenCache {
    clock: Arc<dyn Clock>,
    entries: Mutex<HashMap<String, Arc<Mutex<Option<Entry>>>>>,
}

/// A token in memory that is wiped.
#[derive(Debug)]
struct Entry {
    token: crate::Secret,
    expires_on: OffsetDateTime,
}

impl Entry {
    fn give(&self) -> AccessToken {
        AccessToken::new(Secret::from(&self.token), self.expires_on)
    }
}

impl TokenCache {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            entries: Mutex::default(),
        }
    }

    /// The token for these scopes: a kept one with time left, else what `request` gets. While one caller asks, the
    /// others wait for its answer. When a renewal fails, a token that is still valid is used on.
    pub(super) async fn get<F>(
        &self,
        scopes: &[&str],
        request: impl FnOnce() -> F,
    ) -> azure_core::Result<AccessToken>
    where
        F: Future<Output = azure_core::Result<(crate::Secret, OffsetDateTime)>>,
    {
        let mut names = scopes.to_vec();
        names.sort_unstable();
        let slot = Arc::clone(
            self.entries
                .lock()
                .await
                .entry(names.join(" "))
                .or_default(),
        );
        let mut entry = slot.lock().await;
        let now = self.clock.now();
        if let Some(kept) = entry
            .as_ref()
            .filter(|kept| kept.expires_on - now > RENEW_BEFORE)
        {
            return Ok(kept.give());
        }
        match request().await {
            Ok((token, expires_on)) => {
                let fresh = Entry { token, expires_on };
                let given = fresh.give();
                *entry = Some(fresh);
                Ok(given)
            }
            Err(error) => match entry
                .as_ref()
                .filter(|kept| kept.expires_on > self.clock.now())
            {
                Some(kept) => Ok(kept.give()),
                None => Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use azml_core::clock::ManualClock;
    use azure_core::error::{Error, ErrorKind};

    use super::*;

    const SCOPE: &[&str] = &["https://management.azure.com/.default"];

    fn cache() -> (Arc<TokenCache>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(OffsetDateTime::UNIX_EPOCH));
        (Arc::new(TokenCache::new(clock.clone())), clock)
    }

    /// auth T12: with 301 seconds left a token is kept, with 300 it is renewed.
    #[tokio::test]
    async fn tokens_are_renewed_early() {
        let (cache, clock) = cache();
        let asked = AtomicUsize::new(0);
        let get = async || {
            cache
                .get(SCOPE, || async {
                    let count = asked.fetch_add(1, Ordering::Relaxed);
                    Ok((
                        format!("token {count}").into(),
                        clock.now() + Duration::seconds(3600),
                    ))
                })
                .await
                .unwrap()
        };
        assert_eq!(get().await.token.secret(), "token 0");
        clock.advance(std::time::Duration::from_secs(3299));
        assert_eq!(get().await.token.secret(), "token 0");
        clock.advance(std::time::Duration::from_secs(1));
        assert_eq!(get().await.token.secret(), "token 1");
    }

    /// auth T11: callers at the same time share one request.
    #[tokio::test]
    async fn one_request_serves_all_who_wait() {
        let (cache, clock) = cache();
        let asked = AtomicUsize::new(0);
        let get = || {
            cache.get(SCOPE, || async {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(("token".into(), clock.now() + Duration::seconds(3600)))
            })
        };
        let (a, b, c) = futures::join!(get(), get(), get());
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    /// auth T13: a failed renewal does not take away a token that is still valid.
    #[tokio::test]
    async fn a_valid_token_outlives_a_failed_renewal() {
        let (cache, clock) = cache();
        let expires_on = clock.now() + Duration::seconds(600);
        cache
            .get(SCOPE, || async { Ok(("first".into(), expires_on)) })
            .await
            .unwrap();
        let fail = || async { Err(Error::with_message(ErrorKind::Credential, "no")) };
        clock.advance(std::time::Duration::from_secs(400));
        assert_eq!(
            cache.get(SCOPE, fail).await.unwrap().token.secret(),
            "first"
        );
        clock.advance(std::time::Duration::from_secs(200));
        assert!(cache.get(SCOPE, fail).await.is_err());
    }
}
