//! Studio (classic): uploads and updates while the emulator is killed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use azml::studio_classic::{DataTypeId, SourceDataset, Workspace};
use azml_core::clock::{Clock, SystemClock};
use azml_tests::EmulatorProcess;
use tokio::task::JoinSet;

use crate::random::{self, Random};

/// How long a restart may take, on a loaded machine with a debug build.
const RESTART: Duration = Duration::from_secs(15);

/// How many writers upload at once.
const WRITERS: u64 = 4;

/// The highest version of each dataset that a writer was told is stored.
type Acknowledged = Arc<Mutex<BTreeMap<String, u64>>>;

/// The contents of a version follow from its name and number, so that any version that is visible
/// can be checked. Every third is longer than one upload block.
fn contents(name: &str, version: u64) -> Vec<u8> {
    let seed = name.bytes().fold(version, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let mut random = Random::new(seed);
    let limit = if random.below(3) == 0 {
        5_000_000
    } else {
        50_000
    };
    let length = usize::try_from(random.below(limit)).expect("a small number");
    random.bytes(length)
}

fn workspace(emulator: &EmulatorProcess) -> Workspace {
    Workspace::builder()
        .environment(emulator.environment())
        .home("/nonexistent")
        .build()
        .expect("the env file names everything")
}

/// Adds datasets and updates them until it is aborted.
async fn write(workspace: Workspace, prefix: String, acknowledged: Acknowledged) {
    for number in 0.. {
        let name = format!("{prefix}-{number}");
        let added = workspace
            .datasets()
            .add_from_raw(contents(&name, 0), DataTypeId::PlainText, &name, "0")
            .await;
        let Ok(mut dataset) = added else {
            return;
        };
        acknowledge(&acknowledged, &name, 0);
        for version in 1..3 {
            let update = dataset
                .update_from_raw(contents(&name, version))
                .description(version.to_string());
            if update.await.is_err() {
                return;
            }
            acknowledge(&acknowledged, &name, version);
        }
    }
}

fn acknowledge(acknowledged: &Acknowledged, name: &str, version: u64) {
    let mut acknowledged = acknowledged.lock().expect("no writer panics");
    acknowledged.insert(name.to_owned(), version);
}

/// Every acknowledged dataset is there in that version or a later one; every visible one is whole.
async fn check(emulator: &EmulatorProcess, acknowledged: &Acknowledged, seed: u64) {
    let listed = workspace(emulator)
        .user_datasets()
        .list()
        .await
        .expect("the list can be read after a restart");
    let mut visible = BTreeMap::new();
    for dataset in listed {
        if dataset.name().starts_with("chaos-") {
            let version = check_whole(&dataset, seed).await;
            let before = visible.insert(dataset.name().to_owned(), version);
            assert_eq!(
                before,
                None,
                "seed {seed}: {} is there twice",
                dataset.name()
            );
        }
    }
    let acknowledged = acknowledged.lock().expect("no writer panics").clone();
    for (name, version) in acknowledged {
        let found = visible.get(&name);
        assert!(
            found.is_some_and(|found| *found >= version),
            "seed {seed}: {name} was acknowledged in version {version}, found {found:?}"
        );
    }
}

async fn check_whole(dataset: &SourceDataset, seed: u64) -> u64 {
    let name = dataset.name();
    let version = dataset.description().parse().expect("written by this test");
    let bytes = dataset
        .read_as_bytes()
        .await
        .expect("a visible dataset can be read");
    assert_eq!(
        u64::try_from(bytes.len()).expect("small"),
        dataset.size(),
        "seed {seed}: {name} version {version} has another size than it says"
    );
    assert!(
        bytes == contents(name, version),
        "seed {seed}: {name} version {version} has other contents"
    );
    version
}

/// Lets writers work for a random while, then kills the emulator.
async fn write_and_kill(data: &Path, seed: u64, acknowledged: &Acknowledged) {
    let mut random = Random::new(seed);
    let mut emulator = EmulatorProcess::on(data).await;
    let took = emulator.started_in();
    assert!(took < RESTART, "seed {seed}: the restart took {took:?}");
    check(&emulator, acknowledged, seed).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let prefix = format!("chaos-{seed}-{writer}");
        writers.spawn(write(workspace(&emulator), prefix, acknowledged.clone()));
    }
    let pause = Duration::from_millis(50 + random.below(900));
    SystemClock.sleep(pause).await;
    emulator.kill();
    writers.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_emulator_is_killed() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let acknowledged = Acknowledged::default();
    for seed in random::seeds() {
        write_and_kill(data.path(), seed, &acknowledged).await;
    }
    let emulator = EmulatorProcess::on(data.path()).await;
    check(&emulator, &acknowledged, 0).await;
    let count = acknowledged.lock().expect("no writer panics").len();
    assert!(
        count > 5,
        "only {count} datasets were acknowledged in five rounds"
    );
}
