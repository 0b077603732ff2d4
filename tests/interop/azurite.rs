//! Our client against Azurite, a storage emulator that is not ours: what both get wrong alike shows here.

use std::process::{Child, Stdio};
use std::time::Duration;

use azml::datastore::{AzureBlob, StorageEndpoints, Workspace, WorkspaceOptions, WorkspaceScope};
use azml_core::clock::{Clock, SystemClock};
use azml_tests::EmulatorProcess;

#[path = "../../crates/datastore/tests/suite/mod.rs"]
#[expect(
    clippy::unwrap_used,
    reason = "in a test a failed assumption is a failed test"
)]
mod suite;

/// A running Azurite; it ends with the test.
struct Azurite(Child);

impl Drop for Azurite {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the blob service on a free port; gives its address.
async fn start(folder: &std::path::Path) -> (Azurite, String) {
    let log = folder.join("log");
    let output = std::fs::File::create(&log).expect("a file for the log");
    let child = azml_tests::azurite_blob()
        .args([
            "--blobPort",
            "0",
            "--silent",
            "--skipApiVersionCheck",
            "--location",
        ])
        .arg(folder.join("data"))
        .stdout(output)
        .stderr(Stdio::null())
        .spawn()
        .expect("Azurite starts");
    let azurite = Azurite(child);
    let mut address = None;
    for _ in 0..600 {
        let text = std::fs::read_to_string(&log).expect("the log can be read");
        let said = text.split("listens on ").nth(1);
        address = said
            .and_then(|rest| rest.split_once('\n'))
            .map(|(address, _)| address.trim().to_owned());
        if address.is_some() {
            break;
        }
        SystemClock.sleep(Duration::from_millis(100)).await;
    }
    (azurite, address.expect("Azurite says where it listens"))
}

/// storage AZ-01: everything that holds for our blob service holds for Azurite's.
#[tokio::test]
async fn the_suite_holds_against_azurite() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (_azurite, address) = start(folder.path()).await;
    // The workspace is ours; the account it registers is Azurite's.
    let emulator = EmulatorProcess::ephemeral().await;
    let environment = emulator.environment();
    let scope = WorkspaceScope::new(
        emulator.name("AZML_SUBSCRIPTION_ID"),
        emulator.name("AZML_RESOURCE_GROUP"),
        emulator.name("AZML_WORKSPACE"),
    );
    let credential = azml::auth::directory::from_environment(&environment);
    let mut options = WorkspaceOptions::default();
    options.environment = environment;
    let mut endpoints = StorageEndpoints::default();
    let account = format!("{address}/devstoreaccount1");
    endpoints.blob = Some(account.parse().expect("an address"));
    options.storage_endpoints = endpoints;
    let credential = credential.expect("the env file names a credential");
    let workspace = Workspace::new(scope, credential, Some(options)).expect("a workspace");
    let container = AzureBlob::new("azurite", "devstoreaccount1", "files")
        .account_key(emulator.name("AZML_ACCOUNT_KEY"))
        .skip_validation();
    let datastore = workspace.datastores().register(container).await;
    let datastore = datastore.expect("the registration is not validated");
    datastore
        .create_container()
        .await
        .expect("the container is made");
    suite::suite(datastore).await;
}
