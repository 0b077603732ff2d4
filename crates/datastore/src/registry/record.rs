//! A registered datastore, without the wire format of either contract.

use std::collections::BTreeMap;

use azml_auth::Secret;
use serde_json::Value;

/// The kinds of datastores.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A blob container.
    AzureBlob,
    /// A file share.
    AzureFile,
    /// A Data Lake Store (Gen1).
    AzureDataLakeGen1,
    /// A file system of a Data Lake Storage (Gen2) account.
    AzureDataLakeGen2,
    /// A SQL database.
    AzureSql,
    /// A PostgreSQL database.
    AzurePostgreSql,
    /// A MySQL database.
    AzureMySql,
    /// The Databricks file system.
    Databricks,
    /// Another one, by its name on the wire.
    Other(String),
}

impl Kind {
    /// The name in the workspace data plane.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::AzureBlob => "AzureBlob",
            Self::AzureFile => "AzureFile",
            Self::AzureDataLakeGen1 => "AzureDataLake",
            Self::AzureDataLakeGen2 => "AzureDataLakeGen2",
            Self::AzureSql => "AzureSqlDatabase",
            Self::AzurePostgreSql => "AzurePostgreSql",
            Self::AzureMySql => "AzureMySql",
            Self::Databricks => "DBFS",
            Self::Other(name) => name,
        }
    }

    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "AzureBlob" => Self::AzureBlob,
            "AzureFile" => Self::AzureFile,
            "AzureDataLake" | "AzureDataLakeGen1" => Self::AzureDataLakeGen1,
            "AzureDataLakeGen2" => Self::AzureDataLakeGen2,
            "AzureSqlDatabase" => Self::AzureSql,
            "AzurePostgreSql" => Self::AzurePostgreSql,
            "AzureMySql" => Self::AzureMySql,
            "DBFS" => Self::Databricks,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Where the data of a datastore is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Location {
    /// A blob container, file share or file system.
    Storage {
        /// The storage account.
        account: String,
        /// The container, share or file system.
        container: String,
        /// What stands behind `ACCOUNT.blob.` in the host name, for example `core.windows.net`.
        endpoint: Option<String>,
        /// `https` unless said otherwise.
        protocol: Option<String>,
    },
    /// A Data Lake Store (Gen1).
    DataLakeStore {
        /// The store's name.
        name: String,
    },
    /// A database.
    Database {
        /// The server's short name.
        server: String,
        /// The database.
        database: String,
        /// What stands behind the server's name in the host name.
        endpoint: Option<String>,
        /// The port, where the kind has one.
        port: Option<String>,
        /// Whether TLS is required, where the kind can say so.
        enforce_tls: Option<bool>,
    },
    /// Nothing to say: the Databricks file system.
    Databricks,
    /// Another kind: the record as it came.
    Other(Value),
}

/// How the data is reached. `Debug` shows no secret.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Credential {
    /// None, or the caller's own identity.
    #[default]
    None,
    /// An account key. `None` when the record was asked for without secrets.
    AccountKey(Option<Secret>),
    /// A shared access signature.
    Sas(Option<Secret>),
    /// An application of the directory with its secret.
    ServicePrincipal {
        /// The tenant.
        tenant_id: String,
        /// The application's client id.
        client_id: String,
        /// The application's secret.
        secret: Option<Secret>,
        /// The directory's address.
        authority: Option<String>,
        /// The resource that tokens are for.
        resource: Option<String>,
    },
    /// A login of a database.
    SqlLogin {
        /// The user's name.
        user: String,
        /// The password.
        password: Option<Secret>,
    },
}

impl Credential {
    /// The name of the kind of credential, to show.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::AccountKey(_) => "AccountKey",
            Self::Sas(_) => "Sas",
            Self::ServicePrincipal { .. } => "ServicePrincipal",
            Self::SqlLogin { .. } => "SqlLogin",
        }
    }
}

/// A registered datastore.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record {
    /// The name, lower case.
    pub name: String,
    /// The kind.
    pub kind: Kind,
    /// A description, where the contract has one.
    pub description: Option<String>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
    /// Whether the service tried the credential.
    pub has_been_validated: bool,
    /// Where the data is.
    pub location: Location,
    /// How the data is reached.
    pub credential: Credential,
    /// The workspace identity that the service may use, `None` for none.
    pub identity: Option<String>,
}

impl Record {
    pub(crate) fn new(name: String, kind: Kind, location: Location) -> Self {
        Self {
            name,
            kind,
            description: None,
            tags: BTreeMap::new(),
            has_been_validated: false,
            location,
            credential: Credential::None,
            identity: None,
        }
    }
}
