//! Splits a script into tokens. A token knows its kind and extent only; what
//! a literal's text means is decoded in `literal`. Nothing is lost but blanks
//! and comments, and no input makes it stop early.

mod scan;
mod words;

pub(crate) use scan::PUNCTUATION;
pub use words::is_reserved;
pub(crate) use words::{CSHARP, SHORT};

use crate::{Diagnostic, Span};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An unquoted identifier or keyword.
    Word,
    /// `[any text]`.
    QuotedName,
    /// `@name`.
    Variable,
    /// `@@name`.
    SystemVariable,
    /// `"…"`, with escapes.
    String,
    /// `@"…"`.
    VerbatimString,
    /// `$"…{e}…"`, also `$@"…"`.
    InterpolatedString,
    /// `'c'`.
    Char,
    /// A number with its suffix.
    Number,
    /// An operator or punctuation mark; the text says which.
    Punct,
    /// A character that begins no token; already reported.
    Unknown,
    /// The end of the script.
    End,
}

/// One token of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is.
    pub span: Span,
}

/// Splits `source` into tokens, the last of which is [`TokenKind::End`], and
/// reports what is no token.
///
/// `>` is always a token of its own, so that `SqlArray<SqlArray<int>>` can
/// close two lists; the parser joins `>>` and `>=`.
pub fn tokenize(source: &str) -> (Vec<Token>, Vec<Diagnostic>) {
    tokenize_part(source, Span::new(0, source.len()))
}

/// As [`tokenize`] for the part `span` of a script: the inside of an
/// interpolated string.
pub(crate) fn tokenize_part(source: &str, span: Span) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut scanner = scan::Scanner::new(source, span.start, span.end);
    let mut tokens = Vec::new();
    loop {
        let token = scanner.next_token();
        tokens.push(token);
        if token.kind == TokenKind::End {
            return (tokens, scanner.diagnostics);
        }
    }
}

#[cfg(test)]
mod tests;
