//! Text to values, as `Parse` of each type reads it (culture en-US).

mod date;
mod exact;

use rust_decimal::Decimal;

use super::{CsError, CsResult, decimal};

pub(crate) use date::{date_time, time_span};
pub(crate) use exact::date_time_exact;

const BAD_NUMBER: &str = "Input string was not in a correct format.";

/// White space that number styles allow.
fn is_blank(c: char) -> bool {
    matches!(c, '\t'..='\r' | ' ')
}

fn trim(text: &str) -> &str {
    text.trim_matches(is_blank).trim_end_matches('\0')
}

/// An integer between the bounds of its type: blanks, sign, digits, blanks.
pub(crate) fn integer(text: &str, min: i128, max: i128, type_name: &str) -> CsResult<i128> {
    let digits = trim(text);
    let (negative, digits) = match digits.as_bytes().first() {
        Some(b'-') => (true, &digits[1..]),
        Some(b'+') => (false, &digits[1..]),
        _ => (false, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CsError::format(BAD_NUMBER));
    }
    let magnitude = digits.parse::<i128>().unwrap_or(i128::MAX);
    let value = if negative { -magnitude } else { magnitude };
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    let size = if min == 0 {
        format!("a {type_name}")
    } else {
        format!("an {type_name}")
    };
    Err(CsError::overflow(format!(
        "Value was either too large or too small for {size}."
    )))
}

/// Digits with sign, thousands, point and exponent as `double.Parse` allows.
fn real_text(text: &str) -> Option<String> {
    let text = trim(text);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    if let Some(sign) = chars.next_if(|c| matches!(c, '+' | '-')) {
        out.push(sign);
    }
    let mut digits = 0;
    let mut seen_point = false;
    while let Some(c) = chars.next_if(|c| c.is_ascii_digit() || matches!(c, ',' | '.')) {
        match c {
            ',' if digits > 0 && !seen_point => {}
            '.' if !seen_point => {
                seen_point = true;
                out.push('.');
            }
            c if c.is_ascii_digit() => {
                digits += 1;
                out.push(c);
            }
            _ => return None,
        }
    }
    if digits == 0 {
        return None;
    }
    if chars.next_if(|c| matches!(c, 'e' | 'E')).is_some() {
        out.push('e');
        if let Some(sign) = chars.next_if(|c| matches!(c, '+' | '-')) {
            out.push(sign);
        }
        let before = out.len();
        while let Some(c) = chars.next_if(char::is_ascii_digit) {
            out.push(c);
        }
        if out.len() == before {
            return None;
        }
    }
    chars.next().is_none().then_some(out)
}

/// `double.Parse`.
pub(crate) fn double(text: &str) -> CsResult<f64> {
    match trim(text) {
        "NaN" => return Ok(f64::NAN),
        "Infinity" => return Ok(f64::INFINITY),
        "-Infinity" => return Ok(f64::NEG_INFINITY),
        _ => {}
    }
    let value: f64 = real_text(text)
        .and_then(|t| t.parse().ok())
        .ok_or_else(|| CsError::format(BAD_NUMBER))?;
    if value.is_infinite() {
        return Err(CsError::overflow(
            "Value was either too large or too small for a Double.",
        ));
    }
    Ok(value)
}

/// `float.Parse`.
pub(crate) fn float(text: &str) -> CsResult<f32> {
    match trim(text) {
        "NaN" => return Ok(f32::NAN),
        "Infinity" => return Ok(f32::INFINITY),
        "-Infinity" => return Ok(f32::NEG_INFINITY),
        _ => {}
    }
    let value: f32 = real_text(text)
        .and_then(|t| t.parse().ok())
        .ok_or_else(|| CsError::format(BAD_NUMBER))?;
    if value.is_infinite() {
        return Err(CsError::overflow(
            "Value was either too large or too small for a Single.",
        ));
    }
    Ok(value)
}

/// `decimal.Parse`: no exponent.
pub(crate) fn dec(text: &str) -> CsResult<Decimal> {
    let text = real_text(text)
        .filter(|t| !t.contains('e'))
        .ok_or_else(|| CsError::format(BAD_NUMBER))?;
    decimal::parse(&text)
        .ok_or_else(|| CsError::overflow("Value was either too large or too small for a Decimal."))
}

/// `bool.Parse`: `true` or `false` in any case, blanks around.
pub(crate) fn boolean(text: &str) -> CsResult<bool> {
    let word = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if word.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if word.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(CsError::format(
            "String was not recognized as a valid Boolean.",
        ))
    }
}

/// `Guid.Parse`: `D`, `N`, `B` and `P`.
pub(crate) fn guid(text: &str) -> CsResult<[u8; 16]> {
    let bad = || {
        CsError::format(
            "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).",
        )
    };
    let text = text.trim();
    let inner = text
        .strip_prefix('{')
        .and_then(|t| t.strip_suffix('}'))
        .or_else(|| text.strip_prefix('(').and_then(|t| t.strip_suffix(')')))
        .unwrap_or(text);
    let dashes: Vec<usize> = inner.match_indices('-').map(|(at, _)| at).collect();
    let hex = match (inner.len(), dashes.as_slice()) {
        (36, [8, 13, 18, 23]) => inner.replace('-', ""),
        (32, []) if inner.len() == text.len() => inner.to_owned(),
        _ => return Err(bad()),
    };
    if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(bad());
    }
    let number = u128::from_str_radix(&hex, 16).map_err(|_| bad())?;
    Ok(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let int = |text| integer(text, i128::from(i32::MIN), i128::from(i32::MAX), "Int32");
        assert_eq!(int(" 7 "), Ok(7));
        assert_eq!(int("-2147483648"), Ok(-2147483648));
        assert_eq!(
            int("2147483648").map_err(|e| e.exception),
            Err("System.OverflowException")
        );
        for text in ["", "1.0", "1e3", "0x1", "- 1", "1,000"] {
            assert_eq!(
                int(text).map_err(|e| e.exception),
                Err("System.FormatException"),
                "{text}"
            );
        }
        assert_eq!(double(" -1,234.5e1 "), Ok(-12345.0));
        assert!(double("1e999").is_err());
        assert!(double("1.2.3").is_err());
        assert_eq!(float(".5"), Ok(0.5));
        assert_eq!(
            dec("1,000.10").map(|d| d.to_string()),
            Ok("1000.10".to_owned())
        );
        assert!(dec("1e3").is_err());
        assert_eq!(boolean(" TRUE "), Ok(true));
        assert!(boolean("1").is_err());
        assert_eq!(time_span("1.02:03:04.5"), Ok(937_845_000_000));
    }

    #[test]
    fn guids() {
        let bytes = guid("F9168C5E-CEB2-4FAA-B6BF-329BF39FA1E4").expect("a guid");
        assert_eq!(bytes[0], 0xF9);
        assert_eq!(guid("{f9168c5e-ceb2-4faa-b6bf-329bf39fa1e4}"), Ok(bytes));
        assert_eq!(guid("f9168c5eceb24faab6bf329bf39fa1e4"), Ok(bytes));
        assert!(guid("f9168c5eceb24faab6bf329bf39fa1e").is_err());
    }
}
