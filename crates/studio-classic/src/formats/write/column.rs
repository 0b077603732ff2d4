//! The cells of one column of a batch, written one after the other.

use arrow::array::timezone::Tz;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, LargeStringArray, PrimitiveArray, StringArray,
    StringViewArray,
};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Decimal256Type, DecimalType, Field,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::temporal_conversions::as_datetime_with_timezone;

use super::float::WriteFloat;
use super::quote::Quoting;
use super::time::{self, Precision};
use crate::formats::FormatError;
use crate::formats::duration::per_second;

/// What a column is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Each cell by itself.
    Plain,
    /// Timestamps, of which the whole column shows as much as one value needs.
    Timestamp(TimeUnit),
    /// Durations, which show only days if the whole column is of whole days.
    Duration(TimeUnit),
}

impl Shape {
    /// The shape of a field.
    ///
    /// # Errors
    ///
    /// [`FormatError::UnsupportedColumn`] for binary, nested and other types without a text form.
    pub(super) fn of(field: &Field) -> Result<Self, FormatError> {
        let data_type = match field.data_type() {
            DataType::Dictionary(_, value) => value,
            data_type => data_type,
        };
        Ok(match data_type {
            DataType::Timestamp(unit, None) => Self::Timestamp(*unit),
            DataType::Date64 => Self::Timestamp(TimeUnit::Millisecond),
            DataType::Duration(unit) => Self::Duration(*unit),
            DataType::Null
            | DataType::Boolean
            | DataType::Date32
            | DataType::Timestamp(_, Some(_))
            | DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => Self::Plain,
            data_type if data_type.is_integer() || data_type.is_floating() => Self::Plain,
            _ => {
                return Err(FormatError::UnsupportedColumn {
                    column: field.name().clone(),
                    data_type: field.data_type().clone(),
                    reason: "has no text form",
                });
            }
        })
    }

    /// The unit of values that the whole column decides about.
    pub(super) fn unit(self) -> Option<TimeUnit> {
        match self {
            Self::Plain => None,
            Self::Timestamp(unit) | Self::Duration(unit) => Some(unit),
        }
    }
}

/// The array as it is written: dictionaries unpacked, times as plain numbers.
pub(super) fn unpack(array: &ArrayRef) -> Result<ArrayRef, FormatError> {
    Ok(match array.data_type() {
        DataType::Dictionary(_, value) => cast(array, value)?,
        _ => array.clone(),
    })
}

/// The values of a column of timestamps or durations.
pub(super) fn ticks(array: &ArrayRef) -> Result<PrimitiveArray<Int64Type>, FormatError> {
    Ok(cast(array, &DataType::Int64)?
        .as_primitive::<Int64Type>()
        .clone())
}

/// Writes the cells of one column.
pub(super) struct CellWriter {
    nulls: Option<NullBuffer>,
    cells: Cells,
}

impl CellWriter {
    /// For an array of a shape, shown at a precision, in rows of one cell or more.
    pub(super) fn new(
        array: &ArrayRef,
        shape: Shape,
        precision: Precision,
        quoting: &Quoting,
        alone: bool,
    ) -> Result<Self, FormatError> {
        let array = unpack(array)?;
        Ok(Self {
            nulls: array.logical_nulls().filter(|nulls| nulls.null_count() > 0),
            cells: match shape {
                Shape::Timestamp(unit) => {
                    let ticks = ticks(&array)?;
                    Box::new(move |row, out| {
                        time::write_timestamp(ticks.value(row), unit, precision, out);
                    })
                }
                Shape::Duration(unit) => {
                    let ticks = ticks(&array)?;
                    Box::new(move |row, out| {
                        time::write_duration(ticks.value(row), unit, precision, out);
                    })
                }
                Shape::Plain => plain(&array, quoting, alone)?,
            },
        })
    }

    /// Appends the cell of a row; nothing when it is missing.
    #[inline]
    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) {
        if self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            (self.cells)(row, out);
        }
    }
}

type Cells = Box<dyn Fn(usize, &mut Vec<u8>) + Send + Sync>;

/// Cells of which each is written by itself.
fn plain(array: &ArrayRef, quoting: &Quoting, alone: bool) -> Result<Cells, FormatError> {
    let texts = Texts {
        quoting: quoting.clone(),
        alone,
    };
    Ok(match array.data_type() {
        DataType::Null => Box::new(|_, _| {}),
        DataType::Boolean => booleans(array.as_boolean().clone()),
        DataType::Int8 => integers::<Int8Type>(array),
        DataType::Int16 => integers::<Int16Type>(array),
        DataType::Int32 => integers::<Int32Type>(array),
        DataType::Int64 => integers::<Int64Type>(array),
        DataType::UInt8 => integers::<UInt8Type>(array),
        DataType::UInt16 => integers::<UInt16Type>(array),
        DataType::UInt32 => integers::<UInt32Type>(array),
        DataType::UInt64 => integers::<UInt64Type>(array),
        DataType::Float16 => floats::<Float16Type>(array),
        DataType::Float32 => floats::<Float32Type>(array),
        DataType::Float64 => floats::<Float64Type>(array),
        DataType::Decimal128(_, scale) => decimals::<Decimal128Type>(array, *scale),
        DataType::Decimal256(_, scale) => decimals::<Decimal256Type>(array, *scale),
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().values().clone();
            Box::new(move |row, out| time::write_date(i64::from(days[row]), out))
        }
        DataType::Timestamp(unit, Some(zone)) => zoned(array, *unit, zone)?,
        DataType::Utf8 => {
            let array: StringArray = array.as_string().clone();
            Box::new(move |row, out| texts.write(array.value(row), out))
        }
        DataType::LargeUtf8 => {
            let array: LargeStringArray = array.as_string().clone();
            Box::new(move |row, out| texts.write(array.value(row), out))
        }
        DataType::Utf8View => {
            let array: StringViewArray = array.as_string_view().clone();
            Box::new(move |row, out| texts.write(array.value(row), out))
        }
        other => unreachable!("shapes are checked for types such as {other}"),
    })
}

struct Texts {
    quoting: Quoting,
    alone: bool,
}

impl Texts {
    #[inline]
    fn write(&self, text: &str, out: &mut Vec<u8>) {
        if self.alone {
            self.quoting.write_alone(text, out);
        } else {
            self.quoting.write(text, out);
        }
    }
}

fn booleans(array: BooleanArray) -> Cells {
    Box::new(move |row, out| {
        out.extend_from_slice(if array.value(row) { b"True" } else { b"False" });
    })
}

fn integers<T: ArrowPrimitiveType<Native: itoa::Integer>>(array: &ArrayRef) -> Cells {
    let values: ScalarBuffer<T::Native> = array.as_primitive::<T>().values().clone();
    Box::new(move |row, out| {
        out.extend_from_slice(itoa::Buffer::new().format(values[row]).as_bytes());
    })
}

fn floats<T: ArrowPrimitiveType<Native: WriteFloat>>(array: &ArrayRef) -> Cells {
    let values: ScalarBuffer<T::Native> = array.as_primitive::<T>().values().clone();
    Box::new(move |row, out| {
        let value = values[row];
        if !value.is_missing() {
            value.write(out);
        }
    })
}

fn decimals<T: DecimalType>(array: &ArrayRef, scale: i8) -> Cells {
    let values = array.as_primitive::<T>().values().clone();
    Box::new(move |row, out| {
        let text = T::format_decimal(values[row], T::MAX_PRECISION, scale);
        out.extend_from_slice(text.as_bytes());
    })
}

fn zoned(array: &ArrayRef, unit: TimeUnit, zone: &str) -> Result<Cells, FormatError> {
    let zone: Tz = zone.parse()?;
    let ticks = ticks(array)?;
    let local: Vec<Option<(i64, i64)>> = ticks
        .iter()
        .map(|tick| local_time(tick?, unit, zone))
        .collect();
    if let Some(row) = (0..ticks.len()).find(|row| ticks.is_valid(*row) && local[*row].is_none()) {
        let tick = ticks.value(row);
        return Err(FormatError::Schema(format!(
            "the time {tick} ({unit:?} since 1970) is outside of the calendar of zone {zone:?}"
        )));
    }
    Ok(Box::new(move |row, out| {
        if let Some((local, offset)) = local[row] {
            time::write_zoned(local, unit, offset, out);
        }
    }))
}

/// Local ticks, and the offset from UTC in seconds.
fn local_time(tick: i64, unit: TimeUnit, zone: Tz) -> Option<(i64, i64)> {
    let seconds = tick.div_euclid(per_second(unit));
    let utc = as_datetime_with_timezone::<TimestampSecondType>(seconds, zone)?;
    let offset = utc.naive_local().and_utc().timestamp() - seconds;
    Some((tick.checked_add(offset * per_second(unit))?, offset))
}
