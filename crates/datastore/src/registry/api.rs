//! What both contracts for datastores offer, without their wire formats.

use std::fmt::Debug;

use async_trait::async_trait;

use super::Record;
use crate::error::Result;

/// The two contracts that the service has for datastores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Api {
    /// The workspace data plane (v1): every kind, credentials with each datastore, and the
    /// default can be set.
    #[default]
    DataPlane,
    /// Azure Resource Manager: for workspaces whose data plane is closed. It has no databases
    /// and cannot set the default.
    Arm,
}

/// How a datastore is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PutOptions {
    pub(crate) overwrite: bool,
    pub(crate) create_if_not_exists: bool,
    pub(crate) skip_validation: bool,
}

/// A page of a listing.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) records: Vec<Record>,
    /// What to ask for next; `None` on the last page.
    pub(crate) next: Option<String>,
}

/// One of the contracts.
#[async_trait]
pub(crate) trait DatastoreService: Debug + Send + Sync {
    /// A page, without secrets; the first one for an empty token.
    async fn list(&self, token: &str) -> Result<Page>;

    /// One datastore with its secrets.
    async fn get(&self, name: &str) -> Result<Record>;

    /// Writes a datastore.
    async fn put(&self, record: &Record, options: PutOptions) -> Result<()>;

    /// Removes a datastore; gives whether it was there, as far as the service says.
    async fn delete(&self, name: &str) -> Result<bool>;

    /// The default datastore, with its secrets.
    async fn default(&self) -> Result<Record>;

    /// Sets the default datastore.
    async fn set_default(&self, name: &str) -> Result<()>;
}
