//! The contracts of workspaces and datastores over HTTP. Row numbers are those of
//! `docs/compat/storage.md`.

use serde_json::{Value, json};

use crate::testing::Client;

const WS: &str = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/azml/providers/Microsoft.MachineLearningServices/workspaces/azml";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

fn plane(path: &str) -> String {
    format!("/datastore/v1.0{WS}{path}")
}

fn arm(path: &str) -> String {
    format!("{WS}{path}?api-version=2024-10-01")
}

fn blob(name: &str, container: &str, key: &str) -> Value {
    json!({"name": name, "dataStoreType": "AzureBlob", "azureStorageSection": {
        "accountName": "devstoreaccount1", "containerName": container,
        "credentialType": "AccountKey", "credential": key}})
}

async fn register(client: &Client, body: &Value, query: &str) -> crate::testing::Answer {
    client
        .send_json("POST", &plane(&format!("/datastores?{query}")), body)
        .await
}

const CREATE: &str = "createIfNotExists=true&skipValidation=false";
const PLAIN: &str = "createIfNotExists=false&skipValidation=false";

/// storage WS-01, WS-02.
#[tokio::test]
async fn the_workspace_and_its_services_are_found() {
    let client = Client::start().await;
    let workspace = client.get(&arm("")).await.expect(200, "");
    let properties = &workspace["properties"];
    assert_eq!(workspace["name"], "azml");
    assert_eq!(properties["provisioningState"], "Succeeded");
    let account = properties["storageAccount"].as_str().unwrap();
    assert!(account.ends_with("Microsoft.Storage/storageAccounts/devstoreaccount1"));

    let anonymous = client.with_token(None);
    let discovery = properties["discoveryUrl"].as_str().unwrap();
    let services = anonymous.get(discovery).await.expect(200, "");
    for name in [
        "api",
        "experimentation",
        "history",
        "hyperdrive",
        "modelmanagement",
        "studio",
    ] {
        let url = services[name].as_str().unwrap();
        assert!(
            discovery.starts_with(url) && !url.ends_with('/'),
            "{name}: {url}"
        );
    }
    anonymous
        .get(&arm(""))
        .await
        .expect(401, "AuthenticationFailed");
    let missing = WS.replace("workspaces/azml", "workspaces/other");
    let missing = format!("{missing}?api-version=2022-05-01");
    client.get(&missing).await.expect(404, "ResourceNotFound");
}

/// storage WS-03, WS-04, WS-05.
#[tokio::test]
async fn workspaces_are_created_listed_and_deleted() {
    let client = Client::start().await;
    let at = WS.replace("workspaces/azml", "workspaces/second");
    let at = format!("{at}?api-version=2022-05-01");
    let body = json!({"location": "westus", "tags": {"a": "b"},
        "properties": {"friendlyName": "Second", "hbiWorkspace": true}});
    let made = client.put(&at, &body).await.expect(201, "");
    assert_eq!(made["properties"]["friendlyName"], "Second");
    assert_eq!(made["properties"]["hbiWorkspace"], true);
    let again = client.put(&at, &body).await.expect(200, "");
    assert_eq!(
        again["properties"]["workspaceId"],
        made["properties"]["workspaceId"]
    );

    let list = WS
        .replace("/azml/providers", "/AZML/providers")
        .replace("/workspaces/azml", "/workspaces");
    let list = format!("{list}?api-version=2022-05-01");
    let names = client.get(&list).await.expect(200, "");
    let names: Vec<_> = names["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["azml", "second"]);

    client.send("DELETE", &at, None).await.expect(200, "");
    client.send("DELETE", &at, None).await.expect(204, "");
    client.get(&at).await.expect(404, "ResourceNotFound");

    let bad = json!({"location": "westus", "properties": {"storageAccount": "/a/b/other"}});
    client
        .put(&at, &bad)
        .await
        .expect(400, "StorageAccountNotFound");
    let bad_name = at.replace("/second?", "/x?");
    client
        .put(&bad_name, &body)
        .await
        .expect(400, "InvalidParameterValue");
}

/// storage DS-01, DS-02, DS-03, DS-04.
#[tokio::test]
async fn a_datastore_is_registered_shown_and_unregistered() {
    let client = Client::start().await;
    register(&client, &blob("Photos", "raw", KEY), CREATE)
        .await
        .expect(200, "");
    let shown = client
        .get(&plane("/datastores/PHOTOS"))
        .await
        .expect(200, "");
    let section = &shown["azureStorageSection"];
    assert_eq!(shown["name"], "photos");
    assert_eq!(shown["hasBeenValidated"], true);
    assert_eq!(section["accountKey"], KEY);
    assert_eq!(section["protocol"], "https");
    assert!(
        section["endpoint"]
            .as_str()
            .unwrap()
            .starts_with("localhost:")
    );
    client
        .send("DELETE", &plane("/datastores/photos"), None)
        .await
        .expect(200, "");
    client
        .send("DELETE", &plane("/datastores/photos"), None)
        .await
        .expect(204, "");
    client
        .get(&plane("/datastores/photos"))
        .await
        .expect(404, "UserError");
}

/// storage DS-05, DS-06, DS-07, DS-08, DS-09: every refusal is the caller's mistake, with the texts that the
/// original client looks for.
#[tokio::test]
async fn refusals_are_user_errors_and_say_why() {
    let client = Client::start().await;
    let refused = async |body: Value, query: &str, words: &str| {
        let error = register(&client, &body, query)
            .await
            .expect(400, "UserError");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    };
    refused(
        blob("a", "raw", KEY),
        PLAIN,
        "The container 'raw' does not exist",
    )
    .await;
    register(&client, &blob("a", "raw", KEY), CREATE)
        .await
        .expect(200, "");
    refused(
        blob("A", "raw", KEY),
        PLAIN,
        "Another datastore with the same name already exists",
    )
    .await;
    refused(blob("b", "raw", "QUJD"), PLAIN, "403 Forbidden").await;
    refused(blob("b", "raw", "not base64"), PLAIN, "403 Forbidden").await;
    refused(blob("a-b", "raw", KEY), PLAIN, "'a-b' is invalid").await;
    refused(blob(&"a".repeat(256), "raw", KEY), PLAIN, "is invalid").await;
    let mut elsewhere = blob("b", "raw", KEY);
    elsewhere["azureStorageSection"]["accountName"] = "other".into();
    refused(elsewhere.clone(), PLAIN, "'other' does not exist").await;
    refused(json!({"name": "b", "dataStoreType": "Tape"}), PLAIN, "Tape").await;
    refused(
        json!({"name": "b", "dataStoreType": "AzureBlob"}),
        PLAIN,
        "section",
    )
    .await;
    register(&client, &elsewhere, "skipValidation=true")
        .await
        .expect(200, "");
    let shown = client.get(&plane("/datastores/b")).await.expect(200, "");
    assert_eq!(shown["azureStorageSection"]["endpoint"], "core.windows.net");
    assert_eq!(shown["hasBeenValidated"], false);

    let anonymous = client.with_token(None);
    anonymous
        .get(&plane("/datastores"))
        .await
        .expect(401, "UserError");
}

/// storage DS-10: an update needs the datastore to be there, and replaces it.
#[tokio::test]
async fn an_update_replaces() {
    let client = Client::start().await;
    let put = async |body: &Value| {
        let path = plane("/datastores/photos?skipValidation=true");
        client.send_json("PUT", &path, body).await
    };
    put(&blob("photos", "raw", KEY))
        .await
        .expect(404, "UserError");
    register(&client, &blob("photos", "raw", KEY), CREATE)
        .await
        .expect(200, "");
    put(&blob("photos", "other", "QUJD")).await.expect(200, "");
    let shown = client
        .get(&plane("/datastores/photos"))
        .await
        .expect(200, "");
    assert_eq!(shown["azureStorageSection"]["containerName"], "other");
    assert_eq!(shown["azureStorageSection"]["accountKey"], "QUJD");
}

/// storage DS-11, DS-12, DS-13: pages, names, secrets.
#[tokio::test]
async fn lists_are_paged_and_can_leave_secrets_out() {
    let client = Client::start().await;
    for name in ["a", "b", "c"] {
        register(&client, &blob(name, "raw", KEY), CREATE)
            .await
            .expect(200, "");
    }
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let path = plane(&format!("/datastores?count=2&continuationToken={token}"));
        let page = client.get(&path).await.expect(200, "");
        let value = page["value"].as_array().unwrap();
        assert!(value.len() <= 2);
        names.extend(
            value
                .iter()
                .map(|it| it["name"].as_str().unwrap().to_owned()),
        );
        match page["continuationToken"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(
        names,
        [
            "a",
            "b",
            "c",
            "workspaceartifactstore",
            "workspaceblobstore",
            "workspacefilestore"
        ]
    );
    let some = client
        .get(&plane("/datastores?dataStoreNames=C,a"))
        .await
        .expect(200, "");
    assert_eq!(some["value"].as_array().unwrap().len(), 2);
    assert!(some.to_string().contains(KEY));
    let hidden = client
        .get(&plane("/datastores?includeSecret=false"))
        .await
        .expect(200, "");
    assert!(!hidden.to_string().contains(KEY), "{hidden}");
    client
        .get(&plane("/datastores?count=x"))
        .await
        .expect(400, "UserError");
}

/// storage DS-14, DS-15.
#[tokio::test]
async fn the_default_can_be_changed() {
    let client = Client::start().await;
    let default = client.get(&plane("/default")).await.expect(200, "");
    assert_eq!(default["name"], "workspaceblobstore");
    client
        .send("PUT", &plane("/default/none"), None)
        .await
        .expect(404, "UserError");
    client
        .send("PUT", &plane("/default/WorkspaceArtifactStore"), None)
        .await
        .expect(200, "");
    let default = client.get(&plane("/default")).await.expect(200, "");
    assert_eq!(default["name"], "workspaceartifactstore");
}

/// storage AR-01, AR-02, AR-03, AR-04, AR-05, AR-06: the other contract over the same records.
#[tokio::test]
async fn both_contracts_see_the_same_datastores() {
    let client = Client::start().await;
    register(&client, &blob("photos", "raw", KEY), CREATE)
        .await
        .expect(200, "");
    let shown = client.get(&arm("/datastores/photos")).await.expect(200, "");
    let properties = &shown["properties"];
    assert_eq!(properties["datastoreType"], "AzureBlob");
    assert_eq!(properties["containerName"], "raw");
    assert_eq!(
        properties["credentials"],
        json!({"credentialsType": "AccountKey"})
    );
    assert!(!shown.to_string().contains(KEY));
    let secrets = client
        .send("POST", &arm("/datastores/photos/listSecrets"), None)
        .await
        .expect(200, "");
    assert_eq!(secrets, json!({"secretsType": "AccountKey", "key": KEY}));

    let lake = json!({"properties": {"datastoreType": "AzureDataLakeGen1", "storeName": "lake",
        "credentials": {"credentialsType": "ServicePrincipal", "clientId": "c", "tenantId": "t",
            "secrets": {"secretsType": "ServicePrincipal", "clientSecret": "hush"}}}});
    let at = arm("/datastores/lake") + "&skipValidation=true";
    client.put(&at, &lake).await.expect(201, "");
    client.put(&at, &lake).await.expect(200, "");
    let plane_view = client.get(&plane("/datastores/lake")).await.expect(200, "");
    assert_eq!(plane_view["dataStoreType"], "AzureDataLake");
    assert_eq!(plane_view["azureDataLakeSection"]["clientSecret"], "hush");

    let nothing = json!({"properties": {"datastoreType": "AzureBlob", "accountName": "x",
        "containerName": "y", "credentials": {"credentialsType": "None"}}});
    client
        .put(&arm("/datastores/open"), &nothing)
        .await
        .expect(201, "");
    let path = arm("/datastores/open/listSecrets");
    client
        .send("POST", &path, None)
        .await
        .expect(400, "NoSecrets");
    client
        .send("DELETE", &arm("/datastores/open"), None)
        .await
        .expect(200, "");
    client
        .send("DELETE", &arm("/datastores/open"), None)
        .await
        .expect(204, "");
    client
        .get(&arm("/datastores/open"))
        .await
        .expect(404, "ResourceNotFound");
}

/// storage AR-07, AR-08: lists of the other contract.
#[tokio::test]
async fn the_other_contract_lists_by_links_and_finds_the_default() {
    let client = Client::start().await;
    let page = client
        .get(&(arm("/datastores") + "&count=1"))
        .await
        .expect(200, "");
    assert_eq!(page["value"].as_array().unwrap().len(), 1);
    let next = page["nextLink"].as_str().unwrap();
    let page = client.get(next).await.expect(200, "");
    assert_eq!(page["value"][0]["name"], "workspaceblobstore");
    let last = client.get(page["nextLink"].as_str().unwrap()).await;
    let last = last.expect(200, "");
    assert_eq!(last["value"][0]["name"], "workspacefilestore");
    assert_eq!(last["nextLink"], Value::Null);
    let default = client
        .get(&(arm("/datastores") + "&isDefault=true"))
        .await
        .expect(200, "");
    assert_eq!(default["value"].as_array().unwrap().len(), 1);
    assert_eq!(default["value"][0]["properties"]["isDefault"], true);
}
