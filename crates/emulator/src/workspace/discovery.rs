//! Where the services of a workspace are: in the emulator all at one address. Asked for
//! without a credential.

use axum::Json;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value};

use crate::http::{Origin, Routes};

/// Names under which clients look for services.
const SERVICES: [&str; 10] = [
    "api",
    "catalog",
    "experimentation",
    "gallery",
    "history",
    "hyperdrive",
    "labeling",
    "modelmanagement",
    "pipelines",
    "studio",
];

/// The discovery address of every workspace.
pub(crate) fn routes() -> Routes {
    Routes::new().route("/discovery/workspaces/{workspace}", get(show))
}

async fn show(origin: Origin) -> Response {
    let base = origin.base();
    let services: Map<String, Value> = SERVICES
        .iter()
        .map(|name| ((*name).to_owned(), base.clone().into()))
        .collect();
    Json(services).into_response()
}
