//! Experiments and runs as clients see and change them.

use azml_runs::executor::RunState;
use serde_json::{Map, Value, json};

use super::call::{Call, existing};
use super::model::{self, Experiment, Run};
use super::{artifacts, submit};
use crate::workspace::error::PlaneError;

/// Runs of one page when nothing is asked for, and the most that there are.
const LARGEST_PAGE: usize = 500;

pub(super) fn check_experiment(name: &str) -> Result<(), PlaneError> {
    if model::is_name(name) {
        return Ok(());
    }
    let text = format!("'{name}' cannot be the name of an experiment.");
    Err(PlaneError::bad_request(text))
}

pub(super) fn show_experiment(call: &Call) -> Result<Value, PlaneError> {
    let name = call.name("experiment");
    let found = call.runs.read(|view| {
        let found = Experiment::find(view, &call.workspace.id, name);
        existing(found, "experiment", name)
    })?;
    Ok(found.show())
}

pub(super) async fn create_experiment(call: &Call) -> Result<Value, PlaneError> {
    let name = call.name("experiment").to_owned();
    check_experiment(&name)?;
    let state = &call.runs.datastores.state;
    let workspace = call.workspace.id.clone();
    let new = Experiment {
        id: state.ids.uuid().to_string(),
        name,
        created: state.clock.now(),
        description: None,
        tags: Map::new(),
        runs: 0,
    };
    let experiment = state
        .store
        .write(move |txn| {
            if let Some(found) = Experiment::find(txn, &workspace, &new.name)? {
                return Ok::<_, PlaneError>(found);
            }
            new.put(txn, &workspace)?;
            Ok(new)
        })
        .await?;
    Ok(experiment.show())
}

pub(super) fn find_experiment(call: &Call) -> Result<Value, PlaneError> {
    let id = call.name("experiment_id");
    let all = call
        .runs
        .read(|view| Ok(Experiment::all(view, &call.workspace.id)?))?;
    let found = all.iter().find(|experiment| experiment.id == id);
    let found = found.ok_or_else(|| {
        PlaneError::not_found(format!("There is no experiment with the id {id}."))
    })?;
    Ok(found.show())
}

fn required(call: &Call) -> Result<Run, PlaneError> {
    let id = call.name("run");
    let run = call.runs.read(|view| {
        let found = Run::find(view, &call.workspace.id, id);
        existing(found, "run", id)
    })?;
    let experiment = call.name("experiment");
    if !experiment.is_empty() && experiment != run.experiment {
        let text = format!("There is no run '{id}' in the experiment '{experiment}'.");
        return Err(PlaneError::not_found(text));
    }
    Ok(run)
}

pub(super) fn show(call: &Call) -> Result<Value, PlaneError> {
    Ok(required(call)?.show())
}

/// Metrics that are on their way: there are none that would take time.
pub(super) fn await_metrics(call: &Call) -> Result<Value, PlaneError> {
    required(call).map(|_| json!({}))
}

pub(super) async fn details(call: &Call) -> Result<Value, PlaneError> {
    let run = required(call)?;
    let logs = artifacts::logs(&call.runs, &call.workspace, &run).await?;
    Ok(run.show_details(&logs))
}

/// The runs of an experiment, the latest first, page by page.
pub(super) fn query(call: &Call) -> Result<Value, PlaneError> {
    let body = call.json()?;
    let experiment = call.name("experiment");
    let mut runs = call
        .runs
        .read(|view| Ok(Run::all(view, &call.workspace.id)?))?;
    runs.retain(|run| run.experiment == experiment && !run.hidden);
    runs.sort_by_key(|run| std::cmp::Reverse(run.number));
    let member = |name: &str| body.get(name).or_else(|| body.get(capital(name)));
    let from = member("continuationToken").and_then(Value::as_str);
    let from = from
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or(0);
    let count = member("top").and_then(Value::as_u64);
    let count = count.and_then(|top| usize::try_from(top).ok());
    let count = count.unwrap_or(LARGEST_PAGE).clamp(1, LARGEST_PAGE);
    let value: Vec<Value> = runs.iter().skip(from).take(count).map(Run::show).collect();
    let next = (from + count < runs.len()).then(|| (from + count).to_string());
    Ok(json!({"value": value, "continuationToken": next, "nextLink": null}))
}

fn capital(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

/// Changes a run, or records one that the client carries out itself.
pub(super) async fn patch(call: &Call) -> Result<Value, PlaneError> {
    let body = call.json()?;
    let id = call.name("run").to_owned();
    let there = call
        .runs
        .read(|view| Ok(Run::find(view, &call.workspace.id, &id)?))?;
    if there.is_none() {
        let run = interactive(call, id.clone(), &body)?;
        submit::add(call, run).await?;
    }
    let workspace = call.workspace.id.clone();
    let run = call
        .runs
        .datastores
        .state
        .store
        .write(move |txn| {
            let found = Run::find(txn, &workspace, &id);
            let mut run = existing(found, "run", &id)?;
            apply(&mut run, &body);
            run.put(txn, &workspace)?;
            Ok::<_, PlaneError>(run)
        })
        .await?;
    Ok(run.show())
}

fn interactive(call: &Call, id: String, body: &Value) -> Result<Run, PlaneError> {
    if !model::is_name(&id) {
        let text = format!("'{id}' cannot be the id of a run.");
        return Err(PlaneError::bad_request(text));
    }
    let experiment = match call.name("experiment") {
        "" => find_experiment(call)?["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        name => name.to_owned(),
    };
    Ok(Run {
        id,
        number: 0,
        experiment,
        experiment_id: String::new(),
        parent: body["parentRunId"].as_str().map(str::to_owned),
        user: call.caller.submitter(),
        status: RunState::NotStarted,
        created: call.runs.datastores.state.clock.now(),
        started: None,
        ended: None,
        name: None,
        description: None,
        hidden: false,
        properties: Map::new(),
        tags: Map::new(),
        script: None,
        target: None,
        configuration: None,
        snapshot: None,
        error: None,
        warnings: Vec::new(),
    })
}

fn apply(run: &mut Run, body: &Value) {
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    for name in ["name", "displayName"] {
        run.name = text(name).or(run.name.take());
    }
    run.description = text("description").or(run.description.take());
    run.script = text("scriptName").or(run.script.take());
    run.target = text("target").or(run.target.take());
    run.hidden = body["hidden"].as_bool().unwrap_or(run.hidden);
    for (member, into) in [("properties", &mut run.properties), ("tags", &mut run.tags)] {
        if let Some(more) = body[member].as_object() {
            into.extend(more.clone());
        }
    }
}

/// Moves the state of a run that the client carries out; asks the executor to end others.
pub(super) async fn event(call: &Call) -> Result<Value, PlaneError> {
    let body = call.json()?;
    let run = required(call)?;
    let name = body["name"].as_str().unwrap_or_default();
    let event = name.rsplit('.').next().unwrap_or_default().to_owned();
    let asked = matches!(event.as_str(), "Canceled" | "CancelRequested");
    let is_ours = run.configuration.is_some();
    let going_on = asked && is_ours && call.runs.cancel(&run.id);
    let now = call.runs.datastores.state.clock.now();
    let workspace = call.workspace.id.clone();
    let id = run.id.clone();
    call.runs
        .datastores
        .state
        .store
        .write(move |txn| {
            let found = Run::find(txn, &workspace, &id);
            let mut run = existing(found, "run", &id)?;
            if run.status.is_terminal() {
                return Ok::<_, PlaneError>(());
            }
            let data = &body["data"];
            match event.as_str() {
                "Warning" => {
                    let text = data["message"].as_str().unwrap_or_default();
                    run.warnings.push(text.to_owned());
                }
                "Canceled" | "CancelRequested" if going_on => {
                    run.status = RunState::CancelRequested;
                }
                _ if is_ours => {}
                "Start" => {
                    run.status = RunState::Running;
                    run.started = Some(now);
                }
                "Queued" => run.status = RunState::Queued,
                "CancelRequested" => run.status = RunState::CancelRequested,
                "Completed" | "Failed" | "Canceled" => {
                    run.status = RunState::from_name(&event);
                    run.ended = Some(now);
                }
                "Error" => {
                    let error = &data["errorDetails"]["error"]["message"];
                    run.error = error.as_str().map(str::to_owned);
                }
                _ => {}
            }
            run.put(txn, &workspace)?;
            Ok(())
        })
        .await?;
    Ok(json!({}))
}
