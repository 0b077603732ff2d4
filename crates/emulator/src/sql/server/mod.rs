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

use super::{
    catalog::{MASTER, key},
    security::{Caller, Password, SYSTEM_ADMINISTRATOR},
    store::CatalogStore,
};
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

/// The administrator's login.
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
        debug_assert_eq!(login.user, SYSTEM_ADMINISTRATOR);
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

    /// Whether the login is known and its password right; a password is compared in any case.
    fn admits(&self, user: &str, password: &str) -> bool {
        if key(user) == key(&self.login.user) {
            return self
                .login
                .password
                .as_bytes()
                .ct_eq(password.as_bytes())
                .into();
        }
        match self.store.snapshot().logins.get(&key(user)) {
            Some(login) => login.password.is(password) && login.enabled,
            None => {
                Password::nobody(password);
                false
            }
        }
    }

    /// The database that a login begins in, by its name as the database has it; `None` where it may not be there.
    fn database(&self, user: &str, wanted: &str) -> Option<String> {
        let snapshot = self.store.snapshot();
        let own = snapshot
            .logins
            .get(&key(user))
            .map_or(MASTER, |login| &login.database);
        let wanted = if wanted.is_empty() { own } else { wanted };
        let caller = Caller {
            instance: &snapshot,
            login: user,
        };
        let database = caller.enter(wanted).ok()?;
        Some(database.name.clone())
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
