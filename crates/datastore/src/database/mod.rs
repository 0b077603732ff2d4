//! Datastores that are databases: where they are and how to log in, for whoever speaks their
//! protocol. Only PostgreSQL's is spoken here.

#[cfg(feature = "postgres")]
mod postgres;

use azml_auth::{DatabaseConnection, DatabaseLogin, Secret};

use crate::data::{Datastore, principal};
use crate::error::{Error, Result};
use crate::registry::{Credential, Kind, Location};

#[cfg(feature = "postgres")]
pub use postgres::QueryRows;

/// The resource that tokens for SQL databases are for.
pub(crate) const SQL_RESOURCE: &str = "https://database.windows.net/";

impl Datastore {
    /// The host, database and login of a SQL, PostgreSQL or MySQL database, for a client of
    /// that kind of server; `azml-sqlml-remote` takes that of a SQL database. A SQL database
    /// that is registered with an application, or without any login, yields a token: the
    /// application's, or the caller's own.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for kinds that are no database, and for a credential that the
    /// kind cannot be reached with; a token that could not be obtained.
    pub async fn database_connection(&self) -> Result<DatabaseConnection> {
        let record = self.record();
        let Location::Database {
            server,
            database,
            endpoint,
            port,
            ..
        } = &record.location
        else {
            return Err(Error::Unsupported {
                operation: "connecting to a database",
                what: format!("a datastore of kind {}", record.kind),
            });
        };
        let usual = match record.kind {
            Kind::AzurePostgreSql => "postgres.database.azure.com",
            Kind::AzureMySql => "mysql.database.azure.com",
            _ => "database.windows.net",
        };
        let endpoint = endpoint.as_deref().filter(|text| !text.is_empty());
        let port = match port.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => Some(
                text.parse()
                    .map_err(|_| Error::usage(format!("the port '{text}' is no port")))?,
            ),
            None => None,
        };
        let login = self.login().await?;
        let host = host(server, endpoint.unwrap_or(usual));
        Ok(DatabaseConnection::new(host, database, login).with_port(port))
    }

    async fn login(&self) -> Result<DatabaseLogin> {
        let record = self.record();
        match (&record.kind, &record.credential) {
            (_, Credential::SqlLogin { user, password }) => Ok(DatabaseLogin::Password {
                user: user.clone(),
                password: password
                    .clone()
                    .ok_or_else(|| Error::usage("the datastore came without its password"))?,
            }),
            (Kind::AzureSql, credential) => {
                let source = match principal(self.workspace(), credential)? {
                    Some(application) => application,
                    None => self.workspace().credential.clone(),
                };
                let scope = format!("{SQL_RESOURCE}/.default");
                let token = source.get_token(&[&scope], None).await?;
                Ok(DatabaseLogin::AccessToken(Secret::new(
                    token.token.secret(),
                )))
            }
            (kind, credential) => Err(Error::Unsupported {
                operation: "connecting to a database",
                what: format!(
                    "a datastore of kind {kind} with a credential of kind {}",
                    credential.kind()
                ),
            }),
        }
    }
}

/// The host of a server: its short name before the endpoint. A name that is whole already
/// stays as it is.
fn host(server: &str, endpoint: &str) -> String {
    let whole = server.contains('.')
        || server.contains(':')
        || azml_core::endpoint::is_loopback_host(server);
    if whole {
        server.to_owned()
    } else {
        format!("{server}.{endpoint}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// storage DB-01.
    #[test]
    fn a_server_is_its_short_name_before_the_endpoint() {
        for (server, expected) in [
            ("srv", "srv.postgres.database.azure.com"),
            ("srv.example.net", "srv.example.net"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
        ] {
            assert_eq!(host(server, "postgres.database.azure.com"), expected);
        }
    }
}
