//! `rx_data_step`: rows from a frame or a query, changed piece by piece, to a frame or a table.

mod output;
mod rows;

use std::{path::Path, sync::Arc};

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};

use crate::{
    backend::{Event, Request},
    columns::Columns,
    error::{Error, Result},
    files::{RxTextData, RxXdfData},
    session::{Frame, Session},
    sql_server_data::RxSqlServerData,
};
use output::TableOutput;
use rows::Selection;

/// What to do when the output is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Append {
    /// It must not be, unless it may be overwritten. The default.
    #[default]
    None,
    /// Rows are added to it; it must be there.
    Rows,
}

/// Where the rows come from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DataSource {
    /// A frame.
    Frame(Frame),
    /// A table or a query.
    SqlServer(Box<RxSqlServerData>),
    /// A delimited text file.
    Text(Box<RxTextData>),
    /// A local columnar file.
    Xdf(RxXdfData),
}

/// The rows of a source that is here, or the table that is not.
pub(crate) enum Local {
    Rows(Frame),
    Elsewhere(Box<RxSqlServerData>),
}

impl DataSource {
    /// Reads what is on this machine.
    pub(crate) fn local(&self) -> Result<Local> {
        Ok(match self {
            Self::Frame(frame) => Local::Rows(frame.clone()),
            Self::Text(file) => Local::Rows(file.read()?),
            Self::Xdf(file) => Local::Rows(file.read()?),
            Self::SqlServer(source) => Local::Elsewhere(source.clone()),
        })
    }

    /// How it is called where results are printed; `None` for a frame and for what has its own name.
    pub(crate) fn file_name(&self) -> Result<Option<String>> {
        Ok(match self {
            Self::Frame(_) | Self::SqlServer(_) => None,
            Self::Text(file) => Some(file.path().display().to_string()),
            Self::Xdf(file) => Some(file.path()?.display().to_string()),
        })
    }
}

/// Where the rows go.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DataSink {
    /// A table.
    SqlServer(Box<RxSqlServerData>),
    /// A delimited text file.
    Text(Box<RxTextData>),
    /// A local columnar file.
    Xdf(RxXdfData),
}

impl From<&RxSqlServerData> for DataSink {
    fn from(table: &RxSqlServerData) -> Self {
        Self::SqlServer(Box::new(table.clone()))
    }
}

impl From<&RxTextData> for DataSink {
    fn from(file: &RxTextData) -> Self {
        Self::Text(Box::new(file.clone()))
    }
}

impl From<&RxXdfData> for DataSink {
    fn from(file: &RxXdfData) -> Self {
        Self::Xdf(file.clone())
    }
}

impl From<RxTextData> for DataSource {
    fn from(file: RxTextData) -> Self {
        Self::Text(Box::new(file))
    }
}

impl From<&RxTextData> for DataSource {
    fn from(file: &RxTextData) -> Self {
        Self::Text(Box::new(file.clone()))
    }
}

impl From<RxXdfData> for DataSource {
    fn from(file: RxXdfData) -> Self {
        Self::Xdf(file)
    }
}

impl From<&RxXdfData> for DataSource {
    fn from(file: &RxXdfData) -> Self {
        Self::Xdf(file.clone())
    }
}

impl From<Frame> for DataSource {
    fn from(frame: Frame) -> Self {
        Self::Frame(frame)
    }
}

impl From<RxSqlServerData> for DataSource {
    fn from(source: RxSqlServerData) -> Self {
        Self::SqlServer(Box::new(source))
    }
}

impl From<&RxSqlServerData> for DataSource {
    fn from(source: &RxSqlServerData) -> Self {
        Self::SqlServer(Box::new(source.clone()))
    }
}

impl From<RecordBatch> for DataSource {
    fn from(batch: RecordBatch) -> Self {
        let mut frame = Frame::empty(batch.schema());
        frame.push(batch);
        Self::Frame(frame)
    }
}

/// What a transform knows beside its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransformContext {
    /// The number of the first row of this piece, from 1.
    pub start_row: u64,
    /// The number of the piece, from 1.
    pub chunk: u64,
}

type Transform = Arc<dyn Fn(RecordBatch, &TransformContext) -> Result<RecordBatch> + Send + Sync>;

/// What [`DataStep::run`] leads to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StepResult {
    /// The rows, where there is no output.
    Frame(Frame),
    /// How many rows were written.
    Written(u64),
}

impl StepResult {
    /// The rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where they went to an output.
    pub fn frame(self) -> Result<Frame> {
        match self {
            Self::Frame(frame) => Ok(frame),
            Self::Written(_) => Err(Error::InvalidArgument(
                "the rows went to an output".to_owned(),
            )),
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> u64 {
        match self {
            Self::Frame(frame) => u64::try_from(frame.num_rows()).unwrap_or(u64::MAX),
            Self::Written(rows) => *rows,
        }
    }
}

/// A data step: an input, changes, and an output.
#[derive(Clone)]
#[must_use = "nothing runs before `run`"]
pub struct DataStep {
    input: DataSource,
    output: Option<DataSink>,
    overwrite: bool,
    append: Append,
    selection: Selection,
    transform: Option<Transform>,
    rows_per_read: Option<usize>,
}

impl std::fmt::Debug for DataStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataStep")
            .field("input", &self.input)
            .field("output", &self.output)
            .field("overwrite", &self.overwrite)
            .field("append", &self.append)
            .field("selection", &self.selection)
            .finish_non_exhaustive()
    }
}

/// Rows of a frame that a transform gets at once, unless said otherwise.
const ROWS_PER_READ: usize = 500_000;

impl DataStep {
    /// Rows of this input.
    pub fn new(input: impl Into<DataSource>) -> Self {
        Self {
            input: input.into(),
            output: None,
            overwrite: false,
            append: Append::None,
            selection: Selection::default(),
            transform: None,
            rows_per_read: None,
        }
    }

    /// The table or file to write to. Without one the rows are returned.
    pub fn output(mut self, output: impl Into<DataSink>) -> Self {
        self.output = Some(output.into());
        self
    }

    /// Whether a table that is there is replaced. Readers see the old rows or the new ones, and the old ones stay when the
    /// step fails. Default: no.
    pub fn overwrite(mut self, overwrites: bool) -> Self {
        self.overwrite = overwrites;
        self
    }

    /// Whether rows are added to a table that is there. Default: [`Append::None`].
    pub fn append(mut self, append: Append) -> Self {
        self.append = append;
        self
    }

    /// The columns to keep, in this order. Default: all.
    pub fn vars_to_keep<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.selection.keep = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// The columns to leave out.
    pub fn vars_to_drop<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.selection.drop = names.into_iter().map(Into::into).collect();
        self
    }

    /// What to do with each piece of rows.
    pub fn transform_function(
        mut self,
        transform: impl Fn(RecordBatch, &TransformContext) -> Result<RecordBatch>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.transform = Some(Arc::new(transform));
        self
    }

    /// The name of a column to add with the number of each row, from 1.
    pub fn row_variable_name(mut self, name: impl Into<String>) -> Self {
        self.selection.row_variable = Some(name.into());
        self
    }

    /// Whether rows with a NULL are left out before the transform. Default: no.
    pub fn remove_missings_on_read(mut self, removes: bool) -> Self {
        self.selection.remove_missings_on_read = removes;
        self
    }

    /// Whether rows with a NULL are left out behind the transform. Default: no.
    pub fn remove_missings(mut self, removes: bool) -> Self {
        self.selection.remove_missings = removes;
        self
    }

    /// The first row to read, from 1. Default: 1.
    pub fn start_row(mut self, row: u64) -> Self {
        self.selection.start_row = row.max(1);
        self
    }

    /// The most rows to read. Default: all.
    pub fn number_rows_read(mut self, rows: u64) -> Self {
        self.selection.limit = Some(rows);
        self
    }

    /// How many rows a transform gets at once. Default: what the input says.
    pub fn rows_per_read(mut self, rows: usize) -> Self {
        self.rows_per_read = Some(rows.max(1));
        self
    }

    /// Runs the step.
    ///
    /// # Errors
    /// [`Error::OutputExists`] with nothing touched; [`Error::InvalidArgument`] for a column that is not there; the
    /// transform's, and the server's. A table that was to be made or replaced is as it was before then.
    pub async fn run(self) -> Result<StepResult> {
        let mut sink = match &self.output {
            Some(DataSink::SqlServer(target)) => Sink::Table(Box::new(
                TableOutput::open(target, self.overwrite, self.append).await?,
            )),
            Some(DataSink::Text(file)) => {
                self.check_file(file.path()).map(|()| Sink::Frame(None))?
            }
            Some(DataSink::Xdf(file)) => {
                self.check_file(&file.path()?).map(|()| Sink::Frame(None))?
            }
            None => Sink::Frame(None),
        };
        let rows = match self.pump(&mut sink).await {
            Ok(rows) => rows,
            Err(error) => {
                if let Sink::Table(output) = sink {
                    output.abandon().await;
                }
                return Err(error);
            }
        };
        match sink {
            Sink::Table(output) => {
                output.finish().await?;
                Ok(StepResult::Written(rows))
            }
            Sink::Frame(frame) => {
                let frame = frame
                    .ok_or_else(|| Error::InvalidData("the input has no result".to_owned()))?;
                match &self.output {
                    Some(DataSink::Text(file)) => file.write(&frame)?,
                    Some(DataSink::Xdf(file)) => file.write(&frame)?,
                    _ => return Ok(StepResult::Frame(frame)),
                }
                Ok(StepResult::Written(rows))
            }
        }
    }

    /// Whether a file may be written.
    fn check_file(&self, path: &Path) -> Result<()> {
        if self.append == Append::Rows {
            return Err(Error::Unsupported(
                "rows are appended to tables, not to files".to_owned(),
            ));
        }
        if path.exists() && !self.overwrite {
            return Err(Error::OutputExists(path.display().to_string()));
        }
        Ok(())
    }

    async fn pump(&self, sink: &mut Sink) -> Result<u64> {
        let frame = match self.input.local()? {
            Local::Rows(frame) => frame,
            Local::Elsewhere(source) => {
                let mut session = source.session().await?;
                session.start(Request::Batch(source.select(None)?)).await?;
                return self.pump_session(&source, session, sink).await;
            }
        };
        let size = self.rows_per_read.unwrap_or(ROWS_PER_READ);
        let mut pieces = Pieces::new(self, size, frame.schema());
        for batch in frame.batches() {
            for piece in pieces.push(batch)? {
                sink.write(piece).await?;
            }
        }
        sink.write(pieces.finish()?).await?;
        Ok(pieces.written)
    }

    async fn pump_session(
        &self,
        source: &RxSqlServerData,
        mut session: Session,
        sink: &mut Sink,
    ) -> Result<u64> {
        let size = self.rows_per_read.unwrap_or_else(|| source.rows_per_read());
        let mut pieces: Option<Pieces<'_>> = None;
        while let Some(event) = session.next().await? {
            match (event, &mut pieces) {
                (Event::Columns(schema), None) => {
                    let mut of_source = Pieces::new(self, size, schema);
                    of_source.columns = source.columns().clone();
                    pieces = Some(of_source);
                }
                (Event::Rows(batch), Some(pieces)) => {
                    for piece in pieces.push(&batch)? {
                        sink.write(piece).await?;
                    }
                    if pieces.is_done() {
                        break;
                    }
                }
                _ => {}
            }
        }
        let Some(mut pieces) = pieces else {
            return Ok(0);
        };
        sink.write(pieces.finish()?).await?;
        Ok(pieces.written)
    }
}

/// Runs a data step. [`DataStep`] says what it does.
///
/// # Errors
/// As [`DataStep::run`].
pub async fn rx_data_step(step: DataStep) -> Result<StepResult> {
    step.run().await
}

/// Reads a table, query or frame into a frame.
///
/// # Errors
/// As [`DataStep::run`].
pub async fn rx_import(source: impl Into<DataSource>) -> Result<Frame> {
    DataStep::new(source).run().await?.frame()
}

enum Sink {
    Table(Box<TableOutput>),
    Frame(Option<Frame>),
}

impl Sink {
    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        match self {
            Self::Table(output) => output.write(&batch).await,
            Self::Frame(frame) => {
                let frame = frame.get_or_insert_with(|| Frame::empty(batch.schema()));
                // The last piece is there for its columns, and may have no rows.
                if batch.num_rows() > 0 {
                    frame.push(batch);
                }
                Ok(())
            }
        }
    }
}

/// Cuts rows into pieces and changes each.
struct Pieces<'a> {
    step: &'a DataStep,
    size: usize,
    /// How the columns of the input are read.
    columns: Columns,
    schema: SchemaRef,
    waiting: Vec<RecordBatch>,
    rows_waiting: usize,
    /// Rows of the input so far.
    read: u64,
    /// Rows given to the transform so far.
    taken: u64,
    chunk: u64,
    written: u64,
    wrote_any: bool,
}

impl<'a> Pieces<'a> {
    fn new(step: &'a DataStep, size: usize, schema: SchemaRef) -> Self {
        Self {
            step,
            size,
            columns: Columns::default(),
            schema,
            waiting: Vec::new(),
            rows_waiting: 0,
            read: 0,
            taken: 0,
            chunk: 0,
            written: 0,
            wrote_any: false,
        }
    }

    fn is_done(&self) -> bool {
        let accepted = self.taken + u64::try_from(self.rows_waiting).unwrap_or(0);
        self.step
            .selection
            .limit
            .is_some_and(|limit| accepted >= limit)
    }

    /// Takes rows; gives the pieces that they fill.
    fn push(&mut self, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        let accepted = self.taken + u64::try_from(self.rows_waiting).unwrap_or(0);
        let batch = self.step.selection.window(batch, self.read, accepted);
        self.read += u64::try_from(batch.read).unwrap_or(0);
        let mut rest = batch.rows;
        let mut pieces = Vec::new();
        while rest.num_rows() > 0 {
            let count = rest.num_rows().min(self.size - self.rows_waiting);
            self.waiting.push(rest.slice(0, count));
            self.rows_waiting += count;
            rest = rest.slice(count, rest.num_rows() - count);
            if self.rows_waiting == self.size {
                pieces.push(self.piece()?);
            }
        }
        Ok(pieces)
    }

    /// The last piece. It is empty where the others were enough, so that the output knows its columns in any case.
    fn finish(&mut self) -> Result<RecordBatch> {
        if self.rows_waiting == 0 && self.wrote_any {
            return Ok(RecordBatch::new_empty(SchemaRef::clone(&self.schema)));
        }
        self.piece()
    }

    fn piece(&mut self) -> Result<RecordBatch> {
        let batch = arrow::compute::concat_batches(
            self.waiting
                .first()
                .map_or(&self.schema, RecordBatch::schema_ref),
            &self.waiting,
        )?;
        self.waiting.clear();
        self.rows_waiting = 0;
        self.chunk += 1;
        let start_row = self.step.selection.start_row + self.taken;
        self.taken += u64::try_from(batch.num_rows()).unwrap_or(0);
        let context = TransformContext {
            start_row,
            chunk: self.chunk,
        };
        let batch = self.columns.apply(batch)?;
        let batch = self.step.selection.before(batch, start_row)?;
        let batch = match &self.step.transform {
            Some(transform) => transform(batch, &context)?,
            None => batch,
        };
        let batch = self.step.selection.after(batch)?;
        self.written += u64::try_from(batch.num_rows()).unwrap_or(0);
        self.schema = batch.schema();
        self.wrote_any = true;
        Ok(batch)
    }
}
