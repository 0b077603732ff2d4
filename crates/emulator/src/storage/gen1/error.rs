//! The file system's errors: `RemoteException` bodies with Hadoop's class names.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::http::JSON_UTF_8;
use crate::state;

const STATUS: HeaderName = HeaderName::from_static("status");

/// A refused file-system request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct FsError {
    pub(super) kind: Kind,
    pub(super) message: String,
}

/// The exceptions of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    IllegalArgument,
    Unsupported,
    BadOffset,
    Security,
    Io,
    AlreadyExists,
    AccessControl,
    NotFound,
    Internal,
}

pub(super) type Result<T, E = FsError> = std::result::Result<T, E>;

impl FsError {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(super) fn not_found(path: &str) -> Self {
        Self::new(
            Kind::NotFound,
            format!("File/Folder does not exist: {path}"),
        )
    }

    pub(super) fn already_exists(path: &str) -> Self {
        Self::new(
            Kind::AlreadyExists,
            format!("File/Folder already exists: {path}"),
        )
    }

    pub(super) fn argument(message: impl Into<String>) -> Self {
        Self::new(Kind::IllegalArgument, message)
    }

    /// The answer; `stamp` goes behind the message, as the service writes it.
    pub(super) fn respond(&self, stamp: &str) -> Response {
        let (status, exception, class, code) = self.kind.parts();
        let body = Json(json!({
            "RemoteException": {
                "exception": exception,
                "message": format!("{} {stamp}", self.message),
                "javaClassName": class,
            }
        }));
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, JSON_UTF_8);
        headers.insert(STATUS, HeaderValue::from_static(code));
        response
    }
}

impl Kind {
    fn parts(self) -> (StatusCode, &'static str, &'static str, &'static str) {
        match self {
            Self::IllegalArgument => (
                StatusCode::BAD_REQUEST,
                "IllegalArgumentException",
                "java.lang.IllegalArgumentException",
                "0x83090004",
            ),
            Self::Unsupported => (
                StatusCode::BAD_REQUEST,
                "UnsupportedOperationException",
                "java.lang.UnsupportedOperationException",
                "0x83090005",
            ),
            Self::BadOffset => (
                StatusCode::BAD_REQUEST,
                "BadOffsetException",
                "org.apache.hadoop.fs.adl.BadOffsetException",
                "0x83090015",
            ),
            Self::Security => (
                StatusCode::UNAUTHORIZED,
                "SecurityException",
                "java.lang.SecurityException",
                "0x83090002",
            ),
            Self::Io => (
                StatusCode::FORBIDDEN,
                "IOException",
                "java.io.IOException",
                "0x83090001",
            ),
            Self::AlreadyExists => (
                StatusCode::FORBIDDEN,
                "FileAlreadyExistsException",
                "org.apache.hadoop.fs.FileAlreadyExistsException",
                "0x8309000B",
            ),
            Self::AccessControl => (
                StatusCode::FORBIDDEN,
                "AccessControlException",
                "org.apache.hadoop.security.AccessControlException",
                "0x83090AA2",
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "FileNotFoundException",
                "java.io.FileNotFoundException",
                "0x8309000A",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "RuntimeException",
                "java.lang.RuntimeException",
                "0x83090000",
            ),
        }
    }
}

impl From<state::Error> for FsError {
    fn from(error: state::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the state failed");
        Self::new(
            Kind::Internal,
            "The emulator could not carry out the request; its log says why.",
        )
    }
}
