//! Managed identity: the endpoints at which a machine, or an app, finds tokens of its own.
//! The machine's identity is the development application's.

use std::collections::HashMap;

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::authority::{Authority, IssueRequest, TokenVersion, is_known_resource};
use crate::identity::{Development, same_secret};
use crate::state::random_hex;

/// Tokens of managed identities live a day.
const LIFETIME: i64 = 86_399;

/// What an app proves with that it runs where its identity is.
pub(super) const IDENTITY_HEADER: Development = Development {
    name: "identity-header",
    value: "azml-emulator-identity-header",
    generate: random_hex::<24>,
    runs_code: true,
};

/// How a caller shows that it is on the machine.
pub(super) enum Door<'a> {
    /// The metadata service of virtual machines: a header that no forwarded request has. It is shut where the
    /// documented secrets are not good enough, for it asks for none.
    Machine { open: bool },
    /// App Service: a secret in a header.
    App { secret: &'a str },
}

/// Answers `GET ..?resource=R[&client_id=..|&object_id=..]`.
pub(super) fn token(
    authority: &Authority,
    origin: &str,
    door: &Door<'_>,
    headers: &HeaderMap,
    query: &HashMap<String, String>,
) -> Response {
    let refuse = |error: &str, text: &str| {
        let body = json!({ "error": error, "error_description": text });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match door {
        Door::Machine { open } => {
            if !header("metadata").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
                return refuse("bad_request_102", "Required metadata header not specified");
            }
            if !open {
                return refuse("invalid_request", "Identity not found");
            }
        }
        Door::App { secret } => match header("x-identity-header") {
            Some(given) if same_secret(given, secret) => {}
            Some(_) => {
                let body = json!({ "statusCode": 401, "message": "The identity header is wrong." });
                return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
            }
            None => {
                return refuse(
                    "invalid_request",
                    "Required header X-IDENTITY-HEADER not specified",
                );
            }
        },
    }
    let field = |name: &str| query.get(name).filter(|value| !value.is_empty());
    let Some(resource) = field("resource") else {
        return refuse("invalid_request", "The parameter 'resource' is missing");
    };
    if !is_known_resource(resource) {
        return refuse(
            "invalid_resource",
            &format!("AADSTS500011: The resource principal named {resource} was not found."),
        );
    }
    let directory = authority.directory();
    let principal = directory.service_principal();
    let is = |name: &str, own: &str| field(name).is_none_or(|it| it.eq_ignore_ascii_case(own));
    if !is("client_id", &directory.client_id)
        || !is("object_id", &principal.object_id)
        || !is("principal_id", &principal.object_id)
        || field("msi_res_id").is_some()
        || field("mi_res_id").is_some()
    {
        return refuse("invalid_request", "Identity not found");
    }
    let issued = authority.issue_for(
        &IssueRequest {
            principal: &principal,
            client_id: &directory.client_id,
            client_authentication: "2",
            resource,
            origin,
            version: TokenVersion::V1,
        },
        LIFETIME,
    );
    Json(json!({
        "access_token": issued.token,
        "client_id": directory.client_id,
        "expires_in": issued.expires_in.to_string(),
        "expires_on": issued.expires_on.to_string(),
        "not_before": issued.not_before.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    }))
    .into_response()
}
