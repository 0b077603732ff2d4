//! Experiments and their outputs.

use serde_json::json;

use super::server::{Answer, Server};
use super::*;
use crate::{DataTypeId, Error, ExperimentGraph, RunStatus, WaitOptions};

const NODE: &str = "5c457225-68e3-4b60-9e3a-bc55f9f029a4-565";

async fn two_experiments() -> Server {
    let server = Server::start().await;
    let experiment = |id: String, name: &str| {
        json!({
            "ExperimentId": id, "Description": name, "Etag": "e", "Creator": "me",
            "IsArchived": false, "JobId": null, "VersionId": "v", "RunId": "r", "Tags": ["t"],
            "Category": "user", "IsLeaf": true, "DisableNodesUpdate": false,
            "Status": {"StatusCode": "Finished", "StatusDetail": null,
                "CreationTime": "/Date(1418444668177)/", "StartTime": "/Date(-62135596800000)/"}
        })
    };
    let list = json!([
        experiment(format!("{WORKSPACE}.f-id.1"), "mine"),
        experiment(format!("{EXAMPLE}.f-id.2"), "example"),
    ]);
    let mut with_graph = list[0].clone();
    with_graph["Graph"] = json!({"ModuleNodes": [
        {"Id": NODE, "OutputPortsInternal": [{"Name": "Results dataset"}]}]});
    server.script(move |asked| match asked.path().as_str() {
        path if path.ends_with("/experiments") => Answer::json(&list),
        path if path.contains("/outputdata/") => Answer::new(200, "a\n1\n"),
        path if path.starts_with("DELETE") => Answer::new(204, ""),
        _ => Answer::json(&with_graph),
    });
    server
}

#[tokio::test]
async fn views_and_attributes() {
    // studio S-050
    let server = two_experiments().await;
    let workspace = workspace(&server);
    assert_eq!(workspace.experiments().len().await.expect("listed"), 2);
    let mine = workspace
        .user_experiments()
        .get_index(-1)
        .await
        .expect("one");
    assert_eq!(mine.to_string(), format!("{WORKSPACE}.f-id.1\tmine"));
    assert_eq!(mine.status().status_code, RunStatus::Finished);
    assert!(mine.status().creation_time.is_some() && mine.status().start_time.is_none());
    assert_eq!((mine.etag(), mine.creator()), (Some("e"), Some("me")));
    assert_eq!(
        (mine.job_id(), mine.version_id(), mine.run_id()),
        (None, Some("v"), Some("r"))
    );
    assert_eq!(
        (mine.tags(), mine.category()),
        (&["t".to_owned()][..], Some("user"))
    );
    assert!(mine.is_leaf() && !mine.is_archived() && !mine.is_example());
    let id = format!("{EXAMPLE}.f-id.2");
    let example = workspace
        .example_experiments()
        .get(&id)
        .await
        .expect("there");
    assert!(example.is_example());
    let error = workspace
        .user_experiments()
        .get(&id)
        .await
        .expect_err("not mine");
    assert_eq!(
        error.to_string(),
        format!("there is no experiment with the id `{id}`")
    );
}

#[tokio::test]
async fn outputs_are_read_by_the_token() {
    // studio S-051, S-054, S-055
    let server = two_experiments().await;
    let experiment = workspace(&server)
        .experiments()
        .get_index(0)
        .await
        .expect("one");
    let output = experiment
        .get_intermediate_dataset(NODE, "Results dataset", "GenericCSV")
        .expect("complete");
    assert_eq!(server.paths().len(), 1, "no request is made");
    assert_eq!(output.read_as_text().await.expect("read"), "a\n1\n");
    assert_eq!(output.read_as_bytes().await.expect("read"), "a\n1\n");
    let asked = &server.asked()[1];
    assert_eq!(
        asked.target,
        format!(
            "/api/workspaces/{WORKSPACE}/experiments/{WORKSPACE}.f-id.1/outputdata/{NODE}/Results%20dataset"
        )
    );
    assert_eq!(
        asked.headers["x-ms-metaanalytics-authorizationtoken"],
        TOKEN
    );
    assert_eq!(output.data_type_id(), &DataTypeId::GenericCsv);
    assert_eq!(
        (output.node_id(), output.port_name()),
        (NODE, "Results dataset")
    );
    for (node, port, data_type_id, refused) in [
        ("", "p", "t", "node_id"),
        ("n", "", "t", "port_name"),
        ("n", "p", "", "data_type_id"),
    ] {
        match experiment.get_intermediate_dataset(node, port, data_type_id) {
            Err(Error::InvalidArgument { name, .. }) => assert_eq!(name, refused),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_missing_output_is_an_error() {
    // studio S-053, D-02
    let server = two_experiments().await;
    let experiment = workspace(&server)
        .experiments()
        .get_index(0)
        .await
        .expect("one");
    server.script(|_| {
        Answer::new(
            404,
            "There is no such output.\nRequest ID: 5 2020-01-01 00:00:00Z",
        )
    });
    let output = experiment
        .get_intermediate_dataset("n-1", "p", "GenericCSV")
        .expect("complete");
    for error in [
        output.read_as_bytes().await.expect_err("missing"),
        output.open().await.map(drop).expect_err("missing"),
    ] {
        assert!(error.is_not_found());
        assert!(
            error
                .to_string()
                .starts_with("read output `p` of node `n-1`: There is"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn graph_refresh_and_delete() {
    // studio 1.7
    let server = two_experiments().await;
    let mut experiment = workspace(&server)
        .experiments()
        .get_index(0)
        .await
        .expect("one");
    let graph = experiment.graph().await.expect("there");
    let outputs: Vec<_> = graph
        .outputs()
        .map(|(node, port)| (&*node.id, &*port.name))
        .collect();
    assert_eq!(outputs, [(NODE, "Results dataset")]);
    experiment.refresh().await.expect("there");
    experiment.delete().await.expect("deleted");
    let last = server.asked().pop().expect("asked");
    assert_eq!(last.query("deleteAncestors").as_deref(), Some("true"));
    assert!(last.path().starts_with("DELETE "), "{}", last.path());
}

#[tokio::test]
async fn an_output_becomes_a_dataset() {
    let server = two_experiments().await;
    let experiment = workspace(&server)
        .experiments()
        .get_index(0)
        .await
        .expect("one");
    let id = format!("{WORKSPACE}.f.v1-default-1");
    let promoted = dataset(&server, &id, "saved", "GenericCSV");
    server.script(move |asked| match asked.method.as_str() {
        "POST" => Answer::json(&promoted["Id"]),
        _ => Answer::json(&promoted),
    });
    let output = experiment
        .get_intermediate_dataset(NODE, "Results dataset", "GenericCSV")
        .expect("complete");
    let saved = output
        .promote("saved", "from a run")
        .await
        .expect("promoted");
    assert_eq!(saved.id(), id);
    let body: Value = serde_json::from_slice(&server.asked()[1].body).expect("JSON");
    assert_eq!(
        body,
        json!({
            "ExperimentId": format!("{WORKSPACE}.f-id.1"), "ModuleNodeId": NODE,
            "OutputName": "Results dataset",
            "DataSource": {"Name": "saved", "DataTypeId": "GenericCSV", "Description": "from a run",
                "FamilyId": null, "Owner": "Rust SDK", "SourceOrigin": "FromOutputPromotion"}
        })
    );
}

#[tokio::test]
async fn an_experiment_is_created_run_and_waited_for() {
    // studio 1.7
    let server = Server::start().await;
    let mut statuses = vec!["Finished", "Running"];
    server.script(move |asked| {
        let path = asked.path();
        let saved = match serde_json::from_slice::<Value>(&asked.body) {
            Ok(saved) => saved,
            Err(_) => json!({"Description": "split", "ExperimentGraph": {"ModuleNodes": [
                {"Id": NODE, "OutputPortsInternal": [
                    {"Name": "Results dataset", "OutputType": "GenericCSV"}, {"Name": "Other"}],
                 "Kept": true}]}}),
        };
        let status = match (path.starts_with("GET"), saved["IsDraft"].as_bool()) {
            (true, _) => statuses.pop().unwrap_or("Failed"),
            (false, Some(true)) => "InDraft",
            (false, _) => "NotStarted",
        };
        Answer::json(&json!({
            "ExperimentId": format!("{WORKSPACE}.f-id.1"), "Description": saved["Description"],
            "Graph": saved["ExperimentGraph"], "WebService": {"Kept": 1},
            "Status": {"StatusCode": status, "StatusDetail": "the disk is full"}
        }))
    });
    let experiments = workspace(&server).experiments();
    let refused = experiments.create("", &ExperimentGraph::new()).await;
    assert!(matches!(
        refused,
        Err(Error::InvalidArgument {
            name: "description",
            ..
        })
    ));
    let mut experiment = experiments
        .create("split", &ExperimentGraph::new())
        .await
        .expect("created");
    assert_eq!(experiment.status().status_code, RunStatus::InDraft);
    experiment.run().await.expect("accepted");
    assert_eq!(experiment.status().status_code, RunStatus::NotStarted);
    let asked = server.asked();
    assert_eq!(
        asked[0].path(),
        format!("POST /api/workspaces/{WORKSPACE}/experiments")
    );
    let run: Value = serde_json::from_slice(&asked[2].body).expect("JSON");
    assert_eq!(run["IsDraft"], false);
    assert_eq!(run["WebService"]["Kept"], 1);
    assert_eq!(run["ExperimentGraph"]["ModuleNodes"][0]["Kept"], true);
    experiment
        .wait(WaitOptions::default())
        .await
        .expect("finished");
    let outputs = experiment.outputs().await.expect("there");
    assert_eq!(outputs.len(), 1, "what has no type has no output");
    assert_eq!(outputs[0].data_type_id(), &DataTypeId::GenericCsv);
    experiment.run().await.expect("accepted");
    let error = experiment
        .wait(WaitOptions::default())
        .await
        .expect_err("failed");
    assert_eq!(
        error.to_string(),
        "experiment `split` ended as `Failed`: the disk is full"
    );
}
