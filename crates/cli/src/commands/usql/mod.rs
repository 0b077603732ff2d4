//! `azml usql ...`: compiles and runs U-SQL scripts on a local folder.

mod fmt;
mod report;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use azml_core::clock::{Clock, SystemClock};
use azml_usql::{
    Catalog, CompileOptions, Engine, FileStore, JobOutcome, Local, LocalFiles, Program, Progress,
    RunError, RunOptions, Scripts, compile,
};
use azml_usql_syntax::{Diagnostic, decode_script};
use tokio_util::sync::CancellationToken;

use crate::args::{CheckArgs, ExplainArgs, ScriptArgs, UsqlCommand, UsqlRunArgs};
use crate::failure::{Failure, Result};
use crate::output::{Format, Listing};
use crate::progress::Transfer;
use crate::signals::stopped;
use report::Report;

/// 1970-01-01 in ticks of 100 ns since 0001-01-01.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// Runs a U-SQL command.
pub(super) async fn run(command: UsqlCommand, format: &Format) -> Result<()> {
    match command {
        UsqlCommand::Check(args) => check(&args, format),
        UsqlCommand::Run(args) => execute(args, format).await,
        UsqlCommand::Explain(args) => explain(&args).await,
        UsqlCommand::Fmt(args) => fmt::run(&args),
    }
}

/// A script as read from its file.
struct Source {
    name: String,
    text: String,
}

fn read(path: &Path) -> Result<Source> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file("read", path, error))?;
    let text = decode_script(&bytes)
        .map_err(|error| Failure::new(format!("read {}: {error}", path.display())))?;
    Ok(Source {
        name: path.display().to_string(),
        text,
    })
}

fn options(args: &ScriptArgs) -> Result<CompileOptions> {
    let now = SystemClock.now().unix_timestamp_nanos() / 100;
    let ticks = i64::try_from(now)
        .unwrap_or(0)
        .saturating_add(UNIX_EPOCH_TICKS);
    let mut options = CompileOptions::new(ticks);
    options.strict = args.strict;
    options.seed = args.seed;
    for pair in &args.params {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            Failure::usage(format!("`{pair}` is no parameter")).hint("write --param NAME=VALUE")
        })?;
        options
            .parameters
            .insert(name.trim_start_matches('@').to_owned(), value.to_owned());
    }
    Ok(options)
}

fn store(root: &Path, catalog: Option<&Path>) -> Result<Arc<dyn FileStore>> {
    let files = match catalog {
        None => LocalFiles::open(root),
        Some(catalog) => LocalFiles::open_with_catalog(root, catalog),
    };
    Ok(Arc::new(
        files.map_err(|error| Failure::file("open", root, error))?,
    ))
}

/// The store of a command that only looks, and so makes no root.
fn existing(root: &Path, catalog: Option<&Path>) -> Result<Arc<dyn FileStore>> {
    if !root.is_dir() {
        return Err(Failure::new(format!(
            "the folder {} does not exist",
            root.display()
        )));
    }
    store(root, catalog)
}

fn check(args: &CheckArgs, format: &Format) -> Result<()> {
    let options = options(&args.script)?;
    let folder = args.script.catalog.as_deref();
    let root = args.root.as_deref();
    let files = root.map(|root| existing(root, folder)).transpose()?;
    // Without a root, paths of scripts are not looked at; a catalog is none the less.
    let named = match (&files, folder) {
        (None, Some(folder)) => Some(store(folder, Some(folder))?),
        (files, _) => files.clone(),
    };
    let mut catalog = match &named {
        Some(files) => catalog_of(files)?,
        None => Catalog::default(),
    };
    let mut report = Report::new(format);
    for path in &args.files {
        let source = read(path)?;
        let diagnostics = match compile(&source.text, &catalog, files.clone(), &options) {
            Ok(program) => {
                // The next script is checked as if this one had run.
                catalog = program.catalog;
                program.diagnostics
            }
            Err(diagnostics) => diagnostics,
        };
        report.add(&source, &diagnostics);
    }
    report.finish()
}

fn catalog_of(files: &Arc<dyn FileStore>) -> Result<Catalog> {
    Catalog::load(&**files).map_err(|error| Failure::new(format!("read the catalog: {error}")))
}

/// A program, or the diagnostics on standard error.
fn compiled(
    source: &Source,
    files: &Arc<dyn FileStore>,
    options: &CompileOptions,
) -> Result<Program> {
    let catalog = catalog_of(files)?;
    match compile(&source.text, &catalog, Some(Arc::clone(files)), options) {
        Ok(program) => {
            report::show(source, &program.diagnostics);
            Ok(program)
        }
        Err(diagnostics) => {
            report::show(source, &diagnostics);
            let errors = diagnostics
                .iter()
                .filter(|d: &&Diagnostic| d.is_error())
                .count();
            Err(Failure::new(format!(
                "{} does not compile: {errors} error{}",
                source.name,
                if errors == 1 { "" } else { "s" }
            )))
        }
    }
}

async fn execute(args: UsqlRunArgs, format: &Format) -> Result<()> {
    let options = options(&args.script)?;
    let files = store(&args.root, args.script.catalog.as_deref())?;
    let defaults = RunOptions::default();
    let engine = Local::new(RunOptions {
        partitions: args.partitions.unwrap_or(defaults.partitions),
        memory: args.memory.map(|mib| mib.saturating_mul(1 << 20)),
        scripts: args.allow_scripts.then(|| Scripts::new(&args.python)),
    });
    let mut written = Listing::new(["script", "path", "rows", "bytes"]);
    for path in &args.files {
        let source = read(path)?;
        let program = compiled(&source, &files, &options)?;
        let outcome = watched(&engine, &program, &files, &source.name).await?;
        for output in outcome.outputs {
            written.row([
                source.name.clone().into(),
                output.path.into(),
                output.rows.into(),
                output.bytes.into(),
            ]);
        }
    }
    written.print(format)
}

/// Runs a program with a progress bar; an interrupt leaves nothing behind.
async fn watched(
    engine: &Local,
    program: &Program,
    files: &Arc<dyn FileStore>,
    name: &str,
) -> Result<JobOutcome> {
    let (cancel, progress) = (CancellationToken::new(), Progress::default());
    let total = Some(program.input_bytes()).filter(|bytes| *bytes > 0);
    let bar = Transfer::start(name, total);
    let ticking = async {
        loop {
            SystemClock.sleep(Duration::from_millis(200)).await;
            bar.set(match total {
                // What is read twice counts once.
                Some(total) => progress.bytes_read().min(total),
                None => progress.bytes_written(),
            });
        }
    };
    let mut work = engine.run(program, Arc::clone(files), &cancel, &progress);
    let result = tokio::select! {
        result = &mut work => result,
        status = stopped() => {
            let status = status?;
            cancel.cancel();
            // An interrupt during the commit comes too late: then the outputs are there.
            match work.await {
                Err(RunError::Cancelled) => return Err(Failure::Status(status)),
                result => result,
            }
        }
        () = ticking => return Err(Failure::Status(1)),
    };
    drop(bar);
    result.map_err(|error| match error {
        RunError::Failed(error) => report::runtime_failure(name, &error),
        other => azml_core::Error::from(other).into(),
    })
}

async fn explain(args: &ExplainArgs) -> Result<()> {
    let options = options(&args.script)?;
    let files = existing(&args.root, args.script.catalog.as_deref())?;
    let source = read(&args.file)?;
    let program = compiled(&source, &files, &options)?;
    let text = Local::default()
        .explain(&program, files)
        .await
        .map_err(azml_core::Error::from)?;
    crate::output::text(&text)
}
