//! A column of a load: its values in the type of the table's column, checked, and how each is written.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::{CastOptions, cast_with_options},
    datatypes::{
        DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type,
        Int64Type, Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
        TimestampNanosecondType, UInt8Type,
    },
};
use mssql_tds::{
    datatypes::{
        bulk_copy_metadata::{BulkCopyColumnMetadata, SqlDbType},
        sql_string::encode_narrow,
    },
    token::tokens::SqlCollation,
};

use super::{
    Target,
    wire::{begin, date, end, low_bytes, sized, time, time_size},
};
use crate::error::{Error, Result};

pub(super) const DAYS_FROM_0001_TO_1970: i64 = 719_162;
const DAYS_FROM_1900_TO_1970: i64 = 25_567;
const DAY_NANOS: i128 = 86_400_000_000_000;

/// How the values of a column are written.
#[derive(Clone, Copy, Debug)]
enum Layout {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    /// Bytes of the value.
    Decimal(u8),
    Money,
    SmallMoney,
    Date,
    /// Digits behind the second.
    Time(u8),
    DateTime,
    SmallDateTime,
    DateTime2(u8),
    DateTimeOffset(u8),
    Unicode {
        plp: bool,
    },
    Narrow {
        plp: bool,
        collation: Option<SqlCollation>,
    },
    Binary {
        plp: bool,
    },
    Guid,
}

#[derive(Debug)]
pub(super) struct Column {
    layout: Layout,
    values: ArrayRef,
}

impl Column {
    pub(super) fn new(batch: &RecordBatch, target: &Target) -> Result<Self> {
        let metadata = &target.metadata;
        let (layout, data_type) = layout(metadata)?;
        let source = batch.column(target.source);
        let name = &metadata.column_name;
        if !metadata.is_nullable && !metadata.is_identity && source.null_count() > 0 {
            return Err(Error::InvalidData(format!(
                "column '{name}' allows no NULL, and there is one"
            )));
        }
        let options = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let values = cast_with_options(source, &data_type, &options).map_err(|error| {
            Error::InvalidData(format!(
                "a value of column '{name}' does not fit its type: {error}"
            ))
        })?;
        let column = Self { layout, values };
        column.check(name, metadata)?;
        Ok(column)
    }

    /// Checks what a conversion of types does not: lengths and ranges.
    fn check(&self, name: &str, metadata: &BulkCopyColumnMetadata) -> Result<()> {
        let limit = usize::try_from(metadata.length).unwrap_or(usize::MAX);
        let too_long = |row: usize, length: usize, limit: usize| {
            Err(Error::InvalidData(format!(
                "row {} of column '{name}' has the length {length}, the column takes {limit}",
                row + 1
            )))
        };
        match self.layout {
            Layout::Unicode { plp: false } => {
                for (row, text) in self.values.as_string::<i32>().iter().enumerate() {
                    // UTF-16 has at most as many units as UTF-8 has bytes.
                    let Some(text) = text.filter(|text| text.len() > limit / 2) else {
                        continue;
                    };
                    let units = text.encode_utf16().count();
                    if units > limit / 2 {
                        return too_long(row, units, limit / 2);
                    }
                }
            }
            Layout::Narrow { plp: false, .. } => {
                for (row, text) in self.values.as_string::<i32>().iter().enumerate() {
                    let Some(text) = text.filter(|text| text.len() > limit) else {
                        continue;
                    };
                    let characters = text.chars().count();
                    if characters > limit {
                        return too_long(row, characters, limit);
                    }
                }
            }
            Layout::Binary { plp: false } => {
                for (row, bytes) in self.values.as_binary::<i32>().iter().enumerate() {
                    if let Some(bytes) = bytes.filter(|bytes| bytes.len() > limit) {
                        return too_long(row, bytes.len(), limit);
                    }
                }
            }
            Layout::Real | Layout::Float => {
                let finite = match self.values.data_type() {
                    DataType::Float32 => self
                        .values
                        .as_primitive::<Float32Type>()
                        .iter()
                        .flatten()
                        .all(f32::is_finite),
                    _ => self
                        .values
                        .as_primitive::<Float64Type>()
                        .iter()
                        .flatten()
                        .all(|v| !v.is_infinite()),
                };
                // NaN is how frames write a missing number; an infinity is a value that the server has not.
                let infinite = match self.values.data_type() {
                    DataType::Float32 => self
                        .values
                        .as_primitive::<Float32Type>()
                        .iter()
                        .flatten()
                        .any(f32::is_infinite),
                    _ => !finite,
                };
                if infinite {
                    return Err(Error::InvalidData(format!(
                        "column '{name}' has an infinite number"
                    )));
                }
            }
            Layout::Guid => {
                for text in self.values.as_string::<i32>().iter().flatten() {
                    if uuid::Uuid::parse_str(text).is_err() {
                        return Err(Error::InvalidData(format!(
                            "'{text}' in column '{name}' is not a uniqueidentifier"
                        )));
                    }
                }
            }
            Layout::Date => {
                if let Some(days) = self
                    .values
                    .as_primitive::<Date32Type>()
                    .iter()
                    .flatten()
                    .find(|days| {
                        !(0..=3_652_058).contains(&(i64::from(*days) + DAYS_FROM_0001_TO_1970))
                    })
                {
                    return Err(Error::InvalidData(format!(
                        "column '{name}' has a date outside of the years 1 to 9999 ({days} days from 1970)"
                    )));
                }
            }
            Layout::DateTime
            | Layout::SmallDateTime
            | Layout::DateTime2(_)
            | Layout::DateTimeOffset(_) => {
                let (first, last) = match self.layout {
                    Layout::DateTime => (-53_690, 2_958_463),
                    Layout::SmallDateTime => (0, 65_535),
                    _ => (-693_595, 2_958_463),
                };
                for row in 0..self.values.len() {
                    let Some((days, _)) = self.moment(row) else {
                        continue;
                    };
                    if !(first..=last).contains(&(days + DAYS_FROM_1900_TO_1970)) {
                        return Err(Error::InvalidData(format!(
                            "row {} of column '{name}' is outside of the range of its type",
                            row + 1
                        )));
                    }
                }
            }
            Layout::Money | Layout::SmallMoney => {
                let most = if matches!(self.layout, Layout::Money) {
                    i64::MAX
                } else {
                    i64::from(i32::MAX)
                };
                let beyond = |value: i128| value.unsigned_abs() > u128::from(most.unsigned_abs());
                if self
                    .values
                    .as_primitive::<Decimal128Type>()
                    .iter()
                    .flatten()
                    .any(beyond)
                {
                    return Err(Error::InvalidData(format!(
                        "column '{name}' has an amount outside of its range"
                    )));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Days from 1970 and nanoseconds of the day.
    fn moment(&self, row: usize) -> Option<(i64, i128)> {
        if self.values.is_null(row) {
            return None;
        }
        let nanos = match self.values.data_type() {
            DataType::Timestamp(TimeUnit::Nanosecond, _) => i128::from(
                self.values
                    .as_primitive::<TimestampNanosecondType>()
                    .value(row),
            ),
            _ => {
                i128::from(
                    self.values
                        .as_primitive::<TimestampMicrosecondType>()
                        .value(row),
                ) * 1000
            }
        };
        let days = i64::try_from(nanos.div_euclid(DAY_NANOS)).ok()?;
        Some((days, nanos.rem_euclid(DAY_NANOS)))
    }

    pub(super) fn encode(&self, row: usize, out: &mut Vec<u8>) {
        let values = &self.values;
        if values.is_null(row) {
            return match self.layout {
                Layout::Unicode { plp: true }
                | Layout::Narrow { plp: true, .. }
                | Layout::Binary { plp: true } => {
                    out.extend_from_slice(&u64::MAX.to_le_bytes());
                }
                Layout::Unicode { .. } | Layout::Narrow { .. } | Layout::Binary { .. } => {
                    out.extend_from_slice(&u16::MAX.to_le_bytes());
                }
                _ => out.push(0),
            };
        }
        match self.layout {
            Layout::Bit => out.extend_from_slice(&[1, u8::from(values.as_boolean().value(row))]),
            Layout::TinyInt => {
                out.extend_from_slice(&[1, values.as_primitive::<UInt8Type>().value(row)])
            }
            Layout::SmallInt => sized(
                out,
                &values.as_primitive::<Int16Type>().value(row).to_le_bytes(),
            ),
            Layout::Int => sized(
                out,
                &values.as_primitive::<Int32Type>().value(row).to_le_bytes(),
            ),
            Layout::BigInt => sized(
                out,
                &values.as_primitive::<Int64Type>().value(row).to_le_bytes(),
            ),
            Layout::Real => {
                let value = values.as_primitive::<Float32Type>().value(row);
                if value.is_nan() {
                    out.push(0)
                } else {
                    sized(out, &value.to_le_bytes())
                }
            }
            Layout::Float => {
                let value = values.as_primitive::<Float64Type>().value(row);
                if value.is_nan() {
                    out.push(0)
                } else {
                    sized(out, &value.to_le_bytes())
                }
            }
            Layout::Decimal(size) => {
                let value = values.as_primitive::<Decimal128Type>().value(row);
                out.extend_from_slice(&[size, u8::from(value >= 0)]);
                out.extend_from_slice(&value.unsigned_abs().to_le_bytes()[..usize::from(size) - 1]);
            }
            Layout::Money => {
                let value = values
                    .as_primitive::<Decimal128Type>()
                    .value(row)
                    .to_le_bytes();
                out.push(8);
                out.extend_from_slice(&value[4..8]);
                out.extend_from_slice(&value[..4]);
            }
            Layout::SmallMoney => {
                sized(
                    out,
                    &values
                        .as_primitive::<Decimal128Type>()
                        .value(row)
                        .to_le_bytes()[..4],
                );
            }
            Layout::Date => {
                out.push(3);
                date(
                    out,
                    i64::from(values.as_primitive::<Date32Type>().value(row)),
                );
            }
            Layout::Time(scale) => {
                let nanos = values.as_primitive::<Time64NanosecondType>().value(row);
                out.push(time_size(scale));
                time(out, i128::from(nanos), scale);
            }
            Layout::DateTime
            | Layout::SmallDateTime
            | Layout::DateTime2(_)
            | Layout::DateTimeOffset(_) => {
                if let Some((days, nanos)) = self.moment(row) {
                    self.encode_moment(days, nanos, out);
                }
            }
            Layout::Unicode { plp } => {
                let text = values.as_string::<i32>().value(row);
                let at = begin(out, plp);
                if text.is_ascii() {
                    out.extend(text.bytes().flat_map(|byte| [byte, 0]));
                } else {
                    out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
                }
                end(out, at, plp);
            }
            Layout::Narrow { plp, collation } => {
                let text = values.as_string::<i32>().value(row);
                let at = begin(out, plp);
                match collation {
                    Some(collation) if !text.is_ascii() => {
                        out.extend_from_slice(&encode_narrow(text, collation).bytes);
                    }
                    _ => out.extend_from_slice(text.as_bytes()),
                }
                end(out, at, plp);
            }
            Layout::Binary { plp } => {
                let at = begin(out, plp);
                out.extend_from_slice(values.as_binary::<i32>().value(row));
                end(out, at, plp);
            }
            Layout::Guid => {
                // Checked before.
                let guid =
                    uuid::Uuid::parse_str(values.as_string::<i32>().value(row)).unwrap_or_default();
                sized(out, &guid.to_bytes_le());
            }
        }
    }

    fn encode_moment(&self, days: i64, nanos: i128, out: &mut Vec<u8>) {
        match self.layout {
            Layout::DateTime => {
                // Ticks of 1/300 s, to the nearest; the last one of a day is of the next.
                let ticks = (nanos * 3 + 5_000_000) / 10_000_000;
                let (days, ticks) = if ticks == 25_920_000 {
                    (days + 1, 0)
                } else {
                    (days, ticks)
                };
                out.push(8);
                low_bytes(out, i128::from(days + DAYS_FROM_1900_TO_1970), 4);
                low_bytes(out, ticks, 4);
            }
            Layout::SmallDateTime => {
                let minutes = (nanos + 30_000_000_000) / 60_000_000_000;
                let (days, minutes) = if minutes == 1440 {
                    (days + 1, 0)
                } else {
                    (days, minutes)
                };
                out.push(4);
                low_bytes(out, i128::from(days + DAYS_FROM_1900_TO_1970), 2);
                low_bytes(out, minutes, 2);
            }
            Layout::DateTime2(scale) => {
                out.push(time_size(scale) + 3);
                time(out, nanos, scale);
                date(out, days);
            }
            Layout::DateTimeOffset(scale) => {
                out.push(time_size(scale) + 5);
                time(out, nanos, scale);
                date(out, days);
                out.extend_from_slice(&[0, 0]);
            }
            _ => {}
        }
    }
}

fn layout(metadata: &BulkCopyColumnMetadata) -> Result<(Layout, DataType)> {
    let plp = metadata.is_plp();
    let scale = metadata.scale.min(7);
    let moment = |zone: Option<Arc<str>>| DataType::Timestamp(TimeUnit::Microsecond, zone);
    Ok(match metadata.sql_type {
        SqlDbType::Bit => (Layout::Bit, DataType::Boolean),
        SqlDbType::TinyInt => (Layout::TinyInt, DataType::UInt8),
        SqlDbType::SmallInt => (Layout::SmallInt, DataType::Int16),
        SqlDbType::Int => (Layout::Int, DataType::Int32),
        SqlDbType::BigInt => (Layout::BigInt, DataType::Int64),
        SqlDbType::Real => (Layout::Real, DataType::Float32),
        SqlDbType::Float => (Layout::Float, DataType::Float64),
        SqlDbType::Decimal | SqlDbType::Numeric => {
            let size = match metadata.precision {
                0..=9 => 5,
                10..=19 => 9,
                20..=28 => 13,
                _ => 17,
            };
            let scale = i8::try_from(metadata.scale).unwrap_or(0);
            (
                Layout::Decimal(size),
                DataType::Decimal128(metadata.precision, scale),
            )
        }
        SqlDbType::Money => (Layout::Money, DataType::Decimal128(19, 4)),
        SqlDbType::SmallMoney => (Layout::SmallMoney, DataType::Decimal128(10, 4)),
        SqlDbType::Date => (Layout::Date, DataType::Date32),
        SqlDbType::Time => (Layout::Time(scale), DataType::Time64(TimeUnit::Nanosecond)),
        SqlDbType::DateTime => (Layout::DateTime, moment(None)),
        SqlDbType::SmallDateTime => (Layout::SmallDateTime, moment(None)),
        SqlDbType::DateTime2 => (Layout::DateTime2(scale), moment(None)),
        SqlDbType::DateTimeOffset => (Layout::DateTimeOffset(scale), moment(Some("+00:00".into()))),
        SqlDbType::NVarChar | SqlDbType::NChar => (Layout::Unicode { plp }, DataType::Utf8),
        SqlDbType::VarChar | SqlDbType::Char => (
            Layout::Narrow {
                plp,
                collation: metadata.collation,
            },
            DataType::Utf8,
        ),
        SqlDbType::VarBinary | SqlDbType::Binary => (Layout::Binary { plp }, DataType::Binary),
        SqlDbType::UniqueIdentifier => (Layout::Guid, DataType::Utf8),
        other => {
            return Err(Error::Unsupported(format!(
                "column '{}' of type {other:?} cannot be loaded in bulk",
                metadata.column_name
            )));
        }
    })
}
