//! What can go wrong with the Data Lake services.

use azml_core::ErrorKind;
use futures::stream::BoxStream;

/// A result with [`Error`] as its error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The items of a list, as they are asked for.
pub type Items<T> = BoxStream<'static, Result<T>>;

/// An error of the Data Lake clients.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service refused, the connection failed, or an argument was not usable.
    #[error(transparent)]
    Service(#[from] azml_core::Error),
    /// The file system said no without saying why: a missing source or an existing target of a rename.
    #[error("{operation} of '{path}' was not done")]
    NotDone {
        /// What was asked for.
        operation: &'static str,
        /// On which path.
        path: String,
    },
}

impl Error {
    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Service(error) => error.kind(),
            Self::NotDone { .. } => ErrorKind::Conflict,
        }
    }
}

impl From<Error> for azml_core::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Service(error) => error,
            Error::NotDone { .. } => Self::new(ErrorKind::Conflict, error.to_string())
                .with_hint("check that the source is there and the target is not"),
        }
    }
}
