//! Data Lake: a large file and many small ones to a store and back, a long list of jobs, and an empty
//! job, beside azure-datalake-store and azure-mgmt-datalake-analytics.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Contender, Emulator, build_release, compare, measure, release, table, write};
use crate::{environments, metadata};

/// Bytes of the large file, small files and their bytes, jobs: all of the full measurement.
const LARGE: u64 = 1 << 30;
const SMALL_COUNT: u64 = 2000;
const SMALL: usize = 32 << 10;
const JOBS: u64 = 10_000;

/// Runs of each program.
const RUNS: usize = 3;

pub(super) fn run(percent: u64) -> Result<()> {
    build_release()?;
    let environments = environments::provision_for_bench()?;
    let folder = metadata::target_directory()?.join("xtask/bench-datalake");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let small = folder.join("small");
    std::fs::create_dir_all(&small)?;
    let large = folder.join("large");
    write(&large, LARGE * percent / 100)?;
    let count = SMALL_COUNT * percent / 100;
    for n in 0..count {
        write(&small.join(format!("{n:05}")), u64::try_from(SMALL)?)?;
    }

    let emulator = Emulator::start(&folder)?;
    let peer = environments.join("adla/bin/python");
    let script = metadata::root()?.join("benches/peers/datalake.py");
    let ours = |arguments: &[&str]| -> Result<Command> {
        let mut program = release("bench-datalake")?;
        program.args(arguments);
        emulator.exec(&program)
    };
    let theirs = |arguments: &[&str]| -> Result<Command> {
        let mut program = Command::new(&peer);
        program.arg(&script).args(arguments);
        emulator.exec(&program)
    };
    measure(&mut ours(&["accounts"])?)?;
    let mut rows = Vec::new();
    let path = |path: &Path| path.display().to_string();
    for (name, source) in [("large", &large), ("small", &small)] {
        for (task, original) in [("upload", "ADLUploader"), ("download", "ADLDownloader")] {
            println!("{task} {name}");
            // Every run has a target of its own, so that none finds what another left.
            let arguments = |side: &str, run: usize| match task {
                "upload" => [path(source), format!("/{side}-{run}/{name}")],
                _ => [
                    format!("/ours-0/{name}"),
                    path(&folder.join(format!("back-{side}-{run}-{name}"))),
                ],
            };
            let transfer = |side: &str, run: usize| {
                let [source, target] = arguments(side, run);
                let arguments = [task, &source, &target];
                if side == "ours" {
                    ours(&arguments)
                } else {
                    theirs(&arguments)
                }
            };
            rows.extend(compare(&[
                Contender::ours(format!("{{}}: {task}, {name}"), RUNS, |run| {
                    transfer("ours", run)
                }),
                Contender::peer(format!("{{}} `{original}`"), RUNS, |run| {
                    transfer("theirs", run)
                }),
            ])?);
        }
    }

    let jobs = JOBS * percent / 100;
    println!("{jobs} jobs");
    measure(&mut ours(&["submit", &jobs.to_string()])?)?;
    rows.extend(compare(&[
        Contender::ours(
            format!("{{}}: list {jobs} jobs, filtered and in order"),
            RUNS,
            |_| ours(&["list"]),
        ),
        Contender::peer("{} `job.list`", RUNS, |_| theirs(&["list"])),
        Contender::ours(
            "{}: an empty job from its submission to its end",
            RUNS,
            |_| ours(&["empty"]),
        ),
    ])?);
    drop(emulator);
    std::fs::remove_dir_all(&folder)?;

    let about = format!(
        "A file of {:.2} GB; {count} files of 32 KiB; {jobs} empty jobs. The emulator and the measured program share the \
         machine.",
        table::gigabytes(LARGE * percent / 100)
    );
    let text = table::render(&about, &rows)?;
    println!("\n{text}");
    if percent == 100 {
        table::record("datalake", &text)?;
    }
    Ok(())
}
