//! Who may call: the token of the workspace in the path, checked before
//! anything else, and the common form of every refusal.

use axum::{
    body::Body,
    extract::{FromRequestParts, Request, State as AxumState},
    http::{HeaderMap, Response, Uri, header, request::Parts},
    middleware::Next,
    response::IntoResponse,
};
use percent_encoding::percent_decode_str;

use super::{Studio, model::Workspace, refusal::Refusal, tables};
use crate::{
    http::{RequestId, name_charset},
    identity::same_secret,
    state::{KeyRange, Read},
};

/// The header of the workspace token.
const TOKEN: &str = "x-ms-metaanalytics-authorizationtoken";

/// The workspace that a checked request is about.
#[derive(Debug, Clone)]
pub(super) struct InWorkspace(pub(super) String);

impl<S: Sync> FromRequestParts<S> for InWorkspace {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(Refusal::unauthorized)
    }
}

/// Checks the token, then lets the request through; turns every error answer
/// into the service's form.
pub(super) async fn guard(
    AxumState(studio): AxumState<Studio>,
    id: RequestId,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let mut response = match check(&studio, request.uri(), request.headers()) {
        Ok(workspace) => {
            if let Some(workspace) = workspace {
                request.extensions_mut().insert(InWorkspace(workspace));
            }
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    };
    if !response.status().is_client_error() && !response.status().is_server_error() {
        name_charset(response.headers_mut());
        return response;
    }
    let now = studio.context.state.clock.now();
    match response.extensions().get::<Refusal>() {
        Some(refusal) => refusal.render(id, now),
        None => Refusal::for_status(response.status()).render(id, now),
    }
}

/// The id of the workspace in the path, if the request may use it; `None` for
/// a path without one and a token of some workspace.
fn check(studio: &Studio, uri: &Uri, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let presented = token(headers);
    let store = &studio.context.state.store;
    let workspaces: Vec<Workspace> = match workspace_in(uri.path()) {
        Some(id) => store
            .read(|txn| tables::workspace(txn, &id))?
            .into_iter()
            .collect(),
        None => store.read(|txn| txn.scan_json(tables::WORKSPACES, &KeyRange::all()))?,
    };
    let known = workspaces.into_iter().find(|workspace| {
        !studio.context.config.check_credentials
            || presented.is_some_and(|token| holds(workspace, token))
    });
    match known {
        Some(workspace) => Ok(workspace_in(uri.path()).map(|_| workspace.id)),
        None => Err(Refusal::unauthorized()),
    }
}

/// Whether `token` is one of the two of `workspace`; both are always compared.
pub(super) fn holds(workspace: &Workspace, token: &str) -> bool {
    same_secret(token, &workspace.primary_token) | same_secret(token, &workspace.secondary_token)
}

/// The presented token: the service's own header, else a bearer token.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    if let Some(token) = headers.get(TOKEN) {
        return token.to_str().ok();
    }
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The segment after `workspaces`, decoded.
fn workspace_in(path: &str) -> Option<String> {
    let mut segments = path.split('/');
    segments.find(|segment| *segment == "workspaces")?;
    let id = segments.next().filter(|id| !id.is_empty())?;
    Some(percent_decode_str(id).decode_utf8_lossy().into_owned())
}
