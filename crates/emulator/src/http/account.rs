//! Requests to one account of a service, whose name begins the host or stands behind the service's own
//! segment of the path. Knows nothing of the accounts there are.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::{HostLabel, Origin, RequestId, Routes};

/// A request with the name of its account and the path below that.
#[derive(Debug)]
pub(crate) struct ToAccount {
    pub(crate) account: String,
    /// As it was sent, percent-encoded, without a slash at the start.
    pub(crate) rest: String,
    pub(crate) uri: Uri,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) origin: Origin,
    pub(crate) id: RequestId,
    pub(crate) body: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for ToAccount {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(origin) = Origin::from_request_parts(&mut parts, state).await;
        let Ok(id) = RequestId::from_request_parts(&mut parts, state).await;
        let path = parts.uri.path().trim_start_matches('/');
        let (account, rest) = match parts.extensions.get::<HostLabel>() {
            Some(label) => (label.0.clone(), path.to_owned()),
            None => {
                let mut segments = path.splitn(3, '/').skip(1).map(str::to_owned);
                let mut next = || segments.next().unwrap_or_default();
                (next(), next())
            }
        };
        let (uri, method, headers) = (
            parts.uri.clone(),
            parts.method.clone(),
            parts.headers.clone(),
        );
        let body = Bytes::from_request(Request::from_parts(parts, body), state)
            .await
            .map_err(IntoResponse::into_response)?;
        Ok(Self {
            account,
            rest,
            uri,
            method,
            headers,
            origin,
            id,
            body,
        })
    }
}

/// One route for every path of a service, whose bodies have at most `max_body` bytes.
pub(crate) fn account_routes<T, F>(
    template: &str,
    max_body: usize,
    service: &Arc<T>,
    serve: fn(Arc<T>, ToAccount) -> F,
) -> Routes
where
    T: Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let service = Arc::clone(service);
    let entry = any(move |request: ToAccount| serve(Arc::clone(&service), request));
    Routes::new()
        .route(template, entry)
        .map(|router| router.layer(DefaultBodyLimit::max(max_body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(uri: &str, label: Option<&str>) -> (String, String) {
        let mut request = Request::new(axum::body::Body::empty());
        *request.uri_mut() = uri.parse().expect("an address");
        if let Some(label) = label {
            let label = HostLabel(label.to_owned());
            request.extensions_mut().insert(label);
        }
        let request = ToAccount::from_request(request, &()).await;
        let request = request.expect("nothing is wrong with it");
        (request.account, request.rest)
    }

    #[tokio::test]
    async fn the_account_is_in_the_host_or_in_the_path() {
        for (uri, label, account, rest) in [
            ("/adla/mine/jobs/a%2Fb", None, "mine", "jobs/a%2Fb"),
            ("/adla/mine/", None, "mine", ""),
            ("/adla/mine", None, "mine", ""),
            ("/jobs/1?x=/y", Some("mine"), "mine", "jobs/1"),
        ] {
            let expected = (account.to_owned(), rest.to_owned());
            assert_eq!(read(uri, label).await, expected, "{uri}");
        }
    }
}
