//! The server: who may log in, what all sessions share, and the way to a connection.

mod connection;
mod handshake;
mod reply;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI16, Ordering},
    },
    time::Duration,
};

use azml_core::clock::Clock;
use subtle::ConstantTimeEq;
use tokio::net::TcpStream;

use super::store::CatalogStore;
use crate::scripts::Runtime;

/// The version that the server claims: SQL Server 2019.
const VERSION: [u8; 4] = [15, 0, 0x07, 0xD0];

/// What all sessions share.
#[derive(Debug)]
pub(in crate::sql) struct Server {
    pub(in crate::sql) name: String,
    pub(in crate::sql) store: CatalogStore,
    /// `None` unless scripts are allowed.
    pub(in crate::sql) scripts: Option<Runtime>,
    /// How long a writer waits for another.
    pub(in crate::sql) lock_timeout: Duration,
    login: Login,
    tls: Arc<rustls::ServerConfig>,
    next_spid: AtomicI16,
}

/// The one SQL login.
pub(in crate::sql) struct Login {
    pub(in crate::sql) user: String,
    pub(in crate::sql) password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Server {
    pub(in crate::sql) fn new(
        store: CatalogStore,
        login: Login,
        tls: Arc<rustls::ServerConfig>,
        scripts: Option<Runtime>,
    ) -> Self {
        Self {
            name: "azml".to_owned(),
            store,
            scripts,
            lock_timeout: Duration::from_secs(60),
            login,
            tls,
            next_spid: AtomicI16::new(51),
        }
    }

    pub(in crate::sql) fn clock(&self) -> &Arc<dyn Clock> {
        &self.store.state().clock
    }

    /// The version as `SERVERPROPERTY('ProductVersion')` writes it.
    pub(in crate::sql) fn product_version(&self) -> String {
        let [major, minor, high, low] = VERSION;
        format!("{major}.{minor}.{}.5", u16::from_be_bytes([high, low]))
    }

    /// Whether the login is known and its password right; both are always compared.
    fn admits(&self, user: &str, password: &str) -> bool {
        let known = self
            .login
            .user
            .to_lowercase()
            .as_bytes()
            .ct_eq(user.to_lowercase().as_bytes());
        let right = self.login.password.as_bytes().ct_eq(password.as_bytes());
        (known & right).into()
    }

    fn next_spid(&self) -> i16 {
        let next = |spid: i16| Some(if spid == i16::MAX { 51 } else { spid + 1 });
        self.next_spid
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .unwrap_or(51)
    }
}

/// Serves one connection to its end.
pub(in crate::sql) async fn serve(server: Arc<Server>, stream: TcpStream) {
    if let Err(error) = connection::serve(server, stream).await {
        tracing::debug!(%error, "a connection to SQL Server ended");
    }
}
