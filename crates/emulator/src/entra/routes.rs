//! Routes of the directory. Translates between HTTP and the pure functions beside it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde_json::Value;

use super::error::TokenError;
use super::form::TokenForm;
use super::{discovery, grant};
use crate::authority::{Authority, TokenVersion, tenant_matches};
use crate::http::{Origin, Routes};

type Directory = State<Arc<Authority>>;

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// Every endpoint of the directory.
pub(crate) fn routes(authority: &Arc<Authority>) -> Routes {
    let endpoints: [(&str, MethodRouter<Arc<Authority>>); 8] = [
        (
            "/{tenant}/.well-known/openid-configuration",
            get(configuration_v1),
        ),
        (
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(configuration_v2),
        ),
        ("/{tenant}/discovery/keys", get(keys)),
        ("/{tenant}/discovery/v2.0/keys", get(keys)),
        ("/{tenant}/discovery/instance", get(instance)),
        ("/{tenant}/userrealm/{user}", get(user_realm)),
        ("/{tenant}/oauth2/token", post(token_v1)),
        ("/{tenant}/oauth2/v2.0/token", post(token_v2)),
    ];
    endpoints
        .into_iter()
        .fold(Routes::new(), |routes, (path, handler)| {
            routes.route(path, handler.with_state(Arc::clone(authority)))
        })
        .map(|router| router.layer(middleware::from_fn(common_headers)))
}

/// What every answer of the directory carries.
async fn common_headers(request: Request, next: Next) -> Response {
    let wants_echo = request
        .headers()
        .get("return-client-request-id")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    let client_request_id = request.headers().get(CLIENT_REQUEST_ID).cloned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Some(id) = client_request_id.filter(|_| wants_echo) {
        headers.insert(CLIENT_REQUEST_ID, id);
    }
    if headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/json")
    {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
    }
    response
}

async fn configuration_v1(
    State(authority): Directory,
    origin: Origin,
    Path(tenant): Path<String>,
    headers: HeaderMap,
) -> Response {
    configuration(&authority, &origin, &tenant, &headers, false)
}

async fn configuration_v2(
    State(authority): Directory,
    origin: Origin,
    Path(tenant): Path<String>,
    headers: HeaderMap,
) -> Response {
    configuration(&authority, &origin, &tenant, &headers, true)
}

fn configuration(
    authority: &Authority,
    origin: &Origin,
    tenant: &str,
    headers: &HeaderMap,
    v2: bool,
) -> Response {
    if tenant_matches(authority.directory(), tenant) {
        Json(discovery::openid_configuration(
            authority,
            &origin.base(),
            tenant,
            v2,
        ))
        .into_response()
    } else {
        refuse(authority, headers, &TokenError::unknown_tenant(tenant))
    }
}

async fn keys(State(authority): Directory) -> Json<Value> {
    Json(discovery::keys(&authority))
}

async fn instance(
    State(authority): Directory,
    origin: Origin,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let endpoint = query
        .get("authorization_endpoint")
        .map_or("", String::as_str);
    let version = query.get("api-version").map_or("1.1", String::as_str);
    match discovery::instance(&origin.base(), &origin.authority, endpoint, version) {
        Ok(body) => Json(body).into_response(),
        Err(error) => refuse(&authority, &headers, &error),
    }
}

async fn user_realm(Path((_, user)): Path<(String, String)>) -> Json<Value> {
    Json(discovery::user_realm(&user))
}

async fn token_v1(
    State(authority): Directory,
    origin: Origin,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    token(
        &authority,
        &origin,
        &tenant,
        &headers,
        &body,
        TokenVersion::V1,
    )
}

async fn token_v2(
    State(authority): Directory,
    origin: Origin,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    token(
        &authority,
        &origin,
        &tenant,
        &headers,
        &body,
        TokenVersion::V2,
    )
}

fn token(
    authority: &Authority,
    origin: &Origin,
    tenant: &str,
    headers: &HeaderMap,
    body: &[u8],
    version: TokenVersion,
) -> Response {
    let form = TokenForm::read(headers, body);
    match grant::token(authority, version, &origin.base(), tenant, &form) {
        Ok(body) => {
            let no_store = [
                (header::CACHE_CONTROL, "no-store"),
                (header::PRAGMA, "no-cache"),
            ];
            (no_store, Json(body)).into_response()
        }
        Err(error) => refuse(authority, headers, &error),
    }
}

fn refuse(authority: &Authority, headers: &HeaderMap, error: &TokenError) -> Response {
    let correlation_id = headers
        .get(CLIENT_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    error.respond(authority.now(), &correlation_id)
}
