//! Datastores as object stores, by the semantics that `object_store` documents. Row numbers
//! are those of `docs/compat/storage.md`.

#![cfg(feature = "object-store")]
#![expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]

use azml_core::env;
use azml_datastore::{
    AzureBlob, AzureDataLakeGen2, AzureFile, DatastoreObjects, Workspace, WorkspaceOptions,
    WorkspaceScope,
};
use azml_test_support::TestEmulator;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    PutPayload, UpdateVersion,
};

fn workspace(emulator: &TestEmulator) -> Workspace {
    let environment = emulator.environment();
    let scope = WorkspaceScope::new(
        emulator.variable(env::SUBSCRIPTION_ID),
        emulator.variable(env::RESOURCE_GROUP),
        emulator.variable(env::WORKSPACE),
    );
    let credential = azml_auth::directory::from_environment(&environment).unwrap();
    let mut options = WorkspaceOptions::default();
    options.environment = environment;
    Workspace::new(scope, credential, Some(options)).unwrap()
}

async fn list(objects: &DatastoreObjects, prefix: Option<&str>) -> Vec<String> {
    let prefix = prefix.map(Path::from);
    let found: Vec<_> = objects.list(prefix.as_ref()).try_collect().await.unwrap();
    let mut names: Vec<String> = found.iter().map(|meta| meta.location.to_string()).collect();
    names.sort();
    names
}

async fn suite(objects: DatastoreObjects, updates: bool) {
    let path = Path::from("dir/a file.txt");
    assert!(matches!(
        objects.get(&path).await,
        Err(Error::NotFound { .. })
    ));
    assert!(matches!(
        objects.head(&path).await,
        Err(Error::NotFound { .. })
    ));
    objects
        .put(&path, PutPayload::from("0123456789"))
        .await
        .unwrap();
    let meta = objects.head(&path).await.unwrap();
    assert_eq!((meta.size, &meta.location), (10, &path));
    let whole = objects.get(&path).await.unwrap();
    assert_eq!((whole.range.clone(), whole.meta.size), (0..10, 10));
    assert_eq!(whole.bytes().await.unwrap(), "0123456789");

    assert_eq!(objects.get_range(&path, 2..5).await.unwrap(), "234");
    assert_eq!(objects.get_range(&path, 8..50).await.unwrap(), "89");
    assert!(objects.get_range(&path, 10..11).await.is_err());
    let ranged = async |range: GetRange| {
        let options = GetOptions {
            range: Some(range),
            ..GetOptions::default()
        };
        let found = objects.get_opts(&path, options).await.unwrap();
        (found.range.clone(), found.bytes().await.unwrap())
    };
    assert_eq!(ranged(GetRange::Offset(7)).await, (7..10, "789".into()));
    assert_eq!(ranged(GetRange::Suffix(2)).await, (8..10, "89".into()));
    assert_eq!(
        ranged(GetRange::Suffix(50)).await,
        (0..10, "0123456789".into())
    );
    let many = objects.get_ranges(&path, &[0..1, 9..10]).await.unwrap();
    assert_eq!(many, ["0", "9"]);

    conditions(&objects, &path, updates).await;
    listings(&objects).await;
    moves(&objects).await;
    parts(&objects).await;
}

async fn conditions(objects: &DatastoreObjects, path: &Path, updates: bool) {
    let etag = objects.head(path).await.unwrap().e_tag.unwrap();
    let get = async |options: GetOptions| objects.get_opts(path, options).await.map(drop);
    let matching = GetOptions {
        if_match: Some(etag.clone()),
        ..GetOptions::default()
    };
    get(matching).await.unwrap();
    let other = GetOptions {
        if_match: Some("\"0x1\"".to_owned()),
        ..GetOptions::default()
    };
    assert!(matches!(get(other).await, Err(Error::Precondition { .. })));
    let unchanged = GetOptions {
        if_none_match: Some(etag.clone()),
        ..GetOptions::default()
    };
    assert!(matches!(
        get(unchanged).await,
        Err(Error::NotModified { .. })
    ));

    let put = async |mode: PutMode, text: &'static str| {
        let options = PutOptions::from(mode);
        objects
            .put_opts(path, PutPayload::from(text), options)
            .await
    };
    assert!(matches!(
        put(PutMode::Create, "x").await,
        Err(Error::AlreadyExists { .. })
    ));
    let update = |etag: &str| {
        PutMode::Update(UpdateVersion {
            e_tag: Some(etag.to_owned()),
            version: None,
        })
    };
    if updates {
        let written = put(update(&etag), "0123456789").await.unwrap();
        assert_ne!(written.e_tag.as_deref(), Some(etag.as_str()));
        let old = put(update(&etag), "y").await;
        assert!(matches!(old, Err(Error::Precondition { .. })), "{old:?}");
    } else {
        let refused = put(update(&etag), "y").await;
        assert!(
            matches!(refused, Err(Error::NotSupported { .. })),
            "{refused:?}"
        );
    }
    let new = Path::from("dir/new");
    let options = PutOptions::from(PutMode::Create);
    objects.put_opts(&new, "n".into(), options).await.unwrap();
    objects.delete(&new).await.unwrap();
    assert!(matches!(
        objects.delete(&new).await,
        Err(Error::NotFound { .. })
    ));
}

async fn listings(objects: &DatastoreObjects) {
    for name in ["l/a", "l/b/c", "l/b/d", "l/be", "lx"] {
        objects
            .put(&Path::from(name), PutPayload::from(name))
            .await
            .unwrap();
    }
    assert_eq!(
        list(objects, Some("l")).await,
        ["l/a", "l/b/c", "l/b/d", "l/be"]
    );
    assert_eq!(list(objects, Some("l/b")).await, ["l/b/c", "l/b/d"]);
    // A prefix is whole parts of a path, and not the object of that name.
    assert!(list(objects, Some("l/a")).await.is_empty());
    assert!(list(objects, Some("absent")).await.is_empty());
    let level = objects
        .list_with_delimiter(Some(&Path::from("l")))
        .await
        .unwrap();
    assert_eq!(level.common_prefixes, [Path::from("l/b")]);
    let files: Vec<_> = level
        .objects
        .iter()
        .map(|meta| meta.location.as_ref())
        .collect();
    assert_eq!(files, ["l/a", "l/be"]);
    let offset = Path::from("l/b/c");
    let rest: Vec<_> = objects
        .list_with_offset(Some(&Path::from("l")), &offset)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(rest.len(), 2);
}

async fn moves(objects: &DatastoreObjects) {
    let (from, to) = (Path::from("l/a"), Path::from("m/deep/a"));
    objects.copy(&from, &to).await.unwrap();
    assert!(matches!(
        objects.copy_if_not_exists(&from, &to).await,
        Err(Error::AlreadyExists { .. })
    ));
    assert!(matches!(
        objects.rename_if_not_exists(&from, &to).await,
        Err(Error::AlreadyExists { .. })
    ));
    let again = Path::from("m/again");
    objects.rename_if_not_exists(&to, &again).await.unwrap();
    assert!(matches!(
        objects.head(&to).await,
        Err(Error::NotFound { .. })
    ));
    objects.rename(&again, &from).await.unwrap();
    let absent = Path::from("absent");
    assert!(matches!(
        objects.copy(&absent, &to).await,
        Err(Error::NotFound { .. })
    ));
}

async fn parts(objects: &DatastoreObjects) {
    let path = Path::from("parts/whole.bin");
    let part = |byte: u8, length: usize| PutPayload::from(vec![byte; length]);
    let mut upload = objects.put_multipart(&path).await.unwrap();
    let (one, two) = (
        upload.put_part(part(1, 5 << 20)),
        upload.put_part(part(2, 100)),
    );
    // In any order, and nothing shows before the end.
    two.await.unwrap();
    one.await.unwrap();
    assert!(matches!(
        objects.head(&path).await,
        Err(Error::NotFound { .. })
    ));
    upload.complete().await.unwrap();
    let found = objects.get(&path).await.unwrap().bytes().await.unwrap();
    assert_eq!(found.len(), (5 << 20) + 100);
    assert_eq!((found[0], found[(5 << 20) - 1], found[5 << 20]), (1, 1, 2));
    let mut given_up = objects
        .put_multipart(&Path::from("parts/none"))
        .await
        .unwrap();
    given_up.put_part(part(3, 10)).await.unwrap();
    given_up.abort().await.unwrap();
    let mut empty = objects
        .put_multipart(&Path::from("parts/empty"))
        .await
        .unwrap();
    empty.complete().await.unwrap();
    let shown = list(objects, Some("parts")).await;
    let shown: Vec<_> = shown
        .iter()
        .filter(|name| !name.contains("azml-part"))
        .collect();
    assert_eq!(shown, ["parts/empty", "parts/whole.bin"]);
}

/// storage OS-01.
#[tokio::test]
async fn a_blob_container_is_an_object_store() {
    let emulator = TestEmulator::start().await;
    let builder = AzureBlob::new("s", emulator.variable(env::ACCOUNT), "raw")
        .account_key(emulator.variable(env::ACCOUNT_KEY))
        .create_if_not_exists();
    let datastore = workspace(&emulator)
        .datastores()
        .register(builder)
        .await
        .unwrap();
    let objects = datastore.objects().unwrap();
    assert_eq!(objects.to_string(), "azml://s");
    suite(objects, true).await;
}

/// storage OS-02.
#[tokio::test]
async fn a_file_share_is_an_object_store() {
    let emulator = TestEmulator::start().await;
    let builder = AzureFile::new("s", emulator.variable(env::ACCOUNT), "raw")
        .account_key(emulator.variable(env::ACCOUNT_KEY))
        .create_if_not_exists();
    let datastore = workspace(&emulator)
        .datastores()
        .register(builder)
        .await
        .unwrap();
    suite(datastore.objects().unwrap(), false).await;
}

/// storage OS-03.
#[tokio::test]
async fn a_file_system_is_an_object_store() {
    let emulator = TestEmulator::start().await;
    let account = emulator.variable(env::ACCOUNT);
    let datastores = workspace(&emulator).datastores();
    let container = AzureBlob::new("c", &account, "raw")
        .account_key(emulator.variable(env::ACCOUNT_KEY))
        .create_if_not_exists();
    datastores.register(container).await.unwrap();
    let builder = AzureDataLakeGen2::new("s", &account, "raw").service_principal(
        emulator.variable(env::TENANT_ID),
        emulator.variable(env::CLIENT_ID),
        emulator.variable(env::CLIENT_SECRET),
    );
    let datastore = datastores.register(builder).await.unwrap();
    suite(datastore.objects().unwrap(), true).await;
}
