//! Numbers as text by the rules of .NET Framework 4.5, culture en-US: the
//! digits first, then the standard and custom format strings over them.

mod custom;
mod digits;

use rust_decimal::Decimal;

use super::{CsError, CsResult};
use custom::custom;
use digits::{Digits, grouped};

/// A number that a format string meets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    /// With its two's complement in the width of its type, for `X`.
    Integer {
        negative: bool,
        magnitude: u64,
        bits: u64,
    },
    Float(f32),
    Double(f64),
    Decimal(Decimal),
}

impl Number {
    /// Its digits: at most 15 of a double and 7 of a float, unless `precision`
    /// asks for more.
    fn digits(self, precision: usize) -> Digits {
        match self {
            Self::Integer {
                negative,
                magnitude,
                ..
            } => Digits::of_integer(negative, magnitude),
            Self::Float(value) => Digits::of_float(value, precision.clamp(7, 9)),
            Self::Double(value) => Digits::of_double(value, precision.clamp(15, 17)),
            Self::Decimal(value) => Digits::of_decimal(value),
        }
    }

    fn special(self) -> Option<&'static str> {
        match self {
            Self::Float(value) => special(f64::from(value)),
            Self::Double(value) => special(value),
            _ => None,
        }
    }
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("Infinity")
    } else if value == f64::NEG_INFINITY {
        Some("-Infinity")
    } else {
        None
    }
}

/// `double.ToString("R")`: 15 digits where they give the same number back, else 17.
pub(crate) fn round_trip_double(value: f64) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let short = format!("{value:.14e}");
    if short.parse() == Ok(value) {
        return Digits::of_scientific(&short).general(15, 'E', 2);
    }
    Digits::of_double(value, 17).general(17, 'E', 2)
}

/// `float.ToString("R")`: 7 digits where they give the same number back, else 9.
pub(crate) fn round_trip_float(value: f32) -> String {
    if let Some(text) = special(f64::from(value)) {
        return text.to_owned();
    }
    let short = format!("{value:.6e}");
    if short.parse() == Ok(value) {
        return Digits::of_scientific(&short).general(7, 'E', 2);
    }
    Digits::of_float(value, 9).general(9, 'E', 2)
}

/// `double.ToString()`.
pub(crate) fn double_to_string(value: f64) -> String {
    special(value).map_or_else(
        || Digits::of_double(value, 15).general(15, 'E', 2),
        ToOwned::to_owned,
    )
}

/// `float.ToString()`.
pub(crate) fn float_to_string(value: f32) -> String {
    special(f64::from(value)).map_or_else(
        || Digits::of_float(value, 7).general(7, 'E', 2),
        ToOwned::to_owned,
    )
}

/// `value.ToString(format)` of a number.
pub(crate) fn format(number: Number, format: &str) -> CsResult<String> {
    if let Some(text) = number.special() {
        return Ok(text.to_owned());
    }
    let mut chars = format.chars();
    let Some(letter) = chars.next() else {
        return standard(number, 'G', None);
    };
    let rest = chars.as_str();
    let is_standard =
        letter.is_ascii_alphabetic() && rest.len() <= 2 && rest.bytes().all(|b| b.is_ascii_digit());
    if is_standard {
        standard(number, letter, rest.parse().ok())
    } else {
        custom(number, format)
    }
}

fn bad_format() -> CsError {
    CsError::format("Format specifier was invalid.")
}

fn standard(number: Number, letter: char, precision: Option<usize>) -> CsResult<String> {
    let mut digits = number.digits(0);
    Ok(match letter.to_ascii_uppercase() {
        'D' => {
            let Number::Integer { .. } = number else {
                return Err(bad_format());
            };
            format!(
                "{}{:0>width$}",
                digits.sign(),
                digits.whole(),
                width = precision.unwrap_or(1)
            )
        }
        'X' => {
            let Number::Integer { bits, .. } = number else {
                return Err(bad_format());
            };
            let width = precision.unwrap_or(1);
            if letter == 'X' {
                format!("{bits:0width$X}")
            } else {
                format!("{bits:0width$x}")
            }
        }
        'F' => {
            let places = precision.unwrap_or(2);
            digits.round(places);
            digits.plain(places)
        }
        'N' => {
            let places = precision.unwrap_or(2);
            digits.round(places);
            grouped_plain(&digits, places)
        }
        'C' => {
            let places = precision.unwrap_or(2);
            digits.round(places);
            let negative = digits.negative;
            digits.negative = false;
            let text = grouped_plain(&digits, places);
            if negative {
                format!("(${text})")
            } else {
                format!("${text}")
            }
        }
        'P' => {
            let places = precision.unwrap_or(2);
            if !digits.digits.is_empty() {
                digits.scale += 2;
            }
            digits.round(places);
            format!("{} %", grouped_plain(&digits, places))
        }
        'E' => {
            let places = precision.unwrap_or(6);
            digits.keep(i64::try_from(places).unwrap_or(0) + 1);
            let fraction: String = (1..=places)
                .map(|at| digits.digit(i64::try_from(at).unwrap_or(0)))
                .collect();
            let point = if places == 0 { "" } else { "." };
            let power = if digits.digits.is_empty() {
                0
            } else {
                digits.scale - 1
            };
            let sign = if power < 0 { '-' } else { '+' };
            format!(
                "{}{}{point}{fraction}{letter}{sign}{:03}",
                digits.sign(),
                digits.digit(0),
                power.unsigned_abs()
            )
        }
        'R' => match number {
            Number::Double(value) => round_trip_double(value),
            Number::Float(value) => round_trip_float(value),
            _ => return Err(bad_format()),
        },
        'G' => {
            let exponent = if letter == 'G' { 'E' } else { 'e' };
            let precision = precision.filter(|p| *p > 0);
            match (number, precision) {
                // A decimal's own places, unless a precision is asked for.
                (Number::Decimal(_), None) => digits.plain(digits.places.unwrap_or(0)),
                (Number::Integer { .. }, None) => digits.plain(0),
                (Number::Float(_), None) => digits.general(7, exponent, 2),
                (Number::Double(_), None) => digits.general(15, exponent, 2),
                (_, Some(precision)) => {
                    let mut digits = number.digits(precision);
                    digits.keep(i64::try_from(precision).unwrap_or(i64::MAX));
                    digits.general(precision, exponent, 2)
                }
            }
        }
        _ => return Err(bad_format()),
    })
}

fn grouped_plain(digits: &Digits, places: usize) -> String {
    let sign = if digits.digits.is_empty() {
        ""
    } else {
        digits.sign()
    };
    let whole = grouped(&digits.whole());
    if places == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{}", digits.fraction(places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(value: f64, text: &str) -> String {
        format(Number::Double(value), text).unwrap_or_else(|e| e.to_string())
    }

    fn int(value: i32, text: &str) -> String {
        let magnitude = u64::from(value.unsigned_abs());
        let bits = u64::from(value.cast_unsigned());
        format(
            Number::Integer {
                negative: value < 0,
                magnitude,
                bits,
            },
            text,
        )
        .unwrap_or_else(|e| e.to_string())
    }

    /// U-SQL 003, 004 and section 2.3.
    #[test]
    fn round_trips_of_the_framework() {
        for (value, text) in [
            (1.0 / 3.0, "0.33333333333333331"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e20, "1E+20"),
            (1e15, "1E+15"),
            (1e14, "100000000000000"),
            (0.0001, "0.0001"),
            (0.00001, "1E-05"),
            (201.0, "201"),
            (-0.0, "0"),
            (-1.5, "-1.5"),
            (2.0 / 3.0, "0.66666666666666663"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
            (1.1e-7, "1.1E-07"),
        ] {
            assert_eq!(round_trip_double(value), text);
        }
        assert_eq!(double_to_string(2.0 / 3.0), "0.666666666666667");
        for (value, text) in [
            (0.1_f32, "0.1"),
            (1.0_f32 / 3.0, "0.333333343"),
            (1e7_f32, "1E+07"),
            (0.517_107_07_f32, "0.517107069"),
            (0.781_511_6, "0.7815116"),
        ] {
            assert_eq!(round_trip_float(value), text);
        }
    }

    #[test]
    fn standard_formats() {
        assert_eq!(double(1234.5, "N2"), "1,234.50");
        assert_eq!(double(-1234567.891, "N0"), "-1,234,568");
        assert_eq!(double(2.675, "F2"), "2.68");
        assert_eq!(double(-0.001, "F2"), "0.00");
        assert_eq!(double(0.1234, "P"), "12.34 %");
        assert_eq!(double(-3.5, "C"), "($3.50)");
        assert_eq!(double(123456.0, "E"), "1.234560E+005");
        assert_eq!(double(123456.0, "e2"), "1.23e+005");
        assert_eq!(double(123456.0, "G3"), "1.23E+05");
        assert_eq!(double(0.1 + 0.2, "R"), "0.30000000000000004");
        assert_eq!(int(42, "D5"), "00042");
        assert_eq!(int(-42, "D5"), "-00042");
        assert_eq!(int(255, "X"), "FF");
        assert_eq!(int(-1, "x4"), "ffffffff");
        assert_eq!(
            double(1.5, "D2"),
            "System.FormatException: Format specifier was invalid."
        );
        assert_eq!(int(9999, "F1"), "9999.0");
        assert_eq!(double(0.96, "F1"), "1.0");
    }

    #[test]
    fn custom_formats() {
        assert_eq!(double(1234.5678, "0.00"), "1234.57");
        assert_eq!(double(1234.5678, "#,##0.0#"), "1,234.57");
        assert_eq!(double(0.5, "#.##"), ".5");
        assert_eq!(double(5.0, "#.##"), "5");
        assert_eq!(int(7, "000"), "007");
        assert_eq!(double(0.256, "0.0%"), "25.6%");
        assert_eq!(double(-5.0, "0;(0)"), "(5)");
        assert_eq!(double(0.0, "0;-0;zero"), "zero");
        assert_eq!(int(123456789, "000-00-0000"), "123-45-6789");
        assert_eq!(double(0.1, "G17"), "0.10000000000000001");
        assert_eq!(double(12345678.0, "0,,"), "12");
        assert_eq!(double(12345.0, "0.##E+00"), "1.23E+04");
        assert_eq!(int(5, "'#'0"), "#5");
    }
}
