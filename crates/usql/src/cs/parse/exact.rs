//! `DateTime.ParseExact`: dates by a format string.

use super::date::{DateParser, bad_date, fraction, year};
use crate::cs::datetime::{self, MONTHS, Parts};
use crate::cs::{CsResult, DateTime, DateTimeKind};

/// `DateTime.ParseExact(text, format, …)`.
pub(crate) fn date_time_exact(text: &str, format: &str, today: i64) -> CsResult<DateTime> {
    let pattern = match format {
        "d" => "M/d/yyyy",
        "g" => "M/d/yyyy h:mm tt",
        "G" => "M/d/yyyy h:mm:ss tt",
        "o" | "O" => "yyyy-MM-ddTHH:mm:ss.fffffffK",
        "s" => "yyyy-MM-ddTHH:mm:ss",
        "u" => "yyyy-MM-dd HH:mm:ss'Z'",
        "t" => "h:mm tt",
        "T" => "h:mm:ss tt",
        other => other,
    };
    exact(text, pattern, today).ok_or_else(bad_date)
}

fn exact(text: &str, pattern: &str, today: i64) -> Option<DateTime> {
    let now = datetime::parts(today);
    let mut p = Parts {
        year: -1,
        month: -1,
        day: -1,
        hour: 0,
        minute: 0,
        second: 0,
        fraction: 0,
    };
    let mut pm = None;
    let mut zone = None;
    let chars: Vec<char> = pattern.chars().collect();
    let mut rest = text;
    let mut at = 0;
    while at < chars.len() {
        let mut letter = chars[at];
        let mut count = chars[at..].iter().take_while(|c| **c == letter).count();
        if letter == '%' {
            at += 1;
            letter = *chars.get(at)?;
            count = 1;
        }
        match letter {
            'y' => {
                p.year = take(&mut rest, if count <= 2 { 2 } else { 4 }, count).and_then(
                    |(n, width)| {
                        if count <= 2 && width <= 2 {
                            year(&format!("{n:02}"), now)
                        } else {
                            Some(n)
                        }
                    },
                )?
            }
            'M' if count >= 3 => p.month = take_name(&mut rest, &MONTHS, count == 3)?,
            'M' => p.month = take(&mut rest, 2, count)?.0,
            'd' if count >= 3 => {
                take_name(&mut rest, &datetime::DAYS, count == 3)?;
            }
            'd' => p.day = take(&mut rest, 2, count)?.0,
            'H' | 'h' => p.hour = take(&mut rest, 2, count)?.0,
            'm' => p.minute = take(&mut rest, 2, count)?.0,
            's' => p.second = take(&mut rest, 2, count)?.0,
            'f' | 'F' => {
                let length = rest
                    .bytes()
                    .take(count)
                    .take_while(u8::is_ascii_digit)
                    .count();
                if letter == 'f' && length < count {
                    return None;
                }
                if length > 0 {
                    p.fraction = fraction(&rest[..length])?;
                }
                rest = &rest[length..];
            }
            't' => {
                let upper = rest.get(..count.min(2))?.to_ascii_uppercase();
                pm = Some(match upper.as_str() {
                    "A" | "AM" => false,
                    "P" | "PM" => true,
                    _ => return None,
                });
                rest = &rest[count.min(2)..];
            }
            'z' | 'K' => {
                let mut zone_part = DateParser::new(rest, today);
                zone = zone_part.zone()?;
                if zone_part.at < zone_part.parts.len() {
                    return None;
                }
                rest = "";
            }
            '\'' | '"' => {
                let end = chars[at + 1..].iter().position(|c| *c == letter)?;
                let literal: String = chars[at + 1..at + 1 + end].iter().collect();
                rest = rest.strip_prefix(literal.as_str())?;
                at += end + 2;
                continue;
            }
            '\\' => {
                rest = rest.strip_prefix(*chars.get(at + 1)?)?;
                at += 2;
                continue;
            }
            c => {
                for _ in 0..count {
                    rest = rest.strip_prefix(c)?;
                }
            }
        }
        at += count;
    }
    if !rest.is_empty() {
        return None;
    }
    if let Some(pm) = pm {
        p.hour = p.hour % 12 + if pm { 12 } else { 0 };
    }
    let has_date = p.year >= 0 || p.month >= 0 || p.day >= 0;
    let default = |value: i32, given: i32, otherwise: i32| {
        if value >= 0 {
            value
        } else if has_date {
            otherwise
        } else {
            given
        }
    };
    p.year = default(p.year, now.year, now.year);
    p.month = default(p.month, now.month, 1);
    p.day = default(p.day, now.day, 1);
    let ticks = datetime::ticks(p).ok()?;
    Some(match zone {
        None => DateTime {
            ticks,
            kind: DateTimeKind::Unspecified,
        },
        Some(offset) => DateTime {
            ticks: ticks - offset,
            kind: DateTimeKind::Local,
        },
    })
}

/// A number of at least `count` digits (one when `count` is one), at most `most`.
fn take(rest: &mut &str, most: usize, count: usize) -> Option<(i32, usize)> {
    let length = rest
        .bytes()
        .take(most.max(count))
        .take_while(u8::is_ascii_digit)
        .count();
    if length == 0 || length < count {
        return None;
    }
    let value = rest[..length].parse().ok()?;
    *rest = &rest[length..];
    Some((value, length))
}

fn take_name(rest: &mut &str, names: &[&str], short: bool) -> Option<i32> {
    for (n, name) in names.iter().enumerate() {
        let name = if short { &name[..3] } else { name };
        if rest
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
        {
            *rest = &rest[name.len()..];
            return i32::try_from(n + 1).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_dates() {
        let exact = |text: &str, format: &str| {
            date_time_exact(text, format, datetime::UNIX_EPOCH_TICKS)
                .and_then(|d| datetime::format(d, "yyyy-MM-ddTHH:mm:ss.fff"))
        };
        assert_eq!(
            exact("20120215", "yyyyMMdd").as_deref(),
            Ok("2012-02-15T00:00:00.000")
        );
        assert_eq!(
            exact("15/Feb/2012:11:53:16", "dd/MMM/yyyy:HH:mm:ss").as_deref(),
            Ok("2012-02-15T11:53:16.000")
        );
        assert_eq!(
            exact("2/5/2012 1:05 PM", "M/d/yyyy h:mm tt").as_deref(),
            Ok("2012-02-05T13:05:00.000")
        );
        assert_eq!(
            exact("11:53.25", "HH:mm.ff").as_deref(),
            Ok("1970-01-01T11:53:00.250")
        );
        assert_eq!(
            exact("2012-02-15T00:00:00.0000000Z", "O").as_deref(),
            Ok("2012-02-15T00:00:00.000")
        );
        assert!(exact("2012-2-15", "yyyy-MM-dd").is_err());
        assert!(exact("2012-02-15 ", "yyyy-MM-dd").is_err());
    }
}
