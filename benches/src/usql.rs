//! U-SQL, one measurement in each process, as `bench-studio` does it. `cargo xtask bench usql` runs
//! this beside DuckDB and Polars on the same file.

mod report;
mod survey;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, anyhow};
use azml_usql::{
    Catalog, CompileOptions, Engine, Local, LocalFiles, Progress, RunOptions, compile,
};
use clap::Parser;
use tokio_util::sync::CancellationToken;

/// Rows of the smaller side of the join.
const HOUSEHOLDS: u64 = 100_000;

#[derive(Debug, Parser)]
enum Task {
    /// Write the measured table and the one it is joined with into a folder.
    Generate { folder: PathBuf, rows: u64 },
    /// Compile and run a script on the files of a folder.
    Run {
        folder: PathBuf,
        script: PathBuf,
        /// Memory in MiB beyond which the disk is used.
        #[arg(long)]
        memory: Option<usize>,
    },
    /// Compile a script without its files, as often as `times` says.
    Check { script: PathBuf, times: u32 },
}

#[tokio::main]
async fn main() -> Result<()> {
    let start = Instant::now();
    let (took, rows) = match Task::parse() {
        Task::Generate { folder, rows } => {
            survey::write(&folder.join("survey.csv"), rows)?;
            households(&folder.join("households.csv"))?;
            (start.elapsed(), rows)
        }
        Task::Run {
            folder,
            script,
            memory,
        } => {
            let rows = run(&folder, &script, memory).await?;
            (start.elapsed(), rows)
        }
        Task::Check { script, times } => {
            let source = std::fs::read_to_string(script)?;
            for _ in 0..times {
                compiled(&source, None)?;
            }
            (start.elapsed() / times.max(1), 0)
        }
    };
    report::print("azml", took, rows)
}

fn compiled(source: &str, files: Option<&Arc<LocalFiles>>) -> Result<azml_usql::Program> {
    let files = files.map(|files| Arc::clone(files) as Arc<dyn azml_usql::FileStore>);
    compile(
        source,
        &Catalog::default(),
        files,
        &CompileOptions::new(636_029_712_000_000_000),
    )
    .map_err(|found| anyhow!("{found:?}"))
}

async fn run(folder: &Path, script: &Path, memory: Option<usize>) -> Result<u64> {
    let files = Arc::new(LocalFiles::open(folder)?);
    let program = compiled(&std::fs::read_to_string(script)?, Some(&files))?;
    let engine = Local::new(RunOptions {
        memory: memory.map(|mebibytes| mebibytes << 20),
        ..RunOptions::default()
    });
    let (cancel, progress) = (CancellationToken::new(), Progress::default());
    let outcome = engine.run(&program, files, &cancel, &progress).await;
    let outcome = outcome.map_err(|error| anyhow!("{error:?}"))?;
    Ok(outcome.outputs.iter().map(|output| output.rows).sum())
}

/// Every ninth household of the table, with where it lives.
fn households(file: &Path) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "household,region")?;
    for at in 0..HOUSEHOLDS {
        writeln!(out, "{},region {}", 100_000 + at * 9, at * 7 % 50)?;
    }
    out.flush()
}
