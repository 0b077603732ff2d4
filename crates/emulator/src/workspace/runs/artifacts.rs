//! The files that runs leave: their logs and what they wrote to `outputs`.

use std::collections::BTreeMap;

use azml_auth::storage::SasPermissions;
use serde_json::{Value, json};
use time::Duration;

use super::Runs;
use super::call::Call;
use super::model::Run;
use crate::workspace::error::PlaneError;
use crate::workspace::workspaces::Workspace;

/// How long an address can be read.
const READ_TIME: Duration = Duration::hours(24);
/// The origin of the artifacts of runs.
const ORIGIN: &str = "ExperimentRun";
/// What a script prints.
pub(super) const LOG: &str = "user_logs/std_log.txt";

/// Where an artifact of a run is in the container of artifacts.
pub(super) fn blob(run: &Run, path: &str) -> String {
    format!("{ORIGIN}/{}/{path}", run.container())
}

pub(super) async fn list(call: &Call) -> Result<Value, PlaneError> {
    found(call, "", false).await
}

pub(super) async fn by_prefix(call: &Call) -> Result<Value, PlaneError> {
    found(call, call.name("path"), true).await
}

async fn found(call: &Call, prefix: &str, signed: bool) -> Result<Value, PlaneError> {
    let folder = format!("{}/{}/", call.name("origin"), call.name("container"));
    let paths = names(&call.runs, &call.workspace, &folder, prefix).await?;
    let paths = paths.iter();
    let value: Result<Vec<Value>, PlaneError> = paths
        .map(|path| match signed {
            true => content(call, path),
            false => Ok(describe(call, path)),
        })
        .collect();
    Ok(json!({"value": value?, "continuationToken": null, "nextLink": null}))
}

pub(super) fn show(call: &Call) -> Result<Value, PlaneError> {
    content(call, call.name("path"))
}

fn describe(call: &Call, path: &str) -> Value {
    let (origin, container) = (call.name("origin"), call.name("container"));
    json!({
        "artifactId": format!("{origin}/{container}/{path}"),
        "origin": origin,
        "container": container,
        "path": path,
        "etag": null,
        "createdTime": null,
    })
}

fn content(call: &Call, path: &str) -> Result<Value, PlaneError> {
    let mut shown = describe(call, path);
    let name = format!("{}/{}/{path}", call.name("origin"), call.name("container"));
    shown["contentUri"] = url(&call.runs, &call.workspace, &name)?.into();
    Ok(shown)
}

fn url(runs: &Runs, workspace: &Workspace, name: &str) -> Result<String, PlaneError> {
    let storage = &runs.datastores.storage;
    storage
        .signed_url(
            &runs.place(workspace),
            name,
            SasPermissions::READ,
            READ_TIME,
        )
        .map_err(PlaneError::bad_request)
}

/// Paths below `folder` that begin with `prefix`.
async fn names(
    runs: &Runs,
    workspace: &Workspace,
    folder: &str,
    prefix: &str,
) -> Result<Vec<String>, PlaneError> {
    let storage = &runs.datastores.storage;
    let start = format!("{folder}{prefix}");
    let files = storage.files(&runs.place(workspace), &start).await;
    let files = match files {
        Ok(files) => files,
        // Nothing was ever stored.
        Err(error) if error.code() == crate::storage::Code::ContainerNotFound => Vec::new(),
        Err(error) => return Err(PlaneError::bad_request(error.message())),
    };
    let path = |(name, _): (String, u64)| name.strip_prefix(folder).map(str::to_owned);
    Ok(files.into_iter().filter_map(path).collect())
}

/// The addresses of a run's logs, by their paths.
pub(super) async fn logs(
    runs: &Runs,
    workspace: &Workspace,
    run: &Run,
) -> Result<BTreeMap<String, String>, PlaneError> {
    let folder = blob(run, "");
    let mut logs = BTreeMap::new();
    for prefix in ["user_logs/", "logs/"] {
        for path in names(runs, workspace, &folder, prefix).await? {
            let address = url(runs, workspace, &format!("{folder}{path}"))?;
            logs.insert(path, address);
        }
    }
    Ok(logs)
}
