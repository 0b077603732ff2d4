//! A user's identity, confirmed on a page that another device can open.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use azml_core::{Error, ErrorKind, Result};
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use time::OffsetDateTime;

use super::{
    CredentialOptions,
    request::{DeviceAuthorization, TokenResponse, protocol_error},
    session::UserSession,
};
use crate::Secret;

/// Seconds between two looks when the directory names none, and what each "slower" adds.
const INTERVAL: u64 = 5;
/// Seconds that a code can be confirmed when the directory does not say.
const LIFETIME: i64 = 900;

/// What to tell the person who is to sign in.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceCodePrompt {
    /// The code to type in.
    pub user_code: String,
    /// The page to type it into.
    pub verification_uri: String,
    /// Until when the code can be used.
    pub expires_on: OffsetDateTime,
    /// The directory's own sentence with both.
    pub message: String,
}

/// The code lets its holder sign in for the one who asked: it stays out.
impl fmt::Debug for DeviceCodePrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCodePrompt")
            .field("verification_uri", &self.verification_uri)
            .field("expires_on", &self.expires_on)
            .finish_non_exhaustive()
    }
}

/// Shows a prompt.
type Show = dyn Fn(&DeviceCodePrompt) + Send + Sync;

/// Signs a user in with a device code, then with refresh tokens.
pub struct DeviceCodeCredential {
    session: UserSession,
    show: Box<Show>,
    prompts: bool,
}

impl fmt::Debug for DeviceCodeCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCodeCredential")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl DeviceCodeCredential {
    /// A credential for a user of `tenant`, signed in through the application `client_id` or through the one that SDKs
    /// share. `show` gets what to tell the user, each time that a sign-in is needed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for an authority that is not https or a tenant that is no name.
    pub fn new(
        tenant: &str,
        client_id: Option<String>,
        show: impl Fn(&DeviceCodePrompt) + Send + Sync + 'static,
        options: CredentialOptions,
    ) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            session: UserSession::new(tenant, client_id, None, options)?,
            show: Box::new(show),
            prompts: true,
        }))
    }

    /// As [`new`](Self::new), with a refresh token to begin with; it never asks the user and fails instead.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn without_prompt(
        tenant: &str,
        client_id: Option<String>,
        refresh_token: Secret,
        options: CredentialOptions,
    ) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            session: UserSession::new(tenant, client_id, Some(refresh_token), options)?,
            show: Box::new(|_| {}),
            prompts: false,
        }))
    }

    /// The refresh token of the last sign-in, for keeping the user signed in; `None` before the first.
    pub async fn refresh_token(&self) -> Option<Secret> {
        self.session.refresh_token().await
    }

    async fn sign_in(&self, scope: &str) -> Result<TokenResponse> {
        if !self.prompts {
            return Err(Error::new(
                ErrorKind::Unauthorized,
                "the user would have to sign in again, and must not be asked",
            ));
        }
        let client_id = &self.session.client_id;
        let authorization = self.session.endpoint.device_code(client_id, scope).await?;
        let lifetime = authorization.expires_in.unwrap_or(LIFETIME);
        let expires_on = self.session.clock.now() + time::Duration::seconds(lifetime);
        (self.show)(&DeviceCodePrompt {
            user_code: authorization.user_code.clone(),
            verification_uri: authorization.verification_uri.clone(),
            expires_on,
            message: authorization.message.clone(),
        });
        self.poll(&authorization, expires_on).await
    }

    async fn poll(
        &self,
        authorization: &DeviceAuthorization,
        expires_on: OffsetDateTime,
    ) -> Result<TokenResponse> {
        let given = authorization.interval.and_then(|it| u64::try_from(it).ok());
        let mut interval = given.unwrap_or(INTERVAL);
        loop {
            self.session
                .clock
                .sleep(Duration::from_secs(interval))
                .await;
            if self.session.clock.now() >= expires_on {
                return Err(expired());
            }
            let asked = self
                .session
                .endpoint
                .ask(&[
                    ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                    ("client_id", &self.session.client_id),
                    ("device_code", &authorization.device_code),
                    ("client_info", "1"),
                ])
                .await;
            let error = match asked {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            match protocol_error(&error) {
                Some("authorization_pending") => {}
                Some("slow_down") => interval += INTERVAL,
                Some("expired_token" | "code_expired") => return Err(expired()),
                Some("authorization_declined" | "access_denied") => {
                    return Err(error.with_hint("the sign-in was refused on the directory's page"));
                }
                _ => return Err(error),
            }
        }
    }
}

fn expired() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "the device code expired before it was confirmed",
    )
    .with_hint("ask for another and confirm it in time")
}

#[async_trait]
impl TokenCredential for DeviceCodeCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let prove = |scope: String| async move { self.sign_in(&scope).await };
        self.session.get_token(scopes, prove).await
    }
}
