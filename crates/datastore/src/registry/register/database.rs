//! Databases to register.

use std::marker::PhantomData;

use azml_auth::Secret;

use super::Registration;
use super::principal::{Principal, principal_setters};
use crate::database::SQL_RESOURCE;
use crate::error::{Error, Result};
use crate::registry::names;
use crate::registry::record::{Credential, Kind, Location, Record};

/// What the builders of databases have in common.
#[derive(Clone, Debug)]
struct Database {
    name: String,
    server: String,
    database: String,
    login: Option<(String, Secret)>,
    endpoint: Option<String>,
    port: Option<String>,
    enforce_tls: Option<bool>,
    overwrite: bool,
    skip_validation: bool,
}

impl Database {
    fn new(
        name: impl Into<String>,
        server: impl Into<String>,
        database: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            server: server.into(),
            database: database.into(),
            login: None,
            endpoint: None,
            port: None,
            enforce_tls: None,
            overwrite: false,
            skip_validation: false,
        }
    }

    fn build(self, kind: Kind, principal: Credential) -> Result<Registration> {
        let name = names::datastore(&self.name)?;
        for (what, value) in [("server", &self.server), ("database", &self.database)] {
            if value.trim().is_empty() {
                return Err(Error::usage(format!("the {what} has no name")));
            }
        }
        let location = Location::Database {
            server: self.server,
            database: self.database,
            endpoint: self.endpoint,
            port: self.port,
            enforce_tls: self.enforce_tls,
        };
        let credential = match self.login {
            Some((user, password)) => Credential::SqlLogin {
                user,
                password: Some(password),
            },
            None => principal,
        };
        let mut registration = Registration::new(Record {
            credential,
            ..Record::new(name, kind, location)
        });
        registration.overwrite = self.overwrite;
        registration.skip_validation = self.skip_validation;
        Ok(registration)
    }
}

/// A SQL database to register.
#[derive(Clone, Debug)]
pub struct AzureSql {
    database: Database,
    principal: Principal,
    overwrite: bool,
}

impl AzureSql {
    /// A datastore `name` over `database` of the server with the short name `server`.
    pub fn new(
        name: impl Into<String>,
        server: impl Into<String>,
        database: impl Into<String>,
    ) -> Self {
        Self {
            database: Database::new(name, server, database),
            principal: Principal::default(),
            overwrite: false,
        }
    }

    /// Authorises with a SQL login, which goes before a service principal.
    #[must_use]
    pub fn login(mut self, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.database.login = Some((user.into(), password.into()));
        self
    }

    /// What stands behind the server's name. Default: `database.windows.net`.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.database.endpoint = Some(endpoint.into());
        self
    }

    /// The port of the server. Default: 1433.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.database.port = Some(port.to_string());
        self
    }

    /// Registers without the service looking at the fields.
    #[must_use]
    pub fn skip_validation(mut self) -> Self {
        self.database.skip_validation = true;
        self
    }

    principal_setters!();
}

impl TryFrom<AzureSql> for Registration {
    type Error = Error;

    fn try_from(builder: AzureSql) -> Result<Self> {
        let principal = builder.principal.build(SQL_RESOURCE)?;
        let mut registration = builder.database.build(Kind::AzureSql, principal)?;
        registration.overwrite = builder.overwrite;
        Ok(registration)
    }
}

/// A kind of database that only takes a login.
pub trait LoginDatabaseKind: Clone + std::fmt::Debug {
    /// The kind in a record.
    fn kind() -> Kind;
    /// Whether connections need TLS, where the kind can say so.
    fn enforce_tls() -> Option<bool>;
}

/// PostgreSQL.
#[derive(Clone, Copy, Debug)]
pub struct PostgreSql;

impl LoginDatabaseKind for PostgreSql {
    fn kind() -> Kind {
        Kind::AzurePostgreSql
    }

    fn enforce_tls() -> Option<bool> {
        Some(true)
    }
}

/// MySQL.
#[derive(Clone, Copy, Debug)]
pub struct MySql;

impl LoginDatabaseKind for MySql {
    fn kind() -> Kind {
        Kind::AzureMySql
    }

    fn enforce_tls() -> Option<bool> {
        None
    }
}

/// A PostgreSQL database to register; port 5432 unless said otherwise.
pub type AzurePostgreSql = LoginDatabase<PostgreSql>;

/// A MySQL database to register; port 3306 unless said otherwise. It can be registered and
/// looked up; its data is not read by this crate.
pub type AzureMySql = LoginDatabase<MySql>;

/// A PostgreSQL ([`AzurePostgreSql`]) or MySQL ([`AzureMySql`]) database to register.
#[derive(Clone, Debug)]
pub struct LoginDatabase<K> {
    kind: PhantomData<K>,
    database: Database,
}

impl<K: LoginDatabaseKind> LoginDatabase<K> {
    /// A datastore `name` over `database` of the server with the short name `server`.
    pub fn new(
        name: impl Into<String>,
        server: impl Into<String>,
        database: impl Into<String>,
        user: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Self {
        let mut database = Database::new(name, server, database);
        database.login = Some((user.into(), password.into()));
        database.enforce_tls = K::enforce_tls();
        Self {
            kind: PhantomData,
            database,
        }
    }

    /// The port of the server. Default: the usual one of the kind.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.database.port = Some(port.to_string());
        self
    }

    /// What stands behind the server's name in the host name.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.database.endpoint = Some(endpoint.into());
        self
    }

    /// Replaces a datastore of the same name. Default: that is an error.
    #[must_use]
    pub fn overwrite(mut self) -> Self {
        self.database.overwrite = true;
        self
    }

    /// Registers without the service looking at the fields.
    #[must_use]
    pub fn skip_validation(mut self) -> Self {
        self.database.skip_validation = true;
        self
    }
}

impl LoginDatabase<PostgreSql> {
    /// Allows connections without TLS. Default: they are refused.
    #[must_use]
    pub fn allow_plain(mut self) -> Self {
        self.database.enforce_tls = Some(false);
        self
    }
}

impl<K: LoginDatabaseKind> TryFrom<LoginDatabase<K>> for Registration {
    type Error = Error;

    fn try_from(builder: LoginDatabase<K>) -> Result<Self> {
        builder.database.build(K::kind(), Credential::None)
    }
}
