//! Several credentials in turn: the first that is there is used, and a real refusal is not hidden by the next.

use std::{error::Error as StdError, sync::Arc};

use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::{Error, ErrorKind},
};
use futures::lock::Mutex;

/// Why a credential cannot be used here: it is not set up, as opposed to being refused.
///
/// A credential that returns it as the source of its error lets a [`ChainedTokenCredential`] go on to the next.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(String);

impl Unavailable {
    /// With the reason: lower case, no full stop, no secret.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// The error that a token credential returns.
    #[must_use]
    pub fn into_error(self) -> Error {
        Error::new(ErrorKind::Credential, self)
    }

    /// The marker in an error or in one of its causes.
    #[must_use]
    pub fn find(error: &Error) -> Option<&Self> {
        let mut cause: Option<&(dyn StdError + 'static)> = error
            .get_ref()
            .map(|cause| cause as &(dyn StdError + 'static));
        while let Some(error) = cause {
            if let Some(marker) = error.downcast_ref::<Self>() {
                return Some(marker);
            }
            cause = error.source();
        }
        None
    }
}

/// Asks its credentials in order until one is available, and stays with that one.
#[derive(Debug)]
pub struct ChainedTokenCredential {
    sources: Vec<Arc<dyn TokenCredential>>,
    chosen: Mutex<Option<usize>>,
}

impl ChainedTokenCredential {
    /// A chain of credentials, the first one first.
    #[must_use]
    pub fn new(sources: Vec<Arc<dyn TokenCredential>>) -> Arc<Self> {
        Arc::new(Self {
            sources,
            chosen: Mutex::new(None),
        })
    }
}

#[async_trait]
impl TokenCredential for ChainedTokenCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let mut chosen = self.chosen.lock().await;
        if let Some(source) = chosen.and_then(|at| self.sources.get(at)) {
            let source = Arc::clone(source);
            drop(chosen);
            return source.get_token(scopes, options).await;
        }
        let mut reasons = Vec::new();
        for (at, source) in self.sources.iter().enumerate() {
            match source.get_token(scopes, options.clone()).await {
                Ok(token) => {
                    *chosen = Some(at);
                    return Ok(token);
                }
                Err(error) => match Unavailable::find(&error) {
                    Some(reason) => reasons.push(reason.to_string()),
                    None => return Err(error),
                },
            }
        }
        let reasons = match reasons.as_slice() {
            [] => "the chain is empty".to_owned(),
            reasons => reasons.join("; "),
        };
        Err(Unavailable::new(format!("no credential is available: {reasons}")).into_error())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use time::OffsetDateTime;

    use super::*;

    /// Answers as it is told, and counts.
    #[derive(Debug)]
    struct Fixed(fn() -> azure_core::Result<AccessToken>, AtomicUsize);

    impl Fixed {
        fn new(answer: fn() -> azure_core::Result<AccessToken>) -> Arc<Self> {
            Arc::new(Self(answer, AtomicUsize::new(0)))
        }

        fn count(&self) -> usize {
            self.1.load(Ordering::Relaxed)
        }
    }

    #[async_trait]
    impl TokenCredential for Fixed {
        async fn get_token(
            &self,
            _: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0()
        }
    }

    fn token() -> azure_core::Result<AccessToken> {
        Ok(AccessToken::new("t", OffsetDateTime::UNIX_EPOCH))
    }

    fn absent() -> azure_core::Result<AccessToken> {
        Err(Unavailable::new("az is not installed").into_error())
    }

    fn refused() -> azure_core::Result<AccessToken> {
        Err(Error::with_message(ErrorKind::Credential, "wrong secret"))
    }

    /// auth T16
    #[tokio::test]
    async fn the_first_that_is_there_is_used_and_kept() {
        let (first, second) = (Fixed::new(absent), Fixed::new(token));
        let chain = ChainedTokenCredential::new(vec![first.clone(), second.clone()]);
        chain.get_token(&["s"], None).await.unwrap();
        chain.get_token(&["s"], None).await.unwrap();
        assert_eq!((first.count(), second.count()), (1, 2));
    }

    /// auth T16
    #[tokio::test]
    async fn a_refusal_is_not_hidden_by_the_next() {
        let (first, second) = (Fixed::new(refused), Fixed::new(token));
        let chain = ChainedTokenCredential::new(vec![first.clone(), second.clone()]);
        let error = chain.get_token(&["s"], None).await.unwrap_err();
        assert_eq!(error.to_string(), "wrong secret");
        assert_eq!(second.count(), 0);
    }

    /// auth T16
    #[tokio::test]
    async fn every_absent_credential_says_why() {
        let inner = ChainedTokenCredential::new(vec![Fixed::new(absent)]);
        let chain = ChainedTokenCredential::new(vec![Fixed::new(absent), inner]);
        let error = chain.get_token(&["s"], None).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "no credential is available: az is not installed; no credential is available: az is not installed"
        );
    }
}
