//! The steps of the article "Access datasets with Python using the Azure Machine Learning Python
//! client library" with `azml::studio_classic`. What single calls do is tested beside them; here
//! the whole way works together, over the wire.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use azml::studio_classic::{DataTypeId, Error, Frame, ItemKind, Workspace};
use azml_tests::EmulatorProcess;
use futures::TryStreamExt;
use tokio::io::AsyncReadExt;

const AIRPORTS: &str = "Airport Codes Dataset";

fn workspace(emulator: &EmulatorProcess) -> Workspace {
    Workspace::builder()
        .environment(emulator.environment())
        .home("/nonexistent")
        .build()
        .expect("the env file names everything")
}

fn frame() -> Frame {
    let numbers = Arc::new(Float64Array::from(vec![Some(1.5), None])) as ArrayRef;
    let words = Arc::new(StringArray::from(vec!["a, \"b\"", "Zürich"])) as ArrayRef;
    let columns = [("number", numbers, true), ("word", words, true)];
    let batch = RecordBatch::try_from_iter_with_nullable(columns);
    Frame::from(batch.expect("two columns"))
}

/// studio S-001, S-020 to S-024, S-030 to S-034
#[tokio::test]
async fn list_find_and_describe() {
    let emulator = EmulatorProcess::ephemeral().await;
    let workspace = workspace(&emulator);
    let all = workspace.datasets().list().await.expect("the list");
    let user = workspace.user_datasets().list().await.expect("the list");
    let examples = workspace.example_datasets().list().await.expect("the list");
    assert!(!user.is_empty() && !examples.is_empty());
    assert_eq!(all.len(), user.len() + examples.len());
    let streamed: Vec<_> = workspace
        .datasets()
        .stream()
        .try_collect()
        .await
        .expect("the stream");
    assert_eq!(streamed.len(), all.len());

    let airports = workspace
        .datasets()
        .get(AIRPORTS)
        .await
        .expect("an example");
    assert!(airports.is_example());
    assert_eq!(*airports.data_type_id(), DataTypeId::GenericCsv);
    let last = workspace.datasets().get_index(-1).await.expect("the last");
    assert_eq!(last.id(), all.last().expect("not empty").id());
    for (lookup, key) in [
        (
            workspace.datasets().get("airport codes dataset").await,
            "airport codes dataset",
        ),
        (workspace.datasets().get_index(9999).await, "9999"),
    ] {
        let error = lookup.expect_err("not there");
        assert!(error.to_string().contains(key), "{error}");
    }

    let created = airports.created_date().expect("a date");
    let ticks = airports.created_date_ticks().expect("ticks");
    let milliseconds = i128::from(ticks) / 10_000 - 62_135_596_800_000;
    assert_eq!(created.unix_timestamp_nanos() / 1_000_000, milliseconds);
    assert_eq!(airports.owner(), Some("Microsoft Corporation"));
    let location = airports.download_location().expect("a location");
    assert_eq!(airports.contents_url(), Some(location.url()));
}

/// studio S-040 to S-042, S-044
#[tokio::test]
async fn read_in_every_way() {
    let emulator = EmulatorProcess::ephemeral().await;
    let workspace = workspace(&emulator);
    let airports = workspace
        .datasets()
        .get(AIRPORTS)
        .await
        .expect("an example");
    let bytes = airports.read_as_bytes().await.expect("the contents");
    assert_eq!(u64::try_from(bytes.len()).expect("small"), airports.size());
    assert!(bytes.starts_with(b"airport_id,city,state,name\r\n10165,Adak Island, AK, Adak\r\n"));
    let text = airports.read_as_text().await.expect("the text");
    assert_eq!(text.as_bytes(), bytes);
    let mut stream = airports.open().await.expect("a stream");
    let mut start = [0; 100];
    stream.read_exact(&mut start).await.expect("100 bytes");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("the rest");
    assert_eq!([&start[..], &rest].concat(), bytes);

    let cancer = workspace
        .datasets()
        .get("Breast cancer data")
        .await
        .expect("an example");
    assert_eq!(*cancer.data_type_id(), DataTypeId::Arff);
    let error = cancer.read().await.expect_err("no frame form");
    assert!(
        matches!(error, Error::UnsupportedDataType { .. }),
        "{error}"
    );
    assert!(
        !cancer
            .read_as_bytes()
            .await
            .expect("the contents")
            .is_empty()
    );
}

/// studio S-043, S-060, S-062, S-080, S-090 to S-096
#[tokio::test]
async fn add_and_update() {
    let emulator = EmulatorProcess::ephemeral().await;
    let workspace = workspace(&emulator);
    let datasets = workspace.datasets();
    let mut dataset = datasets
        .add_from_frame(&frame(), DataTypeId::GenericCsv, "mine", "first")
        .await
        .expect("added");
    assert_eq!(dataset.owner(), Some("Rust SDK"));
    assert_eq!(
        dataset.read_as_bytes().await.expect("the contents"),
        "number,word\n1.5,\"a, \"\"b\"\"\"\n,Zürich\n"
    );
    assert_eq!(dataset.read_frame().await.expect("the frame"), frame());

    let count = datasets.len().await.expect("the list");
    let error = datasets
        .add_from_raw("1\n", DataTypeId::PlainText, "mine", "second")
        .await
        .expect_err("the name is taken");
    assert!(
        error.is_conflict() && error.to_string().contains("mine"),
        "{error}"
    );
    assert_eq!(datasets.len().await.expect("the list"), count);

    let (id, family) = (dataset.id().to_owned(), dataset.family_id().to_owned());
    dataset
        .update_from_raw("a\tb\n1\t2\n")
        .data_type_id("GenericTSV")
        .await
        .expect("updated");
    assert_ne!(dataset.id(), id);
    assert_eq!(dataset.family_id(), family);
    dataset
        .update_from_frame(&frame())
        .name("renamed")
        .description("third")
        .await
        .expect("updated");
    let gone = datasets.get("mine").await.expect_err("renamed");
    assert!(
        matches!(&gone, Error::NotFound { kind: ItemKind::Dataset, key } if key == "mine"),
        "{gone}"
    );
    let found = datasets.get("renamed").await.expect("the new name");
    assert_eq!((found.id(), found.description()), (dataset.id(), "third"));
    assert_eq!(*found.data_type_id(), DataTypeId::GenericTsv);
    assert_eq!(found.read_frame().await.expect("the frame"), frame());
    assert_eq!(datasets.len().await.expect("the list"), count);

    let mut example = datasets.get(AIRPORTS).await.expect("an example");
    let refused = example.update_from_raw("x").await.expect_err("an example");
    assert!(
        matches!(refused, Error::ExampleReadOnly { .. }),
        "{refused}"
    );

    // studio S-170
    found.delete().await.expect("deleted");
    assert!(
        datasets
            .try_get("renamed")
            .await
            .expect("the list")
            .is_none()
    );
    assert!(found.delete().await.expect_err("gone").is_not_found());
}

/// studio S-050, S-051, S-053
#[tokio::test]
async fn intermediate_dataset() {
    let emulator = EmulatorProcess::ephemeral().await;
    let workspace = workspace(&emulator);
    let id = format!("{}.f-id.{}", workspace.workspace_id(), "2".repeat(32));
    let experiment = workspace.experiments().get(&id).await.expect("seeded");
    let node = "5c457225-68e3-4b60-9e3a-bc55f9f029a4-565";
    let output = experiment
        .get_intermediate_dataset(node, "Results dataset", DataTypeId::GenericCsv)
        .expect("complete");
    let bytes = output.read_as_bytes().await.expect("the contents");
    let frame = output.read().await.expect("the frame");
    assert!(frame.schema().field_with_name("age").is_ok());
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(frame.num_rows() + 1, lines);
    let error = experiment
        .get_intermediate_dataset(node, "No such port", DataTypeId::GenericCsv)
        .expect("complete")
        .read_as_bytes()
        .await
        .expect_err("no such output");
    assert!(error.is_not_found(), "{error}");
}

/// studio S-011 to S-013
#[tokio::test]
async fn tokens() {
    let emulator = EmulatorProcess::ephemeral().await;
    let with = |token: &str| {
        Workspace::builder()
            .environment(emulator.environment())
            .home("/nonexistent")
            .token(token)
            .build()
            .expect("complete")
    };
    let wrong = "0".repeat(32);
    let error = with(&wrong)
        .datasets()
        .list()
        .await
        .expect_err("a wrong token");
    assert!(error.is_unauthorized(), "{error}");
    assert!(!format!("{error} {error:?}").contains(&wrong), "{error:?}");

    let regenerate = emulator.name("AZML_STUDIO_REGENERATE_CMD").to_owned();
    let output = std::process::Command::new("sh")
        .args(["-c", &regenerate])
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{output:?}");
    let new = String::from_utf8(output.stdout).expect("text");
    let old = emulator.name("AZML_STUDIO_TOKEN");
    let refused = with(old).datasets().list().await.expect_err("revoked");
    assert!(refused.is_unauthorized(), "{refused}");
    for token in [new.trim(), emulator.name("AZML_STUDIO_SECONDARY_TOKEN")] {
        assert!(!with(token).datasets().is_empty().await.expect("valid"));
    }
}
