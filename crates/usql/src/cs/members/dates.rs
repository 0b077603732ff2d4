//! `DateTime` and `TimeSpan`.

use super::Entry;
use crate::cs::datetime::{
    self, MAX_TICKS, Parts, TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MILLISECOND, TICKS_PER_MINUTE,
    TICKS_PER_SECOND, add_months, add_scaled, add_ticks, scaled,
};
use crate::cs::ops::{compare, long_to_double};
use crate::cs::{CsError, CsResult, DateTime, DateTimeKind, Type, Value, format, parse};

pub(super) const ENTRIES: &[Entry] = &[
    ("new DateTime(int, int, int)", |_, a| date(a, 3)),
    ("new DateTime(int, int, int, int, int, int)", |_, a| {
        date(a, 6)
    }),
    (
        "new DateTime(int, int, int, int, int, int, DateTimeKind)",
        |_, a| with_kind(date(a, 6)?, &a[6]),
    ),
    ("new DateTime(int, int, int, int, int, int, int)", |_, a| {
        date(a, 7)
    }),
    (
        "new DateTime(int, int, int, int, int, int, int, DateTimeKind)",
        |_, a| with_kind(date(a, 7)?, &a[7]),
    ),
    ("new DateTime(long)", |_, a| from_ticks(a[0].long())),
    ("new DateTime(long, DateTimeKind)", |_, a| {
        with_kind(from_ticks(a[0].long())?, &a[1])
    }),
    ("static DateTime DateTime.Now", |c, _| {
        Ok(Value::DateTime(DateTime {
            ticks: c.now,
            kind: DateTimeKind::Local,
        }))
    }),
    ("static DateTime DateTime.UtcNow", |c, _| {
        Ok(Value::DateTime(DateTime {
            ticks: c.now,
            kind: DateTimeKind::Utc,
        }))
    }),
    ("static DateTime DateTime.Today", |c, _| {
        let ticks = c.now - c.now.rem_euclid(TICKS_PER_DAY);
        Ok(Value::DateTime(DateTime {
            ticks,
            kind: DateTimeKind::Local,
        }))
    }),
    ("static DateTime DateTime.MinValue", |_, _| {
        Ok(Value::date(0))
    }),
    ("static DateTime DateTime.MaxValue", |_, _| {
        Ok(Value::date(MAX_TICKS))
    }),
    ("static DateTime DateTime.Parse(string)", |c, a| {
        parse::date_time(text(&a[0])?, c.now).map(Value::DateTime)
    }),
    (
        "static DateTime DateTime.ParseExact(string, string, object)",
        |c, a| {
            let format = a[1]
                .opt_str()
                .ok_or_else(|| CsError::null_argument("format"))?;
            parse::date_time_exact(text(&a[0])?, format, c.now).map(Value::DateTime)
        },
    ),
    ("static int DateTime.DaysInMonth(int, int)", |_, a| {
        if !(1..=12).contains(&a[1].int()) {
            return Err(CsError::out_of_range(
                "Month must be between one and twelve.",
                "month",
            ));
        }
        if !(1..=9999).contains(&a[0].int()) {
            return Err(CsError::out_of_range(
                "Year must be between 1 and 9999.",
                "year",
            ));
        }
        Ok(Value::Int(datetime::days_in_month(a[0].int(), a[1].int())))
    }),
    ("static bool DateTime.IsLeapYear(int)", |_, a| {
        Ok(Value::Bool(datetime::is_leap(a[0].int())))
    }),
    ("static int DateTime.Compare(DateTime, DateTime)", |_, a| {
        Ok(order(&a[0], &a[1]))
    }),
    (
        "static DateTime DateTime.SpecifyKind(DateTime, DateTimeKind)",
        |_, a| with_kind(a[0].clone(), &a[1]),
    ),
    ("int DateTime.Year", |_, a| {
        Ok(Value::Int(parts(&a[0]).year))
    }),
    ("int DateTime.Month", |_, a| {
        Ok(Value::Int(parts(&a[0]).month))
    }),
    ("int DateTime.Day", |_, a| Ok(Value::Int(parts(&a[0]).day))),
    ("int DateTime.Hour", |_, a| {
        Ok(Value::Int(parts(&a[0]).hour))
    }),
    ("int DateTime.Minute", |_, a| {
        Ok(Value::Int(parts(&a[0]).minute))
    }),
    ("int DateTime.Second", |_, a| {
        Ok(Value::Int(parts(&a[0]).second))
    }),
    ("int DateTime.Millisecond", |_, a| {
        Ok(Value::Int(parts(&a[0]).fraction / 10_000))
    }),
    ("int DateTime.DayOfYear", |_, a| {
        Ok(Value::Int(datetime::day_of_year(a[0].date_time().ticks)))
    }),
    ("DayOfWeek DateTime.DayOfWeek", |_, a| {
        Ok(Value::Enum(datetime::day_of_week(a[0].date_time().ticks)))
    }),
    ("long DateTime.Ticks", |_, a| {
        Ok(Value::Long(a[0].date_time().ticks))
    }),
    ("DateTimeKind DateTime.Kind", |_, a| {
        Ok(Value::Enum(match a[0].date_time().kind {
            DateTimeKind::Unspecified => 0,
            DateTimeKind::Utc => 1,
            DateTimeKind::Local => 2,
        }))
    }),
    ("DateTime DateTime.Date", |_, a| {
        let DateTime { ticks, kind } = a[0].date_time();
        Ok(Value::DateTime(DateTime {
            ticks: ticks - ticks.rem_euclid(TICKS_PER_DAY),
            kind,
        }))
    }),
    ("TimeSpan DateTime.TimeOfDay", |_, a| {
        Ok(Value::TimeSpan(
            a[0].date_time().ticks.rem_euclid(TICKS_PER_DAY),
        ))
    }),
    ("DateTime DateTime.AddYears(int)", |_, a| {
        if !(-10_000..=10_000).contains(&a[1].int()) {
            return Err(CsError::out_of_range(
                "Years value must be between +/-10000.",
                "years",
            ));
        }
        add_months(a[0].date_time(), a[1].int() * 12).map(Value::DateTime)
    }),
    ("DateTime DateTime.AddMonths(int)", |_, a| {
        if !(-120_000..=120_000).contains(&a[1].int()) {
            return Err(CsError::out_of_range(
                "Months value must be between +/-120000.",
                "months",
            ));
        }
        add_months(a[0].date_time(), a[1].int()).map(Value::DateTime)
    }),
    ("DateTime DateTime.AddDays(double)", |_, a| {
        add(a, 86_400_000)
    }),
    ("DateTime DateTime.AddHours(double)", |_, a| {
        add(a, 3_600_000)
    }),
    ("DateTime DateTime.AddMinutes(double)", |_, a| {
        add(a, 60_000)
    }),
    ("DateTime DateTime.AddSeconds(double)", |_, a| add(a, 1_000)),
    ("DateTime DateTime.AddMilliseconds(double)", |_, a| {
        add(a, 1)
    }),
    ("DateTime DateTime.AddTicks(long)", |_, a| {
        add_ticks(a[0].date_time(), a[1].long()).map(Value::DateTime)
    }),
    ("DateTime DateTime.Add(TimeSpan)", |_, a| {
        add_ticks(a[0].date_time(), a[1].long()).map(Value::DateTime)
    }),
    ("TimeSpan DateTime.Subtract(DateTime)", |_, a| {
        Ok(Value::TimeSpan(
            a[0].date_time().ticks - a[1].date_time().ticks,
        ))
    }),
    ("DateTime DateTime.Subtract(TimeSpan)", |_, a| {
        add_ticks(a[0].date_time(), a[1].long().wrapping_neg()).map(Value::DateTime)
    }),
    ("int DateTime.CompareTo(DateTime)", |_, a| {
        Ok(order(&a[0], &a[1]))
    }),
    ("DateTime DateTime.ToUniversalTime()", |_, a| {
        Ok(Value::DateTime(DateTime {
            ticks: a[0].date_time().ticks,
            kind: DateTimeKind::Utc,
        }))
    }),
    ("DateTime DateTime.ToLocalTime()", |_, a| {
        Ok(Value::DateTime(DateTime {
            ticks: a[0].date_time().ticks,
            kind: DateTimeKind::Local,
        }))
    }),
    ("string DateTime.ToShortDateString()", |_, a| {
        dated(&a[0], "d")
    }),
    ("string DateTime.ToLongDateString()", |_, a| {
        dated(&a[0], "D")
    }),
    ("string DateTime.ToShortTimeString()", |_, a| {
        dated(&a[0], "t")
    }),
    ("string DateTime.ToLongTimeString()", |_, a| {
        dated(&a[0], "T")
    }),
    ("double DateTime.ToOADate()", |_, a| {
        Ok(Value::Double(
            long_to_double(a[0].date_time().ticks - 599_264_352_000_000_000)
                / long_to_double(TICKS_PER_DAY),
        ))
    }),
    ("new TimeSpan(long)", |_, a| {
        Ok(Value::TimeSpan(a[0].long()))
    }),
    ("new TimeSpan(int, int, int)", |_, a| {
        span(0, &a[0], &a[1], &a[2], 0)
    }),
    ("new TimeSpan(int, int, int, int)", |_, a| {
        span(a[0].int(), &a[1], &a[2], &a[3], 0)
    }),
    ("new TimeSpan(int, int, int, int, int)", |_, a| {
        span(a[0].int(), &a[1], &a[2], &a[3], a[4].int())
    }),
    ("static TimeSpan TimeSpan.Zero", |_, _| {
        Ok(Value::TimeSpan(0))
    }),
    ("static TimeSpan TimeSpan.MinValue", |_, _| {
        Ok(Value::TimeSpan(i64::MIN))
    }),
    ("static TimeSpan TimeSpan.MaxValue", |_, _| {
        Ok(Value::TimeSpan(i64::MAX))
    }),
    ("static TimeSpan TimeSpan.FromDays(double)", |_, a| {
        from(a, 86_400_000)
    }),
    ("static TimeSpan TimeSpan.FromHours(double)", |_, a| {
        from(a, 3_600_000)
    }),
    ("static TimeSpan TimeSpan.FromMinutes(double)", |_, a| {
        from(a, 60_000)
    }),
    ("static TimeSpan TimeSpan.FromSeconds(double)", |_, a| {
        from(a, 1_000)
    }),
    (
        "static TimeSpan TimeSpan.FromMilliseconds(double)",
        |_, a| from(a, 1),
    ),
    ("static TimeSpan TimeSpan.FromTicks(long)", |_, a| {
        Ok(Value::TimeSpan(a[0].long()))
    }),
    ("static TimeSpan TimeSpan.Parse(string)", |_, a| {
        parse::time_span(text(&a[0])?).map(Value::TimeSpan)
    }),
    ("double TimeSpan.TotalDays", |_, a| total(a, TICKS_PER_DAY)),
    ("double TimeSpan.TotalHours", |_, a| {
        total(a, TICKS_PER_HOUR)
    }),
    ("double TimeSpan.TotalMinutes", |_, a| {
        total(a, TICKS_PER_MINUTE)
    }),
    ("double TimeSpan.TotalSeconds", |_, a| {
        total(a, TICKS_PER_SECOND)
    }),
    ("double TimeSpan.TotalMilliseconds", |_, a| {
        total(a, TICKS_PER_MILLISECOND)
    }),
    ("int TimeSpan.Days", |_, a| {
        part(a[0].long() / TICKS_PER_DAY)
    }),
    ("int TimeSpan.Hours", |_, a| {
        part(a[0].long() / TICKS_PER_HOUR % 24)
    }),
    ("int TimeSpan.Minutes", |_, a| {
        part(a[0].long() / TICKS_PER_MINUTE % 60)
    }),
    ("int TimeSpan.Seconds", |_, a| {
        part(a[0].long() / TICKS_PER_SECOND % 60)
    }),
    ("int TimeSpan.Milliseconds", |_, a| {
        part(a[0].long() / TICKS_PER_MILLISECOND % 1_000)
    }),
    ("long TimeSpan.Ticks", |_, a| Ok(Value::Long(a[0].long()))),
    ("TimeSpan TimeSpan.Add(TimeSpan)", |_, a| {
        crate::cs::ops::arithmetic(crate::cs::ops::Arithmetic::Add, &a[0], &a[1])
    }),
    ("TimeSpan TimeSpan.Subtract(TimeSpan)", |_, a| {
        crate::cs::ops::arithmetic(crate::cs::ops::Arithmetic::Subtract, &a[0], &a[1])
    }),
    ("TimeSpan TimeSpan.Negate()", |_, a| {
        Ok(Value::TimeSpan(a[0].long().wrapping_neg()))
    }),
    ("TimeSpan TimeSpan.Duration()", |_, a| {
        Ok(Value::TimeSpan(a[0].long().wrapping_abs()))
    }),
];

fn text(value: &Value) -> CsResult<&str> {
    value.opt_str().ok_or_else(|| CsError::null_argument("s"))
}

fn parts(value: &Value) -> Parts {
    datetime::parts(value.date_time().ticks)
}

/// From year, month, day, hour, minute, second, millisecond, as many as given.
fn date(a: &[Value], given: usize) -> CsResult<Value> {
    let part = |at: usize| if at < given { a[at].int() } else { 0 };
    let milliseconds = part(6);
    if !(0..1000).contains(&milliseconds) {
        return Err(CsError::out_of_range(
            "Valid values are between 0 and 999, inclusive.",
            "millisecond",
        ));
    }
    let parts = Parts {
        year: part(0),
        month: part(1),
        day: part(2),
        hour: part(3),
        minute: part(4),
        second: part(5),
        fraction: milliseconds * 10_000,
    };
    datetime::ticks(parts).map(Value::date)
}

fn from_ticks(ticks: i64) -> CsResult<Value> {
    if (0..=MAX_TICKS).contains(&ticks) {
        return Ok(Value::date(ticks));
    }
    let message = "Ticks must be between DateTime.MinValue.Ticks and DateTime.MaxValue.Ticks.";
    Err(CsError::out_of_range(message, "ticks"))
}

fn with_kind(value: Value, kind: &Value) -> CsResult<Value> {
    let kind = match kind.int() {
        1 => DateTimeKind::Utc,
        2 => DateTimeKind::Local,
        _ => DateTimeKind::Unspecified,
    };
    Ok(Value::DateTime(DateTime {
        ticks: value.date_time().ticks,
        kind,
    }))
}

fn add(a: &[Value], milliseconds: i64) -> CsResult<Value> {
    add_scaled(a[0].date_time(), a[1].double(), milliseconds).map(Value::DateTime)
}

fn from(a: &[Value], milliseconds: i64) -> CsResult<Value> {
    scaled(a[0].double(), milliseconds).map(Value::TimeSpan)
}

fn total(a: &[Value], unit: i64) -> CsResult<Value> {
    Ok(Value::Double(
        long_to_double(a[0].long()) / long_to_double(unit),
    ))
}

fn part(n: i64) -> CsResult<Value> {
    i32::try_from(n)
        .map(Value::Int)
        .map_err(|_| CsError::overflow("TimeSpan overflowed because the duration is too long."))
}

fn span(
    days: i32,
    hours: &Value,
    minutes: &Value,
    seconds: &Value,
    milliseconds: i32,
) -> CsResult<Value> {
    let units = [
        (i64::from(days), TICKS_PER_DAY),
        (i64::from(hours.int()), TICKS_PER_HOUR),
        (i64::from(minutes.int()), TICKS_PER_MINUTE),
        (i64::from(seconds.int()), TICKS_PER_SECOND),
        (i64::from(milliseconds), TICKS_PER_MILLISECOND),
    ];
    let sum: i128 = units
        .iter()
        .map(|(n, unit)| i128::from(*n) * i128::from(*unit))
        .sum();
    i64::try_from(sum)
        .map(Value::TimeSpan)
        .map_err(|_| CsError::overflow("TimeSpan overflowed because the duration is too long."))
}

fn order(a: &Value, b: &Value) -> Value {
    Value::Int(match compare(a, b) {
        std::cmp::Ordering::Less => -1,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => 1,
    })
}

fn dated(value: &Value, pattern: &str) -> CsResult<Value> {
    format::with_format(value, &Type::DateTime, pattern).map(Value::string)
}
