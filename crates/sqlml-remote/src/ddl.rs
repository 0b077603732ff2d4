//! The table that a frame is written to: a type for each column. Knows no connection.

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Field, Schema, TimeUnit},
};

use crate::{
    error::{Error, Result},
    identifier::{TableName, quote_name},
};

/// The lengths that columns of text get; beyond, `max`.
const LENGTHS: &[usize] = &[50, 255, 4000];

/// How to type the columns of a new table.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Typing<'a> {
    /// A type for every column of text, instead of one by its longest value.
    pub(crate) string_type: Option<&'a str>,
}

/// `CREATE TABLE` for these columns.
///
/// # Errors
/// [`Error::Unsupported`] for a type that SQL Server has nothing for.
pub(crate) fn create_table(
    name: &TableName,
    schema: &Schema,
    batches: &[RecordBatch],
    typing: Typing<'_>,
) -> Result<String> {
    if schema.fields().is_empty() {
        return Err(Error::InvalidArgument(
            "a table needs at least one column".to_owned(),
        ));
    }
    let mut columns = Vec::with_capacity(schema.fields().len());
    for (at, field) in schema.fields().iter().enumerate() {
        let sql_type = sql_type(field, at, batches, typing)?;
        let null = if field.is_nullable() {
            "NULL"
        } else {
            "NOT NULL"
        };
        columns.push(format!("{} {sql_type} {null}", quote_name(field.name())));
    }
    Ok(format!("CREATE TABLE {name} ({})", columns.join(", ")))
}

fn sql_type(
    field: &Field,
    at: usize,
    batches: &[RecordBatch],
    typing: Typing<'_>,
) -> Result<String> {
    let digits = |unit: &TimeUnit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 7,
    };
    Ok(match field.data_type() {
        DataType::Boolean => "bit".to_owned(),
        DataType::UInt8 => "tinyint".to_owned(),
        DataType::Int8 | DataType::Int16 => "smallint".to_owned(),
        DataType::UInt16 | DataType::Int32 => "int".to_owned(),
        DataType::UInt32 | DataType::Int64 => "bigint".to_owned(),
        DataType::UInt64 => "decimal(20,0)".to_owned(),
        DataType::Float16 | DataType::Float32 => "real".to_owned(),
        DataType::Float64 => "float".to_owned(),
        DataType::Decimal128(precision, scale) if *scale >= 0 => {
            format!("decimal({precision},{scale})")
        }
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Dictionary(..)
        | DataType::Null => match typing.string_type {
            Some(sql_type) => sql_type.to_owned(),
            None => text_type(at, batches)?,
        },
        DataType::Binary
        | DataType::LargeBinary
        | DataType::FixedSizeBinary(_)
        | DataType::BinaryView => "varbinary(max)".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "time(7)".to_owned(),
        DataType::Timestamp(unit, None) => format!("datetime2({})", digits(unit)),
        DataType::Timestamp(_, Some(_)) => "datetimeoffset(7)".to_owned(),
        other => {
            return Err(Error::Unsupported(format!(
                "column '{}' of type {other} has no type in SQL Server",
                field.name()
            )));
        }
    })
}

/// `nvarchar` of the next length above the longest text.
fn text_type(at: usize, batches: &[RecordBatch]) -> Result<String> {
    let mut longest = 0;
    for batch in batches {
        let texts = cast(batch.column(at), &DataType::Utf8)?;
        for text in texts
            .as_string_opt::<i32>()
            .into_iter()
            .flat_map(|texts| texts.iter().flatten())
        {
            // UTF-16 has at most as many units as UTF-8 has bytes.
            if text.len() > longest {
                longest = longest.max(text.encode_utf16().count());
            }
        }
        debug_assert_eq!(texts.len(), batch.num_rows(), "a cast keeps the rows");
    }
    Ok(match LENGTHS.iter().find(|length| **length >= longest) {
        Some(length) => format!("nvarchar({length})"),
        None => "nvarchar(max)".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::StringArray;

    use super::*;

    fn typed(longest: usize) -> String {
        let texts = StringArray::from(vec![Some("x".repeat(longest)), None]);
        let schema = Schema::new(vec![Field::new("sepal length (cm)", DataType::Utf8, true)]);
        let batch = RecordBatch::try_new(Arc::new(schema.clone()), vec![Arc::new(texts)]).unwrap();
        let name = TableName::parse("iris").unwrap();
        create_table(&name, &schema, &[batch], Typing::default()).unwrap()
    }

    #[test]
    fn texts_get_the_next_length() {
        for (longest, sql_type) in [
            (0, "nvarchar(50)"),
            (50, "nvarchar(50)"),
            (51, "nvarchar(255)"),
            (4001, "nvarchar(max)"),
        ] {
            assert_eq!(
                typed(longest),
                format!("CREATE TABLE [iris] ([sepal length (cm)] {sql_type} NULL)")
            );
        }
    }
}
