//! Accounts, their links and policies.

use azml_auth::storage::{AccountKey, SasBuilder, SasPermissions, SharedKey};
use serde_json::json;
use time::macros::datetime;

use super::{GROUP, ID, VERSION, account, analytics, create_body, prepare};
use crate::testing::Client;

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

/// adla section 1.1: the containers of a linked storage account, and a signature that opens one.
#[tokio::test]
async fn links_show_the_containers_of_their_accounts() {
    let client = analytics(|builder| builder).await;
    let key = client.variable(azml_core::env::ACCOUNT_KEY);
    let blobs = client.variable(azml_core::env::BLOB_ENDPOINT);
    let shared = SharedKey::new("devstoreaccount1", AccountKey::from_base64(&key).unwrap());
    let everything = SasBuilder::account("b", "sco")
        .permissions(SasPermissions::CREATE | SasPermissions::WRITE | SasPermissions::LIST)
        .expires(datetime!(2200-01-01 0:00 UTC))
        .sign(&shared)
        .unwrap();
    let anonymous = client.with_token(None);
    for name in ["photos", "logs"] {
        let made = format!("{blobs}/{name}?restype=container&{}", everything.expose());
        assert_eq!(anonymous.send("PUT", &made, None).await.status, 201);
    }
    let link = account("/storageAccounts/devstoreaccount1");
    let wrong = json!({ "properties": { "accessKey": "c2VjcmV0" } });
    client.put(&link, &wrong).await.expect(200, "");
    let containers = account("/StorageAccounts/DevStoreAccount1/Containers/");
    client
        .get(&containers)
        .await
        .expect(400, "InvalidStorageAccountAccessKey");
    let right = json!({ "properties": { "accessKey": key } });
    client.put(&link, &right).await.expect(200, "");
    let listed = client.get(&containers).await.expect(200, "");
    let listed = listed["value"].as_array().unwrap();
    for name in ["logs", "photos"] {
        assert!(listed.iter().any(|it| it["name"] == name), "{listed:?}");
    }
    let one = account("/storageAccounts/devstoreaccount1/containers/photos");
    let shown = client.get(&one).await.expect(200, "");
    assert!(shown["properties"]["lastModifiedTime"].is_string());
    client
        .get(&account(
            "/storageAccounts/devstoreaccount1/containers/none",
        ))
        .await
        .expect(404, "ResourceNotFound");
    client
        .get(&account("/storageAccounts/unlinked/containers"))
        .await
        .expect(404, "ResourceNotFound");
    let sign = account("/storageAccounts/devstoreaccount1/containers/photos/listSasTokens");
    client.get(&sign).await.expect(405, "MethodNotAllowed");
    let signed = client.send("POST", &sign, None).await.expect(200, "");
    let signature = signed["value"][0]["accessToken"].as_str().unwrap();
    for (name, status) in [("photos", 200), ("logs", 403)] {
        let list = format!("{blobs}/{name}?restype=container&comp=list&{signature}");
        assert_eq!(anonymous.get(&list).await.status, status, "{name}");
    }
    let elsewhere = account("/storageAccounts/elsewhere");
    client.put(&elsewhere, &right).await.expect(200, "");
    client
        .get(&account("/storageAccounts/elsewhere/containers"))
        .await
        .expect(404, "StorageAccountNotFound");
}
