//! Studio (classic): a gigabyte of CSV from the emulator into a frame and back, and the parsers
//! alone, beside azureml 0.2.7, polars and pyarrow.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::table::{self, Row};
use super::{Emulator, Measurement, best_of, build_release, copy, measure, release};
use crate::{environments, metadata};

/// Rows of the full table: a gigabyte.
const ROWS: u64 = 8_600_000;

/// Runs of each program, but for the slow ones.
const RUNS: usize = 3;

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
    let parse = |environment: &str, task: &str, runs: usize| -> Result<Measurement> {
        println!("{task}");
        let mut command = peer(environment, task)?;
        command.arg(&file);
        best_of(runs, || copy(&command))
    };
    let mut rows = vec![
        Row::ours("parse a local file", {
            println!("parse");
            let command = ours("parse", &file)?;
            best_of(RUNS, || copy(&command))?
        }),
        Row::peer("polars `read_csv`", parse("bench", "polars", RUNS)?),
        Row::peer("pyarrow `csv.read_csv`", parse("bench", "pyarrow", RUNS)?),
        Row::peer(
            "azureml 0.2.7 parser (pandas 2.2.3)",
            parse("studio", "azureml-parse", 1)?,
        ),
    ];

    let emulator = Emulator::start(&folder)?;
    measure(&mut emulator.exec(ours("upload", &file)?.arg("survey"))?)?;
    println!("read");
    let command = emulator.exec(release("bench-studio")?.args(["read", "survey"]))?;
    rows.push(Row::ours(
        "read the dataset from the emulator",
        best_of(RUNS, || copy(&command))?,
    ));
    println!("azureml read");
    let command = emulator.exec(peer("studio", "azureml-read")?.arg("survey"))?;
    rows.push(Row::peer(
        "azureml 0.2.7 `to_dataframe`",
        best_of(1, || copy(&command))?,
    ));
    println!("write");
    rows.push(Row::ours(
        "add the frame as CSV",
        measure(&mut emulator.exec(ours("write", &file)?.arg("ours"))?)?,
    ));
    println!("azureml write");
    let mut command = peer("studio", "azureml-write")?;
    command.arg(&file).arg("theirs");
    rows.push(Row::peer(
        "azureml 0.2.7 `add_from_dataframe`",
        measure(&mut emulator.exec(&command)?)?,
    ));
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
