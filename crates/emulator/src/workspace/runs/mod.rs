//! Runs of a workspace: experiments, snapshots of code, submission, status, logs, the end.
//! One executor carries them out, on the compute target `cpu-cluster`.

mod artifacts;
mod call;
mod data;
mod drive;
mod history;
mod model;
#[cfg(target_os = "linux")]
mod mounts;
mod snapshots;
mod submit;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State as Extracted};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::datastores::Datastores;
use super::error::PlaneError;
use crate::StartError;
use crate::authority::Authority;
use crate::http::{Origin, Routes};
use crate::scripts::Runtime;
use crate::services::Context;
use crate::storage::Place;
use azml_auth::storage::SasService;
use call::Call;
use model::Run;

/// Runs that are carried out at once; the others wait.
const AT_ONCE: usize = 4;
/// Largest body of a request: the tree of a snapshot.
const LARGEST_BODY: usize = 64 << 20;
/// The compute target that there is.
pub(super) const CLUSTER: &str = "cpu-cluster";
/// The container of artifacts and code.
const CONTAINER: &str = "azureml";

/// The runs of every workspace.
pub(super) struct Runs {
    datastores: Datastores,
    authority: Arc<Authority>,
    /// `None` unless submitted code may run.
    executor: Option<Executor>,
}

/// What carries runs out.
struct Executor {
    runtime: Runtime,
    /// The folders of runs; their users must get to them.
    root: TempDir,
    slots: Arc<Semaphore>,
    /// The runs that are going on.
    active: Mutex<HashMap<String, CancellationToken>>,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl Runs {
    /// Prepares the executor, and ends runs that an earlier process was carrying out.
    ///
    /// # Errors
    /// The scripts' user cannot reach the interpreter; a failed store.
    pub(super) async fn start(
        context: &Context,
        datastores: &Datastores,
    ) -> Result<Self, StartError> {
        let now = context.state.clock.now();
        context
            .state
            .store
            .write(move |txn| Run::fail_abandoned(txn, now))
            .await?;
        let executor = if context.config.allow_scripts {
            Some(Executor {
                runtime: Runtime::start(context).await?,
                root: drive::root().map_err(|error| StartError::Scripts {
                    reason: format!("the folder of runs could not be made: {error}"),
                })?,
                slots: Arc::new(Semaphore::new(AT_ONCE)),
                active: Mutex::default(),
                tasks: context.tasks.clone(),
                stopping: context.stopping.clone(),
            })
        } else {
            None
        };
        Ok(Self {
            datastores: datastores.clone(),
            authority: Arc::clone(&context.authority),
            executor,
        })
    }

    /// Where artifacts and code of a workspace are.
    fn place(&self, workspace: &super::workspaces::Workspace) -> Place {
        Place {
            service: SasService::Blob,
            account: workspace.storage_account.clone(),
            container: CONTAINER.to_owned(),
        }
    }

    fn answer(&self, outcome: Result<Response, PlaneError>) -> Response {
        outcome.unwrap_or_else(|error| {
            let time = self.authority.now().format(&Rfc3339).unwrap_or_default();
            error.respond(&time)
        })
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
enum Operation {
    ShowExperiment,
    CreateExperiment,
    FindExperiment,
    QueryRuns,
    ShowRun,
    PatchRun,
    ShowDetails,
    PostEvent,
    AwaitMetrics,
    LatestSnapshot,
    BlobsForSnapshot,
    CreateSnapshot,
    Submit,
    NotOffered,
    ShowCompute,
    ListArtifacts,
    ShowArtifact,
    ArtifactsByPrefix,
}

const WORKSPACE: &str = "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{workspace}";

/// Every address, by service and path below the workspace.
const ADDRESSES: &[(&str, &str, MethodFilter, Operation)] = {
    use Operation as O;
    const GET: MethodFilter = MethodFilter::GET;
    const POST: MethodFilter = MethodFilter::POST;
    const PATCH: MethodFilter = MethodFilter::PATCH;
    const H: &str = "history/v1.0";
    const E: &str = "execution/v1.0";
    const A: &str = "artifact/v2.0";
    &[
        (H, "/experiments/{experiment}", GET, O::ShowExperiment),
        (H, "/experiments/{experiment}", POST, O::CreateExperiment),
        (H, "/experimentids/{experiment_id}", GET, O::FindExperiment),
        (
            H,
            "/experiments/{experiment}/runs:query",
            POST,
            O::QueryRuns,
        ),
        (H, "/experiments/{experiment}/runs/{run}", GET, O::ShowRun),
        (
            H,
            "/experiments/{experiment}/runs/{run}",
            PATCH,
            O::PatchRun,
        ),
        (
            H,
            "/experiments/{experiment}/runs/{run}/details",
            GET,
            O::ShowDetails,
        ),
        (
            H,
            "/experiments/{experiment}/runs/{run}/events",
            POST,
            O::PostEvent,
        ),
        (
            H,
            "/experiments/{experiment}/runs/{run}/metricsingest/wait",
            GET,
            O::AwaitMetrics,
        ),
        (
            H,
            "/experimentids/{experiment_id}/runs/{run}",
            GET,
            O::ShowRun,
        ),
        (
            H,
            "/experimentids/{experiment_id}/runs/{run}",
            PATCH,
            O::PatchRun,
        ),
        (H, "/runs/{run}", GET, O::ShowRun),
        (
            "content/v1.0",
            "/snapshots/latest/metadata",
            GET,
            O::LatestSnapshot,
        ),
        (
            "content/v2.0",
            "/snapshots/getblob",
            POST,
            O::BlobsForSnapshot,
        ),
        (
            "content/v2.0",
            "/snapshots/{snapshot}",
            POST,
            O::CreateSnapshot,
        ),
        (E, "/experiments/{experiment}/snapshotrun", POST, O::Submit),
        (E, "/experiments/{experiment}/startrun", POST, O::NotOffered),
        (E, "/experiments/{experiment}/localrun", POST, O::NotOffered),
        ("rp/workspaces", "/computes/{compute}", GET, O::ShowCompute),
        (A, "/artifacts/{origin}/{container}", GET, O::ListArtifacts),
        (
            A,
            "/artifacts/contentinfo/{origin}/{container}/{*path}",
            GET,
            O::ShowArtifact,
        ),
        (
            A,
            "/artifacts/prefix/contentinfo/{origin}/{container}",
            GET,
            O::ArtifactsByPrefix,
        ),
        (
            A,
            "/artifacts/prefix/contentinfo/{origin}/{container}/{*path}",
            GET,
            O::ArtifactsByPrefix,
        ),
    ]
};

type Shared = Extracted<Arc<Runs>>;
type Names = Path<HashMap<String, String>>;
type Parameters = Query<HashMap<String, String>>;

/// Every address of the services of runs.
pub(super) fn routes(runs: Runs) -> Routes {
    let runs = Arc::new(runs);
    let routes = ADDRESSES.iter().fold(
        Routes::new(),
        |routes, (service, path, method, operation)| {
            let path = format!("/{service}/{WORKSPACE}{path}");
            routes.route(
                &path,
                handler(*method, *operation).with_state(Arc::clone(&runs)),
            )
        },
    );
    routes.map(|router| router.layer(DefaultBodyLimit::max(LARGEST_BODY)))
}

fn handler(method: MethodFilter, operation: Operation) -> MethodRouter<Arc<Runs>> {
    on(
        method,
        move |Extracted(runs): Shared,
              Path(names): Names,
              Query(query): Parameters,
              origin: Origin,
              headers: HeaderMap,
              body: Bytes| async move {
            let entered = Call::enter(Arc::clone(&runs), &headers, &origin, names, query, body);
            let answered = match entered {
                Ok(call) => serve(operation, call).await,
                Err(error) => Err(error),
            };
            runs.answer(answered)
        },
    )
}

async fn serve(operation: Operation, call: Call) -> Result<Response, PlaneError> {
    let answer = match operation {
        Operation::ShowExperiment => history::show_experiment(&call)?,
        Operation::CreateExperiment => history::create_experiment(&call).await?,
        Operation::FindExperiment => history::find_experiment(&call)?,
        Operation::QueryRuns => history::query(&call)?,
        Operation::ShowRun => history::show(&call)?,
        Operation::PatchRun => history::patch(&call).await?,
        Operation::ShowDetails => history::details(&call).await?,
        Operation::PostEvent => history::event(&call).await?,
        Operation::AwaitMetrics => history::await_metrics(&call)?,
        Operation::LatestSnapshot => snapshots::latest(&call)?,
        Operation::BlobsForSnapshot => snapshots::blobs(&call).await?,
        Operation::CreateSnapshot => snapshots::create(&call).await?,
        Operation::Submit => submit::submit(&call).await?,
        Operation::ShowCompute => compute(&call)?,
        Operation::ListArtifacts => artifacts::list(&call).await?,
        Operation::ShowArtifact => artifacts::show(&call)?,
        Operation::ArtifactsByPrefix => artifacts::by_prefix(&call).await?,
        Operation::NotOffered => {
            let text = "Only runs of snapshots on a compute target of the workspace are offered.";
            return Ok((StatusCode::NOT_IMPLEMENTED, text).into_response());
        }
    };
    Ok(Json(answer).into_response())
}

fn compute(call: &Call) -> Result<Value, PlaneError> {
    let name = call.name("compute");
    if name != CLUSTER {
        let text = format!("There is no compute target '{name}'.");
        return Err(PlaneError::not_found(text));
    }
    let workspace = &call.workspace;
    Ok(json!({
        "id": format!("{}/computes/{CLUSTER}", workspace.resource_id()),
        "name": CLUSTER,
        "type": "Microsoft.MachineLearningServices/workspaces/computes",
        "location": workspace.location,
        "properties": {
            "computeType": "AmlCompute",
            "computeLocation": workspace.location,
            "provisioningState": "Succeeded",
            "properties": {"vmSize": "LOCAL", "vmPriority": "Dedicated", "allocationState": "Steady"},
        },
    }))
}
