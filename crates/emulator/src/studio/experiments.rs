//! Experiments: listing, reading with the graph, saving, running, deleting.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, RawQuery, State as AxumState},
    http::StatusCode as HttpStatus,
};
use serde_json::{Value, json};

use super::{
    Studio,
    access::InWorkspace,
    content,
    model::{Experiment, GLOBAL_WORKSPACE, StatusCode},
    outputs,
    query::Query,
    refusal::Refusal,
    run::{self, Graph, MODULES},
    tables::{self, EXPERIMENTS},
    wire::{ExperimentInfo, SaveExperiment},
};
use crate::state::{Key, Read, WriteTxn};

/// The experiments of the workspace, then the examples; without graphs.
pub(super) async fn list(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
) -> Result<Json<Vec<ExperimentInfo>>, Refusal> {
    let store = &studio.context.state.store;
    let experiments = store
        .read_long(move |txn| {
            let mut experiments = tables::experiments(txn, &workspace)?;
            experiments.extend(tables::experiments(txn, GLOBAL_WORKSPACE)?);
            Ok::<_, Refusal>(experiments)
        })
        .await?;
    Ok(Json(
        experiments
            .into_iter()
            .map(ExperimentInfo::summary)
            .collect(),
    ))
}

/// One experiment with its graph, in which the ports of a finished run carry
/// their types.
pub(super) async fn get(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<ExperimentInfo>, Refusal> {
    let store = &studio.context.state.store;
    let experiment = store.read(|txn| outputs::visible(txn, &workspace, &id))?;
    Ok(Json(whole(experiment)))
}

/// Makes a new experiment; answers with it.
pub(super) async fn create(
    studio: AxumState<Studio>,
    workspace: InWorkspace,
    body: Bytes,
) -> Result<Json<ExperimentInfo>, Refusal> {
    submit(studio, workspace, None, &body).await
}

/// Saves an experiment, and runs it unless it is a draft; answers with it.
pub(super) async fn save(
    studio: AxumState<Studio>,
    workspace: InWorkspace,
    Path((_, id)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<ExperimentInfo>, Refusal> {
    submit(studio, workspace, Some(id), &body).await
}

/// Deletes an experiment, with `deleteAncestors=true` also those it was made of.
pub(super) async fn delete(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
    Path((_, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<HttpStatus, Refusal> {
    let ancestors = Query::new(query.as_deref())
        .get("deleteAncestors")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let store = &studio.context.state.store;
    store
        .write(move |txn| {
            let mut parent = remove(txn, own(txn, &workspace, &id)?)?;
            while let Some(id) = parent.filter(|_| ancestors) {
                parent = match tables::experiment(txn, &workspace, &id)? {
                    Some(experiment) => remove(txn, experiment)?,
                    None => None,
                };
            }
            Ok::<_, Refusal>(())
        })
        .await?;
    Ok(HttpStatus::NO_CONTENT)
}

/// The modules that the emulator runs.
pub(super) async fn modules() -> Json<Vec<Value>> {
    let modules = MODULES.iter().map(|module| {
        json!({
            "Id": module.id(),
            "FamilyId": module.family,
            "Name": module.name,
            "IsLatest": true,
            "Inputs": [module.input],
            "Outputs": module.outputs,
        })
    });
    Json(modules.collect())
}

async fn submit(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
    id: Option<String>,
    body: &[u8],
) -> Result<Json<ExperimentInfo>, Refusal> {
    let request: SaveExperiment = serde_json::from_slice(body).map_err(|error| {
        Refusal::bad_request(format!("The request body is not valid: {error}."))
    })?;
    if !request.experiment_graph.is_object() {
        return Err(Refusal::bad_request(
            "The member ExperimentGraph is no object.",
        ));
    }
    let is_draft = request.is_draft;
    // A graph that cannot run is refused before anything is stored.
    let graph = match is_draft {
        true => None,
        false => Some(Graph::parse(&request.experiment_graph)?),
    };
    let run = studio.context.state.ids.uuid().to_string();
    let new_id = format!("{workspace}.f-id.{}", studio.context.state.ids.hex());
    let etag = studio.context.state.ids.uuid().to_string();
    let now = studio.now();
    let store = &studio.context.state.store;
    let (experiment, plan) = store
        .write(move |txn| {
            let mut experiment = match id {
                Some(id) => own(txn, &workspace, &id)?,
                None => Experiment {
                    id: new_id,
                    place: tables::next_number(txn, "experiments")?,
                    workspace: workspace.clone(),
                    description: String::new(),
                    summary: None,
                    category: None,
                    creator: workspace.clone(),
                    parent: None,
                    etag: String::new(),
                    status: StatusCode::InDraft,
                    status_detail: None,
                    created: now,
                    started: None,
                    ended: None,
                    run: None,
                    disable_nodes_update: false,
                    graph: Value::Null,
                    web_service: Value::Null,
                    outputs: Vec::new(),
                },
            };
            if experiment.status == StatusCode::Running {
                return Err(Refusal::conflict("The experiment is running."));
            }
            experiment.description = request.description;
            experiment.summary = request.summary;
            experiment.category = request.category;
            experiment.parent = request.parent_experiment_id.filter(|id| !id.is_empty());
            experiment.disable_nodes_update = request.disable_node_update;
            experiment.graph = request.experiment_graph;
            experiment.web_service = request.web_service;
            experiment.etag = etag;
            for output in std::mem::take(&mut experiment.outputs) {
                content::release(txn, &output.content)?;
            }
            experiment.status_detail = None;
            experiment.ended = None;
            let plan = match graph {
                None => {
                    experiment.status = StatusCode::InDraft;
                    experiment.started = None;
                    experiment.run = None;
                    None
                }
                Some(graph) => {
                    experiment.status = StatusCode::Running;
                    experiment.started = Some(now);
                    experiment.run = Some(run);
                    Some(run::plan(txn, &workspace, graph)?)
                }
            };
            tables::put_experiment(txn, &experiment)?;
            Ok((experiment, plan))
        })
        .await?;
    if let Some(plan) = plan {
        run::spawn(&studio, &experiment, plan);
    }
    Ok(Json(whole(experiment)))
}

fn whole(experiment: Experiment) -> ExperimentInfo {
    let graph = run::with_output_types(experiment.graph.clone(), &experiment.outputs);
    ExperimentInfo::whole(experiment, graph)
}

/// An experiment that the workspace may change.
fn own(txn: &impl Read, workspace: &str, id: &str) -> Result<Experiment, Refusal> {
    if let Some(experiment) = tables::experiment(txn, workspace, id)? {
        return Ok(experiment);
    }
    match tables::experiment(txn, GLOBAL_WORKSPACE, id)? {
        Some(_) => Err(Refusal::forbidden(
            "The experiment is an example and cannot be changed; save a copy of it.",
        )),
        None => Err(Refusal::not_found("There is no experiment with this id.")),
    }
}

/// Removes an experiment; gives its parent.
fn remove(txn: &mut WriteTxn<'_>, experiment: Experiment) -> Result<Option<String>, Refusal> {
    for output in &experiment.outputs {
        content::release(txn, &output.content)?;
    }
    txn.remove(
        EXPERIMENTS,
        Key::of([&experiment.workspace, &experiment.id]),
    )?;
    Ok(experiment.parent)
}
