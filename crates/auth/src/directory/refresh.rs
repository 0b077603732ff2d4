//! A user who signed in before: a refresh token that somebody kept.

use std::sync::Arc;

use async_trait::async_trait;
use azml_core::{Error, ErrorKind, Result};
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};

use super::{CredentialOptions, session::UserSession};
use crate::Secret;

/// Gets tokens with a refresh token; it serves every resource that the user may use.
#[derive(Debug)]
pub struct RefreshTokenCredential(UserSession);

impl RefreshTokenCredential {
    /// A credential from the refresh token that the application `client_id`, or the one that SDKs share, got.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for an authority that is not https, a tenant that is no name, or an empty token.
    pub fn new(
        tenant: &str,
        client_id: Option<String>,
        refresh_token: Secret,
        options: CredentialOptions,
    ) -> Result<Arc<Self>> {
        if refresh_token.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "the refresh token is empty",
            ));
        }
        let session = UserSession::new(tenant, client_id, Some(refresh_token), options)?;
        Ok(Arc::new(Self(session)))
    }

    /// The refresh token as it is now; the directory replaces it from time to time.
    pub async fn refresh_token(&self) -> Option<Secret> {
        self.0.refresh_token().await
    }
}

#[async_trait]
impl TokenCredential for RefreshTokenCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let prove = |_| async {
            Err(Error::new(
                ErrorKind::Unauthorized,
                "the directory does not accept the refresh token any more",
            )
            .with_hint("sign in again"))
        };
        self.0.get_token(scopes, prove).await
    }
}
