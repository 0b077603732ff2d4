//! Runs over HTTP, with shell commands in the place of scripts. The original client's runs
//! are in `tests/interop`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Emulator;
use crate::testing::Client;

const WS: &str = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/azml/providers/Microsoft.MachineLearningServices/workspaces/azml";
const SNAPSHOT: &str = "5d9f2c8a-0000-4000-8000-000000000001";

fn at(service: &str, path: &str) -> String {
    format!("/{service}{WS}{path}")
}

fn history(path: &str) -> String {
    at("history/v1.0", &format!("/experiments/sums{path}"))
}

/// A snapshot without files, and a run of a command in it.
async fn submit(client: &Client, configuration: Value) -> crate::testing::Answer {
    let tree = json!({"ParentSnapshotId": null, "FileRevisionList": {"FileNodes": []},
        "DirTreeNode": {"name": "", "type": "Directory", "hash": "", "children": {}}});
    let path = at("content/v2.0", &format!("/snapshots/{SNAPSHOT}"));
    client.send_json("POST", &path, &tree).await.expect(200, "");
    let body = json!({"Configuration": configuration, "SnapshotId": SNAPSHOT});
    let path = at("execution/v1.0", "/experiments/sums/snapshotrun?runId=None");
    client.send_json("POST", &path, &body).await
}

async fn submitted(client: &Client, configuration: Value) -> String {
    let answer = submit(client, configuration).await.expect(200, "");
    answer["runId"].as_str().unwrap().to_owned()
}

/// Asks for the details until the run is in this state.
async fn reaches(client: &Client, run: &str, state: &str) -> Value {
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..600 {
        ticks.tick().await;
        let path = history(&format!("/runs/{run}/details"));
        let details = client.get(&path).await.expect(200, "");
        if details["status"] == state {
            return details;
        }
        let ended = ["Completed", "Failed", "Canceled"].map(Value::from);
        assert!(!ended.contains(&details["status"]), "{details}");
    }
    panic!("the run did not reach {state}");
}

async fn start() -> Client {
    Client::start_with(crate::Builder::allow_scripts).await
}

/// storage RH-01.
#[tokio::test]
async fn code_runs_only_where_it_may() {
    let client = Client::start().await;
    let refused = submit(&client, json!({"command": "true", "target": "cpu-cluster"})).await;
    let refused = refused.expect(400, "UserError");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("--allow-scripts"), "{message}");
    let anonymous = client.with_token(None);
    let path = history("");
    assert_eq!(anonymous.get(&path).await.status, 401);
}

/// storage RH-02.
#[tokio::test]
async fn a_run_goes_through_its_states_and_leaves_its_files() {
    let client = start().await;
    client.get(&history("")).await.expect(404, "UserError");
    let command = "echo hello; id -u; mkdir outputs; echo x > outputs/a";
    let run = submitted(
        &client,
        json!({"command": command, "target": "cpu-cluster"}),
    )
    .await;
    assert!(run.starts_with("sums_"), "{run}");
    let details = reaches(&client, &run, "Completed").await;
    assert!(details["startTimeUtc"].is_string() && details["endTimeUtc"].is_string());
    let log = details["logFiles"]["user_logs/std_log.txt"]
        .as_str()
        .unwrap();
    assert!(log.contains("sig="), "{log}");
    let shown = client.get(&history(&format!("/runs/{run}"))).await;
    let shown = shown.expect(200, "");
    assert_eq!(shown["dataContainerId"], format!("dcid.{run}"));
    assert_eq!(shown["runNumber"], 1);
    let path = format!("/artifacts/ExperimentRun/dcid.{run}");
    let list = client
        .get(&at("artifact/v2.0", &path))
        .await
        .expect(200, "");
    let paths: Vec<&Value> = list["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|artifact| &artifact["path"])
        .collect();
    assert_eq!(paths, ["outputs/a", "user_logs/std_log.txt"]);
    let path = history("/runs:query");
    let runs = client.send_json("POST", &path, &json!({"top": 10})).await;
    assert_eq!(runs.expect(200, "")["value"][0]["runId"], run);
}

/// storage RH-03.
#[tokio::test]
async fn what_cannot_run_says_why() {
    let client = start().await;
    for (configuration, part) in [
        (json!({"command": "true", "target": "gpu"}), "'gpu'"),
        (
            json!({"command": "true", "target": "cpu-cluster", "nodeCount": 2}),
            "one node",
        ),
        (json!({"dataReferences": {"a": {}}}), "names no datastore"),
    ] {
        let refused = submit(&client, configuration)
            .await
            .expect(400, "UserError");
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains(part), "{message}");
    }
    let absent = json!({"dataStoreName": "absent", "mode": "download"});
    let configuration = json!({"command": "true", "target": "cpu-cluster",
        "dataReferences": {"a": absent}});
    let run = submitted(&client, configuration).await;
    let details = reaches(&client, &run, "Failed").await;
    let message = &details["error"]["error"]["message"];
    assert!(message.as_str().unwrap().contains("absent"), "{details}");
    let run = submitted(
        &client,
        json!({"command": "echo no >&2; exit 4", "target": "cpu-cluster"}),
    )
    .await;
    let details = reaches(&client, &run, "Failed").await;
    let message = details["error"]["error"]["message"].as_str().unwrap();
    assert!(message.contains("exit code 4") && message.contains("no"));
}

/// storage RH-04.
#[tokio::test]
async fn a_run_is_ended_on_request() {
    let client = start().await;
    let run = submitted(
        &client,
        json!({"command": "sleep 600", "target": "cpu-cluster"}),
    )
    .await;
    reaches(&client, &run, "Running").await;
    let event = json!({"name": "Microsoft.MachineLearning.Run.Canceled", "data": {}});
    let path = history(&format!("/runs/{run}/events"));
    client
        .send_json("POST", &path, &event)
        .await
        .expect(200, "");
    reaches(&client, &run, "Canceled").await;
}

/// storage RH-05.
#[tokio::test]
async fn a_restart_fails_what_was_going_on_and_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let builder = || {
        let builder = Emulator::builder().data_dir(folder.path()).port_base(0);
        builder.allow_scripts()
    };
    let client = Client::of(builder().start().await.unwrap());
    let done = submitted(&client, json!({"command": "true", "target": "cpu-cluster"})).await;
    reaches(&client, &done, "Completed").await;
    let run = submitted(
        &client,
        json!({"command": "sleep 600", "target": "cpu-cluster"}),
    )
    .await;
    reaches(&client, &run, "Running").await;
    client.stop().await;
    let client = Client::of(builder().start().await.unwrap());
    let details = reaches(&client, &run, "Failed").await;
    let message = details["error"]["error"]["message"].as_str().unwrap();
    assert!(message.contains("the emulator ended"), "{message}");
    reaches(&client, &done, "Completed").await;
    let latest = at("content/v1.0", "/snapshots/latest/metadata");
    assert_eq!(client.get(&latest).await.expect(200, "")["id"], SNAPSHOT);
}

/// storage RH-06.
#[tokio::test]
async fn a_client_s_own_run_is_recorded() {
    let client = Client::start().await;
    let path = history("/runs/own_1");
    let body = json!({"runId": "own_1", "name": "first", "properties": {"a": "b"}});
    let made = client.send_json("PATCH", &path, &body).await;
    assert_eq!(made.expect(200, "")["status"], "NotStarted");
    for (event, state) in [("Start", "Running"), ("Completed", "Completed")] {
        let event = json!({"name": format!("Microsoft.MachineLearning.Run.{event}")});
        let path = history("/runs/own_1/events");
        client
            .send_json("POST", &path, &event)
            .await
            .expect(200, "");
        let shown = client.get(&history("/runs/own_1")).await.expect(200, "");
        assert_eq!(shown["status"], state);
        assert_eq!(shown["properties"]["a"], "b");
    }
    client
        .get(&at("history/v1.0", "/runs/own_1"))
        .await
        .expect(200, "");
}

/// storage RH-07: the script's user, which is not root's even where the emulator is,
/// reads what is mounted and downloaded and leaves what is uploaded.
#[tokio::test(flavor = "multi_thread")]
async fn the_script_s_user_gets_at_its_data() {
    let client = start().await;
    let reference = |store: &str, path: &str, mode: &str| json!({"dataStoreName": store, "pathOnDataStore": path, "mode": mode});
    for store in ["workspaceblobstore", "workspacefilestore"] {
        let made = submitted(
            &client,
            json!({"target": "cpu-cluster",
                "command": "mkdir -p $AZUREML_DATAREFERENCE_o/deep; echo one > $AZUREML_DATAREFERENCE_o/a; echo two > $AZUREML_DATAREFERENCE_o/deep/b",
                "dataReferences": {"o": reference(store, "in", "upload")}}),
        );
        let made = made.await;
        reaches(&client, &made, "Completed").await;
        let used = submitted(
            &client,
            json!({"target": "cpu-cluster",
                "command": "M=$AZUREML_DATAREFERENCE_m; U=$AZUREML_DATAREFERENCE_u; mkdir $U; \
                    (id -u; ls $M; cat $M/a $AZUREML_DATAREFERENCE_d/deep/b; grep -c \"azml:.* $M fuse\" /proc/mounts; \
                     touch $M/x 2> /dev/null || echo refused) | tr '\\n' ' ' > $U/seen",
                "dataReferences": {"m": reference(store, "in", "mount"),
                    "d": reference(store, "in", "download"), "u": reference(store, "out", "upload")}}),
        );
        let used = used.await;
        let details = reaches(&client, &used, "Completed").await;
        let shown = submitted(
            &client,
            json!({"target": "cpu-cluster", "command": "cat $AZUREML_DATAREFERENCE_s/seen >&2; exit 7",
                "dataReferences": {"s": reference(store, "out", "download")}}),
        );
        let shown = shown.await;
        let failed = reaches(&client, &shown, "Failed").await;
        let seen = failed["error"]["error"]["message"].as_str().unwrap();
        let is_root = rustix::process::geteuid().is_root();
        let user = match is_root {
            true => 65534,
            false => rustix::process::geteuid().as_raw(),
        };
        if can_mount() {
            assert_eq!(details["warnings"], json!([]), "{details}");
            assert!(
                seen.ends_with(&format!("\n{user} a deep one two 1 refused")),
                "{seen}"
            );
        } else {
            let warning = details["warnings"][0]["message"].as_str().unwrap();
            assert!(warning.contains("not mounted"), "{warning}");
            assert!(seen.contains(&format!("{user} a deep one two")), "{seen}");
        }
    }
}

/// Continuous integration must be able to mount.
fn can_mount() -> bool {
    #[cfg(target_os = "linux")]
    let can = azml_mount::is_available();
    #[cfg(not(target_os = "linux"))]
    let can = false;
    let is_asked = std::env::var_os("CI").is_some() && cfg!(target_os = "linux");
    assert!(can || !is_asked, "/dev/fuse cannot be used");
    can
}
