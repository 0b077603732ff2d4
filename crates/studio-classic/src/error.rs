//! What can go wrong when talking to Studio (classic), one variant per thing a caller may want
//! to react to. Text for people is here too; hints stay apart from the message.

use std::fmt;
use std::path::PathBuf;

use azml_core::ErrorKind;

pub use crate::http_error::HttpError;

/// The settings that nothing works without, as [`Error::MissingConfig`] names them.
pub(crate) const WORKSPACE_ID: &str = "workspace id";
pub(crate) const AUTHORIZATION_TOKEN: &str = "authorization token";

/// Result of the calls of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a lookup was looking for, see [`Error::NotFound`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemKind {
    /// A dataset looked up by its name.
    Dataset,
    /// A dataset looked up by its place in a listing.
    DatasetIndex,
    /// An experiment looked up by its id.
    Experiment,
    /// An experiment looked up by its place in a listing.
    ExperimentIndex,
    /// A node of an experiment's graph.
    Node,
}

impl fmt::Display for ItemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dataset => "dataset named",
            Self::DatasetIndex => "dataset at index",
            Self::Experiment => "experiment with the id",
            Self::ExperimentIndex => "experiment at index",
            Self::Node => "node with the id",
        })
    }
}

/// Error of a call to Studio (classic).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument was refused before any request was made.
    #[error("argument `{name}` {reason}")]
    InvalidArgument {
        /// Name of the argument.
        name: &'static str,
        /// Why it was refused.
        reason: String,
    },

    /// A setting is given neither as an argument nor in the environment nor in a settings file.
    #[error("no {item} is configured")]
    MissingConfig {
        /// The setting that is missing.
        item: &'static str,
    },

    /// A settings file exists but cannot be used.
    #[error("settings file {}: {reason}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// Nothing in the listing has this name, id or index.
    #[error("there is no {kind} `{key}`")]
    NotFound {
        /// What was looked for.
        kind: ItemKind,
        /// The name, id or index.
        key: String,
    },

    /// Data of this type cannot become a frame, or a frame cannot become data of this type.
    #[error("data of type `{id}` has no frame form")]
    UnsupportedDataType {
        /// The type id.
        id: String,
    },

    /// Example datasets belong to the service and cannot be changed.
    #[error("`{name}` is an example dataset and cannot be changed")]
    ExampleReadOnly {
        /// Name of the example.
        name: String,
    },

    /// Only owners of a workspace may do this.
    #[error("`{user}` is not an owner of the workspace and may not see its token")]
    OwnerOnly {
        /// Mail address of the user.
        user: String,
    },

    /// The service refused the request.
    #[error(transparent)]
    Http(Box<HttpError>),

    /// The data does not have the form its type promises.
    #[error("line {line}, column {column}: {reason}")]
    Parse {
        /// Line, counted from 1 as an editor counts.
        line: u64,
        /// Column, counted from 1 in characters.
        column: u64,
        /// What is wrong there.
        reason: String,
    },

    /// The service answered with success, but not with what its protocol promises.
    #[error("{attempted}: the response is not understood: {reason}")]
    UnexpectedResponse {
        /// What was attempted.
        attempted: String,
        /// What is wrong with the response.
        reason: String,
    },

    /// The service finished inferring a schema, or running an experiment, without success.
    #[error("{subject} ended as `{status}`{}", detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default())]
    Failed {
        /// What did not succeed, such as "schema of dataset `x`".
        subject: String,
        /// Final status as the service spells it.
        status: String,
        /// The service's explanation, if it gives one.
        detail: Option<String>,
    },

    /// What was waited for did not happen in the time given.
    #[error("{subject} was still `{status}` after {} s", after.as_secs())]
    TimedOut {
        /// What was waited for.
        subject: String,
        /// Last status seen.
        status: String,
        /// How long was waited.
        after: std::time::Duration,
    },

    /// The request never got an answer: no connection, a broken one, or a time-out.
    #[error(transparent)]
    Transport(#[from] azml_core::Error),

    /// A local file could not be read or written.
    #[error("{attempted}: {source}")]
    Io {
        /// What was attempted.
        attempted: String,
        /// The error of the operating system.
        source: std::io::Error,
    },

    /// A column holds more text than one batch can.
    #[error("column `{column}` holds {bytes} bytes of text; one batch holds less than 2 GiB")]
    TooLarge {
        /// Name of the column.
        column: String,
        /// Bytes of text in it.
        bytes: usize,
    },

    /// Arrow refused to build or combine columns.
    #[error("building a frame: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
}

impl Error {
    /// An error of [`azml_core`]'s client, with what was attempted put before it.
    pub(crate) fn from_core(attempted: &str, error: azml_core::Error) -> Self {
        let refusal = std::error::Error::source(&error)
            .and_then(|source| source.downcast_ref::<HttpError>())
            .cloned();
        match refusal {
            Some(mut refusal) => {
                refusal.attempted = attempted.to_owned();
                Self::Http(Box::new(refusal))
            }
            None => Self::Transport(error.while_doing(attempted)),
        }
    }

    pub(crate) fn argument(name: &'static str, reason: impl Into<String>) -> Self {
        Self::InvalidArgument {
            name,
            reason: reason.into(),
        }
    }

    pub(crate) fn io(attempted: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io {
            attempted: attempted.into(),
            source,
        }
    }

    /// HTTP status of a refused request.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Http(error) => Some(error.status),
            _ => None,
        }
    }

    /// Whether the name of a dataset is taken (409).
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    /// Whether the service refused the workspace id or the token (401).
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(401)
    }

    /// Whether the thing asked for does not exist, be it the service that says so or a listing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. }) || self.status() == Some(404)
    }

    /// What to do about the error, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::MissingConfig { item } => {
                return Some(format!(
                    "pass it as an argument, set {}, or write it to ~/.azureml/settings.json",
                    match *item {
                        WORKSPACE_ID => azml_core::env::STUDIO_WORKSPACE,
                        _ => azml_core::env::STUDIO_TOKEN,
                    }
                ));
            }
            Self::NotFound {
                kind: ItemKind::Dataset,
                ..
            } => {
                "names are compared exactly, upper and lower case included; list the datasets to see them"
            }
            Self::UnsupportedDataType { .. } => {
                "read it as bytes, or add a Convert to CSV or Convert to TSV module to the experiment and read that module's output"
            }
            Self::OwnerOnly { .. } => {
                "ask an owner to remove the user from the workspace and to invite them again as an owner"
            }
            Self::ExampleReadOnly { .. } => "add the data as a dataset of your own and change that",
            Self::TooLarge { .. } => "take the batches one after the other (`read_batches`)",
            Self::Parse { .. } => "read the data as bytes to look at it",
            Self::Http(error) => match error.status {
                401 => {
                    "check the workspace id and the token, and that the endpoint is the one of the workspace's region"
                }
                409 => "choose another name, or update or delete the dataset that has it",
                _ => return None,
            },
            Self::Transport(error) => return error.hint().map(str::to_owned),
            _ => return None,
        };
        Some(hint.to_owned())
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidArgument { .. } => ErrorKind::InvalidArgument,
            Self::MissingConfig { .. } => ErrorKind::MissingConfiguration,
            Self::Settings { .. }
            | Self::Parse { .. }
            | Self::UnexpectedResponse { .. }
            | Self::Arrow(_) => ErrorKind::InvalidData,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::UnsupportedDataType { .. } | Self::TooLarge { .. } => ErrorKind::Unsupported,
            Self::ExampleReadOnly { .. } | Self::OwnerOnly { .. } => ErrorKind::Forbidden,
            Self::Http(error) => error.kind(),
            Self::Failed { .. } => ErrorKind::Service,
            Self::TimedOut { .. } => ErrorKind::Timeout,
            Self::Transport(error) => error.kind(),
            Self::Io { .. } => ErrorKind::Io,
        }
    }
}

/// Keeps kind, status, code, request id, details and hint.
impl From<Error> for azml_core::Error {
    fn from(error: Error) -> Self {
        let hint = error.hint();
        let converted = match error {
            Error::Transport(error) => return error,
            Error::Http(error) => {
                let mut converted = Self::new(
                    error.kind(),
                    format!("{}: {}", error.attempted, error.summary()),
                )
                .with_status(error.status)
                .with_details(error.details.clone());
                if let Some(code) = &error.code {
                    converted = converted.with_code(code);
                }
                if let Some(id) = &error.request_id {
                    converted = converted.with_request_id(id);
                }
                converted.with_source(error)
            }
            error => Self::new(error.kind(), error.to_string()).with_source(error),
        };
        match hint {
            Some(hint) => converted.with_hint(hint),
            None => converted,
        }
    }
}
