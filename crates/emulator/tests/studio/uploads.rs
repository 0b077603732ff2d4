//! Uploads: blocks in any order, whole bodies, and what is refused.

use std::{sync::Arc, time::Duration};

use azml_core::clock::ManualClock;
use reqwest::Method;

use crate::support::{BLOCK, Studio, WORKSPACE, send, source};

fn bytes(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| u8::try_from(i % 251).unwrap())
        .collect()
}

async fn round_trip(studio: &Studio, name: &str, content: &[u8]) {
    let dataset = studio.add(name, content).await;
    assert_eq!(dataset["Size"], content.len(), "studio S-033");
    let answer = studio.download(&dataset).await;
    assert!(answer.body == content, "{name} came back different");
}

/// studio S-066: no block at all.
#[tokio::test]
async fn no_bytes_are_a_dataset_too() {
    let studio = Studio::start().await;
    round_trip(&studio, "empty", b"").await;
}

/// studio S-067, S-068
#[tokio::test]
async fn block_boundaries() {
    let studio = Studio::start().await;
    for (name, length) in [
        ("one", BLOCK),
        ("two", 2 * BLOCK),
        ("three", 5 * 1024 * 1024 + 1),
        ("tiny", 1),
    ] {
        round_trip(&studio, name, &bytes(length)).await;
    }
}

/// studio S-069
#[tokio::test]
async fn blocks_count_by_id_and_the_last_one_wins() {
    let studio = Studio::start().await;
    let upload = studio.begin_upload("").await;
    for (block, text) in [(2, "third"), (0, "wrong"), (1, "second,"), (0, "first,")] {
        studio.put_block(&upload, block, 3, text).await.json();
    }
    let id = studio.create(&upload, source("ordered", None)).await.json();
    let dataset = studio.dataset(id.as_str().unwrap()).await;
    assert_eq!(studio.download(&dataset).await.text(), "first,second,third");
}

/// studio S-070
#[tokio::test]
async fn a_missing_block_makes_no_dataset() {
    let studio = Studio::start().await;
    let upload = studio.begin_upload("").await;
    studio.put_block(&upload, 0, 2, "first").await.json();
    let answer = studio.create(&upload, source("holes", None)).await;
    answer.refuses(400, "1 of 2 blocks");
    assert!(!studio.own_names().await.contains(&"holes".to_owned()));
    studio.put_block(&upload, 1, 2, "second").await.json();
    studio.create(&upload, source("holes", None)).await.json();
}

/// studio S-071: the R client sends everything at once.
#[tokio::test]
async fn the_body_that_begins_an_upload_is_its_first_part() {
    let studio = Studio::start().await;
    let upload = studio.begin_upload("a,b\n").await;
    let mut whole = source("whole", Some(""));
    whole["Owner"] = "R".into();
    let id = studio.create(&upload, whole).await.json();
    let dataset = studio.dataset(id.as_str().unwrap()).await;
    assert_eq!(dataset["Owner"], "R");
    assert_eq!(studio.download(&dataset).await.text(), "a,b\n");
    studio.put_block(&upload, 0, 1, "1,2\n").await.json();
    // studio 2.4: an upload can be used again.
    let id = studio.create(&upload, source("more", None)).await.json();
    let more = studio.dataset(id.as_str().unwrap()).await;
    assert_eq!(studio.download(&more).await.text(), "a,b\n1,2\n");
    assert_eq!(studio.download(&dataset).await.text(), "a,b\n");
}

/// studio S-072 is in every upload of these tests: binary bodies are sent with
/// `application/json;charset=UTF8`. Here also without any type, and chunked.
#[tokio::test]
async fn the_content_type_does_not_matter() {
    let studio = Studio::start().await;
    let path =
        format!("api/resourceuploads/workspaces/{WORKSPACE}?userStorage=true&dataTypeId=Zip");
    let chunks = ["PK", "\u{3}\u{4}"].map(Ok::<_, std::io::Error>);
    let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    let answer = send(studio.request(Method::POST, &path).body(body))
        .await
        .json();
    let upload = answer["Id"].as_str().unwrap();
    let id = studio.create(upload, source("zip", None)).await.json();
    let dataset = studio.dataset(id.as_str().unwrap()).await;
    assert_eq!(studio.download(&dataset).await.text(), "PK\u{3}\u{4}");
}

/// studio 5.3, check 3
#[tokio::test]
async fn queries_are_checked() {
    let studio = Studio::start().await;
    let upload = studio.begin_upload("").await;
    let cases = [
        (
            "resourceuploads",
            "userStorage=true".to_owned(),
            400,
            "dataTypeId",
        ),
        (
            "blobuploads",
            format!("numberOfBlocks=0&blockId=0&uploadId={upload}&dataTypeId=x"),
            400,
            "blockId",
        ),
        (
            "blobuploads",
            format!("numberOfBlocks=2&blockId=2&uploadId={upload}&dataTypeId=x"),
            400,
            "blockId",
        ),
        (
            "blobuploads",
            format!("numberOfBlocks=2&blockId=-1&uploadId={upload}&dataTypeId=x"),
            400,
            "blockId",
        ),
        (
            "blobuploads",
            format!("numberOfBlocks=2&blockId=0&uploadId={upload}"),
            400,
            "dataTypeId",
        ),
        (
            "blobuploads",
            "numberOfBlocks=2&blockId=0&dataTypeId=x".to_owned(),
            400,
            "uploadId",
        ),
        (
            "blobuploads",
            "numberOfBlocks=2&blockId=0&uploadId=none&dataTypeId=x".to_owned(),
            404,
            "no upload",
        ),
    ];
    for (kind, query, status, words) in cases {
        let path = format!("api/{kind}/workspaces/{WORKSPACE}/?{query}");
        let answer = send(studio.request(Method::POST, &path)).await;
        answer.refuses(status, words);
    }
    studio.put_block(&upload, 0, 2, "x").await.json();
    let answer = studio.put_block(&upload, 0, 3, "x").await;
    answer.refuses(400, "announced with 2 blocks");
}

/// studio 5.5
#[tokio::test]
async fn too_much_at_once_is_said_in_the_service_s_words() {
    let studio = Studio::start_with(|builder| builder.studio_upload_limit(1000)).await;
    let path = format!("api/resourceuploads/workspaces/{WORKSPACE}/?userStorage=true&dataTypeId=x");
    let answer = send(studio.request(Method::POST, &path).body(bytes(1001))).await;
    answer.refuses(500, "Maximum request length exceeded.");
    let answer = send(studio.request(Method::POST, &path).body(bytes(1000))).await;
    answer.json();
    // A block may have 4 MiB whatever the limit.
    let upload = studio.begin_upload("").await;
    studio.put_block(&upload, 0, 1, bytes(4 << 20)).await.json();
    let answer = studio.put_block(&upload, 0, 1, bytes((4 << 20) + 1)).await;
    answer.refuses(500, "Maximum request length exceeded.");
}

/// studio 5.5: dropped after a day.
#[tokio::test]
async fn nobody_s_uploads_are_dropped() {
    let clock = Arc::new(ManualClock::new(
        time::macros::datetime!(2026-01-01 0:00 UTC),
    ));
    let injected = Arc::clone(&clock);
    let studio = Studio::start_with(|builder| builder.clock(injected)).await;
    let finished = studio.upload(b"kept").await;
    let id = studio.create(&finished, source("kept", None)).await.json();
    let upload = studio.begin_upload("body").await;
    studio.put_block(&upload, 0, 2, "half").await.json();
    clock.advance(Duration::from_secs(24 * 3600 - 1));
    studio.put_block(&upload, 1, 2, "half").await.json();
    clock.advance(Duration::from_secs(1));
    let answer = studio.put_block(&upload, 1, 2, "late").await;
    answer.refuses(404, "expired");
    let answer = studio.create(&upload, source("late", None)).await;
    answer.refuses(404, "expired");
    let bodies = || {
        let files = studio.emulator.data_dir().join("files");
        let shards = std::fs::read_dir(files).unwrap();
        shards
            .map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count())
            .sum::<usize>()
    };
    let before = bodies();
    // The next upload removes what has expired: a body and two blocks; the
    // bytes that a dataset was made of stay.
    studio.begin_upload("").await;
    studio.begin_upload("").await;
    assert_eq!(bodies(), before - 3);
    let dataset = studio.dataset(id.as_str().unwrap()).await;
    assert_eq!(studio.download(&dataset).await.text(), "kept");
}

/// studio 1.3: an upload of another workspace is not there.
#[tokio::test]
async fn uploads_belong_to_their_workspace() {
    let mut studio = Studio::start().await;
    let upload = studio.upload(b"x").await;
    let other = studio
        .admin(Method::POST, "_emulator/studio/workspaces")
        .await
        .json();
    let workspace = other["WorkspaceId"].as_str().unwrap();
    let token = other["AuthorizationToken"]["PrimaryToken"]
        .as_str()
        .unwrap();
    token.clone_into(&mut studio.token);
    let body = serde_json::json!({"DataSource": source("stolen", None), "UploadId": upload});
    let path = format!("api/workspaces/{workspace}/datasources");
    studio.post(&path, body).await.refuses(404, "no upload");
}
