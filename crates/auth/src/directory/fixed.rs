//! A token that somebody else obtained.

use std::sync::Arc;

use async_trait::async_trait;
use azml_core::clock::Clock;
use azure_core::{
    credentials::{AccessToken, Secret as AzureSecret, TokenCredential, TokenRequestOptions},
    error::{Error, ErrorKind},
};
use time::OffsetDateTime;

use crate::Secret;

/// Gives one token, whatever the scopes, until it expires.
#[derive(Debug)]
pub struct StaticTokenCredential {
    token: Secret,
    expires_on: OffsetDateTime,
    clock: Arc<dyn Clock>,
}

impl StaticTokenCredential {
    /// A credential that gives `token` until `expires_on`.
    pub fn new(token: Secret, expires_on: OffsetDateTime, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            token,
            expires_on,
            clock,
        })
    }
}

#[async_trait]
impl TokenCredential for StaticTokenCredential {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        if self.clock.now() >= self.expires_on {
            return Err(Error::with_message(
                ErrorKind::Credential,
                "the token that was given has expired",
            ));
        }
        Ok(AccessToken::new(
            AzureSecret::from(&self.token),
            self.expires_on,
        ))
    }
}

#[cfg(test)]
mod tests {
    use azml_core::clock::ManualClock;

    use super::*;

    #[tokio::test]
    async fn an_expired_token_is_not_given() {
        let clock = Arc::new(ManualClock::new(OffsetDateTime::UNIX_EPOCH));
        let expires_on = clock.now() + time::Duration::seconds(10);
        let credential = StaticTokenCredential::new("hunter2".into(), expires_on, clock.clone());
        assert_eq!(
            credential
                .get_token(&["s"], None)
                .await
                .unwrap()
                .token
                .secret(),
            "hunter2"
        );
        assert!(!format!("{credential:?}").contains("hunter2"));
        clock.advance(std::time::Duration::from_secs(10));
        let error = credential.get_token(&["s"], None).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Credential));
    }
}
