//! Contents: ways to read them, links that expire, files.

use std::time::Duration;

use azml::studio_classic::{DataTypeId, Error};
use azml_core::clock::{Clock, SystemClock};
use azml_test_support::TestEmulator;
use futures::TryStreamExt;
use tokio::io::AsyncReadExt;

use super::*;

#[tokio::test]
async fn every_way_of_reading_gives_the_same() {
    // studio S-040 to S-042
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let data: Vec<u8> = (0..3_000_000_u32).map(|at| at.to_le_bytes()[0]).collect();
    let added = workspace
        .datasets()
        .add_from_raw(data.clone(), "Zip", "bytes", "d");
    let dataset = added.await.expect("added");
    assert!(dataset.read_as_bytes().await.expect("read") == data);
    let pieces: Vec<_> = dataset
        .open()
        .await
        .expect("open")
        .try_collect()
        .await
        .expect("read");
    assert!(pieces.len() > 1 && pieces.concat() == data);
    let mut reader = dataset.open().await.expect("open");
    let mut begin = vec![0; 1000];
    reader.read_exact(&mut begin).await.expect("1000 bytes");
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).await.expect("the rest");
    assert!([begin, rest].concat() == data);
    let error = dataset.read_as_text().await.expect_err("not UTF-8");
    assert!(matches!(error, Error::Parse { line: 1.., .. }), "{error}");
}

#[tokio::test]
async fn examples_of_every_type_are_read_as_far_as_their_type_goes() {
    // studio S-043, S-044
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let mut readable = 0;
    for example in workspace.example_datasets().list().await.expect("listed") {
        let bytes = example.read_as_bytes().await.expect("raw always works");
        assert_eq!(
            u64::try_from(bytes.len()).expect("small"),
            example.size(),
            "S-033"
        );
        match example.read_frame().await {
            Ok(frame) => {
                readable += 1;
                assert!(example.data_type_id().is_frame_readable());
                assert!(frame.num_rows() > 0 && frame.num_columns() > 0, "{example}");
            }
            Err(Error::UnsupportedDataType { id }) => {
                assert!(!DataTypeId::from(id).is_frame_readable(), "{example}");
            }
            Err(other) => panic!("{example}: {other}"),
        }
    }
    assert!(readable >= 5, "{readable}");
}

#[tokio::test]
async fn an_expired_link_is_renewed() {
    // studio S-047
    let lifetime = Duration::from_secs(2);
    let emulator = TestEmulator::start_with(|options| options.studio_link_lifetime(lifetime)).await;
    let dataset = workspace(&emulator)
        .datasets()
        .get(AIRPORTS)
        .await
        .expect("there");
    let expected = dataset.read_as_bytes().await.expect("fresh");
    SystemClock
        .sleep(lifetime + Duration::from_millis(1100))
        .await;
    assert_eq!(dataset.read_as_bytes().await.expect("renewed"), expected);
    let mut bytes = Vec::new();
    let mut stream = dataset.open().await.expect("renewed");
    stream.read_to_end(&mut bytes).await.expect("read");
    assert_eq!(bytes, expected);
    assert!(dataset.read().await.expect("renewed").num_rows() > 0);
}

#[tokio::test]
async fn a_link_that_is_never_valid_is_an_error() {
    // studio S-045, D-02
    let never = Duration::ZERO;
    let emulator = TestEmulator::start_with(|options| options.studio_link_lifetime(never)).await;
    let dataset = workspace(&emulator)
        .datasets()
        .get(AIRPORTS)
        .await
        .expect("there");
    SystemClock.sleep(Duration::from_millis(1100)).await;
    let error = dataset.read_as_bytes().await.expect_err("expired");
    refused_with(&error, 403, AIRPORTS);
    assert!(!format!("{error:?}").contains("sig="), "{error:?}");
}

#[tokio::test]
async fn downloads_become_files() {
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let directory = tempfile::tempdir().expect("a directory");
    let files = workspace
        .datasets()
        .download_many(["iris", AIRPORTS, "Bill Gates RGB Image"], directory.path())
        .await
        .expect("downloaded");
    let names: Vec<_> = files
        .iter()
        .filter_map(|file| file.file_name()?.to_str())
        .collect();
    assert_eq!(
        names,
        [
            "iris.csv",
            "Airport Codes Dataset.csv",
            "Bill Gates RGB Image.zip"
        ]
    );
    for (name, file) in ["iris", AIRPORTS, "Bill Gates RGB Image"]
        .iter()
        .zip(&files)
    {
        let dataset = workspace.datasets().get(name).await.expect("there");
        let expected = dataset.read_as_bytes().await.expect("read");
        assert!(std::fs::read(file).expect("there") == expected, "{name}");
    }
    assert_eq!(
        std::fs::read_dir(directory.path()).expect("there").count(),
        3
    );
}
