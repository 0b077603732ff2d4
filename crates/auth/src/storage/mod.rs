//! Authorisation for Azure Storage: the Shared Key scheme, shared access signatures
//! and [`StorageCredential`], which covers these and directory tokens.
//!
//! The same canonical forms serve our clients and the emulator; both are tested against
//! vectors made by the official clients, so that they cannot share a mistake.

mod canonical;
mod collation;
mod credential;
mod error;
mod key;
mod policy;
mod sas;

pub use canonical::{HeaderOrder, SignableRequest};
pub use credential::{STORAGE_SCOPE, StorageCredential};
pub use error::StorageAuthError;
pub use key::{AccountKey, SharedKey};
pub use policy::{SasPolicy, SharedKeyPolicy, http_date};
pub use sas::{
    DEFAULT_VERSION, OLDEST_VERSION, SasBuilder, SasFields, SasKind, SasPermissions, SasService,
    SasTarget, SasToken, UserDelegationKey,
};
