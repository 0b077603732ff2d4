//! Refusals of the workspace data plane. The original client shows a refusal as the
//! user's mistake only if its code is `UserError`.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::arm::ArmError;
use crate::state;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlaneError {
    pub(crate) status: StatusCode,
    /// What kind of mistake it is, for example `NotFound`.
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    challenge: Option<String>,
}

impl PlaneError {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            challenge: None,
        }
    }

    /// Something in the request is wrong.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadArgument", message)
    }

    /// The thing named is not there.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    /// The caller is not known.
    pub(crate) fn unauthorized(message: impl Into<String>, challenge: String) -> Self {
        Self {
            challenge: Some(challenge),
            ..Self::new(StatusCode::UNAUTHORIZED, "Auth", message)
        }
    }

    fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "",
            "The emulator could not carry out the request; its log says why.",
        )
    }

    /// The answer, with the time at which it is given.
    pub(crate) fn respond(&self, time: &str) -> Response {
        let code = if self.status.is_server_error() {
            "ServiceError"
        } else {
            "UserError"
        };
        let inner = (!self.kind.is_empty()).then(|| json!({"code": self.kind, "innerError": null}));
        let body = json!({
            "error": {
                "code": code,
                "severity": null,
                "message": self.message,
                "messageFormat": null,
                "messageParameters": {},
                "referenceCode": null,
                "detailsUri": null,
                "target": null,
                "details": [],
                "innerError": inner,
                "additionalInfo": null,
            },
            "correlation": {},
            "environment": "local",
            "location": "local",
            "time": time,
            "componentName": "datastore",
        });
        let mut response = (self.status, Json(body)).into_response();
        let challenge = self.challenge.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(challenge)) = challenge {
            let name: HeaderName = header::WWW_AUTHENTICATE;
            response.headers_mut().insert(name, challenge);
        }
        response
    }
}

impl From<state::Error> for PlaneError {
    fn from(error: state::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the state failed");
        Self::internal()
    }
}

impl From<PlaneError> for ArmError {
    fn from(error: PlaneError) -> Self {
        let code = match error.status {
            StatusCode::NOT_FOUND => "ResourceNotFound",
            StatusCode::BAD_REQUEST => "ValidationError",
            _ => "InternalServerError",
        };
        Self::new(error.status, code, error.message)
    }
}
