//! What can be registered: one builder per kind of datastore. Everything is checked
//! before anything is sent.

mod database;
mod lake;
mod principal;
mod storage;

#[cfg(test)]
mod tests;

use super::names;
use super::record::{Kind, Location, Record};
use crate::error::{Error, Result};

pub use database::{
    AzureMySql, AzurePostgreSql, AzureSql, LoginDatabase, LoginDatabaseKind, MySql, PostgreSql,
};
pub use lake::{AzureDataLakeGen1, AzureDataLakeGen2};
pub use storage::{AzureBlob, AzureFile, AzureStorage, Blob, FileShare, StorageKind};

/// A datastore that is ready to be registered.
#[derive(Clone, Debug)]
pub struct Registration {
    pub(crate) record: Record,
    pub(crate) overwrite: bool,
    pub(crate) create_if_not_exists: bool,
    pub(crate) skip_validation: bool,
}

impl Registration {
    fn new(record: Record) -> Self {
        Self {
            record,
            overwrite: false,
            create_if_not_exists: false,
            skip_validation: false,
        }
    }
}

/// The Databricks file system to register; an existing datastore of the name is replaced,
/// as in the original client.
#[derive(Clone, Debug)]
pub struct Databricks {
    name: String,
}

impl Databricks {
    /// A datastore called `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

impl TryFrom<Databricks> for Registration {
    type Error = Error;

    fn try_from(builder: Databricks) -> Result<Self> {
        let name = names::datastore(&builder.name)?;
        let mut registration = Self::new(Record::new(name, Kind::Databricks, Location::Databricks));
        registration.overwrite = true;
        Ok(registration)
    }
}
