//! Values from bytes.

use super::{DecimalType, LongType, MaxLength, TypeInfo, Value, swap_guid, time_width};
use crate::{Collation, Error, Reader, Result, reader::decode_utf16};

/// The length that stands for NULL in front of a short string.
const NULL_SHORT: u16 = 0xFFFF;
/// The length that stands for NULL in front of an old long value.
const NULL_LONG: u32 = 0xFFFF_FFFF;
/// The total length that stands for NULL in front of chunks.
const NULL_CHUNKED: u64 = u64::MAX;
/// The longest string or binary value that is taken.
const MAX_VALUE: usize = i32::MAX as usize;

impl TypeInfo {
    /// Reads a value of this type.
    ///
    /// # Errors
    /// [`Error`] for a value that is cut off or that the type cannot hold.
    pub fn read_value(self, reader: &mut Reader<'_>) -> Result<Value> {
        match self {
            Self::Null => Ok(Value::Null),
            Self::Bit { fixed } => sized(reader, fixed, 1, &[1], |value| {
                Ok(Value::Bit(value.u8()? != 0))
            }),
            Self::Int { width, fixed } => sized(reader, fixed, width, &[1, 2, 4, 8], integer),
            Self::Float { width, fixed } => sized(reader, fixed, width, &[4, 8], float),
            Self::Money { width, fixed } => sized(reader, fixed, width, &[4, 8], money),
            Self::DateTime { width, fixed } => sized(reader, fixed, width, &[4, 8], datetime),
            Self::Decimal(decimal) => sized(reader, false, 0, &[5, 9, 13, 17], |value| {
                read_decimal(decimal, value)
            }),
            Self::Guid => sized(reader, false, 16, &[16], |value| {
                Ok(Value::Guid(swap_guid(value.array()?)))
            }),
            Self::Date => sized(reader, false, 3, &[3], |value| {
                Ok(Value::Date(date(value)?))
            }),
            Self::Time(scale) => sized(reader, false, 0, &[time_width(scale)], |value| {
                Ok(Value::Time(time(scale, value)?))
            }),
            Self::DateTime2(scale) => sized(reader, false, 0, &[time_width(scale) + 3], |value| {
                let time = time(scale, value)?;
                let days = date(value)?;
                Ok(Value::DateTime2 { days, time })
            }),
            Self::DateTimeOffset(scale) => {
                sized(reader, false, 0, &[time_width(scale) + 5], |value| {
                    let time = time(scale, value)?;
                    let days = date(value)?;
                    let offset = value.i16()?;
                    Ok(Value::DateTimeOffset { days, time, offset })
                })
            }
            Self::VarChar(max, collation) => text(max, reader, |bytes| Ok(collation.decode(bytes))),
            Self::NVarChar(max, _) => text(max, reader, decode_utf16),
            Self::Xml => text(MaxLength::Max, reader, decode_utf16),
            Self::VarBinary(max) => Ok(variable(max, reader)?.map_or(Value::Null, Value::Binary)),
            Self::Long(kind) => long(kind, reader),
        }
    }
}

/// A value behind its length byte, or without one for a fixed type.
fn sized<'a>(
    reader: &mut Reader<'a>,
    fixed: bool,
    width: u8,
    allowed: &[usize],
    read: impl FnOnce(&mut Reader<'a>) -> Result<Value>,
) -> Result<Value> {
    let length = usize::from(if fixed { width } else { reader.u8()? });
    if length == 0 {
        return Ok(Value::Null);
    }
    if !allowed.contains(&length) {
        return Err(Error::Invalid("length of a value"));
    }
    read(&mut Reader::new(reader.bytes(length)?))
}

fn integer(value: &mut Reader<'_>) -> Result<Value> {
    Ok(match value.rest().len() {
        1 => Value::TinyInt(value.u8()?),
        2 => Value::SmallInt(value.i16()?),
        4 => Value::Int(value.i32()?),
        _ => Value::BigInt(value.i64()?),
    })
}

fn float(value: &mut Reader<'_>) -> Result<Value> {
    Ok(match value.rest().len() {
        4 => Value::Real(f32::from_le_bytes(value.array()?)),
        _ => Value::Float(f64::from_le_bytes(value.array()?)),
    })
}

fn money(value: &mut Reader<'_>) -> Result<Value> {
    Ok(Value::Money(match value.rest().len() {
        4 => value.i32()?.into(),
        _ => {
            let high = i64::from(value.i32()?);
            high << 32 | i64::from(value.u32()?)
        }
    }))
}

fn datetime(value: &mut Reader<'_>) -> Result<Value> {
    Ok(match value.rest().len() {
        4 => {
            let (days, minutes) = (value.u16()?, value.u16()?);
            Value::DateTime {
                days: days.into(),
                ticks: u32::from(minutes) * 60 * 300,
            }
        }
        _ => Value::DateTime {
            days: value.i32()?,
            ticks: value.u32()?,
        },
    })
}

fn read_decimal(decimal: DecimalType, value: &mut Reader<'_>) -> Result<Value> {
    let negative = value.u8()? == 0;
    let mut magnitude = [0; 16];
    let bytes = value.rest();
    magnitude[..bytes.len()].copy_from_slice(bytes);
    let magnitude = u128::from_le_bytes(magnitude);
    let limit = 10_u128.pow(decimal.precision.into());
    if magnitude >= limit {
        return Err(Error::Invalid("decimal value"));
    }
    let magnitude = i128::try_from(magnitude).map_err(|_| Error::Invalid("decimal value"))?;
    Ok(Value::Decimal(if negative {
        -magnitude
    } else {
        magnitude
    }))
}

fn date(value: &mut Reader<'_>) -> Result<u32> {
    let [low, middle, high] = value.array()?;
    Ok(u32::from_le_bytes([low, middle, high, 0]))
}

fn time(scale: u8, value: &mut Reader<'_>) -> Result<u64> {
    let bytes = value.bytes(time_width(scale))?;
    let mut units = [0; 8];
    units[..bytes.len()].copy_from_slice(bytes);
    let units = u64::from_le_bytes(units);
    if units >= 86_400 * 10_u64.pow(scale.into()) {
        return Err(Error::Invalid("time of day"));
    }
    Ok(units)
}

fn text(
    max: MaxLength,
    reader: &mut Reader<'_>,
    decode: impl FnOnce(&[u8]) -> Result<String>,
) -> Result<Value> {
    match variable(max, reader)? {
        Some(bytes) => Ok(Value::String(decode(&bytes)?)),
        None => Ok(Value::Null),
    }
}

/// The bytes of a variable-length value; `None` for NULL.
fn variable(max: MaxLength, reader: &mut Reader<'_>) -> Result<Option<Vec<u8>>> {
    match max {
        MaxLength::Max => chunked(reader),
        MaxLength::Bytes(max) => match reader.u16()? {
            NULL_SHORT => Ok(None),
            length if length > max => Err(Error::Invalid("length of a value")),
            length => Ok(Some(reader.bytes(length.into())?.to_vec())),
        },
    }
}

fn chunked(reader: &mut Reader<'_>) -> Result<Option<Vec<u8>>> {
    // The total may be unknown, and must not be trusted: memory grows with what is really there.
    if reader.u64()? == NULL_CHUNKED {
        return Ok(None);
    }
    let mut value = Vec::new();
    loop {
        let length = reader.len_u32()?;
        if length == 0 {
            return Ok(Some(value));
        }
        if value.len() + length > MAX_VALUE {
            return Err(Error::TooLarge {
                what: "a value",
                limit: MAX_VALUE,
            });
        }
        value.extend_from_slice(reader.bytes(length)?);
    }
}

fn long(kind: LongType, reader: &mut Reader<'_>) -> Result<Value> {
    let length = reader.u32()?;
    if length == NULL_LONG {
        return Ok(Value::Null);
    }
    let bytes =
        reader.bytes(usize::try_from(length).map_err(|_| Error::Invalid("length of a value"))?)?;
    Ok(match kind {
        LongType::Text(collation) => Value::String(Collation::decode(collation, bytes)),
        LongType::NText(_) => Value::String(decode_utf16(bytes)?),
        LongType::Image => Value::Binary(bytes.to_vec()),
    })
}
