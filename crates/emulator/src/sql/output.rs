//! What running a request produces, in order, for the connection to turn into tokens.

use datafusion::{arrow::record_batch::RecordBatch, scalar::ScalarValue};
use tokio::sync::mpsc;

use super::{
    engine::ResultColumn,
    error::{Result, SqlError},
    tsql::SqlType,
};

/// How many events wait for a slow client.
const QUEUE: usize = 4;

/// One part of an answer.
#[derive(Debug)]
pub(super) enum Event {
    /// A result begins.
    Columns(Vec<ResultColumn>),
    /// Rows of the result that has begun, in the Arrow types of its columns or convertible to them.
    Rows(RecordBatch),
    /// A statement has ended.
    Done(Done),
    Message(Message),
    /// The current database, new and old.
    Database(String, String),
    /// A transaction has begun, by its descriptor.
    Begin(u64),
    Commit(u64),
    Rollback(u64),
    /// A procedure's return status.
    Status(i32),
    /// An output parameter, by its position from zero.
    Value {
        ordinal: u16,
        name: String,
        sql_type: SqlType,
        value: ScalarValue,
    },
}

/// How a statement ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// The number of rows, where the statement has one and counts are wanted.
    pub(super) rows: Option<u64>,
    /// What it was; see [`azml_tds::token::command`].
    pub(super) command: u16,
    pub(super) error: bool,
    /// The end of a procedure, not of a statement.
    pub(super) procedure: bool,
}

/// An error, or information for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) number: i32,
    pub(super) state: u8,
    pub(super) class: u8,
    pub(super) text: String,
    pub(super) procedure: &'static str,
    pub(super) line: u32,
}

impl Message {
    /// An error as it is shown, on this line where it knows none itself.
    pub(super) fn error(error: &SqlError, line: u32) -> Self {
        Self {
            number: error.number,
            state: error.state,
            class: error.class,
            text: error.message.clone(),
            procedure: error.procedure,
            line: error.line.unwrap_or(line),
        }
    }

    /// Information of severity 0, as PRINT gives.
    pub(super) fn information(number: i32, text: impl Into<String>, line: u32) -> Self {
        Self {
            number,
            state: 1,
            class: 0,
            text: text.into(),
            procedure: "",
            line,
        }
    }
}

/// Where events go. Sending waits while the client does not read.
#[derive(Clone, Debug)]
pub(super) struct Output(mpsc::Sender<Event>);

impl Output {
    pub(super) fn new() -> (Self, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), receiver)
    }

    /// # Errors
    /// When nobody reads any more: the client is gone or has asked to stop.
    pub(super) async fn send(&self, event: Event) -> Result<()> {
        let gone = || SqlError::new(3617, 20, "The connection was closed by the client.");
        self.0.send(event).await.map_err(|_| gone())
    }
}
