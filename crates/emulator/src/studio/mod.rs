//! Studio (classic): datasets, experiments and the people of a workspace, as
//! the original Python, R and PowerShell clients speak to them.
//!
//! Content is never copied: uploads, dataset versions and outputs refer to the
//! same stored bodies. Nothing here may answer before its commit.

mod access;
mod admin;
mod content;
mod datasets;
mod experiments;
#[cfg(any(test, feature = "fuzzing"))]
mod fuzz;
mod lenient;
mod links;
mod model;
mod names;
mod outputs;
mod query;
mod refusal;
mod run;
mod samples;
mod seed;
mod tables;
mod uploads;
mod wire;
mod workspaces;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware,
    routing::{any, delete, get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::FutureExt;

use crate::{
    StartError,
    http::{Origin, Routes},
    identity::Development,
    services::{Context, Definition, Service},
    state,
};
use links::{Links, LinksFrom};
use model::Timestamp;
use refusal::Refusal;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use fuzz::{body as fuzz_body, query as fuzz_query};

pub(crate) const SERVICE: Definition = Definition {
    name: "studio",
    ports: &[],
    start: |context| start(context).boxed(),
};

/// The id of the workspace of the article "Access datasets with Python", and
/// the name that replaces it in the configuration.
const WORKSPACE: &str = "4c29e1adeba2e5a7cbeb0e4f4adfb4df";
const WORKSPACE_OPTION: &str = "studio-workspace";
const PRIMARY_TOKEN: Development = Development {
    name: "studio-primary-token",
    value: "f4f3ade2c6aefdb1afb043cd8bcf3daf",
    generate: state::random_hex::<16>,
    runs_code: false,
};
const SECONDARY_TOKEN: Development = Development {
    name: "studio-secondary-token",
    value: "5ec0da2e5ec0da2e5ec0da2e5ec0da2e",
    generate: state::random_hex::<16>,
    runs_code: false,
};

/// The greatest JSON body.
const JSON_LIMIT: usize = 16 << 20;

/// What every handler works with.
#[derive(Debug, Clone)]
struct Studio {
    context: Arc<Context>,
    links: Links,
    /// The workspace that the environment variables lead to.
    workspace: Arc<str>,
}

impl Studio {
    fn now(&self) -> Timestamp {
        let nanos = self.context.state.clock.now().unix_timestamp_nanos();
        Timestamp(i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX))
    }

    fn after(&self, lifetime: Duration) -> Timestamp {
        let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.now().0.saturating_add(lifetime))
    }

    /// Links for an answer to a request that came to `origin`.
    fn links_for(&self, origin: &Origin) -> LinksFrom<'_> {
        let lifetime = self.context.config.studio.link_lifetime;
        let expires = self
            .context
            .state
            .clock
            .now()
            .checked_add(lifetime.try_into().unwrap_or(time::Duration::MAX))
            .unwrap_or(time::macros::datetime!(9999-12-31 0:00 UTC));
        self.links.until(expires, origin)
    }
}

async fn start(context: Context) -> Result<Service, StartError> {
    let key = context.state.secrets.get_or_create("studio-links", || {
        let mut key = [0u8; 64];
        getrandom::fill(&mut key).map_err(|_| state::Error::Random)?;
        Ok(STANDARD.encode(key))
    })?;
    let studio = Studio {
        links: Links::new(&key)?,
        workspace: context
            .identities
            .configured(WORKSPACE_OPTION)
            .unwrap_or(WORKSPACE)
            .into(),
        context: Arc::new(context),
    };
    let failed = |refusal: Refusal| StartError::Service {
        service: SERVICE.name,
        reason: refusal.to_string(),
    };
    seed::prepare(&studio).await?;
    run::fail_interrupted(&studio).await.map_err(failed)?;
    let now = studio.now();
    let store = &studio.context.state.store;
    store
        .write(move |txn| uploads::drop_expired(txn, now))
        .await
        .map_err(failed)?;
    let environment = studio.clone();
    Ok(Service {
        routes: api(&studio)
            .merge(blobs(&studio))
            .merge(admin::routes(&studio)),
        environment: Some(Box::new(move || admin::environment(&environment))),
        ..Service::default()
    })
}

fn api(studio: &Studio) -> Routes {
    const WS: &str = "/api/workspaces/{ws}";
    let at = |path: &str| format!("{WS}{path}");
    let unlimited = DefaultBodyLimit::disable;
    Routes::new()
        .route(
            "/api/resourceuploads/workspaces/{ws}",
            post(uploads::begin).layer(unlimited()),
        )
        .route(
            "/api/blobuploads/workspaces/{ws}",
            post(uploads::put_block).layer(unlimited()),
        )
        .route(WS, get(workspaces::get))
        .route(&at("/users"), get(workspaces::users))
        .route(&at("/users/{user}"), delete(workspaces::remove_user))
        .route(&at("/invitations"), post(workspaces::invite))
        .route(
            &at("/datasources"),
            get(datasets::list).post(datasets::create),
        )
        .route(&at("/datasources/{id}"), get(datasets::get))
        .route(
            &at("/datasources/family/{family}"),
            delete(datasets::delete_family),
        )
        .route(
            &at("/experiments"),
            get(experiments::list).post(experiments::create),
        )
        .route(
            &at("/experiments/{id}"),
            get(experiments::get)
                .post(experiments::save)
                .delete(experiments::delete),
        )
        .route(
            &at("/experiments/{id}/outputdata/{node}/{port}"),
            get(outputs::download),
        )
        .route(&at("/modules"), get(experiments::modules))
        .route(&at("/trainedmodels"), get(workspaces::nothing))
        .route(&at("/transformmodules"), get(workspaces::nothing))
        .route(&at("/notebooks"), get(workspaces::nothing))
        .route(&at("/gateways"), get(workspaces::nothing))
        .route(&at("/projectcontainers"), get(workspaces::nothing))
        .route(
            &at("/packages"),
            any(|| refused("packing and unpacking experiments")),
        )
        .route(
            &at("/experiments/{id}/webservice"),
            any(|| refused("deploying web services")),
        )
        .route("/api/{*rest}", any(|| async { StatusCode::NOT_FOUND }))
        .map(|router: Router<Studio>| {
            router
                .layer(DefaultBodyLimit::max(JSON_LIMIT))
                .layer(middleware::from_fn_with_state(
                    studio.clone(),
                    access::guard,
                ))
        })
        .with_state(studio.clone())
}

fn blobs(studio: &Studio) -> Routes {
    let path = format!("{}/{{container}}/{{*blob}}", links::BLOBS);
    Routes::new()
        .route(&path, get(links::download))
        .with_state(studio.clone())
}

async fn refused(what: &str) -> Refusal {
    Refusal::new(
        StatusCode::NOT_IMPLEMENTED,
        format!("The emulator does not support {what}."),
    )
}
