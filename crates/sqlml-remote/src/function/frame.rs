//! Frames as JSON columns, as the envelope reads and writes them: it must run where there is nothing but pandas.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array, RecordBatch,
        StringArray, TimestampMicrosecondArray, UInt64Array,
    },
    compute::cast,
    datatypes::{DataType, Field, Float64Type, Int64Type, Schema, TimeUnit},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::error::{Error, Result};

/// The largest number that every JSON reader keeps exact.
const MAX_EXACT: u64 = 1 << 53;

#[derive(Serialize)]
struct Described {
    name: String,
    columns: Vec<Column>,
}

#[derive(Deserialize, Serialize)]
struct Column {
    name: String,
    /// As numpy calls it: `i`, `u`, `f`, `b`, `M`, and `O` for everything else.
    kind: String,
    values: Vec<Json>,
}

#[derive(Deserialize)]
struct Table {
    rows: usize,
    columns: Vec<Column>,
}

pub(super) fn invalid(error: impl std::fmt::Display) -> Error {
    Error::InvalidData(error.to_string())
}

/// Bytes as JSON.
pub(super) fn tagged_bytes(bytes: &[u8]) -> Json {
    json!({ "$bytes": BASE64_STANDARD.encode(bytes) })
}

/// Appends a frame with its name.
pub(super) fn write(name: &str, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
    let schema = batch.schema();
    let columns = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, array)| {
            let (kind, values) = values(array)?;
            Ok(Column {
                name: field.name().clone(),
                kind: kind.to_owned(),
                values,
            })
        });
    let described = Described {
        name: name.to_owned(),
        columns: columns.collect::<Result<_>>()?,
    };
    let text = serde_json::to_vec(&described).map_err(invalid)?;
    let length = u32::try_from(text.len()).map_err(|_| {
        Error::Unsupported("a frame among the arguments has more than 4 GiB".to_owned())
    })?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&text);
    Ok(())
}

fn values(array: &ArrayRef) -> Result<(&'static str, Vec<Json>)> {
    let unsupported = || {
        Error::Unsupported(format!(
            "a column of type {} cannot be sent",
            array.data_type()
        ))
    };
    Ok(match array.data_type() {
        DataType::Boolean => (
            "b",
            array
                .as_boolean()
                .iter()
                .map(|value| json!(value))
                .collect(),
        ),
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32 => {
            let numbers = cast(array, &DataType::Int64)?;
            let number = |value: Option<i64>| match value {
                Some(value) if value.unsigned_abs() > MAX_EXACT => {
                    json!({ "$int": value.to_string() })
                }
                value => json!(value),
            };
            (
                "i",
                numbers
                    .as_primitive::<Int64Type>()
                    .iter()
                    .map(number)
                    .collect(),
            )
        }
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let numbers = cast(array, &DataType::Float64)?;
            let number = |value: Option<f64>| match value {
                Some(value) if value.is_infinite() => json!({ "$f": value.to_string() }),
                Some(value) if value.is_nan() => Json::Null,
                value => json!(value),
            };
            (
                "f",
                numbers
                    .as_primitive::<Float64Type>()
                    .iter()
                    .map(number)
                    .collect(),
            )
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => {
            let texts = cast(array, &DataType::Utf8)?;
            (
                "M",
                texts
                    .as_string::<i32>()
                    .iter()
                    .map(|value| json!(value))
                    .collect(),
            )
        }
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => {
            let bytes = cast(array, &DataType::Binary)?;
            let value = |value: Option<&[u8]>| value.map_or(Json::Null, tagged_bytes);
            ("O", bytes.as_binary::<i32>().iter().map(value).collect())
        }
        DataType::Decimal128(..) => {
            let texts = cast(array, &DataType::Utf8)?;
            let value =
                |value: Option<&str>| value.map_or(Json::Null, |text| json!({ "$dec": text }));
            ("O", texts.as_string::<i32>().iter().map(value).collect())
        }
        _ => {
            let texts = cast(array, &DataType::Utf8).map_err(|_| unsupported())?;
            (
                "O",
                texts
                    .as_string::<i32>()
                    .iter()
                    .map(|value| json!(value))
                    .collect(),
            )
        }
    })
}

/// Reads the frame that a function returned.
pub(crate) fn read(bytes: &[u8]) -> Result<RecordBatch> {
    let table: Table = serde_json::from_slice(bytes).map_err(invalid)?;
    let mut fields = Vec::with_capacity(table.columns.len());
    let mut arrays = Vec::with_capacity(table.columns.len());
    for column in table.columns {
        let array = array(&column.kind, &column.values)?;
        fields.push(Field::new(column.name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let options = arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(table.rows));
    Ok(RecordBatch::try_new_with_options(
        Arc::new(Schema::new(fields)),
        arrays,
        &options,
    )?)
}

fn array(kind: &str, values: &[Json]) -> Result<ArrayRef> {
    let integer = |value: &Json| match value {
        Json::Object(tagged) => tagged.get("$int")?.as_str()?.parse().ok(),
        value => value.as_i64(),
    };
    let unsigned = |value: &Json| match value {
        Json::Object(tagged) => tagged.get("$int")?.as_str()?.parse().ok(),
        value => value.as_u64(),
    };
    let float = |value: &Json| match value {
        Json::Object(tagged) => tagged.get("$f")?.as_str()?.parse().ok(),
        value => value.as_f64(),
    };
    Ok(match kind {
        "b" => Arc::new(values.iter().map(Json::as_bool).collect::<BooleanArray>()),
        "i" => Arc::new(values.iter().map(integer).collect::<Int64Array>()),
        "u" => Arc::new(values.iter().map(unsigned).collect::<UInt64Array>()),
        "f" => Arc::new(values.iter().map(float).collect::<Float64Array>()),
        "M" => {
            let texts: StringArray = values.iter().map(Json::as_str).collect();
            let moments = cast(&texts, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            Arc::new(
                moments
                    .as_primitive_opt()
                    .cloned()
                    .unwrap_or_else(|| TimestampMicrosecondArray::new_null(values.len())),
            )
        }
        _ => object(values)?,
    })
}

/// A column of Python objects: bytes, truths, numbers or texts where all are, otherwise JSON.
fn object(values: &[Json]) -> Result<ArrayRef> {
    let given = || values.iter().filter(|value| !value.is_null());
    let tagged = |value: &Json| {
        value
            .get("$bytes")
            .and_then(Json::as_str)
            .map(str::to_owned)
    };
    if given().next().is_some() {
        if given().all(|value| tagged(value).is_some()) {
            let bytes = values.iter().map(|value| {
                tagged(value)
                    .map(|text| BASE64_STANDARD.decode(text).map_err(invalid))
                    .transpose()
            });
            let bytes = bytes.collect::<Result<Vec<_>>>()?;
            return Ok(Arc::new(
                bytes.iter().map(Option::as_deref).collect::<BinaryArray>(),
            ));
        }
        if given().all(Json::is_boolean) {
            return array("b", values);
        }
        if given().all(Json::is_i64) {
            return array("i", values);
        }
        if given().all(Json::is_number) {
            return array("f", values);
        }
    }
    let text = |value: &Json| match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        value => Some(
            value
                .get("$dec")
                .and_then(Json::as_str)
                .map_or_else(|| value.to_string(), str::to_owned),
        ),
    };
    Ok(Arc::new(values.iter().map(text).collect::<StringArray>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_objects_get_the_type_that_all_values_have() {
        let types = |values: &[Json]| object(values).unwrap().data_type().clone();
        assert_eq!(types(&[json!("a"), Json::Null]), DataType::Utf8);
        assert_eq!(types(&[json!(1), Json::Null]), DataType::Int64);
        assert_eq!(types(&[json!(1), json!(1.5)]), DataType::Float64);
        assert_eq!(types(&[json!({ "$bytes": "AAE=" })]), DataType::Binary);
        assert_eq!(types(&[json!(1), json!("a")]), DataType::Utf8);
        assert_eq!(types(&[Json::Null]), DataType::Utf8);
    }
}
