//! Dates by a pattern of Java's `SimpleDateFormat`.
//!
//! Unlike there, a field out of its range is an error and does not roll over. A year of two digits
//! is one from 1970 to 2069.

use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

/// The pattern of a date attribute that names none.
pub(super) const DEFAULT: &str = "yyyy-MM-dd'T'HH:mm:ss";

#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Literal(String),
    /// A pattern letter and how often it stands there.
    Field(char, usize),
}

/// A date pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Item>);

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

impl Pattern {
    /// The reason is that of a letter which has no meaning here.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        let mut items = Vec::new();
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            let item = match c {
                '\'' if chars.next_if_eq(&'\'').is_some() => Item::Literal("'".to_owned()),
                '\'' => {
                    let mut literal = String::new();
                    loop {
                        match chars.next() {
                            Some('\'') if chars.next_if_eq(&'\'').is_some() => literal.push('\''),
                            Some('\'') => break,
                            Some(c) => literal.push(c),
                            None => {
                                return Err("a quote in the date format is not closed".to_owned());
                            }
                        }
                    }
                    Item::Literal(literal)
                }
                'y' | 'M' | 'd' | 'H' | 'k' | 'K' | 'h' | 'm' | 's' | 'S' | 'a' | 'E' | 'z'
                | 'Z' | 'X' => {
                    let mut count = 1;
                    while chars.next_if_eq(&c).is_some() {
                        count += 1;
                    }
                    Item::Field(c, count)
                }
                c if c.is_ascii_alphabetic() => {
                    return Err(format!("date format letter `{c}` is not supported"));
                }
                c => Item::Literal(c.to_string()),
            };
            items.push(item);
        }
        Ok(Self(items))
    }

    /// Whether a text tells its offset from UTC.
    pub(super) fn has_zone(&self) -> bool {
        self.0
            .iter()
            .any(|item| matches!(item, Item::Field('z' | 'Z' | 'X', _)))
    }

    /// Milliseconds since 1970-01-01: UTC with a zone, else local time.
    pub(super) fn parse(&self, text: &str) -> Option<i64> {
        let mut fields = Fields::default();
        let mut rest = text.trim();
        for (index, item) in self.0.iter().enumerate() {
            match item {
                Item::Literal(literal) => rest = rest.strip_prefix(literal.as_str())?,
                Item::Field(letter, count) => {
                    // numbers that touch are told apart by their width
                    let touches = matches!(self.0.get(index + 1), Some(Item::Field(next, n))
                        if is_number(*next, *n));
                    rest = fields.take(*letter, *count, touches, rest)?;
                }
            }
        }
        if !rest.is_empty() {
            return None;
        }
        fields.instant()
    }
}

/// Whether a field is written in digits.
fn is_number(letter: char, count: usize) -> bool {
    match letter {
        'M' => count < 3,
        letter => "ydHkKhmsS".contains(letter),
    }
}

#[derive(Debug)]
struct Fields {
    year: i32,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    milli: u16,
    afternoon: Option<bool>,
    offset: UtcOffset,
}

impl Default for Fields {
    fn default() -> Self {
        Self {
            year: 1970,
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
            milli: 0,
            afternoon: None,
            offset: UtcOffset::UTC,
        }
    }
}

impl Fields {
    /// Reads one field at the start of `text` and returns what follows.
    fn take<'t>(
        &mut self,
        letter: char,
        count: usize,
        touches: bool,
        text: &'t str,
    ) -> Option<&'t str> {
        match letter {
            'a' => {
                let (afternoon, rest) = name(text, &["am", "pm"])?;
                self.afternoon = Some(afternoon == 1);
                return Some(rest);
            }
            'E' => return Some(name(text, &DAYS)?.1),
            'M' if count >= 3 => {
                let (month, rest) = name(text, &MONTHS)?;
                self.month = u8::try_from(month + 1).ok()?;
                return Some(rest);
            }
            'z' | 'Z' | 'X' => {
                let (offset, rest) = zone(text)?;
                self.offset = offset;
                return Some(rest);
            }
            _ => {}
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let digits = if touches { digits.min(count) } else { digits };
        let number: i32 = text[..digits].parse().ok()?;
        let small = u8::try_from(number).ok();
        match letter {
            'y' if count == 2 && digits == 2 => {
                self.year = number + if number < 70 { 2000 } else { 1900 }
            }
            'y' => self.year = number,
            'M' => self.month = small?,
            'd' => self.day = small?,
            'H' => self.hour = small?,
            'k' => self.hour = small.filter(|h| (1..=24).contains(h))? % 24,
            'K' => self.hour = small.filter(|h| *h < 12)?,
            'h' => self.hour = small.filter(|h| (1..=12).contains(h))? % 12,
            'm' => self.minute = small?,
            's' => self.second = small?,
            _ => self.milli = u16::try_from(number).ok()?,
        }
        Some(&text[digits..])
    }

    fn instant(&self) -> Option<i64> {
        let month = Month::try_from(self.month).ok()?;
        let date = Date::from_calendar_date(self.year, month, self.day).ok()?;
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            _ => self.hour,
        };
        let time = Time::from_hms_milli(hour, self.minute, self.second, self.milli).ok()?;
        let instant = PrimitiveDateTime::new(date, time).assume_offset(self.offset);
        i64::try_from(instant.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
    }
}

/// Which of these names, or of their first three letters, a text starts with.
fn name<'t>(text: &'t str, names: &[&str]) -> Option<(usize, &'t str)> {
    let len = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, rest) = text.split_at(len);
    let word = word.to_ascii_lowercase();
    let found = names
        .iter()
        .position(|name| word == *name || len == 3 && name.starts_with(&word))?;
    Some((found, rest))
}

/// `Z`, `GMT`, `UTC`, `+02`, `+0200`, `+02:00`, `GMT+02:00`.
fn zone(text: &str) -> Option<(UtcOffset, &str)> {
    let named = ["GMT", "UTC", "UT", "Z"]
        .iter()
        .find_map(|name| text.strip_prefix(name));
    let text = named.unwrap_or(text);
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Some((UtcOffset::UTC, named?)),
    };
    let digits = |text: &str| -> Option<i8> {
        let two = text.get(..2)?;
        two.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| two.parse().ok())
            .flatten()
    };
    let text = &text[1..];
    let hours = digits(text)?;
    let text = &text[2..];
    let (minutes, text) = match text.strip_prefix(':') {
        Some(after) => (digits(after)?, &after[2..]),
        None => digits(text).map_or((0, text), |minutes| (minutes, &text[2..])),
    };
    Some((
        UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?,
        text,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 1_420_156_800_000; // 2015-01-02

    #[test]
    fn patterns() {
        let time = DAY + 11_045_000; // 03:04:05
        for (pattern, text, expected) in [
            (DEFAULT, "2015-01-02T03:04:05", Some(time)),
            (
                "yyyy-MM-dd HH:mm:ss.SSS",
                "2015-01-02 03:04:05.120",
                Some(time + 120),
            ),
            ("yyyyMMddHHmmss", "20150102030405", Some(time)),
            ("dd/MM/yy", "02/01/15", Some(DAY)),
            (
                "MMM d, yyyy h:mm:ss a",
                "Jan 2, 2015 3:04:05 AM",
                Some(time),
            ),
            (
                "EEE, dd MMMM yyyy hh:mm a",
                "Fri, 02 January 2015 12:30 pm",
                Some(DAY + 45_000_000),
            ),
            (
                "yyyy-MM-dd'T'HH:mm:ssXXX",
                "2015-01-02T05:04:05+02:00",
                Some(time),
            ),
            (
                "yyyy-MM-dd HH:mm:ss Z",
                "2015-01-02 02:04:05 -0100",
                Some(time),
            ),
            (
                "yyyy-MM-dd HH:mm:ss z",
                "2015-01-02 03:04:05 GMT",
                Some(time),
            ),
            ("HH 'o''clock'", "03 o'clock", Some(10_800_000)),
            ("kk:mm", "24:00", Some(0)),
            ("yyyy", "1969", Some(-31_536_000_000)),
            (DEFAULT, "2015-13-02T03:04:05", None),
            (DEFAULT, "2015-02-30T03:04:05", None),
            (DEFAULT, "2015-01-02", None),
            (DEFAULT, "2015-01-02T03:04:05Z", None),
            ("MMM", "Xyz", None),
            ("hh a", "13 pm", None),
            ("yyyy", "99999999999", None),
        ] {
            let parsed = Pattern::new(pattern).unwrap();
            assert_eq!(parsed.parse(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn zones_are_known_from_the_pattern() {
        assert!(Pattern::new("HH:mm X").unwrap().has_zone());
        assert!(!Pattern::new("HH:mm 'Z'").unwrap().has_zone());
    }

    #[test]
    fn bad_patterns() {
        let error = |pattern| Pattern::new(pattern).unwrap_err();
        assert_eq!(error("yyyy-ww"), "date format letter `w` is not supported");
        assert_eq!(error("yyyy'T"), "a quote in the date format is not closed");
    }
}
