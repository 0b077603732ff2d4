//! How a command fails: a message, a hint and an exit status.
//!
//! Every error of the crates below becomes an [`azml_core::Error`] first, so that all
//! look alike; this module adds nothing to them but where they end.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::path::Path;

use azml_core::{Error, ErrorKind};

/// Result of a command.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// The end of a command that did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something to tell; exit status 1.
    Error(Error),
    /// The command line makes no sense; exit status 2.
    Usage(Error),
    /// All is said; end with this status.
    Status(u8),
}

impl Failure {
    /// A failure with a message: lower case, no full stop, no secret.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Error(Error::new(ErrorKind::InvalidArgument, message))
    }

    /// A command line that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(Error::new(ErrorKind::InvalidArgument, message))
    }

    /// A failed operation on a file.
    pub(crate) fn file(attempted: &str, path: &Path, error: std::io::Error) -> Self {
        Self::Error(
            Error::new(
                ErrorKind::Io,
                format!("{attempted} {}: {error}", path.display()),
            )
            .with_source(error),
        )
    }

    /// Adds what the user can do about it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Error(error) => Self::Error(error.with_hint(hint)),
            Self::Usage(error) => Self::Usage(error.with_hint(hint)),
            Self::Status(_) => self,
        }
    }

    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Error(_) => 1,
            Self::Usage(_) => 2,
            Self::Status(status) => *status,
        }
    }

    /// What to print on standard error; empty when all is said.
    pub(crate) fn report(&self) -> String {
        let (Self::Error(error) | Self::Usage(error)) = self else {
            return String::new();
        };
        let mut text = format!("error: {error}\n");
        let mut said = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let words = azml_core::redact::text(&error.to_string());
            // Many errors repeat their cause in their own words.
            if !said.contains(&words) {
                let _ = writeln!(text, "  because: {words}");
                said.push_str(&words);
            }
            cause = error.source();
        }
        for detail in error.details() {
            let _ = writeln!(text, "  {}", detail.message);
        }
        if let Some(hint) = error.hint() {
            let _ = writeln!(text, "hint: {hint}");
        }
        text
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let io = std::io::Error::other("disk full");
        let failure = Failure::file("write", Path::new("a.csv"), io).hint("make room");
        assert_eq!(
            failure.report(),
            "error: write a.csv: disk full\nhint: make room\n"
        );
        let error = Error::new(ErrorKind::Connection, "no connection")
            .with_source(std::io::Error::other("refused"));
        assert_eq!(
            Failure::from(error).report(),
            "error: no connection\n  because: refused\n"
        );
    }

    #[test]
    fn statuses_tell_failure_from_wrong_usage() {
        assert_eq!(Failure::new("x").status(), 1);
        assert_eq!(Failure::usage("x").status(), 2);
        assert_eq!(Failure::Status(7).status(), 7);
        assert_eq!(Failure::Status(7).report(), "");
    }
}
