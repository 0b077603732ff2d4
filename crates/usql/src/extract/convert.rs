//! Fields to values: the extractor's own rules, which are stricter than those
//! of `Parse` and know nothing of cultures.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Decimal256Builder, FixedSizeBinaryBuilder,
    PrimitiveBuilder, StringBuilder,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::fields::{Cell, RowIssue, Table};
use super::{CharFormat, TextFormat};
use crate::cs::datetime::{self, Parts};
use crate::cs::{Type, decimal, parse};
use crate::expr::column::store_decimal;

/// Why a column of a table could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadCell {
    pub(super) row: usize,
    pub(super) issue: CellIssue,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellIssue {
    /// Null, for a column that cannot be null.
    Null,
    /// No value of the type.
    Invalid,
    /// The row itself.
    Row(RowIssue),
}

/// A field as the null rules see it.
enum Content<'t> {
    Null,
    Text(std::borrow::Cow<'t, [u8]>),
}

fn content<'t>(cell: Cell<'t>, format: &TextFormat, is_text: bool) -> Content<'t> {
    let empty = cell.bytes.is_empty();
    let null = match &format.null_escape {
        Some(escape) if escape.is_empty() => {
            // The reference's table: `""` is null; an empty field is the empty
            // string, or null for other types.
            empty && (cell.quoted || !is_text || !format.quoting)
        }
        Some(escape) if !cell.quoted && *cell.bytes == *escape.as_bytes() => true,
        _ => empty && !cell.quoted && (!is_text || format.empty_is_null),
    };
    if null {
        Content::Null
    } else {
        Content::Text(cell.bytes)
    }
}

/// The column at `place` of the rows that are not skipped. `now` completes
/// dates without a year.
pub(super) fn column(
    table: &Table<'_>,
    place: usize,
    ty: &Type,
    format: &TextFormat,
    now: i64,
) -> Result<ArrayRef, BadCell> {
    let rows = Rows {
        table,
        place,
        format,
        nullable: ty.is_nullable(),
    };
    match ty.underlying() {
        Type::String => rows.strings(),
        Type::Bool => rows.booleans(),
        Type::SByte => rows.numbers::<Int8Type>(|text| integer(text, true)?.try_into().ok()),
        Type::Byte => rows.numbers::<UInt8Type>(|text| integer(text, false)?.try_into().ok()),
        Type::Short => rows.numbers::<Int16Type>(|text| integer(text, true)?.try_into().ok()),
        Type::UShort => rows.numbers::<UInt16Type>(|text| integer(text, false)?.try_into().ok()),
        Type::Int => rows.numbers::<Int32Type>(|text| integer(text, true)?.try_into().ok()),
        Type::UInt => rows.numbers::<UInt32Type>(|text| integer(text, false)?.try_into().ok()),
        Type::Long => rows.numbers::<Int64Type>(|text| integer(text, true)?.try_into().ok()),
        Type::ULong => rows.numbers::<UInt64Type>(|text| integer(text, false)?.try_into().ok()),
        Type::Float => rows.numbers::<Float32Type>(|text| real::<f32>(text).map(|n| n + 0.0)),
        Type::Double => rows.numbers::<Float64Type>(|text| real::<f64>(text).map(|n| n + 0.0)),
        Type::Char => rows.numbers::<UInt16Type>(|text| character(text, format.char_format)),
        Type::DateTime => rows.numbers::<Int64Type>(|text| date_time(text, now)),
        Type::Decimal => rows.decimals(),
        Type::Guid => rows.guids(),
        // `byte[]`: nothing else gets past the binder.
        _ => rows.bytes(),
    }
}

struct Rows<'a> {
    table: &'a Table<'a>,
    place: usize,
    format: &'a TextFormat,
    nullable: bool,
}

impl Rows<'_> {
    /// Calls `push` with the content of each field; where it returns false, the
    /// field holds no value of the type, which `silent` turns into null.
    fn each(
        &self,
        is_text: bool,
        mut push: impl FnMut(Option<&[u8]>) -> bool,
    ) -> Result<(), BadCell> {
        let mut skipped = self.table.skipped.iter().peekable();
        for row in 0..self.table.rows() {
            if skipped.next_if_eq(&&row).is_some() {
                continue;
            }
            let cell = self.table.cell(row, self.place).map_err(|issue| BadCell {
                row,
                issue: CellIssue::Row(issue),
            })?;
            match content(cell, self.format, is_text) {
                Content::Null if !self.nullable => {
                    return Err(BadCell {
                        row,
                        issue: CellIssue::Null,
                    });
                }
                Content::Null => {
                    push(None);
                }
                Content::Text(text) => {
                    if !push(Some(&text)) {
                        if !(self.format.silent && self.nullable) {
                            return Err(BadCell {
                                row,
                                issue: CellIssue::Invalid,
                            });
                        }
                        push(None);
                    }
                }
            }
        }
        Ok(())
    }

    fn numbers<T: ArrowPrimitiveType>(
        &self,
        read: impl Fn(&[u8]) -> Option<T::Native>,
    ) -> Result<ArrayRef, BadCell> {
        let mut builder = PrimitiveBuilder::<T>::with_capacity(self.table.rows());
        self.each(false, |text| match text {
            None => {
                builder.append_null();
                true
            }
            Some(text) => match read(text) {
                Some(value) => {
                    builder.append_value(value);
                    true
                }
                None => false,
            },
        })?;
        Ok(Arc::new(builder.finish()))
    }

    fn strings(&self) -> Result<ArrayRef, BadCell> {
        let mut builder = StringBuilder::with_capacity(self.table.rows(), self.table.rows() * 8);
        self.each(true, |text| match text.map(std::str::from_utf8) {
            None => {
                builder.append_null();
                true
            }
            Some(Ok(text)) => {
                builder.append_value(text);
                true
            }
            Some(Err(_)) => false,
        })?;
        Ok(Arc::new(builder.finish()))
    }

    fn booleans(&self) -> Result<ArrayRef, BadCell> {
        let mut builder = BooleanBuilder::with_capacity(self.table.rows());
        self.each(false, |text| match text {
            None => {
                builder.append_null();
                true
            }
            Some(text) if text.eq_ignore_ascii_case(b"true") => {
                builder.append_value(true);
                true
            }
            Some(text) if text.eq_ignore_ascii_case(b"false") => {
                builder.append_value(false);
                true
            }
            Some(_) => false,
        })?;
        Ok(Arc::new(builder.finish()))
    }

    fn decimals(&self) -> Result<ArrayRef, BadCell> {
        let mut builder = Decimal256Builder::with_capacity(self.table.rows());
        self.each(false, |text| match text {
            None => {
                builder.append_null();
                true
            }
            Some(text) => match decimal_of(text) {
                Some(value) => {
                    builder.append_value(store_decimal(value));
                    true
                }
                None => false,
            },
        })?;
        Ok(Arc::new(
            builder
                .finish()
                .with_data_type(DataType::Decimal256(76, 28)),
        ))
    }

    fn guids(&self) -> Result<ArrayRef, BadCell> {
        let mut builder = FixedSizeBinaryBuilder::with_capacity(self.table.rows(), 16);
        self.each(false, |text| match text {
            None => {
                builder.append_null();
                true
            }
            Some(text) => match guid(text) {
                Some(bytes) => builder.append_value(bytes).is_ok(),
                None => false,
            },
        })?;
        Ok(Arc::new(builder.finish()))
    }

    fn bytes(&self) -> Result<ArrayRef, BadCell> {
        let mut builder = BinaryBuilder::with_capacity(self.table.rows(), self.table.rows() * 8);
        self.each(false, |text| match text {
            None => {
                builder.append_null();
                true
            }
            Some(text) => match hex(text) {
                Some(bytes) => {
                    builder.append_value(bytes);
                    true
                }
                None => false,
            },
        })?;
        Ok(Arc::new(builder.finish()))
    }
}

fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

/// `[ws][sign]digits[ws]`; unsigned types take only `+`.
fn integer(text: &[u8], signed: bool) -> Option<i128> {
    let text = trim(text);
    let (negative, digits) = match text.first()? {
        b'-' if signed => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 30 {
        return None;
    }
    let mut value: i128 = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i128::from(byte - b'0');
    }
    Some(if negative { -value } else { value })
}

/// As integers, with a point, an exponent with `e` or `d`, and the three names.
fn real<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(trim(text)).ok()?;
    match text {
        "Infinity" => return "inf".parse().ok(),
        "-Infinity" => return "-inf".parse().ok(),
        "NaN" => return "nan".parse().ok(),
        _ => {}
    }
    // Rust also knows `inf` and `nan`.
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    if plain {
        return text.parse().ok();
    }
    let exponent = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.dD".contains(&b));
    if exponent {
        text.replace(['d', 'D'], "e").parse().ok()
    } else {
        None
    }
}

fn decimal_of(text: &[u8]) -> Option<rust_decimal::Decimal> {
    let text = std::str::from_utf8(trim(text)).ok()?;
    if text.contains(['e', 'E']) {
        None
    } else {
        decimal::parse(text)
    }
}

/// The number of a UTF-16 unit, or the character itself.
fn character(text: &[u8], format: CharFormat) -> Option<u16> {
    match format {
        CharFormat::Uint16 => integer(text, false)?.try_into().ok(),
        CharFormat::String => {
            let mut units = std::str::from_utf8(text).ok()?.encode_utf16();
            match (units.next(), units.next()) {
                (Some(unit), None) => Some(unit),
                _ => None,
            }
        }
    }
}

fn guid(text: &[u8]) -> Option<[u8; 16]> {
    let text = std::str::from_utf8(trim(text)).ok()?;
    if text.starts_with('(') {
        None
    } else {
        parse::guid(text).ok()
    }
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|pair| {
            let digit = |b: u8| char::from(b).to_digit(16);
            u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()
        })
        .collect()
}

fn date_time(text: &[u8], now: i64) -> Option<i64> {
    let text = trim(text);
    iso(text).or_else(|| {
        parse::date_time(std::str::from_utf8(text).ok()?, now)
            .ok()
            .map(|date| date.ticks)
    })
}

/// The common form `yyyy-MM-dd[ HH:mm:ss[.fffffff]]`, without detours.
fn iso(text: &[u8]) -> Option<i64> {
    let two = |at: usize| {
        let (a, b) = (text.get(at)?, text.get(at + 1)?);
        (a.is_ascii_digit() && b.is_ascii_digit())
            .then(|| i32::from(a - b'0') * 10 + i32::from(b - b'0'))
    };
    let year = two(0)? * 100 + two(2)?;
    if text.get(4) != Some(&b'-') || text.get(7) != Some(&b'-') {
        return None;
    }
    let mut parts = Parts {
        year,
        month: two(5)?,
        day: two(8)?,
        hour: 0,
        minute: 0,
        second: 0,
        fraction: 0,
    };
    if text.len() > 10 {
        if !matches!(text[10], b' ' | b'T')
            || text.get(13) != Some(&b':')
            || text.get(16) != Some(&b':')
        {
            return None;
        }
        (parts.hour, parts.minute, parts.second) = (two(11)?, two(14)?, two(17)?);
        if text.len() > 19 {
            let digits = &text[20..];
            if text[19] != b'.' || digits.is_empty() || digits.len() > 7 {
                return None;
            }
            for place in 0..7 {
                let digit = digits.get(place).copied().unwrap_or(b'0');
                digit.is_ascii_digit().then_some(())?;
                parts.fraction = parts.fraction * 10 + i32::from(digit - b'0');
            }
        }
    }
    datetime::ticks(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(integer(b" +7 ", false), Some(7));
        assert_eq!(integer(b"-7", true), Some(-7));
        for text in ["-7", "", "1.0", "1,000", "1e3", "+"] {
            assert_eq!(integer(text.as_bytes(), false), None, "{text}");
        }
        assert_eq!(real::<f64>(b"1.5d3"), Some(1500.0));
        assert_eq!(real::<f64>(b"-Infinity"), Some(f64::NEG_INFINITY));
        for text in ["inf", "nan", "1e", "0x1", ""] {
            assert_eq!(real::<f64>(text.as_bytes()), None, "{text}");
        }
        assert_eq!(
            decimal_of(b" 1.50 ").map(|d| d.to_string()),
            Some("1.50".to_owned())
        );
        assert_eq!(decimal_of(b"1e3"), None);
    }

    #[test]
    fn other_types() {
        assert_eq!(character(b"65", CharFormat::Uint16), Some(65));
        assert_eq!(character("ä".as_bytes(), CharFormat::String), Some(0xE4));
        assert_eq!(character("😀".as_bytes(), CharFormat::String), None);
        assert_eq!(hex(b"01fF"), Some(vec![1, 255]));
        assert_eq!(hex(b"01f"), None);
        assert!(guid(b"{F9168C5E-CEB2-4FAA-B6BF-329BF39FA1E4}").is_some());
        assert!(guid(b"(F9168C5E-CEB2-4FAA-B6BF-329BF39FA1E4)").is_none());
    }

    #[test]
    fn the_short_way_for_dates_agrees_with_the_long_one() {
        for text in [
            "2016-01-02",
            "2016-01-02T03:04:05",
            "2016-01-02 03:04:05.5",
            "2016-12-31T23:59:59.1234567",
        ] {
            let long = parse::date_time(text, 0).map(|d| d.ticks).ok();
            assert_eq!(iso(text.as_bytes()), long, "{text}");
        }
        for text in [
            "2016-13-01",
            "2016-1-02",
            "2016-01-02x",
            "2016-01-02T03:04",
            "",
        ] {
            assert_eq!(iso(text.as_bytes()), None, "{text}");
        }
    }
}
