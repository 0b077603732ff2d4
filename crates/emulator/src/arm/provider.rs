//! What a service offers to Resource Manager.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use axum::response::Response;

use super::error::ArmError;
use super::request::ArmRequest;
use crate::state::{self, WriteTxn};

/// A namespace of resource types, such as `Microsoft.DataLakeStore`.
#[async_trait]
pub(crate) trait ResourceProvider: Send + Sync + 'static {
    /// The namespace in its usual spelling.
    fn namespace(&self) -> &'static str;

    /// The resource types, for the provider's own description.
    fn resource_types(&self) -> &'static [&'static str];

    /// Answers a request below the namespace. The caller, the subscription and, where the path names
    /// one, the resource group were checked.
    async fn handle(&self, request: ArmRequest) -> Result<Response, ArmError>;

    /// Called when a group was removed.
    fn group_removed(&self) {}

    /// Removes every resource of a group, in the transaction that removes the group.
    fn remove_group(
        &self,
        transaction: &mut WriteTxn<'_>,
        subscription: &str,
        group: &str,
    ) -> Result<(), state::Error>;
}

/// The providers of one emulator. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Registry(Arc<RwLock<Vec<Arc<dyn ResourceProvider>>>>);

impl Registry {
    /// Adds a provider.
    pub(crate) fn register(&self, provider: impl ResourceProvider) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::new(provider));
    }

    /// The providers so far.
    pub(super) fn all(&self) -> Vec<Arc<dyn ResourceProvider>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self
            .all()
            .iter()
            .map(|provider| provider.namespace())
            .collect();
        f.debug_tuple("Registry").field(&names).finish()
    }
}
