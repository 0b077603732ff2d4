//! Tokens: who may call, and what regenerating one does.

use reqwest::{Method, StatusCode};

use crate::support::{GLOBAL, Studio, TOKEN, TOKEN_HEADER, WORKSPACE, send};

const SECONDARY: &str = "5ec0da2e5ec0da2e5ec0da2e5ec0da2e";

fn datasets() -> String {
    format!("api/workspaces/{WORKSPACE}/datasources")
}

/// studio S-011, S-014
#[tokio::test]
async fn a_missing_or_wrong_token_is_refused() {
    let studio = Studio::start().await;
    let answer = send(studio.bare(Method::GET, &datasets())).await;
    answer.refuses(401, "not valid");
    for wrong in ["", "wrong", &TOKEN.to_uppercase(), &TOKEN[1..]] {
        let request = studio.bare(Method::GET, &datasets());
        let answer = send(request.header(TOKEN_HEADER, wrong)).await;
        answer.refuses(401, "not valid");
    }
}

/// studio 1.2: the PowerShell client sends the token as a bearer token too.
#[tokio::test]
async fn a_bearer_token_is_as_good() {
    let studio = Studio::start().await;
    for scheme in ["Bearer", "bearer"] {
        let request = studio.bare(Method::GET, &datasets());
        let answer = send(request.header("authorization", format!("{scheme} {TOKEN}"))).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let request = studio.bare(Method::GET, &datasets());
    let answer = send(request.header("authorization", format!("Basic {TOKEN}"))).await;
    answer.refuses(401, "not valid");
}

/// studio 5.3: a token of one workspace opens no other, and nothing tells
/// which workspaces exist.
#[tokio::test]
async fn tokens_are_for_their_workspace() {
    let studio = Studio::start().await;
    let created = studio
        .admin(Method::POST, "_emulator/studio/workspaces")
        .await
        .json();
    let other = created["WorkspaceId"].as_str().unwrap();
    let texts = [other, "ffffffffffffffffffffffffffffffff", GLOBAL].map(|workspace| {
        let path = format!("api/workspaces/{workspace}/datasources");
        let studio = &studio;
        async move {
            let answer = studio.get(&path).await;
            answer.refuses(401, "not valid");
            answer.text().lines().next().unwrap().to_owned()
        }
    });
    let [first, second, third] = texts;
    assert_eq!(first.await, second.await);
    third.await;
    let token = created["AuthorizationToken"]["PrimaryToken"]
        .as_str()
        .unwrap();
    let path = format!("api/workspaces/{other}/datasources");
    let request = studio.bare(Method::GET, &path).header(TOKEN_HEADER, token);
    assert_eq!(send(request).await.status, StatusCode::OK);
}

/// studio 5.3: the token comes before route and method.
#[tokio::test]
async fn unknown_routes_tell_nothing_without_a_token() {
    let studio = Studio::start().await;
    let paths = [
        format!("api/workspaces/{WORKSPACE}/nothing"),
        "api/nothing".to_owned(),
    ];
    for path in paths {
        let answer = send(studio.bare(Method::GET, &path)).await;
        answer.refuses(401, "not valid");
        studio.get(&path).await.refuses(404, "no such resource");
    }
    let answer = send(studio.bare(Method::PATCH, &datasets())).await;
    answer.refuses(401, "not valid");
    let answer = send(studio.request(Method::PATCH, &datasets())).await;
    answer.refuses(405, "method");
}

/// studio S-012
#[tokio::test]
async fn the_secondary_token_works() {
    let mut studio = Studio::start().await;
    studio.token = SECONDARY.to_owned();
    assert_eq!(studio.get(&datasets()).await.status, StatusCode::OK);
}

/// studio S-013
#[tokio::test]
async fn a_regenerated_token_replaces_the_old_one_at_once() {
    let mut studio = Studio::start().await;
    let link = crate::support::link(&studio.named("iris").await);
    let path = format!("_emulator/studio/workspaces/{WORKSPACE}/tokens/primary/regenerate");
    let answer = studio.admin(Method::POST, &path).await;
    assert_eq!(answer.status, StatusCode::OK);
    let new = answer.text();
    assert_eq!(new.len(), 32);
    assert!(new.bytes().all(|byte| byte.is_ascii_hexdigit()));
    studio.get(&datasets()).await.refuses(401, "not valid");
    for token in [&new, SECONDARY] {
        token.clone_into(&mut studio.token);
        assert_eq!(studio.get(&datasets()).await.status, StatusCode::OK);
    }
    let answer = send(studio.client.get(link)).await;
    assert_eq!(
        answer.status,
        StatusCode::OK,
        "links handed out keep working"
    );
    let variable = studio
        .emulator
        .environment()
        .into_iter()
        .find(|(name, _)| name == "AZML_STUDIO_TOKEN");
    assert_eq!(variable.unwrap().1, new);
}

/// studio 5.4: a holder of a token may regenerate, nobody else.
#[tokio::test]
async fn regenerating_wants_a_token_or_the_secret() {
    let studio = Studio::start().await;
    let path =
        format!("_emulator/studio/workspaces/{WORKSPACE}/tokens/secondary/regenerate?form=base64");
    let answer = send(studio.bare(Method::POST, &path)).await;
    answer.refuses(401, "not valid");
    let answer = send(studio.request(Method::POST, &path)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let token = answer.text();
    assert_eq!(token.len(), 88);
    assert!(token.ends_with("=="), "{token}");
    let request = studio.bare(Method::GET, &datasets());
    let answer = send(request.header(TOKEN_HEADER, token)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let path = path.replace("secondary", "third");
    let answer = send(studio.request(Method::POST, &path)).await;
    answer.refuses(404, "primary or secondary");
}

#[cfg(unix)]
#[tokio::test]
async fn the_regenerate_command_prints_only_the_new_token() {
    let mut studio = Studio::start().await;
    let command = studio
        .emulator
        .environment()
        .into_iter()
        .find(|(name, _)| name == "AZML_STUDIO_REGENERATE_CMD")
        .unwrap()
        .1;
    assert!(!command.contains(&studio.emulator.running().unwrap().admin_secret));
    let output = tokio::process::Command::new("sh")
        .args(["-c", &command])
        .env("no_proxy", "*")
        .output()
        .await
        .unwrap();
    if output.status.code() == Some(127) {
        return; // a machine without curl
    }
    assert!(output.status.success(), "{output:?}");
    studio.get(&datasets()).await.refuses(401, "not valid");
    studio.token = String::from_utf8(output.stdout).unwrap();
    assert_eq!(studio.token.len(), 32);
    assert_eq!(studio.get(&datasets()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_checks_everybody_may() {
    let studio = Studio::start_with(|builder| builder.no_auth()).await;
    let answer = send(studio.bare(Method::GET, &datasets())).await;
    assert_eq!(answer.status, StatusCode::OK);
    let link = crate::support::link(&answer.json()[0]);
    let (url, _) = link.split_once('?').unwrap();
    let answer = send(studio.client.get(url)).await;
    assert_eq!(answer.status, StatusCode::OK);
}

/// The documented credentials are for loopback only.
#[tokio::test]
async fn another_address_gets_generated_tokens() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let local = Studio::start_with(|builder| builder.data_dir(&path)).await;
    local.emulator.shutdown().await;
    let open = Studio::start_with(|builder| {
        builder
            .data_dir(&path)
            .bind(std::net::Ipv4Addr::UNSPECIFIED.into())
    })
    .await;
    let token = |name: &str| {
        let environment = open.emulator.environment();
        environment
            .into_iter()
            .find(|(key, _)| key == name)
            .unwrap()
            .1
    };
    assert_ne!(token("AZML_STUDIO_TOKEN"), TOKEN);
    assert_ne!(token("AZML_STUDIO_SECONDARY_TOKEN"), SECONDARY);
    open.get(&datasets()).await.refuses(401, "not valid");
    open.emulator.shutdown().await;

    let refused = azml_emulator::Emulator::builder()
        .port_base(0)
        .bind(std::net::Ipv4Addr::UNSPECIFIED.into())
        .identity("studio-primary-token", TOKEN)
        .start()
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("studio-primary-token"),
        "{refused}"
    );
}

/// Credentials are replaceable by configuration, also those of a directory
/// that was used before.
#[tokio::test]
async fn configured_credentials_win() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let first = Studio::start_with(|builder| builder.data_dir(&path)).await;
    first.emulator.shutdown().await;
    let workspace = "0123456789abcdef0123456789abcdef";
    for id in [WORKSPACE, workspace] {
        let mut studio = Studio::start_with(|builder| {
            builder
                .data_dir(&path)
                .identity("studio-workspace", id)
                .identity("studio-primary-token", "mine")
        })
        .await;
        "mine".clone_into(&mut studio.token);
        let datasets = studio
            .get(&format!("api/workspaces/{id}/datasources"))
            .await;
        let datasets = datasets.json();
        let names: Vec<_> = datasets
            .as_array()
            .unwrap()
            .iter()
            .map(|d| &d["Name"])
            .collect();
        let airports = names
            .iter()
            .filter(|name| **name == "Airport Codes Dataset");
        assert_eq!(airports.count(), 1);
        assert_eq!(names[0], "iris");
        studio.emulator.shutdown().await;
    }
}
