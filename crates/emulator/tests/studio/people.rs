//! The workspace and its people.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Studio, TOKEN, WORKSPACE, send};

/// studio S-171
#[tokio::test]
async fn the_workspace_describes_itself() {
    let studio = Studio::start().await;
    let workspace = studio
        .get(&format!("api/workspaces/{WORKSPACE}"))
        .await
        .json();
    assert_eq!(workspace["WorkspaceId"], WORKSPACE);
    assert_eq!(workspace["AuthorizationToken"]["PrimaryToken"], TOKEN);
    assert_eq!(workspace["UseDefaultHDInsightSettings"], true);
    for member in [
        "FriendlyName",
        "Description",
        "OwnerEmail",
        "UserStorage",
        "SubscriptionId",
        "SubscriptionName",
        "SubscriptionState",
        "Region",
        "WorkspaceStatus",
        "Type",
        "CreatedTime",
        "MigrationStatus",
    ] {
        assert!(workspace[member].is_string(), "{member}");
    }
}

async fn users(studio: &Studio) -> Vec<Value> {
    let path = format!("api/workspaces/{WORKSPACE}/users");
    studio.get(&path).await.json().as_array().unwrap().clone()
}

fn find<'a>(users: &'a [Value], email: &str) -> Option<&'a Value> {
    users.iter().find(|user| user["User"]["Email"] == email)
}

/// studio 1.7, 5.4: becoming owner is being removed and invited anew.
#[tokio::test]
async fn people_are_invited_and_removed() {
    let studio = Studio::start().await;
    assert_eq!(users(&studio).await.len(), 1);
    let path = format!("api/workspaces/{WORKSPACE}/invitations");
    let body = json!({"Role": "user", "Emails": "ada@example.org, nobody;grace@example.org"});
    let invited = studio.post(&path, body).await.json();
    assert_eq!(invited[0]["Email"], "ada@example.org");
    assert_eq!(invited[0]["Failed"], false);
    assert_eq!(invited[1]["Failed"], true);
    assert!(invited[1]["ErrorMessage"].is_string());
    assert_eq!(invited[2]["Failed"], false);
    let people = users(&studio).await;
    let ada = find(&people, "ada@example.org").unwrap();
    assert_eq!(ada["User"]["Role"], "User");
    // The PowerShell client leaves the names unquoted.
    let bare = studio
        .request(Method::POST, &path)
        .body("{Role: \"Owner\", Emails:\"ada@example.org\"}");
    let again = send(bare.try_clone().unwrap()).await.json();
    assert_eq!(again[0]["Failed"], true);
    let id = ada["User"]["UserId"].as_str().unwrap();
    let user = format!("api/workspaces/{WORKSPACE}/users/{id}");
    assert_eq!(studio.delete(&user).await.status.as_u16(), 204);
    studio.delete(&user).await.refuses(404, "no user");
    let again = send(bare).await.json();
    assert_eq!(again[0]["Failed"], false);
    let people = users(&studio).await;
    let ada = find(&people, "ada@example.org").unwrap();
    assert_eq!(ada["User"]["Role"], "Owner");
    let body = json!({"Role": "King", "Emails": ["x@example.org"]});
    studio
        .post(&path, body)
        .await
        .refuses(400, "Owner nor User");
    studio
        .post(&path, json!([]))
        .await
        .refuses(400, "not valid");
}

#[tokio::test]
async fn what_the_emulator_lacks_is_said() {
    let studio = Studio::start().await;
    for list in [
        "trainedmodels",
        "transformmodules",
        "notebooks",
        "gateways",
        "projectcontainers",
    ] {
        let path = format!("api/workspaces/{WORKSPACE}/{list}");
        assert_eq!(studio.get(&path).await.json(), json!([]), "{list}");
    }
    let path = format!("api/workspaces/{WORKSPACE}/packages?api-version=2.0");
    studio.post(&path, json!({})).await.refuses(501, "packing");
}
