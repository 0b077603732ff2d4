//! What was acknowledged is there after a restart.

use azml_test_support::TestEmulator;

use super::*;

#[tokio::test]
async fn a_restart_keeps_everything() {
    let data = tempfile::tempdir().expect("a directory");
    let start = || TestEmulator::start_with(|options| options.data_dir(data.path()));
    let emulator = start().await;
    let before = workspace(&emulator);
    let mut dataset = add(&before, "x", "a\n1\n").await;
    let old = dataset.id().to_owned();
    dataset
        .update_from_raw("a\n2\n")
        .name("y")
        .await
        .expect("updated");
    let list = names(&before).await;
    emulator.shutdown().await;

    let emulator = start().await;
    let after = workspace(&emulator);
    assert_eq!(
        after.authorization_token().expose(),
        before.authorization_token().expose()
    );
    assert_eq!(names(&after).await, list);
    let found = after.datasets().get("y").await.expect("there");
    assert_eq!(found.id(), dataset.id());
    assert_eq!(found.read_as_text().await.expect("read"), "a\n2\n");
    let old = after
        .datasets()
        .get_id(&old)
        .await
        .expect("superseded ids resolve");
    assert_eq!(old.read_as_text().await.expect("read"), "a\n1\n");
    let experiment = after.experiments().get(EXPERIMENT).await.expect("there");
    let output = experiment.get_intermediate_dataset(NODE, PORT, "GenericCSV");
    assert!(
        output
            .expect("complete")
            .read()
            .await
            .expect("read")
            .num_rows()
            > 0
    );
}
