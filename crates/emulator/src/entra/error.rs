//! The errors of the token endpoints, as AADSTS codes and OAuth error names.
//! One constructor per case of the table in the credentials specification; nothing else is invented here.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;

/// A refused token request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TokenError {
    status: StatusCode,
    error: &'static str,
    code: Option<u32>,
    description: String,
    /// Seconds after which to ask again.
    retry_after: Option<u32>,
}

impl TokenError {
    fn new(status: StatusCode, error: &'static str, code: u32, description: String) -> Self {
        Self {
            status,
            error,
            code: Some(code),
            description,
            retry_after: None,
        }
    }

    fn bad(error: &'static str, code: u32, description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, code, description.into())
    }

    fn invalid_client(code: u32, description: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            code,
            description.into(),
        )
    }

    pub(super) fn wrong_secret(client_id: &str) -> Self {
        Self::invalid_client(
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client_id}'."
            ),
        )
    }

    pub(super) fn no_client_authentication() -> Self {
        Self::invalid_client(
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        )
    }

    pub(super) fn expired_secret(client_id: &str) -> Self {
        Self::invalid_client(
            7_000_222,
            format!(
                "The provided client secret keys for app '{client_id}' are expired. Create new keys for your app."
            ),
        )
    }

    pub(super) fn bad_assertion(why: &str) -> Self {
        Self::invalid_client(
            700_027,
            format!("Client assertion failed signature validation. {why}"),
        )
    }

    pub(super) fn assertion_expired() -> Self {
        Self::invalid_client(
            700_024,
            "Client assertion is not within its valid time range.",
        )
    }

    pub(super) fn unknown_client(client_id: &str, tenant: &str) -> Self {
        Self::bad(
            "unauthorized_client",
            700_016,
            format!(
                "Application with identifier '{client_id}' was not found in the directory '{tenant}'."
            ),
        )
    }

    pub(super) fn unknown_tenant(tenant: &str) -> Self {
        Self::bad(
            "invalid_request",
            90_002,
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
            ),
        )
    }

    pub(super) fn missing_parameter(name: &str) -> Self {
        Self::bad(
            "invalid_request",
            900_144,
            format!("The request body must contain the following parameter: '{name}'."),
        )
    }

    pub(super) fn unknown_resource(resource: &str, tenant: &str) -> Self {
        Self::bad(
            "invalid_resource",
            500_011,
            format!(
                "The resource principal named {resource} was not found in the tenant named {tenant}."
            ),
        )
    }

    pub(super) fn malformed_scope(scope: &str) -> Self {
        Self::bad(
            "invalid_scope",
            70_011,
            format!(
                "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."
            ),
        )
    }

    pub(super) fn mixed_resources(scope: &str) -> Self {
        Self::bad(
            "invalid_scope",
            28_000,
            format!(
                "Provided value for the input parameter scope is not valid because it contains more than one resource. Scope {scope} is not valid."
            ),
        )
    }

    pub(super) fn wrong_password() -> Self {
        Self::bad(
            "invalid_grant",
            50_126,
            "Error validating credentials due to invalid username or password.",
        )
    }

    pub(super) fn unknown_user(user: &str) -> Self {
        Self::bad(
            "invalid_grant",
            50_034,
            format!(
                "The user account {user} does not exist in the directory. To sign into this application, the account must be added to the directory."
            ),
        )
    }

    pub(super) fn refresh_token_unusable() -> Self {
        Self::bad(
            "invalid_grant",
            70_008,
            "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.",
        )
    }

    pub(super) fn refresh_token_expired() -> Self {
        Self::bad(
            "invalid_grant",
            700_082,
            "The refresh token has expired due to inactivity. Sign in again.",
        )
    }

    pub(super) fn second_factor_needed() -> Self {
        Self::bad(
            "invalid_grant",
            50_076,
            "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access this resource.",
        )
    }

    pub(super) fn second_factor_enrolment_needed() -> Self {
        Self::bad(
            "invalid_grant",
            50_079,
            "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access this resource.",
        )
    }

    pub(super) fn consent_missing() -> Self {
        Self::bad(
            "interaction_required",
            65_001,
            "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.",
        )
    }

    pub(super) fn unavailable() -> Self {
        Self {
            retry_after: Some(1),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                90_033,
                "A transient error has occurred. Please try again.".to_owned(),
            )
        }
    }

    pub(super) fn throttled() -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            ..Self::unavailable()
        }
    }

    pub(super) fn authorization_pending() -> Self {
        Self::bad(
            "authorization_pending",
            70_016,
            "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        )
    }

    pub(super) fn slow_down() -> Self {
        Self {
            code: None,
            ..Self::bad(
                "slow_down",
                0,
                "The device polls too often: wait five seconds more between two requests.",
            )
        }
    }

    pub(super) fn sign_in_declined() -> Self {
        Self::bad(
            "authorization_declined",
            70_017,
            "The user declined the sign-in.",
        )
    }

    pub(super) fn device_code_expired() -> Self {
        Self::bad(
            "expired_token",
            70_020,
            "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
        )
    }

    pub(super) fn unknown_device_code() -> Self {
        Self::bad(
            "bad_verification_code",
            70_000,
            "The provided value for the input parameter 'device_code' is not valid.",
        )
    }

    /// The same refusal in the words of the first generation of endpoints.
    pub(super) fn in_v1(mut self) -> Self {
        if self.error == "expired_token" {
            self.error = "code_expired";
        }
        self
    }

    pub(super) fn unsupported_grant(grant: &str) -> Self {
        Self::bad(
            "unsupported_grant_type",
            70_003,
            format!("The app requested an unsupported grant type '{grant}'."),
        )
    }

    pub(super) fn unknown_instance(endpoint: &str) -> Self {
        Self::bad(
            "invalid_instance",
            50_049,
            format!(
                "Unknown or invalid instance: '{endpoint}' is not an authority of this emulator."
            ),
        )
    }

    /// What is wrong, for people.
    pub(super) fn description(&self) -> &str {
        &self.description
    }

    /// The answer, stamped with the time and with the caller's correlation id.
    pub(super) fn respond(&self, now: OffsetDateTime, correlation_id: &str) -> Response {
        let timestamp = now
            .format(format_description!(
                "[year]-[month]-[day] [hour]:[minute]:[second]Z"
            ))
            .expect("a UTC time has all the parts of the format");
        let trace_id = uuid::Uuid::new_v4().to_string();
        let prefix = self
            .code
            .map(|code| format!("AADSTS{code}: "))
            .unwrap_or_default();
        let body = json!({
            "error": self.error,
            "error_description": format!(
                "{prefix}{} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}",
                self.description
            ),
            "error_codes": self.code.into_iter().collect::<Vec<_>>(),
            "timestamp": timestamp,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": self.code.map(|code| format!("https://login.microsoftonline.com/error?code={code}")),
        });
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> Option<u32> {
        self.code
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }
}
