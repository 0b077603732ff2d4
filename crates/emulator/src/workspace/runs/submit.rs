//! Taking a run: the checks that can be made at once, the record, the start.

use azml_runs::RunConfiguration;
use azml_runs::executor::RunState;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::model::{self, Experiment, Run};
use super::{CLUSTER, drive, history, snapshots};
use crate::workspace::error::PlaneError;

pub(super) async fn submit(call: &Call) -> Result<Value, PlaneError> {
    if call.runs.executor.is_none() {
        return Err(PlaneError::bad_request(
            "This emulator does not run submitted code; start it with --allow-scripts.",
        ));
    }
    let body = call.json()?;
    let configuration = RunConfiguration::from_json(body["Configuration"].clone())
        .map_err(|error| PlaneError::bad_request(error.to_string()))?;
    let target = configuration.target();
    if target != CLUSTER {
        let text = format!("There is no compute target '{target}'; there is '{CLUSTER}'.");
        return Err(PlaneError::bad_request(text));
    }
    if configuration.node_count() > 1 {
        let text = format!("The compute target '{CLUSTER}' has one node.");
        return Err(PlaneError::bad_request(text));
    }
    let snapshot = body["SnapshotId"].as_str().unwrap_or_default();
    let snapshot = snapshots::required(call, snapshot)?;
    let experiment = call.name("experiment").to_owned();
    let state = &call.runs.datastores.state;
    let now = state.clock.now();
    let id = match call.parameter("runId") {
        Some(id) => id.to_owned(),
        None => {
            let random = state.ids.hex();
            let end = random.get(..8).unwrap_or(&random);
            format!("{experiment}_{}_{end}", now.unix_timestamp())
        }
    };
    if !model::is_name(&id) {
        let text = format!("'{id}' cannot be the id of a run.");
        return Err(PlaneError::bad_request(text));
    }
    let mut properties = Map::new();
    properties.insert("ContentSnapshotId".to_owned(), snapshot.id.clone().into());
    let run = Run {
        id: id.clone(),
        number: 0,
        experiment: experiment.clone(),
        experiment_id: String::new(),
        parent: body["ParentRunId"].as_str().map(str::to_owned),
        user: call.caller.submitter(),
        status: RunState::Queued,
        created: now,
        started: None,
        ended: None,
        name: None,
        description: None,
        hidden: false,
        properties,
        tags: Map::new(),
        script: configuration.script().map(str::to_owned),
        target: Some(target.to_owned()),
        configuration: Some(configuration.to_json()),
        snapshot: Some(snapshot.id.clone()),
        error: None,
        warnings: Vec::new(),
    };
    let run = add(call, run).await?;
    drive::start(call, &run, configuration, snapshot);
    Ok(json!({ "runId": id }))
}

/// Records a new run, and its experiment where that is new.
pub(super) async fn add(call: &Call, mut run: Run) -> Result<Run, PlaneError> {
    history::check_experiment(&run.experiment)?;
    let state = &call.runs.datastores.state;
    let workspace = call.workspace.id.clone();
    let new = Experiment {
        id: state.ids.uuid().to_string(),
        name: run.experiment.clone(),
        created: state.clock.now(),
        description: None,
        tags: Map::new(),
        runs: 0,
    };
    state
        .store
        .write(move |txn| {
            if Run::find(txn, &workspace, &run.id)?.is_some() {
                let text = format!("There is a run '{}' already.", run.id);
                return Err(PlaneError::bad_request(text));
            }
            let found = Experiment::find(txn, &workspace, &run.experiment)?;
            let mut experiment = found.unwrap_or(new);
            experiment.runs += 1;
            run.number = experiment.runs;
            run.experiment_id.clone_from(&experiment.id);
            experiment.put(txn, &workspace)?;
            run.put(txn, &workspace)?;
            Ok(run)
        })
        .await
}
