//! A datastore with the data in it.

mod blob;
mod connection;
mod endpoint;
mod errors;
mod lake;
mod listing;
#[cfg(feature = "object-store")]
mod object_store;
mod share;
mod signed;
mod store;
mod streamed;

use std::path::Path;
use std::sync::Arc;

use azml_runs::DataReference;
use bytes::Bytes;
use futures::stream::{Stream, StreamExt, TryStreamExt};

use crate::error::{Error, Result};
use crate::registry::{Kind, Location, Record};
use crate::transfer::{Download, Upload};
use crate::workspace::Inner;
use blob::BlobStore;
pub(crate) use connection::principal;
use lake::LakeStore;
use share::ShareStore;

pub use endpoint::StorageEndpoints;
#[cfg(feature = "object-store")]
pub use object_store::DatastoreObjects;
pub use store::{Entry, Item};
pub(crate) use store::{Fetched, Store, WriteMode, Writing, Written};

/// A registered datastore of a workspace. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Datastore {
    workspace: Arc<Inner>,
    record: Arc<Record>,
}

impl Datastore {
    pub(crate) fn new(workspace: Arc<Inner>, record: Record) -> Self {
        Self {
            workspace,
            record: Arc::new(record),
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.record.kind
    }

    /// Everything that is registered.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    pub(crate) fn workspace(&self) -> &Inner {
        &self.workspace
    }

    /// A reference to `path` on this datastore, or to all of it for an empty path.
    #[must_use]
    pub fn path(&self, path: &str) -> DataReference {
        DataReference::new(self.name(), Some(path))
    }

    /// Uploads a directory with everything below it. Nothing is sent before the returned
    /// builder is awaited.
    pub fn upload(&self, directory: impl AsRef<Path>) -> Upload {
        Upload::directory(self.clone(), directory.as_ref())
    }

    /// Uploads single files. Their names are their paths below their longest common
    /// directory, or below [`Upload::relative_root`].
    pub fn upload_files<P: AsRef<Path>>(&self, files: impl IntoIterator<Item = P>) -> Upload {
        let files = files.into_iter().map(|file| file.as_ref().to_owned());
        Upload::files(self.clone(), files.collect())
    }

    /// Downloads into a directory, which is made if it is absent. Files keep their whole
    /// remote name below it.
    pub fn download(&self, directory: impl AsRef<Path>) -> Download {
        Download::new(self.clone(), directory.as_ref())
    }

    /// The files whose names begin with `prefix`, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for kinds without files.
    pub fn list(&self, prefix: &str) -> Result<impl Stream<Item = Result<Item>> + Send + 'static> {
        let pages = self.store()?.list(prefix);
        Ok(pages
            .map_ok(|page| futures::stream::iter(page.into_iter().map(Ok)))
            .try_flatten()
            .boxed())
    }

    /// The bytes of a file, as they arrive.
    ///
    /// # Errors
    /// The file is not there; [`Error::Unsupported`] for kinds without files.
    pub async fn read(
        &self,
        path: &str,
    ) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
        let fetched = self.store()?.get(path, None, None).await?;
        Ok(fetched.body.map_err(Error::from))
    }

    /// Writes a file that is in memory, over the one that is there.
    ///
    /// # Errors
    /// A refusal by the service; [`Error::Unsupported`] for kinds without files.
    pub async fn write(&self, path: &str, content: impl Into<Bytes>) -> Result<()> {
        let store = self.store()?;
        let writing = WriteMode::Replace.into();
        store.put(path, content.into(), &writing).await?;
        Ok(())
    }

    /// What the folder `path` holds, its folders among it; the root for an empty path.
    /// Nothing for a folder that is not there.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for kinds without files.
    pub fn entries(
        &self,
        path: &str,
    ) -> Result<impl Stream<Item = Result<Entry>> + Send + 'static> {
        let pages = self.store()?.entries(path);
        Ok(pages
            .map_ok(|page| futures::stream::iter(page.into_iter().map(Ok)))
            .try_flatten()
            .boxed())
    }

    /// The properties of a file, or `None` if it is not there.
    ///
    /// # Errors
    /// A refusal by the service; [`Error::Unsupported`] for kinds without files.
    pub async fn properties(&self, path: &str) -> Result<Option<Item>> {
        self.store()?.head(path).await
    }

    /// Makes the container, share or file system itself, with the datastore's credential;
    /// gives `false` if it is there already.
    ///
    /// # Errors
    /// A refusal by the service; [`Error::Unsupported`] for kinds without files.
    pub async fn create_container(&self) -> Result<bool> {
        self.store()?.create_root().await
    }

    /// Copies a file within the datastore; gives `false` if there is one at `to` that
    /// may not be overwritten.
    ///
    /// # Errors
    /// A refusal by the service; [`Error::Unsupported`] for kinds without files.
    pub async fn copy(&self, from: &str, to: &str, overwrite: bool) -> Result<bool> {
        let written = self.store()?.copy(from, to, &mode(overwrite)).await?;
        Ok(written != Written::Existed)
    }

    /// Moves a file within the datastore; gives `false` if there is one at `to` that may
    /// not be overwritten. File shares and Gen2 file systems do it in one step; in a blob
    /// container it is a copy, and the old blob is removed after it.
    ///
    /// # Errors
    /// A refusal by the service; [`Error::Unsupported`] for kinds without files.
    pub async fn rename(&self, from: &str, to: &str, overwrite: bool) -> Result<bool> {
        let written = self.store()?.rename(from, to, &mode(overwrite)).await?;
        Ok(written != Written::Existed)
    }

    /// Removes a file; gives whether it was there.
    ///
    /// # Errors
    /// A refusal by the service; [`Error::Unsupported`] for kinds without files.
    pub async fn delete(&self, path: &str) -> Result<bool> {
        self.store()?.delete(path).await
    }

    /// The way to the data.
    pub(crate) fn store(&self) -> Result<Arc<dyn Store>> {
        match (&self.record.kind, &self.record.location) {
            (Kind::AzureBlob, Location::Storage { .. }) => {
                Ok(Arc::new(BlobStore::open(&self.workspace, &self.record)?))
            }
            (Kind::AzureFile, Location::Storage { .. }) => {
                Ok(Arc::new(ShareStore::open(&self.workspace, &self.record)?))
            }
            (Kind::AzureDataLakeGen2, Location::Storage { .. }) => {
                Ok(Arc::new(LakeStore::open(&self.workspace, &self.record)?))
            }
            (kind, _) => Err(Error::Unsupported {
                operation: "reading or writing files",
                what: format!("a datastore of kind {kind}"),
            }),
        }
    }
}

fn mode(overwrite: bool) -> WriteMode {
    if overwrite {
        WriteMode::Replace
    } else {
        WriteMode::Keep
    }
}
