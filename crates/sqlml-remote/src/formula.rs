//! Model formulas: `y ~ a + b:F(c)`. Knows no data.

use std::fmt;

use crate::error::{Error, Result};

/// A variable of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Variable {
    /// A column as it is.
    Column(String),
    /// `F(x)` or `F(x, low, high)`: a number as a factor with a level for each whole number.
    Factor(String, Option<(i64, i64)>),
}

impl Variable {
    pub(crate) fn column(&self) -> &str {
        match self {
            Self::Column(name) | Self::Factor(name, _) => name,
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(name) => f.write_str(name),
            Self::Factor(name, None) => write!(f, "F({name})"),
            Self::Factor(name, Some((low, high))) => write!(f, "F({name}, {low}, {high})"),
        }
    }
}

/// Variables that are looked at together.
pub(crate) type Term = Vec<Variable>;

/// The name of a term, as results have it.
pub(crate) fn term_name(term: &[Variable]) -> String {
    term.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(":")
}

/// A formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Formula {
    pub(crate) response: Option<Variable>,
    pub(crate) terms: Vec<Term>,
    /// `.` stands among the terms: every variable that can be used.
    pub(crate) everything: bool,
    /// Whether `- 1` or `+ 0` takes the intercept away.
    pub(crate) intercept: bool,
}

impl Formula {
    /// Reads a formula; the `~` in front may be left out.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] saying where it goes wrong.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let (left, right) = match text.split_once('~') {
            Some((left, right)) => (left.trim(), right),
            None => ("", text),
        };
        let mut reader = Reader { text: right, at: 0 };
        let mut formula = Self {
            response: None,
            terms: Vec::new(),
            everything: false,
            intercept: true,
        };
        let mut sign = '+';
        loop {
            formula.term(&mut reader, sign)?;
            match reader.next_sign() {
                Some(next @ ('+' | '-')) => sign = next,
                None => break,
                Some(_) => return Err(reader.unexpected()),
            }
        }
        if !left.is_empty() {
            let mut reader = Reader { text: left, at: 0 };
            let response = reader.variable()?;
            if reader.next_sign().is_some() {
                return Err(reader.unexpected());
            }
            formula.response = Some(response);
        }
        Ok(formula)
    }

    fn term(&mut self, reader: &mut Reader<'_>, sign: char) -> Result<()> {
        match (reader.peek(), sign) {
            (Some('.'), '+') if !reader.follows_name(1) => {
                reader.skip();
                self.everything = true;
            }
            (Some('1'), _) => {
                reader.skip();
                self.intercept = sign == '+';
            }
            (Some('0'), '+') => {
                reader.skip();
                self.intercept = false;
            }
            (_, '+') => {
                let mut term = vec![reader.variable()?];
                while reader.peek() == Some(':') {
                    reader.skip();
                    term.push(reader.variable()?);
                }
                self.terms.push(term);
            }
            _ => return Err(reader.unexpected()),
        }
        Ok(())
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(response) = &self.response {
            write!(f, "{response} ")?;
        }
        let mut terms: Vec<String> = self.terms.iter().map(|term| term_name(term)).collect();
        if self.everything {
            terms.insert(0, ".".to_owned());
        }
        if !self.intercept {
            terms.push("0".to_owned());
        }
        write!(f, "~{}", terms.join(" + "))
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn peek(&mut self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn follows_name(&mut self, at: usize) -> bool {
        self.rest().chars().nth(at).is_some_and(is_name)
    }

    fn next_sign(&mut self) -> Option<char> {
        let sign = self.peek()?;
        self.skip();
        Some(sign)
    }

    fn unexpected(&mut self) -> Error {
        let rest = self.rest();
        let what = if rest.is_empty() {
            "the end".to_owned()
        } else {
            format!("'{rest}'")
        };
        Error::InvalidArgument(format!(
            "the formula '{}' is not readable at {what}",
            self.text.trim()
        ))
    }

    /// A name; one that is no plain word stands in backticks.
    fn name(&mut self) -> Result<&'a str> {
        let rest = self.rest();
        if let Some(quoted) = rest.strip_prefix('`') {
            let end = quoted.find('`').ok_or_else(|| self.unexpected())?;
            self.at += end + 2;
            return Ok(&quoted[..end]);
        }
        let end = rest
            .find(|character| !is_name(character))
            .unwrap_or(rest.len());
        if end == 0 {
            return Err(self.unexpected());
        }
        self.at += end;
        Ok(&rest[..end])
    }

    fn number(&mut self) -> Result<i64> {
        let rest = self.rest();
        let end = rest.find([',', ')']).unwrap_or(rest.len());
        let number = rest[..end].trim().parse().map_err(|_| self.unexpected())?;
        self.at += end;
        Ok(number)
    }

    fn expect(&mut self, character: char) -> Result<()> {
        if self.peek() != Some(character) {
            return Err(self.unexpected());
        }
        self.skip();
        Ok(())
    }

    fn variable(&mut self) -> Result<Variable> {
        let name = self.name()?;
        if name != "F" || self.peek() != Some('(') {
            return Ok(Variable::Column(name.to_owned()));
        }
        self.skip();
        let column = self.name()?.to_owned();
        let range = if self.peek() == Some(',') {
            self.skip();
            let low = self.number()?;
            self.expect(',')?;
            Some((low, self.number()?))
        } else {
            None
        };
        self.expect(')')?;
        Ok(Variable::Factor(column, range))
    }
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '.'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_are_read_and_written() {
        for (text, written) in [
            ("ArrDelay+DayOfWeek", "~ArrDelay + DayOfWeek"),
            ("~ ArrDelay", "~ArrDelay"),
            ("ArrDelay ~ DayOfWeek", "ArrDelay ~DayOfWeek"),
            (
                "~ a:b + F(c) + F(d, -1, 5):e",
                "~a:b + F(c) + F(d, -1, 5):e",
            ),
            ("y ~ . - 1", "y ~. + 0"),
            (
                "~ `sepal length (cm)` + car.age",
                "~sepal length (cm) + car.age",
            ),
        ] {
            assert_eq!(Formula::parse(text).unwrap().to_string(), written, "{text}");
        }
    }

    #[test]
    fn what_is_no_formula_is_refused() {
        for text in [
            "",
            "~",
            "a +",
            "a ~ b ~ c",
            "F(",
            "F(a, 1)",
            "`a",
            "a b",
            "a + b ~ c",
            "a:",
        ] {
            assert!(Formula::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-cF()`~+:.,0-9 -]{0,24}|\\PC{0,20}") {
            let _ = Formula::parse(&text);
        }
    }
}
