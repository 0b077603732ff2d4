//! Both clients over the same datasets: what one writes the other reads, byte for byte and value
//! for value.

use std::process::Output;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, NullArray, RecordBatch,
    StringArray, TimestampMillisecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use azml::studio_classic::formats::{ReadOptions, read_bytes};
use azml::studio_classic::{DataTypeId, Frame, Workspace};
use azml_tests::{EmulatorProcess, python, script};
use serde_json::Value;

const KINDS: [&str; 4] = [
    "GenericCSV",
    "GenericTSV",
    "GenericCSVNoHeader",
    "GenericTSVNoHeader",
];

fn workspace(emulator: &EmulatorProcess) -> Workspace {
    Workspace::builder()
        .environment(emulator.environment())
        .home("/nonexistent")
        .build()
        .expect("the env file names everything")
}

/// Every kind of value that the formats know, as `add_frames.py` has it too.
fn frame() -> Frame {
    let day = |days: i64| Some(days * 86_400_000);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("integer", Arc::new(Int64Array::from(vec![1, -2, i64::MAX]))),
        (
            "float",
            Arc::new(Float64Array::from(vec![0.1, 1e16, -5e-324])),
        ),
        (
            "gap",
            Arc::new(Float64Array::from(vec![
                Some(1.5),
                None,
                Some(f64::NEG_INFINITY),
            ])),
        ),
        (
            "flag",
            Arc::new(BooleanArray::from(vec![true, false, true])),
        ),
        (
            "text",
            Arc::new(StringArray::from(vec![
                "plain",
                "comma, \"quote\"\nand line",
                "Zürich 東京 🛫",
            ])),
        ),
        (
            "digits and words",
            Arc::new(StringArray::from(vec!["007", "x", "1.50"])),
        ),
        (
            "day",
            Arc::new(TimestampMillisecondArray::from(vec![
                day(16_437),
                day(16_860),
                day(-1),
            ])),
        ),
        (
            "unsigned",
            Arc::new(UInt64Array::from(vec![0, 1, u64::MAX])),
        ),
        ("nothing", Arc::new(NullArray::new(3))),
    ];
    Frame::from(RecordBatch::try_from_iter(columns).expect("columns of one length"))
}

fn success(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// Lets azureml read the datasets: one JSON object for each.
fn azureml_reads(emulator: &EmulatorProcess, names: &[String]) -> Vec<Value> {
    let mut command = emulator.exec(python("studio"));
    command.arg(script("studio/frames.py")).args(names);
    let output = success(&command.output().expect("the azml command starts"));
    output
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

/// Whether the value of ours in this row is the printed one; floats are printed as text, with
/// every digit.
fn same(column: &dyn Array, row: usize, printed: &Value) -> bool {
    if column.is_null(row) {
        return printed.is_null();
    }
    match column.data_type() {
        DataType::Int64 => *printed == column.as_primitive::<Int64Type>().value(row),
        DataType::UInt64 => *printed == column.as_primitive::<UInt64Type>().value(row),
        DataType::Boolean => *printed == column.as_boolean().value(row),
        DataType::Utf8 => *printed == column.as_string::<i32>().value(row),
        DataType::Float64 => {
            let printed = printed.as_str().and_then(|text| text.parse().ok());
            printed == Some(column.as_primitive::<Float64Type>().value(row))
        }
        _ => false,
    }
}

fn assert_same_frame(ours: &Frame, theirs: &Value) {
    let name = &theirs["name"];
    let batch = ours.concat().expect("small");
    let columns: Vec<_> = batch
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    assert_eq!(Value::from(columns), theirs["columns"], "{name}");
    let rows = theirs["rows"].as_array().expect("rows");
    assert_eq!(batch.num_rows(), rows.len(), "{name}");
    for (index, column) in batch.columns().iter().enumerate() {
        for (row, printed) in rows.iter().enumerate() {
            assert!(
                same(column, row, &printed[index]),
                "{name}, column {index}, row {row}: {:?} and {}",
                column.slice(row, 1),
                printed[index]
            );
        }
    }
}

/// The frame that our reader makes of a dataset, with the types that pandas gives.
async fn azml_reads(workspace: &Workspace, name: &str) -> Frame {
    let dataset = workspace.datasets().get(name).await.expect("it was added");
    let bytes = dataset.read_as_bytes().await.expect("the contents");
    let options = ReadOptions {
        pandas_compat: true,
        ..ReadOptions::default()
    };
    read_bytes(&bytes, dataset.data_type_id(), &options).expect("both read it")
}

/// studio S-060, S-110 to S-114, S-180: the writers agree on every byte, the readers on every value
#[tokio::test]
async fn both_clients_write_and_read_the_same() {
    let emulator = EmulatorProcess::ephemeral().await;
    let workspace = workspace(&emulator);
    let mut command = emulator.exec(python("studio"));
    command.arg(script("studio/add_frames.py")).arg("theirs");
    success(&command.output().expect("the azml command starts"));
    for kind in KINDS {
        workspace
            .datasets()
            .add_from_frame(
                &frame(),
                kind,
                format!("ours {kind}"),
                "every kind of value",
            )
            .await
            .expect("added");
    }
    let names: Vec<_> = ["theirs", "ours"]
        .iter()
        .flat_map(|owner| KINDS.map(|kind| format!("{owner} {kind}")))
        .collect();
    for printed in azureml_reads(&emulator, &names) {
        let name = printed["name"].as_str().expect("a name");
        assert_same_frame(&azml_reads(&workspace, name).await, &printed);
        let owner = if name.starts_with("ours") {
            "Rust SDK"
        } else {
            "Python SDK"
        };
        assert_eq!(printed["owner"], owner);
    }
    for kind in KINDS {
        let datasets = workspace.datasets();
        let theirs = datasets
            .get(&format!("theirs {kind}"))
            .await
            .expect("added");
        let ours = datasets.get(&format!("ours {kind}")).await.expect("added");
        let theirs = theirs.read_as_text().await.expect("text");
        let ours = ours.read_as_text().await.expect("text");
        assert_eq!(ours, theirs, "{kind}");
    }
}

/// studio S-140: `PlainText`, which this client writes with these pins but cannot read as a frame
#[tokio::test]
async fn plain_text_is_read() {
    let emulator = EmulatorProcess::ephemeral().await;
    let mut command = emulator.exec(python("studio"));
    command.arg(script("studio/add_frames.py")).arg("theirs");
    success(&command.output().expect("the azml command starts"));
    let dataset = workspace(&emulator)
        .datasets()
        .get("theirs PlainText")
        .await;
    let dataset = dataset.expect("it was added");
    assert_eq!(*dataset.data_type_id(), DataTypeId::PlainText);
    let lines = dataset.read().await.expect("lines");
    let lines = lines.column(0).as_string::<i32>();
    let lines: Vec<_> = lines.iter().flatten().collect();
    assert_eq!(lines, ["one", "two, \"three\"", "Zürich"]);
}

/// studio S-043, S-120 to S-133: every seeded example reads the same in both clients
#[tokio::test]
async fn examples_read_the_same() {
    let emulator = EmulatorProcess::ephemeral().await;
    let workspace = workspace(&emulator);
    let mut names = Vec::new();
    for dataset in workspace.datasets().list().await.expect("the list") {
        if KINDS.contains(&dataset.data_type_id().as_str()) {
            names.push(dataset.name().to_owned());
        }
    }
    assert!(names.len() >= KINDS.len(), "{names:?}");
    let printed = azureml_reads(&emulator, &names);
    assert_eq!(printed.len(), names.len());
    for printed in printed {
        let name = printed["name"].as_str().expect("a name");
        assert_same_frame(&azml_reads(&workspace, name).await, &printed);
    }
}
