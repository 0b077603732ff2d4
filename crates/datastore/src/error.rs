//! What can go wrong with workspaces, datastores and transfers.

use std::io;
use std::path::PathBuf;

use azml_core::ErrorKind;

use crate::transfer::TransferReport;

/// A result with [`Error`] as its error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument that no service would accept; nothing was sent.
    #[error("{0}")]
    Usage(String),
    /// The workspace configuration file cannot be used.
    #[error("the workspace configuration {} cannot be used: {reason}", .path.display())]
    Config {
        /// The file, or where the search for one began.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A datastore of this name is registered already.
    #[error("a datastore named '{0}' exists already")]
    Exists(String),
    /// There is no datastore of this name.
    #[error("there is no datastore named '{0}'")]
    NotFound(String),
    /// The kind of datastore, or the service, has no such operation.
    #[error("{operation} is not possible with {what}")]
    Unsupported {
        /// What was asked for.
        operation: &'static str,
        /// With what it is not possible.
        what: String,
    },
    /// A remote name that would lead out of the local directory.
    #[error("the remote name '{}' cannot be a path below a local directory", .0.escape_debug())]
    UnsafeName(String),
    /// A blob has the name of a folder that other blobs are in.
    #[error("the file '{0}' has the same name as a folder")]
    NameClash(String),
    /// Two files of an upload have one name where they go, for case does not count there.
    #[error("'{first}' and '{second}' are one name on this datastore, where case does not count")]
    SameName {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A local file operation failed.
    #[error("{action} '{}' failed: {source}", .path.display())]
    Local {
        /// What was attempted, as a gerund.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// Some files were not transferred; the report says which and why.
    #[error("{} of {} files were not transferred", .0.failed.len(), .0.total())]
    Incomplete(Box<TransferReport>),
    /// What is wrong with a run before it begins.
    #[error(transparent)]
    Run(#[from] azml_runs::Error),
    /// Mounting or unmounting failed.
    #[cfg(all(feature = "mount", target_os = "linux"))]
    #[error(transparent)]
    Mount(#[from] azml_mount::MountError),
    /// The service refused, or could not be reached.
    #[error(transparent)]
    Service(#[from] azml_core::Error),
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

    /// What to do about it, if anything is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exists(_) => Some("allow to overwrite it, or choose another name".into()),
            Self::NotFound(_) => Some("list the datastores of the workspace".into()),
            Self::Config { .. } => Some(
                "a config.json holds subscription_id, resource_group and workspace_name".into(),
            ),
            Self::Incomplete(report) => {
                let (name, error) = report.failed.first()?;
                Some(format!("the first was '{name}': {error}"))
            }
            Self::Service(error) => error.hint().map(str::to_owned),
            #[cfg(all(feature = "mount", target_os = "linux"))]
            Self::Mount(error) => mount_hint(error).map(str::to_owned),
            Self::SameName { .. } => Some("rename one of them, or upload it elsewhere".into()),
            _ => None,
        }
    }

    /// Whether the connection broke, so that the same may work again.
    pub(crate) fn is_interruption(&self) -> bool {
        match self {
            Self::Service(error) => {
                error.status().is_none()
                    && matches!(
                        error.kind(),
                        ErrorKind::Io | ErrorKind::Connection | ErrorKind::Timeout
                    )
            }
            _ => false,
        }
    }

    /// The HTTP status of a refusal by the service.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Service(error) => error.status(),
            _ => None,
        }
    }
}

#[cfg(all(feature = "mount", target_os = "linux"))]
fn mount_hint(error: &azml_mount::MountError) -> Option<&'static str> {
    use azml_mount::MountError;
    Some(match error {
        MountError::Busy(_) => {
            "leave the folder and close its files, or unmount lazily: it is gone when they are closed"
        }
        MountError::Taken(_) => "choose another folder, or unmount what is there",
        MountError::System { .. } => {
            "mounting needs /dev/fuse, and fusermount3 (Debian: fuse3) for anybody but root"
        }
        _ => return None,
    })
}

impl From<azure_core::Error> for Error {
    fn from(error: azure_core::Error) -> Self {
        Self::Service(error.into())
    }
}

impl From<azml_auth::storage::StorageAuthError> for Error {
    fn from(error: azml_auth::storage::StorageAuthError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(impossible: std::convert::Infallible) -> Self {
        match impossible {}
    }
}

impl From<Error> for azml_core::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Service(inner) => inner.kind(),
            Error::Usage(_) | Error::Run(azml_runs::Error::Usage(_)) => ErrorKind::InvalidArgument,
            Error::Run(azml_runs::Error::Access(_)) => ErrorKind::Unsupported,
            Error::Config { .. } => ErrorKind::MissingConfiguration,
            Error::Exists(_) => ErrorKind::Conflict,
            Error::NotFound(_) => ErrorKind::NotFound,
            Error::Unsupported { .. } => ErrorKind::Unsupported,
            Error::UnsafeName(_) | Error::NameClash(_) | Error::SameName { .. } => {
                ErrorKind::InvalidData
            }
            #[cfg(all(feature = "mount", target_os = "linux"))]
            Error::Mount(azml_mount::MountError::Busy(_) | azml_mount::MountError::Taken(_)) => {
                ErrorKind::Conflict
            }
            #[cfg(all(feature = "mount", target_os = "linux"))]
            Error::Mount(
                azml_mount::MountError::NotMounted(_) | azml_mount::MountError::NoFolder(_),
            ) => ErrorKind::InvalidArgument,
            #[cfg(all(feature = "mount", target_os = "linux"))]
            Error::Mount(_) => ErrorKind::Io,
            Error::Local { .. } | Error::Run(_) | Error::Incomplete(_) => ErrorKind::Io,
        };
        if let Error::Service(inner) = error {
            return inner;
        }
        let hint = error.hint();
        let mut converted = Self::new(kind, error.to_string());
        if let Some(hint) = hint {
            converted = converted.with_hint(hint);
        }
        if let Error::Local { source, .. } = error {
            converted = converted.with_source(source);
        }
        converted
    }
}
