//! Jobs from their submission to their end.

use std::time::Duration;

use azml_core::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::{ENDLESS, ID, SCRIPT, account, analytics, at, content, job, submit, trail, wait_for};

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
    // A script that does nothing has no stage.
    assert_eq!(statistics["stages"], json!([]));
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
    let id = submit(&client, &job(ENDLESS)).await;
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

/// A job that is cancelled while its outputs appear has succeeded, or it left none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_job_has_no_outputs() {
    let client = analytics(|builder| builder).await;
    let mut ends = std::collections::BTreeSet::new();
    for n in 0..24_u64 {
        let script = format!(
            "@a = SELECT i FROM (VALUES (1)) AS T(x) CROSS APPLY EXPLODE(Enumerable.Range(1, 2000)) AS e(i);\n\
             OUTPUT @a TO \"/race/{n}.csv\" USING Outputters.Csv();"
        );
        let id = submit(&client, &job(&script)).await;
        SystemClock.sleep(Duration::from_millis(n % 12 * 4)).await;
        let cancel = at(&format!("Jobs/{id}/CancelJob"));
        assert_eq!(client.send("POST", &cancel, None).await.status, 200);
        let ended = wait_for(&client, &id, "Ended").await;
        let file = format!("/adls/mylake/webhdfs/v1/race/{n}.csv?op=GETFILESTATUS");
        let there = client.get(&file).await.status == 200;
        let result = ended["result"].as_str().unwrap().to_owned();
        assert_eq!(there, result == "Succeeded", "{n}: {ended}");
        ends.insert(result);
    }
    assert!(ends.contains("Cancelled"), "{ends:?}");
}

/// Statistics: a stage for each kind of vertex of a job that groups.
#[tokio::test]
async fn statistics_have_a_stage_for_each_kind_of_vertex() {
    let client = analytics(|builder| builder).await;
    let script = "@a = SELECT k FROM (VALUES (\"a\"), (\"b\"), (\"a\")) AS T(k);\n\
                  @g = SELECT k, COUNT(*) AS n FROM @a GROUP BY k;\n\
                  OUTPUT @g TO \"/g.csv\" USING Outputters.Csv();";
    let mut body = job(script);
    body["degreeOfParallelism"] = json!(2);
    let id = submit(&client, &body).await;
    let ended = wait_for(&client, &id, "Ended").await;
    assert_eq!(ended["result"], "Succeeded", "{ended}");
    let statistics = client
        .get(&at(&format!("Jobs/{id}/GetStatistics")))
        .await
        .expect(200, "");
    let stages = statistics["stages"].as_array().unwrap();
    let names: Vec<&str> = stages
        .iter()
        .map(|stage| stage["stageName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["SV1_Extract", "SV2_Aggregate"]);
    assert_eq!(stages[1]["totalCount"], 2);
    let written = content(&client, "g.csv").await.len();
    assert_eq!(stages[1]["dataWritten"], json!(written));
}
