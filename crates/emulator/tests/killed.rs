//! An emulator that is killed in the middle of writes: what it acknowledged is
//! there afterwards, whole, and nothing else is.

#![cfg(test)]

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use azml_core::clock::{Clock, SystemClock};
use azml_emulator::{Emulator, Running};
use reqwest::Client;
use serde_json::{Value, json};

const TOKEN: &str = "f4f3ade2c6aefdb1afb043cd8bcf3daf";
const WORKSPACE: &str = "4c29e1adeba2e5a7cbeb0e4f4adfb4df";
const DATA_DIR: &str = "AZML_TEST_KILLED_DATA_DIR";

/// Not a test of its own: the process that the other one kills.
#[tokio::test]
#[ignore = "runs as the child process of the test beside it"]
async fn serve() {
    let Some(path) = std::env::var_os(DATA_DIR) else {
        return;
    };
    let emulator = Emulator::builder().port_base(0).data_dir(path);
    let _emulator = emulator.start().await.unwrap();
    std::future::pending::<()>().await;
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn spawn(path: &Path) -> (Server, Running) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["serve", "--exact", "--ignored", "--nocapture"])
        .env(DATA_DIR, path)
        .stdout(Stdio::null());
    let server = Server(child.spawn().unwrap());
    for _ in 0..3000 {
        if let Ok(Some(running)) = Running::find(path)
            && running.pid == server.0.id()
        {
            return (server, running);
        }
        SystemClock.sleep(Duration::from_millis(10)).await;
    }
    panic!("the emulator did not start");
}

/// The content that belongs to a name.
fn content(name: &str) -> Vec<u8> {
    let length = 1 + name.bytes().map(usize::from).sum::<usize>() * 37 % 90_000;
    name.bytes().cycle().take(length).collect()
}

/// A request to the Studio API; the JSON of its answer, if the server gave one.
async fn post(client: &Client, base: &str, path: &str, body: Vec<u8>) -> Option<Value> {
    let request = client.post(format!("{base}api/{path}"));
    let request = request.header("x-ms-metaanalytics-authorizationtoken", TOKEN);
    let answer = request.body(body).send().await.ok()?;
    answer.error_for_status().ok()?.json::<Value>().await.ok()
}

/// Adds one dataset in two blocks; the id, if the server acknowledged it.
async fn add(client: &Client, base: &str, name: &str, bytes: &[u8]) -> Option<String> {
    let path =
        format!("resourceuploads/workspaces/{WORKSPACE}/?userStorage=true&dataTypeId=GenericCSV");
    let upload = post(client, base, &path, Vec::new()).await?;
    let upload = upload["Id"].as_str()?;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    for (block, part) in [(1, second), (0, first)] {
        let path = format!(
            "blobuploads/workspaces/{WORKSPACE}/?numberOfBlocks=2&blockId={block}\
             &uploadId={upload}&dataTypeId=GenericCSV"
        );
        post(client, base, &path, part.to_vec()).await?;
    }
    let body = json!({
        "DataSource": {"Name": name, "DataTypeId": "GenericCSV", "Description": ""},
        "UploadId": upload,
    });
    let path = format!("workspaces/{WORKSPACE}/datasources");
    let id = post(client, base, &path, body.to_string().into_bytes()).await?;
    Some(id.as_str()?.to_owned())
}

async fn datasets(client: &Client, base: &str) -> Vec<Value> {
    let url = format!("{base}api/workspaces/{WORKSPACE}/datasources");
    let request = client.get(url);
    let request = request.header("x-ms-metaanalytics-authorizationtoken", TOKEN);
    request.send().await.unwrap().json().await.unwrap()
}

async fn download(client: &Client, dataset: &Value) -> Vec<u8> {
    let url = ["BaseUri", "Location", "AccessCredential"]
        .map(|part| dataset["DownloadLocation"][part].as_str().unwrap())
        .concat();
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", dataset["Name"]);
    answer.bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let client = Client::builder().no_proxy().build().unwrap();
    let acknowledged: Arc<Mutex<BTreeMap<String, String>>> = Arc::default();
    for (round, pause) in [40, 150, 400].into_iter().enumerate() {
        let (server, running) = spawn(&path).await;
        let base = running.http_endpoint.to_string();
        let before = acknowledged.lock().unwrap().len();
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (client, base) = (client.clone(), base.clone());
                let acknowledged = Arc::clone(&acknowledged);
                tokio::spawn(async move {
                    for number in 0.. {
                        let name = format!("r{round} w{writer} n{number}");
                        let Some(id) = add(&client, &base, &name, &content(&name)).await else {
                            return;
                        };
                        acknowledged.lock().unwrap().insert(id, name);
                    }
                })
            })
            .collect();
        while acknowledged.lock().unwrap().len() == before {
            SystemClock.sleep(Duration::from_millis(5)).await;
        }
        SystemClock.sleep(Duration::from_millis(pause)).await;
        drop(server);
        for writer in writers {
            writer.await.unwrap();
        }
    }

    let emulator = Emulator::builder().port_base(0).data_dir(&path);
    let emulator = emulator.start().await.unwrap();
    let base = emulator.http_endpoint().to_string();
    let mut acknowledged = acknowledged.lock().unwrap().clone();
    let mut unacknowledged = 0;
    for dataset in datasets(&client, &base).await {
        let (id, name) = (
            dataset["Id"].as_str().unwrap(),
            dataset["Name"].as_str().unwrap(),
        );
        if !name.starts_with('r') {
            continue;
        }
        assert!(download(&client, &dataset).await == content(name), "{name}");
        if acknowledged.remove(id).is_none() {
            unacknowledged += 1;
        }
    }
    assert!(acknowledged.is_empty(), "lost: {acknowledged:?}");
    // At most the one that each writer waited for when the server died.
    assert!(unacknowledged <= 12, "{unacknowledged}");
    assert_eq!(
        std::fs::read_dir(path.join("files/new")).unwrap().count(),
        0
    );
    emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_killed_has_failed() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let client = Client::builder().no_proxy().build().unwrap();
    let (server, running) = spawn(&path).await;
    let base = running.http_endpoint.to_string();
    let rows = "a,b\n".repeat(2_000_000).into_bytes();
    let dataset = add(&client, &base, "rows", &rows).await.unwrap();
    let body = json!({
        "Description": "killed",
        "IsDraft": false,
        "ExperimentGraph": {"ModuleNodes": [{
            "Id": "n-1",
            "ModuleId": "Split Data",
            "InputPortsInternal": [{"DataSourceId": dataset}],
        }]},
    });
    let experiments = format!("workspaces/{WORKSPACE}/experiments");
    let started = post(&client, &base, &experiments, body.to_string().into_bytes()).await;
    assert_eq!(started.unwrap()["Status"]["StatusCode"], "Running");
    drop(server);

    let emulator = Emulator::builder().port_base(0).data_dir(&path);
    let emulator = emulator.start().await.unwrap();
    let url = format!("{}api/{experiments}", emulator.http_endpoint());
    let request = client.get(url);
    let request = request.header("x-ms-metaanalytics-authorizationtoken", TOKEN);
    let list: Value = request.send().await.unwrap().json().await.unwrap();
    let experiments = list.as_array().unwrap().iter();
    let killed = experiments
        .filter(|experiment| experiment["Description"] == "killed")
        .map(|experiment| &experiment["Status"])
        .collect::<Vec<_>>();
    assert_eq!(killed.len(), 1);
    assert_eq!(killed[0]["StatusCode"], "Failed", "{}", killed[0]);
    assert_eq!(
        killed[0]["StatusDetail"],
        "the emulator was stopped during the run"
    );
    emulator.shutdown().await;
}
