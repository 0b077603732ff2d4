//! `cargo xtask bench`: our side and its peers, measured in turn on the same machine and written
//! into `docs/benchmarks.md`. Nothing here fails because something is slow.

mod datalake;
mod mount;
mod storage;
mod studio;
mod table;
mod usql;

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use self::table::Row;
use crate::{metadata, process};

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which comparison [default: all of them]
    name: Option<Name>,

    /// How much of the full data to use, in percent; less than 100 changes no document
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100))]
    percent: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    /// Files and jobs of Data Lake.
    Datalake,
    /// Datastores as folders.
    Mount,
    /// Blobs: clients beside each other, then emulators.
    Storage,
    /// Reading and writing datasets of Studio (classic).
    Studio,
    /// Jobs of U-SQL.
    Usql,
}

/// Runs the comparisons and records them.
pub(crate) fn run(options: &Options) -> Result<()> {
    let names = match options.name {
        Some(name) => vec![name],
        None => Name::value_variants().to_vec(),
    };
    for name in names {
        match name {
            Name::Datalake => datalake::run(options.percent)?,
            Name::Mount => mount::run(options.percent)?,
            Name::Storage => storage::run(options.percent)?,
            Name::Studio => studio::run(options.percent)?,
            Name::Usql => usql::run(options.percent)?,
        }
    }
    Ok(())
}

/// One measurement, as every measured program prints it.
#[derive(Clone, Copy, Debug)]
struct Measurement {
    seconds: f64,
    /// Of all threads, from the start of the program on.
    processor_seconds: f64,
    peak_bytes: u64,
}

/// Something to compare, under a name in which the program's own name stands for `{}`.
struct Contender<'c> {
    name: String,
    ours: bool,
    runs: usize,
    /// The command of a run, counted from zero.
    command: Box<dyn Fn(usize) -> Result<Command> + 'c>,
}

impl<'c> Contender<'c> {
    fn ours(
        name: impl Into<String>,
        runs: usize,
        command: impl Fn(usize) -> Result<Command> + 'c,
    ) -> Self {
        Self {
            name: name.into(),
            ours: true,
            runs,
            command: Box::new(command),
        }
    }

    fn peer(
        name: impl Into<String>,
        runs: usize,
        command: impl Fn(usize) -> Result<Command> + 'c,
    ) -> Self {
        Self {
            ours: false,
            ..Self::ours(name, runs, command)
        }
    }
}

/// Measures all in turn, and again, so that other work on the machine meets all of them.
fn compare(contenders: &[Contender<'_>]) -> Result<Vec<Row>> {
    let mut rows: Vec<_> = contenders
        .iter()
        .map(|contender| Row::new(&contender.name, contender.ours))
        .collect();
    let rounds = contenders.iter().map(|contender| contender.runs).max();
    for run in 0..rounds.unwrap_or_default() {
        for (contender, row) in contenders.iter().zip(&mut rows) {
            if run < contender.runs {
                println!("{}", contender.name);
                let (program, found) = measure(&mut (contender.command)(run)?)?;
                row.add(&program, found);
            }
        }
    }
    Ok(rows)
}

/// Runs a program, which says what it is and what it found.
fn measure(command: &mut Command) -> Result<(String, Measurement)> {
    let text = process::output(command)?;
    let line = text.lines().last().unwrap_or_default();
    let line: serde_json::Value = serde_json::from_str(line).context("a measurement in JSON")?;
    let number = |name: &str| line[name].as_f64().with_context(|| name.to_owned());
    let found = Measurement {
        seconds: number("seconds")?,
        processor_seconds: number("processor_seconds")?,
        peak_bytes: line["peak_bytes"].as_u64().context("peak_bytes")?,
    };
    println!(
        "   {:.2} s, {:.2} s of processor time, {} MB",
        found.seconds,
        found.processor_seconds,
        found.peak_bytes / 1_000_000
    );
    let program = line["program"].as_str().context("program")?;
    Ok((program.to_owned(), found))
}

/// Builds the measured programs as users would have them.
fn build_release() -> Result<()> {
    process::run(&mut process::cargo(&[
        "build",
        "--release",
        "--locked",
        "--package",
        "azml-cli",
        "--package",
        "azml-bench",
    ])?)
}

/// A program that [`build_release`] made.
fn release(program: &str) -> Result<Command> {
    let path = metadata::target_directory()?.join("release").join(program);
    Ok(Command::new(path))
}

/// An emulator of the release build, stopped when dropped.
struct Emulator {
    child: Child,
    env_file: std::path::PathBuf,
}

impl Emulator {
    fn start(folder: &Path) -> Result<Self> {
        const LIMIT: Duration = Duration::from_secs(30);
        let env_file = folder.join("emulator.env");
        let mut child = release("azml")?
            .args(["emulator", "start", "--port-base", "0", "--data-dir"])
            .arg(folder.join("data"))
            .arg("--env-file")
            .arg(&env_file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start the emulator")?;
        let begin = Instant::now();
        while !env_file.exists() {
            let ended = child.try_wait()?;
            ensure!(
                ended.is_none() && begin.elapsed() < LIMIT,
                "the emulator did not start"
            );
            process::pause(Duration::from_millis(10));
        }
        Ok(Self { child, env_file })
    }

    /// A program that finds the emulator.
    fn exec(&self, program: &Command) -> Result<Command> {
        let mut command = release("azml")?;
        command
            .args(["emulator", "exec", "--env-file"])
            .arg(&self.env_file)
            .arg("--")
            .arg(program.get_program())
            .args(program.get_args());
        Ok(command)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself, which the measurements have reported then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file whose bytes differ everywhere.
fn write(path: &Path, length: u64) -> Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ length;
    for _ in 0..length / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes())?;
    }
    file.flush()?;
    Ok(())
}
