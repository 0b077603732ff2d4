//! Datastores: files that are written and overwritten in a blob container and in a file share.

use azml::datastore::{AzureBlob, AzureFile, Datastore, Workspace};
use azml_tests::EmulatorProcess;
use futures::TryStreamExt as _;

use crate::harness::{Service, Visible, survives_kills, survives_power_failures, version_of};

async fn visible(datastore: &Datastore) -> Vec<Visible> {
    let files = datastore.list("chaos/").expect("it holds files");
    let files: Vec<_> = files
        .try_collect()
        .await
        .expect("the files can be listed after a restart");
    let mut visible = Vec::new();
    for file in files {
        let name = file.name.trim_start_matches("chaos/").to_owned();
        // What a writer had not finished has a name of its own.
        if name.starts_with(".azml-part-") {
            continue;
        }
        let chunks: Vec<_> = datastore
            .read(&file.name)
            .await
            .expect("a visible file can be read")
            .try_collect()
            .await
            .expect("a visible file is whole");
        let bytes = chunks.concat();
        visible.push(Visible {
            version: version_of(&bytes),
            name,
            bytes,
        });
    }
    visible
}

/// A blob container.
#[derive(Clone)]
struct Blobs(Datastore);

impl Service for Blobs {
    const LONGEST: u64 = 3_000_000;

    async fn connect(emulator: &EmulatorProcess) -> Self {
        let workspace = Workspace::from_environment(&emulator.environment())
            .expect("the env file names everything");
        let container = AzureBlob::new("chaos", emulator.name("AZML_ACCOUNT"), "chaos")
            .account_key(emulator.name("AZML_ACCOUNT_KEY"))
            .create_if_not_exists()
            .overwrite();
        let registered = workspace.datastores().register(container).await;
        Self(registered.expect("the container is there or can be made"))
    }

    async fn write(&self, name: &str, _version: u64, bytes: Vec<u8>) -> bool {
        self.0.write(&format!("chaos/{name}"), bytes).await.is_ok()
    }

    async fn visible(&self) -> Vec<Visible> {
        visible(&self.0).await
    }
}

/// A file share.
#[derive(Clone)]
struct Share(Datastore);

impl Service for Share {
    const LONGEST: u64 = 6_000_000;

    async fn connect(emulator: &EmulatorProcess) -> Self {
        let workspace = Workspace::from_environment(&emulator.environment())
            .expect("the env file names everything");
        let share = AzureFile::new("chaos_share", emulator.name("AZML_ACCOUNT"), "chaos")
            .account_key(emulator.name("AZML_ACCOUNT_KEY"))
            .create_if_not_exists()
            .overwrite();
        let registered = workspace.datastores().register(share).await;
        Self(registered.expect("the share is there or can be made"))
    }

    async fn write(&self, name: &str, _version: u64, bytes: Vec<u8>) -> bool {
        self.0.write(&format!("chaos/{name}"), bytes).await.is_ok()
    }

    async fn visible(&self) -> Vec<Visible> {
        visible(&self.0).await
    }
}

/// storage CH-01: blobs that were acknowledged are there, and whole, after kill -9.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_survive_kills() {
    survives_kills::<Blobs>().await;
}

/// storage CH-02: so are files of a share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shared_files_survive_kills() {
    survives_kills::<Share>().await;
}

/// storage CH-04: blobs that were acknowledged are there, and whole, when the power has failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_survive_power_failures() {
    survives_power_failures::<Blobs>().await;
}

/// storage CH-04: so are files of a share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shared_files_survive_power_failures() {
    survives_power_failures::<Share>().await;
}
