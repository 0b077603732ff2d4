//! Storage clients of Rust that are not ours, against the emulator.

use azml::datastore::{AzureBlob, AzureFile, Workspace};
use azml_tests::EmulatorProcess;
use foreign_object_store::azure::{MicrosoftAzure, MicrosoftAzureBuilder};
use foreign_object_store::integration;
use opendal::options::ListOptions;
use opendal::{ErrorKind, Operator, services};

const CONTAINER: &str = "foreign";

/// An emulator with an empty container and an empty share of one name.
async fn emulator() -> EmulatorProcess {
    // Without it opendal sends nothing.
    opendal::install_default();
    let emulator = EmulatorProcess::ephemeral().await;
    let workspace = Workspace::from_environment(&emulator.environment()).expect("a workspace");
    let (account, key) = (
        emulator.name("AZML_ACCOUNT"),
        emulator.name("AZML_ACCOUNT_KEY"),
    );
    let container = AzureBlob::new("blobs", account, CONTAINER)
        .account_key(key)
        .create_if_not_exists();
    let share = AzureFile::new("files", account, CONTAINER)
        .account_key(key)
        .create_if_not_exists();
    let datastores = workspace.datastores();
    datastores.register(container).await.expect("a container");
    datastores.register(share).await.expect("a share");
    emulator
}

fn store(emulator: &EmulatorProcess) -> MicrosoftAzure {
    MicrosoftAzureBuilder::new()
        .with_endpoint(emulator.name("AZML_BLOB_ENDPOINT").to_owned())
        .with_account(emulator.name("AZML_ACCOUNT"))
        .with_access_key(emulator.name("AZML_ACCOUNT_KEY"))
        .with_container_name(CONTAINER)
        .with_allow_http(true)
        .build()
        .expect("a client")
}

/// storage RU-02: its tests of uploads in parts, and of lists in pages.
#[tokio::test]
async fn object_store_in_parts() {
    let emulator = emulator().await;
    let store = store(&emulator);
    integration::multipart(&store, &store).await;
    integration::multipart_put_part_out_of_order(&store, &store).await;
    integration::multipart_race_condition(&store, false).await;
    integration::multipart_out_of_order(&store).await;
    integration::list_paginated(&store, &store).await;
}

/// What every service of opendal does.
async fn suite(operator: Operator, large: usize) {
    let odd = "n\u{e4}me +%41&=#/x y.txt";
    for (name, content) in [
        ("a.txt", "hello"),
        ("empty", ""),
        (odd, "odd"),
        ("d/e/f", "f"),
    ] {
        operator.write(name, content).await.expect(name);
        let read = operator.read(name).await.expect(name);
        assert_eq!(read.to_vec(), content.as_bytes(), "{name}");
    }
    let found = operator.stat("a.txt").await.expect("it is there");
    assert_eq!(found.content_length(), 5);
    assert!(found.etag().is_some() && found.last_modified().is_some());
    let part = operator
        .read_with("a.txt")
        .range(1..3)
        .await
        .expect("a range");
    assert_eq!(part.to_vec(), b"el");
    let absent = operator.read("absent").await.expect_err("it is absent");
    assert_eq!(absent.kind(), ErrorKind::NotFound);
    assert!(!operator.exists("absent").await.expect("an answer"));

    let bytes: Vec<u8> = (0..=250u8).cycle().take(large).collect();
    operator
        .write("large", bytes.clone())
        .await
        .expect("a large file");
    assert!(operator.read("large").await.expect("it").to_vec() == bytes);
    operator
        .write("a.txt", "again")
        .await
        .expect("over the other");
    assert_eq!(operator.read("a.txt").await.expect("it").to_vec(), b"again");

    let names = async |path: &str, recursive: bool| {
        let options = ListOptions {
            recursive,
            ..ListOptions::default()
        };
        let entries = operator.list_options(path, options).await.expect("a list");
        let mut names: Vec<String> = entries
            .iter()
            .map(|entry| entry.path().to_owned())
            .filter(|name| recursive || name != path)
            .filter(|name| !recursive || !name.ends_with('/'))
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("d/", false).await, ["d/e/"]);
    assert_eq!(
        names("", true).await,
        ["a.txt", "d/e/f", "empty", "large", odd]
    );
    operator.create_dir("made/").await.expect("a folder");
    assert!(operator.stat("made/").await.expect("it is there").is_dir());

    operator.delete("a.txt").await.expect("it is deleted");
    operator
        .delete("a.txt")
        .await
        .expect("what is gone stays gone");
    assert!(!operator.exists("a.txt").await.expect("an answer"));
    operator
        .delete_with("d/")
        .recursive(true)
        .await
        .expect("a folder is deleted");
    assert!(!operator.exists("d/e/f").await.expect("an answer"));
}

/// storage RU-03.
#[tokio::test]
async fn opendal_blob() {
    let emulator = emulator().await;
    let builder = services::Azblob::default()
        .endpoint(emulator.name("AZML_BLOB_ENDPOINT"))
        .account_name(emulator.name("AZML_ACCOUNT"))
        .account_key(emulator.name("AZML_ACCOUNT_KEY"))
        .container(CONTAINER);
    let operator = Operator::new(builder).expect("a client");
    suite(operator.clone(), 9 << 20).await;
    operator.write("c/from", "copied").await.expect("a file");
    operator.copy("c/from", "c/to").await.expect("it is copied");
    assert_eq!(operator.read("c/to").await.expect("it").to_vec(), b"copied");
    let bytes = vec![7u8; 300 << 10];
    let mut writer = operator
        .writer_with("blocks")
        .chunk(64 << 10)
        .concurrent(4)
        .await
        .expect("a writer");
    writer.write(bytes.clone()).await.expect("blocks");
    writer.close().await.expect("a list of blocks");
    assert!(operator.read("blocks").await.expect("it").to_vec() == bytes);
}
