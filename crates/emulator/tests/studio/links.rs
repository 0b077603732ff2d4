//! Download links: no token, an expiry, ranges, and errors in blob form.

use std::{sync::Arc, time::Duration};

use azml_core::clock::ManualClock;
use reqwest::{Certificate, Client};

use crate::support::{Answer, Studio, link, send};

#[track_caller]
fn refuses(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    assert_eq!(answer.headers["x-ms-error-code"], code);
    assert_eq!(answer.headers["content-type"], "application/xml");
    let text = answer.text();
    assert!(text.starts_with("<?xml"), "{text}");
    assert!(text.contains(&format!("<Code>{code}</Code>")), "{text}");
}

/// studio S-034, S-041
#[tokio::test]
async fn a_link_needs_no_token() {
    let studio = Studio::start().await;
    let dataset = studio.add("linked", b"\x00\xef\xbb\xbf\xff").await;
    let answer = studio.download(&dataset).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(&answer.body[..], b"\x00\xef\xbb\xbf\xff");
    assert_eq!(answer.headers["content-type"], "application/octet-stream");
    assert!(!answer.headers.contains_key("content-encoding"));
}

/// studio 5.3
#[tokio::test]
async fn a_link_is_for_its_blob_only() {
    let studio = Studio::start().await;
    let one = link(&studio.named("iris").await);
    let two = link(&studio.named("anes96").await);
    let (blob, signature) = one.split_once('?').unwrap();
    let (_, other) = two.split_once('?').unwrap();
    let tampered = signature.replace("sp=r", "sp=rw");
    let later = signature.replace("se=2", "se=3");
    for query in ["", "sig=x", other, &tampered, &later] {
        let answer = send(studio.client.get(format!("{blob}?{query}"))).await;
        refuses(&answer, 403, "AuthenticationFailed");
    }
    // The links of the other locations are signed, and lead to nothing.
    let iris = studio.named("iris").await;
    let schema = ["BaseUri", "Location", "AccessCredential"]
        .map(|part| iris["SchemaEndPoint"][part].as_str().unwrap())
        .concat();
    let answer = send(studio.client.get(schema)).await;
    refuses(&answer, 404, "BlobNotFound");
}

/// studio S-047: an expired link is refused, a new one is had by asking again.
#[tokio::test]
async fn a_link_expires() {
    let clock = Arc::new(ManualClock::new(
        time::macros::datetime!(2026-01-01 0:00 UTC),
    ));
    let injected = Arc::clone(&clock);
    let studio = Studio::start_with(|builder| {
        builder
            .clock(injected)
            .studio_link_lifetime(Duration::from_secs(60))
    })
    .await;
    let dataset = studio.named("iris").await;
    clock.advance(Duration::from_secs(59));
    assert_eq!(studio.download(&dataset).await.status.as_u16(), 200);
    clock.advance(Duration::from_secs(1));
    refuses(
        &studio.download(&dataset).await,
        403,
        "AuthenticationFailed",
    );
    let again = studio.named("iris").await;
    assert_eq!(studio.download(&again).await.status.as_u16(), 200);
}

/// studio 5.3: GET, HEAD and `Range`, across blocks.
#[tokio::test]
async fn parts_can_be_read() {
    let studio = Studio::start().await;
    let upload = studio.begin_upload("01").await;
    for (block, text) in ["234", "56", "789"].into_iter().enumerate() {
        studio.put_block(&upload, block, 3, text).await.json();
    }
    let source = crate::support::source("parts", None);
    let id = studio.create(&upload, source).await.json();
    let dataset = studio.dataset(id.as_str().unwrap()).await;
    let url = link(&dataset);
    let get = |range: &'static str| send(studio.client.get(&url).header("range", range));
    for (range, expected, content_range) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=1-5", "12345", "bytes 1-5/10"),
        ("bytes=4-", "456789", "bytes 4-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=5-500", "56789", "bytes 5-9/10"),
    ] {
        let answer = get(range).await;
        assert_eq!(answer.status.as_u16(), 206, "{range}");
        assert_eq!(answer.text(), expected, "{range}");
        assert_eq!(answer.headers["content-range"], content_range);
        assert_eq!(answer.headers["content-length"], expected.len().to_string());
    }
    let answer = get("bytes=10-").await;
    refuses(&answer, 416, "InvalidRange");
    assert_eq!(answer.headers["content-range"], "bytes */10");
    let head = send(studio.client.head(&url)).await;
    assert_eq!(head.status.as_u16(), 200);
    assert_eq!(head.headers["content-length"], "10");
    assert_eq!(head.headers["accept-ranges"], "bytes");
    assert!(head.body.is_empty());
}

/// Links begin as the client's own request did: its scheme, host and port.
#[tokio::test]
async fn links_lead_where_the_client_came_from() {
    let studio = Studio::start().await;
    let ca = Certificate::from_pem(studio.emulator.ca_pem().as_bytes()).unwrap();
    let client = Client::builder()
        .tls_certs_only([ca])
        .no_proxy()
        .build()
        .unwrap();
    let path = format!("api/workspaces/{}/datasources", crate::support::WORKSPACE);
    let url = studio.emulator.https_endpoint().join(&path).unwrap();
    let request = client
        .get(url)
        .header(crate::support::TOKEN_HEADER, &studio.token);
    let datasets = send(request).await.json();
    let secure = link(&datasets[0]);
    let base = studio.emulator.https_endpoint().as_str();
    assert!(secure.starts_with(base), "{secure}");
    assert_eq!(send(client.get(secure)).await.status.as_u16(), 200);
    let plain = link(&studio.named("iris").await);
    let base = studio.emulator.http_endpoint().as_str();
    assert!(plain.starts_with(base), "{plain}");
}
