//! The client against the emulator over the real protocols. Row numbers are those of
//! `docs/compat/storage.md`.

#![expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use azml_auth::directory;
use azml_core::{ErrorKind, env};
use azml_datastore::{
    Api, AzureBlob, AzureDataLakeGen1, AzureDataLakeGen2, AzureFile, AzureMySql, AzurePostgreSql,
    AzureSql, Credential, Databricks, Error, ErrorMode, Kind, Location, ProgressEvent, Workspace,
    WorkspaceOptions, WorkspaceScope,
};
use azml_test_support::TestEmulator;
use futures::TryStreamExt;

struct Fixture {
    emulator: TestEmulator,
    workspace: Workspace,
}

impl Fixture {
    async fn start() -> Self {
        Self::with_api(Api::DataPlane).await
    }

    async fn with_api(api: Api) -> Self {
        let emulator = TestEmulator::start().await;
        let workspace = workspace(&emulator, api);
        Self {
            emulator,
            workspace,
        }
    }

    fn blob(&self, name: &str, container: &str) -> AzureBlob {
        AzureBlob::new(name, self.emulator.variable(env::ACCOUNT), container)
            .account_key(self.emulator.variable(env::ACCOUNT_KEY))
    }
}

fn workspace(emulator: &TestEmulator, api: Api) -> Workspace {
    let environment = emulator.environment();
    let scope = WorkspaceScope::new(
        emulator.variable(env::SUBSCRIPTION_ID),
        emulator.variable(env::RESOURCE_GROUP),
        emulator.variable(env::WORKSPACE),
    );
    let credential = directory::from_environment(&environment).unwrap();
    let mut options = WorkspaceOptions::default();
    options.environment = environment;
    options.api = api;
    Workspace::new(scope, credential, Some(options)).unwrap()
}

fn tree(root: &Path, files: &[(&str, &[u8])]) {
    for (name, content) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.insert(name.to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// storage SD-01: the article's path with our own client.
#[tokio::test]
async fn register_upload_list_download() {
    let f = Fixture::start().await;
    let details = f.workspace.details().await.unwrap();
    assert_eq!(details.name, "azml");
    let datastores = f.workspace.datastores();
    let photos = datastores
        .register(f.blob("Photos", "raw").create_if_not_exists())
        .await
        .unwrap();
    assert_eq!((photos.name(), photos.kind()), ("photos", &Kind::AzureBlob));

    let local = tempfile::tempdir().unwrap();
    let large: Vec<u8> = (0..20_000_000u32).map(|i| (i % 251) as u8).collect();
    let content: [(&str, &[u8]); 5] = [
        ("a.txt", b"hello"),
        ("empty", b""),
        ("nested/ä +%#?.txt", b"odd"),
        ("nested/deep/.hidden", b"x"),
        ("large.bin", &large),
    ];
    tree(local.path(), &content);
    let moved = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&moved);
    let progress = move |event: ProgressEvent<'_>| {
        if let ProgressEvent::Moved { bytes } = event {
            counter.fetch_add(bytes, Ordering::Relaxed);
        }
    };
    let report = photos
        .upload(local.path())
        .to("/train/")
        .progress(Arc::new(progress))
        .await
        .unwrap();
    let total: usize = content.iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!((report.transferred, report.skipped), (5, 0));
    assert_eq!(report.bytes, total as u64);
    assert_eq!(moved.load(Ordering::Relaxed), total as u64);
    assert_eq!(
        report.reference.unwrap().path_on_datastore(),
        Some("train/")
    );

    let names: Vec<String> = photos
        .list("train/nested/")
        .unwrap()
        .map_ok(|item| item.name)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        names,
        ["train/nested/deep/.hidden", "train/nested/ä +%#?.txt"]
    );

    let copy = tempfile::tempdir().unwrap();
    let report = photos.download(copy.path()).prefix("train/").await.unwrap();
    assert_eq!((report.transferred, report.bytes), (5, total as u64));
    assert_eq!(files(&copy.path().join("train")), files(local.path()));
    let again = photos.download(copy.path()).prefix("train/").await.unwrap();
    assert_eq!((again.transferred, again.skipped), (0, 5));
    let none = photos.download(copy.path()).prefix("absent").await.unwrap();
    assert_eq!(none.total(), 0);
}

/// storage SD-02: what is there stays unless it may be replaced.
#[tokio::test]
async fn overwriting_is_asked_for_on_both_sides() {
    let f = Fixture::start().await;
    let store = f
        .workspace
        .datastores()
        .register(f.blob("s", "raw").create_if_not_exists())
        .await
        .unwrap();
    store.write("a", "old").await.unwrap();
    store.write("big", vec![1u8; 9 << 20]).await.unwrap();
    let local = tempfile::tempdir().unwrap();
    tree(
        local.path(),
        &[("a", b"new"), ("b", b"b"), ("big", &[2u8; 9 << 20])],
    );
    let report = store.upload(local.path()).await.unwrap();
    assert_eq!((report.transferred, report.skipped), (1, 2));
    let report = store.upload(local.path()).overwrite().await.unwrap();
    assert_eq!((report.transferred, report.skipped), (3, 0));
    let read: Vec<_> = store.read("a").await.unwrap().try_collect().await.unwrap();
    assert_eq!(read.concat(), b"new");

    let copy = tempfile::tempdir().unwrap();
    tree(copy.path(), &[("a", b"mine")]);
    let report = store.download(copy.path()).await.unwrap();
    assert_eq!((report.transferred, report.skipped), (2, 1));
    assert_eq!(files(copy.path())["a"], b"mine");
    store.download(copy.path()).overwrite().await.unwrap();
    assert_eq!(files(copy.path()), files(local.path()));
    assert!(store.delete("a").await.unwrap());
    assert!(!store.delete("a").await.unwrap());
}

/// storage SD-03: the others are moved, and the report says what failed.
#[tokio::test]
async fn one_bad_name_does_not_stop_the_others() {
    let f = Fixture::start().await;
    let store = f
        .workspace
        .datastores()
        .register(f.blob("s", "raw").create_if_not_exists())
        .await
        .unwrap();
    for name in ["../outside", "/rooted", "good", "a//b", "folder/x"] {
        store.write(name, name.to_owned()).await.unwrap();
    }
    store.write("folder/", "").await.unwrap();
    let parent = tempfile::tempdir().unwrap();
    let copy = parent.path().join("copy");
    let error = store.download(&copy).await.unwrap_err();
    let Error::Incomplete(report) = error else {
        panic!("{error}");
    };
    assert_eq!(report.transferred, 2);
    let failed: Vec<&str> = report
        .failed
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(failed, ["../outside", "/rooted", "a//b"]);
    assert!(
        report
            .failed
            .iter()
            .all(|(_, error)| matches!(error, Error::UnsafeName(_)))
    );
    assert_eq!(files(parent.path()).len(), 2);
    let ignored = store
        .download(&copy)
        .errors(ErrorMode::Ignore)
        .await
        .unwrap();
    assert_eq!((ignored.skipped, ignored.failed.len()), (2, 3));
    let fast = store.download(&copy).errors(ErrorMode::FailFast).await;
    assert!(matches!(fast, Err(Error::UnsafeName(_))));
    store.write("good/below", "clash").await.unwrap();
    let clash = store.download(&copy).await.unwrap_err();
    assert!(
        matches!(&clash, Error::NameClash(name) if name == "good"),
        "{clash}"
    );
}

/// storage SD-04: look up, list, default, unregister over both contracts.
#[tokio::test]
async fn registrations_over_both_contracts() {
    for api in [Api::DataPlane, Api::Arm] {
        let f = Fixture::with_api(api).await;
        let datastores = f.workspace.datastores();
        // Resource Manager does not make containers.
        let registered = workspace(&f.emulator, Api::DataPlane)
            .datastores()
            .register(f.blob("first", "raw").create_if_not_exists())
            .await;
        registered.unwrap();
        let second = datastores.register(f.blob("second", "raw")).await.unwrap();
        let Credential::AccountKey(Some(key)) = &second.record().credential else {
            panic!("{second:?}");
        };
        assert_eq!(key.expose(), f.emulator.variable(env::ACCOUNT_KEY));
        let taken = datastores
            .register(f.blob("Second", "raw"))
            .await
            .unwrap_err();
        assert!(
            matches!(&taken, Error::Exists(name) if name == "second"),
            "{taken}"
        );
        datastores
            .register(f.blob("second", "raw").overwrite())
            .await
            .unwrap();

        let names: Vec<String> = datastores
            .list()
            .map_ok(|record| record.name)
            .try_collect()
            .await
            .unwrap();
        assert_eq!(names[..2], ["first", "second"], "{api:?}");
        let secret = datastores.list().try_collect::<Vec<_>>().await.unwrap();
        assert!(!format!("{secret:?}").contains(&f.emulator.variable(env::ACCOUNT_KEY)));
        assert_eq!(
            datastores.default().await.unwrap().name(),
            "workspaceblobstore"
        );
        match (api, datastores.set_default("second").await) {
            (Api::Arm, Err(Error::Unsupported { .. })) => {}
            (Api::DataPlane, Ok(())) => {
                assert_eq!(datastores.default().await.unwrap().name(), "second");
                let missing = datastores.set_default("absent").await;
                assert!(matches!(missing, Err(Error::NotFound(_))));
            }
            (_, other) => panic!("{other:?}"),
        }
        assert!(datastores.unregister("second").await.unwrap());
        assert!(!datastores.unregister("second").await.unwrap());
        let gone = datastores.get("second").await.unwrap_err();
        assert!(matches!(gone, Error::NotFound(_)), "{gone}");
    }
}

/// storage SD-05: what the service refuses, and what is refused before it is asked.
#[tokio::test]
async fn refusals_say_why() {
    let f = Fixture::start().await;
    let datastores = f.workspace.datastores();
    let account = f.emulator.variable(env::ACCOUNT);
    let absent = datastores
        .register(f.blob("a", "absent"))
        .await
        .unwrap_err();
    assert!(absent.to_string().contains("absent"), "{absent}");
    let wrong = AzureBlob::new("a", &account, "raw").account_key("QUJD");
    let wrong = datastores.register(wrong).await.unwrap_err();
    assert!(wrong.to_string().contains("Forbidden"), "{wrong}");
    let both = f.blob("a", "raw").sas_token("sv=1&sig=x");
    let both = datastores.register(both).await.unwrap_err();
    assert!(matches!(both, Error::Usage(_)), "{both}");

    // Registered unseen: the refusal comes with the data.
    let bad = AzureBlob::new("bad", &account, "raw")
        .account_key("QUJD")
        .skip_validation();
    let bad = datastores.register(bad).await.unwrap();
    let refused = bad.write("a", "b").await.unwrap_err();
    let refused = azml_core::Error::from(refused);
    assert_eq!(refused.kind(), ErrorKind::Forbidden);
    assert_eq!(refused.code(), Some("AuthenticationFailed"));
    assert!(refused.hint().unwrap().contains("key"));
    let missing = datastores
        .register(f.blob("missing", "absent").skip_validation())
        .await
        .unwrap();
    let missing = missing.list("").unwrap().try_collect::<Vec<_>>().await;
    let missing = azml_core::Error::from(missing.unwrap_err());
    assert_eq!(missing.code(), Some("ContainerNotFound"));
}

/// storage SD-06: every kind is registered and comes back.
#[tokio::test]
async fn every_kind_comes_back() {
    let f = Fixture::start().await;
    let d = f.workspace.datastores();
    let account = f.emulator.variable(env::ACCOUNT);
    let lake = AzureDataLakeGen1::new("lake", "store").service_principal("t", "c", "s");
    let lake = d.register(lake).await.unwrap();
    assert_eq!(lake.record().credential.kind(), "ServicePrincipal");
    assert!(matches!(
        lake.list("").err(),
        Some(Error::Unsupported { .. })
    ));
    let gen2 = AzureDataLakeGen2::new("gen2", &account, "raw").service_principal("t", "c", "s");
    let gen2 = d.register(gen2).await.unwrap();
    assert_eq!(gen2.kind(), &Kind::AzureDataLakeGen2);
    let file = AzureFile::new("file", &account, "share").skip_validation();
    assert_eq!(d.register(file).await.unwrap().kind(), &Kind::AzureFile);
    let sql = AzureSql::new("sql", "srv", "db")
        .login("u", "p")
        .skip_validation();
    let sql = d.register(sql).await.unwrap();
    assert_eq!(sql.record().credential.kind(), "SqlLogin");
    let pg = AzurePostgreSql::new("pg", "srv", "db", "u", "p");
    let Location::Database {
        port, enforce_tls, ..
    } = d.register(pg).await.unwrap().record().location.clone()
    else {
        panic!("no database");
    };
    assert_eq!((port.as_deref(), enforce_tls), (Some("5432"), Some(true)));
    d.register(AzureMySql::new("my", "srv", "db", "u", "p").port(1))
        .await
        .unwrap();
    d.register(Databricks::new("bricks")).await.unwrap();
    d.register(Databricks::new("bricks")).await.unwrap();
    let all: Vec<_> = d.list().try_collect().await.unwrap();
    assert_eq!(all.len(), 10);
}

/// storage SD-07: a download that stops leaves nothing half-written.
#[tokio::test]
async fn a_dropped_download_leaves_no_part() {
    let f = Fixture::start().await;
    let store = f
        .workspace
        .datastores()
        .register(f.blob("s", "raw").create_if_not_exists())
        .await
        .unwrap();
    store.write("big", vec![1u8; 40 << 20]).await.unwrap();
    let copy = tempfile::tempdir().unwrap();
    let (begun, wait) = tokio::sync::oneshot::channel();
    let begun = std::sync::Mutex::new(Some(begun));
    let progress = move |event: ProgressEvent<'_>| {
        if matches!(event, ProgressEvent::Moved { .. })
            && let Some(begun) = begun.lock().unwrap().take()
        {
            begun.send(()).unwrap();
        }
    };
    let download = store.download(copy.path()).progress(Arc::new(progress));
    let task = tokio::spawn(async move { download.await });
    wait.await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(
        files(copy.path()).is_empty(),
        "{:?}",
        files(copy.path()).keys()
    );
}
