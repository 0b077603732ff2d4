//! A user's identity, by name and password.

use std::sync::Arc;

use async_trait::async_trait;
use azml_core::{Error, ErrorKind, Result};
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};

use super::{CredentialOptions, session::UserSession};
use crate::Secret;

/// Signs a user in with name and password, then with refresh tokens.
///
/// Accounts that need a second factor, and those of federated domains, cannot sign in this way.
#[derive(Debug)]
pub struct UsernamePasswordCredential {
    session: UserSession,
    username: String,
    password: Secret,
}

impl UsernamePasswordCredential {
    /// A credential for the user `username` of `tenant`, signed in through the application `client_id` or through
    /// the one that SDKs share.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for an authority that is not https, a tenant that is no name, or an empty user
    /// name or password.
    pub fn new(
        tenant: &str,
        client_id: Option<String>,
        username: impl Into<String>,
        password: Secret,
        options: CredentialOptions,
    ) -> Result<Arc<Self>> {
        let username = username.into();
        if username.is_empty() || password.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "user name or password is empty",
            ));
        }
        Ok(Arc::new(Self {
            session: UserSession::new(tenant, client_id, None, options)?,
            username,
            password,
        }))
    }

    /// The refresh token of the last sign-in, for keeping the user signed in; `None` before the first.
    pub async fn refresh_token(&self) -> Option<Secret> {
        self.session.refresh_token().await
    }
}

#[async_trait]
impl TokenCredential for UsernamePasswordCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let prove = |scope: String| async move {
            self.session
                .endpoint
                .ask(&[
                    ("grant_type", "password"),
                    ("client_id", &self.session.client_id),
                    ("username", &self.username),
                    ("password", self.password.expose()),
                    ("scope", &scope),
                ])
                .await
        };
        self.session.get_token(scopes, prove).await
    }
}
