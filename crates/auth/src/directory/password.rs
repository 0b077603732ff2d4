//! A user's identity, by name and password.

use std::sync::Arc;

use async_trait::async_trait;
use azml_core::{Error, ErrorKind, Result, clock::Clock};
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::{Error as AzureError, ErrorKind as AzureErrorKind},
};
use futures::lock::Mutex;
use time::OffsetDateTime;

use super::{
    CredentialOptions,
    cache::TokenCache,
    request::{TokenEndpoint, TokenResponse},
};
use crate::Secret;

/// The public client that SDKs sign in through when no other is given.
const DEFAULT_CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Signs a user in with name and password, then with refresh tokens.
///
/// Accounts that need a second factor, and those of federated domains, cannot sign in this way.
#[derive(Debug)]
pub struct UsernamePasswordCredential {
    endpoint: TokenEndpoint,
    client_id: String,
    username: String,
    password: Secret,
    clock: Arc<dyn Clock>,
    cache: TokenCache,
    refresh_token: Mutex<Option<Secret>>,
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
            endpoint: TokenEndpoint::new(tenant, &options)?,
            client_id: client_id.unwrap_or_else(|| DEFAULT_CLIENT_ID.to_owned()),
            username,
            password,
            cache: TokenCache::new(Arc::clone(&options.clock)),
            clock: options.clock,
            refresh_token: Mutex::default(),
        }))
    }

    async fn request(&self, scopes: &[&str]) -> Result<(Secret, OffsetDateTime)> {
        let scope = format!("{} openid profile offline_access", scopes.join(" "));
        let mut kept = self.refresh_token.lock().await;
        let refreshed = match kept.as_ref() {
            Some(token) => self.refresh(token, &scope).await,
            None => None,
        };
        let response = match refreshed {
            Some(response) => response,
            None => {
                self.endpoint
                    .ask(&[
                        ("grant_type", "password"),
                        ("client_id", &self.client_id),
                        ("username", &self.username),
                        ("password", self.password.expose()),
                        ("scope", &scope),
                    ])
                    .await?
            }
        };
        if let Some(token) = &response.refresh_token {
            *kept = Some(Secret::new(token.clone()));
        }
        response.into_token(self.clock.now())
    }

    /// A refresh token may have been revoked: then name and password are tried.
    async fn refresh(&self, token: &Secret, scope: &str) -> Option<TokenResponse> {
        self.endpoint
            .ask(&[
                ("grant_type", "refresh_token"),
                ("client_id", &self.client_id),
                ("refresh_token", token.expose()),
                ("scope", scope),
            ])
            .await
            .ok()
    }
}

#[async_trait]
impl TokenCredential for UsernamePasswordCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        if scopes.is_empty() {
            return Err(AzureError::with_message(
                AzureErrorKind::Credential,
                "no scopes were given",
            ));
        }
        let request = || async {
            self.request(scopes)
                .await
                .map_err(|error| AzureError::new(AzureErrorKind::Credential, error))
        };
        self.cache.get(scopes, request).await
    }
}
