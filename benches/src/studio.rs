//! Studio (classic), one measurement in each process: a line of JSON with the seconds it took and
//! the most memory the process held. `cargo xtask bench studio` runs this beside the original
//! client and other readers of the same file.

mod report;
mod survey;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
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
    report::print("azml", took, rows)
}

fn parse(file: &Path) -> Result<Frame> {
    Ok(read_file(
        &mut File::open(file)?,
        &DataTypeId::GenericCsv,
        &ReadOptions::default(),
    )?)
}
