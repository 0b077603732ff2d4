//! Studio (classic), one measurement in each process: a line of JSON with the seconds it took and
//! the most memory the process held. `cargo xtask bench studio` runs this beside the original
//! client and other readers of the same file.
#![expect(clippy::print_stdout, reason = "a command-line program")]

mod survey;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use azml::studio_classic::formats::{Frame, ReadOptions, read_file};
use azml::studio_classic::{DataTypeId, UploadData, Workspace};
use clap::Parser;

#[derive(Debug, Parser)]
enum Task {
    /// Write the measured table to a file.
    Generate { file: PathBuf, rows: u64 },
    /// Upload a file as it is; not measured against anything.
    Upload { file: PathBuf, name: String },
    /// Parse a local file into a frame.
    Parse { file: PathBuf },
    /// Read a dataset from the service into a frame.
    Read { name: String },
    /// Write a frame, read from a local file, to the service.
    Write { file: PathBuf, name: String },
}

#[tokio::main]
async fn main() -> Result<()> {
    let (took, rows) = match Task::parse() {
        Task::Generate { file, rows } => {
            let start = Instant::now();
            survey::write(&file, rows)?;
            (start.elapsed(), rows)
        }
        Task::Upload { file, name } => {
            let start = Instant::now();
            let data = UploadData::file(&file).await?;
            let datasets = Workspace::from_config()?.datasets();
            datasets
                .add_from_raw(data, DataTypeId::GenericCsv, name, "bench")
                .await?;
            (start.elapsed(), 0)
        }
        Task::Parse { file } => {
            let start = Instant::now();
            let rows = parse(&file)?.num_rows();
            (start.elapsed(), u64::try_from(rows)?)
        }
        Task::Read { name } => {
            let dataset = Workspace::from_config()?.datasets().get(&name).await?;
            let start = Instant::now();
            let rows = dataset.read_frame().await?.num_rows();
            (start.elapsed(), u64::try_from(rows)?)
        }
        Task::Write { file, name } => {
            let datasets = Workspace::from_config()?.datasets();
            let frame = parse(&file)?;
            let start = Instant::now();
            datasets
                .add_from_frame(&frame, DataTypeId::GenericCsv, name, "bench")
                .await?;
            (start.elapsed(), u64::try_from(frame.num_rows())?)
        }
    };
    report(took, rows)
}

fn parse(file: &Path) -> Result<Frame> {
    Ok(read_file(
        &mut File::open(file)?,
        &DataTypeId::GenericCsv,
        &ReadOptions::default(),
    )?)
}

fn report(took: Duration, rows: u64) -> Result<()> {
    let line = serde_json::json!({
        "seconds": took.as_secs_f64(),
        "rows": rows,
        "peak_bytes": peak_memory()?,
    });
    println!("{line}");
    Ok(())
}

/// The most memory that this process held at once, as the kernel counted it.
fn peak_memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kibibytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .context("the kernel reports VmHWM")?;
    Ok(kibibytes.parse::<u64>()? * 1024)
}
