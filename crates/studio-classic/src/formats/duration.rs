//! Durations as pandas writes them: `1 days 02:03:04.5`, `-1 days +23:59:55`, `3 days`.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, DurationMicrosecondArray, DurationMillisecondArray, DurationNanosecondArray,
    DurationSecondArray,
};
use arrow::datatypes::TimeUnit;

const DAY_SECONDS: i64 = 86_400;

/// Units per second.
pub(super) fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// Durations from a text column; null where a text is none, or is finer or larger than the unit
/// can tell.
pub(super) fn parse(texts: &ArrayRef, unit: TimeUnit) -> ArrayRef {
    let values = texts
        .as_string::<i32>()
        .iter()
        .map(|text| parse_one(text?, per_second(unit)));
    match unit {
        TimeUnit::Second => Arc::new(values.collect::<DurationSecondArray>()),
        TimeUnit::Millisecond => Arc::new(values.collect::<DurationMillisecondArray>()),
        TimeUnit::Microsecond => Arc::new(values.collect::<DurationMicrosecondArray>()),
        TimeUnit::Nanosecond => Arc::new(values.collect::<DurationNanosecondArray>()),
    }
}

fn parse_one(text: &str, per_second: i64) -> Option<i64> {
    let (days, rest) = text.split_once(" days")?;
    let days: i64 = days.parse().ok()?;
    // The day of a negative duration lies below what its clock brings back into range.
    let day = i128::from(days) * i128::from(DAY_SECONDS) * i128::from(per_second);
    if rest.is_empty() {
        return i64::try_from(day).ok();
    }
    let clock = rest.strip_prefix(' ')?;
    let clock = clock.strip_prefix('+').unwrap_or(clock);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.split(':').map(two_digits);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    if fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    let unit_nanos = per_second_nanos(per_second);
    if nanos % unit_nanos != 0 {
        return None;
    }
    let time = ((hours * 60 + minutes) * 60 + seconds) * per_second + nanos / unit_nanos;
    i64::try_from(day + i128::from(time)).ok()
}

fn per_second_nanos(per_second: i64) -> i64 {
    1_000_000_000 / per_second
}

fn two_digits(text: &str) -> Option<i64> {
    if text.len() != 2 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (text, nanos) in [
            ("0 days", 0),
            ("1 days 02:03:04", 93_784_000_000_000),
            ("0 days 00:00:00.500000", 500_000_000),
            ("-1 days +23:59:55", -5_000_000_000),
            ("2 days 00:00:00.000000001", 172_800_000_000_001),
            (
                "-106752 days +23:59:59.999999999",
                -9_223_286_400_000_000_001,
            ),
        ] {
            assert_eq!(parse_one(text, 1_000_000_000), Some(nanos), "{text}");
        }
        for text in [
            "",
            "1",
            "1 day",
            "1 days 2:03:04",
            "1 days 02:03",
            "1 days 24:00:00",
            "x days",
            "1 days 02:03:04:05",
            "1 days 02:03:04.1234567890",
            "1 days 02:03:04.x",
            "9999999999999 days",
            "1 days02:03:04",
        ] {
            assert_eq!(parse_one(text, 1_000_000_000), None, "{text}");
        }
        assert_eq!(
            parse_one("0 days 00:00:00.5", 1),
            None,
            "finer than seconds"
        );
        assert_eq!(parse_one("0 days 00:00:00.5", 1_000), Some(500));
    }
}
