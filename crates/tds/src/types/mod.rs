//! Types and values: `TYPE_INFO` and the encodings of values, both ways.
//!
//! Output uses the nullable forms only; input also takes the fixed forms and the old long types.

mod decode;
mod encode;
mod info;

pub use info::{DecimalType, LongType, MaxLength, TypeInfo};

/// A value on its way in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// NULL of any type.
    Null,
    /// `bit`.
    Bit(bool),
    /// `tinyint`, unsigned.
    TinyInt(u8),
    /// `smallint`.
    SmallInt(i16),
    /// `int`.
    Int(i32),
    /// `bigint`.
    BigInt(i64),
    /// `real`.
    Real(f32),
    /// `float`.
    Float(f64),
    /// `decimal` or `numeric`: the number times ten to the power of the type's scale.
    Decimal(i128),
    /// `money` or `smallmoney`: the amount times 10,000.
    Money(i64),
    /// `date`: days since 0001-01-01.
    Date(u32),
    /// `time`: units of ten to the power of minus the type's scale, since midnight.
    Time(u64),
    /// `datetime` or `smalldatetime`: days since 1900-01-01 and 1/300 seconds since midnight.
    DateTime {
        /// Days since 1900-01-01.
        days: i32,
        /// 1/300 seconds since midnight.
        ticks: u32,
    },
    /// `datetime2`: as [`Value::Date`] and [`Value::Time`].
    DateTime2 {
        /// Days since 0001-01-01.
        days: u32,
        /// Units of ten to the power of minus the type's scale, since midnight.
        time: u64,
    },
    /// `datetimeoffset`: date and time in UTC, and the zone's offset in minutes.
    DateTimeOffset {
        /// Days since 0001-01-01, in UTC.
        days: u32,
        /// Units of ten to the power of minus the type's scale, since midnight UTC.
        time: u64,
        /// Minutes east of UTC.
        offset: i16,
    },
    /// `char`, `varchar`, `nchar`, `nvarchar`, `text`, `ntext` or `xml`.
    String(String),
    /// `binary`, `varbinary` or `image`.
    Binary(Vec<u8>),
    /// `uniqueidentifier`, in the order of its text form.
    Guid([u8; 16]),
}

/// A value on its way out, borrowed from where it is kept. Units are those of [`Value`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ValueRef<'a> {
    /// NULL of any type.
    Null,
    /// `bit`.
    Bit(bool),
    /// Any integer type; the type says how many bytes are written.
    Int(i64),
    /// `real` or `float`.
    Float(f64),
    /// `decimal` or `numeric`.
    Decimal(i128),
    /// `money`.
    Money(i64),
    /// `date`.
    Date(u32),
    /// `time`.
    Time(u64),
    /// `datetime`.
    DateTime {
        /// Days since 1900-01-01.
        days: i32,
        /// 1/300 seconds since midnight.
        ticks: u32,
    },
    /// `datetime2`.
    DateTime2 {
        /// Days since 0001-01-01.
        days: u32,
        /// Units of ten to the power of minus the type's scale, since midnight.
        time: u64,
    },
    /// `datetimeoffset`.
    DateTimeOffset {
        /// Days since 0001-01-01, in UTC.
        days: u32,
        /// Units of ten to the power of minus the type's scale, since midnight UTC.
        time: u64,
        /// Minutes east of UTC.
        offset: i16,
    },
    /// Text of any type.
    String(&'a str),
    /// Bytes of any type.
    Binary(&'a [u8]),
    /// `uniqueidentifier`, in the order of its text form.
    Guid([u8; 16]),
}

/// How many bytes a time of this scale takes.
fn time_width(scale: u8) -> usize {
    match scale {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

/// Between the text order of a GUID and the wire's, whose first three groups are little-endian. Its own inverse.
fn swap_guid(guid: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = guid;
    let mut swapped = [0; 16];
    swapped[..8].copy_from_slice(&[d, c, b, a, f, e, h, g]);
    swapped[8..].copy_from_slice(&rest);
    swapped
}

#[cfg(test)]
mod tests;
