//! The scanner proper: one pass, no look-back.

use unicode_ident::{is_xid_continue, is_xid_start};

use super::{Token, TokenKind};
use crate::{Code, Diagnostic, Span};

/// Longest first, so that the first match is the right one.
pub(crate) const PUNCTUATION: &[&str] = &[
    "==", "!=", "<=", "<<", "&&", "||", "??", "=>", "+", "-", "*", "/", "%", "&", "|", "^", "~",
    "!", "=", "<", ">", "?", ":", ";", ",", ".", "(", ")", "{", "}", "[", "]",
];

pub(super) struct Scanner<'s> {
    source: &'s str,
    at: usize,
    end: usize,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Whether a `[` here opens an index rather than a quoted name.
    after_operand: bool,
}

impl<'s> Scanner<'s> {
    pub(super) fn new(source: &'s str, start: usize, end: usize) -> Self {
        Self {
            source,
            at: start,
            end,
            diagnostics: Vec::new(),
            after_operand: false,
        }
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..self.end]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn peek_second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip_while(&mut self, keep: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&keep) {
            self.bump();
        }
    }

    fn error(&mut self, start: usize, message: impl Into<String>) {
        let span = Span::new(start, self.at);
        self.diagnostics.push(Diagnostic::error(
            Code::E_CSC_USER_SYNTAXERROR,
            span,
            message,
        ));
    }

    fn skip_blanks(&mut self) {
        loop {
            self.skip_while(|c| c.is_whitespace() || c == '\u{FEFF}');
            let start = self.at;
            if self.rest().starts_with("//") {
                self.skip_while(|c| !matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'));
            } else if self.rest().starts_with("/*") {
                match self.rest()[2..].find("*/") {
                    Some(length) => self.at += length + 4,
                    None => {
                        self.at = self.end;
                        self.error(start, "syntax error. The comment is not closed");
                    }
                }
            } else {
                return;
            }
        }
    }

    pub(super) fn next_token(&mut self) -> Token {
        self.skip_blanks();
        let start = self.at;
        let kind = self.scan();
        let span = Span::new(start, self.at);
        self.after_operand = match kind {
            TokenKind::Punct => matches!(span.text(self.source), ")" | "]" | "}"),
            TokenKind::Word => !is_operator_word(span.text(self.source)),
            TokenKind::Unknown | TokenKind::End => false,
            _ => true,
        };
        Token { kind, span }
    }

    fn scan(&mut self) -> TokenKind {
        let start = self.at;
        let Some(first) = self.peek() else {
            return TokenKind::End;
        };
        match first {
            '@' => self.at_sign(),
            '"' => {
                self.bump();
                self.string(start)
            }
            '$' if self.peek_second() == Some('"') => {
                self.at += 2;
                self.interpolated(start, false)
            }
            '$' if self.rest().starts_with("$@\"") => {
                self.at += 3;
                self.interpolated(start, true)
            }
            '\'' => self.character(start),
            '[' if !self.opens_index() => self.quoted_name(start),
            '0'..='9' => self.number(),
            '.' if self.peek_second().is_some_and(|c| c.is_ascii_digit()) => self.number(),
            c if c == '_' || is_xid_start(c) => {
                self.word();
                TokenKind::Word
            }
            _ => {
                if let Some(mark) = PUNCTUATION
                    .iter()
                    .find(|mark| self.rest().starts_with(**mark))
                {
                    self.at += mark.len();
                    return TokenKind::Punct;
                }
                self.bump();
                self.error(
                    start,
                    format!("syntax error. Unexpected character '{first}'"),
                );
                TokenKind::Unknown
            }
        }
    }

    /// `x[0]`, `f(x)[0]`, `byte[]` and `@a[0]` index; `SELECT [a b]` and `x.[y]`
    /// quote. A blank between an operand and `[` decides for a name after a
    /// word, because `a [b c]` stands where a type or an alias follows a name.
    fn opens_index(&self) -> bool {
        let next = self.peek_second();
        if next == Some(']') {
            return true;
        }
        if !self.after_operand {
            return false;
        }
        let glued = !self.source[..self.at].ends_with(|c: char| c.is_whitespace() || c == '/');
        glued || next.is_some_and(|c| c.is_ascii_digit() || c == '"' || c == '@')
    }

    fn word(&mut self) {
        self.skip_while(|c| is_xid_continue(c) || is_format_character(c));
    }

    fn at_sign(&mut self) -> TokenKind {
        let start = self.at;
        self.bump();
        if self.peek() == Some('"') {
            self.bump();
            return self.verbatim(start);
        }
        let kind = if self.peek() == Some('@') {
            self.bump();
            TokenKind::SystemVariable
        } else {
            TokenKind::Variable
        };
        if self.peek().is_some_and(|c| c == '_' || is_xid_start(c)) {
            self.word();
            return kind;
        }
        self.error(start, "syntax error. A variable needs a name after '@'");
        TokenKind::Unknown
    }

    fn string(&mut self, start: usize) -> TokenKind {
        while let Some(c) = self.peek() {
            match c {
                '\n' | '\r' => break,
                '"' => {
                    self.bump();
                    return TokenKind::String;
                }
                '\\' => {
                    self.bump();
                    if self.peek().is_some_and(|c| !matches!(c, '\n' | '\r')) {
                        self.bump();
                    }
                }
                _ => {
                    self.bump();
                }
            }
        }
        self.error(start, "syntax error. The string is not closed on its line");
        TokenKind::Unknown
    }

    fn verbatim(&mut self, start: usize) -> TokenKind {
        while let Some(c) = self.bump() {
            if c == '"' {
                if self.peek() != Some('"') {
                    return TokenKind::VerbatimString;
                }
                self.bump();
            }
        }
        self.error(start, "syntax error. The string is not closed");
        TokenKind::Unknown
    }

    /// Braces nest, strings inside a hole are skipped over.
    fn interpolated(&mut self, start: usize, verbatim: bool) -> TokenKind {
        let mut depth = 0_usize;
        while let Some(c) = self.bump() {
            match c {
                '{' if self.peek() == Some('{') && depth == 0 => {
                    self.bump();
                }
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                '"' if depth == 0 => {
                    if verbatim && self.peek() == Some('"') {
                        self.bump();
                    } else {
                        return TokenKind::InterpolatedString;
                    }
                }
                '"' => {
                    self.skip_while(|c| c != '"' && c != '\n');
                    self.bump();
                }
                '\\' if !verbatim && depth == 0 => {
                    self.bump();
                }
                '\n' | '\r' if !verbatim => break,
                _ => {}
            }
        }
        self.error(start, "syntax error. The string is not closed");
        TokenKind::Unknown
    }

    fn character(&mut self, start: usize) -> TokenKind {
        self.bump();
        while let Some(c) = self.peek() {
            match c {
                '\n' | '\r' => break,
                '\'' if self.at > start + 1 => {
                    self.bump();
                    return TokenKind::Char;
                }
                '\\' => {
                    self.bump();
                    if self.peek().is_some_and(|c| !matches!(c, '\n' | '\r')) {
                        self.bump();
                    }
                }
                _ => {
                    self.bump();
                }
            }
        }
        self.error(
            start,
            "syntax error. The character literal is not closed on its line",
        );
        TokenKind::Unknown
    }

    fn quoted_name(&mut self, start: usize) -> TokenKind {
        self.bump();
        while let Some(c) = self.peek() {
            match c {
                '\n' | '\r' => break,
                ']' => {
                    self.bump();
                    if self.peek() != Some(']') {
                        return TokenKind::QuotedName;
                    }
                    self.bump();
                }
                _ => {
                    self.bump();
                }
            }
        }
        self.at = start + 1;
        TokenKind::Punct
    }

    fn number(&mut self) -> TokenKind {
        if self.rest().starts_with("0x") || self.rest().starts_with("0X") {
            self.at += 2;
            self.skip_while(|c| c.is_ascii_hexdigit());
        } else {
            self.skip_while(|c| c.is_ascii_digit());
            if self.peek() == Some('.') && self.peek_second().is_some_and(|c| c.is_ascii_digit()) {
                self.bump();
                self.skip_while(|c| c.is_ascii_digit());
            }
            self.exponent();
        }
        self.skip_while(|c| matches!(c, 'u' | 'U' | 'l' | 'L' | 'f' | 'F' | 'd' | 'D' | 'm' | 'M'));
        TokenKind::Number
    }

    fn exponent(&mut self) {
        let mut after = self.rest().chars();
        if !matches!(after.next(), Some('e' | 'E')) {
            return;
        }
        let signed = matches!(after.clone().next(), Some('+' | '-'));
        if signed {
            after.next();
        }
        if after.next().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1 + usize::from(signed);
            self.skip_while(|c| c.is_ascii_digit());
        }
    }
}

/// Words after which an operand, not an index, follows.
fn is_operator_word(word: &str) -> bool {
    super::is_reserved(word)
        && !matches!(word, "this" | "base")
        && !matches!(
            word,
            "bool"
                | "byte"
                | "char"
                | "decimal"
                | "double"
                | "float"
                | "int"
                | "long"
                | "object"
                | "sbyte"
                | "short"
                | "string"
                | "uint"
                | "ulong"
                | "ushort"
        )
}

/// The characters of Unicode category Cf that occur in names.
fn is_format_character(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{200C}' | '\u{200D}' | '\u{200E}' | '\u{200F}' | '\u{2060}'..='\u{2064}'
    )
}
