//! A connection to PostgreSQL: TLS with the system's authorities and ours, and what the server's
//! refusals become.

use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use azml_auth::{DatabaseConnection, DatabaseLogin};
use azml_core::env::{self, Environment};
use azml_core::{ErrorKind, endpoint};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, RowStream};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::columns::Columns;
use crate::error::{Error, Result};

const PORT: u16 = 5432;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// What a datastore is asked for is read: a query that would write is refused by the server.
const READ_ONLY: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";

/// A connection with one query. Dropped before the rows have ended, it stops the query.
pub(super) struct Session {
    client: Client,
    tls: MakeRustlsConnect,
    connection: JoinHandle<()>,
    running: bool,
}

impl Session {
    /// Connects and logs in; without TLS only where `encrypted` does not ask for it and the
    /// server has none.
    pub(super) async fn open(
        database: &DatabaseConnection,
        encrypted: bool,
        environment: &Environment,
    ) -> Result<Self> {
        let tls = MakeRustlsConnect::new(trust(environment)?);
        let mut config = Config::new();
        config
            .host(&database.host)
            .port(database.port.unwrap_or(PORT))
            .dbname(&database.database)
            .application_name("azml")
            .connect_timeout(CONNECT_TIMEOUT)
            .ssl_mode(if encrypted {
                SslMode::Require
            } else {
                SslMode::Prefer
            });
        if database.host.parse::<IpAddr>().is_err() && endpoint::is_loopback_host(&database.host) {
            // Names below localhost are in no hosts file.
            config.hostaddr(Ipv4Addr::LOCALHOST.into());
        }
        match &database.login {
            DatabaseLogin::Password { user, password } => {
                config.user(user).password(password.expose());
            }
            _ => {
                return Err(Error::Unsupported {
                    operation: "logging in to PostgreSQL",
                    what: "a token".to_owned(),
                });
            }
        }
        let (client, connection) = config.connect(tls.clone()).await.map_err(|error| {
            let target = format!("{}/{}", database.host, database.database);
            match failed(error) {
                Error::Service(error) => {
                    Error::Service(error.while_doing(format_args!("connecting to {target}")))
                }
                other => other,
            }
        })?;
        let connection = tokio::spawn(async move {
            // Whoever waits for the answer is told the same.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to PostgreSQL ended");
            }
        });
        Ok(Self {
            client,
            tls,
            connection,
            running: false,
        })
    }

    /// Begins a query: its columns, and its rows as they come.
    pub(super) async fn query(&mut self, text: &str) -> Result<(Columns, RowStream)> {
        self.client.batch_execute(READ_ONLY).await.map_err(failed)?;
        self.running = true;
        let statement = self.client.prepare(text).await.map_err(failed)?;
        if !statement.params().is_empty() {
            return Err(Error::usage(
                "the query has parameters that nobody fills in",
            ));
        }
        let columns = Columns::of(&statement)?;
        let none: [&(dyn tokio_postgres::types::ToSql + Sync); 0] = [];
        let rows = self.client.query_raw(&statement, none).await;
        Ok((columns, rows.map_err(failed)?))
    }

    /// The last row has come.
    pub(super) fn finished(&mut self) {
        self.running = false;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
        if !self.running {
            return;
        }
        // A server that waits or computes would not notice before it has rows to send.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (token, tls) = (self.client.cancel_token(), self.tls.clone());
            runtime.spawn(async move {
                if let Err(error) = token.cancel_query(tls).await {
                    tracing::debug!(%error, "a query was not cancelled");
                }
            });
        }
    }
}

/// Trust in the system's authorities, and in those that `AZML_CA_BUNDLE` names.
fn trust(environment: &Environment) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = environment.get(env::CA_BUNDLE) {
        let unusable = |why: &dyn std::fmt::Display| {
            Error::usage(format!("the CA bundle '{path}' is not usable: {why}"))
        };
        let pem = std::fs::read(&path).map_err(|error| unusable(&error))?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| unusable(&error))?;
            roots.add(certificate).map_err(|error| unusable(&error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the ciphers of TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// The server's refusal, or why there was no answer.
pub(super) fn failed(error: tokio_postgres::Error) -> Error {
    let Some(refusal) = error.as_db_error() else {
        let kind = if error.is_closed() {
            ErrorKind::Io
        } else {
            ErrorKind::Connection
        };
        // What this library says of an error is where it arose; why is below.
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(below) = cause {
            let words = below.to_string();
            if !text.contains(&words) {
                text = format!("{text}: {words}");
            }
            cause = below.source();
        }
        let mut converted = azml_core::Error::new(kind, text);
        if converted.message().contains("TLS") || converted.message().contains("certificate") {
            converted = converted.with_hint(
                "name the server's authority in AZML_CA_BUNDLE, or register the datastore \
                 without enforcing TLS",
            );
        }
        return Error::Service(converted.with_source(error));
    };
    let code = refusal.code().code();
    let kind = match code {
        "57014" => ErrorKind::Cancelled,
        "42501" => ErrorKind::Forbidden,
        "3D000" | "42P01" | "42703" | "42883" => ErrorKind::NotFound,
        _ => match &code[..2] {
            "28" => ErrorKind::Unauthorized,
            "08" | "53" | "57" | "58" => ErrorKind::Unavailable,
            "0A" | "22" | "25" | "42" => ErrorKind::InvalidRequest,
            _ => ErrorKind::Service,
        },
    };
    let mut message = refusal.message().to_owned();
    if let Some(detail) = refusal.detail() {
        message = format!("{message}: {detail}");
    }
    let mut converted = azml_core::Error::new(kind, message).with_code(code);
    if let Some(hint) = refusal.hint() {
        converted = converted.with_hint(hint);
    }
    Error::Service(converted)
}
