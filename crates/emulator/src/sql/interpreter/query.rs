//! Queries of a batch: their rows to the client, into variables, or into an INSERT.

use std::sync::Arc;

use azml_tds::token::command;
use datafusion::{
    arrow::record_batch::RecordBatch,
    scalar::ScalarValue,
    sql::sqlparser::ast::{Expr, Query},
};
use futures::TryStreamExt;

use super::{Frame, done, execute, variables::variable};
use crate::sql::{
    catalog::key,
    dml,
    engine::ResultColumn,
    error::{Result, SqlError},
    output::{Event, Output},
    session::Session,
    tsql::{Execute, SqlType},
};

pub(super) async fn select(
    session: &mut Session,
    query: &Query,
    frame: &Frame,
    out: &Output,
) -> Result<()> {
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

pub(super) async fn assign(
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

pub(super) fn assign_last(
    variables: &[String],
    rows: &[RecordBatch],
    frame: &mut Frame,
) -> Result<()> {
    if let Some(last) = rows.iter().rev().find(|rows| rows.num_rows() > 0) {
        for (at, name) in variables.iter().enumerate() {
            let value = ScalarValue::try_from_array(last.column(at), last.num_rows() - 1)?;
            dml::assign(variable(frame, name)?, &value)?;
        }
    }
    Ok(())
}

/// Whether a query that assigns variables also reads one of them.
pub(super) fn reads_its_variables(variables: &[String], query: &Query) -> bool {
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

/// The batch with its columns in the Arrow types of these types.
pub(super) fn conform(batch: &RecordBatch, types: &[SqlType]) -> Result<RecordBatch> {
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

/// The rows that a procedure sends, for INSERT EXEC; its messages go on to the client.
pub(super) async fn capture(
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
