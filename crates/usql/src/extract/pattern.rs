//! File sets: paths with `{column}`, `{column:yyyy}` and `{*}`.

use crate::cs::Value;
use crate::cs::datetime::{self, Parts};

/// A path of an EXTRACT, one list of pieces for each of its segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) segments: Vec<Vec<Piece>>,
}

/// A piece of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// `{*}`
    Any,
    /// `{column}`
    Column(String),
    /// `{column:yyyy}`
    Date(String, DatePart),
}

/// A part of a date in a file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DatePart {
    pub(crate) unit: DateUnit,
    /// Whether the number is padded with zeros to two digits, or four for years.
    pub(crate) padded: bool,
}

/// What a part counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateUnit {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// What is wrong with a pattern, or worth a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PatternIssue {
    /// A brace without its partner, or an empty name.
    Malformed(String),
    /// A format that no date part has.
    UnknownFormat(String),
    /// `{col:*}`: accepted as `{col}`.
    StarFormat,
    /// `{col:hh}`: accepted as `HH`.
    LowerCaseHour,
}

impl Pattern {
    /// Reads a path; `issues` gets what is wrong or deprecated.
    pub(crate) fn parse(path: &str, issues: &mut Vec<PatternIssue>) -> Option<Self> {
        let mut segments = Vec::new();
        for segment in split_segments(path) {
            let mut pieces = Vec::new();
            let mut rest = segment.as_str();
            while let Some(open) = rest.find('{') {
                if open > 0 {
                    pieces.push(Piece::Text(rest[..open].to_owned()));
                }
                let Some(length) = rest[open..].find('}') else {
                    issues.push(PatternIssue::Malformed(rest[open..].to_owned()));
                    return None;
                };
                let hole = &rest[open + 1..open + length];
                rest = &rest[open + length + 1..];
                pieces.push(hole_piece(hole, issues)?);
            }
            if !rest.is_empty() {
                pieces.push(Piece::Text(rest.to_owned()));
            }
            segments.push(pieces);
        }
        Some(Self { segments })
    }

    /// Whether it can name more than one file.
    pub(crate) fn is_set(&self) -> bool {
        self.segments
            .iter()
            .flatten()
            .any(|piece| !matches!(piece, Piece::Text(_)))
    }

    /// The columns it names, each once.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for piece in self.segments.iter().flatten() {
            if let Piece::Column(name) | Piece::Date(name, _) = piece
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        }
        names
    }
}

/// Cuts at `/` and `\` outside braces.
fn split_segments(path: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut depth = 0_usize;
    for c in path.chars() {
        match c {
            '/' | '\\' if depth == 0 => segments.push(String::new()),
            c => {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if let Some(last) = segments.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    segments.retain(|segment| !segment.is_empty());
    segments
}

fn hole_piece(hole: &str, issues: &mut Vec<PatternIssue>) -> Option<Piece> {
    if hole == "*" {
        return Some(Piece::Any);
    }
    let (name, format) = hole.split_once(':').unwrap_or((hole, ""));
    if name.is_empty() || name.contains('{') {
        issues.push(PatternIssue::Malformed(format!("{{{hole}}}")));
        return None;
    }
    let name = name.to_owned();
    let part = |unit, padded| Some(Piece::Date(name.clone(), DatePart { unit, padded }));
    match format {
        "" => Some(Piece::Column(name)),
        "*" => {
            issues.push(PatternIssue::StarFormat);
            Some(Piece::Column(name))
        }
        "yyyy" => part(DateUnit::Year, true),
        "MM" => part(DateUnit::Month, true),
        "M" => part(DateUnit::Month, false),
        "dd" => part(DateUnit::Day, true),
        "d" => part(DateUnit::Day, false),
        "HH" => part(DateUnit::Hour, true),
        "H" => part(DateUnit::Hour, false),
        "hh" | "h" => {
            issues.push(PatternIssue::LowerCaseHour);
            part(DateUnit::Hour, format == "hh")
        }
        "mm" => part(DateUnit::Minute, true),
        "m" => part(DateUnit::Minute, false),
        "ss" => part(DateUnit::Second, true),
        "s" => part(DateUnit::Second, false),
        other => {
            issues.push(PatternIssue::UnknownFormat(other.to_owned()));
            None
        }
    }
}

/// What a file's name says so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Captures {
    texts: Vec<(String, String)>,
    dates: Vec<(String, DateUnit, i32)>,
}

impl Captures {
    fn text(&mut self, name: &str, value: &str) -> bool {
        if let Some((_, known)) = self.texts.iter().find(|(known, _)| known == name) {
            return known == value;
        }
        self.texts.push((name.to_owned(), value.to_owned()));
        true
    }

    fn date(&mut self, name: &str, unit: DateUnit, value: i32) -> bool {
        if let Some((.., known)) = self
            .dates
            .iter()
            .find(|(known, u, _)| known == name && *u == unit)
        {
            return *known == value;
        }
        self.dates.push((name.to_owned(), unit, value));
        true
    }

    /// The text of a `{column}`.
    pub(crate) fn value_of(&self, name: &str) -> Option<&str> {
        self.texts
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, text)| text.as_str())
    }

    /// The date of a column's parts; parts left out are the first of their kind.
    pub(crate) fn date_of(&self, name: &str) -> Option<Value> {
        let part = |unit| {
            self.dates
                .iter()
                .find(|(known, u, _)| known == name && *u == unit)
                .map(|(.., value)| *value)
        };
        if !self.dates.iter().any(|(known, ..)| known == name) {
            return None;
        }
        let parts = Parts {
            year: part(DateUnit::Year).unwrap_or(1),
            month: part(DateUnit::Month).unwrap_or(1),
            day: part(DateUnit::Day).unwrap_or(1),
            hour: part(DateUnit::Hour).unwrap_or(0),
            minute: part(DateUnit::Minute).unwrap_or(0),
            second: part(DateUnit::Second).unwrap_or(0),
            fraction: 0,
        };
        datetime::ticks(parts).ok().map(Value::date)
    }
}

/// Matches one segment; `captures` grows on success.
pub(crate) fn match_segment(pieces: &[Piece], text: &str, captures: &Captures) -> Option<Captures> {
    let Some((piece, rest)) = pieces.split_first() else {
        return text.is_empty().then(|| captures.clone());
    };
    match piece {
        Piece::Text(wanted) => match_segment(rest, text.strip_prefix(wanted.as_str())?, captures),
        Piece::Date(name, part) => {
            let most = if part.unit == DateUnit::Year { 4 } else { 2 };
            let least = if part.padded { most } else { 1 };
            let digits = text
                .bytes()
                .take(most)
                .take_while(u8::is_ascii_digit)
                .count();
            (least..=digits).rev().find_map(|length| {
                let mut next = captures.clone();
                let value = text[..length].parse().ok()?;
                next.date(name, part.unit, value).then_some(())?;
                match_segment(rest, &text[length..], &next)
            })
        }
        Piece::Any | Piece::Column(_) => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            // The shortest that lets the rest match, so that texts after it are found where they first stand.
            ends.filter(|end| *end > 0 || matches!(piece, Piece::Any))
                .find_map(|end| {
                    let mut next = captures.clone();
                    if let Piece::Column(name) = piece {
                        next.text(name, &text[..end]).then_some(())?;
                    }
                    match_segment(rest, &text[end..], &next)
                })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(path: &str) -> Pattern {
        Pattern::parse(path, &mut Vec::new()).expect("a pattern")
    }

    fn captures(path: &str, names: &[&str]) -> Option<Captures> {
        let pattern = pattern(path);
        let mut captures = Captures::default();
        for (pieces, name) in pattern.segments.iter().zip(names) {
            captures = match_segment(pieces, name, &captures)?;
        }
        Some(captures)
    }

    /// U-SQL 094, 095.
    #[test]
    fn names_give_values() {
        let dates = captures("/d/{dt:yyyy}-{dt:MM}-{dt:dd}.csv", &["d", "2016-01-02.csv"])
            .expect("a match");
        let ticks = datetime::ticks(Parts {
            year: 2016,
            month: 1,
            day: 2,
            hour: 0,
            minute: 0,
            second: 0,
            fraction: 0,
        });
        assert_eq!(dates.date_of("dt"), ticks.ok().map(Value::date));
        let name = captures("/d/{n}Data.csv", &["d", "fooData.csv"]).expect("a match");
        assert_eq!(name.value_of("n"), Some("foo"));
        assert_eq!(captures("/d/{n}Data.csv", &["d", "Data.csv"]), None);
    }

    #[test]
    fn contradictions_exclude_the_file() {
        assert!(captures("/{n}/{n}.csv", &["a", "a.csv"]).is_some());
        assert!(captures("/{n}/{n}.csv", &["a", "b.csv"]).is_none());
        assert!(captures("/{d:yyyy}/{d:yyyy}{d:MM}.csv", &["2016", "201701.csv"]).is_none());
        assert!(captures("/{d:M}.csv", &["12.csv"]).is_some());
        assert!(captures("/{d:MM}.csv", &["1.csv"]).is_none());
        let impossible = captures("/{d:MM}.csv", &["13.csv"]).expect("digits");
        assert_eq!(impossible.date_of("d"), None);
    }

    #[test]
    fn deprecated_forms_are_read_and_named() {
        let mut issues = Vec::new();
        let parsed = Pattern::parse("/{a:*}/{b:hh}", &mut issues).expect("a pattern");
        assert_eq!(
            issues,
            [PatternIssue::StarFormat, PatternIssue::LowerCaseHour]
        );
        assert_eq!(parsed.columns(), ["a", "b"]);
        assert!(Pattern::parse("/{a", &mut issues).is_none());
        assert!(Pattern::parse("/{a:xx}", &mut issues).is_none());
        assert!(!pattern("/a/b.csv").is_set() && pattern("/a/{*}").is_set());
    }
}
