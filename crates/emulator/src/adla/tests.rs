//! Through HTTP, as clients see it.

use std::time::Duration;

use azml_core::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::Emulator;
use crate::testing::Client;

const GROUP: &str =
    "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/azml/providers";
const VERSION: &str = "api-version=2016-11-01";
/// The article's script.
const SCRIPT: &str = "@a = SELECT * FROM (VALUES (\"Contoso\", 1500.0), (\"Woodgrove\", 2700.0)) AS D( customer, amount );\nOUTPUT @a TO \"/data.csv\" USING Outputters.Csv();";
const ID: &str = "0f0c9f4f-7f83-4b5e-a9f4-01b6fd0e0be5";

fn account(rest: &str) -> String {
    format!("{GROUP}/Microsoft.DataLakeAnalytics/accounts/myadla{rest}?{VERSION}")
}

fn at(rest: &str) -> String {
    let separator = if rest.contains('?') { '&' } else { '?' };
    format!("/adla/myadla/{rest}{separator}{VERSION}")
}

fn create_body(store: &str) -> Value {
    json!({
        "location": "eastus2",
        "properties": {
            "defaultDataLakeStoreAccount": store,
            "dataLakeStoreAccounts": [{ "name": store }],
        },
    })
}

fn job(script: &str) -> Value {
    json!({ "type": "USql", "name": "Sample Job", "properties": { "type": "USql", "script": script } })
}

/// An emulator with the store `mylake` and the analytics account `myadla`.
async fn analytics(options: impl FnOnce(crate::Builder) -> crate::Builder) -> Client {
    let client = Client::start_with(options).await;
    prepare(&client).await;
    client
}

async fn prepare(client: &Client) {
    let store = format!("{GROUP}/Microsoft.DataLakeStore/accounts/mylake?{VERSION}");
    client
        .put(&store, &json!({ "location": "eastus2" }))
        .await
        .expect(201, "");
    client
        .put(&account(""), &create_body("mylake"))
        .await
        .expect(201, "");
}

async fn submit(client: &Client, body: &Value) -> String {
    let id = uuid::Uuid::new_v4().to_string();
    client
        .put(&at(&format!("jobs/{id}")), body)
        .await
        .expect(200, "");
    id
}

async fn wait_for(client: &Client, id: &str, state: &str) -> Value {
    for _ in 0..1000 {
        let job = client.get(&at(&format!("jobs/{id}"))).await.expect(200, "");
        if job["state"] == state {
            return job;
        }
        assert_ne!(job["state"], "Ended", "{job}");
        SystemClock.sleep(Duration::from_millis(5)).await;
    }
    panic!("the job {id} never came to {state}");
}

fn trail(job: &Value) -> Vec<&str> {
    let records = job["stateAuditRecords"].as_array().unwrap();
    records
        .iter()
        .map(|record| record["newState"].as_str().unwrap())
        .collect()
}

/// The content of a file of the store.
async fn content(client: &Client, path: &str) -> String {
    let path = format!("/adls/mylake/webhdfs/v1/{path}?op=OPEN&read=true");
    let file = client.get(&path).await;
    assert_eq!(file.status, 200, "{path}");
    String::from_utf8(file.body).unwrap()
}

/// adla A4, A5, A7, A8
#[tokio::test]
async fn accounts_have_their_defaults() {
    let client = Client::start().await;
    client
        .put(&account(""), &create_body("mylake"))
        .await
        .expect(400, "DataLakeStoreAccountNotFound");
    client
        .get(&account(""))
        .await
        .expect(404, "ResourceNotFound");
    prepare(&client).await;
    client.get(&account("")).await.expect(200, "");
    let shown = client.get(&account("")).await.expect(200, "");
    let properties = &shown["properties"];
    for (name, expected) in [
        ("maxDegreeOfParallelism", json!(30)),
        ("maxJobCount", json!(3)),
        ("queryStoreRetention", json!(30)),
        ("maxDegreeOfParallelismPerJob", json!(30)),
        ("minPriorityPerJob", json!(1)),
        ("state", json!("Active")),
        ("provisioningState", json!("Succeeded")),
        ("defaultDataLakeStoreAccount", json!("mylake")),
        (
            "dataLakeStoreAccounts",
            json!([{ "name": "mylake", "properties": { "suffix": "azuredatalakestore.net" } }]),
        ),
        ("computePolicies", json!([])),
    ] {
        assert_eq!(properties[name], expected, "{name}");
    }
    let change = json!({ "properties": { "maxDegreeOfParallelism": 15 } });
    let changed = client
        .send("PATCH", &account(""), Some(change.to_string()))
        .await
        .expect(200, "");
    assert_eq!(changed["properties"]["maxDegreeOfParallelismPerJob"], 15);
    for (name, value) in [
        ("maxJobCount", 0),
        ("maxDegreeOfParallelism", 100_000),
        ("queryStoreRetention", 181),
    ] {
        let change = json!({ "properties": { name: value } });
        let refused = client
            .send("PATCH", &account(""), Some(change.to_string()))
            .await;
        refused.expect(400, "InvalidParameterValue");
    }
}

/// adla A9, A10, and the link that must stay.
#[tokio::test]
async fn links_keep_their_secrets() {
    let client = analytics(|builder| builder).await;
    let storage = account("/StorageAccounts/blobs");
    client
        .put(&storage, &json!({ "properties": {} }))
        .await
        .expect(400, "MissingRequiredParameter");
    let key = json!({ "properties": { "accessKey": "c2VjcmV0" } });
    let made = client.put(&storage, &key).await.expect(200, "");
    assert_eq!(made["properties"], json!({ "suffix": "core.windows.net" }));
    for path in [account(""), storage.clone(), account("/storageAccounts")] {
        let shown = client.get(&path).await.expect(200, "").to_string();
        assert!(!shown.contains("c2VjcmV0"), "{shown}");
    }
    let other = format!("{GROUP}/Microsoft.DataLakeStore/accounts/other?{VERSION}");
    client
        .put(&other, &json!({ "location": "eastus2" }))
        .await
        .expect(201, "");
    client
        .send("PUT", &account("/DataLakeStoreAccounts/other"), None)
        .await
        .expect(200, "");
    let missing = client
        .send("PUT", &account("/DataLakeStoreAccounts/nolake"), None)
        .await;
    missing.expect(400, "DataLakeStoreAccountNotFound");
    let default = client
        .send("DELETE", &account("/dataLakeStoreAccounts/mylake"), None)
        .await;
    default.expect(400, "CannotRemoveDefaultDataLakeStoreAccount");
    client
        .send("DELETE", &account("/dataLakeStoreAccounts/other"), None)
        .await
        .expect(200, "");
}

/// adla A11 and the merging of a policy.
#[tokio::test]
async fn compute_policies_are_managed() {
    let client = analytics(|builder| builder).await;
    let policy = account("/computePolicies/GaryMcDaniel");
    let body = json!({ "properties": { "objectId": ID, "objectType": "User", "maxDegreeOfParallelismPerJob": 5 } });
    let made = client.put(&policy, &body).await.expect(200, "");
    assert!(made["properties"].get("minPriorityPerJob").is_none());
    let change = json!({ "properties": { "minPriorityPerJob": 250 } });
    let changed = client
        .send("PATCH", &policy, Some(change.to_string()))
        .await
        .expect(200, "");
    assert_eq!(changed["properties"]["maxDegreeOfParallelismPerJob"], 5);
    client
        .put(&policy, &json!({ "properties": { "objectType": "User" } }))
        .await
        .expect(400, "MissingRequiredParameter");
    client
        .put(
            &policy,
            &json!({ "properties": { "objectId": "x", "objectType": "User" } }),
        )
        .await
        .expect(400, "InvalidParameterValue");
    let listed = client
        .get(&account("/computePolicies"))
        .await
        .expect(200, "");
    assert_eq!(listed["value"][0]["name"], "GaryMcDaniel");
    client.send("DELETE", &policy, None).await.expect(200, "");
    client.send("DELETE", &policy, None).await.expect(204, "");
}

/// adla J1, J3, J10, J20
#[tokio::test]
async fn a_submitted_job_comes_to_a_truthful_end() {
    let client = analytics(|builder| builder).await;
    let path = at(&format!("Jobs/{ID}"));
    let submitted = client.put(&path, &job(SCRIPT)).await.expect(200, "");
    assert_eq!(
        (&submitted["state"], &submitted["result"]),
        (&json!("Compiling"), &json!("None"))
    );
    assert_eq!(
        (&submitted["priority"], &submitted["degreeOfParallelism"]),
        (&json!(1000), &json!(1))
    );
    assert_eq!(trail(&submitted), ["New"]);
    assert!(submitted["properties"].get("script").is_none());
    assert_eq!(
        submitted["submitter"],
        "33333333-3333-3333-3333-333333333333@SPI"
    );
    let ended = wait_for(&client, ID, "Ended").await;
    assert_eq!(ended["result"], "Succeeded", "{ended}");
    assert_eq!(
        content(&client, "data.csv").await,
        "\"Contoso\",1500\r\n\"Woodgrove\",2700\r\n"
    );
    assert_eq!(ended["properties"]["script"], SCRIPT);
    client.put(&path, &job(SCRIPT)).await.expect(200, "");
    client
        .put(&path, &job("// other"))
        .await
        .expect(409, "JobAlreadyExists");
    let lower = client
        .get(&at(&format!("jobs/{}", ID.to_uppercase())))
        .await
        .expect(200, "");
    assert_eq!(lower, ended);
}

/// adla J2, J19: every state is recorded, and the job's files are in the store.
#[tokio::test]
async fn a_job_passes_through_every_state() {
    let client = analytics(|builder| builder).await;
    let id = submit(&client, &job("// nothing to do")).await;
    let ended = wait_for(&client, &id, "Ended").await;
    assert_eq!(ended["result"], "Succeeded", "{ended}");
    assert_eq!(
        trail(&ended),
        [
            "New",
            "Compiling",
            "Queued",
            "Scheduling",
            "Starting",
            "Running",
            "Ended"
        ]
    );
    let times: Vec<&str> = ended["stateAuditRecords"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["timeStamp"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    let path = ended["properties"]["resources"][2]["resourcePath"]
        .as_str()
        .unwrap();
    let file = path
        .strip_prefix("adl://mylake.azuredatalakestore.net/")
        .unwrap();
    let script = client
        .get(&format!("/adls/mylake/webhdfs/v1/{file}?op=OPEN&read=true"))
        .await;
    assert_eq!(
        (script.status, script.body.as_slice()),
        (200, b"// nothing to do".as_slice())
    );
    let statistics = client
        .get(&at(&format!("Jobs/{id}/GetStatistics")))
        .await
        .expect(200, "");
    assert!(statistics["lastUpdateTimeUtc"].is_string());
    assert_eq!(statistics["stages"].as_array().unwrap().len(), 1);
    let debug = client
        .get(&at(&format!("Jobs/{id}/GetDebugDataPath")))
        .await
        .expect(200, "");
    assert_eq!(debug["paths"].as_array().unwrap().len(), 4);
}

/// adla J4, J5, J6: what the compiler says, at the recorded place.
#[tokio::test]
async fn scripts_that_do_not_compile_are_explained() {
    let client = analytics(|builder| builder).await;
    let build = async |script: &str| {
        let body = json!({ "type": "USql", "properties": { "type": "USql", "script": script } });
        client
            .send("POST", &at("BuildJob"), Some(body.to_string()))
            .await
            .expect(200, "")
    };
    let good = build(SCRIPT).await;
    assert_eq!(
        (&good["state"], &good["result"]),
        (&json!("Ended"), &json!("Succeeded"))
    );
    assert_eq!(good["properties"]["diagnostics"], json!([]));
    let script = "DROP DATABASE IF EXIST FOO; CREATE DATABASE FOO;";
    let bad = build(script).await;
    assert_eq!(bad["result"], "Failed");
    assert_eq!(
        bad["properties"]["diagnostics"],
        json!([{
            "severity": "Error", "lineNumber": 1, "columnNumber": 18, "start": 17, "end": 22,
            "message": "E_CSC_USER_SYNTAXERROR: syntax error. Expected one of: EXISTS",
        }])
    );
    assert_eq!(bad["submitTime"], "0001-01-01T00:00:00+00:00");
    let listed = client.get(&at("jobs")).await.expect(200, "");
    assert_eq!(listed["value"], json!([]), "a build is not listed");

    let id = submit(&client, &job(script)).await;
    let ended = wait_for(&client, &id, "Ended").await;
    assert_eq!(ended["result"], "Failed");
    assert_eq!(trail(&ended), ["New", "Compiling", "Ended"]);
    let error = &ended["errorMessage"][0];
    assert_eq!(
        (&error["errorId"], &error["lineNumber"]),
        (&json!("E_CSC_USER_SYNTAXERROR"), &json!(1))
    );
}

/// A script that fails while it runs says where, and leaves nothing.
#[tokio::test]
async fn a_job_that_fails_leaves_nothing() {
    let client = analytics(|builder| builder).await;
    let numbers = "@n = SELECT * FROM (VALUES (1), (0)) AS T(n);\n\
                   OUTPUT @n TO \"/numbers.csv\" USING Outputters.Csv();\n";
    let id = submit(&client, &job(numbers)).await;
    assert_eq!(wait_for(&client, &id, "Ended").await["result"], "Succeeded");
    let failing = "CREATE VIEW v AS SELECT * FROM (VALUES (1)) AS T(n);\n\
                   @n = EXTRACT n int FROM \"/numbers.csv\" USING Extractors.Csv();\n\
                   OUTPUT @n TO \"/copy.csv\" USING Outputters.Csv();\n\
                   @q = SELECT 1 / n AS q FROM @n;\n\
                   OUTPUT @q TO \"/q.csv\" USING Outputters.Csv();";
    let id = submit(&client, &job(failing)).await;
    let ended = wait_for(&client, &id, "Ended").await;
    assert_eq!(ended["result"], "Failed");
    let error = &ended["errorMessage"][0];
    assert_eq!(
        error["errorId"],
        "E_RUNTIME_USER_UNHANDLED_EXCEPTION_FROM_USER_CODE"
    );
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("divide by zero")
    );
    for path in ["copy.csv", "q.csv"] {
        let path = format!("/adls/mylake/webhdfs/v1/{path}?op=GETFILESTATUS");
        assert_eq!(client.get(&path).await.status, 404, "{path}");
    }
    let view = at("catalog/usql/databases/master/schemas/dbo/views/v");
    client.get(&view).await.expect(404, "ViewNotFound");
}

/// adla J7: cancelling stops the work, and no output appears.
#[tokio::test]
async fn a_running_job_is_cancelled() {
    let client = analytics(|builder| builder).await;
    let endless = "@a = SELECT n FROM (VALUES (0)) AS T(k) CROSS APPLY EXPLODE(Enumerable.Range(1, 30000)) AS e(n);\n\
                   @b = SELECT n AS m FROM @a;\n\
                   @c = SELECT n, m FROM @a CROSS JOIN @b;\n\
                   @s = SELECT SUM(Math.Sqrt(n * m)) AS s FROM @c;\n\
                   OUTPUT @s TO \"/s.csv\" USING Outputters.Csv();";
    let id = submit(&client, &job(endless)).await;
    wait_for(&client, &id, "Running").await;
    let cancel = at(&format!("Jobs/{id}/CancelJob"));
    assert_eq!(client.send("POST", &cancel, None).await.status, 200);
    let ended = wait_for(&client, &id, "Ended").await;
    assert_eq!(ended["result"], "Cancelled");
    // A worker that went on would still hold the emulator here.
    client.stop().await;
}

/// adla J7, J8, J9
#[tokio::test]
async fn jobs_are_cancelled_once() {
    let client = analytics(|builder| builder.job_state_delay(Duration::from_secs(30))).await;
    let id = submit(&client, &job("// slow")).await;
    let cancel = at(&format!("Jobs/{id}/CancelJob"));
    for _ in 0..2 {
        let answer = client.send("POST", &cancel, None).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    }
    let ended = wait_for(&client, &id, "Ended").await;
    assert_eq!(ended["result"], "Cancelled");
    assert_eq!(
        ended["errorMessage"][0]["errorId"],
        "I_USER_CJS_CANCELEDBYUSER"
    );
    assert_eq!(
        ended["stateAuditRecords"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["newState"] == "Ended")
            .count(),
        1
    );
    let unknown = at(&format!("Jobs/{ID}/CancelJob"));
    client
        .send("POST", &unknown, None)
        .await
        .expect(404, "JobNotFound");
    client
        .get(&at(&format!("Jobs/{ID}")))
        .await
        .expect(404, "JobNotFound");
    client
        .get(&at("Jobs/nonsense"))
        .await
        .expect(400, "InvalidJobId");
}

/// adla J11, J21 and the other checks of a submission: refused means nothing is queued.
#[tokio::test]
async fn submissions_are_checked() {
    let client = analytics(|builder| builder).await;
    let with = |name: &str, value: Value| {
        let mut body = job("// x");
        body[name] = value;
        body
    };
    let big = job(&"x".repeat((3 << 20) + 1));
    for (body, code) in [
        (with("type", json!("Hive")), "JobTypeNotSupported"),
        (with("name", json!(" ")), "InvalidJobName"),
        (
            with("properties", json!({ "type": "USql" })),
            "MissingScript",
        ),
        (big, "JobScriptTooLarge"),
        (
            with("degreeOfParallelism", json!(31)),
            "DegreeOfParallelismExceedsMaximum",
        ),
        (
            with("degreeOfParallelism", json!(0)),
            "InvalidParameterValue",
        ),
        (with("priority", json!(0)), "InvalidParameterValue"),
        (
            with("related", json!({ "pipelineName": "p" })),
            "MissingRequiredParameter",
        ),
        (
            with("related", json!({ "recurrenceId": "r" })),
            "InvalidParameterValue",
        ),
    ] {
        client
            .put(&at(&format!("jobs/{ID}")), &body)
            .await
            .expect(400, code);
    }
    let limits = json!({ "properties": {
        "objectId": "44444444-4444-4444-4444-444444444444", "objectType": "ServicePrincipal",
        "maxDegreeOfParallelismPerJob": 2, "minPriorityPerJob": 250,
    }});
    client
        .put(&account("/computePolicies/app"), &limits)
        .await
        .expect(200, "");
    let ask = |units: u64, priority: u64| {
        let mut body = with("priority", json!(priority));
        body["degreeOfParallelism"] = json!(units);
        body
    };
    let path = at(&format!("jobs/{ID}"));
    client
        .put(&path, &ask(1, 100))
        .await
        .expect(400, "PriorityTooHigh");
    client
        .put(&path, &ask(3, 300))
        .await
        .expect(400, "DegreeOfParallelismExceedsMaximum");
    assert_eq!(
        client.get(&at("jobs")).await.expect(200, "")["value"],
        json!([])
    );
    client.put(&path, &ask(2, 300)).await.expect(200, "");
    let missing = "/adla/nobody/jobs?api-version=2016-11-01";
    client.get(missing).await.expect(404, "AccountNotFound");
    client
        .get("/adla/myadla/jobs?api-version=2010-01-01")
        .await
        .expect(400, "InvalidApiVersionParameter");
    client
        .with_token(None)
        .get(&at("jobs"))
        .await
        .expect(401, "AuthenticationFailed");
}

/// adla J12: more jobs than the account runs at once wait in the order of their priorities.
#[tokio::test]
async fn jobs_wait_for_their_turn() {
    let client = analytics(|builder| builder.job_state_delay(Duration::from_millis(150))).await;
    let change = json!({ "properties": { "maxJobCount": 1 } });
    client
        .send("PATCH", &account(""), Some(change.to_string()))
        .await
        .expect(200, "");
    let first = submit(&client, &job("// first")).await;
    wait_for(&client, &first, "Scheduling").await;
    let mut ids = Vec::new();
    for priority in [900, 100] {
        let mut body = job("// next");
        body["priority"] = json!(priority);
        ids.push(submit(&client, &body).await);
    }
    let mut ended = Vec::new();
    for id in &ids {
        ended.push(wait_for(&client, id, "Ended").await);
    }
    let started = |job: &Value| job["startTime"].as_str().unwrap().to_owned();
    assert!(
        started(&ended[1]) < started(&ended[0]),
        "priority 100 runs before 900"
    );
    let first = wait_for(&client, &first, "Ended").await;
    assert!(first["endTime"].as_str().unwrap() <= started(&ended[1]).as_str());
}

/// A yielded job gives its units to the next in line, and runs again from its beginning.
#[tokio::test]
async fn a_yielded_job_lets_others_go_first() {
    let client = analytics(|builder| builder.job_state_delay(Duration::from_millis(300))).await;
    let change = json!({ "properties": { "maxJobCount": 1 } });
    client
        .send("PATCH", &account(""), Some(change.to_string()))
        .await
        .expect(200, "");
    let first = submit(&client, &job("// first")).await;
    let yield_first = at(&format!("jobs/{first}/YieldJob"));
    client
        .send("POST", &yield_first, None)
        .await
        .expect(409, "JobNotRunning");
    let second = submit(&client, &job("// second")).await;
    wait_for(&client, &first, "Running").await;
    wait_for(&client, &second, "Queued").await;
    let answer = client.send("POST", &yield_first, None).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let second = wait_for(&client, &second, "Ended").await;
    let first = wait_for(&client, &first, "Ended").await;
    assert_eq!(first["result"], "Succeeded", "{first}");
    let states = trail(&first);
    let count = |state| states.iter().filter(|it| **it == state).count();
    assert_eq!(
        (count("Running"), count("Queued"), count("Ended")),
        (2, 2, 1)
    );
    assert!(second["endTime"].as_str() <= first["endTime"].as_str());
    client
        .send("POST", &yield_first, None)
        .await
        .expect(409, "JobNotRunning");
}

/// adla J13, J15 over the wire: a page names the next one.
#[tokio::test]
async fn lists_are_paged() {
    let client = analytics(|builder| builder).await;
    for n in 0..3 {
        let id = submit(&client, &job(&format!("// {n}"))).await;
        wait_for(&client, &id, "Ended").await;
    }
    let first = client
        .get(&at("jobs?$orderby=submitTime%20desc&$top=2"))
        .await
        .expect(200, "");
    assert_eq!(first["value"].as_array().unwrap().len(), 2);
    assert_eq!(first["value"][0]["related"], json!({}));
    let next = client
        .get(first["nextLink"].as_str().unwrap())
        .await
        .expect(200, "");
    assert_eq!(next["value"].as_array().unwrap().len(), 1);
    assert!(next.get("nextLink").is_none());
    let selected = client
        .get(&at("jobs?$select=jobId,name&$count=true"))
        .await
        .expect(200, "");
    assert_eq!(selected["value"][0].as_object().unwrap().len(), 2);
    assert_eq!(selected["count"], 3);
    client
        .get(&at("jobs?$filter=colour%20eq%201"))
        .await
        .expect(400, "InvalidODataQuery");
}

/// adla J16, J17, J18
#[tokio::test]
async fn pipelines_and_recurrences_add_up() {
    let client = analytics(|builder| builder).await;
    let (pipeline, run, recurrence) = (
        ID,
        uuid::Uuid::new_v4().to_string(),
        uuid::Uuid::new_v4().to_string(),
    );
    let mut body = job("// ok");
    body["related"] = json!({
        "pipelineId": pipeline, "pipelineName": "daily", "pipelineUri": "https://example.com/p",
        "runId": run, "recurrenceId": recurrence, "recurrenceName": "every day",
    });
    let id = submit(&client, &body).await;
    wait_for(&client, &id, "Ended").await;
    body["properties"]["script"] = json!("SELECT FROM;");
    let failing = submit(&client, &body).await;
    wait_for(&client, &failing, "Ended").await;
    let listed = client.get(&at("pipelines")).await.expect(200, "");
    let item = &listed["value"][0];
    assert_eq!(
        (
            &item["pipelineName"],
            &item["numJobsSucceeded"],
            &item["numJobsFailed"]
        ),
        (&json!("daily"), &json!(1), &json!(1))
    );
    assert!(item["auHoursSucceeded"].as_f64().unwrap() >= 0.0);
    let whole = client
        .get(&at(&format!("pipelines/{pipeline}")))
        .await
        .expect(200, "");
    assert_eq!(whole["recurrences"], json!([recurrence]));
    assert_eq!(
        (&whole["runs"][0]["item1"], &whole["runs"][0]["runId"]),
        (&json!(run), &json!(run))
    );
    let recurring = client
        .get(&at(&format!("recurrences/{recurrence}")))
        .await
        .expect(200, "");
    assert_eq!(recurring["recurrenceName"], "every day");
    client
        .get(&at(&format!("recurrences/{ID}")))
        .await
        .expect(404, "RecurrenceNotFound");
    let long = at("pipelines?startDateTime=2020-01-01T00:00:00Z&endDateTime=2020-03-01T00:00:00Z");
    client.get(&long).await.expect(400, "InvalidDateRange");
    let before =
        at("pipelines?startDateTime=2020-01-01T00:00:00Z&endDateTime=2020-01-02T00:00:00Z");
    assert_eq!(
        client.get(&before).await.expect(200, "")["value"],
        json!([])
    );
}

/// A restart loses no job: those that wait go on, one that ran is ended with a reason.
#[tokio::test]
async fn a_restart_loses_no_job() {
    let directory = tempfile::tempdir().unwrap();
    let start = async |delay: u64| {
        let builder = Emulator::builder()
            .data_dir(directory.path().join("data"))
            .port_base(0);
        Client::of(
            builder
                .job_state_delay(Duration::from_millis(delay))
                .start()
                .await
                .unwrap(),
        )
    };
    let client = start(100).await;
    prepare(&client).await;
    let change = json!({ "properties": { "maxJobCount": 1 } });
    client
        .send("PATCH", &account(""), Some(change.to_string()))
        .await
        .expect(200, "");
    let running = submit(&client, &job("// running")).await;
    wait_for(&client, &running, "Scheduling").await;
    let waiting = submit(&client, &job("// waiting")).await;
    wait_for(&client, &waiting, "Queued").await;
    client.stop().await;

    let client = start(0).await;
    let ended = wait_for(&client, &waiting, "Ended").await;
    assert_eq!(ended["result"], "Succeeded");
    let ended = wait_for(&client, &running, "Ended").await;
    assert_eq!(ended["result"], "Failed");
    assert_eq!(
        ended["errorMessage"][0]["errorId"],
        "E_SYSTEM_EMULATOR_RESTARTED"
    );
}

/// adla C1 to C4, C8: the catalog shows what scripts made, and what is not there is named.
#[tokio::test]
async fn the_catalog_shows_what_scripts_made() {
    let client = analytics(|builder| builder).await;
    let catalog = |rest: &str| at(&format!("catalog/usql/{rest}"));
    let databases = client.get(&catalog("databases")).await.expect(200, "");
    assert_eq!(databases["value"][0]["databaseName"], "master");
    let schemas = client
        .get(&catalog("databases/MASTER/schemas"))
        .await
        .expect(200, "");
    let names: Vec<&str> = schemas["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["schemaName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["dbo", "INFORMATION_SCHEMA", "sys", "usql"]);
    for rest in [
        "databases/master/tables",
        "databases/master/schemas/dbo/tables",
        "databases/master/schemas/dbo/tablevaluedfunctions",
        "databases/master/assemblies",
    ] {
        let listed = client.get(&catalog(rest)).await.expect(200, "");
        assert_eq!(listed["value"], json!([]), "{rest}");
    }
    for (rest, code) in [
        ("databases/nodb", "DatabaseNotFound"),
        ("databases/master/schemas/none", "SchemaNotFound"),
        ("databases/master/schemas/dbo/tables/t", "TableNotFound"),
        (
            "databases/master/schemas/dbo/colours",
            "InvalidResourceType",
        ),
    ] {
        client.get(&catalog(rest)).await.expect(404, code);
    }
    let script = "CREATE DATABASE db; USE db;\n\
                  CREATE TABLE T(UserId int, Region string, Length long?,\n\
                      INDEX idx1 CLUSTERED (Region) PARTITIONED BY (UserId) DISTRIBUTED BY HASH (Region) INTO 4);\n\
                  ALTER TABLE T ADD PARTITION (7);\n\
                  INSERT INTO T PARTITION (7) VALUES (\"x\", (long?) null);\n\
                  CREATE VIEW v AS SELECT Region FROM T;\n\
                  CREATE PROCEDURE p() AS BEGIN\n\
                      OUTPUT v TO \"/p.csv\" USING Outputters.Csv();\n\
                  END;";
    let id = submit(&client, &job(script)).await;
    let ended = wait_for(&client, &id, "Ended").await;
    assert_eq!(ended["result"], "Succeeded", "{ended}");
    // adla C2
    let table = catalog("databases/db/schemas/dbo/tables/t");
    let table = client.get(&table).await.expect(200, "");
    assert_eq!(table["tableName"], "T");
    assert_eq!(
        table["columnList"],
        json!([
            { "name": "UserId", "type": "System.Int32" },
            { "name": "Region", "type": "System.String" },
            { "name": "Length", "type": "System.Nullable`1[[System.Int64]]" },
        ])
    );
    let index = &table["indexList"][0];
    assert_eq!(
        (&index["name"], &index["columns"]),
        (&json!("idx1"), &json!(["Region", "UserId"]))
    );
    assert_eq!(
        index["distributionInfo"],
        json!({
            "type": 2, "keys": [{ "name": "Region", "descending": false }], "count": 4, "dynamicCount": 0,
        })
    );
    let partitions = catalog("databases/db/schemas/dbo/tables/T/partitions");
    let partitions = client.get(&partitions).await.expect(200, "");
    assert_eq!(partitions["value"][0]["label"], json!(["7"]));
    // adla C3, C4
    let procedure = catalog("databases/db/schemas/dbo/procedures/p");
    let procedure = client.get(&procedure).await.expect(200, "");
    let text = procedure["definition"].as_str().unwrap();
    assert!(
        text.starts_with("CREATE PROCEDURE p()") && text.ends_with("END;"),
        "{text}"
    );
    let by_schema = client.get(&catalog("databases/db/schemas/dbo/views")).await;
    let by_database = client.get(&catalog("databases/db/views")).await;
    assert_eq!(by_schema.expect(200, ""), by_database.expect(200, ""));
    // adla C8
    let preview = catalog("databases/db/schemas/dbo/tables/T/previewrows?maxColumns=2");
    let preview = client.get(&preview).await.expect(200, "");
    assert_eq!(
        (
            &preview["totalRowCount"],
            &preview["totalColumnCount"],
            &preview["truncated"]
        ),
        (&json!(1), &json!(3), &json!(true))
    );
    assert_eq!(preview["rows"], json!([["7", "x"]]));
    let id = submit(&client, &job("DROP DATABASE db;")).await;
    let ended = wait_for(&client, &id, "Ended").await;
    assert_eq!(ended["result"], "Succeeded", "{ended}");
    client
        .get(&catalog("databases/db"))
        .await
        .expect(404, "DatabaseNotFound");
    client
        .put(&catalog("databases/master"), &json!({}))
        .await
        .expect(405, "MethodNotAllowed");
}

/// adla C5, C6: what callers keep beside the catalog; no password is told, and nothing outlives its account.
#[tokio::test]
async fn credentials_secrets_and_access_control() {
    let client = analytics(|builder| builder).await;
    let catalog = |rest: &str| at(&format!("catalog/usql/{rest}"));
    let secret = catalog("databases/master/secrets/s");
    client
        .put(&secret, &json!({ "password": "hunter2" }))
        .await
        .expect(200, "");
    let shown = client.get(&secret).await.expect(200, "");
    assert_eq!(
        (&shown["secretName"], &shown["password"]),
        (&json!("s"), &Value::Null)
    );
    let credential = catalog("databases/MASTER/credentials/Shop");
    let body = json!({ "password": "hunter2", "uri": "https://shop", "userId": "u" });
    client
        .put(&credential, &json!({ "password": "x" }))
        .await
        .expect(400, "MissingRequiredParameter");
    client.put(&credential, &body).await.expect(200, "");
    client
        .put(&credential, &body)
        .await
        .expect(409, "CredentialAlreadyExists");
    let listed = client.get(&catalog("databases/master/credentials")).await;
    let listed = listed.expect(200, "");
    assert_eq!(listed["value"][0]["credentialName"], "Shop");
    assert!(!listed.to_string().contains("hunter"));
    let wrong = json!({ "password": "wrong" }).to_string();
    client
        .send("POST", &credential, Some(wrong))
        .await
        .expect(403, "CredentialPasswordMismatch");
    client.get(&credential).await.expect(200, "");

    let user = "6b190b7a-0acf-43c8-ab14-965f5aea6243";
    let acl = catalog("databases/master/acl");
    let grant = |permission: &str| {
        json!({ "aceType": "User", "principalId": user, "permission": permission }).to_string()
    };
    let with = |operation: &str| format!("{acl}&op={operation}");
    client
        .send("POST", &with("GRANTACE"), Some(grant("Use")))
        .await
        .expect(200, "");
    client
        .send("POST", &with("GRANTACE"), Some(grant("All")))
        .await
        .expect(200, "");
    client
        .send("POST", &with("GRANTACE"), Some(grant("Fly")))
        .await
        .expect(400, "InvalidParameterValue");
    client
        .send("POST", &with("DANCE"), Some(grant("Use")))
        .await
        .expect(400, "InvalidParameterValue");
    let entries = client.get(&acl).await.expect(200, "");
    assert_eq!(
        entries["value"],
        json!([{ "aceType": "User", "principalId": user, "permission": "All" }])
    );
    let whole = client.get(&catalog("acl")).await.expect(200, "");
    assert_eq!(whole["value"], json!([]));
    client
        .send("POST", &with("REVOKEACE"), Some(grant("All")))
        .await
        .expect(200, "");
    client
        .send("POST", &with("REVOKEACE"), Some(grant("All")))
        .await
        .expect(404, "AceNotFound");

    client
        .send("DELETE", &account(""), None)
        .await
        .expect(200, "");
    client
        .put(&account(""), &create_body("mylake"))
        .await
        .expect(201, "");
    client
        .get(&credential)
        .await
        .expect(404, "CredentialNotFound");
    client.get(&secret).await.expect(404, "SecretNotFound");
}
