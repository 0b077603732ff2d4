//! `azml adla job`.

use std::io::Read as _;
use std::path::Path;

use azml::datalake_analytics::{
    DataLake, Job, JobChange, JobFilter, JobInformation, JobResult, JobState, Jobs,
};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use super::account::created;
use crate::args::adla::{JobCommand, ListArgs, SubmitArgs};
use crate::failure::{Failure, Result};
use crate::output::{Format, Listing, Record, note};

/// Runs `azml adla job`.
pub(super) async fn run(command: JobCommand, lake: &DataLake, format: &Format) -> Result<()> {
    match command {
        JobCommand::Submit(args) => submit(args, lake, format).await,
        JobCommand::Build { script, jobs } => {
            let job = Job::usql("build", read(&script)?);
            let built = lake.jobs(&jobs.account)?.build(&job).await?;
            diagnostics(&built, format)?;
            outcome(&built)
        }
        JobCommand::List(args) => list(args, lake, format).await,
        JobCommand::Show { id, jobs } => show(
            &lake.jobs(&jobs.account)?.get(&id.to_string()).await?,
            format,
        ),
        JobCommand::Wait { id, jobs } => {
            wait(&lake.jobs(&jobs.account)?, &id.to_string(), format).await
        }
        JobCommand::Yield { id, jobs } => {
            lake.jobs(&jobs.account)?.yield_job(&id.to_string()).await?;
            note(format_args!("{id} waits for its units again"));
            Ok(())
        }
        JobCommand::Change {
            id,
            units,
            priority,
            jobs,
        } => {
            let change = JobChange {
                degree_of_parallelism: units,
                priority,
                ..JobChange::default()
            };
            let jobs = lake.jobs(&jobs.account)?;
            show(&jobs.change(&id.to_string(), &change).await?, format)
        }
        JobCommand::Statistics { id, jobs } => {
            let statistics = lake
                .jobs(&jobs.account)?
                .statistics(&id.to_string())
                .await?;
            let mut listing = Listing::new([
                "stage",
                "parts",
                "succeeded",
                "failed",
                "bytes_read",
                "bytes_written",
                "time",
            ]);
            for stage in statistics.stages {
                listing.row([
                    stage.stage_name.into(),
                    stage.total_count.into(),
                    stage.succeeded_count.into(),
                    stage.failed_count.into(),
                    stage.data_read.into(),
                    stage.data_written.into(),
                    stage.total_execution_time.into(),
                ]);
            }
            listing.print(format)
        }
        JobCommand::DebugPath { id, jobs } => {
            let found = lake
                .jobs(&jobs.account)?
                .debug_data_path(&id.to_string())
                .await?;
            let mut listing = Listing::new(["path"]);
            for path in found.paths {
                listing.row([path.into()]);
            }
            listing.print(format)
        }
        JobCommand::Cancel { id, jobs } => {
            lake.jobs(&jobs.account)?.cancel(&id.to_string()).await?;
            note(format_args!("cancelled {id}"));
            Ok(())
        }
    }
}

async fn submit(args: SubmitArgs, lake: &DataLake, format: &Format) -> Result<()> {
    let name = args.name.unwrap_or_else(|| {
        args.script.file_stem().map_or_else(
            || "job".to_owned(),
            |stem| stem.to_string_lossy().into_owned(),
        )
    });
    let job = Job::usql(name, read(&args.script)?)
        .degree_of_parallelism(args.units)
        .priority(args.priority);
    let jobs = lake.jobs(&args.jobs.account)?;
    let submitted = jobs.submit(&job).await?;
    if args.wait {
        note(format_args!("submitted {}", submitted.job_id));
        return wait(&jobs, &submitted.job_id, format).await;
    }
    show(&submitted, format)
}

/// Waits for the end, telling the states on standard error; a job that did not succeed is a failure.
async fn wait(jobs: &Jobs, id: &str, format: &Format) -> Result<()> {
    let ended = jobs
        .wait_with(id, None, |job| note(format_args!("{}", job.state)))
        .await?;
    show(&ended, format)?;
    outcome(&ended)
}

/// What the compiler and the service said, as the end of the command.
fn outcome(job: &JobInformation) -> Result<()> {
    if job.result == JobResult::Succeeded {
        return Ok(());
    }
    let said = job.error_message.first().map_or_else(
        || "see what the compiler found".to_owned(),
        |error| format!("{}: {}", error.error_id, error.message),
    );
    let failure = Failure::new(format!("the job ended as {}: {said}", job.result));
    let resolution = job
        .error_message
        .iter()
        .find_map(|error| error.resolution.clone());
    Err(match resolution.filter(|text| !text.is_empty()) {
        Some(text) => failure.hint(text),
        None => failure,
    })
}

fn show(job: &JobInformation, format: &Format) -> Result<()> {
    let errors: Vec<Value> = job.error_message.iter().map(|error| json!(error)).collect();
    let mut record = Record::default();
    record
        .field("id", job.job_id.as_str())
        .field("name", job.name.as_str())
        .field("state", job.state.as_str())
        .field("result", job.result.as_str())
        .field("submitter", job.submitter.clone())
        .field("units", job.degree_of_parallelism)
        .field("priority", job.priority)
        .field("submitted", created(job.submit_time))
        .field("started", created(job.start_time))
        .field("ended", created(job.end_time))
        .field("log_folder", job.log_folder.clone());
    match format {
        Format::Json => record.field("errors", errors),
        _ => record.field(
            "errors",
            job.error_message
                .iter()
                .map(|error| match error.line_number {
                    0 => format!("{}: {}", error.error_id, error.message),
                    line => format!("line {line}: {}: {}", error.error_id, error.message),
                })
                .collect::<Vec<_>>()
                .join("\n"),
        ),
    };
    record.print(format)
}

fn diagnostics(job: &JobInformation, format: &Format) -> Result<()> {
    let mut listing = Listing::new(["line", "column", "severity", "message"]);
    for found in &job.properties.diagnostics {
        listing.row([
            found.line_number.into(),
            found.column_number.into(),
            found.severity.as_str().into(),
            found.message.as_str().into(),
        ]);
    }
    listing.print(format)
}

async fn list(args: ListArgs, lake: &DataLake, format: &Format) -> Result<()> {
    let mut filter = JobFilter::new();
    if let Some(state) = &args.state {
        filter = filter.state(&JobState::from(state.as_str()));
    }
    if let Some(name) = &args.name {
        filter = filter.name(name);
    }
    if let Some(submitter) = &args.submitter {
        filter = filter.submitter(submitter);
    }
    if let Some(expression) = &args.filter {
        filter = filter.expression(expression);
    }
    if let Some(order) = args.order {
        filter = filter.order_by(order);
    }
    let mut listing = Listing::new(["id", "name", "state", "result", "priority", "submitted"]);
    let mut items = lake.jobs(&args.jobs.account)?.list(&filter)?.take(args.top);
    while let Some(job) = items.try_next().await? {
        listing.row([
            job.job_id.into(),
            job.name.into(),
            job.state.as_str().into(),
            job.result.as_str().into(),
            job.priority.into(),
            created(job.submit_time),
        ]);
    }
    listing.print(format)
}

/// The text of a script file, or of standard input.
fn read(path: &Path) -> Result<String> {
    let failed = |error| Failure::file("read", path, error);
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(failed)?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(failed)
}
