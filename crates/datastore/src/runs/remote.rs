//! Runs on a compute target of the workspace: the code is sent as a snapshot, the service
//! carries the run out, this side asks how it goes.

use std::collections::BTreeMap;
use std::time::Duration;

use azml_core::endpoint;
use azml_core::http::Repeat;
use azml_runs::access::Compute;
use azml_runs::executor::RunState;
use azml_runs::{RunConfiguration, Submission};
use azure_core::http::{Method, Request, Url};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::check;
use super::record::RunDetails;
use super::snapshot::{Changed, Tree};
use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// Files of a snapshot that are sent at once.
const FILES_AT_ONCE: usize = 8;
/// How often it is asked how a run goes.
const ASKED_EVERY: Duration = Duration::from_secs(1);
/// What a script prints, among the artifacts.
const LOGS: [&str; 2] = ["user_logs/std_log.txt", "azureml-logs/70_driver_log.txt"];

/// The runs of one experiment of a workspace.
///
/// ```no_run
/// # async fn example() -> azml_datastore::Result<()> {
/// use azml_datastore::{Estimator, Workspace};
///
/// let workspace = Workspace::from_env()?;
/// let photos = workspace.datastores().get("photos").await?;
/// let run = Estimator::new("./code", "cpu-cluster")
///     .entry_script("train.py")
///     .script_param("--data", photos.path("train").as_download())
///     .resolve()?;
/// let run = workspace.runs("training").submit(run).await?;
/// let ended = run.wait(|text| print!("{}", String::from_utf8_lossy(text))).await?;
/// println!("{}: {}", ended.run_id, ended.status);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Runs {
    workspace: Workspace,
    experiment: String,
    any_access: bool,
}

/// A run of a workspace.
#[derive(Clone, Debug)]
pub struct Run {
    runs: Runs,
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRun {
    run_id: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    created_utc: Option<String>,
    #[serde(default)]
    end_time_utc: Option<String>,
    #[serde(default)]
    error: Option<Value>,
    #[serde(default)]
    warnings: Option<Vec<Value>>,
    #[serde(default)]
    data_container_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDetails {
    #[serde(default)]
    log_files: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePage<T> {
    value: Vec<T>,
    #[serde(default)]
    continuation_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireBlobs {
    file_nodes: Vec<WireBlob>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireBlob {
    full_name: String,
    blob_uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireArtifact {
    path: String,
    #[serde(default)]
    content_uri: Option<String>,
}

impl Runs {
    pub(crate) fn new(workspace: Workspace, experiment: &str) -> Self {
        Self {
            workspace,
            experiment: experiment.to_owned(),
            any_access: false,
        }
    }

    /// The same without the check of what works where: the service decides.
    #[must_use]
    pub fn any_access(mut self) -> Self {
        self.any_access = true;
        self
    }

    /// Sends a run and gives it. The code is sent before; of a directory that was sent
    /// before only what changed.
    ///
    /// # Errors
    /// A use of data that does not work on the target, before anything is sent; a source
    /// directory that cannot be read or is too large; a refusal by the service.
    pub async fn submit(&self, submission: Submission) -> Result<Run> {
        check::experiment(&self.experiment)?;
        let Submission {
            source_directory,
            configuration,
            ..
        } = submission;
        let compute = match self.any_access {
            true => None,
            false => self.compute(configuration.target()).await?,
        };
        check::datastores(&self.workspace, &configuration, compute).await?;
        let tree = tokio::task::spawn_blocking(move || Tree::read(&source_directory));
        let tree = tree
            .await
            .map_err(|error| Error::usage(format!("the code cannot be read: {error}")))??;
        let snapshot = self.send_code(tree).await?;
        self.start(&configuration, &snapshot).await
    }

    /// A run of the experiment by its id; nothing is asked for.
    #[must_use]
    pub fn get(&self, run_id: impl Into<String>) -> Run {
        Run {
            runs: self.clone(),
            id: run_id.into(),
        }
    }

    /// Every run of the experiment, the latest first.
    ///
    /// # Errors
    /// A refusal by the service.
    pub async fn list(&self) -> Result<Vec<RunDetails>> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let url = self.history(&["runs:query"]).await?;
            let body = json!({"continuationToken": token, "orderBy": "CreatedUtc desc"});
            let page: WirePage<WireRun> = self.post(url, &body).await?;
            all.extend(page.value.into_iter().map(|run| self.details(run)));
            token = page.continuation_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(all);
            }
        }
    }

    async fn url(&self, service: &[&str], path: &[&str]) -> Result<Url> {
        let scope = self.workspace.scope();
        let base = self.workspace.services().history(scope).await?;
        let parts = scope.segments();
        let all: Vec<&str> = service.iter().chain(&parts).chain(path).copied().collect();
        Ok(endpoint::join(&base, &all)?)
    }

    async fn history(&self, path: &[&str]) -> Result<Url> {
        let all = [&["experiments", self.experiment.as_str()][..], path].concat();
        self.url(&["history", "v1.0"], &all).await
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, url: Url) -> Result<T> {
        let request = Request::new(url, Method::Get);
        let client = self.workspace.services().client();
        Ok(client.send_json(request, Repeat::ByMethod).await?)
    }

    async fn post<T: serde::de::DeserializeOwned>(&self, url: Url, body: &Value) -> Result<T> {
        let mut request = Request::new(url, Method::Post);
        request.insert_header("content-type", "application/json; charset=utf-8");
        request.set_json(body)?;
        let client = self.workspace.services().client();
        Ok(client.send_json(request, Repeat::ByMethod).await?)
    }

    /// The kind of a compute target; `None` for one that is not known here.
    async fn compute(&self, target: &str) -> Result<Option<Compute>> {
        let mut url = self
            .url(&["rp", "workspaces"], &["computes", target])
            .await?;
        url.query_pairs_mut()
            .append_pair("api-version", "2020-02-02");
        match self.read::<Value>(url).await {
            Ok(compute) => {
                let kind = compute["properties"]["computeType"].as_str();
                Ok(kind.and_then(Compute::from_type))
            }
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends what is new of the code and gives the id of its snapshot.
    async fn send_code(&self, tree: Tree) -> Result<String> {
        let latest = self
            .url(&["content", "v1.0"], &["snapshots", "latest", "metadata"])
            .await?;
        let latest: Value = self.read(latest).await?;
        let before = latest["id"].as_str().unwrap_or_default();
        if tree.is(&latest["root"]) {
            return Ok(before.to_owned());
        }
        let changed = tree.changed(&latest["root"])?;
        let mut nodes = Vec::new();
        if !changed.is_empty() {
            let names: Vec<&str> = changed.iter().map(|file| file.name.as_str()).collect();
            let url = self
                .url(&["content", "v2.0"], &["snapshots", "getblob"])
                .await?;
            let blobs: WireBlobs = self.post(url, &json!({ "FileNames": names })).await?;
            let mut places: BTreeMap<String, String> = BTreeMap::new();
            for node in blobs.file_nodes {
                places.insert(node.full_name, node.blob_uri);
            }
            let sent = stream::iter(changed)
                .map(|file| {
                    let place = places.get(&file.name).cloned();
                    self.send_file(file, place)
                })
                .buffer_unordered(FILES_AT_ONCE);
            nodes = sent.try_collect().await?;
        }
        let id = uuid::Uuid::new_v4().to_string();
        let url = self.url(&["content", "v2.0"], &["snapshots", &id]).await?;
        let body = json!({
            "ParentSnapshotId": before,
            "Tags": null,
            "Properties": {},
            "DirTreeNode": tree.root,
            "FileRevisionList": {"FileNodes": nodes},
        });
        self.post::<Value>(url, &body).await?;
        Ok(id)
    }

    async fn send_file(&self, file: Changed, place: Option<String>) -> Result<Value> {
        let place = place.ok_or_else(|| {
            Error::usage(format!("the service gave no place for '{}'", file.name))
        })?;
        let url = Url::parse(&place)
            .map_err(|_| Error::usage("the service gave a place that is no address"))?;
        let content = tokio::fs::read(&file.path)
            .await
            .map_err(Error::local("reading", &file.path))?;
        let mut request = Request::new(url, Method::Put);
        request.insert_header("x-ms-blob-type", "BlockBlob");
        request.insert_header("content-type", "application/octet-stream");
        request.set_body(content);
        // The address carries its own permission; the token is for the workspace alone.
        let client = self.workspace.services().anonymous();
        client.send(request, Repeat::ByMethod).await?;
        Ok(json!({"FullName": file.name, "BlobUri": place, "FileSize": file.length}))
    }

    async fn start(&self, configuration: &RunConfiguration, snapshot: &str) -> Result<Run> {
        let experiment = self.history(&[]).await?;
        match self.read::<Value>(experiment.clone()).await {
            Err(error) if error.status() == Some(404) => {
                self.post::<Value>(experiment, &json!({})).await?;
            }
            known => drop(known?),
        }
        let clock = self.workspace.clock();
        let id = check::new_id(&self.experiment, clock.as_ref());
        let mut url = self
            .url(
                &["execution", "v1.0"],
                &["experiments", &self.experiment, "snapshotrun"],
            )
            .await?;
        url.query_pairs_mut().append_pair("runId", &id);
        let body = json!({
            "TargetDetails": null,
            "Configuration": configuration.to_json(),
            "TelemetryValues": {},
            "SnapshotId": snapshot,
        });
        let answer: Value = self.post(url, &body).await?;
        Ok(self.get(answer["runId"].as_str().unwrap_or(&id)))
    }

    fn details(&self, run: WireRun) -> RunDetails {
        let message = |value: &Value| value["message"].as_str().map(str::to_owned);
        let error = run.error.as_ref();
        RunDetails {
            run_id: run.run_id,
            experiment: self.experiment.clone(),
            target: run.target.unwrap_or_default(),
            status: RunState::from_name(&run.status),
            created: time(run.created_utc).unwrap_or(OffsetDateTime::UNIX_EPOCH),
            ended: time(run.end_time_utc),
            exit_code: None,
            error: error.and_then(|error| message(&error["error"])),
            warnings: run.warnings.iter().flatten().filter_map(message).collect(),
        }
    }
}

fn time(text: Option<String>) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(&text?, &Rfc3339).ok()
}

impl Run {
    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    async fn wire(&self) -> Result<WireRun> {
        let url = self.runs.history(&["runs", &self.id]).await?;
        self.runs.read(url).await
    }

    /// How the run goes.
    ///
    /// # Errors
    /// There is no such run; a refusal by the service.
    pub async fn details(&self) -> Result<RunDetails> {
        Ok(self.runs.details(self.wire().await?))
    }

    /// Asks for the end of the run.
    ///
    /// # Errors
    /// As [`Run::details`].
    pub async fn cancel(&self) -> Result<()> {
        let url = self.runs.history(&["runs", &self.id, "events"]).await?;
        let now = self.runs.workspace.clock().now().format(&Rfc3339);
        let body = json!({
            "timestamp": now.unwrap_or_default(),
            "name": "Microsoft.MachineLearning.Run.Canceled",
            "data": {},
        });
        self.runs.post::<Value>(url, &body).await?;
        Ok(())
    }

    /// Waits for the end and gives how it was. `output` gets what the script prints.
    ///
    /// # Errors
    /// As [`Run::details`]. A run that fails is no error here: [`RunDetails::status`] says so.
    pub async fn wait(&self, mut output: impl FnMut(&[u8]) + Send) -> Result<RunDetails> {
        let clock = self.runs.workspace.clock();
        let mut shown = 0;
        loop {
            // Before the log: what it then holds is all of it once the run has ended.
            let details = self.details().await?;
            let text = self.log_from(shown).await?;
            shown += text.len();
            if !text.is_empty() {
                output(&text);
            }
            if details.status.is_terminal() {
                return Ok(details);
            }
            clock.sleep(ASKED_EVERY).await;
        }
    }

    /// What the script has printed so far.
    ///
    /// # Errors
    /// As [`Run::details`].
    pub async fn log(&self) -> Result<Vec<u8>> {
        self.log_from(0).await
    }

    async fn log_from(&self, start: usize) -> Result<Vec<u8>> {
        let url = self.runs.history(&["runs", &self.id, "details"]).await?;
        let details: WireDetails = self.runs.read(url).await?;
        let logs = details.log_files.unwrap_or_default();
        let Some(address) = LOGS.iter().find_map(|name| logs.get(*name)) else {
            return Ok(Vec::new());
        };
        match self.content(address, Some(start)).await {
            // Nothing is there behind the start.
            Err(error) if error.status() == Some(416) => Ok(Vec::new()),
            other => other,
        }
    }

    async fn content(&self, address: &str, start: Option<usize>) -> Result<Vec<u8>> {
        let url = Url::parse(address)
            .map_err(|_| Error::usage("the service gave a content address that is none"))?;
        let mut request = Request::new(url, Method::Get);
        if let Some(start) = start {
            request.insert_header("x-ms-range", format!("bytes={start}-"));
        }
        let client = self.runs.workspace.services().anonymous();
        let answer = client.send(request, Repeat::ByMethod).await?;
        let body: &[u8] = answer.body().as_ref();
        Ok(body.to_vec())
    }

    /// The paths of the files that the run has left: its logs, and what its script wrote
    /// to `outputs` and `logs`.
    ///
    /// # Errors
    /// As [`Run::details`].
    pub async fn artifacts(&self) -> Result<Vec<String>> {
        let container = self.container().await?;
        let path = ["artifacts", "ExperimentRun", container.as_str()];
        let mut paths = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut url = self.runs.url(&["artifact", "v2.0"], &path).await?;
            if let Some(token) = &token {
                url.query_pairs_mut()
                    .append_pair("continuationToken", token);
            }
            let page: WirePage<WireArtifact> = self.runs.read(url).await?;
            paths.extend(page.value.into_iter().map(|artifact| artifact.path));
            token = page.continuation_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(paths);
            }
        }
    }

    /// The content of a file that the run has left.
    ///
    /// # Errors
    /// There is no such file; a refusal by the service.
    pub async fn artifact(&self, path: &str) -> Result<Vec<u8>> {
        let container = self.container().await?;
        let mut parts = vec![
            "artifacts",
            "contentinfo",
            "ExperimentRun",
            container.as_str(),
        ];
        parts.extend(path.split('/'));
        let url = self.runs.url(&["artifact", "v2.0"], &parts).await?;
        let artifact: WireArtifact = self.runs.read(url).await?;
        let address = artifact.content_uri.unwrap_or_default();
        self.content(&address, None).await
    }

    async fn container(&self) -> Result<String> {
        let run = self.wire().await?;
        Ok(run
            .data_container_id
            .unwrap_or_else(|| format!("dcid.{}", self.id)))
    }
}
