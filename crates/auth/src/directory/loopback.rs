//! An application's identity at a directory on this machine that speaks plain http, which `azure_identity` refuses.
//!
//! Only for authorities that [`CredentialOptions::check_authority`] let pass.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use azml_core::{Result, clock::Clock};
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::{Error as AzureError, ErrorKind as AzureErrorKind},
};
use azure_identity::ClientAssertion;
use time::OffsetDateTime;

use super::{CredentialOptions, cache::TokenCache, request::TokenEndpoint, session::check_scopes};
use crate::Secret;

/// How the application shows who it is.
pub(super) enum Proof {
    Secret(Secret),
    Assertion(Box<dyn ClientAssertion>),
}

pub(super) struct LoopbackCredential {
    endpoint: TokenEndpoint,
    client_id: String,
    proof: Proof,
    clock: Arc<dyn Clock>,
    cache: TokenCache,
}

impl fmt::Debug for LoopbackCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopbackCredential")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl LoopbackCredential {
    #[expect(
        clippy::new_ret_no_self,
        reason = "callers know it as a token credential only"
    )]
    pub(super) fn new(
        tenant: &str,
        client_id: &str,
        proof: Proof,
        options: CredentialOptions,
    ) -> Result<Arc<dyn TokenCredential>> {
        Ok(Arc::new(Self {
            endpoint: TokenEndpoint::new(tenant, &options)?,
            client_id: client_id.to_owned(),
            proof,
            cache: TokenCache::new(Arc::clone(&options.clock)),
            clock: options.clock,
        }))
    }

    async fn request(&self, scopes: &[&str]) -> azure_core::Result<(Secret, OffsetDateTime)> {
        let scope = scopes.join(" ");
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("scope", &scope),
        ];
        let assertion;
        match &self.proof {
            Proof::Secret(secret) => fields.push(("client_secret", secret.expose())),
            Proof::Assertion(signer) => {
                assertion = Secret::new(signer.secret(None).await?);
                fields.push((
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ));
                fields.push(("client_assertion", assertion.expose()));
            }
        }
        let asked = self.endpoint.ask(&fields).await;
        asked
            .and_then(|response| response.into_token(self.clock.now()))
            .map_err(|error| AzureError::new(AzureErrorKind::Credential, error))
    }
}

#[async_trait]
impl TokenCredential for LoopbackCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        check_scopes(scopes)?;
        self.cache.get(scopes, || self.request(scopes)).await
    }
}
