//! Declarations: `@relation`, `@attribute`, `@data`.

use std::collections::HashSet;

use super::date::{self, Pattern};
use super::line::{Line, LineError, Result};

/// The type of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Numeric,
    Integer,
    Text,
    Date(Pattern),
    /// Labels in the order of their declaration.
    Nominal(Vec<String>),
    Relational,
}

/// A declared column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What a line of the header declares.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Declaration {
    Relation,
    Attribute(Attribute),
    Data,
}

/// Reads a line that is neither blank nor a comment.
pub(super) fn declaration(text: &str) -> Result<Declaration> {
    let mut line = Line::new(text);
    line.skip_blanks();
    let keyword = line.word();
    match keyword.text.to_ascii_lowercase().as_str() {
        "@relation" => Ok(Declaration::Relation),
        "@data" => {
            line.skip_blanks();
            if !line.is_at_end() && !line.rest().starts_with('%') {
                return line.error("expected nothing after @data");
            }
            Ok(Declaration::Data)
        }
        "@attribute" => {
            let name = line.name()?.text.into_owned();
            let kind = kind(&mut line)?;
            line.skip_blanks();
            if !line.is_at_end() && !line.rest().starts_with('%') {
                return line.error("expected nothing after the type of an attribute");
            }
            Ok(Declaration::Attribute(Attribute { name, kind }))
        }
        _ => Err(keyword.error("expected @relation, @attribute or @data")),
    }
}

fn kind(line: &mut Line<'_>) -> Result<Kind> {
    line.skip_blanks();
    if line.take('{') {
        return nominal(line);
    }
    let word = line.word();
    Ok(match word.text.to_ascii_lowercase().as_str() {
        "numeric" | "real" => Kind::Numeric,
        "integer" => Kind::Integer,
        "string" => Kind::Text,
        "relational" => Kind::Relational,
        "date" => {
            line.skip_blanks();
            let pattern = if line.is_at_end() || line.rest().starts_with('%') {
                Pattern::new(date::DEFAULT)
            } else {
                Pattern::new(&line.name()?.text)
            };
            Kind::Date(pattern.map_err(|reason| LineError {
                at: word.at,
                reason,
            })?)
        }
        "" => return line.error("expected the type of the attribute"),
        other => return Err(word.error(format!("`{other}` is no attribute type"))),
    })
}

fn nominal(line: &mut Line<'_>) -> Result<Kind> {
    let mut labels: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    loop {
        line.skip_blanks();
        if line.take('}') {
            return Ok(Kind::Nominal(labels));
        }
        let label = line.value(&[',', '}'])?;
        if !seen.insert(label.text.clone()) {
            return Err(label.error(format!("label `{}` is declared twice", label.text)));
        }
        labels.push(label.text.into_owned());
        line.skip_blanks();
        line.take(',');
        if line.is_at_end() {
            return line.error("labels are not closed by `}`");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(text: &str) -> (String, Kind) {
        match declaration(text) {
            Ok(Declaration::Attribute(Attribute { name, kind })) => (name, kind),
            other => panic!("{text}: {other:?}"),
        }
    }

    // studio S-150
    #[test]
    fn attributes() {
        for (text, name, kind) in [
            ("@attribute a numeric", "a", Kind::Numeric),
            ("  @ATTRIBUTE\tsize\tNUMERIC", "size", Kind::Numeric),
            ("@attribute 'a b' real % comment", "a b", Kind::Numeric),
            ("@attribute \"a\" integer", "a", Kind::Integer),
            ("@attribute a string", "a", Kind::Text),
            (
                "@attribute a date",
                "a",
                Kind::Date(Pattern::new(date::DEFAULT).unwrap()),
            ),
            (
                "@attribute a date \"yyyy MM\"",
                "a",
                Kind::Date(Pattern::new("yyyy MM").unwrap()),
            ),
            (
                "@attribute a {x, 'y z',w}",
                "a",
                Kind::Nominal(vec!["x".into(), "y z".into(), "w".into()]),
            ),
            ("@attribute a{x}", "a", Kind::Nominal(vec!["x".into()])),
            (
                "@attribute a { x\ty }",
                "a",
                Kind::Nominal(vec!["x".into(), "y".into()]),
            ),
            ("@attribute a {}", "a", Kind::Nominal(vec![])),
            ("@attribute a relational", "a", Kind::Relational),
        ] {
            assert_eq!(attribute(text), (name.to_owned(), kind), "{text}");
        }
        assert_eq!(declaration("@relation 'a b'"), Ok(Declaration::Relation));
        assert_eq!(declaration("@DATA"), Ok(Declaration::Data));
    }

    #[test]
    fn errors() {
        for (text, at, reason) in [
            ("1,2", 0, "expected @relation, @attribute or @data"),
            ("@attribute", 10, "expected a name"),
            ("@attribute a", 12, "expected the type of the attribute"),
            ("@attribute a number", 13, "`number` is no attribute type"),
            ("@attribute a {x,x}", 16, "label `x` is declared twice"),
            ("@attribute a {x,y", 17, "labels are not closed by `}`"),
            ("@attribute a {,x}", 14, "expected a value"),
            (
                "@attribute a real 5",
                18,
                "expected nothing after the type of an attribute",
            ),
            (
                "@attribute a date 'ww'",
                13,
                "date format letter `w` is not supported",
            ),
            ("@data 1", 6, "expected nothing after @data"),
        ] {
            let reason = reason.to_owned();
            assert_eq!(declaration(text), Err(LineError { at, reason }), "{text}");
        }
    }
}
