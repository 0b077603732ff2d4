//! What can be wrong with a storage key or SAS before a request is made. The texts
//! never repeat the secret.

/// A storage credential that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageAuthError {
    /// The account key is not base64.
    #[error("the account key is not valid base64")]
    MalformedKey,
    /// The SAS has no signature or a field in it cannot be read.
    #[error("the shared access signature is malformed: {0}")]
    MalformedSas(String),
    /// The parameters do not make a SAS the service would accept.
    #[error("the shared access signature cannot be made: {0}")]
    InvalidSas(String),
}

impl From<StorageAuthError> for azml_core::Error {
    fn from(error: StorageAuthError) -> Self {
        Self::new(azml_core::ErrorKind::InvalidArgument, error.to_string())
    }
}
