//! Datasets: listing, reading, creating and updating in versions, deleting.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State as AxumState},
    http::StatusCode,
};

use super::{
    Studio,
    access::InWorkspace,
    content,
    model::{Content, Dataset, Family, GLOBAL_WORKSPACE, Timestamp, Workspace},
    names,
    refusal::Refusal,
    tables::{self, DATASETS, FAMILIES, NAMES, PLACES, WORKSPACES, dataset_key, key, ordered},
    uploads,
    wire::{DataSource, NewDataSource, NewMetadata},
};
use crate::{
    http::Origin,
    state::{Key, KeyRange, Read, WriteTxn},
};

/// The newest version of every dataset: those of the workspace, then the examples.
pub(super) async fn list(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
    origin: Origin,
) -> Result<Json<Vec<DataSource>>, Refusal> {
    let datasets = studio
        .context
        .state
        .store
        .read_long(move |txn| {
            let mut datasets = tables::latest_datasets(txn, &workspace)?;
            datasets.extend(tables::latest_datasets(txn, GLOBAL_WORKSPACE)?);
            Ok::<_, Refusal>(datasets)
        })
        .await?;
    let links = studio.links_for(&origin);
    Ok(Json(
        datasets
            .iter()
            .map(|dataset| DataSource::new(dataset, true, |path, size| links.location(path, size)))
            .collect(),
    ))
}

/// One version, also a superseded one.
pub(super) async fn get(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
    Path((_, id)): Path<(String, String)>,
    origin: Origin,
) -> Result<Json<DataSource>, Refusal> {
    let (dataset, is_latest) = studio.context.state.store.read(|txn| {
        let dataset = tables::dataset(txn, &id)?
            .filter(|dataset| [workspace.as_str(), GLOBAL_WORKSPACE].contains(&&*dataset.workspace))
            .ok_or_else(|| Refusal::not_found("There is no dataset with this id."))?;
        let family = tables::family(txn, &dataset.workspace, &dataset.family)?;
        let is_latest = family.is_some_and(|family| family.latest == dataset.version);
        Ok::<_, Refusal>((dataset, is_latest))
    })?;
    let links = studio.links_for(&origin);
    Ok(Json(DataSource::new(&dataset, is_latest, |path, size| {
        links.location(path, size)
    })))
}

/// Makes a new dataset, or a new version of one, of an upload or of the output
/// of an experiment; answers with its id.
pub(super) async fn create(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
    body: Bytes,
) -> Result<Json<String>, Refusal> {
    let request: NewDataSource = serde_json::from_slice(&body).map_err(|error| {
        Refusal::bad_request(format!("The request body is not valid: {error}."))
    })?;
    let NewDataSource {
        data_source,
        upload_id,
        uploaded_from_file_name,
        experiment_id,
        module_node_id,
        output_name,
    } = request;
    if data_source.data_type_id.is_empty() {
        return Err(Refusal::bad_request("The member DataTypeId is empty."));
    }
    let source = match (upload_id, experiment_id, module_node_id, output_name) {
        (Some(upload), ..) => Source::Upload {
            upload,
            file_name: uploaded_from_file_name,
        },
        (None, Some(experiment), Some(node), Some(port)) => Source::Output {
            experiment,
            node,
            port,
        },
        _ => {
            return Err(Refusal::bad_request(
                "The request body has neither UploadId nor ExperimentId, ModuleNodeId and \
                 OutputName.",
            ));
        }
    };
    names::check(&data_source.name)?;
    let now = studio.now();
    let new_family = studio.context.state.ids.hex();
    let id = studio
        .context
        .state
        .store
        .write(move |txn| {
            let creation = Creation {
                workspace: &workspace,
                new_family,
                now,
            };
            creation.run(txn, data_source, source)
        })
        .await?;
    Ok(Json(id))
}

/// Deletes all versions of a dataset.
pub(super) async fn delete_family(
    AxumState(studio): AxumState<Studio>,
    InWorkspace(workspace): InWorkspace,
    Path((_, family)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    studio
        .context
        .state
        .store
        .write(move |txn| {
            let family = own_family(txn, &workspace, &family)?;
            let versions = KeyRange::prefix(Key::of([&workspace, &family.id]));
            for dataset in txn.scan_json::<Dataset>(DATASETS, &versions)? {
                content::release(txn, &dataset.content)?;
                txn.remove(
                    DATASETS,
                    dataset_key(&workspace, &family.id, dataset.version),
                )?;
            }
            txn.remove(NAMES, Key::of([&workspace, &family.name]))?;
            txn.remove(PLACES, place_key(&workspace, family.place))?;
            txn.remove(FAMILIES, Key::of([&workspace, &family.id]))?;
            Ok::<_, Refusal>(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where the bytes of a new version come from.
#[derive(Debug)]
enum Source {
    Upload {
        upload: String,
        file_name: Option<String>,
    },
    Output {
        experiment: String,
        node: String,
        port: String,
    },
}

struct Creation<'a> {
    workspace: &'a str,
    new_family: String,
    now: Timestamp,
}

impl Creation<'_> {
    fn run(
        self,
        txn: &mut WriteTxn<'_>,
        metadata: NewMetadata,
        source: Source,
    ) -> Result<String, Refusal> {
        let before = match metadata.family_id.as_deref() {
            None | Some("") => None,
            Some(id) => Some(own_family(txn, self.workspace, id)?),
        };
        let mut dataset = Dataset {
            workspace: self.workspace.to_owned(),
            family: String::new(),
            version: 0,
            name: metadata.name,
            data_type: metadata.data_type_id,
            description: metadata.description,
            owner: metadata.owner.unwrap_or_default(),
            source_origin: metadata
                .source_origin
                .unwrap_or_else(|| "FromResourceUpload".to_owned()),
            created: self.now,
            upload: None,
            uploaded_from: None,
            experiment: None,
            promoted_from: None,
            category: None,
            content: Content::default(),
        };
        match source {
            Source::Upload { upload, file_name } => {
                dataset.content = uploads::assemble(txn, self.workspace, &upload, self.now)?;
                dataset.upload = Some(upload);
                dataset.uploaded_from = file_name;
            }
            Source::Output {
                experiment,
                node,
                port,
            } => {
                dataset.content = output(txn, self.workspace, &experiment, &node, &port)?;
                dataset.promoted_from = Some(format!("{node}:{port}"));
                dataset.experiment = Some(experiment);
            }
        }
        insert(txn, dataset, before, self.new_family)
    }
}

/// Adds a version to `before`, or begins the family `new_family` with it, and
/// counts the references to its bytes. Gives its id.
pub(super) fn insert(
    txn: &mut WriteTxn<'_>,
    mut dataset: Dataset,
    before: Option<Family>,
    new_family: String,
) -> Result<String, Refusal> {
    let workspace = dataset.workspace.clone();
    let name = Key::of([&workspace, &dataset.name]);
    let holder: Option<String> = txn.get_json(NAMES, &name)?;
    if holder.is_some() && holder.as_ref() != before.as_ref().map(|family| &family.id) {
        return Err(Refusal::conflict(format!(
            "A dataset with the name '{}' already exists in the workspace.",
            dataset.name
        )));
    }
    let family = match before {
        Some(family) => {
            txn.remove(NAMES, Key::of([&workspace, &family.name]))?;
            Family {
                latest: family.latest.saturating_add(1),
                name: dataset.name.clone(),
                ..family
            }
        }
        None => Family {
            id: new_family,
            place: tables::next_number(txn, "datasets")?,
            latest: 1,
            name: dataset.name.clone(),
        },
    };
    dataset.family.clone_from(&family.id);
    dataset.version = family.latest;
    content::retain(txn, &dataset.content)?;
    txn.put_json(NAMES, name, &family.id)?;
    txn.put_json(PLACES, place_key(&workspace, family.place), &family.id)?;
    txn.put_json(FAMILIES, Key::of([&workspace, &family.id]), &family)?;
    txn.put_json(
        DATASETS,
        dataset_key(&workspace, &family.id, dataset.version),
        &dataset,
    )?;
    Ok(dataset.id())
}

/// A family that the workspace may change.
fn own_family(txn: &impl Read, workspace: &str, id: &str) -> Result<Family, Refusal> {
    if let Some(family) = tables::family(txn, workspace, id)? {
        return Ok(family);
    }
    let others: Vec<Workspace> = txn.scan_json(WORKSPACES, &KeyRange::all())?;
    let mut others: Vec<&str> = others
        .iter()
        .map(|workspace| workspace.id.as_str())
        .collect();
    others.push(GLOBAL_WORKSPACE);
    for other in others {
        if tables::family(txn, other, id)?.is_some() {
            return Err(Refusal::forbidden(
                "The dataset belongs to another workspace and cannot be changed from here.",
            ));
        }
    }
    Err(Refusal::not_found(
        "There is no dataset family with this id.",
    ))
}

/// The bytes of an output of a finished experiment that the workspace sees.
fn output(
    txn: &impl Read,
    workspace: &str,
    experiment: &str,
    node: &str,
    port: &str,
) -> Result<Content, Refusal> {
    super::outputs::find(txn, workspace, experiment, node, port).map(|output| output.content)
}

fn place_key(workspace: &str, place: u64) -> Key {
    key(&[workspace.as_bytes(), &ordered(place)])
}
