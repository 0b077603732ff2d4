//! Shared access signatures: reading, making and checking them. Whether the holder may
//! do a given operation is for the service to decide, not for this module.

mod builder;
mod fields;
mod permissions;
mod times;
mod token;

#[cfg(test)]
mod tests;

pub use builder::{DEFAULT_VERSION, SasBuilder, UserDelegationKey};
pub use fields::{OLDEST_VERSION, SasFields, SasKind, SasService, SasTarget};
pub use permissions::SasPermissions;
pub use token::SasToken;

use super::error::StorageAuthError;
