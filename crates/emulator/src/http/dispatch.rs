//! From a request to the router that serves it.

use std::panic::AssertUnwindSafe;

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Request, Response, StatusCode, Uri, uri::PathAndQuery},
};
use futures::FutureExt;
use tower::ServiceExt;

use super::{
    request::{self, HostLabel, Origin, RequestId, Scheme},
    routes::{Routes, Templates},
};
use crate::state::Ids;

/// The header of the request id.
const REQUEST_ID: &str = "x-ms-request-id";

/// The routers of one listener: one per host suffix, and one for all others.
#[derive(Debug)]
pub(crate) struct Dispatch {
    hosts: Vec<(&'static str, Target)>,
    shared: Target,
    ids: Ids,
}

#[derive(Debug)]
struct Target {
    router: Router,
    templates: Templates,
}

impl Target {
    fn new(routes: Routes) -> Self {
        let (router, templates) = routes.into_parts();
        Self { router, templates }
    }
}

impl Dispatch {
    /// `hosts` are suffixes such as `.blob.localhost`: a request to
    /// `NAME.blob.localhost` goes to its routes with [`HostLabel`] `NAME`.
    pub(crate) fn new(shared: Routes, hosts: Vec<(&'static str, Routes)>, ids: Ids) -> Self {
        Self {
            hosts: hosts
                .into_iter()
                .map(|(suffix, routes)| (suffix, Target::new(routes)))
                .collect(),
            shared: Target::new(shared),
            ids,
        }
    }

    /// Serves one request; `authority` stands in where it names no host.
    pub(crate) async fn call(
        &self,
        scheme: Scheme,
        authority: impl FnOnce() -> String,
        mut request: Request<Body>,
    ) -> Response<Body> {
        let id = RequestId(self.ids.uuid());
        let authority = request::authority(request.uri(), request.headers())
            .map_or_else(authority, str::to_owned);
        let (target, label) = self.target(&authority);
        if let Some(path) = target.templates.canonical(request.uri().path()) {
            respell(request.uri_mut(), &path);
        }
        let line = format!("{} {}", request.method(), request.uri().path());
        let extensions = request.extensions_mut();
        extensions.insert(id);
        extensions.insert(Origin { scheme, authority });
        if let Some(label) = label {
            extensions.insert(label);
        }
        let served = AssertUnwindSafe(target.router.clone().oneshot(request))
            .catch_unwind()
            .await;
        let mut response = match served {
            Ok(Ok(response)) => response,
            Ok(Err(impossible)) => match impossible {},
            Err(_) => {
                tracing::error!(request = line, id = %id.0, "a handler panicked");
                let mut response = Response::new(Body::from("internal error"));
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        };
        if let Ok(value) = HeaderValue::from_str(&id.0.to_string()) {
            response.headers_mut().entry(REQUEST_ID).or_insert(value);
        }
        tracing::debug!(request = line, status = response.status().as_u16(), id = %id.0);
        response
    }

    fn target(&self, authority: &str) -> (&Target, Option<HostLabel>) {
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        let host = host.to_ascii_lowercase();
        for (suffix, target) in &self.hosts {
            if let Some(label) = host.strip_suffix(suffix)
                && !label.is_empty()
                && !label.contains('.')
            {
                return (target, Some(HostLabel(label.to_owned())));
            }
        }
        (&self.shared, None)
    }
}

/// Replaces the path; the query stays.
fn respell(uri: &mut Uri, path: &str) {
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = std::mem::take(uri).into_parts();
    // The characters are those of a valid URI in another order of case.
    if let Ok(path) = PathAndQuery::try_from(text) {
        parts.path_and_query = Some(path);
    }
    if let Ok(respelled) = Uri::from_parts(parts) {
        *uri = respelled;
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::to_bytes, routing::get};

    use super::*;

    fn dispatch() -> Dispatch {
        let shared = Routes::new()
            .route(
                "/api/{name}",
                get(|origin: Origin, uri: Uri| async move { format!("{}{uri}", origin.base()) }),
            )
            .route(
                "/panic",
                get(|| async {
                    assert!(std::env::args().len() == 0, "a defect");
                    "unreached"
                }),
            );
        let host = Routes::new().route(
            "/{*path}",
            get(|label: axum::Extension<HostLabel>| async move { label.0.0 }),
        );
        Dispatch::new(shared, vec![(".blob.localhost", host)], Ids::sequence())
    }

    async fn get_text(dispatch: &Dispatch, host: &str, path: &str) -> (u16, String) {
        let request = Request::get(path)
            .header("host", host)
            .body(Body::empty())
            .unwrap();
        let response = dispatch.call(Scheme::Https, String::new, request).await;
        assert!(response.headers().contains_key(REQUEST_ID));
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn requests_reach_their_router() {
        let dispatch = dispatch();
        let (_, text) = get_text(&dispatch, "127.0.0.1:99", "/API/X?a=B").await;
        assert_eq!(text, "https://127.0.0.1:99/api/X?a=B");
        let (_, text) = get_text(&dispatch, "Acct.blob.localhost:99", "/api/X").await;
        assert_eq!(text, "acct");
        let (_, text) = get_text(&dispatch, "a.b.blob.localhost", "/api/X").await;
        assert_eq!(text, "https://a.b.blob.localhost/api/X");
    }

    #[tokio::test]
    async fn a_panic_is_one_failed_request() {
        let dispatch = dispatch();
        assert_eq!(get_text(&dispatch, "h", "/panic").await.0, 500);
        assert_eq!(get_text(&dispatch, "h", "/api/x").await.0, 200);
    }
}
