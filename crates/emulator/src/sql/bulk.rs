//! The rows of a bulk load, from the wire to the table: all of a message or nothing.

use std::sync::Arc;

use azml_tds::{bulk::BulkRows, token::command, types::Value};
use datafusion::{
    arrow::{array::ArrayRef, record_batch::RecordBatch},
    scalar::ScalarValue,
};

use super::{
    error::{Result, SqlError},
    interpreter,
    output::{Done, Event, Output},
    session::Session,
    tsql::{InsertBulk, SqlType},
};

/// Reads the rows and adds them to the table.
///
/// # Errors
/// 4804 for rows that cannot be read, and the errors of an INSERT; nothing is changed then.
pub(super) async fn load(
    session: &mut Session,
    bulk: &InsertBulk,
    rows: &mut BulkRows<'_>,
    out: &Output,
) -> Result<()> {
    let types: Vec<SqlType> = rows
        .columns()
        .iter()
        .map(|column| SqlType::of_tds(column.info))
        .collect::<Result<_>>()?;
    if types.len() != bulk.columns.len() {
        return Err(SqlError::new(
            4819,
            16,
            "Cannot bulk load. The bulk data stream was incorrectly specified as sorted or its columns do not match the statement.",
        ));
    }
    let mut columns: Vec<Vec<Value>> = vec![Vec::new(); types.len()];
    loop {
        match rows.next_row() {
            Ok(Some(row)) => columns
                .iter_mut()
                .zip(row)
                .for_each(|(column, value)| column.push(value)),
            Ok(None) => break,
            Err(error) => {
                return Err(SqlError::new(
                    4804,
                    16,
                    format!("While reading the rows of a bulk load: {error}."),
                ));
            }
        }
    }
    let mut arrays: Vec<(String, ArrayRef, bool)> = Vec::with_capacity(types.len());
    for ((name, sql_type), values) in bulk.columns.iter().zip(&types).zip(columns) {
        let scalars = values
            .into_iter()
            .map(|value| sql_type.scalar(value))
            .collect::<Result<Vec<_>>>()?;
        let array = if scalars.is_empty() {
            datafusion::arrow::array::new_empty_array(&sql_type.arrow()?)
        } else {
            ScalarValue::iter_to_array(scalars)?
        };
        arrays.push((name.clone(), array, true));
    }
    let schema = arrays.iter().map(|(name, array, _)| {
        datafusion::arrow::datatypes::Field::new(name, array.data_type().clone(), true)
    });
    let schema = Arc::new(datafusion::arrow::datatypes::Schema::new(
        schema.collect::<Vec<_>>(),
    ));
    let batch = RecordBatch::try_new(
        schema,
        arrays.into_iter().map(|(_, array, _)| array).collect(),
    )?;
    let count = interpreter::bulk_load(session, &bulk.table, &bulk.columns, vec![batch]).await?;
    out.send(Event::Done(Done {
        rows: Some(count),
        command: command::INSERT,
        ..Done::default()
    }))
    .await
}
