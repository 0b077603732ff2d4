//! Text to values, as `Parse` of each type reads it (culture en-US).

use rust_decimal::Decimal;

use super::datetime::{self, MONTHS, Parts, TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE};
use super::{CsError, CsResult, DateTime, DateTimeKind, decimal};

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

fn bad_date() -> CsError {
    CsError::format("String was not recognized as a valid DateTime.")
}

/// `DateTime.Parse`; `today` stands in for what the text leaves out. A zone
/// converts to the local time, which is UTC here.
pub(crate) fn date_time(text: &str, today: i64) -> CsResult<DateTime> {
    DateParser::new(text, today).parse().ok_or_else(bad_date)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'t> {
    Number(&'t str),
    Word(&'t str),
    Mark(char),
}

struct DateParser<'t> {
    parts: Vec<Part<'t>>,
    at: usize,
    today: i64,
}

impl<'t> DateParser<'t> {
    fn new(text: &'t str, today: i64) -> Self {
        let mut parts = Vec::new();
        let mut rest = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        while let Some(c) = rest.chars().next() {
            let length = |keep: fn(char) -> bool| rest.find(|c| !keep(c)).unwrap_or(rest.len());
            let taken = if c.is_ascii_digit() {
                let n = length(|c| c.is_ascii_digit());
                parts.push(Part::Number(&rest[..n]));
                n
            } else if c.is_alphabetic() {
                let n = length(char::is_alphabetic);
                parts.push(Part::Word(&rest[..n]));
                n
            } else {
                if !c.is_whitespace() {
                    parts.push(Part::Mark(c));
                } else if parts.last() != Some(&Part::Mark(' ')) {
                    parts.push(Part::Mark(' '));
                }
                c.len_utf8()
            };
            rest = &rest[taken..];
        }
        Self {
            parts,
            at: 0,
            today,
        }
    }

    fn peek(&self) -> Option<Part<'t>> {
        self.parts.get(self.at).copied()
    }

    fn eat(&mut self, mark: char) -> bool {
        let found = self.peek() == Some(Part::Mark(mark));
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) {
        while self.eat(' ') || self.eat(',') {}
    }

    fn number(&mut self) -> Option<&'t str> {
        match self.peek() {
            Some(Part::Number(text)) => {
                self.at += 1;
                Some(text)
            }
            _ => None,
        }
    }

    fn small(&mut self) -> Option<i32> {
        self.number().filter(|t| t.len() <= 4)?.parse().ok()
    }

    fn month_name(&mut self) -> Option<i32> {
        let Some(Part::Word(word)) = self.peek() else {
            return None;
        };
        let matches =
            |name: &str| name.eq_ignore_ascii_case(word) || name[..3].eq_ignore_ascii_case(word);
        let at = MONTHS.iter().position(|name| matches(name))?;
        self.at += 1;
        self.eat('.');
        i32::try_from(at + 1).ok()
    }

    fn parse(mut self) -> Option<DateTime> {
        if self.parts.is_empty() {
            return None;
        }
        self.weekday();
        let time_only = matches!(self.parts.get(self.at + 1), Some(Part::Mark(':')));
        let today = datetime::parts(self.today);
        let (year, month, day) = if time_only {
            (today.year, today.month, today.day)
        } else {
            self.date(today)?
        };
        self.blanks();
        if matches!(self.peek(), Some(Part::Word("T" | "t"))) {
            self.at += 1;
        }
        self.blanks();
        let mut parts = Parts {
            year,
            month,
            day,
            hour: 0,
            minute: 0,
            second: 0,
            fraction: 0,
        };
        if matches!(self.peek(), Some(Part::Number(_))) {
            self.time(&mut parts)?;
        }
        self.blanks();
        let zone = self.zone()?;
        if self.at < self.parts.len() {
            return None;
        }
        // 24:00:00 is the next day's start in ISO texts only.
        let ticks = datetime::ticks(parts).ok()?;
        match zone {
            None => Some(DateTime {
                ticks,
                kind: DateTimeKind::Unspecified,
            }),
            Some(offset) => {
                let ticks = ticks - offset;
                (0..=datetime::MAX_TICKS)
                    .contains(&ticks)
                    .then_some(DateTime {
                        ticks,
                        kind: DateTimeKind::Local,
                    })
            }
        }
    }

    fn weekday(&mut self) {
        if let Some(Part::Word(word)) = self.peek() {
            let is_day = |name: &str| {
                name.eq_ignore_ascii_case(word) || name[..3].eq_ignore_ascii_case(word)
            };
            if datetime::DAYS.iter().any(|name| is_day(name)) {
                self.at += 1;
                self.blanks();
            }
        }
    }

    fn separator(&mut self) -> bool {
        let found = self.eat('/') || self.eat('-') || self.eat('.') || self.eat(',');
        let blank = self.eat(' ');
        while self.eat(' ') {}
        found || blank
    }

    /// Year, month, day in any of the orders of en-US and ISO 8601.
    fn date(&mut self, today: Parts) -> Option<(i32, i32, i32)> {
        if let Some(month) = self.month_name() {
            // MMM d[, yyyy] and MMM yyyy
            self.blanks();
            let first = self.number()?;
            if first.len() > 2 {
                return Some((year(first, today)?, month, 1));
            }
            let day = first.parse().ok()?;
            let here = self.at;
            self.blanks();
            if let Some(Part::Number(text)) = self.peek()
                && self.parts.get(self.at + 1) != Some(&Part::Mark(':'))
            {
                self.at += 1;
                return Some((year(text, today)?, month, day));
            }
            self.at = here;
            return Some((today.year, month, day));
        }
        let first = self.number()?;
        if first.len() == 4 {
            let first_year = first.parse().ok()?;
            if !self.separator() {
                return None;
            }
            let month = match self.month_name() {
                Some(month) => month,
                None => self.small()?,
            };
            let here = self.at;
            if self.separator()
                && let Some(Part::Number(day)) = self.peek()
                && day.len() <= 2
                && self.parts.get(self.at + 1) != Some(&Part::Mark(':'))
            {
                self.at += 1;
                return Some((first_year, month, day.parse().ok()?));
            }
            self.at = here;
            return Some((first_year, month, 1));
        }
        if first.len() > 2 || !self.separator() {
            return None;
        }
        let first: i32 = first.parse().ok()?;
        if let Some(month) = self.month_name() {
            // d MMM [yyyy]
            self.separator();
            if let Some(Part::Number(text)) = self.peek()
                && self.parts.get(self.at + 1) != Some(&Part::Mark(':'))
            {
                self.at += 1;
                return Some((year(text, today)?, month, first));
            }
            return Some((today.year, month, first));
        }
        let second = self.number()?;
        if second.len() == 4 {
            // M/yyyy
            return Some((second.parse().ok()?, first, 1));
        }
        let second: i32 = second.parse().ok()?;
        let here = self.at;
        if (self.eat('/') || self.eat('-') || self.eat('.') || self.eat(','))
            && let Some(text) = self.number()
        {
            return Some((year(text, today)?, first, second));
        }
        self.at = here;
        Some((today.year, first, second))
    }

    fn time(&mut self, parts: &mut Parts) -> Option<()> {
        parts.hour = self.small()?;
        let mut has_minutes = false;
        if self.eat(':') {
            has_minutes = true;
            parts.minute = self.small()?;
            if self.eat(':') {
                parts.second = self.small()?;
                if self.eat('.') || (self.peek() == Some(Part::Mark(',')) && self.eat(',')) {
                    parts.fraction = fraction(self.number()?)?;
                }
            }
        }
        let here = self.at;
        while self.eat(' ') {}
        match self.peek() {
            Some(Part::Word(word)) if matches!(word.to_ascii_uppercase().as_str(), "AM" | "A") => {
                self.at += 1;
                (1..=12).contains(&parts.hour).then_some(())?;
                parts.hour %= 12;
            }
            Some(Part::Word(word)) if matches!(word.to_ascii_uppercase().as_str(), "PM" | "P") => {
                self.at += 1;
                (1..=12).contains(&parts.hour).then_some(())?;
                parts.hour = parts.hour % 12 + 12;
            }
            _ => {
                self.at = here;
                // A lone number is no time.
                has_minutes.then_some(())?;
            }
        }
        Some(())
    }

    /// `Z`, `GMT`, `+hh:mm`; the outer `None` is bad text.
    fn zone(&mut self) -> Option<Option<i64>> {
        match self.peek() {
            Some(Part::Word("Z" | "z" | "GMT" | "UTC")) => {
                self.at += 1;
                Some(Some(0))
            }
            Some(Part::Mark(sign @ ('+' | '-'))) => {
                self.at += 1;
                let text = self.number()?;
                let (hours, minutes) = match text.len() {
                    1 | 2 if self.eat(':') => (text.parse().ok()?, i64::from(self.small()?)),
                    1 | 2 => (text.parse().ok()?, 0),
                    4 => (text[..2].parse::<i64>().ok()?, text[2..].parse().ok()?),
                    _ => return None,
                };
                if hours > 14 || minutes > 59 {
                    return None;
                }
                let offset = hours * TICKS_PER_HOUR + minutes * TICKS_PER_MINUTE;
                Some(Some(if sign == '-' { -offset } else { offset }))
            }
            _ => Some(None),
        }
    }
}

/// Ticks of the digits after a second's point; more than seven are rounded.
fn fraction(digits: &str) -> Option<i32> {
    let scaled: f64 = format!("0.{digits}").parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "at most ten million")]
    let ticks = (scaled * 1e7).round() as i32;
    Some(ticks.min(9_999_999))
}

/// Two digits mean 1930 to 2029.
fn year(text: &str, _today: Parts) -> Option<i32> {
    let value: i32 = text.parse().ok()?;
    match text.len() {
        1 | 2 => Some(if value < 30 {
            2000 + value
        } else {
            1900 + value
        }),
        3 | 4 => Some(value),
        _ => None,
    }
}

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

/// `TimeSpan.Parse`: `[-][d.]hh:mm[:ss[.fffffff]]` or days alone.
pub(crate) fn time_span(text: &str) -> CsResult<i64> {
    let bad = || CsError::format("String was not recognized as a valid TimeSpan.");
    let text = text.trim();
    let (negative, text) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    let part = |text: &str, limit: i64| {
        text.parse::<i64>()
            .ok()
            .filter(|n| (0..limit).contains(n))
            .ok_or_else(bad)
    };
    let pieces: Vec<&str> = text.split(':').collect();
    let ticks = match pieces.as_slice() {
        [days] => part(days, 10_675_199)? * TICKS_PER_DAY,
        [first, minutes, tail @ ..] if tail.len() <= 1 => {
            let (days, hours) = first.split_once('.').unwrap_or(("0", first));
            let seconds = tail.first().copied().unwrap_or("0");
            let (seconds, digits) = seconds.split_once('.').unwrap_or((seconds, "0"));
            part(days, 10_675_199)? * TICKS_PER_DAY
                + part(hours, 24)? * TICKS_PER_HOUR
                + part(minutes, 60)? * TICKS_PER_MINUTE
                + part(seconds, 60)? * datetime::TICKS_PER_SECOND
                + i64::from(fraction(digits).ok_or_else(bad)?)
        }
        _ => return Err(bad()),
    };
    Ok(if negative { -ticks } else { ticks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn date(text: &str, iso: &str) {
        let parsed = date_time(text, datetime::UNIX_EPOCH_TICKS).map(|d| datetime::format(d, "s"));
        assert_eq!(parsed, Ok(Ok(iso.to_owned())), "{text}");
    }

    /// The forms of section 2.3.
    #[test]
    fn dates() {
        date("2/15/2012 11:53:16 AM", "2012-02-15T11:53:16");
        date("2/15/2012 12:05 AM", "2012-02-15T00:05:00");
        date("2/15/2012 1:05:09.5 PM", "2012-02-15T13:05:09");
        date("2012-02-15T11:53:16.1234567", "2012-02-15T11:53:16");
        date("2012-02-15 11:53", "2012-02-15T11:53:00");
        date("2012/02/16", "2012-02-16T00:00:00");
        date("2012-02", "2012-02-01T00:00:00");
        date("15 Feb 2012", "2012-02-15T00:00:00");
        date(
            "Wednesday, February 15, 2012 1:02 PM",
            "2012-02-15T13:02:00",
        );
        date("Feb 15", "1970-02-15T00:00:00");
        date("2/15/12", "2012-02-15T00:00:00");
        date("2/15", "1970-02-15T00:00:00");
        date("15-Feb-2012", "2012-02-15T00:00:00");
        date("13:05", "1970-01-01T13:05:00");
        date("2012-02-15T11:53:16Z", "2012-02-15T11:53:16");
        date("2012-02-15T11:53:16+02:00", "2012-02-15T09:53:16");
        date("Wed, 15 Feb 2012 11:53:16 GMT", "2012-02-15T11:53:16");
        for text in [
            "",
            "x",
            "2012",
            "2012-13-01",
            "2/30/2012",
            "13/1/2012",
            "2012-02-15T25:00",
            "2012-02-15 11",
            "1/2/2012x",
        ] {
            assert!(date_time(text, 0).is_err(), "{text}");
        }
    }

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
