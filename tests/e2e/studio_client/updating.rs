//! New versions of datasets.

use azml::studio_classic::{DataTypeId, Error};
use azml_test_support::TestEmulator;

use super::*;

#[tokio::test]
async fn what_is_not_named_stays() {
    // studio S-090 to S-096
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let mut dataset = add(&workspace, "x", "a\n1\n").await;
    let count = names(&workspace).await.len();
    let family = dataset.family_id().to_owned();
    let first = dataset.id().to_owned();

    dataset.update_from_raw("a\n2\n").await.expect("updated");
    assert_eq!((dataset.name(), dataset.description()), ("x", "about it"));
    assert_eq!(dataset.data_type_id(), &DataTypeId::GenericCsv);
    assert_ne!(dataset.id(), first);

    dataset
        .update_from_raw("a\tb\n1\t2\n")
        .data_type_id("GenericTSV")
        .await
        .expect("updated");
    assert_eq!(dataset.read().await.expect("read").num_columns(), 2);

    let frame = dataset.read_frame().await.expect("read");
    dataset
        .update_from_frame(&frame)
        .description("new words")
        .await
        .expect("updated");
    assert_eq!(dataset.description(), "new words");
    assert_eq!(dataset.read_as_text().await.expect("read"), "a\tb\n1\t2\n");

    dataset
        .update_from_raw("c\n")
        .name("y")
        .description("newest")
        .await
        .expect("updated");
    assert_eq!(dataset.family_id(), family);
    assert!(
        workspace
            .datasets()
            .get("x")
            .await
            .expect_err("renamed")
            .is_not_found()
    );
    let found = workspace.datasets().get("y").await.expect("there");
    assert_eq!((found.id(), found.description()), (dataset.id(), "newest"));
    assert_eq!(names(&workspace).await.len(), count);
}

#[tokio::test]
async fn old_names_are_free_and_taken_ones_are_not() {
    // studio S-097, S-098
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let mut x = add(&workspace, "x", "a\n1\n").await;
    let y = add(&workspace, "y", "a\n2\n").await;
    let error = x
        .update_from_raw("a\n3\n")
        .name("y")
        .await
        .expect_err("taken");
    assert!(error.is_conflict());
    refused_with(&error, 409, "`y`");
    assert_eq!(x.name(), "x", "the object stands for what is stored");
    for (name, text) in [("x", "a\n1\n"), ("y", "a\n2\n")] {
        let dataset = workspace.datasets().get(name).await.expect("there");
        assert_eq!(dataset.read_as_text().await.expect("read"), text);
    }
    x.update_from_raw("a\n3\n").name("z").await.expect("free");
    let new = add(&workspace, "x", "a\n4\n").await;
    assert!(new.family_id() != x.family_id() && new.family_id() != y.family_id());
}

#[tokio::test]
async fn snapshots_keep_their_version() {
    // studio S-101
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let old = add(&workspace, "x", "a\n1\n").await;
    let mut current = old.clone();
    current.update_from_raw("a\n2\n").await.expect("updated");
    assert_eq!(old.read_as_text().await.expect("its own"), "a\n1\n");
    assert_eq!(current.read_as_text().await.expect("its own"), "a\n2\n");
    let by_id = workspace
        .datasets()
        .get_id(old.id())
        .await
        .expect("superseded ids resolve");
    assert!(!by_id.is_latest() && current.is_latest());
    assert_eq!(by_id.read_as_text().await.expect("its own"), "a\n1\n");
}

#[tokio::test]
async fn an_update_needs_a_type_that_frames_have() {
    // studio S-099, S-102
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let frame = workspace.datasets().get("iris").await.expect("there");
    let frame = frame.read_frame().await.expect("read");
    let arff = workspace
        .datasets()
        .add_from_raw("@relation r\n", "ARFF", "x", "d");
    let mut arff = arff.await.expect("added");
    let error = arff
        .update_from_frame(&frame)
        .await
        .expect_err("no frame form");
    assert!(
        matches!(error, Error::UnsupportedDataType { .. }),
        "{error}"
    );
    assert_eq!(
        arff.read_as_text().await.expect("unchanged"),
        "@relation r\n"
    );
    arff.update_from_frame(&frame)
        .data_type_id(DataTypeId::GenericCsv)
        .await
        .expect("updated");
    assert_eq!(arff.read_frame().await.expect("read"), frame);
    let mut example = workspace.datasets().get(AIRPORTS).await.expect("there");
    let error = example
        .update_from_frame(&frame)
        .await
        .expect_err("an example");
    assert!(matches!(error, Error::ExampleReadOnly { .. }), "{error}");
}
