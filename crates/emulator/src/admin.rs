//! The administration endpoints below `/_emulator`: status, stop, reset, and
//! the guard that the other modules' administration routes share.

use std::{fmt, sync::Arc};

use axum::{
    Json, Router,
    extract::Request,
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::FutureExt;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    ADMIN_HEADER,
    http::Routes,
    identity::same_secret,
    services::{Context, Definition, SERVICES, Service},
};

pub(crate) const SERVICE: Definition = Definition {
    name: "admin",
    ports: &[],
    start: |context| {
        async move {
            Ok(Service {
                routes: routes(&context),
                ..Service::default()
            })
        }
        .boxed()
    },
};

/// The path that begins anew.
pub(crate) const RESET: &str = "/_emulator/reset";

/// A request to begin anew, answered when that is done.
pub(crate) type Reset = oneshot::Sender<Result<(), String>>;

/// What the administration endpoints hold of the emulator.
#[derive(Clone)]
pub(crate) struct Control {
    pub(crate) secret: Arc<str>,
    pub(crate) stop: CancellationToken,
    pub(crate) resets: mpsc::Sender<Reset>,
}

impl Control {
    /// Lets only those requests through that carry the directory's secret.
    pub(crate) fn protect(&self, routes: Routes) -> Routes {
        let secret = Arc::clone(&self.secret);
        routes.map(|router: Router| {
            router.layer(middleware::from_fn(
                move |headers: HeaderMap, request: Request, next: Next| {
                    let allowed = presents(&headers, &secret);
                    async move {
                        if allowed {
                            next.run(request).await
                        } else {
                            refused()
                        }
                    }
                },
            ))
        })
    }

    /// Whether the request carries the directory's secret.
    pub(crate) fn allows(&self, headers: &HeaderMap) -> bool {
        presents(headers, &self.secret)
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

fn presents(headers: &HeaderMap, secret: &str) -> bool {
    headers
        .get(ADMIN_HEADER)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|presented| same_secret(presented, secret))
}

fn refused() -> Response {
    let reason = format!("the header {ADMIN_HEADER} is missing or wrong\n");
    (StatusCode::UNAUTHORIZED, reason).into_response()
}

fn routes(context: &Context) -> Routes {
    let status = Arc::new(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "caBundle": context.certificates.ca_path.display().to_string(),
        "services": SERVICES.iter().map(|service| service.name).collect::<Vec<_>>(),
        "ports": context
            .endpoints
            .numbers()
            .map(|(port, number)| (port.name(), number))
            .collect::<std::collections::BTreeMap<_, _>>(),
    }));
    let stop = context.control.stop.clone();
    let resets = context.control.resets.clone();
    let routes = Routes::new()
        .route(
            "/_emulator/status",
            get(move || async move { Json(status.as_ref().clone()) }),
        )
        .route(
            "/_emulator/stop",
            post(move || async move {
                stop.cancel();
                StatusCode::ACCEPTED
            }),
        )
        .route(RESET, post(move || reset(resets)));
    context.control.protect(routes)
}

async fn reset(resets: mpsc::Sender<Reset>) -> Response {
    let (answer, done) = oneshot::channel();
    if resets.send(answer).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match done.await {
        Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(reason)) => (StatusCode::INTERNAL_SERVER_ERROR, reason).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
