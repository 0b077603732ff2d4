//! Statements that change rows: each is done whole or not at all.

use std::{collections::HashMap, sync::Arc};

use azml_tds::token::command;
use datafusion::{arrow::record_batch::RecordBatch, sql::sqlparser::ast::ObjectName};

use super::{Frame, done, query::capture};
use crate::sql::{
    catalog::Table,
    dml::{self, TableName, shown},
    engine::Scope,
    error::{Result, SqlError},
    output::Output,
    session::{Change, Session},
    tsql::{Insert, InsertSource},
};

/// Makes a change that needs no query.
pub(super) async fn changed(
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

pub(super) fn table_mut<'a>(
    change: &'a mut Change,
    name: &TableName,
    shown: &str,
) -> Result<&'a mut Table> {
    let invalid = |_| SqlError::invalid_object(shown);
    change
        .instance
        .database_mut(&name.database)?
        .table_mut(&name.schema, &name.name)
        .map_err(invalid)
}

pub(super) async fn insert(
    session: &mut Session,
    insert: &Insert,
    frame: &mut Frame,
    out: &Output,
) -> Result<()> {
    let name = TableName::resolve(&insert.table, &session.database)?;
    session.require_object(&name, "INSERT")?;
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

pub(super) async fn append(
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
pub(in crate::sql) async fn bulk_load(
    session: &mut Session,
    table: &ObjectName,
    columns: &[String],
    rows: Vec<RecordBatch>,
) -> Result<u64> {
    let name = TableName::resolve(table, &session.database)?;
    session.require_object(&name, "INSERT")?;
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

pub(super) async fn change_rows(
    session: &mut Session,
    frame: &Frame,
    target: &dml::Target,
    assignments: Option<&[datafusion::sql::sqlparser::ast::Assignment]>,
) -> Result<u64> {
    let permission = if assignments.is_some() {
        "UPDATE"
    } else {
        "DELETE"
    };
    session.require_object(&target.name, permission)?;
    if target.selection.is_some() {
        session.require_object(&target.name, "SELECT")?;
    }
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
