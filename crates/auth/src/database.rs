//! How a database is reached, as whoever knows of it tells whoever speaks its protocol: a datastore knows the server
//! and the login, a client of SQL Server connects. Neither depends on the other.

use crate::Secret;

/// A database and how to log in to it. `Debug` shows no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DatabaseConnection {
    /// The host's name or address.
    pub host: String,
    /// The port; the usual one of the kind of server without one.
    pub port: Option<u16>,
    /// The database's name.
    pub database: String,
    /// The login.
    pub login: DatabaseLogin,
}

/// How to log in to a database. `Debug` shows no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DatabaseLogin {
    /// A user of the database.
    Password {
        /// The user's name.
        user: String,
        /// The user's password.
        password: Secret,
    },
    /// A bearer token of the directory, valid for about an hour.
    AccessToken(Secret),
}

impl DatabaseConnection {
    /// The database of a host, at the usual port.
    pub fn new(host: impl Into<String>, database: impl Into<String>, login: DatabaseLogin) -> Self {
        Self {
            host: host.into(),
            port: None,
            database: database.into(),
            login,
        }
    }

    /// The same at this port.
    #[must_use]
    pub fn with_port(mut self, port: Option<u16>) -> Self {
        self.port = port;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let login = DatabaseLogin::Password {
            user: "me".to_owned(),
            password: Secret::new("hunter2"),
        };
        let connection = DatabaseConnection::new("srv", "db", login).with_port(Some(1));
        let shown = format!("{connection:?}");
        assert!(
            shown.contains("srv") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
