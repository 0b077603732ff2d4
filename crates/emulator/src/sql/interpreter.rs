//! Runs the statements of a batch, one after the other, with T-SQL's rules about errors.

use std::{collections::HashMap, sync::Arc};

use azml_tds::token::command;
use datafusion::{
    arrow::record_batch::RecordBatch,
    scalar::ScalarValue,
    sql::sqlparser::ast::{Expr, ObjectName, Query},
};
use futures::{TryStreamExt, future::BoxFuture};

use super::{
    catalog::{Column, Table, TableDefinition, key},
    dml::{self, TableName, shown},
    engine::{ResultColumn, Scope},
    error::{Result, SqlError},
    output::{Done, Event, Message, Output},
    procedures,
    session::{Change, Session, Variable},
    tsql::{
        CreateTable, Declaration, Execute, Insert, InsertSource, SqlType, Statement, StatementKind,
        parse,
    },
};

/// How deep batches may run batches.
const MAX_NESTING: usize = 32;

/// The variables of a batch or procedure, and where it stands.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) variables: HashMap<String, Variable>,
    /// How many batches are around this one.
    pub(super) nesting: usize,
    /// How many TRY blocks are around the statement.
    tries: usize,
    /// The error that the nearest CATCH block handles, with its line.
    caught: Option<(SqlError, u32)>,
}

impl Frame {
    /// The frame of a batch inside of another.
    pub(super) fn nested(nesting: usize) -> Self {
        Self {
            nesting,
            ..Self::default()
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
        StatementKind::Insert(insert) => self::insert(session, insert, frame, out).await?,
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
            return match frame.caught.clone() {
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

async fn select(session: &mut Session, query: &Query, frame: &Frame, out: &Output) -> Result<()> {
    let planned = session.scope(&frame.variables).plan(query.clone()).await?;
    out.send(Event::Columns(planned.columns.clone())).await?;
    if session.format_only {
        return done(session, 0, command::SELECT, out).await;
    }
    let mut rows = planned.rows().await?;
    let mut count = 0;
    while let Some(batch) = rows.try_next().await? {
        count += u64::try_from(batch.num_rows()).unwrap_or(0);
        if batch.num_rows() > 0 {
            out.send(Event::Rows(batch)).await?;
        }
    }
    done(session, count, command::SELECT, out).await
}

async fn assign(
    session: &mut Session,
    variables: &[String],
    query: &Query,
    frame: &mut Frame,
) -> Result<()> {
    let plan = session.scope(&frame.variables).plan(query.clone()).await?;
    let rows = plan.all().await?;
    let count: usize = rows.iter().map(RecordBatch::num_rows).sum();
    if count > 1 && reads_its_variables(variables, query) {
        // `SELECT @all = @all + name FROM ...`: each row sees what the row before it has assigned.
        for row in 0..count {
            let plan = session.scope(&frame.variables).plan(query.clone()).await?;
            assign_last(variables, &plan.row(row).await?, frame)?;
        }
    } else {
        // The last row wins; without one the variables keep their values.
        assign_last(variables, &rows, frame)?;
    }
    session.row_count = i32::try_from(count).unwrap_or(i32::MAX);
    Ok(())
}

fn assign_last(variables: &[String], rows: &[RecordBatch], frame: &mut Frame) -> Result<()> {
    if let Some(last) = rows.iter().rev().find(|rows| rows.num_rows() > 0) {
        for (at, name) in variables.iter().enumerate() {
            let value = ScalarValue::try_from_array(last.column(at), last.num_rows() - 1)?;
            dml::assign(variable(frame, name)?, &value)?;
        }
    }
    Ok(())
}

/// Whether a query that assigns variables also reads one of them.
fn reads_its_variables(variables: &[String], query: &Query) -> bool {
    use std::ops::ControlFlow;

    use datafusion::sql::sqlparser::ast::visit_expressions;
    visit_expressions(query, |expr| match expr {
        Expr::Identifier(name) if variables.iter().any(|known| key(known) == key(&name.value)) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    })
    .is_break()
}

fn variable<'a>(frame: &'a mut Frame, name: &str) -> Result<&'a mut Variable> {
    let undeclared = || {
        SqlError::new(
            137,
            15,
            format!("Must declare the scalar variable \"{name}\"."),
        )
    };
    frame.variables.get_mut(&key(name)).ok_or_else(undeclared)
}

async fn declare(session: &Session, declarations: &[Declaration], frame: &mut Frame) -> Result<()> {
    for declaration in declarations {
        let name = key(&declaration.name);
        if frame.variables.contains_key(&name) {
            return Err(SqlError::new(
                134,
                15,
                format!(
                    "The variable name '{}' has already been declared. Variable names must be unique within a query batch or \
                     stored procedure.",
                    declaration.name
                ),
            ));
        }
        let mut variable = Variable::new(
            declaration.sql_type,
            ScalarValue::try_from(&declaration.sql_type.arrow()?)?,
        );
        if let Some(value) = &declaration.value {
            let value = session.scope(&frame.variables).value(value.clone()).await?;
            dml::assign(&mut variable, &value)?;
        }
        frame.variables.insert(name, variable);
    }
    Ok(())
}

async fn set(session: &Session, name: &str, value: &Expr, frame: &mut Frame) -> Result<()> {
    variable(frame, name)?;
    let value = session.scope(&frame.variables).value(value.clone()).await?;
    dml::assign(variable(frame, name)?, &value)
}

fn set_option(session: &mut Session, option: &str, words: &[String]) -> Result<()> {
    let on = words
        .first()
        .is_some_and(|word| word.eq_ignore_ascii_case("ON"));
    match option {
        "NOCOUNT" => session.no_count = on,
        "FMTONLY" => session.format_only = on,
        "XACT_ABORT" => session.abort_on_error = on,
        // What these ask for is how the emulator behaves anyway, or has no effect on its answers.
        "ANSI_NULLS"
        | "ANSI_WARNINGS"
        | "ANSI_PADDING"
        | "ANSI_NULL_DFLT_ON"
        | "ANSI_DEFAULTS"
        | "QUOTED_IDENTIFIER"
        | "ARITHABORT"
        | "CONCAT_NULL_YIELDS_NULL"
        | "CURSOR_CLOSE_ON_COMMIT"
        | "TEXTSIZE"
        | "LANGUAGE"
        | "DATEFORMAT"
        | "DATEFIRST"
        | "LOCK_TIMEOUT"
        | "TRANSACTION"
        | "NO_BROWSETABLE"
        | "DEADLOCK_PRIORITY"
        | "NUMERIC_ROUNDABORT" => {}
        "ROWCOUNT" if words.first().is_some_and(|word| word == "0") => {}
        "IMPLICIT_TRANSACTIONS" if !on => {}
        "NOEXEC" | "PARSEONLY" | "SHOWPLAN_ALL" | "SHOWPLAN_TEXT" | "SHOWPLAN_XML" if !on => {}
        "ROWCOUNT"
        | "IMPLICIT_TRANSACTIONS"
        | "NOEXEC"
        | "PARSEONLY"
        | "SHOWPLAN_ALL"
        | "SHOWPLAN_TEXT"
        | "SHOWPLAN_XML"
        | "IDENTITY_INSERT"
        | "STATISTICS" => {
            return Err(SqlError::unsupported_clause(&format!("SET {option}")));
        }
        _ => {
            return Err(SqlError::new(
                195,
                15,
                format!("'{option}' is not a recognized SET option."),
            ));
        }
    }
    Ok(())
}

async fn repeat(
    session: &mut Session,
    condition: &Expr,
    body: &Statement,
    frame: &mut Frame,
    out: &Output,
) -> Result<Flow> {
    while session
        .scope(&frame.variables)
        .holds(condition.clone())
        .await?
    {
        match run(session, std::slice::from_ref(body), frame, out).await? {
            Flow::Next | Flow::Continue => {}
            Flow::Break => break,
            ends => return Ok(ends),
        }
        // A loop without a query would otherwise never let anybody else run.
        tokio::task::yield_now().await;
    }
    Ok(Flow::Next)
}

async fn try_catch(
    session: &mut Session,
    body: &[Statement],
    handler: &[Statement],
    frame: &mut Frame,
    out: &Output,
) -> Result<Flow> {
    frame.tries += 1;
    let flow = run(session, body, frame, out).await;
    frame.tries -= 1;
    let error = match flow {
        Ok(flow) => return Ok(flow),
        Err(error) if error.class >= 20 => return Err(error),
        Err(error) => error,
    };
    let line = error.line.unwrap_or(1);
    let outer = frame.caught.replace((error, line));
    let flow = run(session, handler, frame, out).await;
    frame.caught = outer;
    flow
}

fn integer(value: &ScalarValue) -> Result<i32> {
    match value.cast_to(&datafusion::arrow::datatypes::DataType::Int32)? {
        ScalarValue::Int32(Some(number)) => Ok(number),
        _ => Ok(0),
    }
}

async fn raise_error(session: &Session, arguments: &[Expr], frame: &Frame) -> Result<SqlError> {
    let scope = session.scope(&frame.variables);
    let mut values = Vec::new();
    for argument in arguments {
        values.push(scope.value(argument.clone()).await?);
    }
    let text = values.first().map(ToString::to_string).unwrap_or_default();
    let severity = values.get(1).map_or(Ok(16), integer)?;
    let state = values.get(2).map_or(Ok(1), integer)?;
    let text = printf(&text, values.get(3..).unwrap_or_default());
    Ok(
        SqlError::new(50000, u8::try_from(severity).unwrap_or(16).min(19), text)
            .with_state(u8::try_from(state).unwrap_or(1)),
    )
}

/// `%s`, `%d`, `%i` and `%%` of RAISERROR.
fn printf(text: &str, arguments: &[ScalarValue]) -> String {
    let mut arguments = arguments.iter();
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            shown.push(character);
            continue;
        }
        match characters.next() {
            Some('%') => shown.push('%'),
            Some('s' | 'd' | 'i' | 'u') => match arguments.next() {
                Some(value) if !value.is_null() => shown.push_str(&value.to_string()),
                _ => shown.push_str("(null)"),
            },
            Some(other) => {
                shown.push('%');
                shown.push(other);
            }
            None => shown.push('%'),
        }
    }
    shown
}

/// Makes a change that needs no query.
async fn changed(
    session: &mut Session,
    make: impl FnOnce(&mut Session, &mut Change) -> Result<()>,
) -> Result<()> {
    let mut change = session.begin_change().await?;
    let before = Arc::new(change.instance.clone());
    match make(session, &mut change) {
        Ok(()) => session.finish(change).await,
        Err(error) => {
            session.abandon(before, change);
            Err(error)
        }
    }
}

fn table_mut<'a>(change: &'a mut Change, name: &TableName, shown: &str) -> Result<&'a mut Table> {
    let invalid = |_| SqlError::invalid_object(shown);
    change
        .instance
        .database_mut(&name.database)?
        .table_mut(&name.schema, &name.name)
        .map_err(invalid)
}

async fn insert(
    session: &mut Session,
    insert: &Insert,
    frame: &mut Frame,
    out: &Output,
) -> Result<()> {
    let name = TableName::resolve(&insert.table, &session.database)?;
    let captured = match &insert.source {
        InsertSource::Execute(call) => Some(capture(session, call, frame, out).await?),
        _ => None,
    };
    let mut change = session.begin_change().await?;
    let before = Arc::new(change.instance.clone());
    let scope = session.scope_over(Arc::clone(&before), &frame.variables);
    let inserted = async {
        let rows = match captured {
            Some(rows) => rows,
            None => dml::source_rows(&scope, insert).await?,
        };
        append(
            &scope,
            &mut change,
            &name,
            &shown(&insert.table),
            &insert.columns,
            rows,
        )
        .await
    };
    match inserted.await {
        Ok((rows, identity)) => {
            session.finish(change).await?;
            if identity.is_some() {
                session.identity = identity;
            }
            done(session, rows, command::INSERT, out).await
        }
        Err(error) => {
            session.abandon(before, change);
            Err(error)
        }
    }
}

async fn append(
    scope: &Scope,
    change: &mut Change,
    name: &TableName,
    shown: &str,
    columns: &[String],
    rows: Vec<RecordBatch>,
) -> Result<(u64, Option<i64>)> {
    let table = table_mut(change, name, shown)?;
    let (rows, identity) = dml::fit(scope, table, columns, rows).await?;
    let count = u64::try_from(rows.num_rows()).unwrap_or(u64::MAX);
    table.append(rows)?;
    dml::check_primary_key(table)?;
    Ok((count, identity))
}

/// Adds the rows of a bulk load; all of them or none.
///
/// # Errors
/// 208 and the errors of [`dml::fit`].
pub(super) async fn bulk_load(
    session: &mut Session,
    table: &ObjectName,
    columns: &[String],
    rows: Vec<RecordBatch>,
) -> Result<u64> {
    let name = TableName::resolve(table, &session.database)?;
    let mut change = session.begin_change().await?;
    let before = Arc::new(change.instance.clone());
    let scope = session.scope_over(Arc::clone(&before), &HashMap::new());
    match append(&scope, &mut change, &name, &shown(table), columns, rows).await {
        Ok((rows, _)) => {
            session.finish(change).await?;
            Ok(rows)
        }
        Err(error) => {
            session.abandon(before, change);
            Err(error)
        }
    }
}

async fn change_rows(
    session: &mut Session,
    frame: &Frame,
    target: &dml::Target,
    assignments: Option<&[datafusion::sql::sqlparser::ast::Assignment]>,
) -> Result<u64> {
    let mut change = session.begin_change().await?;
    let before = Arc::new(change.instance.clone());
    let scope = session.scope_over(Arc::clone(&before), &frame.variables);
    let changed = async {
        let table = table_mut(&mut change, &target.name, &target.shown)?;
        match assignments {
            Some(assignments) => target.update(&scope, table, assignments).await,
            None => target.delete(&scope, table).await,
        }
    };
    match changed.await {
        Ok(rows) => {
            session.finish(change).await?;
            Ok(rows)
        }
        Err(error) => {
            session.abandon(before, change);
            Err(error)
        }
    }
}

async fn create_table(session: &mut Session, create: &CreateTable, frame: &Frame) -> Result<()> {
    let name = TableName::resolve(&create.name, &session.database)?;
    let mut columns = Vec::with_capacity(create.columns.len());
    for column in &create.columns {
        column.sql_type.arrow()?;
        if columns
            .iter()
            .any(|known: &Column| key(&known.name) == key(&column.name))
        {
            return Err(SqlError::new(
                2705,
                16,
                format!(
                    "Column names in each table must be unique. Column name '{}' in table '{}' is specified more than once.",
                    column.name,
                    shown(&create.name)
                ),
            ));
        }
        if let Some(default) = &column.default {
            // The default must be computable now, not only when the first row needs it.
            session
                .scope(&frame.variables)
                .value(default.clone())
                .await?;
        }
        let in_key = create
            .primary_key
            .iter()
            .any(|part| key(part) == key(&column.name));
        columns.push(Column {
            name: column.name.clone(),
            sql_type: column.sql_type,
            nullable: column
                .nullable
                .unwrap_or(column.identity.is_none() && !in_key),
            identity: column.identity,
            default: column.default.as_ref().map(ToString::to_string),
        });
    }
    let inline = create
        .columns
        .iter()
        .filter(|column| column.primary_key)
        .map(|column| &column.name);
    let mut primary_key = Vec::new();
    for part in inline.chain(&create.primary_key) {
        let at = columns
            .iter()
            .position(|column| key(&column.name) == key(part));
        primary_key.push(at.ok_or_else(|| {
            SqlError::new(
                1911,
                16,
                format!("Column name '{part}' does not exist in the target table or view."),
            )
        })?);
    }
    let schema = shown_schema(&create.name);
    let table_name = create
        .name
        .0
        .last()
        .and_then(|part| part.as_ident())
        .map(|ident| ident.value.clone())
        .unwrap_or_default();
    add_table(
        session,
        &name,
        &schema,
        &table_name,
        columns,
        primary_key,
        Vec::new(),
    )
    .await
}

fn shown_schema(name: &ObjectName) -> String {
    let parts = &name.0;
    let schema = parts
        .len()
        .checked_sub(2)
        .and_then(|at| parts.get(at))
        .and_then(|part| part.as_ident());
    match schema {
        Some(schema) if !schema.value.is_empty() => schema.value.clone(),
        _ => super::catalog::DEFAULT_SCHEMA.to_owned(),
    }
}

async fn add_table(
    session: &mut Session,
    name: &TableName,
    schema: &str,
    shown_name: &str,
    columns: Vec<Column>,
    primary_key: Vec<usize>,
    rows: Vec<RecordBatch>,
) -> Result<()> {
    changed(session, |session, change| {
        let id = session.server.store.state().ids.uuid();
        let created = session.server.store.now();
        let database = change.instance.database_mut(&name.database)?;
        if database.table(&name.schema, &name.name).is_some() {
            return Err(SqlError::new(
                2714,
                16,
                format!("There is already an object named '{shown_name}' in the database."),
            )
            .with_state(6));
        }
        let mut table = Table::new(TableDefinition {
            id,
            number: database.next_object_number(),
            schema: schema.to_owned(),
            name: shown_name.to_owned(),
            columns,
            primary_key,
            created,
        })?;
        for batch in rows {
            let batch = RecordBatch::try_new(Arc::clone(&table.arrow), batch.columns().to_vec())?;
            table.append(batch)?;
        }
        database
            .tables
            .insert((name.schema.clone(), name.name.clone()), Arc::new(table));
        Ok(())
    })
    .await
}

async fn select_into(
    session: &mut Session,
    name: &ObjectName,
    query: &Query,
    frame: &Frame,
    out: &Output,
) -> Result<()> {
    let table = TableName::resolve(name, &session.database)?;
    let planned = session.scope(&frame.variables).plan(query.clone()).await?;
    let columns: Vec<Column> = planned
        .columns
        .iter()
        .map(|column| Column {
            name: column.name.clone(),
            sql_type: column.sql_type,
            nullable: true,
            identity: None,
            default: None,
        })
        .collect();
    if let Some(at) = columns.iter().position(|column| column.name.is_empty()) {
        return Err(SqlError::new(
            1038,
            15,
            format!(
                "An object or column name is missing or empty. Column {} of SELECT INTO needs a name.",
                at + 1
            ),
        ));
    }
    let types: Vec<SqlType> = columns.iter().map(|column| column.sql_type).collect();
    let mut count = 0;
    let mut rows = Vec::new();
    for batch in planned.all().await? {
        count += u64::try_from(batch.num_rows()).unwrap_or(0);
        rows.push(conform(&batch, &types)?);
    }
    let table_name = name
        .0
        .last()
        .and_then(|part| part.as_ident())
        .map(|ident| ident.value.clone())
        .unwrap_or_default();
    add_table(
        session,
        &table,
        &shown_schema(name),
        &table_name,
        columns,
        Vec::new(),
        rows,
    )
    .await?;
    done(session, count, command::INSERT, out).await
}

/// The batch with its columns in the Arrow types of these types.
fn conform(batch: &RecordBatch, types: &[SqlType]) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(types.len());
    let mut arrays = Vec::with_capacity(types.len());
    for (at, sql_type) in types.iter().enumerate() {
        fields.push(sql_type.field(&format!("c{at}"), true)?);
        arrays.push(datafusion::arrow::compute::cast(
            batch.column(at),
            &sql_type.arrow()?,
        )?);
    }
    Ok(RecordBatch::try_new(
        Arc::new(datafusion::arrow::datatypes::Schema::new(fields)),
        arrays,
    )?)
}

async fn drop_tables(session: &mut Session, names: &[ObjectName], if_exists: bool) -> Result<()> {
    let mut resolved = Vec::with_capacity(names.len());
    for name in names {
        resolved.push((TableName::resolve(name, &session.database)?, shown(name)));
    }
    changed(session, |_, change| {
        for (name, shown) in &resolved {
            let database = change.instance.database_mut(&name.database)?;
            let removed = database.tables.remove(&(name.schema.clone(), name.name.clone()));
            if removed.is_none() && !if_exists {
                return Err(SqlError::new(
                    3701,
                    11,
                    format!("Cannot drop the table '{shown}', because it does not exist or you do not have permission."),
                )
                .with_state(5));
            }
        }
        Ok(())
    })
    .await
}

/// Gives a table another name, for `sp_rename`.
///
/// # Errors
/// 15225 where there is no such table, 15335 where the name is taken.
pub(super) async fn rename_table(
    session: &mut Session,
    table: &TableName,
    shown: &str,
    new_name: &str,
) -> Result<()> {
    changed(session, |_, change| {
        let database = change.instance.database_mut(&table.database)?;
        let new_key = (table.schema.clone(), key(new_name));
        if database.tables.contains_key(&new_key) {
            return Err(SqlError::new(
                15335,
                11,
                format!("Error: The new name '{new_name}' is already in use as a OBJECT name and would cause a duplicate that is not permitted."),
            ));
        }
        let old_key = (table.schema.clone(), table.name.clone());
        let Some(found) = database.tables.remove(&old_key) else {
            return Err(SqlError::new(
                15225,
                11,
                format!(
                    "No item by the name of '{shown}' could be found in the current database '{}', given that @itemtype was input as '(null)'.",
                    database.name
                ),
            ));
        };
        let mut renamed = found.as_ref().clone();
        new_name.clone_into(&mut Arc::make_mut(&mut renamed.definition).name);
        database.tables.insert(new_key, Arc::new(renamed));
        Ok(())
    })
    .await
}

async fn create_database(session: &mut Session, name: &str) -> Result<()> {
    if session.in_transaction() {
        return Err(SqlError::new(
            226,
            16,
            "CREATE DATABASE statement not allowed within multi-statement transaction.",
        ));
    }
    changed(session, |session, change| {
        if change.instance.database(name).is_some() {
            return Err(SqlError::new(
                1801,
                16,
                format!("Database '{name}' already exists. Choose a different database name."),
            )
            .with_state(3));
        }
        let database = session.server.store.new_database(&change.instance, name);
        change
            .instance
            .databases
            .insert(key(name), Arc::new(database));
        Ok(())
    })
    .await
}

async fn drop_databases(session: &mut Session, names: &[String], if_exists: bool) -> Result<()> {
    if session.in_transaction() {
        return Err(SqlError::new(
            226,
            16,
            "DROP DATABASE statement not allowed within multi-statement transaction.",
        ));
    }
    changed(session, |session, change| {
        for name in names {
            if super::catalog::SYSTEM_DATABASES.contains(&key(name).as_str()) {
                return Err(SqlError::new(
                    3708,
                    16,
                    format!("Cannot drop the database '{name}' because it is a system database."),
                ));
            }
            if key(name) == key(&session.database) {
                return Err(SqlError::new(
                    3702,
                    16,
                    format!("Cannot drop database \"{name}\" because it is currently in use."),
                )
                .with_state(3));
            }
            if change.instance.databases.remove(&key(name)).is_none() && !if_exists {
                return Err(SqlError::new(
                    3701,
                    11,
                    format!("Cannot drop the database '{name}', because it does not exist or you do not have permission."),
                ));
            }
        }
        Ok(())
    })
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
    procedures::execute(session, call, frame, line, out).await
}

/// The rows that a procedure sends, for INSERT EXEC; its messages go on to the client.
async fn capture(
    session: &mut Session,
    call: &Execute,
    frame: &mut Frame,
    out: &Output,
) -> Result<Vec<RecordBatch>> {
    let (inner, mut events) = Output::new();
    let run = async {
        let ran = execute(session, call, frame, 1, &inner).await;
        drop(inner);
        ran
    };
    let collect = async {
        let mut columns: Vec<ResultColumn> = Vec::new();
        let mut rows = Vec::new();
        while let Some(event) = events.recv().await {
            match event {
                Event::Columns(next) => columns = next,
                Event::Rows(batch) => {
                    let types: Vec<SqlType> =
                        columns.iter().map(|column| column.sql_type).collect();
                    rows.push(conform(&batch, &types)?);
                }
                Event::Message(message) => out.send(Event::Message(message)).await?,
                _ => {}
            }
        }
        Ok::<_, SqlError>(rows)
    };
    let (ran, rows) = tokio::join!(run, collect);
    ran?;
    rows
}
