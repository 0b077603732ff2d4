//! What every service of the emulator relies on: listeners, certificates,
//! environment, administration, and a data directory that survives.

#![cfg(test)]

use std::{path::Path, time::Duration};

use azml_emulator::{ADMIN_HEADER, Emulator, Running, StartError};
use reqwest::{Client, Method, StatusCode};

async fn start() -> Emulator {
    Emulator::builder().port_base(0).start().await.unwrap()
}

fn client(emulator: &Emulator) -> Client {
    let ca = reqwest::Certificate::from_pem(emulator.ca_pem().as_bytes()).unwrap();
    Client::builder()
        .tls_certs_only([ca])
        .no_proxy()
        .build()
        .unwrap()
}

async fn admin(emulator: &Emulator, method: Method, path: &str) -> reqwest::Response {
    let running = emulator.running().unwrap();
    client(emulator)
        .request(method, emulator.http_endpoint().join(path).unwrap())
        .header(ADMIN_HEADER, running.admin_secret)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn both_listeners_serve_the_same_routes() {
    let emulator = start().await;
    let running = emulator.running().unwrap();
    let base = [emulator.http_endpoint(), emulator.https_endpoint()];
    for endpoint in base {
        let response = client(&emulator)
            .get(endpoint.join("_emulator/status").unwrap())
            .header(ADMIN_HEADER, &running.admin_secret)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{endpoint}");
        assert!(response.headers().contains_key("x-ms-request-id"));
        let status: serde_json::Value = response.json().await.unwrap();
        assert_eq!(status["pid"], std::process::id());
        assert_eq!(
            status["ports"]["http"],
            emulator.http_endpoint().port().unwrap()
        );
    }
    emulator.shutdown().await;
}

/// auth section 9: the names of the server certificate, one label per wildcard.
#[tokio::test]
async fn the_certificate_is_for_its_names() {
    let emulator = start().await;
    let port = emulator.https_endpoint().port().unwrap();
    let ca = reqwest::Certificate::from_pem(emulator.ca_pem().as_bytes()).unwrap();
    let names = [
        ("127.0.0.1", true),
        ("login.localhost", true),
        ("management.localhost", true),
        ("devstoreaccount1.blob.localhost", true),
        ("lake.azuredatalakestore.localhost", true),
        ("a.b.blob.localhost", false),
        ("elsewhere.localhost", false),
    ];
    for (name, trusted) in names {
        let client = Client::builder()
            .tls_certs_only([ca.clone()])
            .no_proxy()
            .resolve(name, ([127, 0, 0, 1], port).into())
            .build()
            .unwrap();
        let answer = client.get(format!("https://{name}:{port}/")).send().await;
        assert_eq!(answer.is_ok(), trusted, "{name}: {answer:?}");
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn administration_wants_its_secret() {
    let emulator = start().await;
    let stop = emulator.http_endpoint().join("_emulator/stop").unwrap();
    let client = client(&emulator);
    for secret in ["", "wrong"] {
        let request = client.post(stop.clone()).header(ADMIN_HEADER, secret);
        let status = request.send().await.unwrap().status();
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let waiting = tokio::time::timeout(Duration::from_millis(50), emulator.stop_requested());
    assert!(
        waiting.await.is_err(),
        "nobody may stop it without the secret"
    );
    let response = admin(&emulator, Method::POST, "_emulator/stop").await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    emulator.stop_requested().await;
    emulator.shutdown().await;
}

#[tokio::test]
async fn paths_match_in_any_case() {
    let emulator = start().await;
    for path in ["_Emulator/STATUS", "_emulator/status/"] {
        let response = admin(&emulator, Method::GET, path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn reset_answers_and_serves_again() {
    let emulator = start().await;
    let response = admin(&emulator, Method::POST, "_emulator/reset").await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let response = admin(&emulator, Method::GET, "_emulator/status").await;
    assert_eq!(response.status(), StatusCode::OK);
    emulator.shutdown().await;
}

#[tokio::test]
async fn the_env_file_names_reachable_endpoints() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("env");
    let emulator = Emulator::builder()
        .port_base(0)
        .env_file(&path)
        .start()
        .await
        .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {text}"))
            .trim_matches(['=', '\''])
            .to_owned()
    };
    let http = value("AZML_HTTP_ENDPOINT");
    assert!(http.starts_with("http://127.0.0.1:"), "{http}");
    assert!(!http.ends_with('/'), "{http}");
    let https = value("AZML_HTTPS_ENDPOINT");
    assert!(https.starts_with("https://localhost:"), "{https}");
    let ca = std::fs::read_to_string(value("AZML_CA_BUNDLE")).unwrap();
    assert_eq!(ca, emulator.ca_pem());
    for line in text.lines() {
        assert!(line.starts_with("AZML_"), "{line}");
    }
    only_for_the_owner(&path);
    emulator.shutdown().await;
}

#[cfg(unix)]
fn only_for_the_owner(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(not(unix))]
fn only_for_the_owner(_: &Path) {}

#[tokio::test]
async fn a_data_directory_keeps_its_identity() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let builder = || Emulator::builder().port_base(0).data_dir(&path);
    let first = builder().start().await.unwrap();
    let running = Running::find(&path).unwrap().unwrap();
    assert_eq!(running.http_endpoint, *first.http_endpoint());
    assert!(!format!("{running:?}").contains(&running.admin_secret));
    let error = builder().start().await.unwrap_err();
    assert!(error.to_string().contains("in use"), "{error}");
    let (ca, secret) = (first.ca_pem().to_owned(), running.admin_secret);
    first.shutdown().await;
    assert!(Running::find(&path).unwrap().is_none());

    let second = builder().start().await.unwrap();
    assert_eq!(second.ca_pem(), ca);
    assert_eq!(second.running().unwrap().admin_secret, secret);
    second.shutdown().await;
}

#[tokio::test]
async fn ports_count_up_from_the_base() {
    // Below the ports that the system hands out to everybody else's tests; a few may be taken.
    let first = 20_000 + u16::try_from(std::process::id() % 1_000).unwrap() * 10;
    for base in (first..first + 1_000).step_by(10) {
        let emulator = match Emulator::builder().port_base(base).start().await {
            Err(StartError::Listen { source, .. })
                if source.kind() == std::io::ErrorKind::AddrInUse =>
            {
                continue;
            }
            started => started.unwrap(),
        };
        assert_eq!(emulator.http_endpoint().port(), Some(base + 3));
        assert_eq!(emulator.https_endpoint().port(), Some(base + 4));
        emulator.shutdown().await;
        return;
    }
    panic!("a hundred ranges from {first} on are taken");
}

#[tokio::test]
async fn a_dropped_emulator_frees_its_ports_and_its_directory() {
    let emulator = start().await;
    let port = emulator.http_endpoint().port().unwrap();
    let directory = emulator.data_dir().to_owned();
    assert!(directory.exists());
    drop(emulator);
    assert!(!directory.exists());
    for _ in 0..200 {
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("port {port} is still taken");
}
