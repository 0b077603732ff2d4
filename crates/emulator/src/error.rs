//! Why an emulator does not start.

use std::io;

use azml_core::{Error as CoreError, ErrorKind};

use crate::state;

/// An emulator could not start, reset or be erased.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The data directory or what is in it.
    #[error(transparent)]
    State(#[from] state::Error),
    /// A port is taken or may not be opened.
    #[error("listening on port {port} for {name} failed")]
    Listen {
        /// What was to listen.
        name: &'static str,
        /// Where.
        port: u16,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The certificates could not be made or read.
    #[error("preparing the TLS certificates failed: {reason}")]
    Tls {
        /// Why.
        reason: String,
    },
    /// A credential that everybody knows would be reachable from elsewhere.
    #[error("the development credential {name} is public and is refused on {bind}")]
    PublicIdentity {
        /// Which one.
        name: String,
        /// The address asked for.
        bind: String,
    },
    /// Submitted scripts could not run as they are to.
    #[error("submitted scripts cannot be run: {reason}")]
    Scripts {
        /// Why not.
        reason: String,
    },
    /// A service's own start.
    #[error("starting the service {service} failed: {reason}")]
    Service {
        /// Which one.
        service: &'static str,
        /// Why.
        reason: String,
    },
}

impl StartError {
    /// What the user can do about it, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::State(error) => error.hint(),
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => Some(
                "another program has the port: stop it, or give --port-base N (0 for free ports)",
            ),
            Self::Listen { .. } => Some("give --port-base N (0 for free ports)"),
            Self::PublicIdentity { .. } => Some("leave it out to have one generated"),
            Self::Scripts { .. } => Some(
                "give an interpreter that the scripts' user can reach with --python, or that user with --scripts-user",
            ),
            Self::Tls { .. } | Self::Service { .. } => None,
        }
    }
}

impl From<StartError> for CoreError {
    fn from(error: StartError) -> Self {
        let kind = match &error {
            StartError::State(
                state::Error::InUse { .. }
                | state::Error::Foreign { .. }
                | state::Error::Version { .. },
            )
            | StartError::PublicIdentity { .. }
            | StartError::Scripts { .. } => ErrorKind::InvalidArgument,
            StartError::State(_) | StartError::Listen { .. } => ErrorKind::Io,
            StartError::Tls { .. } | StartError::Service { .. } => ErrorKind::Service,
        };
        let core = CoreError::new(kind, error.to_string());
        let core = match error.hint() {
            Some(hint) => core.with_hint(hint),
            None => core,
        };
        core.with_source(error)
    }
}
