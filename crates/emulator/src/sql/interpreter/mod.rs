//! Runs the statements of a batch, one after the other, with T-SQL's rules about errors.

mod change;
mod control;
mod databases;
mod objects;
mod options;
mod procedures;
mod query;
mod raise;
mod security;
mod tables;
mod variables;
mod wait;

use std::collections::HashMap;

use azml_tds::token::command;
use futures::future::BoxFuture;

use super::{
    dml::{self, TableName, shown},
    error::{Result, SqlError},
    output::{Done, Event, Message, Output},
    procedures as calls,
    session::{Session, Variable},
    tsql::{Execute, Statement, StatementKind, parse},
};
pub(super) use change::bulk_load;
use change::{change_rows, changed, insert, table_mut};
use control::{repeat, try_catch};
use databases::{create_database, drop_databases};
use options::set_option;
use procedures::{create_procedure, drop_procedures};
use query::{assign, select};
use raise::{integer, raise_error};
pub(super) use security::run as change_security;
pub(super) use tables::rename_table;
use tables::{create_table, drop_tables, select_into};
use variables::{declare, set};

/// How deep batches may run batches.
const MAX_NESTING: usize = 32;

/// The variables of a batch or procedure, and where it stands.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) variables: HashMap<String, Variable>,
    /// How many batches are around this one.
    pub(super) nesting: usize,
    /// How many TRY blocks are around the statement, those around a call included.
    tries: usize,
}

/// What is around a call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around {
    pub(super) nesting: usize,
    tries: usize,
}

impl Frame {
    /// The frame of a batch that is called from here.
    pub(super) fn inside(around: Around) -> Self {
        Self {
            nesting: around.nesting + 1,
            tries: around.tries,
            ..Self::default()
        }
    }

    /// What is around a call from here.
    pub(super) fn around(&self) -> Around {
        Around {
            nesting: self.nesting,
            tries: self.tries,
        }
    }
}

/// What follows a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
    Return(i32),
    /// The batch is given up; its error has been sent.
    Abort,
}

/// Reads and runs a batch.
///
/// # Errors
/// When the client is gone. Errors of the batch are sent.
pub(super) async fn run_batch(
    session: &mut Session,
    text: &str,
    frame: &mut Frame,
    out: &Output,
) -> Result<Flow> {
    match parse(text) {
        Ok(statements) => run(session, &statements, frame, out).await,
        Err(error) => {
            let error = SqlError::from(error);
            if frame.tries > 0 {
                return Err(error);
            }
            fail(session, &error, 1, out).await?;
            Ok(Flow::Abort)
        }
    }
}

/// Sends an error and the end of the statement that raised it.
pub(super) async fn fail(
    session: &mut Session,
    error: &SqlError,
    line: u32,
    out: &Output,
) -> Result<()> {
    session.error = error.number;
    if let Some(preceding) = &error.preceding {
        out.send(Event::Message(Message::error(preceding, line)))
            .await?;
    }
    out.send(Event::Message(Message::error(error, line)))
        .await?;
    out.send(Event::Done(Done {
        error: true,
        ..Done::default()
    }))
    .await
}

fn run<'a>(
    session: &'a mut Session,
    statements: &'a [Statement],
    frame: &'a mut Frame,
    out: &'a Output,
) -> BoxFuture<'a, Result<Flow>> {
    Box::pin(async move {
        for statement in statements {
            let flow = match one(session, statement, frame, out).await {
                Ok(flow) => flow,
                // A client that is gone ends everything; a TRY block takes the rest.
                Err(error) if error.class >= 20 || frame.tries > 0 => {
                    return Err(with_line(error, statement.line));
                }
                Err(error) => {
                    fail(session, &error, statement.line, out).await?;
                    if session.abort_on_error && session.in_transaction() {
                        session.roll_back(None, out).await?;
                    }
                    if error.ends_batch() || session.abort_on_error {
                        Flow::Abort
                    } else {
                        Flow::Next
                    }
                }
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    })
}

fn with_line(mut error: SqlError, line: u32) -> SqlError {
    error.line.get_or_insert(line);
    error
}

async fn one(
    session: &mut Session,
    statement: &Statement,
    frame: &mut Frame,
    out: &Output,
) -> Result<Flow> {
    let line = statement.line;
    let mut error = 0;
    if session.format_only && !runs_when_described(&statement.kind) {
        return ended(0, out).await.map(|()| Flow::Next);
    }
    match &statement.kind {
        StatementKind::Select(query) => select(session, query, frame, out).await?,
        StatementKind::Assign(variables, query) => assign(session, variables, query, frame).await?,
        StatementKind::SelectInto(name, query) => {
            select_into(session, name, query, frame, out).await?
        }
        StatementKind::Insert(rows) => insert(session, rows, frame, out).await?,
        StatementKind::Update(update) => {
            let target = dml::update_target(update, &session.database)?;
            let rows = change_rows(session, frame, &target, Some(&update.assignments)).await?;
            done(session, rows, command::UPDATE, out).await?;
        }
        StatementKind::Delete(delete) => {
            let target = dml::delete_target(delete, &session.database)?;
            let rows = change_rows(session, frame, &target, None).await?;
            done(session, rows, command::DELETE, out).await?;
        }
        StatementKind::InsertBulk(_) => {
            return Err(SqlError::unsupported("INSERT BULK inside of a batch"));
        }
        StatementKind::CreateTable(table) => {
            create_table(session, table, frame).await?;
            ended(command::CREATE_TABLE, out).await?;
        }
        StatementKind::DropTable { names, if_exists } => {
            drop_tables(session, names, *if_exists).await?;
            ended(0, out).await?;
        }
        StatementKind::Truncate(name) => {
            let table = TableName::resolve(name, &session.database)?;
            if !session.may_alter(&table) {
                return Err(tables::not_found(&shown(name)));
            }
            changed(session, |_, change| {
                let table = table_mut(change, &table, &shown(name))?;
                table.segments.clear();
                if let Some(identity) = table
                    .definition
                    .columns
                    .iter()
                    .find_map(|column| column.identity)
                {
                    table.next_identity = identity.seed;
                }
                Ok(())
            })
            .await?;
            ended(0, out).await?;
        }
        StatementKind::CreateProcedure(procedure) => {
            create_procedure(session, procedure).await?;
            ended(0, out).await?;
        }
        StatementKind::DropProcedure { names, if_exists } => {
            drop_procedures(session, names, *if_exists).await?;
            ended(0, out).await?;
        }
        StatementKind::WaitFor(delay) => {
            let delay = session.scope(&frame.variables).value(delay.clone()).await?;
            let delay = wait::duration(&delay.to_string())?;
            session.server.clock().sleep(delay).await;
            ended(0, out).await?;
        }
        StatementKind::CreateDatabase(name) => {
            create_database(session, name).await?;
            ended(0, out).await?;
        }
        StatementKind::DropDatabase { names, if_exists } => {
            drop_databases(session, names, *if_exists).await?;
            ended(0, out).await?;
        }
        StatementKind::Use(name) => session.use_database(name, out).await?,
        StatementKind::Declare(declarations) => declare(session, declarations, frame).await?,
        StatementKind::Set(name, value) => set(session, name, value, frame).await?,
        StatementKind::SetOption(option, words) => set_option(session, option, words)?,
        StatementKind::If {
            condition,
            then,
            otherwise,
        } => {
            let holds = session
                .scope(&frame.variables)
                .holds(condition.clone())
                .await?;
            let branch = if holds {
                Some(then)
            } else {
                otherwise.as_ref()
            };
            return match branch {
                Some(branch) => {
                    run(session, std::slice::from_ref(branch.as_ref()), frame, out).await
                }
                None => Ok(Flow::Next),
            };
        }
        StatementKind::While(condition, body) => {
            return repeat(session, condition, body, frame, out).await;
        }
        StatementKind::Break => return Ok(Flow::Break),
        StatementKind::Continue => return Ok(Flow::Continue),
        StatementKind::Block(statements) => return run(session, statements, frame, out).await,
        StatementKind::TryCatch { body, handler } => {
            return try_catch(session, body, handler, frame, out).await;
        }
        StatementKind::Return(value) => {
            let status = match value {
                Some(value) => {
                    integer(&session.scope(&frame.variables).value(value.clone()).await?)?
                }
                None => 0,
            };
            return Ok(Flow::Return(status));
        }
        StatementKind::Print(value) => {
            let value = session.scope(&frame.variables).value(value.clone()).await?;
            let text = if value.is_null() {
                String::new()
            } else {
                value.to_string()
            };
            out.send(Event::Message(Message::information(0, text, line)))
                .await?;
        }
        StatementKind::RaisError(arguments) => {
            let raised = raise_error(session, arguments, frame).await?;
            if raised.class > 10 {
                return Err(raised);
            }
            let message = Message::information(raised.number, raised.message, line);
            out.send(Event::Message(message)).await?;
        }
        StatementKind::Throw(None) => {
            return match session.caught.clone() {
                Some((caught, line)) => Err(with_line(caught, line)),
                None => Err(SqlError::new(
                    10704,
                    15,
                    "To rethrow an error, a THROW statement must be used inside a CATCH block.",
                )),
            };
        }
        StatementKind::Throw(Some(arguments)) => {
            let scope = session.scope(&frame.variables);
            let [number, message, state] = arguments.as_ref();
            let number = integer(&scope.value(number.clone()).await?)?;
            let message = scope.value(message.clone()).await?.to_string();
            let state = integer(&scope.value(state.clone()).await?)?;
            return Err(
                SqlError::new(number, 16, message).with_state(u8::try_from(state).unwrap_or(1))
            );
        }
        StatementKind::Begin => session.begin(out).await?,
        StatementKind::Commit => session.commit(out).await?,
        StatementKind::Rollback(savepoint) => session.roll_back(savepoint.as_deref(), out).await?,
        StatementKind::Save(name) => session.save(name)?,
        StatementKind::Execute(call) => {
            let flow = execute(session, call, frame, line, out).await?;
            error = session.error;
            if flow == Flow::Abort {
                return Ok(flow);
            }
        }
        StatementKind::Reconfigure => ended(0, out).await?,
        StatementKind::Security(statement) => {
            security::run(session, statement).await?;
            ended(0, out).await?;
        }
        StatementKind::Unsupported(name) => return Err(SqlError::unsupported(name)),
    }
    session.error = error;
    Ok(Flow::Next)
}

/// Whether a statement runs even while SET FMTONLY is on: what leads to the queries that are to be described.
fn runs_when_described(statement: &StatementKind) -> bool {
    matches!(
        statement,
        StatementKind::Select(_)
            | StatementKind::SetOption(..)
            | StatementKind::Declare(_)
            | StatementKind::Set(..)
            | StatementKind::Assign(..)
            | StatementKind::Use(_)
            | StatementKind::If { .. }
            | StatementKind::Block(_)
            | StatementKind::Execute(_)
            | StatementKind::Unsupported(_)
    )
}

async fn done(session: &mut Session, rows: u64, command: u16, out: &Output) -> Result<()> {
    session.row_count = i32::try_from(rows).unwrap_or(i32::MAX);
    out.send(Event::Done(Done {
        rows: (!session.no_count).then_some(rows),
        command,
        ..Done::default()
    }))
    .await
}

async fn ended(command: u16, out: &Output) -> Result<()> {
    out.send(Event::Done(Done {
        command,
        ..Done::default()
    }))
    .await
}

async fn execute(
    session: &mut Session,
    call: &Execute,
    frame: &mut Frame,
    line: u32,
    out: &Output,
) -> Result<Flow> {
    if frame.nesting >= MAX_NESTING {
        return Err(SqlError::new(
            217,
            16,
            "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).",
        ));
    }
    calls::execute(session, call, frame, line, out).await
}
