//! Contents of datasets: status, compression, expired signatures, broken transfers.

use futures::TryStreamExt;
use serde_json::json;
use tokio::io::AsyncReadExt;

use super::server::{Answer, Server};
use super::*;
use crate::{Error, SchemaStatus, SourceDataset, WaitOptions};

const TEXT: &str = "a,b\n1,é";

async fn one_dataset(answer: Answer) -> (Server, SourceDataset) {
    let server = Server::start().await;
    let id = format!("{WORKSPACE}.f.v1-default-1");
    let value = dataset(&server, &id, "x", "GenericCSV");
    server.script(move |asked| match asked.target.starts_with("/blobs/") {
        true => answer.clone(),
        false if asked.target.contains(&id) => Answer::json(&value),
        false => Answer::json(&json!([value])),
    });
    let dataset = workspace(&server)
        .datasets()
        .get("x")
        .await
        .expect("listed");
    (server, dataset)
}

#[tokio::test]
async fn four_ways_of_reading_agree() {
    // studio S-040, S-041, S-042
    let (server, dataset) = one_dataset(Answer::new(200, TEXT)).await;
    assert_eq!(dataset.read_as_bytes().await.expect("read"), TEXT);
    assert_eq!(dataset.read_as_text().await.expect("read"), TEXT);
    let mut reader = dataset.open().await.expect("open");
    let mut text = vec![0; 3];
    reader.read_exact(&mut text).await.expect("begins");
    reader.read_to_end(&mut text).await.expect("ends");
    assert_eq!(text, TEXT.as_bytes());
    let pieces: Vec<_> = dataset
        .open()
        .await
        .expect("open")
        .try_collect()
        .await
        .expect("read");
    assert_eq!(pieces.concat(), TEXT.as_bytes());
    // studio S-010
    for asked in server
        .asked()
        .iter()
        .filter(|asked| asked.target.starts_with("/blobs/"))
    {
        assert!(
            !asked
                .headers
                .contains_key("x-ms-metaanalytics-authorizationtoken")
        );
        assert_eq!(asked.query("sig").as_deref(), Some("secret-signature"));
    }
}

#[tokio::test]
async fn compressed_answers_are_decoded_everywhere() {
    // studio S-046: `TEXT` as gzip and as deflate (zlib)
    const GZIP: [u8; 28] = [
        0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 2, 0x03, 0x4b, 0xd4, 0x49, 0xe2, 0x32, 0xd4, 0x39, 0xbc,
        0x12, 0, 0xd5, 0x25, 0xef, 0x48, 0x08, 0, 0, 0,
    ];
    const DEFLATE: [u8; 16] = [
        0x78, 0x9c, 0x4b, 0xd4, 0x49, 0xe2, 0x32, 0xd4, 0x39, 0xbc, 0x12, 0, 0x0a, 0x39, 0x02, 0xc3,
    ];
    for (encoding, body) in [("gzip", &GZIP[..]), ("deflate", &DEFLATE)] {
        let answer = Answer::new(200, body).header("content-encoding", encoding);
        let (server, dataset) = one_dataset(answer).await;
        assert_eq!(dataset.read_as_text().await.expect(encoding), TEXT);
        let mut text = String::new();
        let mut stream = dataset.open().await.expect("open");
        stream.read_to_string(&mut text).await.expect(encoding);
        assert_eq!(text, TEXT);
        let accepted = &server.asked()[1].headers["accept-encoding"];
        assert!(accepted.contains(encoding), "{accepted}");
    }
}

#[tokio::test]
async fn a_refused_download_is_an_error_and_not_data() {
    // studio S-045, D-02
    let body = "<?xml version=\"1.0\"?><Error><Code>AuthenticationFailed</Code><Message>No.</Message></Error>";
    let (server, dataset) = one_dataset(Answer::new(403, body)).await;
    for error in [
        dataset.read_as_bytes().await.expect_err("refused"),
        dataset.open().await.map(drop).expect_err("refused"),
    ] {
        match &error {
            Error::Http(http) => {
                assert_eq!(
                    (http.status, http.code.as_deref()),
                    (403, Some("AuthenticationFailed"))
                );
            }
            other => panic!("{other}"),
        }
        assert!(
            error.to_string().starts_with("read dataset `x`: No."),
            "{error}"
        );
        assert!(
            !format!("{error:?}").contains("secret-signature"),
            "{error:?}"
        );
    }
    // Once as listed, once with fresh metadata; no more.
    let downloads = server
        .paths()
        .iter()
        .filter(|path| *path == "GET /blobs/x")
        .count();
    assert_eq!(downloads, 4);
}

#[tokio::test]
async fn an_expired_signature_is_renewed_once() {
    // studio S-047
    let server = Server::start().await;
    let id = format!("{WORKSPACE}.f.v1-default-1");
    let stale = dataset(&server, &id, "x", "GenericCSV");
    let mut fresh = stale.clone();
    fresh["DownloadLocation"]["AccessCredential"] = json!("?sig=fresh");
    server.script(move |asked| match asked.query("sig").as_deref() {
        Some("fresh") => Answer::new(200, TEXT),
        Some(_) => Answer::new(403, "expired"),
        None if asked.target.contains(&id) => Answer::json(&fresh),
        None => Answer::json(&json!([stale])),
    });
    let dataset = workspace(&server)
        .datasets()
        .get("x")
        .await
        .expect("listed");
    assert_eq!(dataset.read_as_text().await.expect("renewed"), TEXT);
    let mut text = String::new();
    let mut stream = dataset.open().await.expect("renewed");
    stream.read_to_string(&mut text).await.expect("read");
    assert_eq!(text, TEXT);
}

#[tokio::test]
async fn a_transfer_cut_short_is_an_error() {
    let (_server, dataset) = one_dataset(Answer::new(200, TEXT).cut_after(3)).await;
    let mut stream = dataset.open().await.expect("begins");
    let error = loop {
        match stream.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a cut transfer must not end quietly"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Transport(_)), "{error}");
    assert!(error.to_string().starts_with("read dataset `x`"), "{error}");
    let directory = tempfile::tempdir().expect("a directory");
    let download = dataset.download_to(directory.path().join("x.csv"));
    assert!(download.await.is_err());
    assert_eq!(
        std::fs::read_dir(directory.path()).expect("there").count(),
        0
    );
}

#[tokio::test]
async fn several_datasets_at_once() {
    let server = Server::start().await;
    let list = json!([
        dataset(&server, "w.f1.v1-default-1", "one", "GenericCSV"),
        dataset(&server, "w.f2.v1-default-2", "two", "Zip"),
        dataset(&server, "w.f3.v1-default-3", "one.csv", "PlainText"),
    ]);
    server.script(move |asked| match asked.target.starts_with("/blobs/") {
        true => Answer::new(200, asked.target.clone()),
        false => Answer::json(&list),
    });
    let datasets = workspace(&server).datasets();
    let directory = tempfile::tempdir().expect("a directory");
    let files = datasets
        .download_many(["two", "one"], directory.path())
        .parallel(2)
        .await
        .expect("downloaded");
    let expected = ["two.zip", "one.csv"].map(|file| directory.path().join(file));
    assert_eq!(files, expected);
    let content = std::fs::read_to_string(&files[0]).expect("there");
    assert!(content.starts_with("/blobs/two"), "{content}");
    let error = datasets.download_many(["none"], directory.path()).await;
    assert!(error.expect_err("missing").is_not_found());
    let again = datasets.download_many(["one"], directory.path()).await;
    assert!(matches!(again, Err(Error::Io { .. })));
    let replaced = datasets
        .download_many(["one"], directory.path())
        .overwrite()
        .await;
    assert!(replaced.is_ok());
}

#[tokio::test]
async fn metadata_without_an_address_is_named() {
    let server = Server::start().await;
    server.script(|_| Answer::json(&json!([{"Id": "w.f.v1-default-1", "Name": "x"}])));
    let dataset = workspace(&server)
        .datasets()
        .get("x")
        .await
        .expect("listed");
    let error = dataset.read_as_bytes().await.expect_err("no address");
    assert!(matches!(error, Error::UnexpectedResponse { .. }), "{error}");
}

#[tokio::test]
async fn waiting_for_the_schema_ends_with_the_status() {
    let server = Server::start().await;
    let id = format!("{WORKSPACE}.f.v1-default-1");
    let mut value = dataset(&server, &id, "x", "GenericCSV");
    value["SchemaStatus"] = json!("Pending");
    let mut statuses = vec!["Complete", "Running"];
    server.script(move |asked| {
        if asked.target.contains(&id) {
            value["SchemaStatus"] = json!(statuses.pop().unwrap_or("Failed"));
        }
        Answer::json(&value)
    });
    let workspace = workspace(&server);
    let mut dataset = workspace
        .datasets()
        .get_id(&format!("{WORKSPACE}.f.v1-default-1"))
        .await
        .expect("there");
    assert!(!dataset.schema_status().is_final());
    let status = dataset.wait_for_schema(WaitOptions::default()).await;
    assert_eq!(status.expect("complete"), &SchemaStatus::Complete);
    dataset.refresh().await.expect("there");
    let failed = dataset.wait_for_schema(WaitOptions::default()).await;
    assert!(matches!(failed, Err(Error::Failed { .. })));
}

#[tokio::test]
async fn waiting_ends() {
    let server = Server::start().await;
    let id = format!("{WORKSPACE}.f.v1-default-1");
    let mut value = dataset(&server, &id, "x", "GenericCSV");
    value["SchemaStatus"] = json!("Pending");
    server.script(move |_| Answer::json(&value));
    let mut dataset = workspace(&server)
        .datasets()
        .get_id(&id)
        .await
        .expect("there");
    let options = WaitOptions::default().timeout(std::time::Duration::from_millis(2500));
    let error = dataset.wait_for_schema(options).await.expect_err("pending");
    assert_eq!(
        error.to_string(),
        "the schema of dataset `x` was still `Pending` after 2 s"
    );
    assert_eq!(server.paths().len(), 4);
}
