//! The directory's endpoints: discovery, keys and tokens, in both generations.
//! Issues nothing by itself: identities and signatures come from `identity`.

mod certificates;
mod device;
mod discovery;
mod error;
mod form;
mod grant;
mod managed;
mod page;
mod rehearsal;
mod routes;
mod scope;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use azml_auth::Secret;
use azml_core::env;
use futures::FutureExt as _;

use crate::authority::{Authority, IssueRequest, TokenVersion};
use crate::config::DeviceCodes;
use crate::services::{Definition, Service};
use crate::state::Store;

/// Life of `AZML_TOKEN`: a day, in seconds.
const ENVIRONMENT_TOKEN_LIFETIME: i64 = 24 * 3600;

/// What the endpoints work with.
struct Entra {
    authority: Arc<Authority>,
    store: Store,
    device_codes: DeviceCodes,
    /// What apps prove with that they run here.
    identity_header: Secret,
    /// Whether the machine itself has an identity, for which no secret is asked.
    machine_identity: bool,
}

pub(crate) const SERVICE: Definition = Definition {
    name: "directory",
    ports: &[],
    start: |context| {
        async move {
            let authority = Arc::clone(&context.authority);
            let origin = context.endpoints.https();
            let config = &context.config;
            let entra = Arc::new(Entra {
                authority: Arc::clone(&authority),
                store: context.state.store.clone(),
                device_codes: config.directory.device_codes.clone(),
                identity_header: Secret::new(context.identities.get(&managed::IDENTITY_HEADER)?),
                machine_identity: config.bind.is_loopback() && !config.allow_scripts,
            });
            Ok(Service {
                routes: routes::routes(&entra),
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
