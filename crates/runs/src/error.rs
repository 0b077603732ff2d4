//! What can be wrong with a run before it begins.

use std::io;
use std::path::PathBuf;

use crate::access::Unsupported;

/// A result with [`Error`] as its error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something that no service would accept.
    #[error("{0}")]
    Usage(String),
    /// The compute target cannot get at the data in this way.
    #[error(transparent)]
    Access(#[from] Unsupported),
    /// A local file operation failed.
    #[error("{action} '{}' failed", .path.display())]
    Local {
        /// What was attempted, as a gerund.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    pub(crate) fn local(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Local {
            action,
            path,
            source,
        }
    }
}
