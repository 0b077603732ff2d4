//! `ToString`, `ToString(format)` and composite formats of any value.

use super::number::{self, Number};
use super::{CsError, CsResult, EnumType, Type, Value, datetime, text};

/// `value.ToString()`; null gives the empty string, as in `+` and `Format`.
pub(crate) fn to_string(value: &Value, ty: &Type) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
        Value::Float(value) => number::float_to_string(*value),
        Value::Double(value) => number::double_to_string(*value),
        Value::Decimal(value) => value.to_string(),
        Value::Char(unit) => text::from_units(&[*unit]),
        Value::String(text) => text.to_string(),
        Value::DateTime(value) => datetime::format(*value, "").unwrap_or_default(),
        Value::TimeSpan(ticks) => datetime::span_to_string(*ticks),
        Value::Guid(bytes) => guid(bytes, 'D'),
        Value::Enum(value) => enum_name(*value, ty),
        Value::Pair(pair) => match ty.underlying() {
            Type::KeyValuePair(key, item) => format!(
                "[{}, {}]",
                to_string(&pair.0, key),
                to_string(&pair.1, item)
            ),
            _ => ty.to_string(),
        },
        Value::Bytes(_) => "System.Byte[]".to_owned(),
        Value::List(_) | Value::Map(_) | Value::Group(_) | Value::Encoding(_) => ty.to_string(),
        integer => integer_text(integer),
    }
}

fn integer_text(value: &Value) -> String {
    match *value {
        Value::SByte(n) => n.to_string(),
        Value::Byte(n) => n.to_string(),
        Value::Short(n) => n.to_string(),
        Value::UShort(n) => n.to_string(),
        Value::Int(n) => n.to_string(),
        Value::UInt(n) => n.to_string(),
        Value::Long(n) => n.to_string(),
        Value::ULong(n) => n.to_string(),
        _ => String::new(),
    }
}

fn enum_name(value: i32, ty: &Type) -> String {
    let Type::Enum(name) = ty.underlying() else {
        return value.to_string();
    };
    let member = EnumType::members(*name).iter().find(|(_, n)| *n == value);
    member.map_or_else(|| value.to_string(), |(name, _)| (*name).to_owned())
}

/// `guid.ToString(format)` for `D N B P`.
pub(crate) fn guid(bytes: &[u8; 16], format: char) -> String {
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let dashed = format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    );
    match format {
        'N' | 'n' => hex,
        'B' | 'b' => format!("{{{dashed}}}"),
        'P' | 'p' => format!("({dashed})"),
        _ => dashed,
    }
}

/// The number in a value, if it is one.
fn number_of(value: &Value) -> Option<Number> {
    let integer = |negative, magnitude, bits| {
        Some(Number::Integer {
            negative,
            magnitude,
            bits,
        })
    };
    match *value {
        Value::SByte(n) => integer(
            n < 0,
            u64::from(n.unsigned_abs()),
            u64::from(n.cast_unsigned()),
        ),
        Value::Byte(n) => integer(false, n.into(), n.into()),
        Value::Short(n) => integer(
            n < 0,
            u64::from(n.unsigned_abs()),
            u64::from(n.cast_unsigned()),
        ),
        Value::UShort(n) => integer(false, n.into(), n.into()),
        Value::Int(n) => integer(
            n < 0,
            u64::from(n.unsigned_abs()),
            u64::from(n.cast_unsigned()),
        ),
        Value::UInt(n) => integer(false, n.into(), n.into()),
        Value::Long(n) => integer(n < 0, n.unsigned_abs(), n.cast_unsigned()),
        Value::ULong(n) => integer(false, n, n),
        Value::Float(n) => Some(Number::Float(n)),
        Value::Double(n) => Some(Number::Double(n)),
        Value::Decimal(n) => Some(Number::Decimal(n)),
        _ => None,
    }
}

/// `value.ToString(format)`.
pub(crate) fn with_format(value: &Value, ty: &Type, format: &str) -> CsResult<String> {
    if format.is_empty() {
        return Ok(to_string(value, ty));
    }
    if let Some(number) = number_of(value) {
        return number::format(number, format);
    }
    match value {
        Value::DateTime(value) => datetime::format(*value, format),
        Value::Guid(bytes) => match format.as_bytes() {
            [letter] if b"NDBPndbp".contains(letter) => Ok(guid(bytes, char::from(*letter))),
            _ => Err(CsError::format(
                "Format String can be only \"D\", \"d\", \"N\", \"n\", \"P\", \"p\", \"B\", \"b\", \"X\" or \"x\".",
            )),
        },
        Value::TimeSpan(ticks) => match format {
            "c" | "t" | "T" => Ok(datetime::span_to_string(*ticks)),
            _ => Err(CsError::format("Input string was not in a correct format.")),
        },
        _ => Ok(to_string(value, ty)),
    }
}

/// `string.Format(pattern, args)`; `{n,width:format}`.
pub(crate) fn composite(pattern: &str, args: &[(Value, Type)]) -> CsResult<String> {
    let bad = || CsError::format("Input string was not in a correct format.");
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if rest.starts_with(brace) {
            out.push_str(brace);
            rest = &rest[1..];
            continue;
        }
        if brace == "}" {
            return Err(bad());
        }
        let end = rest.find('}').ok_or_else(bad)?;
        let hole = &rest[..end];
        rest = &rest[end + 1..];
        let (head, format) = hole.split_once(':').unwrap_or((hole, ""));
        let (index, width) = match head.split_once(',') {
            Some((index, width)) => (index, width.trim().parse::<i32>().map_err(|_| bad())?),
            None => (head, 0),
        };
        let index: usize = index.trim().parse().map_err(|_| bad())?;
        let (value, ty) = args.get(index).ok_or_else(|| {
            CsError::format(
                "Index (zero based) must be greater than or equal to zero and less than the size of the argument list.",
            )
        })?;
        out.push_str(&aligned(with_format(value, ty, format)?, width));
    }
    out.push_str(rest);
    Ok(out)
}

/// Padded with blanks: left for a positive width, right for a negative one.
pub(crate) fn aligned(text: String, width: i32) -> String {
    let missing = usize::try_from(width.unsigned_abs())
        .unwrap_or(0)
        .saturating_sub(text::length(&text));
    let blanks = " ".repeat(missing);
    if width < 0 {
        text + &blanks
    } else {
        blanks + &text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cs::parse;

    #[test]
    fn composite_formats() {
        let date = parse::date_time("1/1/2016", 0).expect("a date");
        let args = [
            (Value::Double(1234.5), Type::Double),
            (Value::Int(7), Type::Int),
            (Value::DateTime(date), Type::DateTime),
            (Value::Null, Type::String),
            (Value::Enum(1), Type::Enum(EnumType::DayOfWeek)),
        ];
        // U-SQL 067.
        assert_eq!(
            composite("{0:N2}|{1,5}|{2:yyyy}|{3}|{4,-8}|{{}}", &args).as_deref(),
            Ok("1,234.50|    7|2016||Monday  |{}")
        );
        assert!(composite("{5}", &args).is_err());
        assert!(composite("{0", &args).is_err());
        assert!(composite("}", &args).is_err());
    }

    #[test]
    fn plain_text_of_values() {
        assert_eq!(to_string(&Value::Bool(true), &Type::Bool), "True");
        assert_eq!(
            to_string(&Value::Double(2.0 / 3.0), &Type::Double),
            "0.666666666666667"
        );
        assert_eq!(
            to_string(&Value::Guid([0xAB; 16]), &Type::Guid),
            "abababab-abab-abab-abab-abababababab"
        );
        assert_eq!(to_string(&Value::SByte(-3), &Type::SByte), "-3");
    }
}
