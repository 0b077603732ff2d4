//! Routes of the directory. Translates between HTTP and the pure functions beside it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde_json::{Value, json};

use super::Entra;
use super::certificates::{self, Registered};
use super::device::{self, Decision, DeviceError};
use super::error::TokenError;
use super::form::TokenForm;
use super::managed::Door;
use super::{discovery, grant, managed, page};
use crate::arm::ArmError;
use crate::authority::{Authority, Plane, TokenVersion, tenant_matches};
use crate::http::{Origin, Routes, name_charset};
use crate::state;

type Directory = State<Arc<Entra>>;

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// Every endpoint of the directory.
pub(super) fn routes(entra: &Arc<Entra>) -> Routes {
    let endpoints: [(&str, MethodRouter<Arc<Entra>>); 14] = [
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
        ("/{tenant}/oauth2/devicecode", post(device_code_v1)),
        ("/{tenant}/oauth2/v2.0/devicecode", post(device_code_v2)),
        ("/devicelogin", get(device_login_page).post(device_login)),
        (
            "/{tenant}/_emulator/applications/{client}/certificates",
            post(add_certificate),
        ),
        ("/metadata/identity/oauth2/token", get(machine_identity)),
        ("/msi/token", get(app_identity)),
    ];
    endpoints
        .into_iter()
        .fold(Routes::new(), |routes, (path, handler)| {
            routes.route(path, handler.with_state(Arc::clone(entra)))
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
    name_charset(headers);
    response
}

async fn configuration_v1(
    State(entra): Directory,
    origin: Origin,
    Path(tenant): Path<String>,
    headers: HeaderMap,
) -> Response {
    configuration(&entra.authority, &origin, &tenant, &headers, false)
}

async fn configuration_v2(
    State(entra): Directory,
    origin: Origin,
    Path(tenant): Path<String>,
    headers: HeaderMap,
) -> Response {
    configuration(&entra.authority, &origin, &tenant, &headers, true)
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

async fn keys(State(entra): Directory) -> Json<Value> {
    Json(discovery::keys(&entra.authority))
}

async fn instance(
    State(entra): Directory,
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
        Err(error) => refuse(&entra.authority, &headers, &error),
    }
}

async fn user_realm(Path((_, user)): Path<(String, String)>) -> Json<Value> {
    Json(discovery::user_realm(&user))
}

async fn token_v1(
    State(entra): Directory,
    origin: Origin,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = token(&entra, &origin, &tenant, &headers, &body, TokenVersion::V1).await;
    answer(&entra, &headers, asked.map_err(DeviceError::in_v1))
}

async fn token_v2(
    State(entra): Directory,
    origin: Origin,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = token(&entra, &origin, &tenant, &headers, &body, TokenVersion::V2).await;
    answer(&entra, &headers, asked)
}

async fn token(
    entra: &Entra,
    origin: &Origin,
    tenant: &str,
    headers: &HeaderMap,
    body: &[u8],
    version: TokenVersion,
) -> Result<Value, DeviceError> {
    let authority = &entra.authority;
    let form = TokenForm::read(headers, body);
    let mut known = grant::Known::default();
    // What cannot be answered anyway must not use up a code.
    if tenant_matches(authority.directory(), tenant)
        && let Ok(client) = form.client_id()
    {
        if form.get("client_assertion").is_some() {
            known.certificates = certificates::of_application(&entra.store, client)?;
        }
        if let Some(code) = grant::device_code(&form) {
            let code = code.map_err(DeviceError::Refused)?;
            let now = authority.now();
            let redeemed =
                device::redeem(&entra.store, &entra.device_codes, code, client, now).await;
            known.device = Some(match redeemed {
                Ok(asked) => Ok(asked),
                Err(DeviceError::Refused(refusal)) => Err(refusal),
                Err(error) => return Err(error),
            });
        }
    }
    grant::token(authority, version, &origin.base(), tenant, &form, known)
        .map_err(DeviceError::Refused)
}

/// A token or device code, which nobody may store, or the refusal.
fn answer(entra: &Entra, headers: &HeaderMap, asked: Result<Value, DeviceError>) -> Response {
    match asked {
        Ok(body) => {
            let no_store = [
                (header::CACHE_CONTROL, "no-store"),
                (header::PRAGMA, "no-cache"),
            ];
            (no_store, Json(body)).into_response()
        }
        Err(DeviceError::Refused(error)) => refuse(&entra.authority, headers, &error),
        Err(DeviceError::State(error)) => failed(error),
    }
}

async fn device_code_v1(
    State(entra): Directory,
    origin: Origin,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let begun = begin_device(&entra, &tenant, &headers, &body, "resource").await;
    let codes = &entra.device_codes;
    // The first generation writes its numbers as strings.
    let numbers = json!({
        "expires_in": codes.lifetime.as_secs().to_string(),
        "interval": codes.interval.as_secs().to_string(),
    });
    let shown = begun.map(|begun| show_device(&origin, &begun, "verification_url", numbers));
    answer(&entra, &headers, shown)
}

async fn device_code_v2(
    State(entra): Directory,
    origin: Origin,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let begun = begin_device(&entra, &tenant, &headers, &body, "scope").await;
    let codes = &entra.device_codes;
    let numbers = json!({
        "expires_in": codes.lifetime.as_secs(),
        "interval": codes.interval.as_secs(),
    });
    let shown = begun.map(|begun| show_device(&origin, &begun, "verification_uri", numbers));
    answer(&entra, &headers, shown)
}

/// A code as it is told: `body` with both its parts, the page, and a sentence for the person.
fn show_device(origin: &Origin, begun: &device::Begun, page: &str, mut body: Value) -> Value {
    let url = format!("{}/devicelogin", origin.base());
    body["message"] = message(&url, &begun.user_code).into();
    body["user_code"] = begun.user_code.as_str().into();
    body["device_code"] = begun.device_code.as_str().into();
    body[page] = url.into();
    body
}

fn message(url: &str, user_code: &str) -> String {
    format!(
        "To sign in, use a web browser to open the page {url} and enter the code {user_code} to authenticate."
    )
}

/// Makes a code for what the field `asked` of the form says.
async fn begin_device(
    entra: &Entra,
    tenant: &str,
    headers: &HeaderMap,
    body: &[u8],
    asked: &str,
) -> Result<device::Begun, DeviceError> {
    let directory = entra.authority.directory();
    let form = TokenForm::read(headers, body);
    let checked = || {
        if !tenant_matches(directory, tenant) {
            return Err(TokenError::unknown_tenant(tenant));
        }
        let client = form.client_id()?;
        if directory.application(client).is_none() {
            return Err(TokenError::unknown_client(client, tenant));
        }
        Ok((client, form.required(asked)?))
    };
    let (client, asked) = checked().map_err(DeviceError::Refused)?;
    let now = entra.authority.now();
    Ok(device::begin(&entra.store, &entra.device_codes, client, asked, now).await?)
}

async fn device_login_page(Query(query): Query<HashMap<String, String>>) -> Response {
    page::form(query.get("otc").map_or("", String::as_str))
}

async fn device_login(State(entra): Directory, headers: HeaderMap, body: Bytes) -> Response {
    let form = TokenForm::read(&headers, &body);
    decide(&entra, &form).await.unwrap_or_else(failed)
}

async fn decide(entra: &Entra, form: &TokenForm) -> Result<Response, state::Error> {
    let field = |name: &str| form.get(name).unwrap_or_default();
    let code = field("user_code");
    let now = entra.authority.now();
    let unknown = || {
        page::outcome(
            StatusCode::NOT_FOUND,
            "That code did not work",
            "Check the code and try again, or ask for another: codes expire after some minutes.",
        )
    };
    if !device::is_open(&entra.store, code, now)? {
        return Ok(unknown());
    }
    if let Err(refusal) = grant::check_user(&entra.authority, field("username"), field("password"))
    {
        return Ok(page::outcome(
            StatusCode::UNAUTHORIZED,
            "Sign-in failed",
            refusal.description(),
        ));
    }
    let decision = match field("decision") {
        "decline" => Decision::Declined,
        _ => Decision::Confirmed,
    };
    if !device::decide(&entra.store, code, decision, now).await? {
        return Ok(unknown());
    }
    let (title, text) = match decision {
        Decision::Declined => ("Declined", "The program was not signed in."),
        _ => (
            "Signed in",
            "You can close this page and go back to the program.",
        ),
    };
    Ok(page::outcome(StatusCode::OK, title, text))
}

async fn add_certificate(
    State(entra): Directory,
    origin: Origin,
    Path((tenant, client)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ArmError> {
    let authority = &entra.authority;
    authority
        .authenticate(&headers, Plane::ResourceManager)
        .map_err(|refusal| {
            let challenge = authority.challenge(&origin.base(), &refusal);
            ArmError::unauthorized(&refusal, challenge)
        })?;
    let directory = authority.directory();
    let known = tenant_matches(directory, &tenant)
        && directory.application(&client) == Some(crate::authority::Application::Confidential);
    if !known {
        return Err(ArmError::not_found(
            "ApplicationNotFound",
            format!("The application '{client}' could not be found in the tenant '{tenant}'."),
        ));
    }
    let certificate = Registered::from_pem(&body)
        .map_err(|why| ArmError::invalid_value("certificate", &why.to_string()))?;
    let thumbprint = certificate.thumbprint().to_owned();
    certificates::register(&entra.store, &client, certificate).await?;
    let body = json!({ "appId": directory.client_id, "customKeyIdentifier": thumbprint });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

async fn machine_identity(
    State(entra): Directory,
    origin: Origin,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let door = Door::Machine {
        open: entra.machine_identity,
    };
    managed::token(&entra.authority, &origin.base(), &door, &headers, &query)
}

async fn app_identity(
    State(entra): Directory,
    origin: Origin,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let door = Door::App {
        secret: entra.identity_header.expose(),
    };
    managed::token(&entra.authority, &origin.base(), &door, &headers, &query)
}

fn failed(error: state::Error) -> Response {
    ArmError::from(error).into_response()
}

fn refuse(authority: &Authority, headers: &HeaderMap, error: &TokenError) -> Response {
    let correlation_id = headers
        .get(CLIENT_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    error.respond(authority.now(), &correlation_id)
}
