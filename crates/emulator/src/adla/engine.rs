//! Jobs run by the U-SQL engine on the files of the account's default store.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use azml_usql::{
    Catalog, CompileOptions, Engine, FileStore, JobInfo, Local, Program, Progress, RunError,
    RunOptions, RuntimeError, StageStatistics, compile,
};
use azml_usql_syntax::{Code, Diagnostic, LineIndex};
use time::OffsetDateTime;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::runner::{Finding, JobRunner, JobSource, Outcome, Stage};
use crate::state::State;
use crate::storage::gen1::{Gate, LakeFiles};

/// 1970-01-01 in the ticks that scripts count in, which are 100 ns.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// Analytics units beyond which a job gets no more partitions: this is one machine.
const MOST_PARTITIONS: usize = 32;

/// Where scripts run: beside the threads that answer requests, which a long calculation would keep waiting.
static WORKERS: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .thread_name("usql")
        .enable_all()
        .build()
        .expect("a process can start threads")
});

/// Runs scripts in this process.
#[derive(Clone, Debug)]
pub(crate) struct UsqlRunner {
    state: State,
}

impl UsqlRunner {
    pub(crate) fn new(state: State) -> Self {
        Self { state }
    }

    /// Compiles against the store and its catalog as they are now.
    async fn compiled(
        &self,
        job: &JobSource,
        gate: Option<Gate>,
    ) -> Result<(Program, Arc<dyn FileStore>), Vec<Finding>> {
        let store = LakeFiles::open(&self.state, &job.store).map_err(|error| {
            vec![Finding::error(
                Code::E_RUNTIME_SYSTEM_IO,
                format!("the job's store is not there: {error}"),
            )]
        })?;
        let store: Arc<dyn FileStore> = Arc::new(match gate {
            Some(gate) => store.behind(gate),
            None => store,
        });
        let (files, script) = (Arc::clone(&store), Arc::clone(&job.script));
        let mut options = CompileOptions::new(ticks(self.state.clock.now()));
        options.job = JobInfo {
            id: uuid::Uuid::try_parse(&job.id)
                .unwrap_or_default()
                .into_bytes(),
            name: job.name.clone(),
            priority: i32::try_from(job.priority).unwrap_or(i32::MAX),
            allocation: i32::try_from(job.parallelism).unwrap_or(i32::MAX),
            account: job.account.clone(),
            submitter: job.submitter.clone(),
            submitted: ticks(job.submitted),
        };
        // Listing files and parsing megabytes takes a while.
        let work = tokio::task::spawn_blocking(move || {
            let catalog = Catalog::load(&*files).map_err(|error| {
                vec![Finding::error(
                    Code::E_RUNTIME_SYSTEM_IO,
                    format!("the catalog cannot be read: {error}"),
                )]
            })?;
            compile(&script, &catalog, Some(files), &options)
                .map_err(|diagnostics| findings(&script, &diagnostics))
        });
        let stopped = |_| {
            vec![Finding::error(
                Code::E_CSC_USER_SYNTAXERROR,
                "the compiler stopped on this script",
            )]
        };
        Ok((work.await.map_err(stopped)??, store))
    }
}

/// A moment as scripts count it.
fn ticks(time: OffsetDateTime) -> i64 {
    let ticks = time.unix_timestamp_nanos() / 100;
    i64::try_from(ticks)
        .unwrap_or(0)
        .saturating_add(UNIX_EPOCH_TICKS)
}

/// Beside errors the service reports nothing else.
fn findings(script: &str, diagnostics: &[Diagnostic]) -> Vec<Finding> {
    let index = LineIndex::new(script);
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    let shown = diagnostics.iter().filter(|it| it.is_error() || !failed);
    shown.map(|it| Finding::of(it, &index)).collect()
}

#[async_trait]
impl JobRunner for UsqlRunner {
    async fn compile(&self, job: &JobSource) -> Vec<Finding> {
        match self.compiled(job, None).await {
            Ok((program, _)) => findings(&job.script, &program.diagnostics),
            Err(findings) => findings,
        }
    }

    async fn run(&self, job: &JobSource, gate: Gate, stop: CancellationToken) -> Outcome {
        let (program, store) = match self.compiled(job, Some(gate)).await {
            Ok(compiled) => compiled,
            Err(mut findings) => {
                return Outcome::Failed(findings.pop().unwrap_or_else(|| {
                    Finding::error(Code::E_RUNTIME_SYSTEM_IO, "the script does not compile")
                }));
            }
        };
        let progress = Progress::default();
        let partitions = usize::try_from(job.parallelism)
            .unwrap_or(MOST_PARTITIONS)
            .min(MOST_PARTITIONS);
        let engine = Local::new(RunOptions {
            partitions,
            ..RunOptions::default()
        });
        let running = WORKERS
            .spawn(async move { Box::pin(engine.run(&program, store, &stop, &progress)).await });
        match AbortOnDropHandle::new(running).await {
            Ok(Ok(outcome)) => Outcome::Done(outcome.stages.into_iter().map(stage).collect()),
            Ok(Err(RunError::Failed(error))) => Outcome::Failed(runtime_finding(&error)),
            Ok(Err(_)) => Outcome::Stopped,
            Err(_) => Outcome::Failed(Finding::error(
                Code::E_RUNTIME_SYSTEM_IO,
                "the engine stopped on this script",
            )),
        }
    }
}

fn stage(stage: StageStatistics) -> Stage {
    Stage {
        name: stage.name,
        vertices: u64::try_from(stage.tasks).unwrap_or(u64::MAX),
        data_read: stage.bytes_read,
        data_written: stage.bytes_written,
        milliseconds: u64::try_from(stage.compute.as_millis()).unwrap_or(u64::MAX),
    }
}

/// The failure of a running script, with the row at fault in its details.
fn runtime_finding(error: &RuntimeError) -> Finding {
    let mut finding = Finding::error(error.code, error.message.clone());
    if let Some(row) = &error.row {
        finding.details = format!("{}, line {}: {}", row.file, row.line, row.text);
    }
    if let Some(inner) = &error.inner {
        if !finding.details.is_empty() {
            finding.details.push('\n');
        }
        finding.details.push_str(inner);
    }
    finding
}
