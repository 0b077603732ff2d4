//! `key=value;...` with values in braces. Knows no key.

use azml_auth::Secret;

use crate::error::{Error, Result};

/// A key and its value. Any value may be a password, so all are wiped.
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) value: Secret,
}

/// The pairs of a connection string, in their order; empty segments are left out.
pub(super) fn pairs(text: &str) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([';', ' ', '\t', '\r', '\n']);
        if rest.is_empty() {
            return Ok(pairs);
        }
        let end = rest.find(['=', ';']).unwrap_or(rest.len());
        let key = rest[..end].trim();
        let Some(after) = rest[end..].strip_prefix('=') else {
            return Err(Error::ConnectionString(format!("'{key}' has no value")));
        };
        let (value, after) = value(key, after)?;
        pairs.push(Pair {
            key: key.to_owned(),
            value,
        });
        rest = after;
    }
}

fn value<'a>(key: &str, text: &'a str) -> Result<(Secret, &'a str)> {
    let start = text.trim_start();
    let Some(inner) = start.strip_prefix('{') else {
        let end = text.find(';').unwrap_or(text.len());
        return Ok((Secret::new(text[..end].trim()), &text[end..]));
    };
    // `}}` inside means `}`. A tool that does not double it still ends the value with `};`, so a brace that neither is
    // doubled nor ends the value stands for itself.
    let mut value = String::new();
    let mut characters = inner.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character != '}' {
            value.push(character);
            continue;
        }
        let after = &inner[at + 1..];
        if after.starts_with('}') {
            characters.next();
            value.push('}');
        } else if after.trim_start().is_empty() || after.trim_start().starts_with(';') {
            return Ok((Secret::new(value), after.trim_start()));
        } else {
            value.push('}');
        }
    }
    Err(Error::ConnectionString(format!(
        "the value of '{key}' begins with '{{' and never ends"
    )))
}

/// A value as it is written: in braces where it needs them.
pub(super) fn quoted(value: &str) -> String {
    let plain = !value.is_empty()
        && value.trim() == value
        && !value.starts_with('{')
        && !value.contains(';');
    if plain {
        value.to_owned()
    } else {
        format!("{{{}}}", value.replace('}', "}}"))
    }
}

/// Yes or no, in the words that drivers take.
pub(super) fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" | "" => Some(false),
        _ => None,
    }
}
