//! The code of runs: trees of hashed files, each file uploaded once by the client.

use std::collections::BTreeMap;

use azml_auth::storage::{SasPermissions, SasService};
use serde_json::{Value, json};
use time::Duration;

use super::call::{Call, existing};
use super::model::Snapshot;
use crate::workspace::error::PlaneError;

/// How long a client may upload files.
const UPLOAD_TIME: Duration = Duration::hours(1);
/// Where the files of snapshots are in their container.
const FOLDER: &str = "LocalUpload";
/// The id that stands for no snapshot.
const NONE: &str = "00000000-0000-0000-0000-000000000000";

pub(super) fn latest(call: &Call) -> Result<Value, PlaneError> {
    let latest = call
        .runs
        .read(|view| Ok(Snapshot::latest(view, &call.workspace.id)?))?;
    Ok(match latest {
        Some(snapshot) => json!({"id": snapshot.id, "root": snapshot.root}),
        None => json!({"id": NONE, "root": {}}),
    })
}

/// Addresses to upload files to.
pub(super) async fn blobs(call: &Call) -> Result<Value, PlaneError> {
    let body = call.json()?;
    let names = body["FileNames"].as_array();
    let names = names.ok_or_else(|| PlaneError::bad_request("FileNames is missing."))?;
    let runs = &call.runs;
    let place = runs.place(&call.workspace);
    let storage = &runs.datastores.storage;
    storage
        .ensure_container(SasService::Blob, &place.account, &place.container, true)
        .await
        .map_err(PlaneError::bad_request)?;
    let folder = runs.datastores.state.ids.hex();
    let mut nodes = Vec::with_capacity(names.len());
    // Clients take these names from the address without decoding them: they hold nothing odd.
    for (at, name) in names.iter().enumerate() {
        let name = name.as_str().unwrap_or_default();
        check(name)?;
        let write = SasPermissions::READ | SasPermissions::WRITE | SasPermissions::CREATE;
        let blob = format!("{FOLDER}/{folder}/{at}");
        let url = storage
            .signed_url(&place, &blob, write, UPLOAD_TIME)
            .map_err(PlaneError::bad_request)?;
        nodes.push(json!({"fullName": name, "blobUri": url}));
    }
    Ok(json!({ "fileNodes": nodes }))
}

fn check(name: &str) -> Result<(), PlaneError> {
    let good = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    if name.split('/').all(good) {
        return Ok(());
    }
    let text = format!("'{name}' cannot be the name of a file.");
    Err(PlaneError::bad_request(text))
}

/// A snapshot of the uploaded files and those of the parent that are in the tree too.
pub(super) async fn create(call: &Call) -> Result<Value, PlaneError> {
    let body = call.json()?;
    let root = body["DirTreeNode"].clone();
    let wanted = files(&root)?;
    let id = call.name("snapshot").to_owned();
    let parent = body["ParentSnapshotId"].as_str().unwrap_or(NONE);
    let parent = call
        .runs
        .read(|view| Ok(Snapshot::find(view, &call.workspace.id, parent)?))?;
    let mut known = parent.map(|parent| parent.files).unwrap_or_default();
    let place = call.runs.place(&call.workspace);
    let nodes = body["FileRevisionList"]["FileNodes"].as_array();
    for node in nodes.into_iter().flatten() {
        let name = node["FullName"].as_str().unwrap_or_default();
        check(name)?;
        let uri = node["BlobUri"].as_str().unwrap_or_default();
        let blob = blob_name(uri, &place.container)
            .ok_or_else(|| PlaneError::bad_request(format!("'{uri}' is no uploaded file.")))?;
        known.insert(name.to_owned(), blob);
    }
    let mut all = BTreeMap::new();
    for name in wanted {
        let blob = known.remove(&name).ok_or_else(|| {
            PlaneError::bad_request(format!("The file '{name}' of the tree was not uploaded."))
        })?;
        all.insert(name, blob);
    }
    let snapshot = Snapshot {
        id,
        root,
        files: all,
    };
    let workspace = call.workspace.id.clone();
    let answer = json!({"id": snapshot.id, "root": snapshot.root});
    call.runs
        .datastores
        .state
        .store
        .write(move |txn| Ok::<_, PlaneError>(snapshot.put(txn, &workspace)?))
        .await?;
    Ok(answer)
}

/// The names of the files in a tree.
fn files(root: &Value) -> Result<Vec<String>, PlaneError> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), root)];
    while let Some((prefix, node)) = open.pop() {
        let children = node["children"].as_object();
        for (name, child) in children.into_iter().flatten() {
            let full = format!("{prefix}{name}");
            check(&full)?;
            let is_file = child["type"].as_str().is_none_or(|kind| kind == "File");
            if is_file {
                found.push(full);
            } else {
                open.push((format!("{full}/"), child));
            }
        }
    }
    Ok(found)
}

/// The name of a blob that [`blobs`] gave the address of.
fn blob_name(uri: &str, container: &str) -> Option<String> {
    let url = url::Url::parse(uri).ok()?;
    let path = percent_encoding::percent_decode_str(url.path())
        .decode_utf8()
        .ok()?;
    let name = path.strip_prefix('/')?.strip_prefix(container)?;
    let name = name.strip_prefix('/')?;
    name.starts_with(FOLDER).then(|| name.to_owned())
}

/// A snapshot that must be there.
pub(super) fn required(call: &Call, id: &str) -> Result<Snapshot, PlaneError> {
    call.runs.read(|view| {
        let found = Snapshot::find(view, &call.workspace.id, id);
        existing(found, "snapshot", id)
    })
}
