//! Refusals and nonsense, and what becomes of them.

use azml_core::ErrorKind;
use serde_json::json;

use super::server::{Answer, Server};
use super::*;
use crate::Error;

async fn list_error(answer: Answer) -> Error {
    let server = Server::start().await;
    server.script(move |_| answer.clone());
    let listed = workspace(&server).datasets().list().await;
    listed.expect_err("refused")
}

#[tokio::test]
async fn a_refused_token_hints_at_token_and_region() {
    // studio S-011, S-014
    let error = list_error(Answer::new(401, "Request ID: 31b0 2015-11-17 22:12:47Z")).await;
    assert!(error.is_unauthorized());
    assert_eq!(
        error.to_string(),
        "list the datasets: the workspace id or the token was refused (HTTP 401, request 31b0)"
    );
    let error = azml_core::Error::from(error);
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(
        (error.status(), error.request_id()),
        (Some(401), Some("31b0"))
    );
    assert!(error.hint().is_some_and(|hint| hint.contains("region")));
    assert!(!format!("{error:?}").contains(TOKEN));
}

#[tokio::test]
async fn codes_and_details_survive_the_conversion() {
    let body = json!({"error": {"code": "BadArgument", "message": "bad name", "details":
        [{"code": "NameForbidden", "target": "Name", "message": "forbidden characters"}]}});
    let error = list_error(Answer::new(400, body.to_string()).header("x-ms-request-id", "9")).await;
    assert_eq!(
        error.to_string(),
        "list the datasets: bad name; forbidden characters (HTTP 400, BadArgument, request 9)"
    );
    let error = azml_core::Error::from(error);
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::InvalidRequest, Some("BadArgument"))
    );
    assert_eq!(error.details()[0].target.as_deref(), Some("Name"));
}

#[tokio::test]
async fn success_without_the_promised_json_is_an_error() {
    for body in ["", "<html>", "{}", "[1]", "[{\"Id\": {}}]"] {
        let error = list_error(Answer::new(200, body)).await;
        assert!(
            matches!(error, Error::UnexpectedResponse { .. }),
            "{body}: {error}"
        );
        assert!(
            error.to_string().starts_with("list the datasets: "),
            "{error}"
        );
        assert_eq!(azml_core::Error::from(error).kind(), ErrorKind::InvalidData);
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    // studio 1.2: the token must not reach another origin
    let other = Server::start().await;
    let answer = Answer::new(302, "").header("location", other.url());
    let error = list_error(answer).await;
    assert_eq!(error.status(), Some(302));
    assert!(other.paths().is_empty());
}

#[tokio::test]
async fn no_server_is_a_connection_error() {
    let server = Server::start().await;
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = unused.local_addr().expect("bound");
    drop(unused);
    let workspace = builder(&server)
        .endpoint(format!("http://{address}"))
        .build();
    let error = workspace
        .expect("complete")
        .datasets()
        .list()
        .await
        .expect_err("nobody");
    assert!(matches!(error, Error::Transport(_)), "{error}");
    assert!(
        error.to_string().starts_with("list the datasets: "),
        "{error}"
    );
    assert_eq!(azml_core::Error::from(error).kind(), ErrorKind::Connection);
}
