//! Studio (classic): datasets that are added and updated.

use azml::studio_classic::{DataTypeId, Workspace};
use azml_tests::EmulatorProcess;

use crate::harness::{Service, Visible, survives_kills};

#[derive(Clone)]
struct Studio(Workspace);

impl Service for Studio {
    // Longer than one upload block.
    const LONGEST: u64 = 5_000_000;

    async fn connect(emulator: &EmulatorProcess) -> Self {
        let workspace = Workspace::builder()
            .environment(emulator.environment())
            .home("/nonexistent")
            .build();
        Self(workspace.expect("the env file names everything"))
    }

    async fn write(&self, name: &str, version: u64, bytes: Vec<u8>) -> bool {
        let datasets = self.0.datasets();
        let version_text = version.to_string();
        if version == 0 {
            let add = datasets.add_from_raw(bytes, DataTypeId::PlainText, name, version_text);
            return add.await.is_ok();
        }
        let Ok(mut dataset) = datasets.get(name).await else {
            return false;
        };
        let update = dataset.update_from_raw(bytes).description(version_text);
        update.await.is_ok()
    }

    async fn visible(&self) -> Vec<Visible> {
        let listed = self.0.user_datasets().list().await;
        let mut visible = Vec::new();
        for dataset in listed.expect("the list can be read after a restart") {
            if !dataset.name().starts_with("chaos-") {
                continue;
            }
            let bytes = dataset.read_as_bytes().await;
            let bytes = bytes.expect("a visible dataset can be read");
            assert_eq!(
                u64::try_from(bytes.len()).expect("small"),
                dataset.size(),
                "{} has another size than it says",
                dataset.name()
            );
            visible.push(Visible {
                name: dataset.name().to_owned(),
                version: dataset.description().parse().expect("written by this test"),
                bytes: bytes.to_vec(),
            });
        }
        visible
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn datasets_survive_kills() {
    survives_kills::<Studio>().await;
}
