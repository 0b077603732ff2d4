//! Turns events into tokens and tokens into packets.

use azml_tds::{
    packet::{Cutter, PacketType},
    token::{self, Column, DoneKind, EnvChange, ServerMessage},
    types::ValueRef,
};
use datafusion::arrow::array::ArrayRef;

use crate::sql::{
    engine::ResultColumn,
    error::{Result, SqlError},
    output::{Done, Event, Message},
    tsql::SqlType,
    types::ColumnWriter,
};

/// How the statements of an answer end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// An answer to a batch.
    Batch,
    /// An answer to a remote call: every statement is one inside of a procedure.
    Call,
}

/// Collects the tokens of one answer.
#[derive(Debug)]
pub(super) struct Reply {
    shape: Shape,
    server: String,
    in_transaction: bool,
    columns: Vec<SqlType>,
    /// A statement's end, until it is known whether anything follows.
    held: Option<Done>,
    pending: Vec<u8>,
    cutter: Cutter,
}

impl Reply {
    pub(super) fn new(
        shape: Shape,
        server: &str,
        packet_size: usize,
        in_transaction: bool,
    ) -> Self {
        Self {
            shape,
            server: server.to_owned(),
            in_transaction,
            columns: Vec::new(),
            held: None,
            pending: Vec::new(),
            cutter: Cutter::new(PacketType::Reply, packet_size),
        }
    }

    /// Adds an event and gives the packets that are full.
    ///
    /// # Errors
    /// When a value does not fit its column; the answer goes on with an error.
    pub(super) fn add(&mut self, event: Event, out: &mut Vec<u8>) -> Result<()> {
        match event {
            Event::Done(done) => {
                self.release(true);
                self.held = Some(done);
            }
            Event::Columns(columns) => {
                self.release(true);
                self.begin(&columns);
            }
            Event::Rows(rows) => {
                let writers = self.columns.iter().zip(rows.columns());
                let writers: Vec<ColumnWriter> = writers
                    .map(|(sql_type, array): (_, &ArrayRef)| ColumnWriter::new(*sql_type, array))
                    .collect::<Result<_>>()?;
                for row in 0..rows.num_rows() {
                    let start = self.pending.len();
                    token::row(&mut self.pending);
                    for writer in &writers {
                        if let Err(error) = writer.write(row, &mut self.pending) {
                            self.pending.truncate(start);
                            return Err(error);
                        }
                    }
                    self.cutter.cut(&mut self.pending, out);
                }
            }
            Event::Message(message) => {
                self.release(true);
                self.message(&message);
            }
            Event::Database(new, old) => {
                self.release(true);
                token::env_change(EnvChange::Database(&new, &old), &mut self.pending);
                let text = format!("Changed database context to '{new}'.");
                let mut message = Message::information(5701, text, 1);
                message.state = 2;
                self.message(&message);
            }
            Event::Begin(descriptor) => {
                self.in_transaction = true;
                self.release(true);
                token::env_change(EnvChange::Begin(descriptor), &mut self.pending);
            }
            Event::Commit(descriptor) => {
                self.in_transaction = false;
                self.release(true);
                token::env_change(EnvChange::Commit(descriptor), &mut self.pending);
            }
            Event::Rollback(descriptor) => {
                self.in_transaction = false;
                self.release(true);
                token::env_change(EnvChange::Rollback(descriptor), &mut self.pending);
            }
            Event::Status(status) => {
                self.release(true);
                token::return_status(status, &mut self.pending);
            }
            Event::Value {
                ordinal,
                name,
                sql_type,
                value,
            } => {
                self.release(true);
                let array = value.to_array()?;
                let writer = ColumnWriter::new(sql_type, &array)?;
                let value = writer.value(0)?;
                token::return_value(ordinal, &name, sql_type.tds(), value, &mut self.pending)
                    .or_else(|_| {
                        token::return_value(
                            ordinal,
                            &name,
                            sql_type.tds(),
                            ValueRef::Null,
                            &mut self.pending,
                        )
                    })
                    .map_err(|error| SqlError::internal(&error))?;
            }
        }
        self.cutter.cut(&mut self.pending, out);
        Ok(())
    }

    /// Appends ENVCHANGE for a session that was reset before the request ran.
    pub(super) fn reset(&mut self) {
        token::env_change(EnvChange::ResetAcknowledged, &mut self.pending);
    }

    /// Ends the answer.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        // The last token says that nothing follows, also behind a message.
        self.held.get_or_insert_default();
        self.release(false);
        self.cutter.finish(self.pending, out);
    }

    /// Ends the answer of a request that the client has asked to stop.
    pub(super) fn stopped(mut self, out: &mut Vec<u8>) {
        self.held = None;
        let done = token::Done {
            attention: true,
            in_transaction: self.in_transaction,
            ..token::Done::default()
        };
        token::done(DoneKind::Statement, done, &mut self.pending);
        self.cutter.finish(self.pending, out);
    }

    fn begin(&mut self, columns: &[ResultColumn]) {
        self.columns = columns.iter().map(|column| column.sql_type).collect();
        let described: Vec<Column> = columns
            .iter()
            .map(|column| Column {
                name: column.name.clone(),
                info: column.sql_type.tds(),
                nullable: column.nullable,
                identity: false,
            })
            .collect();
        token::columns(&described, &mut self.pending);
    }

    fn message(&mut self, message: &Message) {
        let message = ServerMessage {
            number: message.number,
            state: message.state,
            class: message.class,
            message: &message.text,
            server: &self.server,
            procedure: message.procedure,
            line: message.line,
        };
        token::message(&message, &mut self.pending);
    }

    /// Writes the held end of a statement.
    fn release(&mut self, more: bool) {
        let Some(done) = self.held.take() else {
            return;
        };
        let kind = match (self.shape, done.procedure) {
            (_, true) => DoneKind::Procedure,
            (Shape::Batch, false) => DoneKind::Statement,
            (Shape::Call, false) => DoneKind::InProcedure,
        };
        let written = token::Done {
            more,
            error: done.error,
            in_transaction: self.in_transaction,
            attention: false,
            rows: done.rows,
            command: done.command,
        };
        token::done(kind, written, &mut self.pending);
    }
}
