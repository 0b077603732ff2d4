//! One suite over every kind of datastore that holds files: blob container, file share,
//! Data Lake Storage (Gen2). Row numbers are those of `docs/compat/storage.md`.

#![expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]

#[cfg(all(feature = "mount", target_os = "linux"))]
#[path = "suite/mount.rs"]
mod mount;
mod refusals;
mod suite;

use std::time::Duration;

use azml_core::clock::{Clock, SystemClock};
use azml_core::env;
use azml_datastore::{
    AzureBlob, AzureDataLakeGen2, AzureFile, Datastore, NewWorkspace, StorageEndpoints, Workspace,
    WorkspaceOptions, WorkspaceScope,
};
use azml_test_support::{Fault, FaultProxy, TestEmulator};
use azure_core::http::RetryOptions;

use suite::{FILES, content, names, read_files, suite, write_files};

fn workspace(emulator: &TestEmulator, endpoints: StorageEndpoints) -> Workspace {
    workspace_with(emulator, endpoints, RetryOptions::default())
}

fn workspace_with(
    emulator: &TestEmulator,
    endpoints: StorageEndpoints,
    retry: RetryOptions,
) -> Workspace {
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
    options.client_options.retry = retry;
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
    through_a_proxy_with(emulator, RetryOptions::default()).await
}

async fn through_a_proxy_with(
    emulator: &TestEmulator,
    retry: RetryOptions,
) -> (FaultProxy, Datastore) {
    let endpoint = emulator.variable(env::BLOB_ENDPOINT);
    let upstream = endpoint.trim_start_matches("http://");
    let upstream = upstream.split('/').next().unwrap().parse().unwrap();
    let proxy = FaultProxy::start(upstream).await;
    let address = format!("{}/{}", proxy.url(), emulator.variable(env::ACCOUNT));
    let mut endpoints = StorageEndpoints::default();
    endpoints.blob = Some(address.parse().unwrap());
    let workspace = workspace_with(emulator, endpoints, retry);
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

/// storage AC-01.
#[tokio::test]
async fn accounts_are_kept_apart() {
    const KEYS: [&str; 2] = ["b25lIGtleSBvZiB0d28=", "dGhlIG90aGVyIGtleQ=="];
    let emulator = TestEmulator::start_with(|builder| {
        builder
            .identity("storage-account:firstone", KEYS[0])
            .identity("storage-account:secondone", KEYS[1])
    })
    .await;
    let workspace = workspace(&emulator, StorageEndpoints::default());
    let datastores = workspace.datastores();
    let container = |account: &str, key: &str| {
        AzureBlob::new(account, account, "files")
            .account_key(key)
            .create_if_not_exists()
    };
    let first = datastores
        .register(container("firstone", KEYS[0]))
        .await
        .unwrap();
    let second = datastores
        .register(container("secondone", KEYS[1]))
        .await
        .unwrap();
    first.write("a", "1").await.unwrap();
    assert_eq!(names(&first, "").await, ["a"]);
    assert!(names(&second, "").await.is_empty());
    let wrong = container("firstone", KEYS[1]).overwrite().skip_validation();
    let wrong = datastores.register(wrong).await.unwrap();
    let refused = azml_core::Error::from(wrong.write("a", "2").await.unwrap_err());
    assert_eq!(refused.code(), Some("AuthenticationFailed"));
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
