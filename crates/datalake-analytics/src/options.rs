//! How the clients are made: addresses, pipeline, clock.

use std::sync::Arc;

use azml_auth::directory::InsecureLoopback;
use azml_core::{
    Error, ErrorKind, Result,
    clock::{Clock, SystemClock},
    cloud::Cloud,
    endpoint,
    env::{self, Environment},
    transport,
};
use azure_core::http::Url;

/// Where the accounts of a service are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// `https://{account}.{suffix}`; the suffix may have a port.
    Suffix(String),
    /// An address with `{accountName}` in it.
    Template(String),
}

impl Endpoint {
    /// The address of one account. Its name is checked before it becomes part of a host name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a name that no account can have, or an unusable address.
    pub fn account(&self, name: &str) -> Result<Url> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if !(3..=24).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!(
                    "'{name}' is not the name of an account: 3 to 24 lower-case letters and digits are"
                ),
            ));
        }
        match self {
            Self::Suffix(suffix) => endpoint::parse(&format!(
                "https://{name}.{}",
                suffix.trim_start_matches('.')
            )),
            Self::Template(template) => endpoint::parse(&template.replace("{accountName}", name)),
        }
    }
}

/// Options of [`DataLake`](crate::DataLake).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientOptions {
    /// Azure Resource Manager. Default: the public cloud's.
    pub resource_manager: Url,
    /// Data Lake Analytics jobs. Default: the public cloud's suffix.
    pub analytics: Endpoint,
    /// Data Lake Store Gen1 file systems. Default: the public cloud's suffix.
    pub store: Endpoint,
    /// Whether tokens may go over plain http to this machine. Default: never.
    pub insecure_loopback: InsecureLoopback,
    /// Options of the HTTP pipeline.
    pub client_options: azure_core::http::ClientOptions,
    /// What pollers wait by.
    pub clock: Arc<dyn Clock>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        let cloud = Cloud::public();
        let suffix = |suffix: Option<String>| Endpoint::Suffix(suffix.unwrap_or_default());
        Self {
            resource_manager: cloud.resource_manager,
            analytics: suffix(cloud.data_lake_analytics_suffix),
            store: suffix(cloud.data_lake_store_suffix),
            insecure_loopback: InsecureLoopback::Refuse,
            client_options: azure_core::http::ClientOptions::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

impl ClientOptions {
    /// The defaults with the addresses of `AZML_ARM_ENDPOINT`, `AZML_ADLA_ENDPOINT` and `AZML_ADLS_ENDPOINT` (or the
    /// suffixes), and with our transport.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for an unusable address or CA bundle.
    pub fn from_env(environment: &Environment) -> Result<Self> {
        let mut options = Self::default();
        if let Some(address) = environment.get(env::ARM_ENDPOINT) {
            options.resource_manager = endpoint::parse(&address)?;
        }
        let found = |template: &str, suffix: &str| {
            environment
                .get(template)
                .map(Endpoint::Template)
                .or_else(|| environment.get(suffix).map(Endpoint::Suffix))
        };
        if let Some(endpoint) = found(env::ADLA_ENDPOINT, env::ADLA_SUFFIX) {
            options.analytics = endpoint;
        }
        if let Some(endpoint) = found(env::ADLS_ENDPOINT, env::ADLS_SUFFIX) {
            options.store = endpoint;
        }
        options.client_options =
            transport::with_default_transport(options.client_options, environment)?;
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_names_are_checked_before_they_are_hosts() {
        let suffix = Endpoint::Suffix("azuredatalakestore.net".to_owned());
        assert_eq!(
            suffix.account("mylake").unwrap().as_str(),
            "https://mylake.azuredatalakestore.net/"
        );
        let template = Endpoint::Template("https://localhost:10011/adls/{accountName}".to_owned());
        assert_eq!(
            template.account("mylake").unwrap().as_str(),
            "https://localhost:10011/adls/mylake/"
        );
        for name in [
            "",
            "ab",
            "My",
            "evil.example/",
            "a-b-c",
            "averyveryverylongaccountname",
        ] {
            assert!(suffix.account(name).is_err(), "{name}");
        }
    }
}
