//! No secret shows in `Debug`, in logs at trace level or in errors (auth T18).

#![expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use azml_auth::{Secret, WorkspaceToken, WorkspaceTokenPolicy};
use azml_core::http::{ErrorResponse, HttpClient, HttpClientParts, Repeat};
use azure_core::http::{
    AsyncRawResponse, ClientOptions, Method, Request, StatusCode, Transport, Url,
    headers::{HeaderName, Headers},
};

const TOKEN: &str = "hunter2-workspace-token";

/// Collects what the subscriber writes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Refuses every request and says back what it was sent, as a careless server might.
#[derive(Debug, Default)]
struct Echo {
    seen: Mutex<Vec<Option<String>>>,
}

#[async_trait]
impl azure_core::http::HttpClient for Echo {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let name = HeaderName::from_static("x-ms-metaanalytics-authorizationtoken");
        let token = request.headers().get_optional_string(&name);
        let body = format!(
            "refused\n{}: {}",
            name.as_str(),
            token.as_deref().unwrap_or("none")
        );
        self.seen.lock().unwrap().push(token);
        Ok(AsyncRawResponse::from_bytes(
            StatusCode::Unauthorized,
            Headers::new(),
            body,
        ))
    }
}

fn client(echo: &Arc<Echo>) -> HttpClient {
    let credential = WorkspaceToken::new("workspace", TOKEN).unwrap();
    let origin = Url::parse("https://studio.example/").unwrap();
    HttpClient::new(HttpClientParts {
        crate_name: "azml-auth",
        crate_version: "0",
        options: ClientOptions {
            transport: Some(Transport::new(echo.clone())),
            ..ClientOptions::default()
        },
        per_call: Vec::new(),
        per_try: vec![Arc::new(WorkspaceTokenPolicy::new(credential, origin))],
        map_error: ErrorResponse::to_error,
    })
}

#[test]
fn debug_shows_no_secret() {
    let credential = WorkspaceToken::new("workspace", TOKEN).unwrap();
    let policy = WorkspaceTokenPolicy::new(credential.clone(), Url::parse("https://h/").unwrap());
    for shown in [
        format!("{:?}", Secret::new(TOKEN)),
        format!("{credential:?}"),
        format!("{policy:?}"),
        format!(
            "{:?}",
            azure_core::credentials::Secret::from(credential.token())
        ),
    ] {
        assert!(!shown.contains(TOKEN), "{shown}");
    }
}

#[test]
fn logs_and_errors_show_no_secret_and_the_token_stays_at_its_origin() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let echo = Arc::new(Echo::default());
    let errors = tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let client = client(&echo);
            let mut errors = Vec::new();
            for url in [
                "https://studio.example/api",
                "https://studio.example.org/api",
            ] {
                let request = Request::new(Url::parse(url).unwrap(), Method::Get);
                errors.push(client.send(request, Repeat::Never).await.unwrap_err());
            }
            errors
        })
    });

    assert_eq!(*echo.seen.lock().unwrap(), [Some(TOKEN.to_owned()), None]);
    for error in errors {
        assert!(error.message().contains("refused"));
        assert!(!format!("{error} {error:?}").contains(TOKEN), "{error:?}");
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("studio.example"),
        "the log was not captured: {log}"
    );
    assert!(!log.contains(TOKEN), "{log}");
}

#[test]
fn debug_of_storage_credentials_shows_no_secret() {
    use azml_auth::storage::{AccountKey, SasToken, SharedKey, StorageCredential};

    let key = AccountKey::from_base64("aHVudGVyMi1hY2NvdW50LWtleQ==").unwrap();
    let sas = SasToken::new("sv=2021-10-04&sr=c&sig=hunter2-signature").unwrap();
    for credential in [
        StorageCredential::SharedKey(SharedKey::new("account", key)),
        StorageCredential::Sas(sas),
    ] {
        let shown = format!("{credential:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(!shown.contains("aHVudGVyMi"), "{shown}");
    }
}
