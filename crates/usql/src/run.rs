//! Programs to files: executes the plans of a program and commits what they
//! wrote, all or nothing.

use std::io::{Read, Seek, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use azml_usql_syntax::Code;
use datafusion::common::DataFusionError;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::physical_plan::{ExecutionPlan, displayable, execute_stream_partitioned};
use datafusion::prelude::{SessionConfig, SessionContext};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::catalog::Change;
use crate::compile::Program;
use crate::error::RuntimeError;
use crate::output::{FileFormat, ParquetFormat, ParquetWriter, RowWriter};
use crate::plan::{Lowering, StageStatistics, StageTree, cooperative, joins_are_small};
use crate::python::Scripts;
use crate::rel::{Column, Output, Sink, SinkTarget};
use crate::store::{FileStore, StorePath, Transaction};
use crate::table::TableWriter;

/// How a program is run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// How many partitions work side by side: the job's analytics units.
    pub partitions: usize,
    /// Memory in bytes beyond which sorts, joins and groups go to disk.
    pub memory: Option<usize>,
    /// Leave to run the Python code of scripts; none, unless somebody asked for it.
    pub scripts: Option<Scripts>,
}

impl Default for RunOptions {
    /// As many partitions as the machine has processors, no memory limit.
    fn default() -> Self {
        let partitions = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            partitions,
            memory: None,
            scripts: None,
        }
    }
}

/// How far a run is; read at any time from any thread.
#[derive(Debug, Default)]
pub struct Progress {
    read: Arc<AtomicU64>,
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl Progress {
    /// Bytes read so far; an input that is used twice is read twice.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Rows written so far.
    pub fn rows_written(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Bytes written so far.
    pub fn bytes_written(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// What a run wrote.
#[derive(Clone, Debug, Default)]
pub struct JobOutcome {
    /// The files, in the order of the script's OUTPUT statements.
    pub outputs: Vec<OutputFile>,
    /// What was done for them, in order.
    pub stages: Vec<StageStatistics>,
}

/// A file that a run wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Where.
    pub path: String,
    /// Rows, without the header.
    pub rows: u64,
    /// Bytes before compression.
    pub bytes: u64,
}

/// Why a run ended without result.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// It was cancelled.
    Cancelled,
    /// It failed.
    Failed(RuntimeError),
}

impl From<RuntimeError> for RunError {
    fn from(error: RuntimeError) -> Self {
        Self::Failed(error)
    }
}

impl From<RunError> for azml_core::Error {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Cancelled => {
                Self::new(azml_core::ErrorKind::Cancelled, "the script was cancelled")
            }
            RunError::Failed(error) => {
                Self::new(azml_core::ErrorKind::InvalidData, error.message.clone())
                    .with_code(error.code.as_str())
                    .with_source(error)
            }
        }
    }
}

/// Runs programs. `Local` is the one there is.
#[async_trait]
pub trait Engine: std::fmt::Debug + Send + Sync {
    /// Runs a program and commits its outputs together.
    ///
    /// # Errors
    /// When the script fails or is cancelled; then no output exists.
    async fn run(
        &self,
        program: &Program,
        store: Arc<dyn FileStore>,
        cancel: &CancellationToken,
        progress: &Progress,
    ) -> Result<JobOutcome, RunError>;

    /// The plans of a program as text.
    ///
    /// # Errors
    /// When a plan cannot be made.
    async fn explain(
        &self,
        program: &Program,
        store: Arc<dyn FileStore>,
    ) -> Result<String, RunError>;
}

/// The engine of this process.
#[derive(Clone, Debug, Default)]
pub struct Local {
    options: RunOptions,
}

impl Local {
    /// An engine with the given options.
    pub fn new(options: RunOptions) -> Self {
        Self { options }
    }

    /// A session for the plan of one sink.
    fn session(&self, sink: &Sink) -> Result<SessionContext, DataFusionError> {
        let config = SessionConfig::new()
            .with_target_partitions(self.options.partitions.max(1))
            .with_batch_size(8_192)
            .with_repartition_joins(!joins_are_small(&sink.input))
            // Rows stay in the order of the input where nothing else orders them.
            .set_bool("datafusion.optimizer.enable_round_robin_repartition", false);
        let mut runtime = RuntimeEnvBuilder::new();
        if let Some(limit) = self.options.memory {
            runtime = runtime.with_memory_limit(limit, 1.0);
        }
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(Arc::new(runtime.build()?))
            .with_default_features()
            .build();
        Ok(SessionContext::new_with_state(state))
    }

    async fn plan(
        session: &SessionContext,
        lowering: &mut Lowering,
        sink: &Sink,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let mut lowered = lowering.relation(&sink.input)?;
        if let SinkTarget::File(output) = &sink.target {
            lowered = lowering.sorted(lowered, &output.order)?;
        }
        let plan = session.state().create_physical_plan(&lowered.plan).await?;
        cooperative(plan)
    }
}

#[async_trait]
impl Engine for Local {
    async fn run(
        &self,
        program: &Program,
        store: Arc<dyn FileStore>,
        cancel: &CancellationToken,
        progress: &Progress,
    ) -> Result<JobOutcome, RunError> {
        if program.runs_python() && self.options.scripts.is_none() {
            return Err(RuntimeError::new(
                Code::E_CSC_USER_FEATURENOTSUPPORTED,
                "the script runs Python code, which has to be allowed: --allow-scripts",
            )
            .into());
        }
        let work = async {
            let mut lowering =
                Lowering::new(Arc::clone(&store), program.now, Arc::clone(&progress.read))
                    .with_scripts(self.options.scripts.clone());
            let mut transaction = begin(&store)?;
            let mut outcome = JobOutcome::default();
            for sink in &program.sinks {
                let session = self.session(sink).map_err(runtime_error)?;
                let plan = Self::plan(&session, &mut lowering, sink)
                    .await
                    .map_err(runtime_error)?;
                let (columns, ran) = (&sink.input.columns, Arc::clone(&plan));
                let before = progress.bytes_written();
                match &sink.target {
                    SinkTarget::File(output) => {
                        let target = transaction
                            .create(&output.path)
                            .map_err(|e| failed(&output.path, e))?;
                        let context = session.task_ctx();
                        let file =
                            write_file(output, columns, target, plan, context, progress).await?;
                        outcome.outputs.push(file);
                    }
                    SinkTarget::Table(path) => {
                        let target = transaction.create(path).map_err(|e| failed(path, e))?;
                        write_table(columns, target, plan, session.task_ctx(), progress).await?;
                    }
                }
                StageTree::of(&ran, &lowering.reads).list(&mut outcome.stages);
                if let Some(last) = outcome.stages.last_mut() {
                    last.bytes_written = progress.bytes_written() - before;
                }
            }
            for change in &program.changes {
                match change {
                    Change::Write(path, bytes) => transaction
                        .create(path)
                        .and_then(|mut file| file.write_all(bytes))
                        .map_err(|e| failed(path, e))?,
                    Change::Copy(from, path) => {
                        let mut file = transaction.create(path).map_err(|e| failed(path, e))?;
                        copy_file(&*store, from, &mut file)?;
                    }
                    Change::Remove(path) => {
                        transaction.remove(path).map_err(|e| failed(path, e))?
                    }
                }
            }
            Ok::<_, RunError>((transaction, outcome))
        };
        // Until everything is written, cancelling leaves nothing behind.
        let (transaction, outcome) = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(RunError::Cancelled),
            result = work => result?,
        };
        tokio::task::spawn_blocking(move || transaction.commit())
            .await
            .map_err(|error| RuntimeError::new(Code::E_RUNTIME_SYSTEM_IO, error.to_string()))?
            .map_err(|error| {
                RuntimeError::new(Code::E_RUNTIME_SYSTEM_IO, "could not commit the outputs")
                    .with_inner(error)
            })?;
        Ok(outcome)
    }

    async fn explain(
        &self,
        program: &Program,
        store: Arc<dyn FileStore>,
    ) -> Result<String, RunError> {
        let mut lowering = Lowering::new(store, program.now, Arc::default());
        let mut text = String::new();
        for sink in &program.sinks {
            let session = self.session(sink).map_err(runtime_error)?;
            let plan = Self::plan(&session, &mut lowering, sink)
                .await
                .map_err(runtime_error)?;
            let target = match &sink.target {
                SinkTarget::File(output) => format!("OUTPUT {}", output.path),
                SinkTarget::Table(path) => format!("INSERT {path}"),
            };
            text.push_str(&format!("{target}\nStages:\n"));
            StageTree::of(&plan, &lowering.reads).text(1, &mut text);
            text.push_str(&format!("Plan:\n{}\n", displayable(&*plan).indent(false)));
        }
        Ok(text)
    }
}

fn begin(store: &Arc<dyn FileStore>) -> Result<Box<dyn Transaction>, RuntimeError> {
    store.begin().map_err(|error| {
        RuntimeError::new(Code::E_RUNTIME_SYSTEM_IO, "could not begin to write").with_inner(error)
    })
}

fn failed(path: &StorePath, error: std::io::Error) -> RuntimeError {
    RuntimeError::io("write", path, &error)
}

/// Writes the partitions of a plan one behind the other into one file. The
/// first goes straight there; the others wait in files of their own.
async fn write_file(
    output: &Output,
    columns: &[Column],
    file: Box<dyn Write + Send>,
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    progress: &Progress,
) -> Result<OutputFile, RunError> {
    let path = &output.path;
    let failed = |error: std::io::Error| failed(path, error);
    let format = match &output.format {
        FileFormat::Text(format) => format,
        FileFormat::Parquet(format) => {
            return write_parquet(format, path, columns, file, plan, context, progress).await;
        }
    };
    let writer = RowWriter::new(format.clone(), columns);
    let mut streams = execute_stream_partitioned(plan, context)
        .map_err(runtime_error)?
        .into_iter();
    let mut target: Box<dyn Write + Send> = if path.as_str().to_ascii_lowercase().ends_with(".gz") {
        Box::new(GzEncoder::new(file, Compression::default()))
    } else {
        file
    };
    let header = writer.header().map_err(RuntimeError::from)?;
    target.write_all(&header).map_err(failed)?;
    let mut written = OutputFile {
        path: path.to_string(),
        rows: 0,
        bytes: wide(header.len()),
    };
    let first = streams.next();
    let waiting = streams.map(|stream| async {
        let mut spool = tempfile::tempfile().map_err(failed)?;
        let rows = write_stream(stream, &writer, &mut spool, progress, path).await?;
        Ok::<_, RunError>((spool, rows))
    });
    let waiting = futures::future::try_join_all(waiting);
    let direct = async {
        match first {
            Some(stream) => write_stream(stream, &writer, &mut target, progress, path).await,
            None => Ok((0, 0)),
        }
    };
    let ((rows, bytes), spools) = futures::future::try_join(direct, waiting).await?;
    written.rows += rows;
    written.bytes += bytes;
    for (mut spool, (rows, bytes)) in spools {
        spool.rewind().map_err(failed)?;
        copy(&mut spool, &mut target).map_err(failed)?;
        written.rows += rows;
        written.bytes += bytes;
    }
    target.flush().map_err(failed)?;
    Ok(written)
}

/// Writes the rows of a plan into a Parquet file.
async fn write_parquet(
    format: &ParquetFormat,
    path: &StorePath,
    columns: &[Column],
    file: Box<dyn Write + Send>,
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    progress: &Progress,
) -> Result<OutputFile, RunError> {
    let broken = |error: parquet::errors::ParquetError| {
        RuntimeError::new(
            Code::E_RUNTIME_SYSTEM_IO,
            format!("could not write '{path}'"),
        )
        .with_inner(error)
    };
    let mut writer = ParquetWriter::new(format, columns, file).map_err(broken)?;
    let mut rows = 0;
    for mut stream in execute_stream_partitioned(plan, context).map_err(runtime_error)? {
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(runtime_error)?;
            let batch = writer.converted(&batch).map_err(RuntimeError::from)?;
            writer.write(&batch).map_err(broken)?;
            progress
                .rows
                .fetch_add(wide(batch.num_rows()), Ordering::Relaxed);
            rows += wide(batch.num_rows());
        }
    }
    let bytes = writer.finish().map_err(broken)?;
    progress.bytes.fetch_add(bytes, Ordering::Relaxed);
    Ok(OutputFile {
        path: path.to_string(),
        rows,
        bytes,
    })
}

/// Writes the rows of a plan into a file of a table.
async fn write_table(
    columns: &[Column],
    file: Box<dyn Write + Send>,
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    progress: &Progress,
) -> Result<(), RunError> {
    let broken = |error: parquet::errors::ParquetError| {
        RuntimeError::new(Code::E_RUNTIME_SYSTEM_IO, "could not write the table").with_inner(error)
    };
    let mut writer = TableWriter::new(columns, file).map_err(broken)?;
    for mut stream in execute_stream_partitioned(plan, context).map_err(runtime_error)? {
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(runtime_error)?;
            writer.write(&batch).map_err(broken)?;
            progress
                .rows
                .fetch_add(wide(batch.num_rows()), Ordering::Relaxed);
        }
    }
    let bytes = writer.finish().map_err(broken)?;
    progress.bytes.fetch_add(bytes, Ordering::Relaxed);
    Ok(())
}

/// Copies a file of the store.
pub(crate) fn copy_file(
    store: &dyn FileStore,
    path: &StorePath,
    file: &mut dyn Write,
) -> Result<(), RuntimeError> {
    let failed = |error: std::io::Error| RuntimeError::io("copy", path, &error);
    let input = store.open(path).map_err(failed)?;
    let (mut buffer, mut at) = (vec![0; 1 << 16], 0);
    loop {
        let read = input.read_at(at, &mut buffer).map_err(failed)?;
        if read == 0 {
            return file.flush().map_err(failed);
        }
        file.write_all(&buffer[..read]).map_err(failed)?;
        at += wide(read);
    }
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> std::io::Result<u64> {
    std::io::copy(from, to)
}

/// Writes one partition; rows and bytes.
async fn write_stream(
    mut stream: SendableRecordBatchStream,
    writer: &RowWriter,
    target: &mut impl Write,
    progress: &Progress,
    path: &StorePath,
) -> Result<(u64, u64), RunError> {
    let (mut rows, mut bytes) = (0, 0);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(runtime_error)?;
        let text = writer.rows(&batch).map_err(RuntimeError::from)?;
        target
            .write_all(&text)
            .map_err(|error| RuntimeError::io("write", path, &error))?;
        let (new_rows, new_bytes) = (wide(batch.num_rows()), wide(text.len()));
        progress.rows.fetch_add(new_rows, Ordering::Relaxed);
        progress.bytes.fetch_add(new_bytes, Ordering::Relaxed);
        rows += new_rows;
        bytes += new_bytes;
    }
    Ok((rows, bytes))
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Our own error from inside the engine's, or the engine's own.
fn runtime_error(error: DataFusionError) -> RuntimeError {
    fn own<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e RuntimeError> {
        let mut current = Some(error);
        while let Some(error) = current {
            if let Some(own) = error.downcast_ref::<RuntimeError>() {
                return Some(own);
            }
            if let Some(DataFusionError::External(inner)) = error.downcast_ref::<DataFusionError>()
                && let Some(found) = own_of(&**inner)
            {
                return Some(found);
            }
            current = error.source();
        }
        None
    }
    fn own_of<'e>(
        error: &'e (dyn std::error::Error + Send + Sync + 'static),
    ) -> Option<&'e RuntimeError> {
        own(error)
    }
    match own(&error) {
        Some(found) => found.clone(),
        None => RuntimeError::new(Code::E_RUNTIME_SYSTEM_IO, "the engine failed").with_inner(error),
    }
}
