//! How the Studio API says no: a sentence, then the request id, as plain text.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use time::{OffsetDateTime, macros::format_description};

use crate::{http::RequestId, state};

/// A request that is not served, and why.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// The same answer for every way a credential can be wrong.
    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "The workspace id or its authorization token is not valid.",
        )
    }

    /// What the service said when one request carried too much.
    pub(super) fn too_long() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Maximum request length exceeded.",
        )
    }

    /// What a response that is no refusal of this service becomes.
    pub(super) fn for_status(status: StatusCode) -> Self {
        let message = match status {
            StatusCode::NOT_FOUND => "There is no such resource.",
            StatusCode::METHOD_NOT_ALLOWED => "The resource does not support this method.",
            StatusCode::PAYLOAD_TOO_LARGE => "The request body is too large.",
            _ => "The request could not be served.",
        };
        Self::new(status, message)
    }

    /// The whole answer.
    pub(super) fn render(&self, id: RequestId, now: OffsetDateTime) -> Response<Body> {
        let time = now
            .format(format_description!(
                "[year]-[month]-[day] [hour]:[minute]:[second]"
            ))
            .unwrap_or_default();
        let text = format!("{}\nRequest ID: {} {time}Z\n", self.message, id.0);
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = self.status;
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        response
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<state::Error> for Refusal {
    fn from(error: state::Error) -> Self {
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| {
            error.source()
        });
        let text = causes.map(ToString::to_string).collect::<Vec<_>>();
        tracing::error!(error = text.join(": "), "the state failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The emulator could not store or read its data; its log has the reason.",
        )
    }
}

/// Carries the refusal to the layer that knows request and time.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}
