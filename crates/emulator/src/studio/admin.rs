//! Administration of workspaces: what the web page did, for the command line
//! and for tests; and the environment variables of the service.

use axum::{
    Json,
    body::Body,
    extract::{Path, RawQuery, State as AxumState},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::{get, post, put},
};
use azml_core::env;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

use super::{
    Studio, access, content,
    model::{Output, StatusCode as RunStatus, Workspace},
    query::Query,
    refusal::Refusal,
    seed,
    tables::{self, WORKSPACES},
    wire::{UserInfo, WorkspaceInfo},
    workspaces,
};
use crate::{
    ADMIN_HEADER,
    environment::quote,
    http::{RequestId, Routes},
    ports::Port,
    state::{self, Key, Read},
};

const PREFIX: &str = "/_emulator/studio/workspaces";

pub(super) fn routes(studio: &Studio) -> Routes {
    let at = |path: &str| format!("{PREFIX}/{{ws}}{path}");
    let guarded = Routes::new()
        .route(PREFIX, post(create))
        .route(&at("/users"), get(users))
        .route(
            &at("/experiments/{id}/outputdata/{node}/{port}"),
            put(put_output).layer(axum::extract::DefaultBodyLimit::disable()),
        )
        .with_state(studio.clone());
    // A holder of either token may regenerate one, so this has a guard of its own.
    let tokens = Routes::new()
        .route(&at("/tokens/{which}/regenerate"), post(regenerate))
        .with_state(studio.clone());
    studio.context.control.protect(guarded).merge(tokens)
}

/// The variables that lead clients to the service.
pub(super) fn environment(studio: &Studio) -> Result<Vec<(&'static str, String)>, state::Error> {
    let context = &studio.context;
    let id = &studio.workspace;
    let Some(workspace) = context.state.store.read(|txn| tables::workspace(txn, id))? else {
        return Ok(Vec::new());
    };
    let endpoint = context.endpoints.http(Port::Http);
    let regenerate = match &context.config.regenerate_command {
        Some(command) => command.clone(),
        None => {
            let secret = format!("{ADMIN_HEADER}: {}\n", context.control.secret);
            let header = context.state.secrets.put("admin.header", &secret)?;
            let url = format!("{endpoint}{PREFIX}/{id}/tokens/primary/regenerate");
            format!(
                "curl -fsS -X POST -H @{} {}",
                quote(&header.display().to_string()),
                quote(&url)
            )
        }
    };
    Ok(vec![
        (env::STUDIO_ENDPOINT, endpoint),
        (env::STUDIO_WORKSPACE, workspace.id),
        (env::STUDIO_TOKEN, workspace.primary_token),
        (env::STUDIO_SECONDARY_TOKEN, workspace.secondary_token),
        (env::STUDIO_REGENERATE_CMD, regenerate),
    ])
}

/// Replaces one token; the old value is refused from then on. Answers with the
/// new one as text. `?form=base64` gives the longer form that later
/// workspaces had.
async fn regenerate(
    AxumState(studio): AxumState<Studio>,
    Path((id, which)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    request: RequestId,
    headers: HeaderMap,
) -> axum::response::Response {
    let now = studio.context.state.clock.now();
    match new_token(&studio, &id, &which, query.as_deref(), &headers).await {
        Ok(token) => token.into_response(),
        Err(refusal) => refusal.render(request, now),
    }
}

async fn new_token(
    studio: &Studio,
    id: &str,
    which: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<String, Refusal> {
    let store = &studio.context.state.store;
    let workspace = store.read(|txn| tables::workspace(txn, id))?;
    let allowed = studio.context.control.allows(headers)
        || workspace.as_ref().is_some_and(|workspace| {
            access::token(headers).is_some_and(|token| access::holds(workspace, token))
        });
    if !allowed {
        return Err(Refusal::unauthorized());
    }
    let primary = match which.to_ascii_lowercase().as_str() {
        "primary" => true,
        "secondary" => false,
        _ => {
            return Err(Refusal::not_found(
                "A token is either primary or secondary.",
            ));
        }
    };
    let token = match Query::new(query).get("form") {
        Some("base64") => {
            let mut bytes = [0u8; 64];
            getrandom::fill(&mut bytes).map_err(|_| state::Error::Random)?;
            STANDARD.encode(bytes)
        }
        _ => state::random_hex::<16>()?,
    };
    let (id, new) = (id.to_owned(), token.clone());
    store
        .write(move |txn| {
            let mut workspace = found(txn, &id)?;
            if primary {
                workspace.primary_token = new;
            } else {
                workspace.secondary_token = new;
            }
            txn.put_json(WORKSPACES, &id, &workspace)?;
            Ok::<_, Refusal>(())
        })
        .await?;
    Ok(token)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NewWorkspace {
    friendly_name: Option<String>,
    owner_email: Option<String>,
}

/// Makes an empty workspace with new tokens.
async fn create(
    AxumState(studio): AxumState<Studio>,
    id: RequestId,
    body: axum::body::Bytes,
) -> axum::response::Response {
    let now = studio.context.state.clock.now();
    match new_workspace(&studio, &body).await {
        Ok(workspace) => Json(WorkspaceInfo::from(workspace)).into_response(),
        Err(refusal) => refusal.render(id, now),
    }
}

async fn new_workspace(studio: &Studio, body: &[u8]) -> Result<Workspace, Refusal> {
    let wish: NewWorkspace = if body.is_empty() {
        NewWorkspace::default()
    } else {
        serde_json::from_slice(body)
            .map_err(|error| Refusal::bad_request(format!("The body is not valid: {error}.")))?
    };
    let mut workspace = seed::workspace(
        studio.context.state.ids.hex(),
        state::random_hex::<16>()?,
        state::random_hex::<16>()?,
        studio.now(),
    );
    workspace.friendly_name = wish.friendly_name.unwrap_or(workspace.friendly_name);
    workspace.owner_email = wish.owner_email.unwrap_or(workspace.owner_email);
    let owner = seed::owner(&workspace, studio.context.state.ids.hex());
    let stored = workspace.clone();
    let store = &studio.context.state.store;
    store
        .write(move |txn| {
            txn.put_json(WORKSPACES, &stored.id, &stored)?;
            let key = Key::of([&stored.id, &owner.id]);
            txn.put_json(tables::USERS, key, &owner)?;
            Ok::<_, Refusal>(())
        })
        .await?;
    Ok(workspace)
}

async fn users(
    AxumState(studio): AxumState<Studio>,
    Path(workspace): Path<String>,
    id: RequestId,
) -> axum::response::Response {
    let store = &studio.context.state.store;
    match store.read(|txn| workspaces::people(txn, &workspace)) {
        Ok(users) => {
            Json(users.into_iter().map(UserInfo::from).collect::<Vec<_>>()).into_response()
        }
        Err(refusal) => refusal.render(id, studio.context.state.clock.now()),
    }
}

/// Gives an experiment an output as if a run had made it.
async fn put_output(
    AxumState(studio): AxumState<Studio>,
    Path((workspace, id, node, port)): Path<(String, String, String, String)>,
    RawQuery(query): RawQuery,
    request: RequestId,
    body: Body,
) -> axum::response::Response {
    let output = Output {
        node,
        port,
        data_type: Query::new(query.as_deref())
            .get("dataTypeId")
            .unwrap_or("GenericCSV")
            .to_owned(),
        content: Default::default(),
    };
    match store_output(&studio, workspace, id, output, body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => refusal.render(request, studio.context.state.clock.now()),
    }
}

async fn store_output(
    studio: &Studio,
    workspace: String,
    id: String,
    output: Output,
    body: Body,
) -> Result<(), Refusal> {
    let state = &studio.context.state;
    let file = content::receive(&state.files, body, u64::MAX).await?;
    state
        .store
        .write(move |txn| {
            let mut experiment = tables::experiment(txn, &workspace, &id)?
                .ok_or_else(|| Refusal::not_found("There is no experiment with this id."))?;
            if experiment.status == RunStatus::Running {
                return Err(Refusal::conflict("The experiment is running."));
            }
            experiment.status = RunStatus::Finished;
            let is_same = |other: &Output| other.node == output.node && other.port == output.port;
            for replaced in experiment.outputs.iter().filter(|other| is_same(other)) {
                content::release(txn, &replaced.content)?;
            }
            experiment.outputs.retain(|other| !is_same(other));
            let content = content::adopt(txn, file)?;
            experiment.outputs.push(Output { content, ..output });
            Ok(tables::put_experiment(txn, &experiment)?)
        })
        .await
}

fn found(txn: &impl Read, id: &str) -> Result<Workspace, Refusal> {
    tables::workspace(txn, id)?
        .ok_or_else(|| Refusal::not_found("There is no workspace with this id."))
}
