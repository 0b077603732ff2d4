//! What can go wrong between this program and a SQL Server, or inside of a function that was sent there.

use std::{fmt, io, path::PathBuf, time::Duration};

use arrow::error::ArrowError;
use azml_core::ErrorKind;

/// A result with [`Error`] as its error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connection string cannot be read or used; nothing was sent.
    #[error("the connection string is not usable: {0}")]
    ConnectionString(String),
    /// The connection string asks for named pipes, shared memory and the like.
    #[error("'{0}' is not reachable over TCP, the only transport here")]
    UnsupportedTransport(String),
    /// No connection could be made.
    #[error("could not connect to '{server}': {reason}")]
    Connect {
        /// The server, with its port.
        server: String,
        /// Why not.
        reason: String,
    },
    /// The server said no.
    #[error(transparent)]
    Server(Box<ServerError>),
    /// The connection ended while an answer was expected.
    #[error("the connection was lost: {0}")]
    ConnectionLost(String),
    /// There was no answer in time; the work was cancelled on the server.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    /// The work was cancelled.
    #[error("the work was cancelled")]
    Cancelled,
    /// The function that was sent raised an exception.
    #[error(transparent)]
    Remote(Box<RemoteError>),
    /// The output is there already, and was neither to be replaced nor added to.
    #[error("table '{0}' exists already")]
    OutputExists(String),
    /// An argument that the original reserves and never uses was set.
    #[error("the argument '{0}' is reserved and cannot be set")]
    ReservedArgument(&'static str),
    /// Something that this crate or the server does not do.
    #[error("{0}")]
    Unsupported(String),
    /// An argument that cannot be right; nothing was sent.
    #[error("{0}")]
    InvalidArgument(String),
    /// Data that is not what it was said to be.
    #[error("{0}")]
    InvalidData(String),
    /// A file of the proprietary columnar format.
    #[error("'{}' is an .xdf file, whose layout is not published", .0.display())]
    XdfUnreadable(PathBuf),
    /// A file could not be read or written.
    #[error("'{}' could not be used: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Columns could not be converted.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

impl Error {
    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::ConnectionString(_) | Self::ReservedArgument(_) | Self::InvalidArgument(_) => {
                ErrorKind::InvalidArgument
            }
            Self::UnsupportedTransport(_) | Self::Unsupported(_) | Self::XdfUnreadable(_) => {
                ErrorKind::Unsupported
            }
            Self::Connect { .. } => ErrorKind::Connection,
            Self::Server(error) => error.kind(),
            Self::ConnectionLost(_) => ErrorKind::Io,
            Self::Timeout(_) => ErrorKind::Timeout,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::Remote(_) => ErrorKind::Service,
            Self::OutputExists(_) => ErrorKind::Conflict,
            Self::InvalidData(_) | Self::Arrow(_) => ErrorKind::InvalidData,
            Self::Io { .. } => ErrorKind::Io,
        }
    }

    /// The number of the server's error, where the server sent one.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        match self {
            Self::Server(error) => Some(error.number),
            _ => None,
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::OutputExists(_) => {
                Some("ask for it to be overwritten, or for rows to be appended")
            }
            Self::XdfUnreadable(_) => Some(
                "export it to text where the proprietary package is, or load it through SQL Server",
            ),
            Self::UnsupportedTransport(_) => Some("give the server as host, host,port or tcp:host"),
            Self::Server(error) => error.hint(),
            _ => None,
        }
    }
}

impl From<Error> for azml_core::Error {
    fn from(error: Error) -> Self {
        let mut converted = Self::new(error.kind(), error.to_string());
        if let Some(hint) = error.hint() {
            converted = converted.with_hint(hint);
        }
        if let Some(number) = error.number() {
            converted = converted.with_code(number.to_string());
        }
        converted.with_source(error)
    }
}

/// An error that the server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerError {
    /// The number, as in `sys.messages`.
    pub number: u32,
    /// The severity: 11 to 16 are the user's to correct, 20 and more end the connection.
    pub class: i32,
    /// The state, which tells places in the server apart that send the same number.
    pub state: u8,
    /// The line of the batch or procedure, from 1.
    pub line: Option<i32>,
    /// The procedure in which it happened.
    pub procedure: Option<String>,
    /// The text.
    pub message: String,
    /// Errors that came with it: a failed script sends that it failed, and how.
    pub others: Vec<ServerError>,
}

impl ServerError {
    pub(crate) fn new(number: u32, class: i32, state: u8, message: impl Into<String>) -> Self {
        Self {
            number,
            class,
            state,
            line: None,
            procedure: None,
            message: message.into(),
            others: Vec::new(),
        }
    }

    /// Whether this error, or one that came with it, has this number.
    #[must_use]
    pub fn has_number(&self, number: u32) -> bool {
        self.number == number || self.others.iter().any(|other| other.number == number)
    }

    fn kind(&self) -> ErrorKind {
        match self.number {
            18452 | 18456 => ErrorKind::Unauthorized,
            229 | 230 | 262 | 300 | 15247 => ErrorKind::Forbidden,
            208 | 911 | 2812 | 3701 | 4060 => ErrorKind::NotFound,
            1801 | 2601 | 2627 | 2714 => ErrorKind::Conflict,
            39020..=39023 | 40510 | 40517 => ErrorKind::Unsupported,
            1205 | 1222 => ErrorKind::Unavailable,
            _ => ErrorKind::InvalidRequest,
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self.number {
            18456 => Some("check the user and the password"),
            4060 => Some("create the database first, or name another one"),
            39023 => Some(
                "start the emulator with --allow-scripts, or have 'external scripts enabled' set on the server",
            ),
            _ => None,
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server answered {}: {}", self.number, self.message)?;
        if let Some(line) = self.line.filter(|line| *line > 1) {
            write!(f, " (line {line})")?;
        }
        for other in &self.others {
            write!(f, "; {}: {}", other.number, other.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for ServerError {}

/// An exception that a function raised on the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteError {
    /// The class of the exception, for example `ValueError`.
    pub class: String,
    /// The module of that class.
    pub module: String,
    /// Its text.
    pub message: String,
    /// Where it was raised, as Python prints it; line numbers are those of the function's source.
    pub traceback: String,
    /// What the function had printed until then.
    pub stdout: String,
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the function raised {}", self.class)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for RemoteError {}
