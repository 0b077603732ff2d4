//! Dates, timestamps and durations as pandas writes them. How much of a timestamp is shown
//! depends on its whole column.

use std::io::Write as _;

use arrow::datatypes::TimeUnit;

use crate::formats::duration::per_second;

const DAY_SECONDS: i64 = 86_400;

/// How much of its values a column shows: the least that shows them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precision {
    /// Whole days: no time.
    Days,
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Precision {
    /// What a value needs.
    pub(super) fn of(value: i64, unit: TimeUnit) -> Self {
        let (seconds, nanos) = split(value, unit);
        if nanos % 1_000 != 0 {
            Self::Nanos
        } else if nanos % 1_000_000 != 0 {
            Self::Micros
        } else if nanos != 0 {
            Self::Millis
        } else if seconds % DAY_SECONDS != 0 {
            Self::Seconds
        } else {
            Self::Days
        }
    }

    /// What the values of a unit need at most.
    pub(super) fn most(unit: TimeUnit) -> Self {
        match unit {
            TimeUnit::Second => Self::Seconds,
            TimeUnit::Millisecond => Self::Millis,
            TimeUnit::Microsecond => Self::Micros,
            TimeUnit::Nanosecond => Self::Nanos,
        }
    }
}

/// Whole seconds and the nanoseconds after them.
fn split(value: i64, unit: TimeUnit) -> (i64, i64) {
    let per_second = per_second(unit);
    let nanos = value.rem_euclid(per_second) * (1_000_000_000 / per_second);
    (value.div_euclid(per_second), nanos)
}

/// Appends `2015-01-02`, days after 1970-01-01.
pub(super) fn write_date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil(days);
    if (0..=9999).contains(&year) {
        push_digits(year, 4, out);
    } else {
        push(out, format_args!("{year:05}"));
    }
    out.push(b'-');
    push_digits(month, 2, out);
    out.push(b'-');
    push_digits(day, 2, out);
}

/// Appends a time without zone, at the precision of its column.
pub(super) fn write_timestamp(value: i64, unit: TimeUnit, precision: Precision, out: &mut Vec<u8>) {
    let (seconds, nanos) = split(value, unit);
    write_date(seconds.div_euclid(DAY_SECONDS), out);
    if precision > Precision::Days {
        out.push(b' ');
        write_clock(seconds.rem_euclid(DAY_SECONDS), out);
        write_fraction(nanos, precision, out);
    }
}

/// Appends a local time with its offset from UTC in seconds. Each value shows what it needs, in
/// microseconds or nanoseconds.
pub(super) fn write_zoned(local: i64, unit: TimeUnit, offset: i64, out: &mut Vec<u8>) {
    write_timestamp(local, unit, own_precision(local, unit), out);
    out.push(if offset < 0 { b'-' } else { b'+' });
    let offset = offset.abs();
    push_digits(offset / 3600, 2, out);
    out.push(b':');
    push_digits(offset / 60 % 60, 2, out);
    if offset % 60 != 0 {
        out.push(b':');
        push_digits(offset % 60, 2, out);
    }
}

/// Appends `1 days 02:03:04`; only the days if the whole column is of whole days.
pub(super) fn write_duration(value: i64, unit: TimeUnit, column: Precision, out: &mut Vec<u8>) {
    let (seconds, nanos) = split(value, unit);
    let days = seconds.div_euclid(DAY_SECONDS);
    push(out, format_args!("{days} days"));
    if column > Precision::Days {
        out.extend_from_slice(if days < 0 { b" +" } else { b" " });
        write_clock(seconds.rem_euclid(DAY_SECONDS), out);
        write_fraction(nanos, own_precision(value, unit), out);
    }
}

/// The precision of a value that is shown by itself: milliseconds get six digits.
fn own_precision(value: i64, unit: TimeUnit) -> Precision {
    match Precision::of(value, unit) {
        Precision::Days => Precision::Seconds,
        Precision::Millis => Precision::Micros,
        precision => precision,
    }
}

fn write_clock(seconds: i64, out: &mut Vec<u8>) {
    push_digits(seconds / 3600, 2, out);
    out.push(b':');
    push_digits(seconds / 60 % 60, 2, out);
    out.push(b':');
    push_digits(seconds % 60, 2, out);
}

fn write_fraction(nanos: i64, precision: Precision, out: &mut Vec<u8>) {
    let (value, digits) = match precision {
        Precision::Days | Precision::Seconds => return,
        Precision::Millis => (nanos / 1_000_000, 3),
        Precision::Micros => (nanos / 1_000, 6),
        Precision::Nanos => (nanos, 9),
    };
    out.push(b'.');
    push_digits(value, digits, out);
}

/// Appends the last `digits` digits of a value that is not negative.
fn push_digits(value: i64, digits: u32, out: &mut Vec<u8>) {
    for place in (0..digits).rev() {
        let digit = value / 10_i64.pow(place) % 10;
        out.push(b'0' + u8::try_from(digit).expect("one decimal digit"));
    }
}

fn push(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a vector takes everything");
}

/// Year, month and day of a day number, in the proleptic Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // counted from 0000-03-01, in eras of 400 years
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use time::{Date, Duration};

    use super::*;

    #[test]
    fn dates_agree_with_a_calendar() {
        let epoch = Date::from_ordinal_date(1970, 1).unwrap();
        for days in (-719_162..2_932_896).step_by(17) {
            let date = epoch + Duration::days(days);
            let mut out = Vec::new();
            write_date(days, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), date.to_string());
        }
    }

    #[test]
    fn years_of_other_than_four_digits() {
        for (days, expected) in [
            (2_932_897, "10000-01-01"),
            (-719_528, "0000-01-01"),
            (-719_529, "-0001-12-31"),
        ] {
            let mut out = Vec::new();
            write_date(days, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
