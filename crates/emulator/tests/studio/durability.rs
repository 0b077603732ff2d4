//! What was acknowledged survives; what was not leaves nothing.

use tokio::io::AsyncWriteExt;

use crate::support::{BLOCK, Studio, TOKEN, TOKEN_HEADER, WORKSPACE, source};

/// studio 5.1: a restart keeps everything.
#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let studio = Studio::start_with(|builder| builder.data_dir(&path)).await;
    let content = vec![b'x'; BLOCK + 1];
    let dataset = studio.add("kept", &content).await;
    let upload = studio.begin_upload("").await;
    studio.put_block(&upload, 0, 2, "first,").await.json();
    let names = studio.own_names().await;
    studio.emulator.shutdown().await;

    let studio = Studio::start_with(|builder| builder.data_dir(&path)).await;
    assert_eq!(studio.own_names().await, names);
    let again = studio.dataset(dataset["Id"].as_str().unwrap()).await;
    assert_eq!(again["CreatedDate"], dataset["CreatedDate"]);
    assert!(studio.download(&again).await.body == content);
    studio.put_block(&upload, 1, 2, "second").await.json();
    let id = studio.create(&upload, source("resumed", None)).await.json();
    let resumed = studio.dataset(id.as_str().unwrap()).await;
    assert_eq!(studio.download(&resumed).await.text(), "first,second");
    // The key of the links is the directory's own.
    let old_link = studio.url("") + dataset_path(&dataset).as_str();
    let answer = crate::support::send(studio.client.get(old_link)).await;
    assert_eq!(answer.status.as_u16(), 200);
}

fn dataset_path(dataset: &serde_json::Value) -> String {
    let link = crate::support::link(dataset);
    let (_, rest) = link.split_once("://").unwrap();
    let (_, path) = rest.split_once('/').unwrap();
    path.to_owned()
}

/// A client that goes away in mid-body leaves no block and no bytes.
#[tokio::test]
async fn a_cut_off_body_leaves_nothing() {
    let studio = Studio::start().await;
    let upload = studio.begin_upload("").await;
    let port = studio.emulator.http_endpoint().port().unwrap();
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .unwrap();
    let request = format!(
        "POST /api/blobuploads/workspaces/{WORKSPACE}/?numberOfBlocks=1&blockId=0\
         &uploadId={upload}&dataTypeId=GenericCSV HTTP/1.1\r\nHost: localhost\r\n\
         {TOKEN_HEADER}: {TOKEN}\r\nContent-Length: 5000000\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; 3_000_000]).await.unwrap();
    stream.flush().await.unwrap();
    let incoming = studio.emulator.data_dir().join("files/new");
    let count = || std::fs::read_dir(&incoming).unwrap().count();
    until(|| count() == 1).await;
    drop(stream);
    until(|| count() == 0).await;
    let answer = studio.create(&upload, source("cut", None)).await;
    // Nothing told how many blocks there are to be: the upload is empty.
    let id = answer.json();
    let dataset = studio.dataset(id.as_str().unwrap()).await;
    assert_eq!(dataset["Size"], 0);
}

/// Resetting gives the content of a new emulator.
#[tokio::test]
async fn a_reset_begins_anew() {
    let studio = Studio::start().await;
    let added = studio.add("added", b"x").await;
    studio.emulator.reset().await.unwrap();
    assert_eq!(studio.own_names().await, ["iris", "anes96"]);
    assert_eq!(studio.download(&added).await.status.as_u16(), 404);
    let iris = studio.named("iris").await;
    assert_eq!(studio.download(&iris).await.status.as_u16(), 200);
}

/// Many writers at once: each name wins once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_creates_have_one_winner() {
    let studio = Studio::start().await;
    let upload = studio.upload(b"x").await;
    let attempts = (0..40).map(|i| {
        let (studio, upload) = (&studio, &upload);
        async move {
            let source = source(&format!("race {}", i % 10), None);
            studio.create(upload, source).await.status.as_u16()
        }
    });
    let outcomes = futures::future::join_all(attempts).await;
    let won = outcomes.iter().filter(|status| **status == 200).count();
    let lost = outcomes.iter().filter(|status| **status == 409).count();
    assert_eq!((won, lost), (10, 30));
    assert_eq!(studio.own_names().await.len(), 12);
}

async fn until(condition: impl Fn() -> bool) {
    use azml_core::clock::{Clock, SystemClock};
    for _ in 0..500 {
        if condition() {
            return;
        }
        SystemClock
            .sleep(std::time::Duration::from_millis(10))
            .await;
    }
    panic!("the condition did not come true");
}
