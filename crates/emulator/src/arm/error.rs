//! The error envelope of Resource Manager and of the Data Lake Analytics planes, with the codes of their tables.
//! One constructor per case; a service adds its own through [`ArmError::new`].

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::authority::Refusal;
use crate::state;

/// A refused request: `{"error":{"code":..,"message":..}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArmError {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    challenge: Option<String>,
}

impl ArmError {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            challenge: None,
        }
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    pub(crate) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// The caller's token was not accepted.
    pub(crate) fn unauthorized(refusal: &Refusal, challenge: String) -> Self {
        let code = match refusal {
            Refusal::Expired { .. } => "ExpiredAuthenticationToken",
            Refusal::Audience { .. } => "InvalidAuthenticationTokenAudience",
            Refusal::Tenant { .. } => "InvalidAuthenticationTokenTenant",
            Refusal::Missing | Refusal::Invalid | Refusal::NotYetValid => "AuthenticationFailed",
        };
        Self {
            challenge: Some(challenge),
            ..Self::new(
                StatusCode::UNAUTHORIZED,
                code,
                sentence(&refusal.to_string()),
            )
        }
    }

    pub(crate) fn subscription_not_found(id: &str) -> Self {
        Self::not_found(
            "SubscriptionNotFound",
            format!("The subscription '{id}' could not be found."),
        )
    }

    pub(crate) fn group_not_found(name: &str) -> Self {
        Self::not_found(
            "ResourceGroupNotFound",
            format!("Resource group '{name}' could not be found."),
        )
    }

    pub(crate) fn resource_not_found(resource: &str, group: &str) -> Self {
        Self::not_found(
            "ResourceNotFound",
            format!("The Resource '{resource}' under resource group '{group}' was not found."),
        )
    }

    pub(crate) fn parent_not_found(resource: &str, group: &str) -> Self {
        Self::not_found(
            "ParentResourceNotFound",
            format!(
                "Can not perform requested operation on nested resource. Parent resource '{resource}' under resource group '{group}' was not found."
            ),
        )
    }

    pub(crate) fn unknown_type(resource: &str) -> Self {
        Self::not_found(
            "InvalidResourceType",
            format!("The resource type could not be found in '{resource}'."),
        )
    }

    pub(crate) fn unknown_namespace(namespace: &str) -> Self {
        Self::not_found(
            "InvalidResourceNamespace",
            format!("The resource namespace '{namespace}' is not offered by this emulator."),
        )
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "The requested resource does not support this HTTP method.",
        )
    }

    pub(crate) fn missing_parameter(name: &str) -> Self {
        Self::bad_request(
            "MissingRequiredParameter",
            format!("The required parameter '{name}' is missing."),
        )
    }

    pub(crate) fn invalid_value(name: &str, why: &str) -> Self {
        Self::bad_request(
            "InvalidParameterValue",
            format!("The value of the parameter '{name}' is invalid: {why}."),
        )
    }

    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "The emulator could not carry out the request; its log says why.",
        )
    }
}

/// The first letter up, a full stop behind: how these services write their messages.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars
        .next()
        .map(|c| c.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

impl From<state::Error> for ArmError {
    fn from(error: state::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the state failed");
        Self::internal()
    }
}

impl IntoResponse for ArmError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": { "code": self.code, "message": self.message } }));
        let mut response = (self.status, body).into_response();
        if let Some(challenge) = self
            .challenge
            .and_then(|text| HeaderValue::from_str(&text).ok())
        {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
