//! The transport at the bottom of every pipeline: one `reqwest` client with our CA, time-outs and name resolution.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use azure_core::http::{ClientOptions, Transport};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::{
    Error, ErrorKind, Result, endpoint,
    env::{self, Environment},
};

/// How connections are made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TransportOptions {
    /// A PEM file with certificates to trust beside the system's. Default: none.
    pub ca_bundle: Option<PathBuf>,
    /// How long a connection may take. Default: 20 seconds.
    pub connect_timeout: Duration,
    /// How long the server may be silent while an answer is awaited or read. Default: 60 seconds.
    pub read_timeout: Duration,
    /// Whether compressed answers are asked for and unpacked. Storage clients must not: a blob that is stored
    /// compressed would come back as something else than was stored. Default: yes.
    pub decompress: bool,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            ca_bundle: None,
            connect_timeout: Duration::from_secs(20),
            read_timeout: Duration::from_secs(60),
            decompress: true,
        }
    }
}

impl TransportOptions {
    /// The defaults with `AZML_CA_BUNDLE` of this environment.
    #[must_use]
    pub fn from_env(environment: &Environment) -> Self {
        Self {
            ca_bundle: environment.get(env::CA_BUNDLE).map(PathBuf::from),
            ..Self::default()
        }
    }
}

/// A transport for `azure_core` clients, ours and others: redirects are not followed, `*.localhost` is this machine,
/// gzip and deflate are decoded.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] when the CA bundle cannot be read or holds no certificate.
pub fn transport(options: &TransportOptions) -> Result<Transport> {
    Ok(Transport::new(Arc::new(reqwest_client(options)?)))
}

/// `options` with our transport in place of azure_core's where the caller set none.
///
/// # Errors
/// As [`transport`].
pub fn with_default_transport(
    mut options: ClientOptions,
    environment: &Environment,
) -> Result<ClientOptions> {
    if options.transport.is_none() {
        options.transport = Some(transport(&TransportOptions::from_env(environment))?);
    }
    Ok(options)
}

fn reqwest_client(options: &TransportOptions) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(options.connect_timeout)
        .read_timeout(options.read_timeout)
        .gzip(options.decompress)
        .deflate(options.decompress)
        .redirect(reqwest::redirect::Policy::none())
        .dns_resolver(Arc::new(LocalhostResolver));
    if let Some(path) = &options.ca_bundle {
        let refuse = |why: &dyn fmt::Display| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("the CA bundle '{}' is not usable: {why}", path.display()),
            )
            .with_hint(format!(
                "name a PEM file with --ca-file or {}",
                env::CA_BUNDLE
            ))
        };
        let pem = std::fs::read(path).map_err(|error| refuse(&error))?;
        let certificates =
            reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| refuse(&error))?;
        if certificates.is_empty() {
            return Err(refuse(&"it holds no certificate"));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| {
        Error::new(ErrorKind::Connection, "the HTTP client could not be set up").with_source(error)
    })
}

/// Resolves `localhost` and `*.localhost` to this machine (RFC 6761) without asking anybody, the rest by the system:
/// account names in front of `.localhost` are in no hosts file.
#[derive(Clone, Copy, Debug)]
struct LocalhostResolver;

impl Resolve for LocalhostResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = if endpoint::is_loopback_host(&host) {
                vec![
                    (Ipv4Addr::LOCALHOST, 0).into(),
                    (Ipv6Addr::LOCALHOST, 0).into(),
                ]
            } else {
                tokio::net::lookup_host((host, 0)).await?.collect()
            };
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_below_localhost_are_this_machine() {
        let name: Name = "account.blob.localhost".parse().unwrap();
        let addresses: Vec<_> = LocalhostResolver.resolve(name).await.unwrap().collect();
        assert!(addresses.iter().all(|address| address.ip().is_loopback()));
        assert!(!addresses.is_empty());
    }

    #[test]
    fn an_unusable_bundle_is_named() {
        let dir = tempfile::tempdir().unwrap();
        for content in [None, Some("no certificate here")] {
            let path = dir.path().join("ca.pem");
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let options = TransportOptions {
                ca_bundle: Some(path),
                ..TransportOptions::default()
            };
            let error = transport(&options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.message().contains("ca.pem"), "{error}");
        }
    }
}
