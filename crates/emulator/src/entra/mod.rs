//! The directory's endpoints: discovery, keys and tokens, in both generations.
//! Issues nothing by itself: identities and signatures come from `identity`.

mod discovery;
mod error;
mod form;
mod grant;
mod routes;
mod scope;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use azml_core::env;
use futures::FutureExt as _;

use crate::authority::{IssueRequest, TokenVersion};
use crate::services::{Definition, Service};

/// Life of `AZML_TOKEN`: a day, in seconds.
const ENVIRONMENT_TOKEN_LIFETIME: i64 = 24 * 3600;

pub(crate) const SERVICE: Definition = Definition {
    name: "directory",
    ports: &[],
    start: |context| {
        async move {
            let authority = Arc::clone(&context.authority);
            let origin = context.endpoints.https();
            Ok(Service {
                routes: routes::routes(&context.authority),
                environment: Some(Box::new(move || {
                    let directory = authority.directory();
                    let token = authority.issue_for(
                        &IssueRequest {
                            principal: &directory.service_principal(),
                            client_id: &directory.client_id,
                            client_authentication: "1",
                            resource: "https://management.core.windows.net/",
                            origin: &origin,
                            version: TokenVersion::V1,
                        },
                        ENVIRONMENT_TOKEN_LIFETIME,
                    );
                    Ok(vec![
                        (env::AAD_ENDPOINT, origin.clone()),
                        (env::TENANT_ID, directory.tenant_id.clone()),
                        (env::CLIENT_ID, directory.client_id.clone()),
                        (
                            env::CLIENT_SECRET,
                            directory.client_secret.expose().to_owned(),
                        ),
                        (env::USERNAME, directory.username.clone()),
                        (env::PASSWORD, directory.password.expose().to_owned()),
                        (env::TOKEN, token.token),
                    ])
                })),
                ..Service::default()
            })
        }
        .boxed()
    },
};
