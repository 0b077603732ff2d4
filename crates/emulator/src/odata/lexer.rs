//! Splits a `$filter` expression into tokens.
//! Literals are converted here, so that the parser sees values only.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, PrimitiveDateTime};

use super::QueryError;
use super::value::Literal;

/// One token of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name: field, operator or function.
    Word(String),
    Literal(Literal),
    Open,
    Close,
    Comma,
}

/// Splits the whole text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    let mut lexer = Lexer { rest: text };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    rest: &'a str,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<Option<Token>, QueryError> {
        self.rest = self.rest.trim_start();
        let Some(first) = self.rest.chars().next() else {
            return Ok(None);
        };
        let single = match first {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            ',' => Some(Token::Comma),
            _ => None,
        };
        if let Some(token) = single {
            self.rest = &self.rest[1..];
            return Ok(Some(token));
        }
        if first == '\'' {
            return Ok(Some(Token::Literal(Literal::Text(self.quoted()?))));
        }
        let end = self
            .rest
            .find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | '\''))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if rest.starts_with('\'') {
            let quoted = self.quoted()?;
            return Ok(Some(Token::Literal(typed_literal(word, &quoted)?)));
        }
        Ok(Some(match bare_literal(word) {
            Some(literal) => Token::Literal(literal),
            None => Token::Word(word.to_owned()),
        }))
    }

    /// Text in single quotes; two of them stand for one.
    fn quoted(&mut self) -> Result<String, QueryError> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c != '\'' {
                text.push(c);
            } else if chars.next_if(|&(_, next)| next == '\'').is_some() {
                text.push('\'');
            } else {
                self.rest = &self.rest[at + 1..];
                return Ok(text);
            }
        }
        Err(QueryError::new("a text literal in $filter is not closed"))
    }
}

fn typed_literal(kind: &str, text: &str) -> Result<Literal, QueryError> {
    let bad = || QueryError::new(format!("{kind}'{text}' is not a valid literal in $filter"));
    match kind.to_ascii_lowercase().as_str() {
        "datetimeoffset" | "datetime" => date_time(text).map(Literal::Time).ok_or_else(bad),
        "guid" => uuid::Uuid::try_parse(text)
            .map(|id| Literal::Text(id.to_string()))
            .map_err(|_| bad()),
        _ => Err(bad()),
    }
}

fn bare_literal(word: &str) -> Option<Literal> {
    match word {
        "true" => return Some(Literal::Bool(true)),
        "false" => return Some(Literal::Bool(false)),
        "null" => return Some(Literal::Null),
        _ => {}
    }
    if let Ok(id) = uuid::Uuid::try_parse(word) {
        return Some(Literal::Text(id.to_string()));
    }
    if let Some(time) = date_time(word) {
        return Some(Literal::Time(time));
    }
    let numeric = word
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_digit() || b == b'-')
        && word
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'));
    if numeric {
        word.parse().ok().map(Literal::Number)
    } else {
        None
    }
}

/// A date-time with any offset or none (then UTC), or a date alone.
pub(crate) fn date_time(text: &str) -> Option<OffsetDateTime> {
    if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
        return Some(time);
    }
    let with_fraction =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond]");
    let plain = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    if let Ok(time) = PrimitiveDateTime::parse(text, &with_fraction)
        .or_else(|_| PrimitiveDateTime::parse(text, &plain))
    {
        return Some(time.assume_utc());
    }
    let date = format_description!("[year]-[month]-[day]");
    Date::parse(text, &date)
        .ok()
        .map(|date| date.midnight().assume_utc())
}
