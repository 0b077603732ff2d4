//! Blob containers and file shares to register.

use std::marker::PhantomData;

use azml_auth::Secret;
use azml_auth::storage::{AccountKey, SasToken};

use super::Registration;
use crate::error::{Error, Result};
use crate::registry::names;
use crate::registry::record::{Credential, Kind, Location, Record};

/// A kind of storage datastore that a key or a SAS opens.
pub trait StorageKind: Clone + std::fmt::Debug {
    /// The kind in a record.
    fn kind() -> Kind;
}

/// A blob container.
#[derive(Clone, Copy, Debug)]
pub struct Blob;

impl StorageKind for Blob {
    fn kind() -> Kind {
        Kind::AzureBlob
    }
}

/// A file share.
#[derive(Clone, Copy, Debug)]
pub struct FileShare;

impl StorageKind for FileShare {
    fn kind() -> Kind {
        Kind::AzureFile
    }
}

/// A blob container to register.
pub type AzureBlob = AzureStorage<Blob>;

/// A file share to register.
pub type AzureFile = AzureStorage<FileShare>;

/// A blob container ([`AzureBlob`]) or a file share ([`AzureFile`]) to register.
#[derive(Clone, Debug)]
pub struct AzureStorage<K> {
    kind: PhantomData<K>,
    name: String,
    account: String,
    container: String,
    account_key: Option<Secret>,
    sas: Option<Secret>,
    endpoint: Option<String>,
    protocol: Option<String>,
    overwrite: bool,
    create_if_not_exists: bool,
    skip_validation: bool,
    check_names: bool,
}

impl<K: StorageKind> AzureStorage<K> {
    /// A datastore `name` over `container` (or share) of `account`.
    pub fn new(
        name: impl Into<String>,
        account: impl Into<String>,
        container: impl Into<String>,
    ) -> Self {
        Self {
            kind: PhantomData,
            name: name.into(),
            account: account.into(),
            container: container.into(),
            account_key: None,
            sas: None,
            endpoint: None,
            protocol: None,
            overwrite: false,
            create_if_not_exists: false,
            skip_validation: false,
            check_names: true,
        }
    }

    /// Authorises with the account's key.
    #[must_use]
    pub fn account_key(mut self, key: impl Into<Secret>) -> Self {
        self.account_key = Some(key.into());
        self
    }

    /// Authorises with a shared access signature; a leading `?` is dropped.
    #[must_use]
    pub fn sas_token(mut self, sas: impl Into<Secret>) -> Self {
        self.sas = Some(sas.into());
        self
    }

    /// What stands behind `ACCOUNT.blob.` (or `.file.`) in the host name. Default: chosen by
    /// the service, `core.windows.net` in the public cloud.
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

    /// Replaces a datastore of the same name. Default: that is an error.
    #[must_use]
    pub fn overwrite(mut self) -> Self {
        self.overwrite = true;
        self
    }

    /// Makes the container or share if it is absent.
    #[must_use]
    pub fn create_if_not_exists(mut self) -> Self {
        self.create_if_not_exists = true;
        self
    }

    /// Registers without the service trying the credential.
    #[must_use]
    pub fn skip_validation(mut self) -> Self {
        self.skip_validation = true;
        self
    }

    /// Takes account and container names as they are, for endpoints with rules of their own.
    #[must_use]
    pub fn unchecked_names(mut self) -> Self {
        self.check_names = false;
        self
    }
}

impl<K: StorageKind> TryFrom<AzureStorage<K>> for Registration {
    type Error = Error;

    fn try_from(builder: AzureStorage<K>) -> Result<Self> {
        let name = names::datastore(&builder.name)?;
        if builder.check_names {
            names::account(&builder.account)?;
            names::container(&builder.container)?;
        }
        if let Some(protocol) = builder.protocol.as_deref()
            && !matches!(protocol, "http" | "https")
        {
            return Err(Error::usage(format!(
                "'{protocol}' is neither http nor https"
            )));
        }
        let credential = match (builder.account_key, builder.sas) {
            (Some(_), Some(_)) => {
                return Err(Error::usage(
                    "both an account key and a SAS token are given; give one of them",
                ));
            }
            (Some(key), None) => {
                AccountKey::from_base64(key.expose())?;
                Credential::AccountKey(Some(key))
            }
            (None, Some(sas)) => {
                let sas = SasToken::new(sas.expose())?;
                Credential::Sas(Some(Secret::new(sas.expose())))
            }
            (None, None) => Credential::None,
        };
        let location = Location::Storage {
            account: builder.account,
            container: builder.container,
            endpoint: builder.endpoint,
            protocol: builder.protocol,
        };
        let record = Record {
            credential,
            ..Record::new(name, K::kind(), location)
        };
        Ok(Self {
            record,
            overwrite: builder.overwrite,
            create_if_not_exists: builder.create_if_not_exists,
            skip_validation: builder.skip_validation,
        })
    }
}
