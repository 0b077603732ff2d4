//! Takes a Resource Manager request apart, checks caller, version, subscription and group, and passes it on.
//!
//! Paths are matched by segments rather than by an axum route each, because fixed segments compare
//! without case and providers nest their types.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Extracted;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::error::ArmError;
use super::operations::{self, LroPolls};
use super::provider::{Registry, ResourceProvider};
use super::request::ArmRequest;
use super::{groups, subscriptions};
use crate::authority::{Authority, Caller, Plane};
use crate::http::{Origin, RequestId, Routes, name_charset};
use crate::state::State;

/// What the routes of Resource Manager work with.
pub(crate) struct Arm {
    pub(crate) state: State,
    pub(crate) authority: Arc<Authority>,
    pub(crate) providers: Registry,
    pub(crate) lro_polls: LroPolls,
}

/// Every address of Resource Manager.
pub(crate) fn routes(arm: Arm) -> Routes {
    let arm = Arc::new(arm);
    let entry = || any(entry).with_state(Arc::clone(&arm));
    Routes::new()
        .route("/subscriptions", entry())
        .route("/subscriptions/{*path}", entry())
        .route("/providers/{*path}", entry())
        .route("/tenants", entry())
        .route("/metadata/endpoints", get(cloud_metadata))
}

async fn cloud_metadata(origin: Origin, uri: Uri) -> Response {
    let query = query(&uri);
    let version = query.get("api-version").map_or("", String::as_str);
    Json(subscriptions::cloud_metadata(&origin.base(), version)).into_response()
}

async fn entry(
    Extracted(arm): Extracted<Arc<Arm>>,
    origin: Origin,
    id: RequestId,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answered = async {
        let caller = arm
            .authority
            .authenticate(&headers, Plane::ResourceManager)
            .map_err(|refusal| {
                let challenge = arm.authority.challenge(&origin.base(), &refusal);
                ArmError::unauthorized(&refusal, challenge)
            })?;
        let query = query(&uri);
        check_version(&query)?;
        dispatch(
            &arm,
            Incoming {
                method,
                address: uri.path().to_owned(),
                path: segments(uri.path(), "InvalidResourceName")?,
                query,
                body,
                caller,
                origin,
            },
        )
        .await
    }
    .await;
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    add_headers(response.headers_mut(), id);
    response
}

struct Incoming {
    method: Method,
    address: String,
    path: Vec<String>,
    query: HashMap<String, String>,
    body: Bytes,
    caller: Caller,
    origin: Origin,
}

async fn dispatch(arm: &Arm, incoming: Incoming) -> Result<Response, ArmError> {
    let directory = arm.authority.directory();
    let types: Vec<String> = incoming
        .path
        .iter()
        .map(|segment| segment.to_ascii_lowercase())
        .collect();
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    let method = incoming.method.clone();
    let get = || require(&method, &Method::GET);
    match types.as_slice() {
        ["tenants"] => {
            get()?;
            Ok(Json(json!({ "value": [subscriptions::tenant(directory)] })).into_response())
        }
        ["subscriptions"] => {
            get()?;
            Ok(Json(json!({ "value": [subscriptions::subscription(directory)] })).into_response())
        }
        ["providers", namespace, ..] => {
            let provider = provider(arm, namespace)?;
            provider
                .handle(request(incoming, String::new(), None, 2))
                .await
        }
        ["subscriptions", id, ..] if !id.eq_ignore_ascii_case(&directory.subscription_id) => {
            Err(ArmError::subscription_not_found(&incoming.path[1]))
        }
        ["subscriptions", _, rest @ ..] => in_subscription(arm, incoming, rest).await,
        _ => Err(ArmError::unknown_type(&incoming.path.join("/"))),
    }
}

async fn in_subscription(
    arm: &Arm,
    incoming: Incoming,
    rest: &[&str],
) -> Result<Response, ArmError> {
    let directory = arm.authority.directory();
    let subscription = directory.subscription_id.clone();
    let method = incoming.method.clone();
    let get = || require(&method, &Method::GET);
    match rest {
        [] => {
            get()?;
            Ok(Json(subscriptions::subscription(directory)).into_response())
        }
        ["resourcegroups"] => {
            get()?;
            groups::list(&arm.state, &request(incoming, subscription, None, 2))
        }
        ["resourcegroups", _] => {
            let name = incoming.path[3].clone();
            groups::handle(arm, &request(incoming, subscription, None, 2), &name).await
        }
        ["operationresults", token] => {
            get()?;
            operations::poll(&arm.state, (*token).to_owned()).await
        }
        ["providers"] => {
            get()?;
            let all = arm.providers.all();
            let all: Vec<_> = all
                .iter()
                .map(|it| subscriptions::provider(&subscription, it.as_ref()))
                .collect();
            Ok(Json(json!({ "value": all })).into_response())
        }
        ["providers", namespace] => {
            get()?;
            let provider = provider(arm, namespace)?;
            Ok(Json(subscriptions::provider(&subscription, provider.as_ref())).into_response())
        }
        ["providers", namespace, "register"] => {
            require(&method, &Method::POST)?;
            let provider = provider(arm, namespace)?;
            Ok(Json(subscriptions::provider(&subscription, provider.as_ref())).into_response())
        }
        ["providers", namespace, ..] => {
            let provider = provider(arm, namespace)?;
            provider
                .handle(request(incoming, subscription, None, 4))
                .await
        }
        ["resourcegroups", _, "providers", namespace, _, ..] => {
            let provider = provider(arm, namespace)?;
            let asked = incoming.path[3].clone();
            let group = arm
                .state
                .store
                .read(|snapshot| groups::group_exists(snapshot, &subscription, &asked))?
                .ok_or_else(|| ArmError::group_not_found(&asked))?;
            provider
                .handle(request(incoming, subscription, Some(group), 6))
                .await
        }
        _ => Err(ArmError::unknown_type(&incoming.path.join("/"))),
    }
}

fn request(
    incoming: Incoming,
    subscription: String,
    group: Option<String>,
    skip: usize,
) -> ArmRequest {
    ArmRequest {
        method: incoming.method,
        subscription,
        group,
        address: incoming.address,
        path: incoming.path.into_iter().skip(skip).collect(),
        query: incoming.query,
        body: incoming.body,
        caller: incoming.caller,
        origin: incoming.origin,
    }
}

fn provider(arm: &Arm, namespace: &str) -> Result<Arc<dyn ResourceProvider>, ArmError> {
    arm.providers
        .all()
        .into_iter()
        .find(|provider| provider.namespace().eq_ignore_ascii_case(namespace))
        .ok_or_else(|| ArmError::unknown_namespace(namespace))
}

fn require(method: &Method, expected: &Method) -> Result<(), ArmError> {
    if method == expected {
        Ok(())
    } else {
        Err(ArmError::method_not_allowed())
    }
}

/// Decoded path segments; empty ones at the end are dropped, since old clients write a trailing slash.
/// `code` is that of the error for an address that is no text.
pub(crate) fn segments(path: &str, code: &'static str) -> Result<Vec<String>, ArmError> {
    path.trim_matches('/')
        .split('/')
        .map(|segment| {
            percent_decode_str(segment)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| ArmError::bad_request(code, "The address is not valid UTF-8."))
        })
        .collect()
}

pub(crate) fn query(uri: &Uri) -> HashMap<String, String> {
    url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect()
}

fn check_version(query: &HashMap<String, String>) -> Result<(), ArmError> {
    match query.get("api-version").map(String::as_str) {
        None | Some("") => Err(ArmError::bad_request(
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )),
        Some(version) if is_version(version) => Ok(()),
        Some(version) => Err(ArmError::bad_request(
            "InvalidApiVersionParameter",
            format!("The api-version '{version}' is invalid."),
        )),
    }
}

/// `2016-11-01` or `2019-11-01-preview`.
fn is_version(text: &str) -> bool {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    date.len() == 10
        && date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

fn add_headers(headers: &mut HeaderMap, id: RequestId) {
    let id = id.0.to_string();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-ms-correlation-request-id", &id);
    set("x-ms-routing-request-id", &format!("LOCAL:{id}"));
    for kind in [
        "x-ms-ratelimit-remaining-subscription-reads",
        "x-ms-ratelimit-remaining-subscription-writes",
        "x-ms-ratelimit-remaining-subscription-deletes",
    ] {
        set(kind, "11999");
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    name_charset(headers);
}
