//! Datastores as folders: a large file in order, again and here and there, many small files, a long
//! listing, beside `rclone mount` without and with its cache.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Contender, Emulator, build_release, compare, release, table, write};
use crate::{environments, metadata, process};

/// Bytes of the large file, and small files: all of the full measurement.
const LARGE: u64 = 1 << 30;
const SMALL_COUNT: u64 = 2000;
const SMALL: u64 = 4 << 10;

/// Runs of each program.
const RUNS: usize = 3;

/// What is measured, and how it is called.
const TASKS: &[(&str, &str)] = &[
    ("sequential", "a large file in order"),
    ("again", "the same again"),
    ("random", "1000 reads of 4 KiB here and there"),
    ("small", "every small file"),
    ("list", "`ls -l` of the small files"),
];

pub(super) fn run(percent: u64) -> Result<()> {
    ensure!(
        process::is_present("fusermount3"),
        "rclone mounts with fusermount3 (Debian: fuse3)"
    );
    build_release()?;
    let environments = environments::provision_for_bench()?;
    let folder = metadata::target_directory()?.join("xtask/bench-mount");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let count = SMALL_COUNT * percent / 100;
    let data = folder.join("files");
    std::fs::create_dir_all(data.join("small"))?;
    write(&data.join("large"), LARGE * percent / 100)?;
    for n in 0..count {
        write(&data.join(format!("small/{n:05}")), SMALL)?;
    }

    let emulator = Emulator::start(&folder)?;
    let azml = |words: &str| -> Result<()> {
        let mut program = release("azml")?;
        program.args(words.split(' '));
        process::run(&mut emulator.exec(&program)?)
    };
    azml("datastore register blob bench --account devstoreaccount1 --container bench --create")?;
    let upload = format!("datastore upload bench {}", data.display());
    azml(&upload)?;

    let azure = environments.join("azure-storage/bin");
    let script = metadata::root()?.join("benches/peers/mount.py");
    let point = folder.join("mnt");
    let measured = |program: &str, task: &str, mount: &[String]| -> Result<Command> {
        let mut command = Command::new(azure.join("python"));
        command
            .arg(&script)
            .args([program, task])
            .arg(&point)
            .args(mount);
        emulator.exec(&command)
    };
    let ours = mount_ours(&point)?;
    let rclone = |mode: &str, run: usize, task: &str| {
        let cache = folder.join(format!("cache-{mode}-{task}-{run}"));
        mount_rclone(&azure.join("rclone"), &point, mode, &cache)
    };
    let mut rows = Vec::new();
    for (task, name) in TASKS {
        rows.extend(compare(&[
            Contender::ours(format!("{{}}: {name}"), RUNS, |_| {
                measured("azml datastore mount", task, &ours)
            }),
            Contender::peer("{}", RUNS, |run| {
                let mount = rclone("off", run, task)?;
                measured("rclone mount --vfs-cache-mode off", task, &mount)
            }),
            Contender::peer("{}", RUNS, |run| {
                let mount = rclone("full", run, task)?;
                measured("rclone mount --vfs-cache-mode full", task, &mount)
            }),
        ])?);
    }
    drop(emulator);
    std::fs::remove_dir_all(&folder)?;

    let about = format!(
        "A file of {:.2} GB; {count} files of 4 KiB. Each run is a new mount; processor time and memory are those of the \
         mount's process. The emulator shares the machine.",
        table::gigabytes(LARGE * percent / 100)
    );
    let text = table::render(&about, &rows)?;
    println!("\n{text}");
    if percent == 100 {
        table::record("mount", &text)?;
    }
    Ok(())
}

fn text(path: &Path) -> Result<String> {
    let text = path.to_str().context("a path that is not Unicode")?;
    Ok(text.to_owned())
}

fn mount_ours(point: &Path) -> Result<Vec<String>> {
    let azml = release("azml")?;
    let program = text(Path::new(azml.get_program()))?;
    let words = ["datastore", "mount", "bench"].map(str::to_owned);
    Ok([program]
        .into_iter()
        .chain(words)
        .chain([text(point)?])
        .collect())
}

/// The account comes from the environment of the emulator.
fn mount_rclone(rclone: &Path, point: &Path, mode: &str, cache: &Path) -> Result<Vec<String>> {
    let line = format!(
        "exec \"$0\" --config /dev/null --cache-dir \"$2\" --vfs-cache-mode {mode} \
         --azureblob-account \"$AZML_ACCOUNT\" --azureblob-key \"$AZML_ACCOUNT_KEY\" \
         --azureblob-endpoint \"$AZML_BLOB_ENDPOINT\" --read-only mount :azureblob:bench \"$1\""
    );
    let words = ["sh", "-c", &line].map(str::to_owned);
    let paths = [rclone, point, cache].map(text);
    let mut command = Vec::from(words);
    for path in paths {
        command.push(path?);
    }
    Ok(command)
}
