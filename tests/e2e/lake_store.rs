//! Files of a Data Lake Store: trees, patterns, access control, and transfers that are interrupted.
#![expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use azml::ErrorKind;
use azml::auth::directory::InsecureLoopback;
use azml::datalake_analytics::{
    AclChange, ClientOptions, DataLake, Endpoint, Expiry, FileSystem, TransferSummary,
};
use azml_core::env;
use azml_test_support::{Fault, FaultProxy, TestEmulator};
use futures::TryStreamExt as _;

/// An emulator with a store, and the store's files through a proxy that passes everything on.
struct Lake {
    _emulator: TestEmulator,
    proxy: FaultProxy,
    files: FileSystem,
}

async fn lake() -> Lake {
    let emulator = TestEmulator::start().await;
    let environment = emulator.environment();
    DataLake::from_environment(&environment)
        .unwrap()
        .stores()
        .create("azml", "mylake", "eastus2")
        .await
        .unwrap()
        .await
        .unwrap();
    let address = emulator.http_endpoint().socket_addrs(|| None).unwrap()[0];
    let proxy = FaultProxy::start(address).await;
    let mut options = ClientOptions::from_env(&environment).unwrap();
    options.store = Endpoint::Template(format!("{}/adls/{{accountName}}", proxy.url()));
    options.insecure_loopback = InsecureLoopback::Allow;
    let credential = azml::auth::directory::from_environment(&environment).unwrap();
    let subscription = emulator.variable(env::SUBSCRIPTION_ID);
    let files = DataLake::new(credential, subscription, options)
        .files("mylake")
        .unwrap();
    Lake {
        _emulator: emulator,
        proxy,
        files,
    }
}

/// Bytes that differ everywhere.
fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Contents by path below a root.
fn contents(root: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            if path.is_dir() {
                found.insert(name.to_owned(), None);
                waiting.push(path);
            } else {
                found.insert(name.to_owned(), Some(std::fs::read(&path).unwrap()));
            }
        }
    }
    found
}

fn write(root: &Path, name: &str, content: &[u8]) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

async fn names(files: &FileSystem, path: &str) -> Vec<String> {
    let names: Vec<String> = files
        .list(path)
        .map_ok(|entry| entry.path_suffix)
        .try_collect()
        .await
        .unwrap();
    names
}

/// adla F5, F8: trees with odd names, empty files and directories, small and large files, there and back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trees_go_there_and_back() {
    let lake = lake().await;
    let here = tempfile::tempdir().unwrap();
    let source = here.path().join("source");
    for name in [
        "plain",
        "a/with space",
        "a/100% + more",
        "a/b/naïve#1",
        "a/ü?*[x]",
    ] {
        write(&source, name, name.as_bytes());
    }
    write(&source, "empty file", b"");
    write(&source, "middle", &bytes(9 << 20));
    write(&source, "a/large", &bytes((33 << 20) + 12_345));
    std::fs::create_dir_all(source.join("a/nothing in it")).unwrap();

    let told = Arc::new(Mutex::new(Vec::new()));
    let last = Arc::clone(&told);
    let sent = lake
        .files
        .upload(&source, "/tree")
        .progress(move |at| last.lock().unwrap().push(at))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (sent.files, sent.directories, sent.resumed_bytes),
        (8, 1, 0)
    );
    let last = told.lock().unwrap().last().copied().unwrap();
    assert_eq!((last.bytes, last.files), (last.total_bytes, 8));
    assert_eq!(
        names(&lake.files, "tree").await,
        ["a", "empty file", "middle", "plain"]
    );

    let target = here.path().join("target");
    let fetched = lake.files.download("tree", &target).fetch().await.unwrap();
    assert_eq!((fetched.files, fetched.bytes), (8, sent.bytes));
    assert!(
        contents(&source) == contents(&target),
        "other contents came back"
    );

    let error = lake.files.upload(&source, "tree").send().await.unwrap_err();
    let error = azml_core::Error::from(error);
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.message().contains("8 of the targets"), "{error}");
    let error = lake
        .files
        .download("tree", &target)
        .fetch()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    write(&source, "plain", b"changed");
    let again = lake.files.upload(&source, "tree").overwrite(true);
    again.send().await.unwrap();
    assert_eq!(lake.files.read("tree/plain").await.unwrap(), "changed");

    let one = lake
        .files
        .upload(source.join("plain"), "tree/a")
        .send()
        .await;
    assert_eq!(one.unwrap().files, 1);
    assert_eq!(lake.files.read("tree/a/plain").await.unwrap(), "changed");
    let folder = here.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    lake.files
        .download("tree/plain", &folder)
        .fetch()
        .await
        .unwrap();
    assert_eq!(std::fs::read(folder.join("plain")).unwrap(), b"changed");
    let error = lake
        .files
        .download("nowhere", &folder)
        .fetch()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

/// Sends until it succeeds, with a proxy that lets only so many writing requests through in each attempt.
async fn send_in_pieces(lake: &Lake, source: &Path, requests: usize) -> (TransferSummary, usize) {
    for attempt in 1..30 {
        let mut left = requests;
        lake.proxy.script(move |request| {
            if request.contains("op=APPEND") || request.contains("op=CREATE") {
                if left == 0 {
                    // Nothing more of this attempt.
                    return Fault::Status(403);
                }
                left -= 1;
            }
            Fault::None
        });
        let sent = lake.files.upload(source, "big").overwrite(true).parallel(2);
        if let Ok(summary) = sent.send().await {
            return (summary, attempt);
        }
    }
    unreachable!("it never got through")
}

/// A file is the old one or the new one at any time, and what was sent is not sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_uploads_go_on_where_they_were() {
    let lake = lake().await;
    let here = tempfile::tempdir().unwrap();
    for length in [10 << 20, (40 << 20) + 1] {
        let source = here.path().join("big");
        let content = bytes(length);
        std::fs::write(&source, &content).unwrap();
        lake.proxy.script(|_| Fault::None);
        lake.files.write("big", "old", true).await.unwrap();

        lake.proxy.once("op=APPEND", Fault::Status(403));
        let sent = lake.files.upload(&source, "big").overwrite(true).send();
        sent.await.unwrap_err();
        lake.proxy.script(|_| Fault::None);
        assert_eq!(lake.files.read("big").await.unwrap(), "old");

        let (summary, attempts) = send_in_pieces(&lake, &source, 1).await;
        assert!(attempts > 1, "it was interrupted");
        assert!(summary.resumed_bytes > 0);
        lake.proxy.script(|_| Fault::None);
        assert!(lake.files.read("big").await.unwrap() == content);
        assert_eq!(
            names(&lake.files, "/").await,
            ["big"],
            "nothing is left behind"
        );
    }
}

/// The target is absent until it is whole, and what was fetched is not fetched again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_downloads_go_on_where_they_were() {
    let lake = lake().await;
    let here = tempfile::tempdir().unwrap();
    let content = bytes((40 << 20) + 1);
    lake.files
        .write("big", content.clone(), true)
        .await
        .unwrap();
    let target = here.path().join("big");
    let mut left = 3;
    lake.proxy.script(move |request| {
        if request.contains("op=OPEN") {
            if left == 0 {
                return Fault::Status(403);
            }
            left -= 1;
        }
        Fault::None
    });
    let fetched = lake.files.download("big", &target).parallel(1).fetch();
    fetched.await.unwrap_err();
    assert!(!target.exists());
    lake.proxy.script(|_| Fault::None);
    let fetched = lake.files.download("big", &target).fetch().await.unwrap();
    assert_eq!(fetched.resumed_bytes, 24 << 20);
    assert!(std::fs::read(&target).unwrap() == content);
    assert_eq!(contents(here.path()).len(), 1, "nothing is left behind");

    // Another file under the same name: nothing of the first is taken over.
    let mut left = 3;
    lake.proxy.script(move |request| {
        let refuse = request.contains("op=OPEN") && left == 0;
        left -= usize::from(request.contains("op=OPEN") && left > 0);
        if refuse {
            Fault::Status(403)
        } else {
            Fault::None
        }
    });
    let fetched = lake
        .files
        .download("big", &target)
        .overwrite(true)
        .parallel(1);
    fetched.fetch().await.unwrap_err();
    lake.proxy.script(|_| Fault::None);
    let mut other = content.clone();
    other.reverse();
    lake.files.write("big", other.clone(), true).await.unwrap();
    let fetched = lake.files.download("big", &target).overwrite(true).fetch();
    assert_eq!(fetched.await.unwrap().resumed_bytes, 0);
    assert!(std::fs::read(&target).unwrap() == other);
}

/// adla L4: connections that break at every step of a transfer change nothing in what arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections_do_no_harm() {
    let lake = lake().await;
    let here = tempfile::tempdir().unwrap();
    let source = here.path().join("file");
    let content = bytes((9 << 20) + 7);
    std::fs::write(&source, &content).unwrap();
    for operation in ["CREATE", "APPEND", "RENAME", "GETFILESTATUS", "OPEN"] {
        for fault in [
            Fault::Status(503),
            Fault::CutRequest(200),
            Fault::CutAnswer(0),
            Fault::ResetAnswer(20),
        ] {
            let part = format!("op={operation}");
            lake.proxy.once(&part, fault.clone());
            lake.files
                .upload(&source, "file")
                .overwrite(true)
                .send()
                .await
                .unwrap_or_else(|error| unreachable!("{operation} {fault:?}: {error}"));
            let target = here.path().join("back");
            lake.files
                .download("file", &target)
                .overwrite(true)
                .fetch()
                .await
                .unwrap_or_else(|error| unreachable!("{operation} {fault:?}: {error}"));
            assert!(
                std::fs::read(&target).unwrap() == content,
                "{operation} {fault:?}"
            );
        }
    }
    lake.proxy.once("op=APPEND", Fault::Duplicate);
    lake.files
        .write("twice", content.clone(), true)
        .await
        .unwrap();
    lake.proxy.once("op=OPEN", Fault::CutAnswer(1 << 20));
    let read = lake.files.read_range("twice", 0, 9 << 20).await.unwrap();
    assert!(read == content[..9 << 20]);
    lake.proxy.once("op=DELETE", Fault::CutAnswer(0));
    lake.files.delete("twice", false).await.unwrap();
    lake.proxy.once("op=RENAME", Fault::CutAnswer(0));
    lake.files.replace("file", "moved").await.unwrap();
    assert!(lake.files.read("moved").await.unwrap() == content);
}

#[tokio::test]
async fn patterns_usage_and_concatenation() {
    let lake = lake().await;
    let files = &lake.files;
    for name in [
        "logs/2020-01/a.csv",
        "logs/2020-01/b.txt",
        "logs/2020-02/a.csv",
        "logs/x",
    ] {
        files.write(name, name, false).await.unwrap();
    }
    let found = files.glob("/logs/2020-*/[a-b].csv").await.unwrap();
    assert_eq!(found, ["logs/2020-01/a.csv", "logs/2020-02/a.csv"]);
    assert_eq!(files.glob("logs/?").await.unwrap(), ["logs/x"]);
    assert_eq!(files.glob("logs/2020-01/a.csv").await.unwrap().len(), 1);
    assert!(files.glob("nowhere/*").await.unwrap().is_empty());
    assert_eq!(
        files.glob("**").await.unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
    let mut walked: Vec<String> = files
        .walk("logs")
        .map_ok(|entry| entry.path)
        .try_collect()
        .await
        .unwrap();
    walked.sort();
    assert_eq!(walked.len(), 6);
    let usage = files.usage("logs").await.unwrap();
    assert_eq!(usage.last().unwrap(), &("logs/x".to_owned(), 6));

    let sources = ["logs/2020-01/a.csv", "/logs/2020-02/a.csv"];
    files.concat("all + %", &sources, false).await.unwrap();
    let all = files.read("all + %").await.unwrap();
    assert_eq!(all, "logs/2020-01/a.csvlogs/2020-02/a.csv");
    assert!(!files.exists("logs/2020-02/a.csv").await.unwrap());
    files.append("all + %", "!").await.unwrap();
    files.append("new", "!").await.unwrap();
    assert_eq!(files.status("all + %").await.unwrap().length, 37);
    let error = files.concat("x", &["nowhere"], false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

/// adla F6, F7, F16
#[tokio::test]
async fn access_control_and_expiry() {
    let lake = lake().await;
    let files = &lake.files;
    files.write("tree/a/file", "x", false).await.unwrap();
    let user = "6b190b7a-0acf-43c8-ab14-965f5aea6243";
    let spec = format!("user:{user}:r-x,default:user:{user}:r-x");
    let report = files
        .change_acl_recursively("tree", &AclChange::Modify(spec))
        .await
        .unwrap();
    assert_eq!((report.changed, report.failed.len()), (3, 0));
    let file = files.acl("tree/a/file").await.unwrap().entries;
    assert!(!file.iter().any(|entry| entry.starts_with("default:")));
    assert!(files.status("tree/a/file").await.unwrap().acl_bit);
    files.write("tree/a/later", "x", false).await.unwrap();
    let inherited = files.acl("tree/a/later").await.unwrap().entries;
    assert!(inherited.iter().any(|entry| entry.contains(user)));
    files
        .remove_acl_entries("tree", &format!("user:{user}"))
        .await
        .unwrap();
    files.remove_default_acl("tree").await.unwrap();
    files.remove_acl("tree/a/file").await.unwrap();
    assert!(!files.status("tree/a/file").await.unwrap().acl_bit);
    assert!(files.check_access("tree", "r-x").await.unwrap());
    files.set_owner("tree", Some(user), None).await.unwrap();
    assert_eq!(files.status("tree").await.unwrap().owner, user);
    let error = files.set_acl("tree", "user::rwx").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);

    let file = "tree/a/file";
    files
        .set_expiry(file, Expiry::In(Duration::from_secs(3600)))
        .await
        .unwrap();
    assert!(files.status(file).await.unwrap().ms_expiration_time > 0);
    files.set_expiry(file, Expiry::Never).await.unwrap();
    assert_eq!(files.status(file).await.unwrap().ms_expiration_time, 0);
    let soon = Expiry::In(Duration::from_millis(1));
    let error = files.set_expiry("tree", soon).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}
