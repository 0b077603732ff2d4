//! Running experiments: from a graph to stored outputs, in the background.
//! A run either finishes with all its outputs or fails with a reason.

mod convert;
mod execute;
mod graph;
mod records;
mod split;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Studio, content,
    model::{Content, Experiment, GLOBAL_WORKSPACE, Output, Segment, StatusCode, Timestamp},
    refusal::Refusal,
    tables::{self, EXPERIMENTS},
};
use crate::state::{self, KeyRange, Read, WriteTxn};
use execute::{STOPPED, Source};
use graph::Input;
use records::Form;

pub(super) use execute::{Plan, Produced, execute};
pub(super) use graph::{Graph, MODULES};

/// Finds the datasets that a graph reads.
pub(super) fn plan(txn: &impl Read, workspace: &str, graph: Graph) -> Result<Plan, Refusal> {
    let mut sources = BTreeMap::new();
    for step in &graph.steps {
        let Input::Dataset(id) = &step.input else {
            continue;
        };
        let dataset = tables::dataset(txn, id)?
            .filter(|dataset| [workspace, GLOBAL_WORKSPACE].contains(&&*dataset.workspace))
            .ok_or_else(|| {
                Refusal::bad_request(format!(
                    "The node '{}' ({}) reads the dataset '{id}', which does not exist.",
                    step.node, step.module
                ))
            })?;
        if Form::of(&dataset.data_type).is_none() {
            return Err(Refusal::bad_request(format!(
                "The node '{}' ({}) cannot read the dataset '{}': its type is {}.",
                step.node, step.module, dataset.name, dataset.data_type
            )));
        }
        let source = Source {
            data_type: dataset.data_type,
            content: dataset.content,
        };
        sources.insert(id.clone(), source);
    }
    Ok(Plan { graph, sources })
}

/// A plan for a graph that reads one dataset, which may not be stored yet.
pub(super) fn plan_of(graph: Graph, id: String, data_type: String, content: Content) -> Plan {
    Plan {
        graph,
        sources: BTreeMap::from([(id, Source { data_type, content })]),
    }
}

/// Runs `plan` in the background and records how it ended.
pub(super) fn spawn(studio: &Studio, experiment: &Experiment, plan: Plan) {
    let studio = studio.clone();
    let (workspace, id) = (experiment.workspace.clone(), experiment.id.clone());
    let run = experiment.run.clone();
    studio.context.tasks.clone().spawn(async move {
        let outcome = run_blocking(&studio, plan).await;
        let now = studio.now();
        let ended = studio
            .context
            .state
            .store
            .write(move |txn| {
                let experiment = tables::experiment(txn, &workspace, &id)?;
                // Deleted or saved anew meanwhile: the outputs go with the outcome.
                let Some(mut experiment) = experiment.filter(|experiment| experiment.run == run)
                else {
                    return Ok(());
                };
                end(txn, &mut experiment, outcome, now)?;
                tables::put_experiment(txn, &experiment)
            })
            .await;
        if let Err(error) = ended {
            tracing::error!(%error, "the end of a run could not be recorded");
        }
    });
}

/// Runs `plan` without blocking the caller's thread.
pub(super) async fn run_blocking(studio: &Studio, plan: Plan) -> Result<Vec<Produced>, String> {
    let files = studio.context.state.files.clone();
    let stop = studio.context.stopping.clone();
    tokio::task::spawn_blocking(move || execute(&plan, &files, &stop))
        .await
        .unwrap_or_else(|_| Err("an internal error stopped the run".to_owned()))
}

/// Gives an experiment the outcome of its run.
pub(super) fn end(
    txn: &mut WriteTxn<'_>,
    experiment: &mut Experiment,
    outcome: Result<Vec<Produced>, String>,
    now: Timestamp,
) -> Result<(), state::Error> {
    experiment.ended = Some(now);
    match outcome {
        Ok(produced) => {
            experiment.status = StatusCode::Finished;
            for produced in produced {
                let length = produced.file.length();
                let file = txn.adopt(produced.file)?;
                experiment.outputs.push(Output {
                    node: produced.node,
                    port: produced.port,
                    data_type: produced.data_type.to_owned(),
                    content: Content(vec![Segment { file, length }]),
                });
            }
        }
        Err(reason) => {
            experiment.status = StatusCode::Failed;
            experiment.status_detail = Some(reason);
        }
    }
    Ok(())
}

/// Fails the runs that were going on when the emulator ended.
pub(super) async fn fail_interrupted(studio: &Studio) -> Result<(), Refusal> {
    let now = studio.now();
    studio
        .context
        .state
        .store
        .write(move |txn| {
            let all: Vec<Experiment> = txn.scan_json(EXPERIMENTS, &KeyRange::all())?;
            for mut experiment in all {
                if experiment.status != StatusCode::Running {
                    continue;
                }
                for output in std::mem::take(&mut experiment.outputs) {
                    content::release(txn, &output.content)?;
                }
                end(txn, &mut experiment, Err(STOPPED.to_owned()), now)?;
                tables::put_experiment(txn, &experiment)?;
            }
            Ok::<_, Refusal>(())
        })
        .await
}

/// The graph with `OutputType` set on every port that has an output.
pub(super) fn with_output_types(mut graph: Value, outputs: &[Output]) -> Value {
    let nodes = graph
        .get_mut("ModuleNodes")
        .and_then(Value::as_array_mut)
        .map(Vec::as_mut_slice)
        .unwrap_or_default();
    for node in nodes {
        let Some(id) = node.get("Id").and_then(Value::as_str).map(str::to_owned) else {
            continue;
        };
        let Some(members) = node.as_object_mut() else {
            continue;
        };
        let ports = members
            .entry("OutputPortsInternal")
            .or_insert_with(|| json!([]));
        if !ports.is_array() {
            *ports = json!([]);
        }
        let Some(ports) = ports.as_array_mut() else {
            continue;
        };
        for output in outputs.iter().filter(|output| output.node == id) {
            let known = ports
                .iter_mut()
                .filter_map(Value::as_object_mut)
                .find(|port| port.get("Name").and_then(Value::as_str) == Some(&output.port));
            match known {
                Some(port) => {
                    port.insert("OutputType".to_owned(), json!(output.data_type));
                }
                None => ports.push(json!({
                    "Name": output.port,
                    "NodeId": id,
                    "OutputType": output.data_type,
                })),
            }
        }
    }
    graph
}
