//! Experiments: the finished one of a new workspace, and ones that are made and run here.

use azml::studio_classic::{DataTypeId, Error, ExperimentGraph, RunStatus, SplitData, WaitOptions};
use azml_test_support::TestEmulator;
use std::time::Duration;
use tokio::io::AsyncReadExt;

use super::*;

#[tokio::test]
async fn lists_are_parted_as_those_of_datasets() {
    // studio S-050
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let experiment = workspace
        .user_experiments()
        .get(EXPERIMENT)
        .await
        .expect("there");
    assert_eq!(experiment.status().status_code, RunStatus::Finished);
    assert!(experiment.status().creation_time.is_some());
    let example = "506153734175476c4f62416c57734963.f-id.1f022fd4578847dc867d662a51f0a105";
    let found = workspace
        .example_experiments()
        .get(example)
        .await
        .expect("there");
    assert_eq!(
        found.description(),
        "Binary Classification: Breast cancer detection"
    );
    assert!(
        workspace
            .user_experiments()
            .get(example)
            .await
            .expect_err("not mine")
            .is_not_found()
    );
    let all = workspace.experiments().len().await.expect("listed");
    let user = workspace.user_experiments().len().await.expect("listed");
    let examples = workspace.example_experiments().len().await.expect("listed");
    assert_eq!(all, user + examples);
    let last = workspace.experiments().get_index(-1).await.expect("there");
    assert!(last.is_example());
}

#[tokio::test]
async fn outputs_are_read_in_every_way() {
    // studio S-051, S-052, S-053, S-054
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let experiment = workspace
        .experiments()
        .get(EXPERIMENT)
        .await
        .expect("there");
    let output = experiment
        .get_intermediate_dataset(NODE, PORT, DataTypeId::GenericCsv)
        .expect("complete");
    let bytes = output.read_as_bytes().await.expect("read");
    assert_eq!(output.read_as_text().await.expect("read").as_bytes(), bytes);
    let mut streamed = Vec::new();
    let mut stream = output.open().await.expect("open");
    stream.read_to_end(&mut streamed).await.expect("read");
    assert_eq!(streamed, bytes);
    let batch = output.read().await.expect("read");
    assert!(batch.column_by_name("age").is_some(), "{}", batch.schema());

    let outputs = experiment.outputs().await.expect("listed");
    let internal = outputs
        .iter()
        .find(|output| output.data_type_id() == &DataTypeId::Dataset)
        .expect("Split Data keeps rows in the internal form");
    let error = internal.read().await.expect_err("opaque");
    assert!(
        matches!(error, Error::UnsupportedDataType { .. }),
        "{error}"
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("Convert to CSV"))
    );
    assert!(
        !internal
            .read_as_bytes()
            .await
            .expect("raw works")
            .is_empty()
    );

    for (node, port) in [(NODE, "no such port"), ("no-such-node", PORT)] {
        let missing = experiment
            .get_intermediate_dataset(node, port, DataTypeId::GenericCsv)
            .expect("complete");
        let error = missing.read_as_bytes().await.expect_err("missing");
        refused_with(&error, 404, port);
        assert!(missing.open().await.is_err(), "D-02");
    }
}

#[tokio::test]
async fn a_graph_of_the_article_runs() {
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let iris = workspace.datasets().get("iris").await.expect("there");
    let rows = iris.read().await.expect("read");
    let mut graph = ExperimentGraph::new();
    let [first, second] = graph
        .split_data(&iris, SplitData::fraction(0.3).random(7))
        .expect("a fraction");
    let csv = graph.convert_to_csv(&first);
    let tsv = graph.convert_to_tsv(&second);
    let experiments = workspace.experiments();
    let mut experiment = experiments
        .create("split iris", &graph)
        .await
        .expect("created");
    assert_eq!(experiment.status().status_code, RunStatus::InDraft);
    let early = experiment
        .output(&csv)
        .read()
        .await
        .expect_err("has not run");
    assert!(early.is_not_found(), "{early}");

    experiment.run().await.expect("accepted");
    let wait = WaitOptions::default().interval(Duration::from_millis(20));
    experiment.wait(wait).await.expect("finished");
    let first = experiment.output(&csv).read().await.expect("read");
    let second = experiment.output(&tsv).read().await.expect("read");
    assert_eq!(first.schema(), rows.schema());
    assert_eq!(first.num_rows() + second.num_rows(), rows.num_rows());
    assert_eq!(first.num_rows(), rows.num_rows() * 3 / 10);

    let stored = experiment.graph().await.expect("there");
    assert_eq!(stored.outputs().count(), 4);
    let saved = experiment
        .output(&csv)
        .promote("iris, a part", "d")
        .await
        .expect("saved");
    assert_eq!(saved.source_origin(), Some("FromOutputPromotion"));
    assert_eq!(saved.read().await.expect("read"), first);
    let taken = experiment
        .output(&csv)
        .promote("iris", "d")
        .await
        .expect_err("taken");
    assert!(taken.is_conflict(), "{taken}");

    experiment.delete().await.expect("deleted");
    assert!(experiment.refresh().await.expect_err("gone").is_not_found());
    assert_eq!(saved.read().await.expect("stays"), first);
}

#[tokio::test]
async fn graphs_that_cannot_run_are_refused_or_fail_by_name() {
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator);
    let iris = workspace.datasets().get("iris").await.expect("there");
    let mut graph = ExperimentGraph::new();
    graph.convert_to_csv(&iris);
    graph.module_nodes[0].module_id =
        "506153734175476c4f62416c57734963.401b4f92e7244d5abe81d5b0ff9bdb33.v1-default-1".to_owned();
    let mut experiment = workspace
        .experiments()
        .create("score", &graph)
        .await
        .expect("a draft");
    let error = experiment.run().await.expect_err("not offered");
    refused_with(&error, 400, "Score Model");

    let ragged = add(&workspace, "ragged", "a\n1\n1,2\n").await;
    let mut graph = ExperimentGraph::new();
    graph.convert_to_tsv(&ragged);
    let mut experiment = workspace
        .experiments()
        .create("ragged", &graph)
        .await
        .expect("a draft");
    experiment.run().await.expect("accepted");
    let wait = WaitOptions::default().interval(Duration::from_millis(20));
    let error = experiment.wait(wait).await.expect_err("fails");
    assert!(matches!(error, Error::Failed { .. }), "{error}");
    assert!(error.to_string().contains("Convert to TSV"), "{error}");
}
