//! Through HTTP, as clients see it.

use serde_json::{Value, json};

use crate::testing::Client;

const SUBSCRIPTION: &str = "/subscriptions/22222222-2222-2222-2222-222222222222";
const VERSION: &str = "api-version=2016-09-01";

fn group(name: &str) -> String {
    format!("{SUBSCRIPTION}/resourcegroups/{name}?{VERSION}")
}

fn store(name: &str) -> String {
    format!(
        "{SUBSCRIPTION}/resourceGroups/azml/providers/Microsoft.DataLakeStore/accounts/{name}?api-version=2016-11-01"
    )
}

/// adla A1, A2: groups, in any spelling of the fixed segments.
#[tokio::test]
async fn groups_are_created_once_and_found_in_any_case() {
    let client = Client::start().await;
    client.head(&group("lake")).await.expect(404, "");
    let body = json!({ "location": "East US 2", "tags": { "team": "a" } });
    let made = client.put(&group("Lake"), &body).await.expect(201, "");
    assert_eq!(made["location"], "eastus2");
    assert_eq!(made["properties"]["provisioningState"], "Succeeded");
    client.put(&group("lake"), &body).await.expect(200, "");
    let elsewhere = json!({ "location": "westeurope" });
    client
        .put(&group("lake"), &elsewhere)
        .await
        .expect(409, "InvalidResourceGroupLocation");
    client.head(&group("LAKE")).await.expect(204, "");
    let found = client.get(&group("LAKE")).await.expect(200, "");
    assert_eq!(found["name"], "Lake");
    let upper = format!(
        "{}/RESOURCEGROUPS/lake?{VERSION}",
        SUBSCRIPTION.replace("subscriptions", "Subscriptions")
    );
    client.get(&upper).await.expect(200, "");
    let filter = format!(
        "{SUBSCRIPTION}/resourcegroups?{VERSION}&$filter=tagName%20eq%20'team'%20and%20tagValue%20eq%20'a'"
    );
    let listed = client.get(&filter).await.expect(200, "");
    assert_eq!(listed["value"].as_array().unwrap().len(), 1);
}

/// adla A14 and the table of Resource Manager errors.
#[tokio::test]
async fn refusals_are_named() {
    let client = Client::start().await;
    let long = "x".repeat(91);
    for (path, status, code) in [
        (
            format!("{SUBSCRIPTION}/resourcegroups/azml"),
            400,
            "MissingApiVersionParameter",
        ),
        (
            format!("{SUBSCRIPTION}/resourcegroups/azml?api-version=latest"),
            400,
            "InvalidApiVersionParameter",
        ),
        (group("nowhere"), 404, "ResourceGroupNotFound"),
        (store("nobody"), 404, "ResourceNotFound"),
        (
            store("nobody").replace("/azml/", "/nowhere/"),
            404,
            "ResourceGroupNotFound",
        ),
        (
            store("nobody").replace("2016-11-01", "2016-01-01"),
            400,
            "InvalidApiVersionParameter",
        ),
        (
            store("nobody").replace("DataLakeStore", "Nothing"),
            404,
            "InvalidResourceNamespace",
        ),
        (
            store("nobody").replace("accounts/nobody", "things/x"),
            404,
            "InvalidResourceType",
        ),
        (
            format!("/subscriptions/99999999-9999-9999-9999-999999999999?{VERSION}"),
            404,
            "SubscriptionNotFound",
        ),
    ] {
        client.get(&path).await.expect(status, code);
    }
    for (name, body, status, code) in [
        ("ok", json!({}), 400, "LocationRequired"),
        ("ok", json!({ "location": 5 }), 400, "InvalidParameter"),
        ("ok", json!([]), 400, "InvalidRequestContent"),
        (
            "ends.",
            json!({ "location": "eastus2" }),
            400,
            "InvalidResourceGroup",
        ),
        (
            long.as_str(),
            json!({ "location": "eastus2" }),
            400,
            "InvalidResourceGroup",
        ),
    ] {
        client.put(&group(name), &body).await.expect(status, code);
    }
    client
        .send("PUT", &group("ok"), Some("{".into()))
        .await
        .expect(400, "InvalidRequestContent");
    client
        .send("POST", &group("azml"), None)
        .await
        .expect(405, "MethodNotAllowed");
}

/// auth T19: each refusal of a token has its code and a challenge.
#[tokio::test]
async fn tokens_are_checked() {
    let client = Client::start().await;
    for (token, code) in [
        (None, "AuthenticationFailed"),
        (Some("nonsense".to_owned()), "AuthenticationFailed"),
        (
            Some(client.token("https://storage.azure.com/").await),
            "InvalidAuthenticationTokenAudience",
        ),
    ] {
        let answer = client.with_token(token).get(&group("azml")).await;
        let challenge = answer
            .header("www-authenticate")
            .unwrap_or_default()
            .to_owned();
        answer.expect(401, code);
        assert!(
            challenge.starts_with("Bearer authorization_uri="),
            "{challenge}"
        );
    }
    let open = Client::start_with(|builder| builder.no_auth()).await;
    open.with_token(None)
        .get(&group("azml"))
        .await
        .expect(200, "");
}

/// adla A3, A5, A6: creation as it was recorded.
#[tokio::test]
async fn creation_is_a_long_running_operation() {
    let client = Client::start().await;
    let created = client
        .put(&store("mylake"), &json!({ "location": "East US 2" }))
        .await;
    let operation = created.header("azure-asyncoperation").unwrap().to_owned();
    let location = created.header("location").unwrap().to_owned();
    assert_eq!(created.header("retry-after"), Some("0"));
    let body = created.expect(201, "");
    assert_eq!(body["properties"]["provisioningState"], "Creating");
    assert_eq!(body["properties"]["state"], Value::Null);
    assert_eq!(body["properties"]["endpoint"], Value::Null);
    assert!(
        operation.contains("/locations/eastus2/operationResults/"),
        "{operation}"
    );
    assert!(
        location.contains("/accounts/mylake/operationresults/0?"),
        "{location}"
    );

    let first = client.get(&operation).await;
    assert_eq!(first.header("retry-after"), Some("0"));
    assert_eq!(first.expect(200, "")["status"], "InProgress");
    let second = client.get(&operation).await.expect(200, "");
    assert_eq!(second["status"], "Succeeded");
    assert!(second["endTime"].is_string());
    client.get(&location).await.expect(200, "");
    let shown = client.get(&store("mylake")).await.expect(200, "");
    let properties = &shown["properties"];
    assert_eq!(properties["state"], "Active");
    assert_eq!(properties["encryptionState"], "Enabled");
    assert_eq!(properties["encryptionConfig"]["type"], "ServiceManaged");
    assert_eq!(properties["firewallRules"], json!([]));
    let endpoint = properties["endpoint"].as_str().unwrap();
    assert!(
        endpoint.starts_with("mylake.azuredatalakestore.localhost:"),
        "{endpoint}"
    );
    assert_eq!(shown["location"], "East US 2");
}

/// adla A13, A15 and names that are taken or bad.
#[tokio::test]
async fn account_names_are_unique() {
    let client = Client::start().await;
    let location = json!({ "location": "eastus2" });
    client
        .put(&store("mylake"), &location)
        .await
        .expect(201, "");
    client
        .put(&store("mylake"), &location)
        .await
        .expect(200, "");
    client
        .put(&store("mylake"), &json!({ "location": "westeurope" }))
        .await
        .expect(409, "InvalidResourceLocation");
    client
        .put(&store("My-Lake"), &location)
        .await
        .expect(400, "InvalidAccountName");
    client.put(&group("other"), &location).await.expect(201, "");
    let elsewhere = store("mylake").replace("/azml/", "/other/");
    client
        .put(&elsewhere, &location)
        .await
        .expect(409, "AccountNameInUse");
    client.get(&elsewhere).await.expect(404, "ResourceNotFound");

    let check = format!(
        "{SUBSCRIPTION}/providers/Microsoft.DataLakeStore/locations/eastus2/checkNameAvailability?api-version=2016-11-01"
    );
    let asked = |name: &str| json!({ "name": name, "type": "Microsoft.DataLakeStore/accounts" });
    let taken = client
        .send("POST", &check, Some(asked("mylake").to_string()))
        .await
        .expect(200, "");
    assert_eq!(
        (&taken["nameAvailable"], &taken["reason"]),
        (&json!(false), &json!("AlreadyExists"))
    );
    let bad = client
        .send("POST", &check, Some(asked("A").to_string()))
        .await
        .expect(200, "");
    assert_eq!(bad["reason"], "Invalid");
    let free = client
        .send("POST", &check, Some(asked("free").to_string()))
        .await
        .expect(200, "");
    assert_eq!(free["nameAvailable"], true);

    let list =
        format!("{SUBSCRIPTION}/providers/Microsoft.DataLakeStore/accounts?api-version=2016-11-01");
    let listed = client.get(&list).await.expect(200, "");
    let members = listed["value"][0]["properties"].as_object().unwrap();
    assert_eq!(
        members.len(),
        6,
        "lists show only the basic properties: {members:?}"
    );
}

/// Rules below an account, and deletion of one that is not there.
#[tokio::test]
async fn child_resources_have_their_own_addresses() {
    let client = Client::start().await;
    client
        .put(&store("mylake"), &json!({ "location": "eastus2" }))
        .await
        .expect(201, "");
    let rule = store("mylake").replace("?", "/firewallRules/home?");
    let range = |from: &str, to: &str| json!({ "properties": { "startIpAddress": from, "endIpAddress": to } });
    client.get(&rule).await.expect(404, "ResourceNotFound");
    let made = client
        .put(&rule, &range("10.0.0.1", "10.0.0.9"))
        .await
        .expect(200, "");
    assert_eq!(
        made["type"],
        "Microsoft.DataLakeStore/accounts/firewallRules"
    );
    client
        .put(&rule, &range("10.0.0.9", "10.0.0.1"))
        .await
        .expect(400, "InvalidParameterValue");
    client
        .put(&rule, &json!({}))
        .await
        .expect(400, "MissingRequiredParameter");
    let change = json!({ "properties": { "endIpAddress": "10.0.0.20" } });
    let changed = client
        .send("PATCH", &rule, Some(change.to_string()))
        .await
        .expect(200, "");
    assert_eq!(
        changed["properties"],
        json!({ "startIpAddress": "10.0.0.1", "endIpAddress": "10.0.0.20" })
    );
    let shown = client.get(&store("mylake")).await.expect(200, "");
    assert_eq!(shown["properties"]["firewallRules"][0]["name"], "home");
    client.send("DELETE", &rule, None).await.expect(200, "");
    client.send("DELETE", &rule, None).await.expect(204, "");
    let orphan = rule.replace("mylake", "nolake");
    client
        .get(&orphan)
        .await
        .expect(404, "ParentResourceNotFound");
}

/// Deleting a group takes its accounts with it and ends after polls.
#[tokio::test]
async fn a_group_goes_with_its_accounts() {
    let client = Client::start().await;
    client
        .put(&store("mylake"), &json!({ "location": "eastus2" }))
        .await
        .expect(201, "");
    let deleted = client.send("DELETE", &group("azml"), None).await;
    let location = deleted.header("location").unwrap().to_owned();
    deleted.expect(202, "");
    client.get(&location).await.expect(202, "");
    client.get(&location).await.expect(200, "");
    client
        .get(&group("azml"))
        .await
        .expect(404, "ResourceGroupNotFound");
    client
        .put(&group("azml"), &json!({ "location": "eastus2" }))
        .await
        .expect(201, "");
    client
        .get(&store("mylake"))
        .await
        .expect(404, "ResourceNotFound");
    client
        .send("DELETE", &store("mylake"), None)
        .await
        .expect(204, "");
}

/// A12
#[tokio::test]
async fn fixed_facts_are_told() {
    let client = Client::start().await;
    let capability = |location: &str| {
        format!(
            "{SUBSCRIPTION}/providers/Microsoft.DataLakeStore/locations/{location}/capability?api-version=2016-11-01"
        )
    };
    let known = client
        .get(&capability("East%20US%202"))
        .await
        .expect(200, "");
    assert_eq!(known["state"], "Registered");
    client
        .get(&capability("atlantis"))
        .await
        .expect(404, "LocationNotFound");
    let usages = |namespace: &str| {
        format!(
            "{SUBSCRIPTION}/providers/{namespace}/locations/eastus2/usages?api-version=2016-11-01"
        )
    };
    let told = client
        .get(&usages("Microsoft.DataLakeStore"))
        .await
        .expect(200, "");
    assert_eq!(
        (&told["value"][0]["currentValue"], &told["value"][0]["unit"]),
        (&json!(0), &json!("Count"))
    );
    client
        .get(&usages("Microsoft.DataLakeAnalytics"))
        .await
        .expect(404, "InvalidResourceType");
    let tenants = client
        .get(&format!("/tenants?{VERSION}"))
        .await
        .expect(200, "");
    assert_eq!(
        tenants["value"][0]["tenantId"],
        "11111111-1111-1111-1111-111111111111"
    );
    let subscriptions = client
        .get(&format!("/subscriptions?{VERSION}"))
        .await
        .expect(200, "");
    assert_eq!(subscriptions["value"][0]["state"], "Enabled");
    let provider = format!("{SUBSCRIPTION}/providers/Microsoft.DataLakeStore?{VERSION}");
    assert_eq!(
        client.get(&provider).await.expect(200, "")["registrationState"],
        "Registered"
    );
    let metadata = client
        .get("/metadata/endpoints?api-version=2015-01-01")
        .await
        .expect(200, "");
    assert!(metadata["authentication"]["loginEndpoint"].is_string());
    let operations = client
        .get("/providers/Microsoft.DataLakeStore/operations?api-version=2016-11-01")
        .await;
    assert!(
        !operations.expect(200, "")["value"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}
