//! `azml run ...`: carries runs out on this machine or has a workspace do so, and shows them.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use azml::datastore::{
    AccessMode, DataReference, LocalRuns, LocalTarget, RunDetails, RunState, ScriptRunConfig,
    Submission, Workspace,
};
use tokio_util::sync::CancellationToken;

use crate::args::run::{Data, RunArgs, RunCommand, SubmitArgs};
use crate::commands::workspace;
use crate::failure::{Failure, Result};
use crate::output::{self, Format, Listing, Record, note};
use crate::settings::Settings;
use crate::signals::stopped;

/// The target that is this machine.
const LOCAL: &str = "local";

/// Runs a run command.
pub(super) async fn run(args: RunArgs, settings: &Settings, format: &Format) -> Result<()> {
    let runs = args
        .runs_dir
        .map_or_else(LocalRuns::default, LocalRuns::new);
    let of = |experiment: &str| {
        let workspace = workspace::connect(&args.workspace, settings)?;
        Ok::<_, Failure>(workspace.runs(experiment))
    };
    match args.command {
        RunCommand::Submit(submit) => {
            let workspace = workspace::connect(&args.workspace, settings)?;
            if submit.target == LOCAL {
                return local(submit, &runs, &workspace, format).await;
            }
            remote(submit, &workspace, format).await
        }
        RunCommand::List(whose) => list(
            match &whose.of {
                Some(experiment) => unless_stopped_with(of(experiment)?.list()).await?,
                None => runs.list()?,
            },
            format,
        ),
        RunCommand::Show(which) => match &which.whose.of {
            Some(experiment) => {
                let run = of(experiment)?.get(&which.run);
                show(&unless_stopped_with(run.details()).await?, None, format)
            }
            None => {
                let directory = runs.directory(&which.run);
                show(&runs.get(&which.run)?, Some(&directory), format)
            }
        },
        RunCommand::Logs(which) => {
            let log = match &which.whose.of {
                Some(experiment) => {
                    let run = of(experiment)?.get(&which.run);
                    unless_stopped_with(run.log()).await?
                }
                None => runs.log(&which.run)?,
            };
            output::data(|out| out.write_all(&log))
        }
        RunCommand::Cancel(which) => {
            let asked = match &which.whose.of {
                Some(experiment) => {
                    let run = of(experiment)?.get(&which.run);
                    unless_stopped_with(run.cancel()).await?;
                    true
                }
                None => runs.cancel(&which.run)?,
            };
            if asked {
                note(format_args!("asked the run `{}` to end", which.run));
            } else {
                note(format_args!("the run `{}` has ended already", which.run));
            }
            Ok(())
        }
    }
}

/// A request that an interrupt ends.
async fn unless_stopped_with<T>(
    work: impl Future<Output = azml::datastore::Result<T>>,
) -> Result<T> {
    tokio::select! {
        result = work => Ok(result?),
        status = stopped() => Err(Failure::Status(status?)),
    }
}

/// What is submitted, and to which experiment.
fn describe(args: &SubmitArgs) -> Result<(Submission, String)> {
    let experiment = args
        .experiment
        .clone()
        .unwrap_or_else(|| usual(&args.script));
    let mut config =
        ScriptRunConfig::script(&args.source_dir, &args.script).compute_target(&args.target);
    for argument in &args.args {
        config = config.argument(argument.as_str());
    }
    for data in &args.input {
        if data.mode == AccessMode::Upload {
            let text = "--input reads data; upload is for --output-data";
            return Err(Failure::usage(text));
        }
        config = config.data(reference(data, args.overwrite));
    }
    for data in &args.output_data {
        if data.mode != AccessMode::Upload {
            let text = "--output-data leaves data; its mode is upload";
            return Err(Failure::usage(text));
        }
        config = config.data(reference(data, args.overwrite));
    }
    for (name, value) in &args.env {
        config = config.environment_variable(name, value.as_str());
    }
    if let Some(seconds) = args.max_seconds {
        config = config.max_run_duration_seconds(seconds);
    }
    let submission = config.resolve().map_err(azml::datastore::Error::from)?;
    Ok((submission, experiment))
}

async fn local(
    args: SubmitArgs,
    runs: &LocalRuns,
    workspace: &Workspace,
    format: &Format,
) -> Result<()> {
    let (submission, experiment) = describe(&args)?;
    let is_open = AtomicBool::new(true);
    let is_table = *format == Format::Table;
    let mut target = LocalTarget::new().on_output(move |text| {
        // The log has it all when nobody reads here any more.
        if is_open.load(Ordering::Relaxed) && print(text, is_table).is_err() {
            is_open.store(false, Ordering::Relaxed);
        }
    });
    if args.upload_on_failure {
        target = target.upload_on_failure();
    }
    if args.any_access {
        target = target.any_access();
    }
    if let Some(python) = args.python {
        target = target.python(python);
    }
    let cancel = CancellationToken::new();
    let submitted = runs.submit(workspace, &experiment, submission, target, &cancel);
    let mut submitted = Box::pin(submitted);
    let run = tokio::select! {
        run = &mut submitted => run?,
        status = stopped() => {
            note("ending the run");
            cancel.cancel();
            submitted.await?;
            return Err(Failure::Status(status?));
        }
    };
    let directory = runs.directory(&run.run_id);
    let hint = format!("azml run logs {}", run.run_id);
    finish(&run, Some(&directory), hint, format)
}

async fn remote(args: SubmitArgs, workspace: &Workspace, format: &Format) -> Result<()> {
    if args.upload_on_failure || args.any_access || args.python.is_some() {
        let text = "--upload-on-failure, --any-access and --python are for the target local";
        return Err(Failure::usage(text));
    }
    let (submission, experiment) = describe(&args)?;
    let runs = workspace.runs(&experiment);
    let run = unless_stopped_with(Box::pin(runs.submit(submission))).await?;
    note(format_args!("submitted `{}`", run.id()));
    let is_table = *format == Format::Table;
    let mut is_open = true;
    let waited = run.wait(|text| is_open = is_open && print(text, is_table).is_ok());
    let ended = tokio::select! {
        ended = waited => ended?,
        status = stopped() => {
            let id = run.id();
            note(format_args!("the run goes on; azml run cancel {id} --of {experiment} ends it"));
            return Err(Failure::Status(status?));
        }
    };
    let hint = format!("azml run logs {} --of {experiment}", ended.run_id);
    finish(&ended, None, hint, format)
}

/// Says how a run ended.
fn finish(run: &RunDetails, directory: Option<&Path>, hint: String, format: &Format) -> Result<()> {
    for warning in &run.warnings {
        note(format_args!("warning: {warning}"));
    }
    if *format != Format::Table {
        show(run, directory, format)?;
    }
    if run.status == RunState::Completed {
        note(format_args!("completed `{}`", run.run_id));
        return Ok(());
    }
    let reason = run.error.as_deref().unwrap_or("no reason is known");
    let text = format!("the run '{}' {}: {reason}", run.run_id, ended(run.status));
    Err(Failure::new(text).hint(hint))
}

fn list(runs: Vec<RunDetails>, format: &Format) -> Result<()> {
    let columns = ["run", "experiment", "target", "status", "created", "ended"];
    let mut listing = Listing::new(columns);
    for run in runs {
        listing.row([
            run.run_id.as_str().into(),
            run.experiment.as_str().into(),
            run.target.as_str().into(),
            run.status.name().into(),
            time(Some(run.created)).into(),
            time(run.ended).into(),
        ]);
    }
    listing.print(format)
}

/// Passes on what a script prints; with other formats than a table, standard output holds
/// the record alone.
fn print(text: &[u8], is_table: bool) -> io::Result<()> {
    if is_table {
        let mut out = io::stdout().lock();
        out.write_all(text)?;
        return out.flush();
    }
    io::stderr().lock().write_all(text)
}

fn ended(state: RunState) -> &'static str {
    match state {
        RunState::Canceled => "was canceled",
        _ => "failed",
    }
}

/// The script's name as an experiment's.
fn usual(script: &str) -> String {
    let name = script.rsplit('/').next().unwrap_or(script);
    let name = name.split('.').next().unwrap_or(name);
    let clean = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let name = name.replace(clean, "_");
    let name = name.trim_start_matches(['_', '-']);
    if name.is_empty() {
        return "run".to_owned();
    }
    name.to_owned()
}

fn reference(data: &Data, overwrite: bool) -> DataReference {
    let mut reference = DataReference::new(&data.datastore, data.path.as_deref()).named(&data.name);
    reference = match data.mode {
        AccessMode::Download => reference.as_download(),
        AccessMode::Upload => reference.as_upload(),
        _ => reference.as_mount(),
    };
    if let Some(local) = &data.local {
        reference = reference.on_compute(local);
    }
    if overwrite {
        reference = reference.overwrite();
    }
    reference
}

fn show(run: &RunDetails, directory: Option<&Path>, format: &Format) -> Result<()> {
    let mut record = Record::default();
    record
        .field("run", run.run_id.as_str())
        .field("experiment", run.experiment.as_str())
        .field("target", run.target.as_str())
        .field("status", run.status.name())
        .field("created", time(Some(run.created)))
        .field("ended", time(run.ended))
        .field("exit_code", run.exit_code)
        .field("error", run.error.as_deref())
        .field("warnings", run.warnings.join("\n"))
        .field(
            "directory",
            directory.map(|path| path.display().to_string()),
        );
    record.print(format)
}

fn time(at: Option<time::OffsetDateTime>) -> Option<String> {
    at?.format(&time::format_description::well_known::Rfc3339)
        .ok()
}
