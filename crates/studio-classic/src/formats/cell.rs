//! What a single cell is: a missing marker, a number, a boolean, or text.

use super::number::number;

/// What one cell is by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    Missing,
    /// Fits `i64`. `minus` tells that a minus sign stands before it, as in `-0`.
    Integer {
        value: i64,
        minus: bool,
    },
    /// Above `i64::MAX`, fits `u64`.
    Unsigned(u64),
    /// An integer beyond both.
    Oversized,
    /// A number with a fraction or an exponent, or an infinity.
    Float(f64),
    Bool(bool),
    Text,
}

impl Cell {
    pub(super) fn of(cell: &[u8]) -> Self {
        if is_missing(cell) {
            Self::Missing
        } else if let Some(number) = number(cell) {
            number
        } else {
            parse_bool(cell).map_or(Self::Text, Self::Bool)
        }
    }
}

/// Whether a cell, after its quotes were removed, stands for a missing value.
#[inline(always)]
pub(super) fn is_missing(cell: &[u8]) -> bool {
    match cell.first() {
        None => true,
        Some(b'#' | b'-' | b'1' | b'<' | b'N' | b'n') if cell.len() <= 8 => is_marker(cell),
        Some(_) => false,
    }
}

#[inline(never)]
fn is_marker(cell: &[u8]) -> bool {
    matches!(
        cell,
        b"#N/A"
            | b"#N/A N/A"
            | b"#NA"
            | b"-1.#IND"
            | b"-1.#QNAN"
            | b"-NaN"
            | b"-nan"
            | b"1.#IND"
            | b"1.#QNAN"
            | b"<NA>"
            | b"N/A"
            | b"NA"
            | b"NULL"
            | b"NaN"
            | b"None"
            | b"n/a"
            | b"nan"
            | b"null"
    )
}

/// `true` or `false` in any letter case, nothing around it.
pub(super) fn parse_bool(cell: &[u8]) -> Option<bool> {
    if cell.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if cell.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::number::{parse_f32, parse_f64, parse_i64, parse_u64};

    fn of(cell: &str) -> Cell {
        Cell::of(cell.as_bytes())
    }

    fn integer(value: i64) -> Cell {
        Cell::Integer {
            value,
            minus: value < 0,
        }
    }

    // studio S-126
    #[test]
    fn missing_markers_are_exact() {
        for marker in [
            "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND",
            "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "n/a", "nan", "null", "None",
        ] {
            assert_eq!(of(marker), Cell::Missing, "{marker:?}");
        }
        for text in [
            "na", "NA ", " NA", "Nan", "NAN", "none", "Null", "N/a", "+nan", "-NAN",
        ] {
            assert_eq!(of(text), Cell::Text, "{text:?}");
        }
    }

    // studio S-127, rows 2 and 3
    #[test]
    fn integers() {
        for (text, value) in [
            ("0", 0),
            ("5", 5),
            ("+5", 5),
            ("-3", -3),
            ("007", 7),
            (" 1 ", 1),
            ("\t1\t", 1),
            ("\u{b}2", 2),
            ("1\n", 1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("00000000000000000000000000001", 1),
        ] {
            assert_eq!(of(text), integer(value), "{text:?}");
            assert_eq!(parse_i64(text.as_bytes()), Some(value), "{text:?}");
        }
        assert_eq!(
            of("-0"),
            Cell::Integer {
                value: 0,
                minus: true
            }
        );
        for (text, value) in [
            ("9223372036854775808", 9_223_372_036_854_775_808),
            ("+18446744073709551615", u64::MAX),
        ] {
            assert_eq!(of(text), Cell::Unsigned(value));
            assert_eq!(parse_i64(text.as_bytes()), None);
            assert_eq!(parse_u64(text.as_bytes()), Some(value));
        }
        for text in [
            "18446744073709551616",
            "-9223372036854775809",
            "99999999999999999999999",
        ] {
            assert_eq!(of(text), Cell::Oversized, "{text:?}");
            assert_eq!(parse_u64(text.as_bytes()), None);
        }
        for text in [
            "-", "+", "", " ", "1 2", "- 1", "+-1", "1,000", "1_000", "0x10", "\u{661}",
        ] {
            assert_eq!(parse_i64(text.as_bytes()), None, "{text:?}");
        }
    }

    // studio S-127, row 4
    #[test]
    fn floats() {
        for (text, value) in [
            ("1.5", 1.5),
            ("1.", 1.0),
            (".5", 0.5),
            ("-.5", -0.5),
            ("+1e5", 1e5),
            ("1E+5", 1e5),
            ("1e-5", 1e-5),
            (" 1.5 ", 1.5),
            ("1.5\t", 1.5),
            ("1e-400", 0.0),
            ("-0.0", -0.0),
            ("5e-324", 5e-324),
            ("1.7976931348623157e308", f64::MAX),
            ("0e400", 0.0),
            ("9007199254740993.0", 9_007_199_254_740_992.0),
            ("123456789012345678901.5", 123_456_789_012_345_680_000.0),
            ("8.533e22", 8.533e22),
            ("1e23", 1e23),
            ("0.1", 0.1),
            ("123456.789", 123_456.789),
            ("inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("+INF", f64::INFINITY),
        ] {
            let Cell::Float(found) = of(text) else {
                panic!("{text:?} is {:?}", of(text))
            };
            assert_eq!(found.to_bits(), f64::to_bits(value), "{text:?}");
        }
        for text in [
            "1e400", "-1e400", "1e", "1e+", ".", "-.", "e5", "1d5", "1.5x", "1.5e3.2", "1.2.3",
            "-inf ", " inf", "infi", "1e5 x", "in", "infinit",
        ] {
            assert_eq!(of(text), Cell::Text, "{text:?}");
        }
        assert_eq!(parse_f64(b"12"), Some(12.0));
        assert_eq!(
            parse_f64(b"18446744073709551616"),
            Some(18_446_744_073_709_551_616.0)
        );
        assert_eq!(parse_f32(b"0.33333334"), Some(0.333_333_34));
        assert_eq!(parse_f32(b"-inf"), Some(f32::NEG_INFINITY));
        assert_eq!(parse_f32(b"1e39"), None);
    }

    // studio S-127, row 5
    #[test]
    fn booleans() {
        for (text, value) in [
            ("True", true),
            ("FALSE", false),
            ("true", true),
            ("fALSE", false),
        ] {
            assert_eq!(of(text), Cell::Bool(value), "{text:?}");
        }
        for text in ["true ", " true", "t", "yes", "truE!"] {
            assert_eq!(of(text), Cell::Text, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn floats_agree_with_the_standard_library(text in "[-+]?[0-9]{0,20}(\\.[0-9]{0,20})?([eE][-+]?[0-9]{1,3})?") {
            let expected = text.parse::<f64>().ok().filter(|v| v.is_finite());
            proptest::prop_assert_eq!(parse_f64(text.as_bytes()).map(f64::to_bits), expected.map(f64::to_bits));
            let expected = text.parse::<f32>().ok().filter(|v| v.is_finite());
            proptest::prop_assert_eq!(parse_f32(text.as_bytes()).map(f32::to_bits), expected.map(f32::to_bits));
        }

        #[test]
        fn integers_agree_with_the_standard_library(text in "[-+]?[0-9]{0,21}") {
            proptest::prop_assert_eq!(parse_i64(text.as_bytes()), text.parse::<i64>().ok());
            if !text.starts_with('-') {
                proptest::prop_assert_eq!(parse_u64(text.as_bytes()), text.parse::<u64>().ok());
            }
        }
    }
}
