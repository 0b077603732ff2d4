//! Connections that break: errors that say so, retries where nothing can go wrong, and no trace of
//! what did not succeed.

use azml::studio_classic::{DataTypeId, Error};
use azml_test_support::{Fault, FaultProxy, TestEmulator};
use futures::TryStreamExt;

use super::*;

async fn proxied() -> (TestEmulator, FaultProxy, Workspace) {
    let emulator = TestEmulator::start().await;
    let address = emulator
        .http_endpoint()
        .socket_addrs(|| None)
        .expect("an address of this machine")[0];
    let proxy = FaultProxy::start(address).await;
    let workspace = builder(&emulator)
        .endpoint(proxy.url())
        .build()
        .expect("complete");
    (emulator, proxy, workspace)
}

fn count(proxy: &FaultProxy, part: &str) -> usize {
    proxy
        .seen()
        .iter()
        .filter(|request| request.contains(part))
        .count()
}

#[tokio::test]
async fn reading_calls_are_made_again() {
    let (_emulator, proxy, workspace) = proxied().await;
    for fault in [
        Fault::Status(503),
        Fault::Status(429),
        Fault::Status(504),
        Fault::CutRequest(0),
        Fault::CutAnswer(0),
        Fault::CutAnswer(400),
    ] {
        proxy.once("GET /api/workspaces/", fault.clone());
        let list = workspace.datasets().list().await;
        assert!(list.expect("made again").len() > 2, "{fault:?}");
    }
    let airports = workspace.datasets().get(AIRPORTS).await.expect("there");
    let expected = airports.read_as_bytes().await.expect("read");
    for fault in [Fault::Status(503), Fault::CutAnswer(500)] {
        proxy.once("/studio-storage/", fault.clone());
        assert_eq!(
            airports.read_as_bytes().await.expect("read again"),
            expected,
            "{fault:?}"
        );
    }
    proxy.script(|_| Fault::Status(503));
    let error = workspace
        .datasets()
        .list()
        .await
        .expect_err("busy for ever");
    refused_with(&error, 503, "list the datasets");
}

#[tokio::test]
async fn creating_calls_are_made_once() {
    let (_emulator, proxy, workspace) = proxied().await;
    for (call, attempts) in [("POST /api/resourceuploads/", 1), ("/datasources", 1)] {
        for fault in [
            Fault::Status(503),
            Fault::CutRequest(20),
            Fault::CutAnswer(0),
        ] {
            let before = count(&proxy, call);
            let name = format!("{call} {fault:?}").replace('/', " ");
            let wanted = call.to_owned();
            let broken = fault.clone();
            proxy.script(move |request| {
                let hit = request.starts_with("POST") && request.contains(&wanted);
                if hit { broken.clone() } else { Fault::None }
            });
            let added = workspace
                .datasets()
                .add_from_raw("x", "Zip", &name, "d")
                .await;
            let error = added.expect_err("broken");
            assert!(error.to_string().contains(&name), "{error}");
            assert_eq!(count(&proxy, call) - before, attempts, "{name}");
            proxy.script(|_| Fault::None);
        }
    }
}

#[tokio::test]
async fn a_block_that_is_lost_is_sent_again() {
    let (_emulator, proxy, workspace) = proxied().await;
    let data: Vec<u8> = (0..5 << 20)
        .map(|at: usize| (at % 253).to_le_bytes()[0])
        .collect();
    for fault in [
        Fault::Status(503),
        Fault::CutRequest(1 << 20),
        Fault::CutAnswer(10),
    ] {
        let name = format!("{fault:?}").replace(['(', ')'], " ");
        proxy.once("blockId=1", fault);
        let added = workspace
            .datasets()
            .add_from_raw(data.clone(), DataTypeId::Zip, &name, "d");
        let dataset = added.await.expect(&name);
        assert!(
            dataset.read_as_bytes().await.expect("read") == data,
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_upload_that_fails_leaves_nothing_to_see() {
    let (_emulator, proxy, workspace) = proxied().await;
    let before = names(&workspace).await;
    proxy.script(|request| match request.contains("blockId=1") {
        true => Fault::CutRequest(1000),
        false => Fault::None,
    });
    let data = vec![7; 5 << 20];
    let added = workspace
        .datasets()
        .add_from_raw(data.clone(), "Zip", "new", "d")
        .await;
    let error = added.expect_err("broken");
    assert!(matches!(error, Error::Transport(_)), "{error}");
    assert_eq!(
        count(&proxy, "blockId=2"),
        0,
        "nothing is sent behind a lost block"
    );
    let mut iris = workspace.datasets().get("iris").await.expect("there");
    let id = iris.id().to_owned();
    assert!(iris.update_from_raw(data).await.is_err());
    assert_eq!(iris.id(), id);

    proxy.script(|_| Fault::None);
    assert_eq!(names(&workspace).await, before);
    let again = workspace.datasets().get("iris").await.expect("there");
    assert_eq!(again.id(), id);
}

#[tokio::test]
async fn a_download_that_breaks_off_is_an_error_and_no_file() {
    let (_emulator, proxy, workspace) = proxied().await;
    let added = workspace
        .datasets()
        .add_from_raw(vec![b'x'; 3 << 20], "PlainText", "long", "d");
    let dataset = added.await.expect("added");
    proxy.script(|request| match request.contains("/studio-storage/") {
        true => Fault::CutAnswer(1 << 20),
        false => Fault::None,
    });
    let mut stream = dataset.open().await.expect("begins");
    let error = loop {
        match stream.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a transfer that breaks off must not end quietly"),
            Err(error) => break error,
        }
    };
    assert!(
        error.to_string().starts_with("read dataset `long`"),
        "{error}"
    );
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("long.txt");
    dataset.download_to(&path).await.expect_err("breaks off");
    assert_eq!(
        std::fs::read_dir(directory.path()).expect("there").count(),
        0
    );
    dataset.read().await.expect_err("breaks off");
    dataset
        .read_as_bytes()
        .await
        .expect_err("breaks off each time");
}
