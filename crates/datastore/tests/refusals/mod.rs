//! What a service refuses, and what is stopped: a clear error each time, and nothing lost.

use std::sync::Arc;
use std::time::Duration;

use azml_auth::storage::{AccountKey, SasBuilder, SasToken, SharedKey};
use azml_core::clock::{Clock, ManualClock, SystemClock};
use azml_core::{ErrorKind, env};
use azml_datastore::{AzureBlob, AzureFile, Datastore, Error, StorageEndpoints, WorkspaceOptions};
use azml_test_support::{Fault, TestEmulator};
use futures::TryStreamExt;

use super::suite::{content, names, read_files};
use super::{blob, share, through_a_proxy, workspace};

async fn with_signature(emulator: &TestEmulator, sas: &SasToken) -> Datastore {
    let workspace = workspace(emulator, StorageEndpoints::default());
    let account = emulator.variable(env::ACCOUNT);
    let builder = AzureBlob::new("signed", account, "files")
        .sas_token(sas.expose())
        .skip_validation()
        .overwrite();
    workspace.datastores().register(builder).await.unwrap()
}

async fn read(datastore: &Datastore, path: &str) -> Result<Vec<u8>, azml_core::Error> {
    let chunks: Vec<_> = datastore.read(path).await?.try_collect().await?;
    Ok(chunks.concat())
}

async fn list(datastore: &Datastore) -> Result<usize, azml_core::Error> {
    let files: Vec<_> = datastore.list("")?.try_collect().await?;
    Ok(files.len())
}

/// storage BI-01, BI-02: a signature that is wrong, over, or for something else.
#[tokio::test]
async fn signatures_open_what_they_are_for_and_nothing_else() {
    let emulator = TestEmulator::start().await;
    let own = blob(
        &emulator,
        &workspace(&emulator, StorageEndpoints::default()),
    )
    .await;
    own.write("a", "kept").await.unwrap();
    let key = AccountKey::from_base64(&emulator.variable(env::ACCOUNT_KEY)).unwrap();
    let key = SharedKey::new(emulator.variable(env::ACCOUNT), key);
    let now = SystemClock.now();
    let hour = time::Duration::hours(1);
    let sign = |builder: SasBuilder, letters: &str, expiry| {
        let builder = builder
            .permissions(letters.parse().unwrap())
            .expires(expiry);
        builder.sign(&key).unwrap()
    };

    let good = sign(SasBuilder::container("files"), "rl", now + hour);
    let datastore = with_signature(&emulator, &good).await;
    assert_eq!(read(&datastore, "a").await.unwrap(), b"kept");
    assert_eq!(list(&datastore).await.unwrap(), 1);
    // It does not say that anything may be written.
    let refused: azml_core::Error = datastore.write("a", "lost").await.unwrap_err().into();
    assert_eq!(refused.kind(), ErrorKind::Forbidden);
    assert_eq!(refused.code(), Some("AuthorizationPermissionMismatch"));
    assert!(
        refused
            .hint()
            .is_some_and(|hint| hint.contains("permission")),
        "{refused:?}"
    );
    let source = tempfile::tempdir().unwrap();
    std::fs::write(source.path().join("a"), "lost").unwrap();
    let refused = datastore
        .upload(source.path())
        .overwrite()
        .await
        .unwrap_err();
    assert!(matches!(&refused, Error::Incomplete(report) if report.failed.len() == 1));
    assert!(
        refused
            .hint()
            .unwrap()
            .contains("AuthorizationPermissionMismatch")
    );

    let expired = sign(SasBuilder::container("files"), "rl", now - hour);
    let datastore = with_signature(&emulator, &expired).await;
    let refused = read(&datastore, "a").await.unwrap_err();
    assert_eq!(refused.code(), Some("AuthenticationFailed"));
    assert!(
        refused.hint().is_some_and(|hint| hint.contains("expired")),
        "{refused:?}"
    );

    let signature = good.expose().replace("sig=", "sig=A");
    let wrong = SasToken::new(&signature).unwrap();
    let datastore = with_signature(&emulator, &wrong).await;
    let refused = read(&datastore, "a").await.unwrap_err();
    assert_eq!(refused.code(), Some("AuthenticationFailed"));
    let shown = format!("{refused} {refused:?} {datastore:?}");
    assert!(!shown.contains("sig=A"), "{shown}");

    for (builder, code) in [
        (SasBuilder::container("other"), "AuthenticationFailed"),
        (
            SasBuilder::account("f", "sco"),
            "AuthorizationServiceMismatch",
        ),
        (
            SasBuilder::account("b", "s"),
            "AuthorizationResourceTypeMismatch",
        ),
    ] {
        let datastore = with_signature(&emulator, &sign(builder, "rl", now + hour)).await;
        let refused = read(&datastore, "a").await.unwrap_err();
        assert_eq!(refused.code(), Some(code), "{refused}");
    }
    // One for a single blob opens that blob, and not the list.
    let one = sign(SasBuilder::blob("files", "a"), "rl", now + hour);
    let datastore = with_signature(&emulator, &one).await;
    assert_eq!(read(&datastore, "a").await.unwrap(), b"kept");
    let refused = list(&datastore).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Forbidden);
    assert_eq!(read(&own, "a").await.unwrap(), b"kept");
}

/// storage BI-03: a machine whose clock is wrong is told so.
#[tokio::test]
async fn a_wrong_clock_is_named() {
    let emulator = TestEmulator::start().await;
    let right = workspace(&emulator, StorageEndpoints::default());
    blob(&emulator, &right).await;
    for minutes in [-20, 20] {
        let clock = ManualClock::new(SystemClock.now() + time::Duration::minutes(minutes));
        let mut options = WorkspaceOptions::default();
        options.environment = emulator.environment();
        options.clock = Some(Arc::new(clock));
        let credential = azml_auth::directory::from_environment(&options.environment).unwrap();
        let skewed =
            azml_datastore::Workspace::new(right.scope().clone(), credential, Some(options));
        let datastore = skewed.unwrap().datastores().get("blobs").await.unwrap();
        let refused: azml_core::Error = datastore.write("a", "b").await.unwrap_err().into();
        assert_eq!(refused.code(), Some("AuthenticationFailed"));
        assert!(
            refused.hint().is_some_and(|hint| hint.contains("clock")),
            "{refused:?}"
        );
    }
}

/// storage BI-04: names that a share takes for one are refused before anything is sent.
#[tokio::test]
async fn names_that_collide_on_a_share_are_refused() {
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator, StorageEndpoints::default());
    let source = tempfile::tempdir().unwrap();
    for name in ["readme", "README", "other"] {
        std::fs::write(source.path().join(name), name).unwrap();
    }
    let shared = share(&emulator, &workspace).await;
    let refused = shared.upload(source.path()).await.unwrap_err();
    assert!(matches!(&refused, Error::SameName { .. }), "{refused}");
    assert!(names(&shared, "").await.is_empty());
    // A container has both.
    let container = blob(&emulator, &workspace).await;
    assert_eq!(
        container.upload(source.path()).await.unwrap().transferred,
        3
    );
    assert_eq!(names(&container, "").await, ["README", "other", "readme"]);
}

/// storage BI-05: an upload that is stopped leaves nothing that is half there.
#[tokio::test]
async fn a_stopped_upload_leaves_nothing() {
    let emulator = TestEmulator::start().await;
    let (proxy, datastore) = through_a_proxy(&emulator).await;
    datastore.write("b", "before").await.unwrap();
    let source = tempfile::tempdir().unwrap();
    std::fs::write(source.path().join("a"), content("a", 40 << 20)).unwrap();
    std::fs::write(source.path().join("b"), content("b", 40 << 20)).unwrap();
    let mut blocks = 0;
    proxy.script(move |request| {
        if !request.contains("comp=block") {
            return Fault::None;
        }
        blocks += 1;
        if blocks > 2 {
            Fault::Delay(Duration::from_secs(60))
        } else {
            Fault::None
        }
    });
    let upload = datastore.upload(source.path()).overwrite();
    let task = tokio::spawn(upload.into_future());
    let sent = || {
        let seen = proxy.seen();
        seen.iter()
            .filter(|line| line.contains("comp=block"))
            .count()
    };
    while sent() < 3 {
        SystemClock.sleep(Duration::from_millis(20)).await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    proxy.script(|_| Fault::None);
    assert_eq!(names(&datastore, "").await, ["b"]);
    assert_eq!(read(&datastore, "b").await.unwrap(), b"before");
}

/// storage TU-04, TD-04: patterns pick files on both sides.
#[tokio::test]
async fn patterns_pick_files() {
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator, StorageEndpoints::default());
    let source = tempfile::tempdir().unwrap();
    for name in ["a.csv", "b.txt", "deep/c.csv", "deep/er/d.csv"] {
        let path = source.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, name).unwrap();
    }
    for datastore in [
        blob(&emulator, &workspace).await,
        share(&emulator, &workspace).await,
    ] {
        let upload = datastore.upload(source.path()).to("t").matching("**/*.csv");
        assert_eq!(upload.await.unwrap().transferred, 3);
        let found = names(&datastore, "t/").await;
        assert_eq!(found, ["t/a.csv", "t/deep/c.csv", "t/deep/er/d.csv"]);
        let copy = tempfile::tempdir().unwrap();
        let download = datastore.download(copy.path()).matching("t/deep/*.csv");
        assert_eq!(download.await.unwrap().transferred, 1);
        assert!(read_files(copy.path()).contains_key("t/deep/c.csv"));
        let refused = datastore.download(copy.path()).matching("[").await;
        assert!(matches!(refused, Err(Error::Usage(_))));
    }
}

/// storage TR-07: a small file is one request, also where it must not replace another.
#[tokio::test]
async fn a_small_file_is_one_request() {
    let emulator = TestEmulator::start().await;
    let (proxy, datastore) = through_a_proxy(&emulator).await;
    let source = tempfile::tempdir().unwrap();
    for number in 0..40 {
        std::fs::write(source.path().join(number.to_string()), "x").unwrap();
    }
    let requests = async |transferred: usize, skipped: usize| {
        let before = proxy.seen().len();
        let report = datastore.upload(source.path()).await.unwrap();
        assert_eq!((report.transferred, report.skipped), (transferred, skipped));
        proxy.seen()[before..].to_vec()
    };
    for (transferred, skipped) in [(40, 0), (0, 40)] {
        let seen = requests(transferred, skipped).await;
        assert_eq!(seen.len(), 40, "{seen:?}");
        assert!(seen.iter().all(|line| line.starts_with("PUT ")), "{seen:?}");
    }
    let before = proxy.seen().len();
    let copy = tempfile::tempdir().unwrap();
    datastore.download(copy.path()).await.unwrap();
    // One page of the list, and one request for each file.
    assert_eq!(proxy.seen().len() - before, 41);
}

/// storage RG-09: a container that is not there is named, over every kind.
#[tokio::test]
async fn a_missing_container_is_named() {
    let emulator = TestEmulator::start().await;
    let workspace = workspace(&emulator, StorageEndpoints::default());
    let account = emulator.variable(env::ACCOUNT);
    let key = emulator.variable(env::ACCOUNT_KEY);
    let container = AzureBlob::new("blobs", &account, "absent")
        .account_key(key.clone())
        .skip_validation();
    let shared = AzureFile::new("files", &account, "absent")
        .account_key(key)
        .skip_validation();
    let datastores = workspace.datastores();
    let container = datastores.register(container).await.unwrap();
    let shared = datastores.register(shared).await.unwrap();
    for (datastore, code) in [(container, "ContainerNotFound"), (shared, "ShareNotFound")] {
        let refused: azml_core::Error = datastore.write("a/b", "c").await.unwrap_err().into();
        assert_eq!((refused.status(), refused.code()), (Some(404), Some(code)));
        let refused = list(&datastore).await.unwrap_err();
        assert_eq!(refused.code(), Some(code));
    }
}
