//! Data Lake Store (Gen1): files that are written and overwritten.

use azml::ErrorKind;
use azml::datalake_analytics::{DataLake, FileSystem};
use azml_tests::EmulatorProcess;
use futures::TryStreamExt as _;

use crate::harness::{Service, Visible, survives_kills, version_of};

#[derive(Clone)]
struct Lake(FileSystem);

impl Service for Lake {
    // A file that goes in one request is written whole or not at all.
    const LONGEST: u64 = 4_000_000;

    async fn connect(emulator: &EmulatorProcess) -> Self {
        let lake = DataLake::from_environment(&emulator.environment())
            .expect("the env file names everything");
        let group = emulator.name("AZML_RESOURCE_GROUP");
        match lake.stores().create(group, "chaoslake", "eastus2").await {
            Ok(operation) => drop(operation.await.expect("the account is made")),
            Err(error) => {
                let error = azml::Error::from(error);
                assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
            }
        }
        Self(lake.files("chaoslake").expect("the name is valid"))
    }

    async fn write(&self, name: &str, _version: u64, bytes: Vec<u8>) -> bool {
        let path = format!("/chaos/{name}");
        self.0.write(&path, bytes, true).await.is_ok()
    }

    async fn visible(&self) -> Vec<Visible> {
        let created = self.0.create_directory("/chaos").await;
        created.expect("the directory is there or can be made");
        let listed: Vec<_> = self
            .0
            .list("/chaos")
            .try_collect()
            .await
            .expect("the directory can be listed after a restart");
        let mut visible = Vec::new();
        for file in listed {
            let name = file.path_suffix;
            let bytes = self.0.read(&format!("/chaos/{name}")).await;
            let bytes = bytes.expect("a visible file can be read").to_vec();
            visible.push(Visible {
                version: version_of(&bytes),
                name,
                bytes,
            });
        }
        visible
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_survive_kills() {
    survives_kills::<Lake>().await;
}
