//! Studio (classic): a gigabyte of CSV from the emulator into a frame and back, and the parsers
//! alone, beside azureml 0.2.7, polars and pyarrow.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Contender, Emulator, build_release, compare, measure, release, table};
use crate::{environments, metadata};

/// Rows of the full table: a gigabyte.
const ROWS: u64 = 8_600_000;

/// Runs of each program, but for the slow ones; one run of what takes minutes.
const RUNS: usize = 5;
const RUNS_OF_SLOW: usize = 2;

pub(super) fn run(percent: u64) -> Result<()> {
    build_release()?;
    let environments = environments::provision_for_bench()?;
    let folder = metadata::target_directory()?.join("xtask/bench-studio");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("survey.csv");
    let rows = (ROWS * percent / 100).to_string();
    measure(ours("generate", &file)?.arg(&rows))?;

    let peer = |environment: &str, task: &str| -> Result<Command> {
        let mut command = Command::new(environments.join(environment).join("bin/python"));
        command
            .arg(metadata::root()?.join("benches/peers/studio.py"))
            .arg(task);
        Ok(command)
    };
    let parse = |environment: &str, task: &str| -> Result<Command> {
        let mut command = peer(environment, task)?;
        command.arg(&file);
        Ok(command)
    };
    let mut rows = compare(&[
        Contender::ours("{}: parse a local file", RUNS, |_| ours("parse", &file)),
        Contender::peer("{} `read_csv`", RUNS, |_| parse("bench", "polars")),
        Contender::peer("{} `csv.read_csv`", RUNS, |_| parse("bench", "pyarrow")),
        Contender::peer("parser of {}", RUNS_OF_SLOW, |_| {
            parse("studio", "azureml-parse")
        }),
    ])?;

    let emulator = Emulator::start(&folder)?;
    measure(&mut emulator.exec(ours("upload", &file)?.arg("survey"))?)?;
    rows.extend(compare(&[
        Contender::ours("{}: read the dataset from the emulator", RUNS, |_| {
            emulator.exec(release("bench-studio")?.args(["read", "survey"]))
        }),
        Contender::peer("{} `to_dataframe`", RUNS_OF_SLOW, |_| {
            emulator.exec(peer("studio", "azureml-read")?.arg("survey"))
        }),
    ])?);
    rows.extend(compare(&[
        Contender::ours("{}: add the frame as CSV", RUNS, |run| {
            emulator.exec(ours("write", &file)?.arg(format!("ours {run}")))
        }),
        Contender::peer("{} `add_from_dataframe`", 1, |_| {
            emulator.exec(parse("studio", "azureml-write")?.arg("theirs"))
        }),
    ])?);
    drop(emulator);

    let size = std::fs::metadata(&file)?.len();
    std::fs::remove_dir_all(&folder)?;
    let about = format!(
        "{:.2} GB of CSV, twelve columns: whole numbers, fractions, flags, quoted text with commas \
         and quotes, other alphabets, dates, gaps.",
        table::gigabytes(size)
    );
    let text = table::render(&about, &rows)?;
    println!("\n{text}");
    if percent == 100 {
        table::record("studio", &text)?;
    }
    Ok(())
}

/// Our side of a task on a file.
fn ours(task: &str, file: &Path) -> Result<Command> {
    let mut command = release("bench-studio")?;
    command.arg(task).arg(file);
    Ok(command)
}
