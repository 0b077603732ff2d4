//! The data surface of an analytics account, in path style and in host style.
//! Checks caller, version and account, and passes the request on.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::catalog;
use super::job::{self, Jobs};
use crate::arm::accounts::{Account, DATA_LAKE_ANALYTICS, find};
use crate::arm::{ArmError, ArmRequest, query, segments};
use crate::authority::{Authority, Plane};
use crate::http::{Routes, ToAccount, account_routes, name_charset};
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
    account_routes("/adla/{account}/{*path}", MAX_BODY, adla, serve)
}

/// Host style: `{account}.azuredatalakeanalytics.localhost/jobs`
pub(super) fn host_routes(adla: &Arc<Adla>) -> Routes {
    account_routes("/{*path}", MAX_BODY, adla, serve)
}

async fn serve(adla: Arc<Adla>, request: ToAccount) -> Response {
    adla.serve(request).await
}

impl Adla {
    async fn serve(&self, request: ToAccount) -> Response {
        let id = request.id;
        let mut response = match self.run(request).await {
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
        name_charset(headers);
        response
    }

    async fn run(&self, request: ToAccount) -> Result<Response, ArmError> {
        let caller = self
            .authority
            .authenticate(&request.headers, Plane::DataLake)
            .map_err(|refusal| {
                let challenge = self.authority.challenge(&request.origin.base(), &refusal);
                ArmError::unauthorized(&refusal, challenge)
            })?;
        let account = self.account(&request.account)?;
        let request = ArmRequest {
            method: request.method,
            subscription: account.subscription.clone(),
            group: None,
            address: request.uri.path().to_owned(),
            path: segments(&request.rest, "InvalidRequestUri")?,
            query: query(&request.uri),
            body: request.body,
            caller,
            origin: request.origin,
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
