//! The datastores of a workspace: register, look up, list, unregister, the default.

mod api;
mod arm;
mod data_plane;
mod names;
mod record;
mod register;

use std::sync::Arc;

use futures::stream::{self, Stream, TryStreamExt};

use crate::data::Datastore;
use crate::error::{Error, Result};
use crate::workspace::Inner;
use api::{DatastoreService, PutOptions};
use arm::ArmService;
use data_plane::DataPlane;

pub use api::Api;
pub use record::{Credential, Kind, Location, Record};
pub use register::{
    AzureBlob, AzureDataLakeGen1, AzureDataLakeGen2, AzureFile, AzureMySql, AzurePostgreSql,
    AzureSql, AzureStorage, Blob, Databricks, FileShare, LoginDatabase, LoginDatabaseKind, MySql,
    PostgreSql, Registration, StorageKind,
};

/// The datastores of one workspace.
#[derive(Clone, Debug)]
pub struct Datastores {
    workspace: Arc<Inner>,
    service: Arc<dyn DatastoreService>,
}

impl Datastores {
    pub(crate) fn new(workspace: Arc<Inner>) -> Self {
        let service: Arc<dyn DatastoreService> = match workspace.api {
            Api::DataPlane => Arc::new(DataPlane::new(Arc::clone(&workspace))),
            Api::Arm => Arc::new(ArmService::new(Arc::clone(&workspace))),
        };
        Self { workspace, service }
    }

    /// Registers a datastore and gives it as the service keeps it.
    ///
    /// # Errors
    /// [`Error::Usage`] before anything is sent; [`Error::Exists`] when the name is taken and
    /// may not be overwritten; a credential or a container that the service refuses.
    pub async fn register<R>(&self, registration: R) -> Result<Datastore>
    where
        R: TryInto<Registration>,
        Error: From<R::Error>,
    {
        let registration: Registration = registration.try_into()?;
        let options = PutOptions {
            overwrite: registration.overwrite,
            create_if_not_exists: registration.create_if_not_exists,
            skip_validation: registration.skip_validation,
        };
        let name = registration.record.name.clone();
        self.service.put(&registration.record, options).await?;
        self.get(&name).await
    }

    /// The datastore of this name, in any letter case, with its credential.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, name: &str) -> Result<Datastore> {
        let name = names::datastore(name)?;
        Ok(self.datastore(self.service.get(&name).await?))
    }

    /// The default datastore of the workspace.
    ///
    /// # Errors
    /// The workspace has none.
    pub async fn default(&self) -> Result<Datastore> {
        Ok(self.datastore(self.service.default().await?))
    }

    /// Makes a datastore the default of the workspace.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Unsupported`] with [`Api::Arm`].
    pub async fn set_default(&self, name: &str) -> Result<()> {
        self.service.set_default(&names::datastore(name)?).await
    }

    /// Removes the registration; the data stays. Gives whether there was one.
    ///
    /// # Errors
    /// A refusal by the service.
    pub async fn unregister(&self, name: &str) -> Result<bool> {
        self.service.delete(&names::datastore(name)?).await
    }

    /// Every datastore, page by page as it is asked for, without credentials.
    pub fn list(&self) -> impl Stream<Item = Result<Record>> + Send + 'static {
        let service = Arc::clone(&self.service);
        let pages = stream::try_unfold(Some(String::new()), move |token| {
            let service = Arc::clone(&service);
            async move {
                let Some(token) = token else {
                    return Ok(None);
                };
                let page = service.list(&token).await?;
                let records = stream::iter(page.records.into_iter().map(Ok));
                Ok::<_, Error>(Some((records, page.next)))
            }
        });
        pages.try_flatten()
    }

    fn datastore(&self, record: Record) -> Datastore {
        Datastore::new(Arc::clone(&self.workspace), record)
    }
}
