//! The pieces of one ARFF line: keywords, names, values, quotes.

use std::borrow::Cow;

/// Something wrong in a line, and at which byte of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineError {
    pub(super) at: usize,
    pub(super) reason: String,
}

pub(super) type Result<T> = std::result::Result<T, LineError>;

/// A name or value as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word<'l> {
    pub(super) text: Cow<'l, str>,
    pub(super) quoted: bool,
    pub(super) at: usize,
}

impl Word<'_> {
    pub(super) fn is_missing(&self) -> bool {
        !self.quoted && self.text == "?"
    }

    pub(super) fn error(&self, reason: impl Into<String>) -> LineError {
        LineError {
            at: self.at,
            reason: reason.into(),
        }
    }
}

/// A place in a line.
#[derive(Debug, Clone)]
pub(super) struct Line<'l> {
    text: &'l str,
    at: usize,
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

impl<'l> Line<'l> {
    pub(super) fn new(text: &'l str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'l str {
        &self.text[self.at..]
    }

    pub(super) fn error<T>(&self, reason: impl Into<String>) -> Result<T> {
        Err(LineError {
            at: self.at,
            reason: reason.into(),
        })
    }

    /// Steps over spaces and tabs; whether there was a tab.
    pub(super) fn skip_blanks(&mut self) -> bool {
        let rest = self.rest();
        let blanks = rest.len() - rest.trim_start_matches(is_blank).len();
        self.at += blanks;
        rest[..blanks].contains('\t')
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// Steps over a character if it is next.
    pub(super) fn take(&mut self, c: char) -> bool {
        let taken = self.rest().starts_with(c);
        if taken {
            self.at += c.len_utf8();
        }
        taken
    }

    /// The bytes up to a blank or the end: a keyword, a type, an index.
    pub(super) fn word(&mut self) -> Word<'l> {
        let at = self.at;
        let rest = self.rest();
        let len = rest.find(is_blank).unwrap_or(rest.len());
        self.at += len;
        Word {
            text: Cow::Borrowed(&rest[..len]),
            quoted: false,
            at,
        }
    }

    /// A name: quoted, or up to a blank or an opening brace.
    pub(super) fn name(&mut self) -> Result<Word<'l>> {
        self.skip_blanks();
        let name = self.quoted_or(|c| is_blank(c) || c == '{')?;
        if name.text.is_empty() && !name.quoted {
            return self.error("expected a name");
        }
        Ok(name)
    }

    /// A value: quoted, or up to a tab or one of the delimiters; trailing spaces are no part of
    /// it.
    pub(super) fn value(&mut self, delimiters: &[char]) -> Result<Word<'l>> {
        self.skip_blanks();
        let value = self.quoted_or(|c| c == '\t' || delimiters.contains(&c))?;
        if value.text.is_empty() && !value.quoted {
            return Err(value.error("expected a value"));
        }
        Ok(value)
    }

    fn quoted_or(&mut self, ends: impl Fn(char) -> bool) -> Result<Word<'l>> {
        match self.rest().chars().next() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            _ => {
                let at = self.at;
                let rest = self.rest();
                let len = rest.find(ends).unwrap_or(rest.len());
                self.at += len;
                Ok(Word {
                    text: Cow::Borrowed(rest[..len].trim_end_matches(is_blank)),
                    quoted: false,
                    at,
                })
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Word<'l>> {
        let at = self.at;
        let inner = &self.text[at + quote.len_utf8()..];
        let mut text = String::new();
        let mut chars = inner.char_indices();
        while let Some((index, c)) = chars.next() {
            if c == quote {
                self.at = at + quote.len_utf8() + index + c.len_utf8();
                let text = Cow::Owned(text);
                return Ok(Word {
                    text,
                    quoted: true,
                    at,
                });
            }
            text.push(match c {
                '\\' => match chars.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, 'r')) => '\r',
                    Some((_, 't')) => '\t',
                    Some((_, escaped)) => escaped,
                    None => break,
                },
                c => c,
            });
        }
        self.error("quoted text is not closed on its line")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> (String, bool, String) {
        let mut line = Line::new(text);
        let value = line.value(&[',', '}']).unwrap();
        (
            value.text.into_owned(),
            value.quoted,
            line.rest().to_owned(),
        )
    }

    #[test]
    fn values() {
        for (text, expected, quoted, rest) in [
            (" a b  , c", "a b", false, ", c"),
            ("a\tb", "a", false, "\tb"),
            ("a}", "a", false, "}"),
            ("'a, \\'b\\'' ,c", "a, 'b'", true, " ,c"),
            ("\"it's\"", "it's", true, ""),
            ("'\\\\ \\n \\r \\t \\% \\\"'", "\\ \n \r \t % \"", true, ""),
            ("''", "", true, ""),
            ("?", "?", false, ""),
        ] {
            assert_eq!(
                value(text),
                (expected.to_owned(), quoted, rest.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn unclosed_quotes() {
        for text in ["'a", "\"a'", "'a\\", "'a\\'"] {
            let error = Line::new(text).value(&[',']).unwrap_err();
            assert_eq!(error.reason, "quoted text is not closed on its line");
            assert_eq!(error.at, 0);
        }
    }
}
