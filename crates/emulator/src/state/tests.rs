//! The promises of the store and of the files, together.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use azml_core::clock::SystemClock;
use bytes::Bytes;
use futures::{TryStreamExt, future::join_all};

use super::*;

fn open(path: &std::path::Path) -> State {
    let directory = DataDir::open(path).unwrap();
    State::open(&directory, Ids::random(), Arc::new(SystemClock)).unwrap()
}

fn ephemeral() -> State {
    let directory = DataDir::temporary().unwrap();
    State::open(&directory, Ids::random(), Arc::new(SystemClock)).unwrap()
}

async fn bodies(state: &State, directory: &std::path::Path) -> HashSet<String> {
    // The writer removes released bodies after it answered: one more round
    // through its queue comes after that.
    state.store.write(|_| Ok::<_, Error>(())).await.unwrap();
    let mut found = HashSet::new();
    for shard in std::fs::read_dir(directory.join("files")).unwrap() {
        for body in std::fs::read_dir(shard.unwrap().path()).unwrap() {
            found.insert(body.unwrap().file_name().to_string_lossy().into_owned());
        }
    }
    found
}

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("refused")]
    Conflict,
    #[error(transparent)]
    State(#[from] Error),
}

#[tokio::test]
async fn what_was_answered_is_there_after_reopening() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let state = open(&path);
    let writes = (0..200).map(|i| {
        let store = state.store.clone();
        async move {
            store
                .write(move |txn| txn.put_json("t", format!("{i:03}"), &i))
                .await
        }
    });
    for outcome in join_all(writes).await {
        outcome.unwrap();
    }
    state.store.close().await;
    drop(state);

    let state = open(&path);
    let values: Vec<u32> = state
        .store
        .read(|txn| txn.scan_json("t", &KeyRange::all()))
        .unwrap();
    assert_eq!(values, (0..200).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_write_leaves_nothing_and_hurts_nobody() {
    let state = ephemeral();
    state
        .store
        .write(|txn| txn.put("t", "kept", "old"))
        .await
        .unwrap();
    // The first write holds the writer until all others wait: one commit.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let first = tokio::spawn({
        let store = state.store.clone();
        async move {
            store
                .write(move |_| {
                    wait.recv().ok();
                    Ok::<_, Error>(())
                })
                .await
        }
    });
    let good = |key: &'static str| {
        let store = state.store.clone();
        async move { store.write(move |txn| txn.put("t", key, "new")).await }
    };
    let bad = async {
        state
            .store
            .write(|txn| {
                assert_eq!(txn.get("t", "a")?.as_deref(), Some(&b"new"[..]));
                txn.put("t", "kept", "changed")?;
                txn.put("t", "kept", "changed twice")?;
                txn.put("t", "added", "x")?;
                txn.remove("t", "a")?;
                Err::<(), _>(Refused::Conflict)
            })
            .await
    };
    let panics = async {
        state
            .store
            .write(|txn| {
                txn.put("t", "panicked", "x")?;
                assert!(txn.get("t", "panicked")?.is_none(), "a defect");
                Ok::<_, Error>(())
            })
            .await
    };
    let all = async { tokio::join!(good("a"), bad, panics, good("b")) };
    let release = async {
        tokio::task::yield_now().await;
        go.send(()).unwrap();
    };
    let ((a, bad, panicked, b), ()) = tokio::join!(all, release);
    first.await.unwrap().unwrap();
    a.unwrap();
    b.unwrap();
    assert!(matches!(bad, Err(Refused::Conflict)));
    assert!(matches!(panicked, Err(Error::Panicked)));
    let left = state
        .store
        .read(|txn| txn.scan("t", &KeyRange::all(), usize::MAX))
        .unwrap();
    let left: Vec<_> = left
        .iter()
        .map(|(k, v)| {
            (
                std::str::from_utf8(k).unwrap(),
                std::str::from_utf8(v).unwrap(),
            )
        })
        .collect();
    assert_eq!(left, [("a", "new"), ("b", "new"), ("kept", "old")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_writers_share_one_commit() {
    let state = ephemeral();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let running = Arc::new(AtomicUsize::new(0));
    let first = tokio::spawn({
        let store = state.store.clone();
        async move {
            store
                .write(move |_| {
                    wait.recv().ok();
                    Ok::<_, Error>(())
                })
                .await
        }
    });
    let mut writes: Vec<_> = (0..100)
        .map(|i| {
            let store = state.store.clone();
            let running = Arc::clone(&running);
            Box::pin(async move {
                let ran = Arc::clone(&running);
                store
                    .write(move |txn| {
                        ran.fetch_add(1, Ordering::SeqCst);
                        txn.put_json("t", format!("{i}"), &i)
                    })
                    .await
                    .unwrap();
                running.load(Ordering::SeqCst)
            })
        })
        .collect();
    // Polled once, each is in the queue behind the first.
    for write in &mut writes {
        assert!(futures::poll!(write).is_pending());
    }
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    // Nobody was answered before all had run, so one commit answered them all.
    assert_eq!(join_all(writes).await, [100; 100]);
}

#[tokio::test]
async fn a_snapshot_does_not_move() {
    let state = ephemeral();
    state
        .store
        .write(|txn| txn.put("t", "k", "1"))
        .await
        .unwrap();
    let store = state.store.clone();
    let (seen, later) = {
        let before = state.store.read(|txn| txn.get("t", "k")).unwrap();
        store.write(|txn| txn.put("t", "k", "2")).await.unwrap();
        (before, state.store.read(|txn| txn.get("t", "k")).unwrap())
    };
    assert_eq!(seen.as_deref(), Some(&b"1"[..]));
    assert_eq!(later.as_deref(), Some(&b"2"[..]));
}

#[tokio::test]
async fn scans_page_in_both_directions() {
    let state = ephemeral();
    state
        .store
        .write(|txn| {
            for i in 0..1000 {
                txn.put("t", format!("p/{i:04}"), "")?;
            }
            txn.put("t", "q", "")?;
            // Inside the write, over several pages.
            let mut seen = 0;
            txn.visit("t", &KeyRange::prefix("p/"), Order::Descending, |key, _| {
                seen += 1;
                assert_eq!(key, format!("p/{:04}", 1000 - seen).as_bytes());
                Ok::<_, Error>(std::ops::ControlFlow::Continue(()))
            })?;
            assert_eq!(seen, 1000);
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    let page = state
        .store
        .read(|txn| txn.scan("t", &KeyRange::prefix("p/").after("p/0500"), 3))
        .unwrap();
    let keys: Vec<_> = page.iter().map(|(key, _)| key.as_slice()).collect();
    assert_eq!(keys, [b"p/0501", b"p/0502", b"p/0503"]);
    let nothing = state
        .store
        .read(|txn| txn.scan("t", &KeyRange::prefix("p/").after("q"), 3))
        .unwrap();
    assert!(nothing.is_empty());
}

#[tokio::test]
async fn bodies_stream_in_and_out() {
    let state = ephemeral();
    let content: Vec<u8> = (0..3_000_000u32)
        .map(|i| (i % 251).try_into().unwrap())
        .collect();
    let mut writer = state.files.create().await.unwrap();
    for chunk in content.chunks(700_001) {
        writer.write(Bytes::copy_from_slice(chunk)).await.unwrap();
    }
    let file = writer.finish().await.unwrap();
    assert_eq!(file.length(), 3_000_000);
    let id = state.store.write(|txn| txn.adopt(file)).await.unwrap();
    let reader = state.files.read(&id).await.unwrap();
    let all: Vec<Bytes> = reader.stream(0..u64::MAX).try_collect().await.unwrap();
    assert_eq!(all.concat(), content);
    let reader = state.files.read(&id).await.unwrap();
    let part: Vec<Bytes> = reader
        .stream(999_999..1_600_000)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(part.concat(), content[999_999..1_600_000]);
    let reader = state.files.read(&id).await.unwrap();
    let end = reader.bytes(2_999_990..9_999_999).await.unwrap();
    assert_eq!(end, content[2_999_990..]);
}

#[tokio::test]
async fn bodies_live_as_long_as_their_references() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let state = open(&path);
    let dropped = state.files.store("dropped").await.unwrap();
    drop(dropped);
    let refused = state.files.store("refused").await.unwrap();
    let outcome = state
        .store
        .write(|txn| {
            txn.adopt(refused)?;
            Err::<(), _>(Refused::Conflict)
        })
        .await;
    assert!(outcome.is_err());
    assert!(bodies(&state, &path).await.is_empty());

    let file = state.files.store("kept").await.unwrap();
    let id = state.store.write(|txn| txn.adopt(file)).await.unwrap();
    let second = id.clone();
    state
        .store
        .write(move |txn| {
            txn.retain(&second)?;
            txn.release(&second)
        })
        .await
        .unwrap();
    assert_eq!(bodies(&state, &path).await, HashSet::from([id.to_string()]));
    let last = id.clone();
    state
        .store
        .write(move |txn| txn.release(&last))
        .await
        .unwrap();
    assert!(bodies(&state, &path).await.is_empty());
}

#[tokio::test]
async fn orphans_are_swept_at_start() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let state = open(&path);
    let file = state.files.store("kept").await.unwrap();
    let id = state.store.write(|txn| txn.adopt(file)).await.unwrap();
    // As a crash leaves them: finished but not adopted, and half received.
    let shard = path.join("files").join("0f");
    std::fs::create_dir_all(&shard).unwrap();
    std::fs::write(shard.join("0f0000"), "orphan").unwrap();
    std::fs::write(path.join("files/new/0f0001"), "half").unwrap();
    assert_eq!(bodies(&state, &path).await.len(), 3);
    state.store.close().await;
    drop(state);

    let state = open(&path);
    assert_eq!(bodies(&state, &path).await, HashSet::from([id.to_string()]));
    let content = state
        .files
        .read(&id)
        .await
        .unwrap()
        .bytes(0..9)
        .await
        .unwrap();
    assert_eq!(content, "kept");
}

#[tokio::test]
async fn clear_forgets_everything() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let state = open(&path);
    let file = state.files.store("x").await.unwrap();
    state.store.write(|txn| txn.adopt(file)).await.unwrap();
    state
        .store
        .write(|txn| txn.put("t", "k", "v"))
        .await
        .unwrap();
    state.clear().await.unwrap();
    assert!(bodies(&state, &path).await.is_empty());
    assert!(!state.store.read(|txn| txn.contains("t", "k")).unwrap());
    state
        .store
        .write(|txn| txn.put("t", "k", "v"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let state = ephemeral();
    state.store.close().await;
    let outcome = state.store.write(|txn| txn.put("t", "k", "v")).await;
    assert!(matches!(outcome, Err(Error::Closed)));
    let outcome = state.store.read(|txn| txn.get("t", "k"));
    assert!(matches!(outcome, Err(Error::Closed)));
}
