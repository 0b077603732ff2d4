//! `DateTime.Parse` and `TimeSpan.Parse`: the forms of en-US and ISO 8601.

use crate::cs::datetime::{self, MONTHS, Parts, TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE};
use crate::cs::{CsError, CsResult, DateTime, DateTimeKind};

pub(super) fn bad_date() -> CsError {
    CsError::format("String was not recognized as a valid DateTime.")
}

/// `DateTime.Parse`; `today` stands in for what the text leaves out. A zone
/// converts to the local time, which is UTC here.
pub(crate) fn date_time(text: &str, today: i64) -> CsResult<DateTime> {
    DateParser::new(text, today).parse().ok_or_else(bad_date)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    Number(&'t str),
    Word(&'t str),
    Mark(char),
}

pub(super) struct DateParser<'t> {
    pub(super) parts: Vec<Part<'t>>,
    pub(super) at: usize,
    today: i64,
}

impl<'t> DateParser<'t> {
    pub(super) fn new(text: &'t str, today: i64) -> Self {
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
    pub(super) fn zone(&mut self) -> Option<Option<i64>> {
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
pub(super) fn fraction(digits: &str) -> Option<i32> {
    let scaled: f64 = format!("0.{digits}").parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "at most ten million")]
    let ticks = (scaled * 1e7).round() as i32;
    Some(ticks.min(9_999_999))
}

/// Two digits mean 1930 to 2029.
pub(super) fn year(text: &str, _today: Parts) -> Option<i32> {
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
}
