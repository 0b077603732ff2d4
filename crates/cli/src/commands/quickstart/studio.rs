//! Studio (classic): the steps of the article "Access datasets with Python", from Rust.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Float64Type;
use azml::studio_classic::{
    CodeLanguage, DataTypeId, Frame, IntermediateDataset, SourceDataset, SplitData, WaitOptions,
    Workspace,
};
use azml_core::env::Environment;

use super::artefacts::Artefacts;
use super::stage::{Stage, Stopped};
use crate::args::studio::experiments::Conversion;
use crate::commands::studio::graph;
use crate::failure::{Failure, Result};
use crate::histogram::{Collector, svg, terminal};
use crate::output::{Format, FrameWriter, frame_rows};

/// A dataset that every new emulator holds, and its column of groups.
const IRIS: &str = "iris";
const GROUPS: &str = "species";
/// Another, and the column to draw.
const SURVEY: &str = "anes96";
const AGE: &str = "age";
/// What the tour adds.
const ADDED: &str = "iris by species";
const RENAMED: &str = "iris means by species";
/// Where `azml emulator start` listens: what the printed code is to reach.
const LASTING_ENDPOINT: &str = "http://127.0.0.1:10010";
/// The end of the id of an experiment that every new emulator holds.
const LASTING_EXPERIMENT: &str = ".f-id.22222222222222222222222222222222";
/// Share and seed of the split.
const FRACTION: f64 = 0.7;
const SEED: u32 = 42;

/// Takes the service through its steps.
pub(super) async fn steps(stage: &mut Stage<'_>) -> Result<(), Stopped> {
    let artefacts = stage.artefacts;
    let workspace = connect(stage)?;
    let workspace = &workspace;
    stage.step("list the datasets", list(workspace)).await?;
    let iris = stage
        .step(
            "read `iris` into an Arrow frame",
            read_iris(workspace, artefacts),
        )
        .await?;
    let summary = stage
        .step("sum it up by species", async { summary(&iris, artefacts) })
        .await?;
    stage
        .step(
            "draw who answered the survey `anes96`",
            draw(workspace, artefacts),
        )
        .await?;
    let mut added = stage
        .step("add the summary as a dataset", add(workspace, &summary))
        .await?;
    stage
        .step(
            "add it again: the name is taken",
            conflict(workspace, &summary),
        )
        .await?;
    stage
        .step(
            "update it: another name, another type",
            update(workspace, &mut added, &summary),
        )
        .await?;
    let outputs = stage
        .step(
            "run an experiment: split `iris`, convert to CSV",
            experiment(workspace),
        )
        .await?;
    stage
        .step(
            "read its intermediate datasets",
            intermediate(&outputs, artefacts),
        )
        .await?;
    stage
        .step("generate data access code", snippets(workspace, artefacts))
        .await?;
    Ok(())
}

/// A client that sees the emulator's own names and nothing of the user's.
/// The workspace of the emulator on this stage.
pub(super) fn connect(stage: &Stage<'_>) -> Result<Workspace> {
    let environment = Environment::from_pairs(stage.emulator.environment());
    let workspace = Workspace::builder()
        .environment(environment)
        .home(stage.artefacts.target())
        .build()?;
    Ok(workspace)
}

async fn list(workspace: &Workspace) -> Result<((), String)> {
    let all = workspace.datasets().list().await?;
    let (examples, own): (Vec<_>, Vec<_>) = all.iter().partition(|dataset| dataset.is_example());
    let names: Vec<_> = own.iter().map(|dataset| dataset.name()).collect();
    let told = format!(
        "{} datasets: {} examples, and the workspace's own: {}",
        all.len(),
        examples.len(),
        names.join(", ")
    );
    Ok(((), told))
}

async fn read_iris(workspace: &Workspace, artefacts: &Artefacts) -> Result<(Frame, String)> {
    let dataset = workspace.datasets().get(IRIS).await?;
    dataset
        .download_to(artefacts.path("iris.csv", "the dataset's bytes, as they are"))
        .await?;
    let frame = dataset.read_frame().await?;
    let parquet = artefacts.path("iris.parquet", "the same rows as a typed frame");
    save(&frame, Format::Parquet(parquet))?;
    let told = format!(
        "{} rows, {} columns, {} bytes of {}",
        frame.num_rows(),
        frame.num_columns(),
        dataset.size(),
        dataset.data_type_id()
    );
    Ok((frame, told))
}

fn save(frame: &Frame, format: Format) -> Result<()> {
    let mut writer = FrameWriter::new(&format, Arc::clone(frame.schema()), true)?;
    frame
        .batches()
        .iter()
        .try_for_each(|batch| writer.write(batch))?;
    writer.finish().map(drop)
}

/// Means of the numbers by the text of one column.
fn summary(frame: &Frame, artefacts: &Artefacts) -> Result<(Frame, String)> {
    let batch = frame.concat().map_err(azml::studio_classic::Error::from)?;
    let groups = batch
        .column_by_name(GROUPS)
        .and_then(|column| column.as_string_opt::<i32>())
        .ok_or_else(|| Failure::new(format!("`{IRIS}` has no text column `{GROUPS}`")))?;
    let mut names: Vec<&str> = groups.iter().flatten().collect();
    names.sort_unstable();
    names.dedup();
    let rows = |name| move |row: &usize| groups.is_valid(*row) && groups.value(*row) == name;
    let counts = names
        .iter()
        .map(|name| i64::try_from((0..batch.num_rows()).filter(rows(*name)).count()).ok());
    let mut columns: Vec<(String, ArrayRef)> = vec![
        (
            GROUPS.to_owned(),
            Arc::new(StringArray::from(names.clone())),
        ),
        ("rows".to_owned(), Arc::new(Int64Array::from_iter(counts))),
    ];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let Some(values) = column.as_primitive_opt::<Float64Type>() else {
            continue;
        };
        let means = names.iter().map(|name| {
            let chosen = (0..values.len())
                .filter(rows(*name))
                .filter(|row| values.is_valid(*row));
            let (count, sum) = chosen.fold((0.0, 0.0), |(count, sum), row| {
                (count + 1.0, sum + values.value(row))
            });
            // Enough digits for a mean of values with one.
            (count > 0.0).then(|| (sum / count * 1000.0_f64).round() / 1000.0)
        });
        let means: ArrayRef = Arc::new(Float64Array::from_iter(means));
        columns.push((format!("mean_{}", field.name()), means));
    }
    let summary = RecordBatch::try_from_iter(columns)
        .map_err(|error| Failure::new(format!("build the summary: {error}")))?;
    let frame = Frame::from(summary);
    let parquet = artefacts.path("iris-by-species.parquet", "means of the measurements");
    save(&frame, Format::Parquet(parquet))?;
    let told = frame_rows(frame.schema(), frame.batches())?;
    Ok((frame, told))
}

async fn draw(workspace: &Workspace, artefacts: &Artefacts) -> Result<((), String)> {
    let frame = workspace.datasets().get(SURVEY).await?.read_frame().await?;
    let (at, field) = frame
        .schema()
        .column_with_name(AGE)
        .ok_or_else(|| Failure::new(format!("`{SURVEY}` has no column `{AGE}`")))?;
    let mut collector = Collector::new(field.data_type());
    for batch in frame.batches() {
        collector.add(batch.column(at))?;
    }
    let histogram = collector.finish(AGE, None);
    artefacts.write(
        "anes96-age.svg",
        "the same histogram as a picture",
        svg::draw(&histogram).as_bytes(),
    )?;
    Ok(((), terminal::draw(&histogram)))
}

async fn add(workspace: &Workspace, summary: &Frame) -> Result<(SourceDataset, String)> {
    let dataset = workspace
        .datasets()
        .add_from_frame(
            summary,
            DataTypeId::GenericCsv,
            ADDED,
            "made by azml quickstart",
        )
        .await?;
    let back = dataset.read_frame().await?;
    expect_same(summary, &back)?;
    let told = format!(
        "`{}` is there, {} bytes, and reads back the same",
        dataset.name(),
        dataset.size()
    );
    Ok((dataset, told))
}

/// Whether the rows are the same. What came back as text may have lost whether a column can
/// hold missing values.
fn expect_same(sent: &Frame, received: &Frame) -> Result<()> {
    let content = |frame: &Frame| -> Result<(Vec<String>, Vec<ArrayRef>)> {
        let batch = frame.concat().map_err(azml::studio_classic::Error::from)?;
        let names = batch
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        Ok((names, batch.columns().to_vec()))
    };
    if content(sent)? == content(received)? {
        return Ok(());
    }
    Err(Failure::new(
        "the rows that came back are not those that were sent",
    ))
}

async fn conflict(workspace: &Workspace, summary: &Frame) -> Result<((), String)> {
    let again = workspace
        .datasets()
        .add_from_frame(summary, DataTypeId::GenericCsv, ADDED, "once more")
        .await;
    match again {
        Err(error) if error.is_conflict() => {
            Ok(((), Failure::from(error).report().trim_end().to_owned()))
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err(Failure::new(
            "a second dataset of the same name was accepted",
        )),
    }
}

async fn update(
    workspace: &Workspace,
    dataset: &mut SourceDataset,
    summary: &Frame,
) -> Result<((), String)> {
    let before = dataset.id().to_owned();
    dataset
        .update_from_frame(summary)
        .name(RENAMED)
        .data_type_id(DataTypeId::GenericTsv)
        .await?;
    if workspace.datasets().try_get(ADDED).await?.is_some() {
        return Err(Failure::new(format!("`{ADDED}` is still there")));
    }
    expect_same(
        summary,
        &workspace
            .datasets()
            .get(RENAMED)
            .await?
            .read_frame()
            .await?,
    )?;
    let version = |id: &str| id.rsplit('.').next().unwrap_or_default().to_owned();
    let told = format!(
        "now `{RENAMED}`, {}; version {} came after {}",
        dataset.data_type_id(),
        version(dataset.id()),
        version(&before)
    );
    Ok(((), told))
}

async fn experiment(workspace: &Workspace) -> Result<(Vec<IntermediateDataset>, String)> {
    let dataset = workspace.datasets().get(IRIS).await?;
    let split = SplitData::fraction(FRACTION).random(SEED);
    let (graph, ends) = graph::from_dataset(&dataset, Some(split), Some(Conversion::Csv))?;
    let mut experiment = workspace
        .experiments()
        .create("split iris for training", &graph)
        .await?;
    experiment.run().await?;
    experiment.wait(WaitOptions::default()).await?;
    let told = format!(
        "{}: {}% of the rows chosen at random with seed {SEED}",
        experiment.status().status_code,
        FRACTION * 100.0,
    );
    let outputs = ends.iter().map(|end| experiment.output(end)).collect();
    Ok((outputs, told))
}

async fn intermediate(
    outputs: &[IntermediateDataset],
    artefacts: &Artefacts,
) -> Result<((), String)> {
    let [train, test] = outputs else {
        return Err(Failure::new(format!(
            "the experiment has {} outputs, not 2",
            outputs.len()
        )));
    };
    let mut rows = Vec::new();
    for (output, name, what) in [
        (train, "iris-train.csv", "first output of the split"),
        (test, "iris-test.csv", "second output of the split"),
    ] {
        output.download_to(artefacts.path(name, what)).await?;
        rows.push(output.read_frame().await?.num_rows());
    }
    let told = format!("{} rows for training, {} for testing", rows[0], rows[1]);
    Ok(((), told))
}

async fn snippets(workspace: &Workspace, artefacts: &Artefacts) -> Result<((), String)> {
    let dataset = workspace.datasets().get(IRIS).await?;
    let output = lasting_output(workspace).await?;
    let endpoint = workspace
        .api_endpoint()
        .as_str()
        .trim_end_matches('/')
        .to_owned();
    // This emulator is gone in a moment; one that is started by hand is the same but for
    // its address.
    let lasting = |code: String| code.replace(&endpoint, LASTING_ENDPOINT);
    let python = lasting(dataset.access_code(CodeLanguage::Python)?);
    for (name, what, code) in [
        (
            "read_iris.py",
            "reads `iris` with the azureml package",
            python.clone(),
        ),
        (
            "read_iris.rs",
            "reads `iris` with the azml crate",
            lasting(dataset.access_code(CodeLanguage::Rust)?),
        ),
        (
            "read_intermediate.py",
            "reads an intermediate dataset",
            lasting(output.access_code(CodeLanguage::Python)?),
        ),
    ] {
        artefacts.write(name, what, code.as_bytes())?;
    }
    Ok((
        (),
        format!("for the emulator that `azml emulator start` runs:\n\n{python}"),
    ))
}

/// An output that every new emulator holds: that of the article's experiment.
async fn lasting_output(workspace: &Workspace) -> Result<IntermediateDataset> {
    let finished = workspace
        .user_experiments()
        .list()
        .await?
        .into_iter()
        .find(|experiment| experiment.experiment_id().ends_with(LASTING_EXPERIMENT))
        .ok_or_else(|| Failure::new("the workspace has no finished experiment"))?;
    finished
        .outputs()
        .await?
        .into_iter()
        .find(|output| *output.data_type_id() == DataTypeId::GenericCsv)
        .ok_or_else(|| Failure::new("the finished experiment has no output"))
}
