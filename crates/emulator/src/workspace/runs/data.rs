//! The data of a workspace's datastores for runs: what is in the emulator's own accounts,
//! whatever address is registered.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use azml_auth::storage::SasService;
use azml_runs::RunConfiguration;
use azml_runs::access::{self, Compute, StoreKind};
use azml_runs::executor::{DataAccess, RemoteFile, Stored};
#[cfg(target_os = "linux")]
use azml_runs::executor::{Mounting, RunAs};

use super::Runs;
use crate::storage::Place;
use crate::workspace::workspaces::{Scope, Workspace};

/// The data that one run may use.
pub(super) struct RunData {
    pub(super) runs: Arc<Runs>,
    pub(super) workspace: Workspace,
}

impl RunData {
    fn place(&self, name: &str) -> Result<(StoreKind, Place), String> {
        let scope = Scope {
            subscription: self.workspace.subscription.clone(),
            group: self.workspace.group.clone(),
            name: self.workspace.name.clone(),
        };
        let found = self.runs.datastores.get(&scope, name);
        let (_, datastore) = found.map_err(|error| error.message)?;
        let kind = &datastore.data_store_type;
        let store = StoreKind::from_type(kind)
            .ok_or_else(|| format!("runs cannot use a datastore of the kind {kind}"))?;
        let section = datastore.azure_storage_section.as_ref().ok_or_else(|| {
            format!("the datastore '{name}' of the kind {kind} holds no files for runs")
        })?;
        if !self
            .runs
            .datastores
            .storage
            .has_account(&section.account_name)
        {
            return Err(format!(
                "the account '{}' of the datastore '{name}' is not one of the emulator's",
                section.account_name
            ));
        }
        let service = match store {
            StoreKind::File => SasService::File,
            _ => SasService::Blob,
        };
        let place = Place {
            service,
            account: section.account_name.clone(),
            container: section.container_name.clone(),
        };
        Ok((store, place))
    }

    /// Whether the cluster can use all data in the way that the run wants.
    pub(super) fn check(&self, configuration: &RunConfiguration) -> Result<(), String> {
        let references = configuration.references();
        for reference in references.map_err(|error| error.to_string())? {
            let (store, _) = self.place(reference.datastore())?;
            access::check(Compute::AmlCompute, store, reference.mode().into())
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

#[async_trait]
impl DataAccess for RunData {
    async fn list(&self, datastore: &str, prefix: &str) -> Result<Vec<RemoteFile>, String> {
        let (_, place) = self.place(datastore)?;
        let storage = &self.runs.datastores.storage;
        let files = storage.files(&place, prefix).await;
        let files = files.map_err(|error| error.message().to_owned())?;
        let file = |(name, length)| RemoteFile { name, length };
        Ok(files.into_iter().map(file).collect())
    }

    async fn fetch(&self, datastore: &str, name: &str, to: &Path) -> Result<(), String> {
        let (_, place) = self.place(datastore)?;
        self.runs.datastores.storage.fetch(&place, name, to).await
    }

    #[cfg(target_os = "linux")]
    async fn mount(
        &self,
        datastore: &str,
        path: &str,
        at: &Path,
        run_as: RunAs,
    ) -> Result<Mounting, String> {
        let (_, place) = self.place(datastore)?;
        let storage = Arc::clone(&self.runs.datastores.storage);
        super::mounts::mount(storage, place, (datastore, path), at, run_as).await
    }

    async fn store(
        &self,
        datastore: &str,
        name: &str,
        from: &Path,
        overwrite: bool,
    ) -> Result<Stored, String> {
        let (_, place) = self.place(datastore)?;
        let storage = &self.runs.datastores.storage;
        Ok(match storage.keep(&place, name, from, overwrite).await? {
            true => Stored::Done,
            false => Stored::Existed,
        })
    }
}
