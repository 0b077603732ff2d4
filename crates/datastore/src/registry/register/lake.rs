//! Data lakes to register.

use azml_auth::Secret;

use super::Registration;
use super::principal::{Principal, principal_setters};
use crate::error::{Error, Result};
use crate::registry::names;
use crate::registry::record::{Kind, Location, Record};

/// The resource that tokens for Gen1 stores are for.
const GEN1_RESOURCE: &str = "https://datalake.azure.net/";
/// The resource that tokens for storage accounts are for.
const STORAGE_RESOURCE: &str = "https://storage.azure.com/";

/// A Data Lake Store (Gen1) to register.
#[derive(Clone, Debug)]
pub struct AzureDataLakeGen1 {
    name: String,
    store: String,
    principal: Principal,
    overwrite: bool,
}

impl AzureDataLakeGen1 {
    /// A datastore `name` over the store called `store`.
    pub fn new(name: impl Into<String>, store: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            store: store.into(),
            principal: Principal::default(),
            overwrite: false,
        }
    }

    principal_setters!();
}

impl TryFrom<AzureDataLakeGen1> for Registration {
    type Error = Error;

    fn try_from(builder: AzureDataLakeGen1) -> Result<Self> {
        let name = names::datastore(&builder.name)?;
        let location = Location::DataLakeStore {
            name: builder.store,
        };
        let mut registration = Self::new(Record {
            credential: builder.principal.build(GEN1_RESOURCE)?,
            ..Record::new(name, Kind::AzureDataLakeGen1, location)
        });
        registration.overwrite = builder.overwrite;
        Ok(registration)
    }
}

/// A file system of a Data Lake Storage (Gen2) account to register.
#[derive(Clone, Debug)]
pub struct AzureDataLakeGen2 {
    name: String,
    account: String,
    file_system: String,
    endpoint: Option<String>,
    protocol: Option<String>,
    principal: Principal,
    overwrite: bool,
}

impl AzureDataLakeGen2 {
    /// A datastore `name` over `file_system` of `account`.
    pub fn new(
        name: impl Into<String>,
        account: impl Into<String>,
        file_system: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            account: account.into(),
            file_system: file_system.into(),
            endpoint: None,
            protocol: None,
            principal: Principal::default(),
            overwrite: false,
        }
    }

    /// What stands behind `ACCOUNT.dfs.` in the host name.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// `https` or `http`. Default: `https`.
    #[must_use]
    pub fn protocol(mut self, protocol: impl Into<String>) -> Self {
        self.protocol = Some(protocol.into());
        self
    }

    principal_setters!();
}

impl TryFrom<AzureDataLakeGen2> for Registration {
    type Error = Error;

    fn try_from(builder: AzureDataLakeGen2) -> Result<Self> {
        let name = names::datastore(&builder.name)?;
        names::account(&builder.account)?;
        names::container(&builder.file_system)?;
        let location = Location::Storage {
            account: builder.account,
            container: builder.file_system,
            endpoint: builder.endpoint,
            protocol: builder.protocol,
        };
        let mut registration = Self::new(Record {
            credential: builder.principal.build(STORAGE_RESOURCE)?,
            ..Record::new(name, Kind::AzureDataLakeGen2, location)
        });
        registration.overwrite = builder.overwrite;
        Ok(registration)
    }
}
