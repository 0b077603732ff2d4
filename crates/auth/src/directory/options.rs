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
    cloud::{CloudConfiguration, CustomConfiguration},
    credentials::TokenCredential,
    http::{ClientOptions, ExponentialRetryOptions, RetryOptions, Url},
};
use time::Duration;

use super::{
    InsecureLoopback, StaticTokenCredential, UsernamePasswordCredential, client_secret,
    default_chain,
};
use crate::Secret;

/// How long a token of `AZML_TOKEN` is taken to be valid: it says so itself, but tokens are opaque to clients.
const ENVIRONMENT_TOKEN_LIFETIME: Duration = Duration::hours(1);

/// Options of the directory's credentials.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CredentialOptions {
    /// The authority that issues tokens. Default: the public cloud's. Must be https, but see `insecure_loopback`.
    pub authority_host: Url,
    /// Whether the authority may be a plain http address of this machine. Default: it may not.
    pub insecure_loopback: InsecureLoopback,
    /// Options of the HTTP pipeline. Default: three tries, the second after 0.8 s.
    pub client_options: ClientOptions,
    /// Where expiry times are compared with.
    pub clock: Arc<dyn Clock>,
}

impl Default for CredentialOptions {
    fn default() -> Self {
        Self {
            authority_host: Cloud::public().authority,
            insecure_loopback: InsecureLoopback::Refuse,
            client_options: client_options(),
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
            client_options: transport::with_default_transport(client_options(), environment)?,
            ..Self::default()
        })
    }

    /// Refuses an authority that would get secrets in the clear.
    pub(super) fn check_authority(&self) -> Result<()> {
        let allowed = match self.authority_host.scheme() {
            "https" => true,
            _ => {
                self.insecure_loopback == InsecureLoopback::Allow
                    && endpoint::is_loopback(&self.authority_host)
            }
        };
        if allowed {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::InvalidArgument,
            "the directory's address is not https, and secrets are not sent in the clear",
        )
        .with_hint("use the https endpoint of the directory or of the emulator"))
    }

    /// Whether the authority is one that `azure_identity` refuses.
    pub(super) fn is_plain_http(&self) -> bool {
        self.authority_host.scheme() == "http"
    }

    /// The pipeline's options as `azure_identity` takes them, the authority among them.
    pub(super) fn identity_options(&self) -> ClientOptions {
        let mut custom = CustomConfiguration::default();
        self.authority_host
            .as_str()
            .trim_end_matches('/')
            .clone_into(&mut custom.authority_host);
        ClientOptions {
            cloud: Some(Arc::new(CloudConfiguration::from(custom))),
            ..self.client_options.clone()
        }
    }
}

/// A directory that cannot answer is asked three times in all.
fn client_options() -> ClientOptions {
    ClientOptions {
        retry: RetryOptions::exponential(ExponentialRetryOptions {
            initial_delay: Duration::milliseconds(800),
            max_retries: 2,
            ..ExponentialRetryOptions::default()
        }),
        ..ClientOptions::default()
    }
}

/// The credential that the `AZML_*` names describe: client id and secret, else user name and password, else a token.
/// Where none of the three is complete it is the [`default_chain`].
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] for what is given and cannot be used.
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
    Ok(default_chain(environment, &options)?)
}
