//! What a new workspace holds: the workspace and tokens of the article, the
//! examples that its snippets name, two real data sets and a finished experiment.

use axum::http::StatusCode as HttpStatus;
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    PRIMARY_TOKEN, SECONDARY_TOKEN, Studio, WORKSPACE, datasets,
    model::{
        Content, Dataset, Experiment, GLOBAL_WORKSPACE, Segment, StatusCode, Timestamp, User,
        Workspace, dataset_id,
    },
    refusal::Refusal,
    run::{self, Graph, MODULES},
    samples::{self, Sample},
    tables::{self, USERS, WORKSPACES},
};
use crate::{
    StartError,
    identity::Development,
    state::{Key, NewFile, WriteTxn},
};

/// When the examples were made: the date of the first in a published listing.
const EXAMPLES_CREATED: Timestamp = Timestamp(1_418_444_668_177);
/// The example experiment that the original client's tests look for.
const EXAMPLE_EXPERIMENT: &str =
    "506153734175476c4f62416c57734963.f-id.1f022fd4578847dc867d662a51f0a105";
const SPLIT_NODE: &str = "5c457225-68e3-4b60-9e3a-bc55f9f029a4-557";
const CONVERT_NODE: &str = "5c457225-68e3-4b60-9e3a-bc55f9f029a4-565";

/// Fills an empty store; brings the tokens of a filled one in line with the
/// configuration.
pub(super) async fn prepare(studio: &Studio) -> Result<(), StartError> {
    let identities = &studio.context.identities;
    let primary = identities.get(&PRIMARY_TOKEN)?;
    let secondary = identities.get(&SECONDARY_TOKEN)?;
    let id = studio.workspace.to_string();
    let store = &studio.context.state.store;
    let known = store.read(|txn| tables::workspace(txn, &id))?;
    if let Some(mut workspace) = known {
        let replaced = |identity: &Development, stored: &mut String, value: String| {
            let stale = identities.configured(identity.name).is_some() && *stored != value
                || identities.is_refused(identity, stored);
            if stale {
                *stored = value;
            }
            stale
        };
        let stale = replaced(&PRIMARY_TOKEN, &mut workspace.primary_token, primary)
            | replaced(&SECONDARY_TOKEN, &mut workspace.secondary_token, secondary);
        if stale {
            store
                .write(move |txn| txn.put_json(WORKSPACES, &id, &workspace))
                .await?;
        }
        return Ok(());
    }
    let seeded = fill(studio, workspace(id, primary, secondary, studio.now())).await;
    seeded.map_err(|refusal| StartError::Service {
        service: super::SERVICE.name,
        reason: refusal.to_string(),
    })
}

/// A workspace without content.
pub(super) fn workspace(
    id: String,
    primary_token: String,
    secondary_token: String,
    now: Timestamp,
) -> Workspace {
    Workspace {
        friendly_name: if id == WORKSPACE {
            "azml emulator".to_owned()
        } else {
            format!("azml emulator {id}")
        },
        id,
        description: "A workspace of the azml emulator".to_owned(),
        region: "South Central US".to_owned(),
        owner_email: "dev@azml.localhost".to_owned(),
        created: now,
        primary_token,
        secondary_token,
    }
}

/// The owner of a workspace.
pub(super) fn owner(workspace: &Workspace, id: String) -> User {
    User {
        id,
        email: workspace.owner_email.clone(),
        name: workspace.owner_email.clone(),
        role: "Owner".to_owned(),
        status: "Active".to_owned(),
    }
}

/// A sample whose bytes are stored and wait for the commit.
struct Stored {
    sample: Sample,
    file: NewFile,
    family: String,
}

impl Stored {
    fn content(&self) -> Content {
        Content(vec![Segment {
            file: self.file.id().clone(),
            length: self.file.length(),
        }])
    }
}

async fn fill(studio: &Studio, workspace: Workspace) -> Result<(), Refusal> {
    // Another workspace of this directory may have brought the examples.
    let known = studio
        .context
        .state
        .store
        .read(|txn| tables::latest_datasets(txn, GLOBAL_WORKSPACE))?;
    let is_first = known.is_empty();
    let examples = match is_first {
        true => store(studio, samples::examples()).await?,
        false => Vec::new(),
    };
    let own = store(studio, samples::own()).await?;
    let census = census(&known, &examples).ok_or_else(|| {
        Refusal::not_found(format!("The example '{}' is missing.", samples::CENSUS))
    })?;
    let census_id = census.id.clone();
    let produced = split_census(studio, census).await?;
    let owner = owner(&workspace, studio.context.state.ids.hex());
    let run = studio.context.state.ids.uuid().to_string();
    let now = studio.now();
    studio
        .context
        .state
        .store
        .write(move |txn| {
            txn.put_json(WORKSPACES, &workspace.id, &workspace)?;
            txn.put_json(USERS, Key::of([&workspace.id, &owner.id]), &owner)?;
            insert(txn, GLOBAL_WORKSPACE, EXAMPLES_CREATED, examples)?;
            insert(txn, &workspace.id, now, own)?;
            if is_first {
                let place = tables::next_number(txn, "experiments")?;
                tables::put_experiment(txn, &example_experiment(place))?;
            }
            let place = tables::next_number(txn, "experiments")?;
            let mut experiment = census_experiment(&workspace.id, &census_id, place, now, run);
            run::end(txn, &mut experiment, Ok(produced), now)?;
            tables::put_experiment(txn, &experiment)?;
            Ok::<_, Refusal>(())
        })
        .await
}

/// The example that the experiment reads.
struct Census {
    id: String,
    data_type: String,
    content: Content,
}

fn census(known: &[Dataset], new: &[Stored]) -> Option<Census> {
    let known = known.iter().find(|dataset| dataset.name == samples::CENSUS);
    let new = || {
        let stored = new
            .iter()
            .find(|stored| stored.sample.name == samples::CENSUS)?;
        Some(Census {
            id: dataset_id(GLOBAL_WORKSPACE, &stored.family, 1),
            data_type: stored.sample.data_type.to_owned(),
            content: stored.content(),
        })
    };
    match known {
        Some(dataset) => Some(Census {
            id: dataset.id(),
            data_type: dataset.data_type.clone(),
            content: dataset.content.clone(),
        }),
        None => new(),
    }
}

async fn store(studio: &Studio, samples: Vec<Sample>) -> Result<Vec<Stored>, Refusal> {
    let mut stored = Vec::with_capacity(samples.len());
    for mut sample in samples {
        let content = Bytes::from(std::mem::take(&mut sample.content));
        stored.push(Stored {
            file: studio.context.state.files.store(content).await?,
            family: studio.context.state.ids.hex(),
            sample,
        });
    }
    Ok(stored)
}

fn insert(
    txn: &mut WriteTxn<'_>,
    workspace: &str,
    created: Timestamp,
    samples: Vec<Stored>,
) -> Result<(), Refusal> {
    for stored in samples {
        let content = stored.content();
        let Stored {
            sample,
            file,
            family,
        } = stored;
        let dataset = Dataset {
            workspace: workspace.to_owned(),
            family: String::new(),
            version: 0,
            name: sample.name.to_owned(),
            data_type: sample.data_type.to_owned(),
            description: Some(sample.description.to_owned()),
            owner: sample.owner.to_owned(),
            source_origin: "FromResourceUpload".to_owned(),
            created,
            upload: None,
            uploaded_from: None,
            experiment: None,
            promoted_from: None,
            category: None,
            content,
        };
        datasets::insert(txn, dataset, None, family)?;
        // The dataset has its own reference: this one is for the new body only.
        let file = txn.adopt(file)?;
        txn.release(&file)?;
    }
    Ok(())
}

/// Runs the article's walk-through on the census sample.
async fn split_census(studio: &Studio, census: Census) -> Result<Vec<run::Produced>, Refusal> {
    let graph = Graph::parse(&census_graph(&census.id))?;
    let plan = run::plan_of(graph, census.id, census.data_type, census.content);
    run::run_blocking(studio, plan)
        .await
        .map_err(|reason| Refusal::new(HttpStatus::INTERNAL_SERVER_ERROR, reason))
}

/// Split Data, then Convert to CSV on its first output.
fn census_graph(dataset: &str) -> Value {
    let [split, convert, ..] = MODULES else {
        return Value::Null;
    };
    let port = |node: &str, name: &str| json!({"Name": name, "NodeId": node});
    let [first, second] = ["Result dataset1", "Result dataset2"];
    json!({
        "ModuleNodes": [
            {
                "Id": SPLIT_NODE,
                "ModuleId": split.id(),
                "Comment": "",
                "ModuleParameters": [
                    {"Name": "Splitting mode", "Value": "Split Rows"},
                    {"Name": "Fraction of rows in the first output dataset", "Value": "0.5"},
                    {"Name": "Randomized split", "Value": "True"},
                    {"Name": "Random seed", "Value": "0"},
                    {"Name": "Stratified split", "Value": "False"},
                ],
                "InputPortsInternal": [
                    {"Name": "Dataset", "NodeId": SPLIT_NODE, "DataSourceId": dataset},
                ],
                "OutputPortsInternal": [port(SPLIT_NODE, first), port(SPLIT_NODE, second)],
            },
            {
                "Id": CONVERT_NODE,
                "ModuleId": convert.id(),
                "Comment": "",
                "ModuleParameters": [],
                "InputPortsInternal": [port(CONVERT_NODE, "Dataset")],
                "OutputPortsInternal": [port(CONVERT_NODE, "Results dataset")],
            },
        ],
        "EdgesInternal": [{
            "SourceOutputPortId": format!("{SPLIT_NODE}:{first}"),
            "DestinationInputPortId": format!("{CONVERT_NODE}:Dataset"),
        }],
    })
}

fn census_experiment(
    workspace: &str,
    dataset: &str,
    place: u64,
    now: Timestamp,
    run: String,
) -> Experiment {
    Experiment {
        id: format!("{workspace}.f-id.22222222222222222222222222222222"),
        workspace: workspace.to_owned(),
        place,
        description: "Census: split and convert".to_owned(),
        summary: Some("Half of the census rows, converted to CSV".to_owned()),
        category: Some("user".to_owned()),
        creator: workspace.to_owned(),
        parent: None,
        etag: run.clone(),
        status: StatusCode::Running,
        status_detail: None,
        created: now,
        started: Some(now),
        ended: None,
        run: Some(run),
        disable_nodes_update: false,
        graph: census_graph(dataset),
        web_service: Value::Null,
        outputs: Vec::new(),
    }
}

fn example_experiment(place: u64) -> Experiment {
    Experiment {
        id: EXAMPLE_EXPERIMENT.to_owned(),
        workspace: GLOBAL_WORKSPACE.to_owned(),
        place,
        description: "Binary Classification: Breast cancer detection".to_owned(),
        summary: None,
        category: Some("sample".to_owned()),
        creator: samples::MICROSOFT.to_owned(),
        parent: None,
        etag: "1f022fd4-5788-47dc-867d-662a51f0a105".to_owned(),
        status: StatusCode::Finished,
        status_detail: None,
        created: EXAMPLES_CREATED,
        started: Some(EXAMPLES_CREATED),
        ended: Some(EXAMPLES_CREATED),
        run: None,
        disable_nodes_update: false,
        graph: json!({"ModuleNodes": [], "EdgesInternal": []}),
        web_service: Value::Null,
        outputs: Vec::new(),
    }
}
