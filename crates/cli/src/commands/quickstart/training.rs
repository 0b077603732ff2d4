//! Training runs: data out of a datastore, a small model back into it, on this machine.

use std::path::Path;

use azml::datastore::{
    AzureBlob, Datastore, LocalRuns, LocalTarget, RunDetails, RunState, ScriptRunConfig, Workspace,
};
use azml::studio_classic;
use azml_core::env::{self, Environment};
use futures::TryStreamExt;
use tokio_util::sync::CancellationToken;

use super::artefacts::Artefacts;
use super::stage::{Stage, Stopped};
use crate::failure::{Failure, Result};

/// The datastore, and the container behind it.
const NAME: &str = "training";
/// The data in it.
const DATA: &str = "iris/iris.csv";
/// What the script leaves.
const MODEL: &str = "models/model.json";

/// Fits the centre of each species on two thirds of the flowers and tries it on the others.
const SCRIPT: &str = r#"import csv, json, os, sys

with open(sys.argv[1], newline="") as file:
    header, *rows = [row for row in csv.reader(file) if row]
flowers = [([float(value) for value in row[:-1]], row[-1]) for row in rows]
train = [flower for at, flower in enumerate(flowers) if at % 3]
test = [flower for at, flower in enumerate(flowers) if at % 3 == 0]

centres = {}
for species in sorted({species for _, species in train}):
    members = [values for values, own in train if own == species]
    centres[species] = [sum(column) / len(members) for column in zip(*members)]

def distance(a, b):
    return sum((x - y) ** 2 for x, y in zip(a, b))

def predict(values):
    return min(centres, key=lambda species: distance(values, centres[species]))

right = sum(predict(values) == species for values, species in test)
print(f"{len(train)} flowers to learn from, {right} of {len(test)} others told right")
os.makedirs(sys.argv[2])
with open(os.path.join(sys.argv[2], "model.json"), "w") as file:
    json.dump({"columns": header[:-1], "centres": centres, "accuracy": right / len(test)}, file, indent=2)
"#;

/// Takes the service through its steps.
pub(super) async fn steps(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    if !has_python().await {
        let reason = "there is no python3 that starts";
        return stage.skip("train a model on this machine", reason);
    }
    let environment = Environment::from_pairs(stage.emulator.environment());
    let workspace =
        Workspace::from_environment(&environment).map_err(|error| Stopped::Tour(error.into()))?;
    let artefacts = stage.artefacts;
    let studio = super::studio::connect(stage)?;
    let folder = tempfile::tempdir().map_err(|error| Stopped::Tour(error.into()))?;
    let iris = folder.path().join("iris.csv");
    let datastore = stage
        .step(
            "put iris into a datastore",
            put(&workspace, &environment, &studio, &iris),
        )
        .await?;
    let code = folder.path().join("code");
    let runs = LocalRuns::new(folder.path().join("runs"));
    let run = stage
        .step(
            "train on it: downloaded before, the model uploaded after",
            train(&workspace, &datastore, &runs, &code),
        )
        .await?;
    stage
        .step("read the model back", read(&datastore, artefacts))
        .await?;
    stage.step("look the run up", look_up(&runs, &run)).await
}

async fn put(
    workspace: &Workspace,
    environment: &Environment,
    studio: &studio_classic::Workspace,
    iris: &Path,
) -> Result<(Datastore, String)> {
    let dataset = studio.datasets().get("iris").await?;
    dataset.download_to(iris.to_owned()).await?;
    let text = std::fs::read(iris).map_err(|error| Failure::file("read", iris, error))?;
    let told = format!("{} bytes at {DATA}", text.len());
    let datastore = register(workspace, environment).await?;
    datastore.write(DATA, text).await?;
    Ok((datastore, told))
}

async fn train(
    workspace: &Workspace,
    datastore: &Datastore,
    runs: &LocalRuns,
    code: &Path,
) -> Result<(RunDetails, String)> {
    write(code)?;
    let submission = ScriptRunConfig::script(code, "train.py")
        .argument(datastore.path(DATA).named("iris").as_download())
        .argument(datastore.path("models").named("models").as_upload())
        .resolve()
        .map_err(azml::datastore::Error::from)?;
    let (target, cancel) = (LocalTarget::new(), CancellationToken::new());
    let run = runs
        .submit(workspace, "iris", submission, target, &cancel)
        .await?;
    told(runs, run)
}

async fn look_up(runs: &LocalRuns, run: &RunDetails) -> Result<((), String)> {
    let found = runs.get(&run.run_id)?;
    Ok(((), format!("{}, {}", found.run_id, found.status)))
}

async fn has_python() -> bool {
    let tried = tokio::process::Command::new("python3")
        .args(["-c", ""])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    tried.await.is_ok_and(|status| status.success())
}

async fn register(workspace: &Workspace, environment: &Environment) -> Result<Datastore> {
    let get = |name: &str| {
        let value = environment.get(name);
        value.ok_or_else(|| Failure::new(format!("the emulator sets no {name}")))
    };
    let container = AzureBlob::new(NAME, get(env::ACCOUNT)?, NAME)
        .account_key(get(env::ACCOUNT_KEY)?)
        .create_if_not_exists();
    Ok(workspace.datastores().register(container).await?)
}

fn write(code: &Path) -> Result<()> {
    std::fs::create_dir_all(code).map_err(|error| Failure::file("create", code, error))?;
    let script = code.join("train.py");
    std::fs::write(&script, SCRIPT).map_err(|error| Failure::file("write", &script, error))
}

/// The run and what its script printed, if it did all it should.
fn told(runs: &LocalRuns, run: RunDetails) -> Result<(RunDetails, String)> {
    if run.status != RunState::Completed {
        let reason = run.error.as_deref().unwrap_or("no reason is known");
        return Err(Failure::new(format!("the run did not complete: {reason}")));
    }
    let log = runs.log(&run.run_id)?;
    let text = String::from_utf8_lossy(&log).trim_end().to_owned();
    Ok((run, text))
}

async fn read(datastore: &Datastore, artefacts: &Artefacts) -> Result<((), String)> {
    let model: Vec<_> = datastore.read(MODEL).await?.try_collect().await?;
    let model = model.concat();
    artefacts.write("model.json", "a model of iris, from a training run", &model)?;
    let told = format!("{} bytes from {MODEL}", model.len());
    Ok(((), told))
}
