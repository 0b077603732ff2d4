//! One suite over every kind of datastore that holds files: blob container, file share,
//! Data Lake Storage (Gen2). Row numbers are those of `docs/compat/storage.md`.

#![expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use azml_core::clock::{Clock, SystemClock};
use azml_core::env;
use azml_datastore::{
    AzureBlob, AzureDataLakeGen2, AzureFile, Datastore, Entry, NewWorkspace, StorageEndpoints,
    Workspace, WorkspaceOptions, WorkspaceScope,
};
use azml_test_support::{Fault, FaultProxy, TestEmulator};
use futures::{StreamExt, TryStreamExt};

fn workspace(emulator: &TestEmulator, endpoints: StorageEndpoints) -> Workspace {
    let environment = emulator.environment();
    let scope = WorkspaceScope::new(
        emulator.variable(env::SUBSCRIPTION_ID),
        emulator.variable(env::RESOURCE_GROUP),
        emulator.variable(env::WORKSPACE),
    );
    let credential = azml_auth::directory::from_environment(&environment).unwrap();
    let mut options = WorkspaceOptions::default();
    options.environment = environment;
    options.storage_endpoints = endpoints;
    Workspace::new(scope, credential, Some(options)).unwrap()
}

async fn blob(emulator: &TestEmulator, workspace: &Workspace) -> Datastore {
    let account = emulator.variable(env::ACCOUNT);
    let key = emulator.variable(env::ACCOUNT_KEY);
    let builder = AzureBlob::new("blobs", account, "files")
        .account_key(key)
        .create_if_not_exists();
    workspace.datastores().register(builder).await.unwrap()
}

async fn share(emulator: &TestEmulator, workspace: &Workspace) -> Datastore {
    let account = emulator.variable(env::ACCOUNT);
    let key = emulator.variable(env::ACCOUNT_KEY);
    let builder = AzureFile::new("share", account, "files")
        .account_key(key)
        .create_if_not_exists();
    workspace.datastores().register(builder).await.unwrap()
}

async fn lake(emulator: &TestEmulator, workspace: &Workspace) -> Datastore {
    // Both services see one container; this one makes it.
    blob(emulator, workspace).await;
    let builder = AzureDataLakeGen2::new("lake", emulator.variable(env::ACCOUNT), "files")
        .service_principal(
            emulator.variable(env::TENANT_ID),
            emulator.variable(env::CLIENT_ID),
            emulator.variable(env::CLIENT_SECRET),
        );
    workspace.datastores().register(builder).await.unwrap()
}

const FILES: [(&str, usize); 5] = [
    ("a.txt", 5),
    ("empty", 0),
    ("nested/deep/b.bin", 70_000),
    ("nested/n\u{e4}me with space +%#&'.txt", 12),
    ("large.bin", 20 << 20),
];

fn content(name: &str, length: usize) -> Vec<u8> {
    let seed = u8::try_from(name.len()).unwrap();
    (0..=250u8)
        .cycle()
        .map(|byte| byte ^ seed)
        .take(length)
        .collect()
}

fn write_files(root: &Path) {
    for (name, length) in FILES {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content(name, length)).unwrap();
    }
}

fn read_files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.insert(name.to_owned(), std::fs::read(path).unwrap());
            }
        }
    }
    found
}

async fn names(datastore: &Datastore, prefix: &str) -> Vec<String> {
    let files: Vec<_> = datastore.list(prefix).unwrap().try_collect().await.unwrap();
    let mut names: Vec<String> = files.into_iter().map(|file| file.name).collect();
    names.sort();
    names
}

/// What holds for every kind.
async fn suite(datastore: Datastore) {
    let (source, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_files(source.path());
    let expected: BTreeMap<String, Vec<u8>> = FILES
        .iter()
        .map(|(name, length)| (format!("t/{name}"), content(name, *length)))
        .collect();

    let report = datastore.upload(source.path()).to("t").await.unwrap();
    assert_eq!((report.transferred, report.skipped), (FILES.len(), 0));
    let report = datastore.upload(source.path()).to("t").await.unwrap();
    assert_eq!((report.transferred, report.skipped), (0, FILES.len()));
    let listed = names(&datastore, "t/").await;
    assert_eq!(listed, expected.keys().cloned().collect::<Vec<_>>());
    assert_eq!(names(&datastore, "t/nested/").await.len(), 2);
    assert_eq!(names(&datastore, "t/la").await, ["t/large.bin"]);
    assert!(names(&datastore, "absent/").await.is_empty());

    let mut entries: Vec<Entry> = datastore.entries("t").unwrap().try_collect().await.unwrap();
    entries.sort_by(|a, b| a.name().cmp(b.name()));
    let shown: Vec<&str> = entries.iter().map(Entry::name).collect();
    assert_eq!(shown, ["t/a.txt", "t/empty", "t/large.bin", "t/nested"]);
    assert!(matches!(&entries[3], Entry::Folder(_)));
    let absent: Vec<Entry> = datastore
        .entries("no")
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert!(absent.is_empty());

    let report = datastore.download(copy.path()).prefix("t").await.unwrap();
    assert_eq!(report.transferred, FILES.len());
    assert_eq!(read_files(copy.path()), expected);
    let report = datastore.download(copy.path()).prefix("t").await.unwrap();
    assert_eq!((report.transferred, report.skipped), (0, FILES.len()));

    assert!(
        datastore
            .copy("t/a.txt", "c/copy.txt", false)
            .await
            .unwrap()
    );
    assert!(
        !datastore
            .copy("t/a.txt", "c/copy.txt", false)
            .await
            .unwrap()
    );
    assert!(
        datastore
            .rename("c/copy.txt", "m/moved.txt", false)
            .await
            .unwrap()
    );
    assert!(
        !datastore
            .rename("t/a.txt", "m/moved.txt", false)
            .await
            .unwrap()
    );
    assert!(datastore.properties("c/copy.txt").await.unwrap().is_none());
    let moved = datastore.properties("m/moved.txt").await.unwrap().unwrap();
    assert_eq!(moved.length, 5);
    datastore.write("m/moved.txt", "other").await.unwrap();
    assert!(
        datastore
            .copy("t/a.txt", "m/moved.txt", true)
            .await
            .unwrap()
    );
    let body: Vec<_> = datastore
        .read("m/moved.txt")
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(body.concat(), content("a.txt", 5));
    assert!(datastore.delete("m/moved.txt").await.unwrap());
    assert!(!datastore.delete("m/moved.txt").await.unwrap());

    streamed(&datastore).await;
    resumed(&datastore).await;
}

/// storage SK-05: a stream becomes a file when it has ended, and not before.
async fn streamed(datastore: &Datastore) {
    let chunk = bytes::Bytes::from(content("x", 3 << 20));
    let stream = |count: usize| {
        let chunk = chunk.clone();
        futures::stream::iter((0..count).map(move |_| Ok(chunk.clone())))
    };
    let written = datastore.write_stream("s/new", stream(7), false).await;
    assert!(written.unwrap());
    let found = datastore.properties("s/new").await.unwrap().unwrap();
    assert_eq!(found.length, 21 << 20);
    let again = datastore.write_stream("s/new", stream(1), false).await;
    assert!(!again.unwrap());
    let broken = stream(4).chain(futures::stream::iter([Err(std::io::Error::other(
        "broken",
    ))]));
    datastore
        .write_stream("s/broken", broken, true)
        .await
        .unwrap_err();
    assert!(datastore.properties("s/broken").await.unwrap().is_none());
    datastore
        .write_stream("s/empty", stream(0), true)
        .await
        .unwrap();
    let empty = datastore.properties("s/empty").await.unwrap().unwrap();
    assert_eq!(empty.length, 0);
}

/// storage TR-02: a second upload or download leaves out what is the same, and only that.
async fn resumed(datastore: &Datastore) {
    let (source, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_files(source.path());
    let upload = || datastore.upload(source.path()).to("r").overwrite().resume();
    assert_eq!(upload().await.unwrap().transferred, FILES.len());
    assert_eq!(upload().await.unwrap().transferred, 0);
    std::fs::write(source.path().join("a.txt"), "other").unwrap();
    let later = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
    let changed = std::fs::File::options()
        .write(true)
        .open(source.path().join("a.txt"))
        .unwrap();
    changed.set_modified(later).unwrap();
    assert_eq!(upload().await.unwrap().transferred, 1);

    let download = || {
        datastore
            .download(copy.path())
            .prefix("r")
            .overwrite()
            .resume()
    };
    assert_eq!(download().await.unwrap().transferred, FILES.len());
    assert_eq!(download().await.unwrap().transferred, 0);
    std::fs::write(copy.path().join("r/a.txt"), "wrong length").unwrap();
    assert_eq!(download().await.unwrap().transferred, 1);
    assert_eq!(read_files(copy.path())["r/a.txt"], b"other");
    assert_eq!(read_files(copy.path()).len(), FILES.len());
}

/// storage SK-01.
#[tokio::test]
async fn a_blob_container() {
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator, StorageEndpoints::default());
    suite(blob(&emulator, &workspace).await).await;
}

/// storage SK-02.
#[tokio::test]
async fn a_file_share() {
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator, StorageEndpoints::default());
    let datastore = share(&emulator, &workspace).await;
    suite(datastore.clone()).await;
    // Nothing is left of the temporary names.
    let hidden = names(&datastore, "").await;
    assert!(
        !hidden.iter().any(|name| name.contains("azml-part")),
        "{hidden:?}"
    );
}

/// storage SK-03.
#[tokio::test]
async fn a_file_system() {
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator, StorageEndpoints::default());
    suite(lake(&emulator, &workspace).await).await;
}

/// storage SK-04: the system's file share is one of them.
#[tokio::test]
async fn the_workspaces_own_share() {
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator, StorageEndpoints::default());
    let datastores = workspace.datastores();
    let own = datastores.get("workspacefilestore").await.unwrap();
    own.write("a/b/c.txt", "hello").await.unwrap();
    assert_eq!(names(&own, "").await, ["a/b/c.txt"]);
}

async fn through_a_proxy(emulator: &TestEmulator) -> (FaultProxy, Datastore) {
    let endpoint = emulator.variable(env::BLOB_ENDPOINT);
    let upstream = endpoint.trim_start_matches("http://");
    let upstream = upstream.split('/').next().unwrap().parse().unwrap();
    let proxy = FaultProxy::start(upstream).await;
    let address = format!("{}/{}", proxy.url(), emulator.variable(env::ACCOUNT));
    let mut endpoints = StorageEndpoints::default();
    endpoints.blob = Some(address.parse().unwrap());
    let workspace = workspace(emulator, endpoints);
    let datastore = blob(emulator, &workspace).await;
    (proxy, datastore)
}

/// storage TR-03: broken connections and overloaded services cost time, not data.
#[tokio::test]
async fn faults_are_overcome() {
    let emulator = TestEmulator::start().await;
    let (proxy, datastore) = through_a_proxy(&emulator).await;
    let (source, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_files(source.path());
    for fault in [
        Fault::Status(503),
        Fault::CutRequest(300),
        Fault::CutAnswer(10),
        Fault::ResetAnswer(0),
        Fault::Duplicate,
    ] {
        proxy.once("PUT", fault.clone());
        let report = datastore.upload(source.path()).to("t").overwrite().await;
        assert_eq!(report.unwrap().transferred, FILES.len(), "{fault:?}");
    }
    for (number, fault) in [
        Fault::Status(500),
        Fault::CutAnswer(100_000),
        Fault::ResetAnswer(400),
        Fault::WrongLength(10),
    ]
    .into_iter()
    .enumerate()
    {
        for part in ["large.bin", "b.bin"] {
            proxy.once(part, fault.clone());
            let copy = copy.path().join(format!("{number}{part}"));
            let report = datastore.download(&copy).prefix("t").await;
            assert_eq!(report.unwrap().transferred, FILES.len(), "{fault:?}");
            let found = read_files(&copy);
            for (name, length) in FILES {
                assert_eq!(
                    found[&format!("t/{name}")],
                    content(name, length),
                    "{fault:?}"
                );
            }
            assert_eq!(found.len(), FILES.len());
        }
    }
}

/// storage TR-04: of a download that was interrupted, only what is missing is fetched.
#[tokio::test]
async fn an_interrupted_download_goes_on() {
    let emulator = TestEmulator::start().await;
    let (proxy, datastore) = through_a_proxy(&emulator).await;
    let whole = content("x", 40 << 20);
    datastore.write("big", whole.clone()).await.unwrap();
    let copy = tempfile::tempdir().unwrap();
    // Three parts come, the others take too long for whoever waits.
    let mut parts = 0;
    proxy.script(move |request| {
        if !request.starts_with("GET") || request.contains("comp=list") {
            return Fault::None;
        }
        parts += 1;
        if parts > 3 {
            Fault::Delay(Duration::from_secs(60))
        } else {
            Fault::None
        }
    });
    let download = datastore.download(copy.path()).resume();
    let task = tokio::spawn(download.into_future());
    let journal = || {
        let files = read_files(copy.path());
        let list = files.iter().find(|(name, _)| name.ends_with("journal"));
        list.map_or(0, |(_, bytes)| {
            bytes.iter().filter(|byte| **byte == b'\n').count()
        })
    };
    // The first line says what the parts are of.
    while journal() < 4 {
        SystemClock.sleep(Duration::from_millis(20)).await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    let left = read_files(copy.path());
    assert!(
        !left.contains_key("big") && left.len() == 2,
        "{:?}",
        left.keys()
    );

    proxy.script(|_| Fault::None);
    let before = proxy.seen().len();
    let report = datastore.download(copy.path()).resume().await.unwrap();
    assert_eq!(report.transferred, 1);
    let gets = proxy.seen()[before..]
        .iter()
        .filter(|request| request.starts_with("GET") && !request.contains("comp=list"))
        .count();
    assert_eq!(gets, 2, "the parts that were missing");
    let found = read_files(copy.path());
    assert_eq!(found.len(), 1, "{:?}", found.keys());
    assert_eq!(found["big"], whole);
}

/// storage SD-08: a workspace is made with its datastores, listed and found again.
#[tokio::test]
async fn a_workspace_is_made_and_listed() {
    let emulator = TestEmulator::start().await;
    let environment = emulator.environment();
    let credential = azml_auth::directory::from_environment(&environment).unwrap();
    let subscription = emulator.variable(env::SUBSCRIPTION_ID);
    let group = emulator.variable(env::RESOURCE_GROUP);
    let mut options = WorkspaceOptions::default();
    options.environment = environment;
    let scope = WorkspaceScope::new(&subscription, &group, "made_here");
    let made = Workspace::new(scope, credential.clone(), Some(options.clone())).unwrap();
    let details = made.create(NewWorkspace::new("westeurope")).await.unwrap();
    assert_eq!(
        (details.name.as_str(), details.location.as_str()),
        ("made_here", "westeurope")
    );
    made.create(NewWorkspace::new("westeurope"))
        .await
        .unwrap_err();
    let mut again = NewWorkspace::new("westeurope");
    again.exist_ok = true;
    made.create(again).await.unwrap();
    let default = made.datastores().default().await.unwrap();
    assert_eq!(default.name(), "workspaceblobstore");
    default.write("x", "y").await.unwrap();

    let found = Workspace::list(&subscription, Some(&group), credential, Some(options)).await;
    let found = found.unwrap();
    assert_eq!(found["made_here"].len(), 1);
    assert_eq!(found.len(), 2);
    let folder = tempfile::tempdir().unwrap();
    made.write_config(folder.path()).unwrap();
    assert_eq!(
        &WorkspaceScope::from_config(folder.path()).unwrap(),
        made.scope()
    );
}

/// storage SD-09: an address with a signature reads without any other credential.
#[tokio::test]
async fn addresses_are_signed() {
    let emulator = TestEmulator::start().await;
    let (_proxy, datastore) = through_a_proxy(&emulator).await;
    datastore.write("a b/c.txt", "hello").await.unwrap();
    let hour = Duration::from_secs(3600);
    let url = datastore.signed_url(Some("a b/c.txt"), "r", hour).unwrap();
    assert!(url.query().unwrap().contains("sig="));
    assert!(datastore.signed_url(None, "?", hour).is_err());
    let read = reqwest::get(url.clone()).await.unwrap();
    assert_eq!(read.text().await.unwrap(), "hello");
    let mut other = url;
    other.set_path(&other.path().replace("c.txt", "d.txt"));
    assert_eq!(reqwest::get(other).await.unwrap().status(), 403);
}
