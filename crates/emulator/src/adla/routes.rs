//! The data surface of an analytics account, in path style and in host style.
//! Checks caller, version and account, and passes the request on.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use percent_encoding::percent_decode_str;

use super::catalog;
use super::job::{self, Jobs};
use crate::arm::accounts::{Account, DATA_LAKE_ANALYTICS, find};
use crate::arm::{ArmError, ArmRequest};
use crate::authority::{Authority, Plane};
use crate::http::{HostLabel, Origin, RequestId, Routes};
use crate::state::State;

/// Largest body: a script of 3 MB with every character escaped, and room for the rest.
const MAX_BODY: usize = 20 << 20;

/// What the surface works with.
pub(super) struct Adla {
    pub(super) state: State,
    pub(super) authority: Arc<Authority>,
    pub(super) jobs: Arc<Jobs>,
}

/// Path style: `/adla/{account}/jobs`
pub(super) fn routes(adla: &Arc<Adla>) -> Routes {
    let adla = Arc::clone(adla);
    let entry = any(move |uri: Uri, parts: Parts, body: Bytes| {
        let adla = Arc::clone(&adla);
        async move {
            let mut segments = uri.path().trim_start_matches('/').splitn(3, '/');
            let account = segments.nth(1).unwrap_or_default().to_owned();
            let rest = segments.next().unwrap_or_default().to_owned();
            adla.serve(&account, &rest, &uri, parts, body).await
        }
    });
    Routes::new()
        .route("/adla/{account}/{*path}", entry)
        .map(|router| router.layer(DefaultBodyLimit::max(MAX_BODY)))
}

/// Host style: `{account}.azuredatalakeanalytics.localhost/jobs`
pub(super) fn host_routes(adla: &Arc<Adla>) -> Routes {
    let adla = Arc::clone(adla);
    let entry = any(
        move |axum::Extension(label): axum::Extension<HostLabel>,
              uri: Uri,
              parts: Parts,
              body: Bytes| {
            let adla = Arc::clone(&adla);
            async move {
                let rest = uri.path().trim_start_matches('/').to_owned();
                adla.serve(&label.0, &rest, &uri, parts, body).await
            }
        },
    );
    Routes::new()
        .route("/{*path}", entry)
        .map(|router| router.layer(DefaultBodyLimit::max(MAX_BODY)))
}

/// What a request carries beside path and body.
#[derive(axum::extract::FromRequestParts)]
struct Parts {
    method: Method,
    headers: HeaderMap,
    origin: Origin,
    id: RequestId,
}

impl Adla {
    async fn serve(
        &self,
        account: &str,
        rest: &str,
        uri: &Uri,
        parts: Parts,
        body: Bytes,
    ) -> Response {
        let id = parts.id;
        let mut response = match self.run(account, rest, uri, parts, body).await {
            Ok(response) => response,
            Err(mut error) => {
                let now = self.state.clock.now();
                let now = now
                    .format(&time::format_description::well_known::Rfc3339)
                    .unwrap_or_default();
                error.message = format!("{} Trace: {} Time: {now}", error.message, id.0);
                error.into_response()
            }
        };
        let headers = response.headers_mut();
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache, no-store, max-age=0"),
        );
        headers.insert(header::EXPIRES, HeaderValue::from_static("-1"));
        headers.insert(
            HeaderName::from_static("x-content-type-options"),
            HeaderValue::from_static("nosniff"),
        );
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

    async fn run(
        &self,
        account: &str,
        rest: &str,
        uri: &Uri,
        parts: Parts,
        body: Bytes,
    ) -> Result<Response, ArmError> {
        let caller = self
            .authority
            .authenticate(&parts.headers, Plane::DataLake)
            .map_err(|refusal| {
                let challenge = self.authority.challenge(&parts.origin.base(), &refusal);
                ArmError::unauthorized(&refusal, challenge)
            })?;
        let account = self.account(account)?;
        let request = ArmRequest {
            method: parts.method,
            subscription: account.subscription.clone(),
            group: None,
            address: uri.path().to_owned(),
            path: segments(rest)?,
            query: url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
            body,
            caller,
            origin: parts.origin,
        };
        if let Some(answered) = catalog::handle(&self.state, &account, &request).await {
            return answered;
        }
        match job::handle(&self.jobs, &account, &request).await {
            Some(answered) => answered,
            None => Err(ArmError::unknown_type(&request.address)),
        }
    }

    fn account(&self, name: &str) -> Result<Account, ArmError> {
        let found = self
            .state
            .store
            .read(|snapshot| find(snapshot, DATA_LAKE_ANALYTICS, name))?;
        found.ok_or_else(|| {
            ArmError::not_found(
                "AccountNotFound",
                format!("The Data Lake Analytics account '{name}' could not be found."),
            )
        })
    }
}

fn segments(path: &str) -> Result<Vec<String>, ArmError> {
    path.trim_matches('/')
        .split('/')
        .map(|segment| {
            percent_decode_str(segment)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| {
                    ArmError::bad_request("InvalidRequestUri", "The address is not valid UTF-8.")
                })
        })
        .collect()
}
