//! The frames between emulator and interpreter, and record batches inside of them: a JSON header and raw buffers,
//! which numpy reads without a further package.

use std::{collections::HashMap, sync::Arc};

use datafusion::arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float32Array, Float64Array,
        Int32Array, Int64Array, NullArray, StringArray, TimestampMicrosecondArray,
        types::{ArrowPrimitiveType, Float64Type, Int32Type, TimestampMicrosecondType},
    },
    compute::cast,
    datatypes::{DataType, Field, Schema, TimeUnit},
    record_batch::RecordBatch,
};
use serde::{Deserialize, Serialize};

use super::Failure;

/// The largest frame that is taken from a script.
pub(super) const MAX_FRAME: usize = 2 << 30;
const MAX_COLUMNS: usize = 4096;

/// What a frame is.
pub(super) mod kind {
    pub(crate) const HEADER: u8 = 1;
    pub(crate) const PARAMETERS: u8 = 2;
    pub(crate) const INPUT: u8 = 3;
    pub(crate) const START: u8 = 4;
    pub(crate) const STDOUT: u8 = 16;
    pub(crate) const OUTPUT: u8 = 18;
    pub(crate) const RESULTS: u8 = 19;
    pub(crate) const EXCEPTION: u8 = 20;
    pub(crate) const DONE: u8 = 21;
    pub(crate) const QUERY: u8 = 32;
    pub(crate) const ROWS: u8 = 33;
    pub(crate) const NO_ROWS: u8 = 34;
    pub(crate) const REFUSED: u8 = 35;
    pub(crate) const LOAD: u8 = 36;
    pub(crate) const COLUMN_TYPES: u8 = 37;
}

#[derive(Serialize, Deserialize)]
struct BatchHeader {
    rows: usize,
    columns: Vec<ColumnHeader>,
}

#[derive(Serialize, Deserialize)]
struct ColumnHeader {
    name: String,
    #[serde(rename = "type")]
    kind: ColumnKind,
    /// The lengths in bytes of validity (0 where nothing is missing), offsets (strings and bytes) and data.
    buffers: [usize; 3],
}

/// The types that travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ColumnKind {
    Bool,
    Int32,
    Int64,
    Float32,
    Float64,
    /// Microseconds since 1970.
    Datetime,
    Str,
    Bytes,
    /// Nothing but missing values.
    Null,
}

/// A batch for the interpreter, in the types that the contract of external scripts names.
pub(super) fn encode(batch: &RecordBatch) -> Result<Vec<u8>, Failure> {
    let mut header = BatchHeader {
        rows: batch.num_rows(),
        columns: Vec::with_capacity(batch.num_columns()),
    };
    let mut buffers = Vec::new();
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let kind = outgoing(field)?;
        let start = buffers.len();
        if array.null_count() > 0 {
            buffers.extend((0..array.len()).map(|row| u8::from(array.is_valid(row))));
        }
        let validity = buffers.len() - start;
        let offsets = data(kind, array, &mut buffers)?;
        header.columns.push(ColumnHeader {
            name: field.name().clone(),
            kind,
            buffers: [
                validity,
                offsets,
                buffers.len() - start - validity - offsets,
            ],
        });
    }
    let header = serde_json::to_vec(&header).map_err(|error| Failure::Data(error.to_string()))?;
    let length =
        u32::try_from(header.len()).map_err(|_| Failure::Data("too many columns".to_owned()))?;
    let mut encoded = length.to_le_bytes().to_vec();
    encoded.extend(header);
    encoded.extend(buffers);
    Ok(encoded)
}

/// The type in which a column goes to Python: bigint and decimals as floats, smaller integers as 32 bits.
fn outgoing(field: &Field) -> Result<ColumnKind, Failure> {
    Ok(match field.data_type() {
        DataType::Boolean => ColumnKind::Bool,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => {
            ColumnKind::Int32
        }
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 | DataType::Decimal128(..) => {
            ColumnKind::Float64
        }
        DataType::Float16 | DataType::Float32 | DataType::Float64 => ColumnKind::Float64,
        DataType::Date32 | DataType::Timestamp(..) => ColumnKind::Datetime,
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Dictionary(..)
        | DataType::FixedSizeBinary(16) => ColumnKind::Str,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => ColumnKind::Bytes,
        DataType::Null => ColumnKind::Null,
        other => {
            return Err(Failure::Data(format!(
                "column '{}' of type {other} cannot go to a script",
                field.name()
            )));
        }
    })
}

/// Appends a column's offsets and data; returns the length of the offsets.
fn data(kind: ColumnKind, array: &ArrayRef, out: &mut Vec<u8>) -> Result<usize, Failure> {
    let converted =
        |wanted: &DataType| cast(array, wanted).map_err(|error| Failure::Data(error.to_string()));
    match kind {
        ColumnKind::Null => {}
        ColumnKind::Bool => {
            let array = converted(&DataType::Boolean)?;
            out.extend(
                array
                    .as_boolean()
                    .iter()
                    .map(|value| u8::from(value.unwrap_or_default())),
            );
        }
        ColumnKind::Int32 => numbers::<Int32Type>(&converted(&DataType::Int32)?, |value| {
            out.extend(value.to_le_bytes())
        }),
        ColumnKind::Float64 | ColumnKind::Int64 | ColumnKind::Float32 => {
            numbers::<Float64Type>(&converted(&DataType::Float64)?, |value| {
                out.extend(value.to_le_bytes())
            });
        }
        ColumnKind::Datetime => {
            let array = converted(&DataType::Timestamp(TimeUnit::Microsecond, None))?;
            numbers::<TimestampMicrosecondType>(&array, |value| out.extend(value.to_le_bytes()));
        }
        ColumnKind::Str => {
            let texts: StringArray = match array.as_fixed_size_binary_opt() {
                Some(guids) => guids.iter().map(|guid| guid.map(shown_guid)).collect(),
                None => converted(&DataType::Utf8)?.as_string::<i32>().clone(),
            };
            return Ok(variable(
                texts.iter().map(|text| text.map(str::as_bytes)),
                out,
            ));
        }
        ColumnKind::Bytes => {
            let array = converted(&DataType::Binary)?;
            return Ok(variable(array.as_binary::<i32>().iter(), out));
        }
    }
    Ok(0)
}

fn numbers<T: ArrowPrimitiveType>(array: &ArrayRef, put: impl FnMut(T::Native)) {
    array
        .as_primitive::<T>()
        .values()
        .iter()
        .copied()
        .for_each(put);
}

fn variable<'a>(values: impl Iterator<Item = Option<&'a [u8]>>, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    let mut end = 0_u64;
    let mut bytes = Vec::new();
    out.extend(end.to_le_bytes());
    for value in values {
        let value = value.unwrap_or_default();
        bytes.extend_from_slice(value);
        end += u64::try_from(value.len()).unwrap_or(0);
        out.extend(end.to_le_bytes());
    }
    let offsets = out.len() - start;
    out.extend(bytes);
    offsets
}

fn shown_guid(bytes: &[u8]) -> String {
    uuid::Uuid::from_slice(bytes)
        .map_or_else(|_| String::new(), |guid| guid.to_string().to_uppercase())
}

/// A batch from the interpreter.
pub(super) fn decode(encoded: &[u8]) -> Result<RecordBatch, Failure> {
    let damaged = || Failure::Data("the interpreter sent a damaged frame".to_owned());
    let (length, rest) = encoded.split_first_chunk::<4>().ok_or_else(damaged)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| damaged())?;
    let (header, mut rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
    let header: BatchHeader = serde_json::from_slice(header).map_err(|_| damaged())?;
    if header.columns.len() > MAX_COLUMNS {
        return Err(Failure::Data(format!(
            "a frame has at most {MAX_COLUMNS} columns"
        )));
    }
    let mut fields = Vec::with_capacity(header.columns.len());
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(header.columns.len());
    for column in header.columns {
        let mut take = |length: usize| {
            let (taken, left) = rest.split_at_checked(length).ok_or_else(damaged)?;
            rest = left;
            Ok::<_, Failure>(taken)
        };
        let [validity, offsets, data] = column.buffers;
        let (validity, offsets, data) = (take(validity)?, take(offsets)?, take(data)?);
        let array =
            incoming(column.kind, header.rows, validity, offsets, data).ok_or_else(damaged)?;
        fields.push(Field::new(column.name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let options =
        datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(header.rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|error| Failure::Data(error.to_string()))
}

/// A column from its buffers; `None` where they do not fit together.
fn incoming(
    kind: ColumnKind,
    rows: usize,
    validity: &[u8],
    offsets: &[u8],
    data: &[u8],
) -> Option<ArrayRef> {
    if !(validity.is_empty() || validity.len() == rows) {
        return None;
    }
    let is_valid = |row: usize| validity.get(row).is_none_or(|valid| *valid != 0);
    let value = |row: usize| -> Option<Option<&[u8]>> {
        let offset = |at: usize| {
            let bytes = offsets.get(at * 8..at * 8 + 8)?;
            usize::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok()
        };
        let bytes = data.get(offset(row)?..offset(row + 1)?)?;
        Some(is_valid(row).then_some(bytes))
    };
    Some(match kind {
        ColumnKind::Null => Arc::new(NullArray::new(rows)),
        ColumnKind::Bool => {
            let values = data
                .get(..rows)?
                .iter()
                .enumerate()
                .map(|(row, value)| is_valid(row).then_some(*value != 0));
            Arc::new(values.collect::<BooleanArray>())
        }
        ColumnKind::Int32 => {
            Arc::new(fixed(rows, data, i32::from_le_bytes, is_valid)?.collect::<Int32Array>())
        }
        ColumnKind::Int64 => {
            Arc::new(fixed(rows, data, i64::from_le_bytes, is_valid)?.collect::<Int64Array>())
        }
        ColumnKind::Float32 => {
            Arc::new(fixed(rows, data, f32::from_le_bytes, is_valid)?.collect::<Float32Array>())
        }
        ColumnKind::Float64 => {
            Arc::new(fixed(rows, data, f64::from_le_bytes, is_valid)?.collect::<Float64Array>())
        }
        ColumnKind::Datetime => Arc::new(
            fixed(rows, data, i64::from_le_bytes, is_valid)?.collect::<TimestampMicrosecondArray>(),
        ),
        ColumnKind::Str => {
            let mut texts = Vec::with_capacity(rows);
            for row in 0..rows {
                texts.push(match value(row)? {
                    Some(bytes) => Some(std::str::from_utf8(bytes).ok()?),
                    None => None,
                });
            }
            Arc::new(StringArray::from(texts))
        }
        ColumnKind::Bytes => {
            let values: Option<Vec<_>> = (0..rows).map(value).collect();
            Arc::new(BinaryArray::from(values?))
        }
    })
}

fn fixed<'a, T: 'a, const N: usize>(
    rows: usize,
    data: &'a [u8],
    read: fn([u8; N]) -> T,
    is_valid: impl Fn(usize) -> bool + 'a,
) -> Option<impl Iterator<Item = Option<T>> + 'a> {
    let (values, rest) = data.as_chunks::<N>();
    if values.len() != rows || !rest.is_empty() {
        return None;
    }
    Some(
        values
            .iter()
            .enumerate()
            .map(move |(row, value)| is_valid(row).then(|| read(*value))),
    )
}

/// The types of columns as JSON, for the script that creates a table.
pub(super) fn column_types(types: &HashMap<String, String>) -> Vec<u8> {
    serde_json::to_vec(types).expect("a map of strings is plain data")
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Date32Array, Decimal128Array, UInt8Array};

    use super::*;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, array)| (name, array, true)),
        )
        .unwrap()
    }

    #[test]
    fn batches_survive_in_the_types_of_the_contract() {
        let sent = batch(vec![
            ("b", Arc::new(BooleanArray::from(vec![Some(true), None]))),
            ("tiny", Arc::new(UInt8Array::from(vec![Some(200), None]))),
            ("big", Arc::new(Int64Array::from(vec![Some(1 << 40), None]))),
            (
                "money",
                Arc::new(
                    Decimal128Array::from(vec![Some(12_500), None])
                        .with_precision_and_scale(19, 4)
                        .unwrap(),
                ),
            ),
            ("day", Arc::new(Date32Array::from(vec![Some(1), None]))),
            ("text", Arc::new(StringArray::from(vec![Some("中'"), None]))),
            (
                "blob",
                Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None])),
            ),
        ]);
        let read = decode(&encode(&sent).unwrap()).unwrap();
        let expected = batch(vec![
            ("b", Arc::new(BooleanArray::from(vec![Some(true), None]))),
            ("tiny", Arc::new(Int32Array::from(vec![Some(200), None]))),
            (
                "big",
                Arc::new(Float64Array::from(vec![Some(1_099_511_627_776.0), None])),
            ),
            (
                "money",
                Arc::new(Float64Array::from(vec![Some(1.25), None])),
            ),
            (
                "day",
                Arc::new(TimestampMicrosecondArray::from(vec![
                    Some(86_400_000_000),
                    None,
                ])),
            ),
            ("text", Arc::new(StringArray::from(vec![Some("中'"), None]))),
            (
                "blob",
                Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None])),
            ),
        ]);
        assert_eq!(read, expected);
    }

    #[test]
    fn damaged_frames_are_errors() {
        let whole = encode(&batch(vec![(
            "t",
            Arc::new(StringArray::from(vec!["ab", "c"])),
        )]))
        .unwrap();
        for end in 0..whole.len() {
            assert!(decode(&whole[..end]).is_err(), "cut at {end}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xFF;
            let _ = decode(&damaged);
        }
    }
}
