//! The calendar over ticks, and dates as text (culture en-US).

use super::{CsError, CsResult, DateTime, DateTimeKind};

pub(crate) const TICKS_PER_SECOND: i64 = 10_000_000;
pub(crate) const TICKS_PER_MILLISECOND: i64 = 10_000;
pub(crate) const TICKS_PER_MINUTE: i64 = 60 * TICKS_PER_SECOND;
pub(crate) const TICKS_PER_HOUR: i64 = 60 * TICKS_PER_MINUTE;
pub(crate) const TICKS_PER_DAY: i64 = 24 * TICKS_PER_HOUR;
/// 9999-12-31T23:59:59.9999999.
pub(crate) const MAX_TICKS: i64 = 3_155_378_975_999_999_999;
/// 1970-01-01.
pub(crate) const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(crate) const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

const DAYS_BEFORE: [i32; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/// A date and time of day in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) year: i32,
    pub(crate) month: i32,
    pub(crate) day: i32,
    pub(crate) hour: i32,
    pub(crate) minute: i32,
    pub(crate) second: i32,
    /// Ticks within the second.
    pub(crate) fraction: i32,
}

pub(crate) fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(crate) fn days_in_month(year: i32, month: i32) -> i32 {
    let at = index(month);
    DAYS_BEFORE[at] - DAYS_BEFORE[at - 1] + i32::from(month == 2 && is_leap(year))
}

fn index(month: i32) -> usize {
    usize::try_from(month).expect("months are counted from 1")
}

/// Days from 0001-01-01 to a date that exists.
fn days(year: i32, month: i32, day: i32) -> i64 {
    let before = i64::from(year - 1);
    let leap_day = i64::from(month > 2 && is_leap(year));
    before * 365 + before / 4 - before / 100
        + before / 400
        + i64::from(DAYS_BEFORE[index(month) - 1])
        + leap_day
        + i64::from(day - 1)
}

/// The ticks of a date and time of day; an error when there is none such.
pub(crate) fn ticks(parts: Parts) -> CsResult<i64> {
    let Parts {
        year,
        month,
        day,
        hour,
        minute,
        second,
        fraction,
    } = parts;
    if !(1..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=days_in_month(year, month)).contains(&day)
    {
        return Err(CsError::new(
            "System.ArgumentOutOfRangeException",
            "Year, Month, and Day parameters describe an un-representable DateTime.",
        ));
    }
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
        return Err(CsError::new(
            "System.ArgumentOutOfRangeException",
            "Hour, Minute, and Second parameters describe an un-representable DateTime.",
        ));
    }
    Ok(days(year, month, day) * TICKS_PER_DAY
        + i64::from(hour) * TICKS_PER_HOUR
        + i64::from(minute) * TICKS_PER_MINUTE
        + i64::from(second) * TICKS_PER_SECOND
        + i64::from(fraction))
}

/// The parts of ticks within the calendar.
pub(crate) fn parts(ticks: i64) -> Parts {
    let day_ticks = ticks.rem_euclid(TICKS_PER_DAY);
    let (year, month, day) = civil(ticks.div_euclid(TICKS_PER_DAY));
    let narrow = |n: i64| i32::try_from(n).expect("a part of a day is small");
    Parts {
        year,
        month,
        day,
        hour: narrow(day_ticks / TICKS_PER_HOUR),
        minute: narrow(day_ticks / TICKS_PER_MINUTE % 60),
        second: narrow(day_ticks / TICKS_PER_SECOND % 60),
        fraction: narrow(day_ticks % TICKS_PER_SECOND),
    }
}

/// Year, month and day of a day counted from 0001-01-01.
fn civil(days: i64) -> (i32, i32, i32) {
    // Years that begin in March put the leap day last.
    let shifted = days + 306;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
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
    let narrow = |n: i64| i32::try_from(n).expect("ticks lie within ten thousand years");
    (narrow(year), narrow(month), narrow(day))
}

pub(crate) fn day_of_week(ticks: i64) -> i32 {
    i32::try_from((ticks.div_euclid(TICKS_PER_DAY) + 1).rem_euclid(7)).expect("below seven")
}

pub(crate) fn day_of_year(ticks: i64) -> i32 {
    let Parts { year, .. } = parts(ticks);
    let first = days(year, 1, 1);
    i32::try_from(ticks.div_euclid(TICKS_PER_DAY) - first + 1).expect("a year has few days")
}

/// Checked against the calendar's ends.
pub(crate) fn add_ticks(value: DateTime, ticks: i64) -> CsResult<DateTime> {
    match value.ticks.checked_add(ticks) {
        Some(sum) if (0..=MAX_TICKS).contains(&sum) => Ok(DateTime {
            ticks: sum,
            kind: value.kind,
        }),
        _ => Err(CsError::out_of_range(
            "The added or subtracted value results in an un-representable DateTime.",
            "value",
        )),
    }
}

/// `AddDays` and the like: .NET Framework rounds to whole milliseconds.
pub(crate) fn add_scaled(value: DateTime, amount: f64, milliseconds: i64) -> CsResult<DateTime> {
    add_ticks(value, scaled(amount, milliseconds)?)
}

/// `TimeSpan.FromDays` and the like, rounded to whole milliseconds.
pub(crate) fn scaled(amount: f64, milliseconds: i64) -> CsResult<i64> {
    let Some(unit) = i32::try_from(milliseconds).ok().map(f64::from) else {
        return Err(CsError::overflow(
            "TimeSpan overflowed because the duration is too long.",
        ));
    };
    let exact = amount * unit + if amount >= 0.0 { 0.5 } else { -0.5 };
    if exact.is_nan() || exact.abs() >= 3.2e14 {
        return Err(CsError::out_of_range(
            "Value to add was out of range.",
            "value",
        ));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range was checked; the fraction is to be dropped"
    )]
    let whole = exact as i64;
    Ok(whole * TICKS_PER_MILLISECOND)
}

/// `AddMonths`: the day is cut to the month's last.
pub(crate) fn add_months(value: DateTime, months: i32) -> CsResult<DateTime> {
    let error = || {
        CsError::out_of_range(
            "The added or subtracted value results in an un-representable DateTime.",
            "months",
        )
    };
    let mut p = parts(value.ticks);
    let total = i64::from(p.year) * 12 + i64::from(p.month - 1) + i64::from(months);
    let year = total.div_euclid(12);
    if !(1..=9999).contains(&year) {
        return Err(error());
    }
    p.year = i32::try_from(year).map_err(|_| error())?;
    p.month = i32::try_from(total.rem_euclid(12)).map_err(|_| error())? + 1;
    p.day = p.day.min(days_in_month(p.year, p.month));
    Ok(DateTime {
        ticks: ticks(p)?,
        kind: value.kind,
    })
}

/// `value.ToString(format)`. The local time zone is UTC.
pub(crate) fn format(value: DateTime, format: &str) -> CsResult<String> {
    let mut chars = format.chars();
    let pattern = match (chars.next(), chars.next()) {
        (None, _) => "M/d/yyyy h:mm:ss tt",
        (Some(letter), None) => match letter {
            'd' => "M/d/yyyy",
            'D' => "dddd, MMMM d, yyyy",
            'f' => "dddd, MMMM d, yyyy h:mm tt",
            'F' | 'U' => "dddd, MMMM d, yyyy h:mm:ss tt",
            'g' => "M/d/yyyy h:mm tt",
            'G' => "M/d/yyyy h:mm:ss tt",
            'm' | 'M' => "MMMM d",
            'o' | 'O' => "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
            'r' | 'R' => "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
            's' => "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
            't' => "h:mm tt",
            'T' => "h:mm:ss tt",
            'u' => "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
            'y' | 'Y' => "MMMM, yyyy",
            _ => return Err(CsError::format("Input string was not in a correct format.")),
        },
        _ => format,
    };
    custom(value, pattern)
}

/// The round-trip form, the outputter's default: written without a pattern,
/// because every row of a result takes this path.
pub(crate) fn write_round_trip(value: DateTime, out: &mut String) {
    use std::fmt::Write as _;
    let p = parts(value.ticks);
    let _ = write!(
        out,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}",
        p.year, p.month, p.day, p.hour, p.minute, p.second, p.fraction
    );
    out.push_str(zone(value.kind));
}

fn zone(kind: DateTimeKind) -> &'static str {
    match kind {
        DateTimeKind::Unspecified => "",
        DateTimeKind::Utc => "Z",
        DateTimeKind::Local => "+00:00",
    }
}

fn custom(value: DateTime, pattern: &str) -> CsResult<String> {
    let p = parts(value.ticks);
    let chars: Vec<char> = pattern.chars().collect();
    let bad = || CsError::format("Input string was not in a correct format.");
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        let mut letter = chars[at];
        let mut count = chars[at..].iter().take_while(|c| **c == letter).count();
        if letter == '%' {
            at += 1;
            letter = *chars.get(at).ok_or_else(bad)?;
            count = 1;
        }
        match letter {
            '\'' | '"' => {
                let end = chars[at + 1..]
                    .iter()
                    .position(|c| *c == letter)
                    .ok_or_else(bad)?;
                out.extend(&chars[at + 1..at + 1 + end]);
                at += end + 2;
                continue;
            }
            '\\' => {
                out.push(*chars.get(at + 1).ok_or_else(bad)?);
                at += 2;
                continue;
            }
            'd' => match count {
                1 | 2 => number(&mut out, p.day, count),
                _ => {
                    let name = DAYS[usize::try_from(day_of_week(value.ticks)).unwrap_or(0)];
                    out.push_str(if count == 3 { &name[..3] } else { name });
                }
            },
            'M' => match count {
                1 | 2 => number(&mut out, p.month, count),
                _ => {
                    let name = MONTHS[index(p.month) - 1];
                    out.push_str(if count == 3 { &name[..3] } else { name });
                }
            },
            'y' => match count {
                1 | 2 => number(&mut out, p.year % 100, count),
                _ => number(&mut out, p.year, count),
            },
            'h' => number(&mut out, (p.hour + 11) % 12 + 1, count.min(2)),
            'H' => number(&mut out, p.hour, count.min(2)),
            'm' => number(&mut out, p.minute, count.min(2)),
            's' => number(&mut out, p.second, count.min(2)),
            'f' | 'F' => {
                if count > 7 {
                    return Err(bad());
                }
                let digits = format!("{:07}", p.fraction);
                let digits = &digits[..count];
                if letter == 'f' {
                    out.push_str(digits);
                } else {
                    let digits = digits.trim_end_matches('0');
                    if digits.is_empty() && out.ends_with('.') {
                        out.pop();
                    }
                    out.push_str(digits);
                }
            }
            't' => {
                let name = if p.hour < 12 { "AM" } else { "PM" };
                out.push_str(if count == 1 { &name[..1] } else { name });
            }
            'K' => out.push_str(zone(value.kind)),
            'z' => out.push_str(match count {
                1 => "+0",
                2 => "+00",
                _ => "+00:00",
            }),
            'g' => out.push_str("A.D."),
            c => {
                for _ in 0..count {
                    out.push(c);
                }
            }
        }
        at += count;
    }
    Ok(out)
}

fn number(out: &mut String, value: i32, width: usize) {
    use std::fmt::Write as _;
    let _ = write!(out, "{value:0width$}");
}

/// `TimeSpan.ToString()`: `[-][d.]hh:mm:ss[.fffffff]`.
pub(crate) fn span_to_string(ticks: i64) -> String {
    let magnitude = ticks.unsigned_abs();
    let unit = |ticks: i64| ticks.unsigned_abs();
    let days = magnitude / unit(TICKS_PER_DAY);
    let hours = magnitude / unit(TICKS_PER_HOUR) % 24;
    let minutes = magnitude / unit(TICKS_PER_MINUTE) % 60;
    let seconds = magnitude / unit(TICKS_PER_SECOND) % 60;
    let fraction = magnitude % unit(TICKS_PER_SECOND);
    let mut text = String::new();
    if ticks < 0 {
        text.push('-');
    }
    if days > 0 {
        text.push_str(&format!("{days}."));
    }
    text.push_str(&format!("{hours:02}:{minutes:02}:{seconds:02}"));
    if fraction > 0 {
        text.push_str(&format!(".{fraction:07}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: i32, day: i32, hour: i32, minute: i32, second: i32) -> DateTime {
        let parts = Parts {
            year,
            month,
            day,
            hour,
            minute,
            second,
            fraction: 0,
        };
        DateTime {
            ticks: ticks(parts).expect("a date"),
            kind: DateTimeKind::Unspecified,
        }
    }

    #[test]
    fn every_day_goes_there_and_back() {
        let mut at = 0;
        let mut week = 1;
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    let p = Parts {
                        year,
                        month,
                        day,
                        hour: 0,
                        minute: 0,
                        second: 0,
                        fraction: 0,
                    };
                    assert_eq!(ticks(p), Ok(at));
                    assert_eq!(parts(at), p);
                    assert_eq!(day_of_week(at), week % 7);
                    week += 1;
                    at += TICKS_PER_DAY;
                }
            }
        }
        assert_eq!(at - 1, MAX_TICKS);
        assert_eq!(date(1970, 1, 1, 0, 0, 0).ticks, UNIX_EPOCH_TICKS);
    }

    #[test]
    fn formats() {
        let d = date(2016, 1, 2, 13, 4, 5);
        let f = |pattern: &str| format(d, pattern).unwrap_or_else(|e| e.to_string());
        assert_eq!(f("O"), "2016-01-02T13:04:05.0000000");
        assert_eq!(f(""), "1/2/2016 1:04:05 PM");
        assert_eq!(f("yyyyMMdd HH:mm"), "20160102 13:04");
        assert_eq!(f("ddd, d MMM yy"), "Sat, 2 Jan 16");
        assert_eq!(f("dddd 'the' %d"), "Saturday the 2");
        assert_eq!(f("h:mm t"), "1:04 P");
        assert_eq!(f("ss.FFF"), "05");
        assert_eq!(f("s"), "2016-01-02T13:04:05");
        assert_eq!(f("R"), "Sat, 02 Jan 2016 13:04:05 GMT");
        assert!(format(d, "'x").is_err());
        let mut text = String::new();
        write_round_trip(d, &mut text);
        assert_eq!(text, f("O"));
    }

    #[test]
    fn arithmetic_of_the_calendar() {
        assert_eq!(
            add_months(date(2016, 3, 31, 0, 0, 0), -1),
            Ok(date(2016, 2, 29, 0, 0, 0))
        );
        assert_eq!(
            add_months(date(2016, 1, 31, 0, 0, 0), 13),
            Ok(date(2017, 2, 28, 0, 0, 0))
        );
        assert!(add_months(date(9999, 12, 1, 0, 0, 0), 1).is_err());
        // .NET Framework: 0.5 ms is rounded away.
        let added =
            add_scaled(date(2016, 1, 1, 0, 0, 0), 0.000_000_01, 86_400_000).expect("in range");
        assert_eq!(added.ticks - date(2016, 1, 1, 0, 0, 0).ticks, 10_000);
        assert_eq!(day_of_year(date(2016, 2, 29, 0, 0, 0).ticks), 60);
        assert_eq!(span_to_string(-(TICKS_PER_DAY + 5)), "-1.00:00:00.0000005");
    }
}
