//! Experiments: the one to begin with, and those that really run.

use std::time::Duration;

use azml_core::clock::{Clock, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{GLOBAL, Studio, WORKSPACE, send, source};

const NODE: &str = "5c457225-68e3-4b60-9e3a-bc55f9f029a4-565";
const SPLIT: &str = "5c457225-68e3-4b60-9e3a-bc55f9f029a4-557";
const EXAMPLE: &str = "506153734175476c4f62416c57734963.f-id.1f022fd4578847dc867d662a51f0a105";

fn experiments() -> String {
    format!("api/workspaces/{WORKSPACE}/experiments")
}

async fn output(studio: &Studio, id: &str, node: &str, port: &str) -> crate::support::Answer {
    let port = port.replace(' ', "%20");
    let path = format!("{}/{id}/outputdata/{node}/{port}", experiments());
    studio.get(&path).await
}

/// Split Data on `dataset`, then a conversion of each half.
fn graph(dataset: &str, fraction: &str, seed: &str) -> Value {
    let convert = |id: &str, module: &str| {
        json!({
            "Id": id,
            "ModuleId": module,
            "InputPortsInternal": [{"Name": "Dataset", "NodeId": id}],
            "OutputPortsInternal": [{"Name": "Results dataset", "NodeId": id}],
        })
    };
    json!({
        "ModuleNodes": [
            convert("csv-1", "Convert to CSV"),
            convert("tsv-1", "506153734175476c4f62416c57734963.1cdbcda42ece49088b87e6b636258d3d.v1-default-1644"),
            {
                "Id": "split-1",
                "ModuleId": "Split Data",
                "ModuleParameters": [
                    {"Name": "Fraction of rows in the first output dataset", "Value": fraction},
                    {"Name": "Random seed", "Value": seed},
                ],
                "InputPortsInternal": [{"Name": "Dataset", "DataSourceId": dataset}],
                "OutputPortsInternal": [{"Name": "Result dataset1"}, {"Name": "Result dataset2"}],
            },
        ],
        "EdgesInternal": [
            {"SourceOutputPortId": "split-1:Result dataset1", "DestinationInputPortId": "csv-1:Dataset"},
            {"SourceOutputPortId": "split-1:Result dataset2", "DestinationInputPortId": "tsv-1:Dataset"},
        ],
    })
}

fn body(graph: &Value, is_draft: bool) -> Value {
    json!({
        "Description": "halves",
        "Summary": "",
        "IsDraft": is_draft,
        "ParentExperimentId": "",
        "DisableNodeUpdate": false,
        "Category": "user",
        "ExperimentGraph": graph,
        "WebService": null,
    })
}

async fn get(studio: &Studio, id: &str) -> Value {
    studio.get(&format!("{}/{id}", experiments())).await.json()
}

/// Waits for the end of a run.
async fn ended(studio: &Studio, id: &str) -> Value {
    for _ in 0..500 {
        let experiment = get(studio, id).await;
        if experiment["Status"]["StatusCode"] != "Running" {
            return experiment;
        }
        SystemClock.sleep(Duration::from_millis(10)).await;
    }
    panic!("{id} is still running");
}

async fn run(studio: &Studio, graph: &Value) -> (String, Value) {
    let created = studio.post(&experiments(), body(graph, false)).await.json();
    let id = created["ExperimentId"].as_str().unwrap().to_owned();
    let experiment = ended(studio, &id).await;
    (id, experiment)
}

/// studio S-050, S-051, S-052, 5.6
#[tokio::test]
async fn the_finished_experiment_has_its_outputs() {
    let studio = Studio::start().await;
    let list = studio.get(&experiments()).await.json();
    let own = &list[0];
    let id = own["ExperimentId"].as_str().unwrap();
    assert_eq!(
        id,
        format!("{WORKSPACE}.f-id.22222222222222222222222222222222")
    );
    assert_eq!(own["Status"]["StatusCode"], "Finished");
    assert_eq!(own["Category"], "user");
    assert!(own.get("Graph").is_none());
    assert_eq!(list[1]["ExperimentId"], EXAMPLE);
    assert_eq!(
        list[1]["Description"],
        "Binary Classification: Breast cancer detection"
    );
    let answer = output(&studio, id, NODE, "Results dataset").await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.headers["content-type"], "application/octet-stream");
    let text = answer.text();
    let mut lines = text.lines();
    assert!(
        lines.next().unwrap().starts_with("age,workclass,"),
        "{text}"
    );
    assert_eq!(lines.count(), 250, "half of the census");
    let table = output(&studio, id, SPLIT, "Result dataset1").await;
    assert_eq!(table.text().lines().count(), 251);
    let graph = &get(&studio, id).await["Graph"];
    assert_eq!(
        graph["ModuleNodes"][0]["OutputPortsInternal"][0]["OutputType"],
        "Dataset"
    );
    assert_eq!(
        graph["ModuleNodes"][1]["OutputPortsInternal"][0]["OutputType"],
        "GenericCSV"
    );
}

/// studio S-053
#[tokio::test]
async fn unknown_outputs_are_not_found() {
    let studio = Studio::start().await;
    let id = format!("{WORKSPACE}.f-id.22222222222222222222222222222222");
    output(&studio, &id, NODE, "results dataset")
        .await
        .refuses(404, "no output");
    output(&studio, &id, "x-1", "Results dataset")
        .await
        .refuses(404, "no output");
    output(&studio, "none", NODE, "Results dataset")
        .await
        .refuses(404, "no experiment");
}

/// studio 1.7: a run splits and converts real rows.
#[tokio::test]
async fn a_run_splits_and_converts() {
    let studio = Studio::start().await;
    let mut content = String::from("id, text\r\n");
    for i in 0..1000 {
        content += &format!("{i}, \"line {i}\nand \"\"more\"\"\"\r\n");
    }
    let dataset = studio.add("rows", content.as_bytes()).await;
    let graph = graph(dataset["Id"].as_str().unwrap(), "0.3", "5");
    let (id, experiment) = run(&studio, &graph).await;
    assert_eq!(
        experiment["Status"]["StatusCode"], "Finished",
        "{experiment}"
    );
    assert!(
        !experiment["Status"]["EndTime"]
            .as_str()
            .unwrap()
            .contains('-')
    );
    let csv = output(&studio, &id, "csv-1", "Results dataset")
        .await
        .text();
    let tsv = output(&studio, &id, "tsv-1", "Results dataset")
        .await
        .text();
    assert!(csv.starts_with("id,text\n"), "{csv}");
    assert!(tsv.starts_with("id\ttext\n"), "{tsv}");
    let rows = |text: &str, separator: char| -> Vec<u32> {
        let records = text
            .split("\"\n")
            .map(|record| record.trim_start_matches('\n'));
        records
            .filter_map(|record| {
                record
                    .rsplit_once(&format!("{separator}\"line "))?
                    .0
                    .lines()
                    .last()?
                    .parse()
                    .ok()
            })
            .collect()
    };
    let (first, second) = (rows(&csv, ','), rows(&tsv, '\t'));
    assert_eq!((first.len(), second.len()), (300, 700));
    assert!(first.is_sorted() && second.is_sorted());
    let mut all = [first.clone(), second].concat();
    all.sort_unstable();
    assert_eq!(all, (0..1000).collect::<Vec<_>>());
    assert!(csv.contains("and \"\"more\"\"\"\n"));

    // The same again gives the same rows; another seed gives others.
    let (again, _) = run(&studio, &graph).await;
    let repeated = output(&studio, &again, "csv-1", "Results dataset")
        .await
        .text();
    assert_eq!(repeated, csv);
    let dataset = dataset["Id"].as_str().unwrap();
    let (other, _) = run(&studio, &self::graph(dataset, "0.3", "6")).await;
    let other = output(&studio, &other, "csv-1", "Results dataset")
        .await
        .text();
    assert_ne!(rows(&other, ','), first);
}

/// studio 1.7: saving is not running; running again replaces the outputs.
#[tokio::test]
async fn experiments_are_listed_as_they_were_made() {
    let studio = Studio::start().await;
    let iris = studio.named("iris").await;
    let graph = graph(iris["Id"].as_str().unwrap(), "0.5", "1");
    let mut made = Vec::new();
    // Ids are drawn by lot: that five of them are in order by themselves is one case in 120.
    for _ in 0..5 {
        let path = format!("{}/", experiments());
        let draft = studio.post(&path, body(&graph, true)).await.json();
        made.push(draft["ExperimentId"].clone());
    }
    let listed = studio.get(&experiments()).await.json();
    let ids = listed.as_array().unwrap().iter();
    let ids: Vec<_> = ids.map(|it| it["ExperimentId"].clone()).collect();
    let own: Vec<_> = ids.into_iter().filter(|id| made.contains(id)).collect();
    assert_eq!(own, made);
}

#[tokio::test]
async fn drafts_are_saved_and_run_later() {
    let studio = Studio::start().await;
    let iris = studio.named("iris").await;
    let graph = graph(iris["Id"].as_str().unwrap(), "0.5", "1");
    let draft = studio
        .post(&format!("{}/", experiments()), body(&graph, true))
        .await
        .json();
    let id = draft["ExperimentId"].as_str().unwrap();
    assert_eq!(draft["Status"]["StatusCode"], "InDraft");
    assert!(
        draft["Status"]["StartTime"].as_str().unwrap().contains('-'),
        "unset is negative"
    );
    output(&studio, id, "csv-1", "Results dataset")
        .await
        .refuses(404, "InDraft");
    let path = format!("{}/{id}", experiments());
    let started = studio.post(&path, body(&graph, false)).await.json();
    assert_ne!(started["Etag"], draft["Etag"]);
    let experiment = ended(&studio, id).await;
    assert_eq!(
        experiment["Status"]["StatusCode"], "Finished",
        "{experiment}"
    );
    assert_eq!(experiment["Description"], "halves");
    let text = output(&studio, id, "csv-1", "Results dataset").await.text();
    assert_eq!(text.lines().count(), 76);
    let mut changed = body(&graph, true);
    changed["ExperimentGraph"]["ModuleNodes"] = json!([]);
    studio.post(&path, changed).await.json();
    output(&studio, id, "csv-1", "Results dataset")
        .await
        .refuses(404, "InDraft");
}

#[tokio::test]
async fn what_cannot_run_is_refused_by_name() {
    let studio = Studio::start().await;
    let iris = studio.named("iris").await;
    let good = graph(iris["Id"].as_str().unwrap(), "0.5", "1");
    let before = studio.get(&experiments()).await.json();
    let mut other = good.clone();
    other["ModuleNodes"][0]["ModuleId"] = "Two-Class Boosted Decision Tree".into();
    let answer = studio.post(&experiments(), body(&other, false)).await;
    answer.refuses(400, "'Two-Class Boosted Decision Tree'");
    let missing = graph("none", "0.5", "1");
    let answer = studio.post(&experiments(), body(&missing, false)).await;
    answer.refuses(400, "'none', which does not exist");
    let arff = studio.named("Breast cancer data").await;
    let arff = graph(arff["Id"].as_str().unwrap(), "0.5", "1");
    let answer = studio.post(&experiments(), body(&arff, false)).await;
    answer.refuses(400, "its type is ARFF");
    let answer = studio
        .post(&experiments(), json!({"Description": "x"}))
        .await;
    answer.refuses(400, "not valid");
    let path = format!("{}/{EXAMPLE}", experiments());
    studio
        .post(&path, body(&good, false))
        .await
        .refuses(403, "example");
    assert_eq!(
        studio.get(&experiments()).await.json(),
        before,
        "nothing was stored"
    );
}

#[tokio::test]
async fn a_run_that_fails_says_where() {
    let studio = Studio::start().await;
    let dataset = studio.add("ragged", b"a,b\n1,2\n1,2,3\n").await;
    let convert = json!({"ModuleNodes": [{
        "Id": "n-1",
        "ModuleId": "Convert to CSV",
        "InputPortsInternal": [{"DataSourceId": dataset["Id"]}],
    }]});
    let (id, experiment) = run(&studio, &convert).await;
    assert_eq!(experiment["Status"]["StatusCode"], "Failed");
    let detail = experiment["Status"]["StatusDetail"].as_str().unwrap();
    assert!(
        detail.contains("n-1") && detail.contains("record 3"),
        "{detail}"
    );
    output(&studio, &id, "n-1", "Results dataset")
        .await
        .refuses(404, "Failed");
}

/// A run that the emulator's end interrupts has failed, and says so.
#[tokio::test]
async fn a_run_does_not_outlive_the_emulator() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let studio = Studio::start_with(|builder| builder.data_dir(&path)).await;
    let dataset = studio
        .add("large", "a,b\n".repeat(4_000_000).as_bytes())
        .await;
    let graph = graph(dataset["Id"].as_str().unwrap(), "0.5", "1");
    let started = studio
        .post(&experiments(), body(&graph, false))
        .await
        .json();
    let id = started["ExperimentId"].as_str().unwrap();
    assert_eq!(started["Status"]["StatusCode"], "Running");
    let again = studio
        .post(&format!("{}/{id}", experiments()), body(&graph, false))
        .await;
    again.refuses(409, "is running");
    studio.emulator.shutdown().await;

    let studio = Studio::start_with(|builder| builder.data_dir(&path)).await;
    let experiment = get(&studio, id).await;
    assert_eq!(experiment["Status"]["StatusCode"], "Failed", "{experiment}");
    let detail = experiment["Status"]["StatusDetail"].as_str().unwrap();
    assert!(detail.contains("the emulator was stopped"), "{detail}");
    let incoming = std::fs::read_dir(path.join("files/new")).unwrap();
    assert_eq!(incoming.count(), 0);
}

/// studio 1.5: an output becomes a dataset.
#[tokio::test]
async fn an_output_can_be_promoted() {
    let studio = Studio::start().await;
    let id = format!("{WORKSPACE}.f-id.22222222222222222222222222222222");
    let mut promoted = source("promoted", Some(""));
    promoted["SourceOrigin"] = "FromOutputPromotion".into();
    let body = json!({
        "ExperimentId": id,
        "ModuleNodeId": NODE,
        "OutputName": "Results dataset",
        "DataSource": promoted,
    });
    let path = format!("api/workspaces/{WORKSPACE}/datasources");
    let dataset = studio.post(&path, body.clone()).await.json();
    let dataset = studio.dataset(dataset.as_str().unwrap()).await;
    assert_eq!(dataset["SourceOrigin"], "FromOutputPromotion");
    assert_eq!(dataset["ExperimentId"], id);
    let original = output(&studio, &id, NODE, "Results dataset").await.body;
    assert_eq!(studio.download(&dataset).await.body, original);
    // The dataset outlives the experiment.
    let experiment = format!("{}/{id}?deleteAncestors=true", experiments());
    assert_eq!(studio.delete(&experiment).await.status.as_u16(), 204);
    assert_eq!(studio.download(&dataset).await.body, original);
    studio
        .delete(&experiment)
        .await
        .refuses(404, "no experiment");
    studio.post(&path, body).await.refuses(404, "no experiment");
}

#[tokio::test]
async fn ancestors_are_deleted_when_asked() {
    let studio = Studio::start().await;
    let empty = json!({"ModuleNodes": [], "EdgesInternal": []});
    let parent = studio.post(&experiments(), body(&empty, true)).await.json();
    let mut child = body(&empty, true);
    child["ParentExperimentId"] = parent["ExperimentId"].clone();
    let child = studio.post(&experiments(), child).await.json();
    let id = child["ExperimentId"].as_str().unwrap();
    let path = format!("{}/{id}?deleteAncestors=true", experiments());
    assert_eq!(studio.delete(&path).await.status.as_u16(), 204);
    let left = studio.get(&experiments()).await.json();
    assert_eq!(left.as_array().unwrap().len(), 2);
    let example = format!("{}/{EXAMPLE}", experiments());
    studio.delete(&example).await.refuses(403, "example");
}

#[tokio::test]
async fn outputs_can_be_put_by_the_administrator() {
    let studio = Studio::start().await;
    let empty = json!({"ModuleNodes": []});
    let draft = studio.post(&experiments(), body(&empty, true)).await.json();
    let id = draft["ExperimentId"].as_str().unwrap();
    let path = format!(
        "_emulator/studio/workspaces/{WORKSPACE}/experiments/{id}/outputdata/n-1/Scored%20data\
         ?dataTypeId=PlainText"
    );
    let put = |text: &'static str| {
        let secret = studio.emulator.running().unwrap().admin_secret;
        let request = studio.bare(Method::PUT, &path);
        send(
            request
                .header(azml_emulator::ADMIN_HEADER, secret)
                .body(text),
        )
    };
    assert_eq!(put("one").await.status.as_u16(), 204);
    assert_eq!(put("two").await.status.as_u16(), 204);
    let answer = output(&studio, id, "n-1", "Scored data").await;
    assert_eq!(answer.text(), "two");
    let answer = send(studio.request(Method::PUT, &path)).await;
    assert_eq!(answer.status.as_u16(), 401);
}

#[tokio::test]
async fn modules_are_listed() {
    let studio = Studio::start().await;
    let path = format!("api/workspaces/{WORKSPACE}/modules");
    let modules = studio.get(&path).await.json();
    let split = &modules[0];
    assert_eq!(split["Name"], "Split Data");
    assert!(split["Id"].as_str().unwrap().starts_with(GLOBAL));
    assert_eq!(modules.as_array().unwrap().len(), 3);
}
