//! Through HTTP, as clients see it.

mod accounts;
mod catalog;
mod jobs;
mod queue;

use std::time::Duration;

use azml_core::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::testing::Client;

const GROUP: &str =
    "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/azml/providers";
const VERSION: &str = "api-version=2016-11-01";

/// The article's script.
const SCRIPT: &str = "@a = SELECT * FROM (VALUES (\"Contoso\", 1500.0), (\"Woodgrove\", 2700.0)) AS D( customer, amount );\nOUTPUT @a TO \"/data.csv\" USING Outputters.Csv();";

/// A script that runs until it is stopped, as far as a test can wait.
const ENDLESS: &str = "@a = SELECT n FROM (VALUES (0)) AS T(k) CROSS APPLY EXPLODE(Enumerable.Range(1, 30000)) AS e(n);
@b = SELECT n AS m FROM @a;
@c = SELECT n, m FROM @a CROSS JOIN @b;
@s = SELECT SUM(Math.Sqrt(n * m)) AS s FROM @c;
OUTPUT @s TO \"/s.csv\" USING Outputters.Csv();";
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
