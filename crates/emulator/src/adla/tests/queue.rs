//! Jobs beside each other: turns, lists, pipelines, restarts.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ENDLESS, ID, account, analytics, at, job, prepare, submit, trail, wait_for};
use crate::Emulator;
use crate::testing::Client;

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
    let client = analytics(|builder| builder.job_state_delay(Duration::from_millis(800))).await;
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

/// adla section 2.1: a job that waits can be changed, within what its submitter may use; one that runs cannot.
#[tokio::test]
async fn waiting_jobs_are_changed() {
    let client = analytics(|builder| builder).await;
    let change = json!({ "properties": { "maxJobCount": 1 } });
    client
        .send("PATCH", &account(""), Some(change.to_string()))
        .await
        .expect(200, "");
    let patch = async |id: &str, body: &Value| {
        let path = format!("/adla/myadla/jobs/{id}?api-version=2017-09-01-preview");
        client.send("PATCH", &path, Some(body.to_string())).await
    };
    let first = submit(&client, &job(ENDLESS)).await;
    wait_for(&client, &first, "Running").await;
    let usual = submit(&client, &job("// usual")).await;
    let hurried = submit(&client, &job("// hurried")).await;
    wait_for(&client, &usual, "Queued").await;
    wait_for(&client, &hurried, "Queued").await;

    let urgent = json!({ "priority": 10, "degreeOfParallelism": 2, "tags": { "for": "tests" } });
    let old = at(&format!("jobs/{hurried}"));
    client
        .send("PATCH", &old, Some(urgent.to_string()))
        .await
        .expect(400, "InvalidApiVersionParameter");
    for (body, code) in [
        (
            json!({ "degreeOfParallelism": 31 }),
            "DegreeOfParallelismExceedsMaximum",
        ),
        (json!({ "priority": 0 }), "InvalidParameterValue"),
        (json!({ "tags": "x" }), "InvalidParameter"),
    ] {
        patch(&hurried, &body).await.expect(400, code);
    }
    patch(ID, &urgent).await.expect(404, "JobNotFound");
    let changed = patch(&hurried, &urgent).await.expect(200, "");
    assert_eq!(
        (
            &changed["priority"],
            &changed["degreeOfParallelism"],
            &changed["tags"]
        ),
        (&json!(10), &json!(2), &json!({ "for": "tests" }))
    );
    patch(&first, &urgent).await.expect(409, "JobNotWaiting");
    let cancel = at(&format!("jobs/{first}/CancelJob"));
    client.send("POST", &cancel, None).await.expect(200, "");

    let usual = wait_for(&client, &usual, "Ended").await;
    let hurried = wait_for(&client, &hurried, "Ended").await;
    let started = |job: &Value| job["startTime"].as_str().unwrap().to_owned();
    assert!(started(&hurried) < started(&usual), "it went first");
    assert_eq!(hurried["degreeOfParallelism"], 2);
    let last = hurried["jobId"].as_str().unwrap();
    patch(last, &urgent).await.expect(409, "JobNotWaiting");
}
