//! Moving through the tokens: looking, taking, reporting, going back.

use crate::ast::{Ident, IdentForm, ObjectName};
use crate::lexer::{Token, TokenKind, is_reserved};
use crate::{Code, Diagnostic, ParseOptions, Span, literal};

/// A diagnostic has been pushed; the rule cannot go on.
#[derive(Debug)]
pub(super) struct Reported;

pub(super) type PResult<T> = Result<T, Reported>;

/// How deep rules may call each other: far above any written script, far
/// below what a thread's stack holds in a debug build.
const MAX_DEPTH: u32 = 120;

/// How many operators, members or set operators one chain may hold. Chains
/// make trees that are deep on the left.
pub(super) const MAX_CHAIN: u32 = 1_000;

pub(super) struct Parser<'s> {
    pub(super) source: &'s str,
    tokens: Vec<Token>,
    pos: usize,
    pub(super) diagnostics: Vec<Diagnostic>,
    options: ParseOptions,
    /// What would have been accepted at the current token.
    expected: Vec<&'static str>,
    depth: u32,
}

/// A place to go back to.
pub(super) struct Mark {
    pos: usize,
    diagnostics: usize,
    depth: u32,
}

/// Words that open or close a clause and so never stand for a name, not even
/// with a warning: reading on would hide the real mistake.
const STRUCTURAL: &[&str] = &[
    "AND",
    "APPLY",
    "AS",
    "BEGIN",
    "BETWEEN",
    "BY",
    "CASE",
    "CREATE",
    "CROSS",
    "DECLARE",
    "DROP",
    "ELSE",
    "ELSEIF",
    "END",
    "EXCEPT",
    "EXTRACT",
    "FETCH",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "IF",
    "IN",
    "INNER",
    "INSERT",
    "INTERSECT",
    "IS",
    "JOIN",
    "LIKE",
    "NOT",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OUTPUT",
    "OVER",
    "PRODUCE",
    "SELECT",
    "THEN",
    "TO",
    "UNION",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WITH",
];

impl<'s> Parser<'s> {
    pub(super) fn new(
        source: &'s str,
        tokens: Vec<Token>,
        diagnostics: Vec<Diagnostic>,
        options: ParseOptions,
    ) -> Self {
        Self {
            source,
            tokens,
            pos: 0,
            diagnostics,
            options,
            expected: Vec::new(),
            depth: 0,
        }
    }

    /// A parser for the inside of an interpolated string.
    pub(super) fn nested(&self, tokens: Vec<Token>, diagnostics: Vec<Diagnostic>) -> Self {
        let mut inner = Self::new(self.source, tokens, diagnostics, self.options);
        inner.depth = self.depth;
        inner
    }

    // Looking.

    pub(super) fn token(&self) -> Token {
        self.nth(0)
    }

    pub(super) fn nth(&self, n: usize) -> Token {
        let last = self.tokens.len() - 1;
        self.tokens[(self.pos + n).min(last)]
    }

    pub(super) fn nth_text(&self, n: usize) -> &'s str {
        self.nth(n).span.text(self.source)
    }

    pub(super) fn at_end(&self) -> bool {
        self.token().kind == TokenKind::End
    }

    pub(super) fn at_kind(&self, kind: TokenKind) -> bool {
        self.token().kind == kind
    }

    fn is_at(&self, n: usize, kind: TokenKind, text: &str) -> bool {
        self.nth(n).kind == kind && self.nth_text(n) == text
    }

    /// Whether the word `n` tokens on is `word`. Does not count as expected.
    pub(super) fn nth_word(&self, n: usize, word: &str) -> bool {
        self.is_at(n, TokenKind::Word, word)
    }

    /// Whether the mark `n` tokens on is `mark`. Does not count as expected.
    pub(super) fn nth_punct(&self, n: usize, mark: &str) -> bool {
        self.is_at(n, TokenKind::Punct, mark)
    }

    /// Whether the current word is `word`, which counts as expected here.
    pub(super) fn at(&mut self, word: &'static str) -> bool {
        if self.nth_word(0, word) {
            return true;
        }
        self.expected.push(word);
        false
    }

    /// Whether the current mark is `mark`, which counts as expected here.
    pub(super) fn at_punct(&mut self, mark: &'static str) -> bool {
        if self.nth_punct(0, mark) {
            return true;
        }
        self.expected.push(mark);
        false
    }

    /// Whether the tokens `n` and `n + 1` touch.
    pub(super) fn joint(&self, n: usize) -> bool {
        self.nth(n).span.end == self.nth(n + 1).span.start
    }

    // Taking.

    pub(super) fn bump(&mut self) -> Token {
        let token = self.token();
        if self.pos + 1 < self.tokens.len() {
            self.pos += 1;
        }
        self.expected.clear();
        token
    }

    pub(super) fn eat(&mut self, word: &'static str) -> bool {
        let found = self.at(word);
        if found {
            self.bump();
        }
        found
    }

    pub(super) fn eat_punct(&mut self, mark: &'static str) -> bool {
        let found = self.at_punct(mark);
        if found {
            self.bump();
        }
        found
    }

    pub(super) fn expect(&mut self, word: &'static str) -> PResult<Span> {
        if self.at(word) {
            Ok(self.bump().span)
        } else {
            self.unexpected()
        }
    }

    pub(super) fn expect_punct(&mut self, mark: &'static str) -> PResult<Span> {
        if self.at_punct(mark) {
            Ok(self.bump().span)
        } else {
            self.unexpected()
        }
    }

    pub(super) fn expect_end(&mut self) -> PResult<()> {
        if self.at_end() {
            Ok(())
        } else {
            self.unexpected()
        }
    }

    /// The end of the last token taken.
    pub(super) fn last_end(&self) -> usize {
        if self.pos == 0 {
            return self.token().span.start;
        }
        self.tokens[self.pos - 1].span.end
    }

    /// From `start` to the end of the last token taken.
    pub(super) fn span_from(&self, start: usize) -> Span {
        Span::new(start, self.last_end().max(start))
    }

    // Going back.

    pub(super) fn mark(&self) -> Mark {
        Mark {
            pos: self.pos,
            diagnostics: self.diagnostics.len(),
            depth: self.depth,
        }
    }

    pub(super) fn reset(&mut self, mark: &Mark) {
        self.pos = mark.pos;
        self.diagnostics.truncate(mark.diagnostics);
        self.depth = mark.depth;
        self.expected.clear();
    }

    /// Runs `rule`; when it fails, nothing has happened.
    pub(super) fn attempt<T>(&mut self, rule: impl FnOnce(&mut Self) -> PResult<T>) -> Option<T> {
        let mark = self.mark();
        let expected = self.expected.clone();
        let result = rule(self).ok();
        if result.is_none() {
            self.reset(&mark);
            self.expected = expected;
        }
        result
    }

    /// Runs `rule` one level deeper.
    pub(super) fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> PResult<T>) -> PResult<T> {
        self.deeper_by(1, rule)
    }

    /// As `deeper`, for rules whose stack frames are `levels` times as large.
    pub(super) fn deeper_by<T>(
        &mut self,
        levels: u32,
        rule: impl FnOnce(&mut Self) -> PResult<T>,
    ) -> PResult<T> {
        if self.depth + levels > MAX_DEPTH {
            return self.fail(
                self.token().span,
                "syntax error. The script nests too deeply here",
            );
        }
        self.depth += levels;
        let result = rule(self);
        self.depth = self.depth.saturating_sub(levels);
        result
    }

    // Reporting.

    pub(super) fn fail<T>(&mut self, span: Span, message: impl Into<String>) -> PResult<T> {
        self.diagnostics.push(Diagnostic::error(
            Code::E_CSC_USER_SYNTAXERROR,
            span,
            message,
        ));
        Err(Reported)
    }

    /// Reports the current token with what would have been accepted.
    pub(super) fn unexpected<T>(&mut self) -> PResult<T> {
        let token = self.token();
        if token.kind == TokenKind::Unknown {
            // The lexer has said what is wrong with it.
            return Err(Reported);
        }
        let mut expected = std::mem::take(&mut self.expected);
        expected.sort_by_key(|text| (text.starts_with(|c: char| c.is_alphabetic()), *text));
        expected.dedup();
        let list: Vec<String> = expected
            .iter()
            .map(|text| {
                let is_word = text.starts_with(|c: char| c.is_alphabetic());
                if is_word {
                    (*text).to_owned()
                } else {
                    format!("'{text}'")
                }
            })
            .collect();
        let message = format!("syntax error. Expected one of: {}", list.join(" "));
        let mut diagnostic = Diagnostic::error(Code::E_CSC_USER_SYNTAXERROR, token.span, message);
        let text = token.span.text(self.source);
        if token.kind == TokenKind::Word {
            if let Some(word) = expected.iter().find(|word| word.eq_ignore_ascii_case(text)) {
                diagnostic =
                    diagnostic.with_hint(format!("keywords are upper case only: write {word}"));
            } else if is_reserved(text) && expected.contains(&"identifier") {
                diagnostic = diagnostic.with_hint(format!(
                    "'{text}' is a reserved word: write [{text}] to use it as a name"
                ));
            }
        }
        self.diagnostics.push(diagnostic);
        Err(Reported)
    }

    pub(super) fn warn(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.diagnostics
            .push(Diagnostic::warning(code, span, message));
    }

    // Names.

    /// Whether a name can start here. Counts as expected.
    pub(super) fn at_name(&mut self) -> bool {
        let found = match self.token().kind {
            TokenKind::QuotedName => true,
            TokenKind::Word => !STRUCTURAL.contains(&self.nth_text(0)),
            _ => false,
        };
        if !found {
            self.expected.push("identifier");
        }
        found
    }

    /// A name of anything but a variable.
    pub(super) fn name(&mut self) -> PResult<Ident> {
        if !self.at_name() {
            return self.unexpected();
        }
        let token = self.bump();
        let text = token.span.text(self.source);
        if token.kind == TokenKind::QuotedName {
            let text = literal::quoted_name(text);
            return self.checked_name(Ident {
                text,
                span: token.span,
                form: IdentForm::Quoted,
            });
        }
        if is_reserved(text) {
            let message = format!("the reserved word '{text}' is used as a name");
            let hint = format!("write [{text}]");
            let diagnostic = if self.options.strict {
                Diagnostic::error(
                    Code::E_CSC_USER_SYNTAXERROR,
                    token.span,
                    format!("syntax error. {message}"),
                )
            } else {
                Diagnostic::warning(Code::W_CSC_USER_RESERVEDWORDASNAME, token.span, message)
            };
            self.diagnostics.push(diagnostic.with_hint(hint));
        }
        self.checked_name(Ident {
            text: text.to_owned(),
            span: token.span,
            form: IdentForm::Plain,
        })
    }

    /// A name where reserved words are usual: members, types, functions.
    pub(super) fn member_name(&mut self) -> PResult<Ident> {
        let token = self.token();
        if token.kind == TokenKind::Word {
            self.bump();
            let text = token.span.text(self.source).to_owned();
            return self.checked_name(Ident {
                text,
                span: token.span,
                form: IdentForm::Plain,
            });
        }
        self.name()
    }

    fn checked_name(&mut self, ident: Ident) -> PResult<Ident> {
        if ident.text.is_empty() {
            return self.fail(ident.span, "syntax error. A name cannot be empty");
        }
        if ident.text.encode_utf16().count() > 128 {
            return self.fail(
                ident.span,
                "syntax error. A name cannot be longer than 128 characters",
            );
        }
        Ok(ident)
    }

    pub(super) fn at_variable(&mut self) -> bool {
        let found = self.at_kind(TokenKind::Variable);
        if !found {
            self.expected.push("variable");
        }
        found
    }

    /// `@name`.
    pub(super) fn variable(&mut self) -> PResult<Ident> {
        if !self.at_variable() {
            return self.unexpected();
        }
        let span = self.bump().span;
        let text = span.text(self.source)[1..].to_owned();
        self.checked_name(Ident {
            text,
            span,
            form: IdentForm::Variable,
        })
    }

    /// Records that an expression, or something else with a name of its own,
    /// would have been accepted here.
    pub(super) fn note_expected(&mut self, what: &'static str) {
        self.expected.push(what);
    }

    /// `[[database.]schema.]object`, `database..object`.
    pub(super) fn object_name(&mut self) -> PResult<ObjectName> {
        let first = self.name()?;
        let start = first.span.start;
        let mut parts = vec![first];
        while parts.len() < 3 && self.eat_punct(".") {
            if self.nth_punct(0, ".") && parts.len() == 1 {
                let at = self.bump().span.start;
                parts.push(Ident {
                    text: String::new(),
                    span: Span::new(at, at),
                    form: IdentForm::Plain,
                });
            }
            parts.push(self.member_name()?);
        }
        Ok(ObjectName {
            parts,
            span: self.span_from(start),
        })
    }

    /// One or more `item`s with commas between.
    pub(super) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> PResult<T>,
    ) -> PResult<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat_punct(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// `( item, … )`, at least one.
    pub(super) fn paren_list<T>(
        &mut self,
        item: impl FnMut(&mut Self) -> PResult<T>,
    ) -> PResult<Vec<T>> {
        self.expect_punct("(")?;
        let items = self.list(item)?;
        self.expect_punct(")")?;
        Ok(items)
    }

    /// Passes over balanced tokens up to a `;` or one of `stops` on this level.
    pub(super) fn skip_balanced(&mut self, stops: &[&str]) {
        let mut depth = 0_usize;
        while !self.at_end() {
            let text = self.nth_text(0);
            let token = self.token();
            if depth == 0
                && (self.nth_punct(0, ";")
                    || (token.kind == TokenKind::Word && stops.contains(&text)))
            {
                return;
            }
            if token.kind == TokenKind::Punct {
                match text {
                    "(" | "{" | "[" => depth += 1,
                    ")" | "}" | "]" => depth = depth.saturating_sub(1),
                    // A statement never spans a semicolon outside braces.
                    ";" if depth > 0 && self.starts_statement(1) => return,
                    _ => {}
                }
            }
            self.bump();
        }
    }

    /// Whether a statement plainly begins `n` tokens on.
    fn starts_statement(&self, n: usize) -> bool {
        const STARTS: &[&str] = &[
            "ALTER",
            "CREATE",
            "DECLARE",
            "DEPLOY",
            "DROP",
            "IMPORT",
            "INSERT",
            "OUTPUT",
            "REFERENCE",
            "TRUNCATE",
            "USE",
        ];
        let token = self.nth(n);
        match token.kind {
            TokenKind::Word => STARTS.contains(&self.nth_text(n)),
            TokenKind::Variable => self.nth_punct(n + 1, "="),
            _ => false,
        }
    }
}
