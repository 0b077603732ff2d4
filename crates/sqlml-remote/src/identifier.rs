//! Names of tables and columns, and the one place where they are quoted.

use std::fmt;

use crate::error::{Error, Result};

/// A name in brackets; a closing bracket inside is doubled.
///
/// ```
/// assert_eq!(azml_sqlml_remote::quote_name("sepal length (cm)"), "[sepal length (cm)]");
/// assert_eq!(azml_sqlml_remote::quote_name("a]b"), "[a]]b]");
/// ```
#[must_use]
pub fn quote_name(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// A text as a T-SQL literal. For the few places where the server takes no parameter.
pub(crate) fn quote_text(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

/// The name of a table: up to three parts, the first two optional.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName {
    database: Option<String>,
    schema: Option<String>,
    name: String,
}

impl TableName {
    /// Reads `table`, `schema.table` or `database.schema.table`; each part may stand in brackets or double quotes.
    /// A middle part may be left out: `database..table`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = || Error::InvalidArgument(format!("'{text}' is not the name of a table"));
        let mut parts = Vec::new();
        let mut rest = text.trim();
        loop {
            let (part, after) = part(rest).ok_or_else(invalid)?;
            parts.push(part);
            match after.strip_prefix('.') {
                Some(next) => rest = next,
                None if after.is_empty() => break,
                None => return Err(invalid()),
            }
        }
        let name = parts
            .pop()
            .filter(|name| !name.is_empty())
            .ok_or_else(invalid)?;
        let schema = parts.pop().filter(|schema| !schema.is_empty());
        let database = parts.pop().filter(|database| !database.is_empty());
        if !parts.is_empty() {
            return Err(invalid());
        }
        Ok(Self {
            database,
            schema,
            name,
        })
    }

    /// The last part.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same place with another last part.
    pub(crate) fn sibling(&self, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..self.clone()
        }
    }

    /// What stands in front of a system procedure so that it works on the table's database.
    pub(crate) fn procedure_prefix(&self) -> String {
        self.database
            .as_deref()
            .map(|database| quote_name(database) + "..")
            .unwrap_or_default()
    }
}

/// One part and what is behind it.
fn part(text: &str) -> Option<(String, &str)> {
    let close = match text.chars().next() {
        Some('[') => ']',
        Some('"') => '"',
        _ => {
            let end = text.find('.').unwrap_or(text.len());
            let (part, rest) = text.split_at(end);
            return (!part.contains(['[', ']', '"'])).then(|| (part.trim().to_owned(), rest));
        }
    };
    let mut part = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != close {
            part.push(character);
        } else if characters.next_if(|(_, next)| *next == close).is_some() {
            part.push(close);
        } else {
            return Some((part, &text[at + close.len_utf8()..]));
        }
    }
    None
}

/// Quoted, as it stands in a statement.
impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(database) = &self.database {
            write!(f, "{}.", quote_name(database))?;
        }
        match (&self.schema, &self.database) {
            (Some(schema), _) => write!(f, "{}.", quote_name(schema))?,
            (None, Some(_)) => f.write_str(".")?,
            (None, None) => {}
        }
        f.write_str(&quote_name(&self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_to_three_parts_are_quoted() {
        for (text, quoted) in [
            ("iris", "[iris]"),
            ("dbo.iris", "[dbo].[iris]"),
            ("[d b].dbo.\"i.r]is\"", "[d b].[dbo].[i.r]]is]"),
            ("db..iris", "[db]..[iris]"),
            ("[a]]b]", "[a]]b]"),
        ] {
            assert_eq!(
                TableName::parse(text).unwrap().to_string(),
                quoted,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "a.b.c.d",
            "[a",
            "a]",
            "iris; DROP TABLE x.]",
            "[a]b",
            "dbo.",
        ] {
            assert!(TableName::parse(text).is_err(), "{text}");
        }
    }
}
