//! The error that every azml crate converts into: a kind to act on, the service's own words, and a hint.

use std::{error::Error as StdError, fmt};

/// A result with [`Error`] as its error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, coarse enough to act on. Unknown HTTP statuses fall into [`ErrorKind::Service`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument that no service would accept; nothing was sent.
    InvalidArgument,
    /// A setting that is needed and nowhere given; nothing was sent.
    MissingConfiguration,
    /// The service refused the request as malformed (400 and kin).
    InvalidRequest,
    /// The credential is missing, wrong or expired (401), or could not be obtained.
    Unauthorized,
    /// The credential is known but may not do this (403).
    Forbidden,
    /// The thing asked for is not there (404, 410).
    NotFound,
    /// The thing to create is already there, or was changed meanwhile (409).
    Conflict,
    /// A condition of the request did not hold (412, 304).
    PreconditionFailed,
    /// Too much was sent (413).
    TooLarge,
    /// The service asked for fewer requests (429).
    Throttled,
    /// The service answered with a failure of its own (5xx).
    Unavailable,
    /// Any other refusal by the service.
    Service,
    /// No connection could be made; nothing was sent.
    Connection,
    /// No answer within the time allowed.
    Timeout,
    /// Reading or writing failed, on the network or on disk.
    Io,
    /// Data that is not in the promised format.
    InvalidData,
    /// Something that this version, or this service, does not do.
    Unsupported,
    /// The caller stopped the work.
    Cancelled,
}

impl ErrorKind {
    /// The kind that an HTTP status of 300 or more stands for.
    #[must_use]
    pub fn from_status(status: u16) -> Self {
        match status {
            304 | 412 => Self::PreconditionFailed,
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 | 410 => Self::NotFound,
            408 | 504 => Self::Timeout,
            409 => Self::Conflict,
            413 => Self::TooLarge,
            429 => Self::Throttled,
            400..=499 => Self::InvalidRequest,
            500..=599 => Self::Unavailable,
            _ => Self::Service,
        }
    }
}

/// One entry of a service's `error.details`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorDetail {
    /// The service's code for this entry.
    pub code: Option<String>,
    /// What the entry is about, for example the name of a field.
    pub target: Option<String>,
    /// The text of the entry.
    pub message: String,
}

impl ErrorDetail {
    /// An entry with its three parts.
    #[must_use]
    pub fn new(code: Option<String>, target: Option<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            target,
            message: message.into(),
        }
    }
}

/// What was attempted and why it failed, with the service's code, HTTP status and request id where there are any.
///
/// `Display` is one line without secrets; [`Error::hint`] says what to do next; [`StdError::source`] has the cause.
///
/// ```
/// use azml_core::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::Conflict, "a dataset named 'iris' exists already")
///     .with_status(409)
///     .with_hint("choose another name, or update the dataset");
/// assert_eq!(error.to_string(), "a dataset named 'iris' exists already (HTTP 409)");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    status: Option<u16>,
    code: Option<String>,
    request_id: Option<String>,
    hint: Option<String>,
    details: Vec<ErrorDetail>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind; `message` is lower case, has no full stop and no secret.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            status: None,
            code: None,
            request_id: None,
            hint: None,
            details: Vec::new(),
            source: None,
        }))
    }

    /// Adds the HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds the service's own code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// Adds the id under which the service logged the request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// Adds what the user can do about it: one sentence, imperative.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the service's list of details.
    #[must_use]
    pub fn with_details(mut self, details: Vec<ErrorDetail>) -> Self {
        self.0.details = details;
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Puts what was attempted in front of the message: `"{attempted}: {message}"`.
    #[must_use]
    pub fn while_doing(mut self, attempted: impl fmt::Display) -> Self {
        self.0.message = format!("{attempted}: {}", self.0.message);
        self
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message alone, without status, code and request id.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The HTTP status, where a service answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service's own code, for example `BlobNotFound`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The id under which the service logged the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The service's list of details; empty where there is none.
    #[must_use]
    pub fn details(&self) -> &[ErrorDetail] {
        &self.0.details
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let mut separator = " (";
        if let Some(status) = self.0.status {
            write!(f, "{separator}HTTP {status}")?;
            separator = ", ";
        }
        if let Some(code) = &self.0.code {
            write!(f, "{separator}{code}")?;
            separator = ", ";
        }
        if let Some(id) = &self.0.request_id {
            write!(f, "{separator}request {id}")?;
            separator = ", ";
        }
        if separator == ", " {
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("status", &self.0.status)
            .field("code", &self.0.code)
            .field("request_id", &self.0.request_id)
            .field("hint", &self.0.hint)
            .field("details", &self.0.details)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new(ErrorKind::Io, error.to_string()).with_source(error)
    }
}

/// The first error of this type among the causes.
fn cause_of_ours(error: &azure_core::Error) -> Option<&Error> {
    let mut cause = StdError::source(error);
    while let Some(error) = cause {
        if let Some(ours) = error.downcast_ref() {
            return Some(ours);
        }
        cause = error.source();
    }
    None
}

impl From<azure_core::Error> for Error {
    /// Errors of the pipeline and of `azure_*` clients. A service's body is redacted and cut before it is shown.
    fn from(error: azure_core::Error) -> Self {
        use azure_core::error::ErrorKind as Azure;
        let converted = match error.kind() {
            Azure::HttpResponse {
                status,
                error_code,
                raw_response,
            } => {
                let status = u16::from(*status);
                let mut converted = match raw_response {
                    Some(raw) => crate::http::ErrorResponse::from_raw(raw).to_error(),
                    None => Self::new(ErrorKind::from_status(status), "the service refused the request")
                        .with_status(status),
                };
                if let (None, Some(code)) = (converted.code(), error_code) {
                    converted = converted.with_code(code.clone());
                }
                converted
            }
            Azure::Connection => Self::new(ErrorKind::Connection, "no connection to the service")
                .with_hint("check the endpoint, the network and, for https, that the server's CA is trusted"),
            Azure::Io if is_timeout(&error) => Self::new(ErrorKind::Timeout, "no answer within the time allowed"),
            Azure::Io => Self::new(ErrorKind::Io, "the connection broke while data was under way"),
            Azure::DataConversion => Self::new(ErrorKind::InvalidData, crate::redact::text(&error.to_string())),
            Azure::Credential => {
                // A credential of ours says more than that there is no token.
                let ours = cause_of_ours(&error);
                let kind = ours.map_or(ErrorKind::Unauthorized, Self::kind);
                let converted = Self::new(kind, crate::redact::text(&error.to_string()));
                match ours.and_then(Self::hint) {
                    Some(hint) => converted.with_hint(hint),
                    None => converted,
                }
            }
            _ => Self::new(ErrorKind::Service, crate::redact::text(&error.to_string())),
        };
        converted.with_source(error)
    }
}

fn is_timeout(error: &azure_core::Error) -> bool {
    let mut cause: Option<&(dyn StdError + 'static)> = StdError::source(error);
    while let Some(error) = cause {
        if error
            .downcast_ref::<reqwest::Error>()
            .is_some_and(reqwest::Error::is_timeout)
        {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_adds_only_what_is_known() {
        assert_eq!(
            Error::new(ErrorKind::Io, "disk full").to_string(),
            "disk full"
        );
        assert_eq!(
            Error::new(ErrorKind::NotFound, "no such blob")
                .with_status(404)
                .with_code("BlobNotFound")
                .with_request_id("r1")
                .to_string(),
            "no such blob (HTTP 404, BlobNotFound, request r1)"
        );
    }

    #[test]
    fn context_goes_in_front() {
        let error = Error::new(ErrorKind::Io, "disk full").while_doing("write iris.csv");
        assert_eq!(error.message(), "write iris.csv: disk full");
    }

    #[test]
    fn every_refusal_has_a_kind() {
        assert_eq!(ErrorKind::from_status(409), ErrorKind::Conflict);
        assert_eq!(ErrorKind::from_status(418), ErrorKind::InvalidRequest);
        assert_eq!(ErrorKind::from_status(599), ErrorKind::Unavailable);
        assert_eq!(ErrorKind::from_status(302), ErrorKind::Service);
    }
}
