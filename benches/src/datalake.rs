//! Data Lake, one measurement in each process: a line of JSON with the seconds it took and the most
//! memory the process held. `cargo xtask bench datalake` runs this beside the original clients.

mod report;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use azml::datalake_analytics::{DataLake, Job, JobFilter, JobResult, JobState};
use clap::Parser;
use futures::{StreamExt as _, TryStreamExt as _, stream};

const GROUP: &str = "azml";
const STORE: &str = "benchlake";
const ACCOUNT: &str = "benchadla";
/// Requests at once while the measured jobs are made.
const PARALLEL: usize = 32;
/// Jobs whose time from submission to end is taken.
const EMPTY_JOBS: u32 = 20;

#[derive(Debug, Parser)]
enum Task {
    /// Make the accounts; not measured against anything.
    Accounts,
    /// Upload a file or directory.
    Upload { source: PathBuf, target: String },
    /// Download a file or directory.
    Download { source: String, target: PathBuf },
    /// Submit empty jobs and wait for their end; not measured against anything.
    Submit { count: u32 },
    /// List the jobs that succeeded, by priority and time.
    List,
    /// The mean time of an empty job from its submission to its end.
    Empty,
}

#[tokio::main]
async fn main() -> Result<()> {
    let lake = DataLake::from_env()?;
    let (took, rows) = match Task::parse() {
        Task::Accounts => {
            let start = Instant::now();
            lake.stores().create(GROUP, STORE, "eastus2").await?.await?;
            let accounts = lake.accounts();
            let account = accounts.create(GROUP, ACCOUNT, "eastus2", STORE);
            account.await?.await?;
            (start.elapsed(), 0)
        }
        Task::Upload { source, target } => {
            let files = lake.files(STORE)?;
            let start = Instant::now();
            let sent = files.upload(source, target).send().await?;
            (start.elapsed(), sent.files)
        }
        Task::Download { source, target } => {
            let files = lake.files(STORE)?;
            let start = Instant::now();
            let fetched = files.download(source, target).fetch().await?;
            (start.elapsed(), fetched.files)
        }
        Task::Submit { count } => {
            let start = Instant::now();
            submit(&lake, count).await?;
            (start.elapsed(), u64::from(count))
        }
        Task::List => {
            let jobs = lake.jobs(ACCOUNT)?;
            let filter = JobFilter::new()
                .result(&JobResult::Succeeded)
                .order_by("priority asc, submitTime desc")
                .page_size(300);
            let start = Instant::now();
            let listed: Vec<_> = jobs.list(&filter)?.try_collect().await?;
            (start.elapsed(), u64::try_from(listed.len())?)
        }
        Task::Empty => {
            let jobs = lake.jobs(ACCOUNT)?;
            let mut took = Duration::ZERO;
            for n in 0..EMPTY_JOBS {
                let job = Job::usql(format!("empty {n}"), "// nothing");
                let start = Instant::now();
                let mut job = jobs.submit(&job).await?;
                while job.state != JobState::Ended {
                    job = jobs.get(&job.job_id).await?;
                }
                took += start.elapsed();
                ensure!(job.result == JobResult::Succeeded, "an empty job failed");
            }
            (took / EMPTY_JOBS, u64::from(EMPTY_JOBS))
        }
    };
    report::print("azml", took, rows)
}

async fn submit(lake: &DataLake, count: u32) -> Result<()> {
    let jobs = lake.jobs(ACCOUNT)?;
    let submitted = (0..count).map(|n| {
        let job = Job::usql(format!("job {n}"), "// nothing").priority(1 + n % 100);
        let jobs = jobs.clone();
        async move {
            let job = jobs.submit(&job).await?;
            anyhow::Ok(job.job_id)
        }
    });
    let ids: Vec<String> = stream::iter(submitted)
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await?;
    for id in ids {
        jobs.wait(&id).await?;
    }
    Ok(())
}
