//! Transfers of the command that cannot end well: no room, no permission, a process that is killed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use azml_core::clock::{Clock, SystemClock};
use azml_test_support::{Fault, FaultProxy};
use azml_tests::EmulatorProcess;

/// Of different bytes everywhere.
fn content(length: usize) -> Vec<u8> {
    (0..=250u8).cycle().take(length).collect()
}

fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(root).expect("a directory");
    entries
        .map(|entry| {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("a name");
            (name, std::fs::read(entry.path()).expect("a file"))
        })
        .collect()
}

/// Runs the command; gives its status, standard output and standard error.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the azml command");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}

fn azml(emulator: &EmulatorProcess, arguments: &[&str]) -> (Option<i32>, String, String) {
    run(emulator.azml().args(arguments))
}

/// Registers a container at this address, and uploads files into it.
fn prepare(emulator: &EmulatorProcess, endpoint: &str, named: &[(&str, usize)]) {
    let account = emulator.name("AZML_ACCOUNT");
    let (status, _, error) = azml(
        emulator,
        &[
            "datastore",
            "register",
            "blob",
            "files",
            "--account",
            account,
            "--container",
            "files",
            "--create",
        ],
    );
    assert_eq!(status, Some(0), "{error}");
    let (status, _, error) = azml(
        emulator,
        &[
            "datastore",
            "register",
            "blob",
            "files",
            "--account",
            account,
            "--container",
            "files",
            "--endpoint",
            endpoint,
            "--skip-validation",
            "--overwrite",
        ],
    );
    assert_eq!(status, Some(0), "{error}");
    let source = tempfile::tempdir().expect("a temporary directory");
    for (name, length) in named {
        std::fs::write(source.path().join(name), content(*length)).expect("a file");
    }
    let path = source.path().to_str().expect("a path");
    let (status, _, error) = azml(emulator, &["datastore", "upload", "files", path]);
    assert_eq!(status, Some(0), "{error}");
}

/// Where the emulator's blob service is, without the account.
fn service(emulator: &EmulatorProcess) -> &str {
    let endpoint = emulator.name("AZML_BLOB_ENDPOINT");
    endpoint.rsplit_once('/').expect("the account comes last").0
}

/// storage BI-06: where there is no room, the file is named with the reason, and no part of it stays.
#[tokio::test]
async fn a_full_disk_is_named_and_keeps_nothing_half() {
    let emulator = EmulatorProcess::ephemeral().await;
    let named = [("large", 9 << 20), ("middle", 3 << 20), ("small", 1000)];
    prepare(&emulator, service(&emulator), &named);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let copy = folder.path().join("copy");
    let target = copy.to_str().expect("a path");
    // No file may be longer than a megabyte, which fails as a full disk does.
    let limited = "trap '' XFSZ; ulimit -f 2048; exec \"$@\"";
    let command = emulator.azml();
    let mut shell = Command::new("sh");
    shell.args(["-c", limited, "sh"]).arg(command.get_program());
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    shell
        .envs(variables)
        .args(["datastore", "download", "files", target]);
    let (status, _, error) = run(&mut shell);
    assert_eq!(status, Some(1), "{error}");
    assert!(
        error.contains("2 of 3 files were not transferred"),
        "{error}"
    );
    for name in ["large", "middle"] {
        let line = error
            .lines()
            .find(|line| line.starts_with(&format!("failed: {name}: ")));
        assert!(
            line.is_some_and(|line| line.contains("File too large")),
            "{error}"
        );
    }
    let found = files(&copy);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["small"]);
    assert_eq!(found["small"], content(1000));

    let (status, said, error) = azml(
        &emulator,
        &["datastore", "download", "files", target, "--output", "json"],
    );
    assert_eq!(status, Some(0), "{error}");
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        (&said["transferred"], &said["skipped"]),
        (&2.into(), &1.into())
    );
    assert_eq!(files(&copy)["large"], content(9 << 20));
}

/// storage BI-07: a directory that cannot be written to is named.
#[tokio::test]
async fn a_target_that_cannot_be_written_is_named() {
    let emulator = EmulatorProcess::ephemeral().await;
    prepare(&emulator, service(&emulator), &[("a", 10)]);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let locked = folder.path().join("locked");
    std::fs::create_dir(&locked).expect("a directory");
    let mut permissions = std::fs::metadata(&locked)
        .expect("it is there")
        .permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&locked, permissions).expect("it is ours");
    // Whom no permission stops cannot write among the kernel's own files either.
    let target = if azml_tests::is_root() {
        Path::new("/sys/kernel")
    } else {
        &locked
    };
    let target = target.to_str().expect("a path");
    let (status, _, error) = azml(&emulator, &["datastore", "download", "files", target]);
    assert_eq!(status, Some(1), "{error}");
    assert!(error.contains(&format!("creating '{target}/")), "{error}");
    let reasons = ["Permission denied", "not permitted", "Read-only"];
    assert!(
        reasons.iter().any(|reason| error.contains(reason)),
        "{error}"
    );
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let below = file.join("copy");
    let below = below.to_str().expect("a path");
    let (status, _, error) = azml(&emulator, &["datastore", "download", "files", below]);
    assert_eq!(status, Some(1), "{error}");
    assert!(error.contains("Not a directory"), "{error}");
}

/// storage TR-08: a download that was killed goes on with the parts that it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_download_goes_on() {
    const PARTS: usize = 6;
    let emulator = EmulatorProcess::ephemeral().await;
    let upstream = service(&emulator).trim_start_matches("http://");
    let proxy = FaultProxy::start(upstream.parse().expect("an address")).await;
    prepare(&emulator, &proxy.url(), &[("large", PARTS * (8 << 20))]);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let target = folder.path().to_str().expect("a path");
    let is_part = |request: &str| request.starts_with("GET") && request.contains("/large");
    let mut parts = 0;
    proxy.script(move |request| {
        parts += usize::from(is_part(request));
        if parts > 3 {
            Fault::Delay(Duration::from_secs(600))
        } else {
            Fault::None
        }
    });
    let arguments = ["datastore", "download", "files", target, "--resume"];
    let mut child = emulator
        .azml()
        .args(arguments)
        .spawn()
        .expect("the command");
    let journal = || {
        let found = files(folder.path());
        let journal = found.iter().find(|(name, _)| name.ends_with("journal"));
        journal.map_or(0, |(_, bytes)| {
            bytes.iter().filter(|byte| **byte == b'\n').count()
        })
    };
    // The first line says what the parts are of.
    while journal() < 4 {
        let ended = child.try_wait().expect("the state of a child");
        assert!(ended.is_none(), "it ended: {ended:?}");
        SystemClock.sleep(Duration::from_millis(20)).await;
    }
    child.kill().expect("it is killed");
    child.wait().expect("it has ended");
    assert!(!files(folder.path()).contains_key("large"));

    proxy.script(|_| Fault::None);
    let before = proxy.seen().len();
    let mut command = emulator.azml();
    command.args(arguments);
    let ended = tokio::task::spawn_blocking(move || run(&mut command)).await;
    let (status, _, error) = ended.expect("it does not panic");
    assert_eq!(status, Some(0), "{error}");
    let fetched = proxy.seen()[before..]
        .iter()
        .filter(|line| is_part(line))
        .count();
    assert_eq!(fetched, PARTS - 3, "the parts that were missing");
    let found = files(folder.path());
    assert_eq!(found.keys().collect::<Vec<_>>(), ["large"]);
    assert!(found["large"] == content(PARTS * (8 << 20)), "other bytes");
}
