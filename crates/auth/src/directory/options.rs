//! What every directory credential needs to know, and the credential that the environment describes.

use std::sync::Arc;

use azml_core::{
    Error, ErrorKind, Result,
    clock::{Clock, SystemClock},
    cloud::Cloud,
    endpoint,
    env::{self, Environment},
    transport,
};
use azure_core::{
    credentials::TokenCredential,
    http::{ClientOptions, Url},
};
use time::Duration;

use super::{StaticTokenCredential, UsernamePasswordCredential, client_secret};
use crate::Secret;

/// How long a token of `AZML_TOKEN` is taken to be valid: it says so itself, but tokens are opaque to clients.
const ENVIRONMENT_TOKEN_LIFETIME: Duration = Duration::hours(1);

/// Options of the directory's credentials.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CredentialOptions {
    /// The authority that issues tokens. Default: the public cloud's. Must be https.
    pub authority_host: Url,
    /// Options of the HTTP pipeline.
    pub client_options: ClientOptions,
    /// Where expiry times are compared with.
    pub clock: Arc<dyn Clock>,
}

impl Default for CredentialOptions {
    fn default() -> Self {
        Self {
            authority_host: Cloud::public().authority,
            client_options: ClientOptions::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

impl CredentialOptions {
    /// The defaults with the authority of `AZML_AAD_ENDPOINT`, or else of the cloud that `AZURE_CLOUD` names, and
    /// with our transport.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for an unusable address, an unknown cloud or an unreadable CA bundle.
    pub fn from_env(environment: &Environment) -> Result<Self> {
        let authority_host = match (
            environment.get(env::AAD_ENDPOINT),
            environment.get(env::CLOUD),
        ) {
            (Some(address), _) => endpoint::parse(&address)?,
            (None, Some(cloud)) => Cloud::from_name(&cloud)?.authority,
            (None, None) => Cloud::public().authority,
        };
        Ok(Self {
            authority_host,
            client_options: transport::with_default_transport(
                ClientOptions::default(),
                environment,
            )?,
            ..Self::default()
        })
    }

    /// Refuses an authority that would get secrets in the clear.
    pub(super) fn check_authority(&self) -> Result<()> {
        if self.authority_host.scheme() == "https" {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::InvalidArgument,
            "the directory's address is not https, and secrets are not sent in the clear",
        )
        .with_hint("use the https endpoint of the directory or of the emulator"))
    }
}

/// The credential that the `AZML_*` names describe: client id and secret, else user name and password, else a token.
///
/// # Errors
/// [`ErrorKind::MissingConfiguration`] when none of the three is complete; the message names the variables and shows
/// no value.
pub fn from_environment(environment: &Environment) -> Result<Arc<dyn TokenCredential>> {
    let options = CredentialOptions::from_env(environment)?;
    let tenant = environment.get(env::TENANT_ID);
    let client_id = environment.get(env::CLIENT_ID);
    if let (Some(tenant), Some(client_id), Some(secret)) =
        (&tenant, &client_id, environment.get(env::CLIENT_SECRET))
    {
        return client_secret(tenant, client_id, &Secret::new(secret), options);
    }
    if let (Some(user), Some(password)) = (
        environment.get(env::USERNAME),
        environment.get(env::PASSWORD),
    ) {
        let tenant = tenant.unwrap_or_else(|| "organizations".to_owned());
        let credential =
            UsernamePasswordCredential::new(&tenant, client_id, user, password.into(), options)?;
        return Ok(credential);
    }
    if let Some(token) = environment.get(env::TOKEN) {
        let expires_on = options.clock.now() + ENVIRONMENT_TOKEN_LIFETIME;
        return Ok(StaticTokenCredential::new(
            token.into(),
            expires_on,
            options.clock,
        ));
    }
    Err(Error::new(
        ErrorKind::MissingConfiguration,
        format!(
            "there is no credential: {} with {} and {}, or {} with {}, or {} is needed",
            env::TENANT_ID,
            env::CLIENT_ID,
            env::CLIENT_SECRET,
            env::USERNAME,
            env::PASSWORD,
            env::TOKEN,
        ),
    )
    .with_hint("set them, or start the emulator and use its profile"))
}
