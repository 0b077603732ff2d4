//! Values to bytes, always in the nullable forms.

use super::{DecimalType, LongType, MaxLength, TypeInfo, ValueRef, swap_guid, time_width};
use crate::{Error, Result};

/// The length of the chunks of a `max` value in bytes.
const CHUNK: usize = 1 << 16;

impl TypeInfo {
    /// Writes a value of this type.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the type cannot hold the value; nothing is written then.
    pub fn write_value(self, value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<()> {
        if matches!(value, ValueRef::Null) {
            self.write_null(out);
            return Ok(());
        }
        match (self, value) {
            (Self::Bit { .. }, ValueRef::Bit(bit)) => short(&[u8::from(bit)], out),
            (Self::Int { width, .. }, ValueRef::Int(number)) => return integer(width, number, out),
            (Self::Float { width: 8, .. }, ValueRef::Float(number)) => {
                short(&number.to_le_bytes(), out)
            }
            (Self::Float { .. }, ValueRef::Float(number)) => {
                short(&narrow(number).to_le_bytes(), out)
            }
            (Self::Money { width, .. }, ValueRef::Money(amount)) => {
                return money(width, amount, out);
            }
            (Self::DateTime { width, .. }, ValueRef::DateTime { days, ticks }) => {
                return datetime(width, days, ticks, out);
            }
            (Self::Decimal(decimal), ValueRef::Decimal(number)) => {
                return write_decimal(decimal, number, out);
            }
            (Self::Guid, ValueRef::Guid(guid)) => short(&swap_guid(guid), out),
            (Self::Date, ValueRef::Date(days)) => short(&days.to_le_bytes()[..3], out),
            (Self::Time(scale), ValueRef::Time(time)) => {
                short(&time.to_le_bytes()[..time_width(scale)], out)
            }
            (Self::DateTime2(scale), ValueRef::DateTime2 { days, time }) => {
                put_length(time_width(scale) + 3, out);
                put_moment(scale, days, time, out);
            }
            (Self::DateTimeOffset(scale), ValueRef::DateTimeOffset { days, time, offset }) => {
                put_length(time_width(scale) + 5, out);
                put_moment(scale, days, time, out);
                out.extend_from_slice(&offset.to_le_bytes());
            }
            (Self::VarChar(max, collation), ValueRef::String(text)) => {
                return variable(max, &collation.encode(text), out);
            }
            (Self::NVarChar(max, _), ValueRef::String(text)) => return utf16(max, text, out),
            (Self::Xml | Self::Long(LongType::NText(_)), ValueRef::String(text)) => {
                return utf16(MaxLength::Max, text, out);
            }
            (Self::Long(LongType::Text(collation)), ValueRef::String(text)) => {
                return variable(MaxLength::Max, &collation.encode(text), out);
            }
            (Self::VarBinary(max), ValueRef::Binary(bytes)) => return variable(max, bytes, out),
            (Self::Long(LongType::Image), ValueRef::Binary(bytes)) => {
                return variable(MaxLength::Max, bytes, out);
            }
            _ => return Err(Error::Invalid("value for its type")),
        }
        Ok(())
    }

    fn write_null(self, out: &mut Vec<u8>) {
        match self {
            Self::Null => {}
            Self::VarChar(MaxLength::Bytes(_), _)
            | Self::NVarChar(MaxLength::Bytes(_), _)
            | Self::VarBinary(MaxLength::Bytes(_)) => {
                out.extend_from_slice(&[0xFF; 2]);
            }
            Self::VarChar(..)
            | Self::NVarChar(..)
            | Self::VarBinary(_)
            | Self::Xml
            | Self::Long(_) => {
                out.extend_from_slice(&[0xFF; 8]);
            }
            _ => out.push(0),
        }
    }
}

fn put_length(length: usize, out: &mut Vec<u8>) {
    out.push(u8::try_from(length).expect("a short value has at most 17 bytes"));
}

fn short(bytes: &[u8], out: &mut Vec<u8>) {
    put_length(bytes.len(), out);
    out.extend_from_slice(bytes);
}

fn integer(width: u8, number: i64, out: &mut Vec<u8>) -> Result<()> {
    let too_large = |_| Error::Invalid("integer for its type");
    match width {
        1 => short(&u8::try_from(number).map_err(too_large)?.to_le_bytes(), out),
        2 => short(
            &i16::try_from(number).map_err(too_large)?.to_le_bytes(),
            out,
        ),
        4 => short(
            &i32::try_from(number).map_err(too_large)?.to_le_bytes(),
            out,
        ),
        _ => short(&number.to_le_bytes(), out),
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`real` is the nearest 32-bit value by definition"
)]
fn narrow(number: f64) -> f32 {
    number as f32
}

fn money(width: u8, amount: i64, out: &mut Vec<u8>) -> Result<()> {
    if width == 4 {
        let amount = i32::try_from(amount).map_err(|_| Error::Invalid("amount for its type"))?;
        short(&amount.to_le_bytes(), out);
        return Ok(());
    }
    // The high half comes first, each half little-endian.
    let bytes = amount.to_le_bytes();
    put_length(8, out);
    out.extend_from_slice(&bytes[4..]);
    out.extend_from_slice(&bytes[..4]);
    Ok(())
}

fn datetime(width: u8, days: i32, ticks: u32, out: &mut Vec<u8>) -> Result<()> {
    if width == 8 {
        put_length(8, out);
        out.extend_from_slice(&days.to_le_bytes());
        out.extend_from_slice(&ticks.to_le_bytes());
        return Ok(());
    }
    let days = u16::try_from(days).map_err(|_| Error::Invalid("date for its type"))?;
    let minutes =
        u16::try_from(ticks / (60 * 300)).map_err(|_| Error::Invalid("time for its type"))?;
    put_length(4, out);
    out.extend_from_slice(&days.to_le_bytes());
    out.extend_from_slice(&minutes.to_le_bytes());
    Ok(())
}

fn write_decimal(decimal: DecimalType, number: i128, out: &mut Vec<u8>) -> Result<()> {
    let magnitude = number.unsigned_abs();
    if magnitude >= 10_u128.pow(decimal.precision.into()) {
        return Err(Error::Invalid("decimal for its type"));
    }
    let width = decimal.width();
    out.push(width);
    out.push(u8::from(number >= 0));
    out.extend_from_slice(&magnitude.to_le_bytes()[..usize::from(width) - 1]);
    Ok(())
}

fn put_moment(scale: u8, days: u32, time: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&time.to_le_bytes()[..time_width(scale)]);
    out.extend_from_slice(&days.to_le_bytes()[..3]);
}

fn utf16(max: MaxLength, text: &str, out: &mut Vec<u8>) -> Result<()> {
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    variable(max, &bytes, out)
}

fn variable(max: MaxLength, bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let too_long = || Error::Invalid("length of a value for its type");
    match max {
        MaxLength::Bytes(max) => {
            let length = u16::try_from(bytes.len())
                .ok()
                .filter(|length| *length <= max)
                .ok_or_else(too_long)?;
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(bytes);
        }
        MaxLength::Max => {
            let total = u64::try_from(bytes.len()).map_err(|_| too_long())?;
            out.extend_from_slice(&total.to_le_bytes());
            for chunk in bytes.chunks(CHUNK) {
                let length = u32::try_from(chunk.len()).expect("a chunk is at most 64 KiB");
                out.extend_from_slice(&length.to_le_bytes());
                out.extend_from_slice(chunk);
            }
            out.extend_from_slice(&[0; 4]);
        }
    }
    Ok(())
}
