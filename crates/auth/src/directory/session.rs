//! A signed-in user: refresh tokens first, the user's own proof only when there is none or it is refused.

use std::{future::Future, sync::Arc};

use azml_core::{ErrorKind, Result, clock::Clock};
use azure_core::{
    credentials::AccessToken,
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
pub(super) const DEFAULT_CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// What credentials of users have in common.
#[derive(Debug)]
pub(super) struct UserSession {
    pub(super) endpoint: TokenEndpoint,
    pub(super) client_id: String,
    pub(super) clock: Arc<dyn Clock>,
    cache: TokenCache,
    refresh_token: Mutex<Option<Secret>>,
}

impl UserSession {
    pub(super) fn new(
        tenant: &str,
        client_id: Option<String>,
        refresh_token: Option<Secret>,
        options: CredentialOptions,
    ) -> Result<Self> {
        Ok(Self {
            endpoint: TokenEndpoint::new(tenant, &options)?,
            client_id: client_id.unwrap_or_else(|| DEFAULT_CLIENT_ID.to_owned()),
            cache: TokenCache::new(Arc::clone(&options.clock)),
            clock: options.clock,
            refresh_token: Mutex::new(refresh_token),
        })
    }

    /// The refresh token as it is now: directories replace it.
    pub(super) async fn refresh_token(&self) -> Option<Secret> {
        self.refresh_token.lock().await.clone()
    }

    /// A token for `scopes`. `prove` gets the whole scope text when the user has to prove who it is; only one caller
    /// at a time does.
    pub(super) async fn get_token<F>(
        &self,
        scopes: &[&str],
        prove: impl FnOnce(String) -> F,
    ) -> azure_core::Result<AccessToken>
    where
        F: Future<Output = Result<TokenResponse>>,
    {
        check_scopes(scopes)?;
        let request = || async {
            self.request(scopes, prove)
                .await
                .map_err(|error| AzureError::new(AzureErrorKind::Credential, error))
        };
        self.cache.get(scopes, request).await
    }

    async fn request<F>(
        &self,
        scopes: &[&str],
        prove: impl FnOnce(String) -> F,
    ) -> Result<(Secret, OffsetDateTime)>
    where
        F: Future<Output = Result<TokenResponse>>,
    {
        let scope = format!("{} openid profile offline_access", scopes.join(" "));
        let mut kept = self.refresh_token.lock().await;
        let refreshed = match kept.as_ref() {
            Some(token) => self.refresh(token, &scope).await?,
            None => None,
        };
        let response = match refreshed {
            Some(response) => response,
            None => prove(scope).await?,
        };
        if let Some(token) = &response.refresh_token {
            *kept = Some(Secret::new(token.clone()));
        }
        response.into_token(self.clock.now())
    }

    /// `None` when the refresh token is of no use any more; a directory that cannot be asked is an error.
    async fn refresh(&self, token: &Secret, scope: &str) -> Result<Option<TokenResponse>> {
        let asked = self
            .endpoint
            .ask(&[
                ("grant_type", "refresh_token"),
                ("client_id", &self.client_id),
                ("refresh_token", token.expose()),
                ("scope", scope),
            ])
            .await;
        match asked {
            Ok(response) => Ok(Some(response)),
            Err(error) if error.kind() == ErrorKind::Unauthorized => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Refuses a request for a token for nothing.
pub(super) fn check_scopes(scopes: &[&str]) -> azure_core::Result<()> {
    if scopes.is_empty() {
        return Err(AzureError::with_message(
            AzureErrorKind::Credential,
            "no scopes were given",
        ));
    }
    Ok(())
}
