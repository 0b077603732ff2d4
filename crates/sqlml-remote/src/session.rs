//! A connection with what the rest of the crate asks of it: statements, results as frames, databases, tables.

use std::time::Duration;

use arrow::{
    array::{Array, AsArray},
    datatypes::{DataType, SchemaRef},
    record_batch::RecordBatch,
};
use azml_core::env::Environment;

use crate::{
    backend::{
        ConnectOptions, Event, Message, MssqlBackend, Parameter, Request, TdsBackend, Value,
    },
    connection_string::ConnectionString,
    error::{Error, Result},
    identifier::{TableName, quote_name},
};

/// How many rows a bulk load commits at once.
pub(crate) const PORTION: usize = 100_000;

/// One result: its columns and rows.
#[derive(Clone, Debug)]
pub struct Frame {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Frame {
    /// A frame of batches that have one schema.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] without any batch.
    pub fn new(batches: Vec<RecordBatch>) -> Result<Self> {
        let schema = batches.first().map(RecordBatch::schema).ok_or_else(|| {
            Error::InvalidArgument(
                "a frame needs at least one batch, which may be empty".to_owned(),
            )
        })?;
        Ok(Self { schema, batches })
    }

    pub(crate) fn empty(schema: SchemaRef) -> Self {
        Self {
            schema,
            batches: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, batch: RecordBatch) {
        self.batches.push(batch);
    }

    /// The columns.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// The rows, in batches of at most 64 Ki.
    #[must_use]
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// The rows, in batches.
    #[must_use]
    pub fn into_batches(self) -> Vec<RecordBatch> {
        self.batches
    }

    /// How many rows there are.
    #[must_use]
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// All rows as one batch.
    ///
    /// # Errors
    /// Where a column of text would have more than 2 GiB.
    pub fn concat(&self) -> Result<RecordBatch> {
        Ok(arrow::compute::concat_batches(&self.schema, &self.batches)?)
    }
}

/// What a request led to.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Outcome {
    /// The results, in their order.
    pub frames: Vec<Frame>,
    /// How many rows each statement changed that had no result.
    pub counts: Vec<u64>,
    /// What the server said meanwhile.
    pub messages: Vec<Message>,
    /// The output parameters.
    pub outputs: Vec<(String, Value)>,
}

/// A session on a server.
///
/// A future of a session that is dropped before its end leaves the connection unusable: drop the session too, which ends
/// what runs on the server.
#[derive(Debug)]
pub struct Session {
    backend: Box<dyn TdsBackend>,
}

impl Session {
    /// Connects and logs in. Authorities in the file that `AZML_CA_BUNDLE` names are trusted beside the system's.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::Timeout`]; 18456 for a wrong login, 4060 for a database that is not there.
    pub async fn connect(connection: &ConnectionString) -> Result<Self> {
        Self::connect_with(
            connection,
            &ConnectOptions::from_environment(&Environment::process()),
        )
        .await
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// As [`Session::connect`].
    pub async fn connect_with(
        connection: &ConnectionString,
        options: &ConnectOptions,
    ) -> Result<Self> {
        let backend = Box::pin(MssqlBackend::connect(connection, options)).await?;
        Ok(Self::over(Box::new(backend)))
    }

    /// A session over a connection that is there already.
    #[must_use]
    pub fn over(backend: Box<dyn TdsBackend>) -> Self {
        Self { backend }
    }

    /// The most time that each request may take from now on; `None`, the default, is no limit.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.backend.set_timeout(timeout);
    }

    /// Whether another request can be sent.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.backend.is_usable()
    }

    /// The database that statements run in.
    #[must_use]
    pub fn database(&self) -> String {
        self.backend.database()
    }

    /// Begins a request, whose answer [`Session::next`] gives part by part.
    ///
    /// # Errors
    /// The server's.
    pub async fn start(&mut self, request: Request) -> Result<()> {
        self.backend.start(request).await
    }

    /// The next part of the answer; `None` at its end.
    ///
    /// # Errors
    /// The server's, or the connection's.
    pub async fn next(&mut self) -> Result<Option<Event>> {
        self.backend.next().await
    }

    /// The messages that came since they were last asked for.
    pub fn take_messages(&mut self) -> Vec<Message> {
        self.backend.take_messages()
    }

    /// Runs a request to its end and keeps everything it leads to.
    ///
    /// # Errors
    /// The server's; results that came before are dropped.
    pub async fn run(&mut self, request: Request) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        self.start(request).await?;
        while let Some(event) = self.next().await? {
            match event {
                Event::Columns(schema) => outcome.frames.push(Frame::empty(schema)),
                Event::Rows(batch) => {
                    if let Some(frame) = outcome.frames.last_mut() {
                        frame.push(batch);
                    }
                }
                Event::Done(count) => outcome.counts.extend(count),
            }
        }
        outcome.messages = self.take_messages();
        outcome.outputs = self.backend.take_outputs();
        Ok(outcome)
    }

    /// Runs statements whose results do not matter; returns how many rows they changed.
    ///
    /// # Errors
    /// The server's.
    pub async fn execute(&mut self, text: &str) -> Result<u64> {
        Ok(self
            .run(Request::Batch(text.to_owned()))
            .await?
            .counts
            .iter()
            .sum())
    }

    /// The rows of a query. Values go in as parameters, `@name` in the text.
    ///
    /// # Errors
    /// The server's, and [`Error::InvalidData`] where there is no result.
    pub async fn query(&mut self, text: &str, parameters: Vec<Parameter>) -> Result<Frame> {
        let request = if parameters.is_empty() {
            Request::Batch(text.to_owned())
        } else {
            Request::Statement(text.to_owned(), parameters)
        };
        let mut frames = self.run(request).await?.frames;
        if frames.is_empty() {
            return Err(Error::InvalidData("the statement has no result".to_owned()));
        }
        Ok(frames.swap_remove(0))
    }

    /// The one value of a query as text; `None` for NULL and for no row.
    pub(crate) async fn text(
        &mut self,
        text: &str,
        parameters: Vec<Parameter>,
    ) -> Result<Option<String>> {
        let frame = self.query(text, parameters).await?;
        let Some(batch) = frame
            .batches()
            .first()
            .filter(|batch| batch.num_columns() > 0)
        else {
            return Ok(None);
        };
        let column = arrow::compute::cast(batch.column(0), &DataType::Utf8)?;
        let column = column.as_string::<i32>();
        Ok(column.is_valid(0).then(|| column.value(0).to_owned()))
    }

    /// Adds rows to a table in bulk, in portions that are each kept whole or not at all. Returns how many.
    ///
    /// # Errors
    /// Before anything is sent: a column that the table does not have, a value that its column cannot hold. Then the
    /// server's.
    pub async fn load(&mut self, table: &TableName, batches: &[RecordBatch]) -> Result<u64> {
        self.backend
            .load(&table.to_string(), batches, PORTION)
            .await
    }

    /// Whether there is such a table.
    ///
    /// # Errors
    /// The server's.
    pub async fn has_table(&mut self, table: &TableName) -> Result<bool> {
        let name = Parameter::new("name", table.to_string());
        Ok(self
            .text("SELECT OBJECT_ID(@name, N'U')", vec![name])
            .await?
            .is_some())
    }

    /// The names of the databases.
    ///
    /// # Errors
    /// The server's.
    pub async fn databases(&mut self) -> Result<Vec<String>> {
        self.names("SELECT name FROM sys.databases ORDER BY name")
            .await
    }

    /// The tables of this database, as `schema.table`.
    ///
    /// # Errors
    /// The server's.
    pub async fn tables(&mut self) -> Result<Vec<String>> {
        let query = "SELECT TABLE_SCHEMA + N'.' + TABLE_NAME FROM INFORMATION_SCHEMA.TABLES \
                     WHERE TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_SCHEMA, TABLE_NAME";
        self.names(query).await
    }

    pub(crate) async fn names(&mut self, query: &str) -> Result<Vec<String>> {
        let frame = self.query(query, Vec::new()).await?;
        let mut names = Vec::with_capacity(frame.num_rows());
        for batch in frame.batches() {
            let column = arrow::compute::cast(batch.column(0), &DataType::Utf8)?;
            names.extend(
                column
                    .as_string::<i32>()
                    .iter()
                    .flatten()
                    .map(str::to_owned),
            );
        }
        Ok(names)
    }

    /// Creates a database.
    ///
    /// # Errors
    /// 1801 where there is one of this name.
    pub async fn create_database(&mut self, name: &str) -> Result<()> {
        self.execute(&format!("CREATE DATABASE {}", quote_name(name)))
            .await
            .map(drop)
    }

    /// Drops a database, if it is there.
    ///
    /// # Errors
    /// 3702 where somebody uses it.
    pub async fn drop_database_if_exists(&mut self, name: &str) -> Result<()> {
        self.execute(&format!("DROP DATABASE IF EXISTS {}", quote_name(name)))
            .await
            .map(drop)
    }

    /// Creates a database anew: one of this name is dropped first, with all that is in it.
    ///
    /// # Errors
    /// 3702 where somebody uses it.
    pub async fn recreate_database(&mut self, name: &str) -> Result<()> {
        self.drop_database_if_exists(name).await?;
        self.create_database(name).await
    }
}
