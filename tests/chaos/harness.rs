//! Writers at work while the emulator is killed, for any service that keeps bytes by name.
//!
//! Whatever was acknowledged is there after the restart, in that version or a later one; whatever
//! is visible is whole.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use azml_core::clock::{Clock, SystemClock};
use azml_tests::EmulatorProcess;
use tokio::task::JoinSet;

use crate::power_loss::Disk;
use crate::random::{self, Random};

/// How long a restart may take, on a loaded machine with a debug build.
const RESTART: Duration = Duration::from_secs(15);

/// How many writers there are at once.
const WRITERS: u64 = 4;

/// How often each name is written.
const VERSIONS: u64 = 3;

/// What a service shows under one name.
pub(crate) struct Visible {
    pub(crate) name: String,
    pub(crate) version: u64,
    pub(crate) bytes: Vec<u8>,
}

/// A service that keeps bytes by name.
pub(crate) trait Service: Clone + Send + Sync + 'static {
    /// The longest contents to write.
    const LONGEST: u64;

    /// How often the emulator is killed, unless `cargo xtask chaos` asks for more.
    const ROUNDS: u64 = 5;

    /// The longest time that the writers have until the next kill, in milliseconds.
    const PAUSE: u64 = 900;

    /// A client of the running emulator. What it needs is made unless it is there.
    async fn connect(emulator: &EmulatorProcess) -> Self;

    /// Writes a version, over the one before; true when the service said that it is stored.
    fn write(&self, name: &str, version: u64, bytes: Vec<u8>) -> impl Future<Output = bool> + Send;

    /// Everything that [`Service::write`] left, each name once.
    async fn visible(&self) -> Vec<Visible>;
}

/// The highest version of each name that a writer was told is stored.
type Acknowledged = Arc<Mutex<BTreeMap<String, u64>>>;

/// The contents of a version follow from its name and number, so that any version that is visible
/// can be checked. Every third is long. They begin with the version.
fn contents<S: Service>(name: &str, version: u64) -> Vec<u8> {
    let seed = name.bytes().fold(version, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let mut random = Random::new(seed);
    let limit = match random.below(3) {
        0 => S::LONGEST,
        _ => S::LONGEST.min(50_000),
    };
    let length = usize::try_from(random.below(limit)).expect("a small number");
    let mut bytes = version.to_be_bytes().to_vec();
    bytes.extend(random.bytes(length));
    bytes
}

/// The version that contents begin with.
pub(crate) fn version_of(bytes: &[u8]) -> u64 {
    let first = bytes.first_chunk().expect("contents begin with a version");
    u64::from_be_bytes(*first)
}

/// Writes name after name, each in several versions, until it is refused or aborted.
async fn write<S: Service>(service: S, prefix: String, acknowledged: Acknowledged) {
    for number in 0.. {
        let name = format!("{prefix}-{number}");
        for version in 0..VERSIONS {
            let bytes = contents::<S>(&name, version);
            if !service.write(&name, version, bytes).await {
                return;
            }
            let mut acknowledged = acknowledged.lock().expect("no writer panics");
            acknowledged.insert(name.clone(), version);
        }
    }
}

async fn check<S: Service>(service: &S, acknowledged: &Acknowledged, seed: u64) {
    let mut versions = BTreeMap::new();
    for visible in service.visible().await {
        let Visible {
            name,
            version,
            bytes,
        } = visible;
        assert!(
            bytes == contents::<S>(&name, version),
            "seed {seed}: {name} version {version} has other contents"
        );
        let before = versions.insert(name.clone(), version);
        assert_eq!(before, None, "seed {seed}: {name} is there twice");
    }
    let acknowledged = acknowledged.lock().expect("no writer panics").clone();
    for (name, version) in acknowledged {
        let found = versions.get(&name);
        assert!(
            found.is_some_and(|found| *found >= version),
            "seed {seed}: {name} was acknowledged in version {version}, found {found:?}"
        );
    }
}

/// A round on a data directory that earlier ones may have left.
async fn write_and_kill<S: Service>(data: &Path, seed: u64, acknowledged: &Acknowledged) {
    let mut random = Random::new(seed);
    let emulator = EmulatorProcess::on(data).await;
    let took = emulator.started_in();
    assert!(took < RESTART, "seed {seed}: the restart took {took:?}");
    let service = S::connect(&emulator).await;
    check(&service, acknowledged, seed).await;
    work_and_kill(emulator, &service, seed, &mut random, acknowledged).await;
}

/// Lets writers work for a random while, then kills the emulator.
async fn work_and_kill<S: Service>(
    mut emulator: EmulatorProcess,
    service: &S,
    seed: u64,
    random: &mut Random,
    acknowledged: &Acknowledged,
) {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let prefix = format!("chaos-{seed}-{writer}");
        writers.spawn(write(service.clone(), prefix, acknowledged.clone()));
    }
    let pause = Duration::from_millis(50 + random.below(S::PAUSE));
    SystemClock.sleep(pause).await;
    emulator.kill();
    writers.shutdown().await;
}

/// Fails the power under the writers, each time on a fresh disk, of which only what was flushed is
/// left.
pub(crate) async fn survives_power_failures<S: Service>() {
    let mut count = 0;
    for seed in random::seeds() {
        let disk = Disk::new();
        let data = disk.data();
        let arguments = [OsStr::new("--data-dir"), data.as_os_str()];
        let emulator = EmulatorProcess::start_in(arguments, disk.variables()).await;
        let service = S::connect(&emulator).await;
        let acknowledged = Acknowledged::default();
        let mut random = Random::new(seed);
        work_and_kill(emulator, &service, seed, &mut random, &acknowledged).await;
        let left = disk.after_failure();
        let emulator = EmulatorProcess::on(left.path()).await;
        let service = S::connect(&emulator).await;
        check(&service, &acknowledged, seed).await;
        count += acknowledged.lock().expect("no writer panics").len();
    }
    assert!(count > 5, "only {count} names were acknowledged");
}

/// Kills the emulator under its writers again and again, on one data directory.
pub(crate) async fn survives_kills<S: Service>() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let acknowledged = Acknowledged::default();
    for seed in random::seeds_of(S::ROUNDS) {
        write_and_kill::<S>(data.path(), seed, &acknowledged).await;
    }
    let emulator = EmulatorProcess::on(data.path()).await;
    let service = S::connect(&emulator).await;
    check(&service, &acknowledged, 0).await;
    let count = acknowledged.lock().expect("no writer panics").len();
    assert!(count > 5, "only {count} names were acknowledged");
}
