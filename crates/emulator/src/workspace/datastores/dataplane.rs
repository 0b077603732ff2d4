//! The workspace data plane's contract for datastores, `/datastore/v1.0/..`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State as Extracted};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, put};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::super::error::PlaneError;
use super::super::workspaces::Scope;
use super::{Datastore, Datastores, Existing, PutOptions};
use crate::authority::{Authority, Plane};
use crate::http::{Origin, Routes};

/// Most datastores of one page, whatever is asked for.
const LARGEST_PAGE: usize = 100;
/// Datastores of one page when nothing is asked for.
const USUAL_PAGE: usize = 30;

const WORKSPACE: &str = "/datastore/v1.0/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{workspace}";

/// What the routes work with.
pub(crate) struct DataPlane {
    pub(crate) datastores: Datastores,
    pub(crate) authority: Arc<Authority>,
}

type Shared = Extracted<Arc<DataPlane>>;
type Names = Path<HashMap<String, String>>;
type Parameters = Query<HashMap<String, String>>;

/// Every address of the contract.
pub(crate) fn routes(plane: DataPlane) -> Routes {
    let plane = Arc::new(plane);
    let add = |routes: Routes, path: &str, methods: MethodRouter<Arc<DataPlane>>| {
        routes.route(
            &format!("{WORKSPACE}{path}"),
            methods.with_state(Arc::clone(&plane)),
        )
    };
    let collection = get(list).post(create).delete(delete_all);
    let routes = add(Routes::new(), "/datastores", collection);
    let one = get(show).put(update).delete(delete);
    let routes = add(routes, "/datastores/{name}", one);
    let routes = add(routes, "/default", get(show_default));
    add(routes, "/default/{name}", put(set_default))
}

/// A caller that is known, and the workspace it speaks of.
struct Call {
    plane: Arc<DataPlane>,
    scope: Scope,
    name: String,
}

impl DataPlane {
    fn enter(
        self: Arc<Self>,
        headers: &HeaderMap,
        origin: &Origin,
        names: &HashMap<String, String>,
    ) -> Result<Call, PlaneError> {
        self.authority
            .authenticate(headers, Plane::ResourceManager)
            .map_err(|refusal| {
                let challenge = self.authority.challenge(&origin.base(), &refusal);
                PlaneError::unauthorized(refusal.to_string(), challenge)
            })?;
        let name = |name: &str| names.get(name).cloned().unwrap_or_default();
        Ok(Call {
            scope: Scope {
                subscription: name("subscription"),
                group: name("group"),
                name: name("workspace"),
            },
            name: name("name"),
            plane: self,
        })
    }

    fn answer(&self, outcome: Result<Response, PlaneError>) -> Response {
        outcome.unwrap_or_else(|error| {
            let time = self.authority.now().format(&Rfc3339).unwrap_or_default();
            error.respond(&time)
        })
    }
}

async fn list(
    Extracted(plane): Shared,
    names: Names,
    Query(query): Parameters,
    origin: Origin,
    headers: HeaderMap,
) -> Response {
    let answered = Arc::clone(&plane)
        .enter(&headers, &origin, &names)
        .and_then(|call| page(&call, &query));
    plane.answer(answered)
}

fn page(call: &Call, query: &HashMap<String, String>) -> Result<Response, PlaneError> {
    let (_, all) = call.plane.datastores.list(&call.scope)?;
    let wanted: Option<Vec<String>> = query
        .get("dataStoreNames")
        .filter(|names| !names.is_empty())
        .map(|names| {
            names
                .split(',')
                .map(|name| name.trim().to_lowercase())
                .collect()
        });
    let from = query.get("continuationToken").map_or("", String::as_str);
    let count = match query.get("count") {
        None => USUAL_PAGE,
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| PlaneError::bad_request("count is not a number"))?
            .clamp(1, LARGEST_PAGE),
    };
    let mut rest = all.iter().filter(|datastore| {
        datastore.name.as_str() >= from
            && wanted
                .as_ref()
                .is_none_or(|wanted| wanted.contains(&datastore.name))
    });
    let secrets = flag(query, "includeSecret", true)?;
    let value: Vec<Value> = rest
        .by_ref()
        .take(count)
        .map(|it| it.show(secrets))
        .collect();
    let next = rest.next().map(|datastore| datastore.name.clone());
    let body = json!({"value": value, "continuationToken": next, "nextLink": null});
    Ok(Json(body).into_response())
}

async fn create(
    Extracted(plane): Shared,
    names: Names,
    Query(query): Parameters,
    origin: Origin,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answered = async {
        let call = Arc::clone(&plane).enter(&headers, &origin, &names)?;
        write(call, &query, &body, Existing::Refuse, None).await
    };
    let answered = answered.await;
    plane.answer(answered)
}

async fn update(
    Extracted(plane): Shared,
    names: Names,
    Query(query): Parameters,
    origin: Origin,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answered = async {
        let call = Arc::clone(&plane).enter(&headers, &origin, &names)?;
        let name = call.name.clone();
        write(call, &query, &body, Existing::Require, Some(name)).await
    };
    let answered = answered.await;
    plane.answer(answered)
}

async fn write(
    call: Call,
    query: &HashMap<String, String>,
    body: &[u8],
    existing: Existing,
    name: Option<String>,
) -> Result<Response, PlaneError> {
    let mut datastore: Datastore = serde_json::from_slice(body).map_err(|error| {
        PlaneError::bad_request(format!("The body is not a datastore: {error}"))
    })?;
    if let Some(name) = name {
        datastore.name = name;
    }
    let options = PutOptions {
        existing,
        create_if_not_exists: flag(query, "createIfNotExists", false)?,
        skip_validation: flag(query, "skipValidation", false)?,
    };
    let (_, datastore, _) = call
        .plane
        .datastores
        .put(call.scope, datastore, options)
        .await?;
    Ok(Json(datastore.show(false)).into_response())
}

async fn show(
    Extracted(plane): Shared,
    names: Names,
    origin: Origin,
    headers: HeaderMap,
) -> Response {
    let answered = Arc::clone(&plane)
        .enter(&headers, &origin, &names)
        .and_then(|call| {
            let (_, datastore) = call.plane.datastores.get(&call.scope, &call.name)?;
            Ok(Json(datastore.show(true)).into_response())
        });
    plane.answer(answered)
}

async fn delete(
    Extracted(plane): Shared,
    names: Names,
    origin: Origin,
    headers: HeaderMap,
) -> Response {
    let answered = async {
        let call = Arc::clone(&plane).enter(&headers, &origin, &names)?;
        let there = call.plane.datastores.delete(call.scope, call.name).await?;
        let status = if there {
            StatusCode::OK
        } else {
            StatusCode::NO_CONTENT
        };
        Ok(status.into_response())
    };
    let answered = answered.await;
    plane.answer(answered)
}

async fn delete_all(
    Extracted(plane): Shared,
    names: Names,
    origin: Origin,
    headers: HeaderMap,
) -> Response {
    let answered = async {
        let call = Arc::clone(&plane).enter(&headers, &origin, &names)?;
        call.plane.datastores.delete_all(call.scope).await?;
        Ok(StatusCode::OK.into_response())
    };
    let answered = answered.await;
    plane.answer(answered)
}

async fn show_default(
    Extracted(plane): Shared,
    names: Names,
    origin: Origin,
    headers: HeaderMap,
) -> Response {
    let answered = Arc::clone(&plane)
        .enter(&headers, &origin, &names)
        .and_then(|call| {
            let datastore = call.plane.datastores.default(&call.scope)?;
            Ok(Json(datastore.show(true)).into_response())
        });
    plane.answer(answered)
}

async fn set_default(
    Extracted(plane): Shared,
    names: Names,
    origin: Origin,
    headers: HeaderMap,
) -> Response {
    let answered = async {
        let call = Arc::clone(&plane).enter(&headers, &origin, &names)?;
        call.plane
            .datastores
            .set_default(call.scope, call.name)
            .await?;
        Ok(StatusCode::OK.into_response())
    };
    let answered = answered.await;
    plane.answer(answered)
}

fn flag(query: &HashMap<String, String>, name: &str, default: bool) -> Result<bool, PlaneError> {
    match query.get(name).map(|text| text.to_ascii_lowercase()) {
        None => Ok(default),
        Some(text) if text == "true" => Ok(true),
        Some(text) if text == "false" => Ok(false),
        Some(_) => Err(PlaneError::bad_request(format!(
            "{name} is neither true nor false"
        ))),
    }
}
