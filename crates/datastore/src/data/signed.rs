//! Addresses that carry their own permission.

use std::time::Duration;

use azml_auth::storage::{AccountKey, SasBuilder, SasPermissions, SharedKey};
use azure_core::http::Url;

use super::Datastore;
use super::connection::{Connection, Service};
use crate::error::{Error, Result};
use crate::registry::{Credential, Kind, Location};

impl Datastore {
    /// The address of a file, or without `path` of the container or share, with a shared
    /// access signature for whoever has it. `permissions` are letters: `r` read, `a` add,
    /// `c` create, `w` write, `d` delete, `l` list. The address is a secret until it expires.
    ///
    /// # Errors
    /// [`Error::Usage`] for unknown letters; [`Error::Unsupported`] for a datastore that is
    /// no blob container, file share or file system, or has no account key.
    pub fn signed_url(
        &self,
        path: Option<&str>,
        permissions: &str,
        lifetime: Duration,
    ) -> Result<Url> {
        let record = self.record();
        let unsupported = |what: String| Error::Unsupported {
            operation: "signing an address",
            what,
        };
        let (
            Location::Storage {
                account, container, ..
            },
            Credential::AccountKey(Some(key)),
        ) = (&record.location, &record.credential)
        else {
            return Err(unsupported(format!(
                "a datastore of kind {} with a credential of kind {}",
                record.kind,
                record.credential.kind()
            )));
        };
        let (service, builder) = match (&record.kind, path) {
            (Kind::AzureBlob | Kind::AzureDataLakeGen2, None) => {
                (Service::Blob, SasBuilder::container(container))
            }
            (Kind::AzureBlob | Kind::AzureDataLakeGen2, Some(path)) => {
                (Service::Blob, SasBuilder::blob(container, path))
            }
            (Kind::AzureFile, None) => (Service::File, SasBuilder::share(container)),
            (Kind::AzureFile, Some(path)) => (Service::File, SasBuilder::file(container, path)),
            (kind, _) => return Err(unsupported(format!("a datastore of kind {kind}"))),
        };
        let permissions: SasPermissions = permissions.parse()?;
        let expiry = self.workspace.clock.now() + lifetime;
        let key = SharedKey::new(account, AccountKey::from_base64(key.expose())?);
        let sas = builder
            .permissions(permissions)
            .expires(expiry)
            .sign(&key)?;
        let connection = Connection::open(&self.workspace, record, service)?;
        let mut url = match path {
            None => connection.root().clone(),
            Some(path) => connection.path_url(path)?,
        };
        sas.apply_to(&mut url);
        Ok(url)
    }
}
