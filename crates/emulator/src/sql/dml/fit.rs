//! Rows made to fit their table: defaults, identities, types, lengths, NULLs.

use std::{collections::HashSet, sync::Arc};

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, new_null_array},
    compute::{cast_with_options, concat_batches},
    datatypes::DataType,
};

use crate::sql::{
    catalog::{Table, TableDefinition},
    engine::Scope,
    error::{Result, SqlError},
    tsql::SqlType,
};

/// The rows of an INSERT in the shape of the table, and the last identity value given.
///
/// # Errors
/// 110, 207, 213, 515, 544, 2628 and the errors of conversion; nothing is changed then.
pub(in crate::sql) async fn fit(
    scope: &Scope,
    table: &mut Table,
    columns: &[String],
    rows: Vec<RecordBatch>,
) -> Result<(RecordBatch, Option<i64>)> {
    let definition = Arc::clone(&table.definition);
    let width = rows.first().map(RecordBatch::num_columns);
    // DEFAULT VALUES gives a row without columns.
    let targets = if columns.is_empty() && width == Some(0) {
        Vec::new()
    } else {
        targets(&definition, columns)?
    };
    let width = width.unwrap_or(targets.len());
    if width != targets.len() {
        let (number, message) = if columns.is_empty() {
            (
                213,
                "Column name or number of supplied values does not match table definition.",
            )
        } else if width > targets.len() {
            (
                110,
                "There are fewer columns in the INSERT statement than values specified in the VALUES clause. The number of \
                 values in the VALUES clause must match the number of columns specified in the INSERT statement.",
            )
        } else {
            (
                109,
                "There are more columns in the INSERT statement than values specified in the VALUES clause. The number of \
                 values in the VALUES clause must match the number of columns specified in the INSERT statement.",
            )
        };
        return Err(SqlError::new(number, 16, message));
    }
    let Some(first) = rows.first() else {
        return Ok((RecordBatch::new_empty(Arc::clone(&table.arrow)), None));
    };
    let rows = concat_batches(&first.schema(), &rows)?;
    let count = rows.num_rows();
    let mut last_identity = None;
    let mut arrays = Vec::with_capacity(definition.columns.len());
    for (at, column) in definition.columns.iter().enumerate() {
        let given = targets.iter().position(|target| *target == at);
        let array = match (given, column.identity) {
            (Some(_), Some(_)) => {
                return Err(SqlError::new(
                    544,
                    16,
                    format!(
                        "Cannot insert explicit value for identity column in table '{}' when IDENTITY_INSERT is set to OFF.",
                        definition.name
                    ),
                ));
            }
            (Some(given), None) => convert(
                rows.column(given),
                column.sql_type,
                &definition,
                &column.name,
            )?,
            (None, Some(identity)) => {
                let start = table.next_identity;
                let values = (0..count).map(|row| {
                    let row = i64::try_from(row).unwrap_or(i64::MAX);
                    start.wrapping_add(row.wrapping_mul(identity.increment))
                });
                let values: Int64Array = values.map(Some).collect();
                if count > 0 {
                    let rows = i64::try_from(count).unwrap_or(i64::MAX);
                    table.next_identity = start.wrapping_add(rows.wrapping_mul(identity.increment));
                    last_identity = Some(table.next_identity.wrapping_sub(identity.increment));
                }
                let values: ArrayRef = Arc::new(values);
                convert(&values, column.sql_type, &definition, &column.name)?
            }
            (None, None) => match &column.default {
                Some(text) => {
                    let value = scope.constant(text).await?;
                    convert(
                        &value.to_array_of_size(count)?,
                        column.sql_type,
                        &definition,
                        &column.name,
                    )?
                }
                None => new_null_array(&column.sql_type.arrow()?, count),
            },
        };
        if !column.nullable && array.null_count() > 0 {
            return Err(SqlError::new(
                515,
                16,
                format!(
                    "Cannot insert the value NULL into column '{}', table '{}'; column does not allow nulls. INSERT fails.",
                    column.name, definition.name
                ),
            )
            .with_state(2));
        }
        arrays.push(array);
    }
    Ok((
        RecordBatch::try_new(Arc::clone(&table.arrow), arrays)?,
        last_identity,
    ))
}

/// Positions of the columns that are given, in the order of the values.
fn targets(definition: &TableDefinition, columns: &[String]) -> Result<Vec<usize>> {
    if columns.is_empty() {
        let given = definition
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.identity.is_none());
        return Ok(given.map(|(at, _)| at).collect());
    }
    let mut seen = HashSet::new();
    columns
        .iter()
        .map(|name| {
            let at = definition
                .position(name)
                .ok_or_else(|| SqlError::new(207, 16, format!("Invalid column name '{name}'.")))?;
            if seen.insert(at) {
                return Ok(at);
            }
            Err(SqlError::new(264, 16, format!("The column name '{name}' is specified more than once in the SET clause or column list of an INSERT.")))
        })
        .collect()
}

/// Values in the type of their column; text that is too long is an error, not cut.
pub(super) fn convert(
    array: &ArrayRef,
    sql_type: SqlType,
    table: &TableDefinition,
    column: &str,
) -> Result<ArrayRef> {
    let wanted = sql_type.arrow()?;
    let options = datafusion::arrow::compute::CastOptions {
        safe: false,
        ..Default::default()
    };
    let array = match (array.data_type(), &wanted) {
        (have, wanted) if have == wanted => Arc::clone(array),
        // A bare NULL has any type.
        (DataType::Null, _) => new_null_array(&wanted, array.len()),
        _ => cast_with_options(array, &wanted, &options)?,
    };
    let limit = match sql_type {
        SqlType::Char(limit) | SqlType::NChar(limit) => Some(limit),
        SqlType::VarChar(limit) | SqlType::NVarChar(limit) => limit,
        _ => None,
    };
    if let (Some(limit), Some(texts)) = (limit, array.as_string_opt::<i32>()) {
        let too_long = texts
            .iter()
            .flatten()
            .find(|text| text.encode_utf16().count() > limit.into());
        if let Some(text) = too_long {
            return Err(truncated(table, column, text));
        }
    }
    if let (SqlType::Binary(limit) | SqlType::VarBinary(Some(limit)), Some(bytes)) =
        (sql_type, array.as_binary_opt::<i32>())
        && bytes
            .iter()
            .flatten()
            .any(|bytes| bytes.len() > limit.into())
    {
        return Err(truncated(table, column, ""));
    }
    Ok(array)
}

fn truncated(table: &TableDefinition, column: &str, text: &str) -> SqlError {
    let start: String = text.chars().take(100).collect();
    SqlError::new(
        2628,
        16,
        format!(
            "String or binary data would be truncated in table '{}', column '{column}'. Truncated value: '{start}'.",
            table.name
        ),
    )
}
