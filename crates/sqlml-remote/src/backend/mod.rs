//! What a protocol library must do for this crate: run statements and hand their rows out as Arrow batches, load batches,
//! and stop. Nothing above knows which library it is.

mod bulk;
mod certificate;
mod mssql;
mod request;
mod rows;

use std::time::Duration;

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use async_trait::async_trait;

use crate::error::Result;
pub use mssql::{ConnectOptions, MssqlBackend};
pub use request::{Parameter, Request, Value};

/// A message of the server that is no error: what PRINT and external scripts write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The number; 0 for PRINT, 39005 and 39022 for what a script printed.
    pub number: u32,
    /// The text.
    pub text: String,
}

/// What an answer consists of, in the order in which it comes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A result begins: its columns.
    Columns(SchemaRef),
    /// Rows of the result that began last; never empty.
    Rows(RecordBatch),
    /// A statement without a result ended; how many rows it changed, where it says so.
    Done(Option<u64>),
}

/// One connection to a server.
///
/// One request at a time: [`TdsBackend::start`], then [`TdsBackend::next`] until it gives `None`. An error ends the
/// request. A future that is dropped in between leaves the connection unusable, which [`TdsBackend::is_usable`] tells.
#[async_trait]
pub trait TdsBackend: Send + std::fmt::Debug {
    /// Sends a request. What is left of an earlier answer is thrown away first.
    ///
    /// # Errors
    /// The server's, for what it finds before the first result.
    async fn start(&mut self, request: Request) -> Result<()>;

    /// The next part of the answer; `None` at its end.
    ///
    /// # Errors
    /// The server's, or the connection's.
    async fn next(&mut self) -> Result<Option<Event>>;

    /// The messages that came since they were last asked for.
    fn take_messages(&mut self) -> Vec<Message>;

    /// The values of the output parameters, once the answer has ended.
    fn take_outputs(&mut self) -> Vec<(String, Value)>;

    /// Adds rows to a table. The columns of the batches go to the columns with their names, in any case. Rows are sent in
    /// portions of `portion` rows, and each portion is kept whole or not at all.
    ///
    /// # Errors
    /// Before anything is sent: a column that the table does not have, a value that its column cannot hold. Then the
    /// server's.
    async fn load(&mut self, table: &str, rows: &[RecordBatch], portion: usize) -> Result<u64>;

    /// Stops the request that is running, and waits until the server says so.
    ///
    /// # Errors
    /// When the connection is lost.
    async fn cancel(&mut self) -> Result<()>;

    /// The most time that each request may take from now on; `None` is no limit. A request that takes longer is stopped
    /// on the server, and the connection stays usable.
    fn set_timeout(&mut self, timeout: Option<Duration>);

    /// Whether another request can be sent.
    fn is_usable(&self) -> bool;

    /// The version that the server claims, for example `15.0.2000`.
    fn server_version(&self) -> Option<String>;

    /// The database that statements run in.
    fn database(&self) -> String;
}
