use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use azure_core::http::{HttpClient as AzureHttpClient, StatusCode, Transport, Url};
use futures::StreamExt;

use super::*;

/// Answers every request with the next status of a list and counts the requests.
#[derive(Debug)]
struct Scripted {
    statuses: Mutex<Vec<u16>>,
    body: &'static str,
    sent: AtomicUsize,
}

#[async_trait]
impl AzureHttpClient for Scripted {
    async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        let status = self.statuses.lock().unwrap().pop().unwrap_or(200);
        let mut headers = Headers::new();
        headers.insert("x-ms-request-id", "r-1");
        headers.insert("retry-after-ms", "1");
        Ok(AsyncRawResponse::from_bytes(
            StatusCode::from(status),
            headers,
            self.body,
        ))
    }
}

fn client(statuses: Vec<u16>, body: &'static str) -> (HttpClient, Arc<Scripted>) {
    let scripted = Arc::new(Scripted {
        statuses: Mutex::new(statuses),
        body,
        sent: AtomicUsize::new(0),
    });
    let options = ClientOptions {
        transport: Some(Transport::new(scripted.clone())),
        ..ClientOptions::default()
    };
    let client = HttpClient::new(HttpClientParts {
        crate_name: "azml-core",
        crate_version: "0",
        options,
        per_call: Vec::new(),
        per_try: Vec::new(),
        map_error: ErrorResponse::to_error,
    });
    (client, scripted)
}

fn request(method: Method) -> Request {
    Request::new(
        Url::parse("http://127.0.0.1/a?sig=hunter2").unwrap(),
        method,
    )
}

#[tokio::test]
async fn a_get_is_repeated_and_a_post_is_not() {
    let (client, scripted) = client(vec![503], "{}");
    client
        .send(request(Method::Get), Repeat::ByMethod)
        .await
        .unwrap();
    assert_eq!(scripted.sent.load(Ordering::SeqCst), 2);

    let (client, scripted) = self::client(vec![503], "{}");
    let error = client
        .send(request(Method::Post), Repeat::ByMethod)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(scripted.sent.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_refusal_keeps_code_message_details_and_request_id() {
    let body = r#"{"error":{"code":"InvalidWorkspaceId","message":"no such id","details":[{"code":"c","target":"t","message":"m"}]}}"#;
    let (client, _) = client(vec![400], body);
    let error = client
        .send(request(Method::Get), Repeat::Never)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no such id (HTTP 400, InvalidWorkspaceId, request r-1)"
    );
    assert_eq!(
        error.details(),
        [ErrorDetail::new(Some("c".into()), Some("t".into()), "m")]
    );
}

#[tokio::test]
async fn the_status_of_a_stream_is_checked_before_it_is_handed_out() {
    let (client, _) = client(vec![404], "gone");
    let error = client
        .stream(request(Method::Get), Repeat::Never)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::NotFound, "gone")
    );

    let (client, _) = self::client(vec![], "content");
    let mut body = client
        .stream(request(Method::Get), Repeat::Never)
        .await
        .unwrap()
        .into_body();
    assert_eq!(body.next().await.unwrap().unwrap(), "content");
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_an_error_without_the_query() {
    let (client, _) = client(vec![], "<html>");
    let error = client
        .send_json::<String>(request(Method::Get), Repeat::Never)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(!error.to_string().contains("hunter2"), "{error}");
}
