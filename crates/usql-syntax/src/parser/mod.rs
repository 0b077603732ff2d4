//! Recursive descent with one diagnostic per broken statement. A rule that
//! cannot go on has already reported why and returns `Err(Reported)`; the
//! statement list passes over the rest of that statement and goes on.

mod cast;
mod cursor;
mod ddl;
mod expr;
mod generic;
mod lambda;
mod operators;
mod query;
mod source;
mod statement;
mod types;

use crate::ast::{Expr, Script};
use crate::{Diagnostic, lexer};

/// What [`parse`] understood and what it did not.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// Every statement that could be read.
    pub script: Script,
    /// What is wrong with the rest, in order of place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// Whether anything in the script is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// How strictly to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParseOptions {
    /// Refuse reserved words as names, as the service did. Otherwise they are
    /// accepted with a warning where only a name can stand.
    pub strict: bool,
}

/// Parses a script. Never fails: see [`Parsed::diagnostics`].
pub fn parse(source: &str) -> Parsed {
    parse_with(source, ParseOptions::default())
}

/// As [`parse`], with options.
pub fn parse_with(source: &str, options: ParseOptions) -> Parsed {
    let (tokens, diagnostics) = lexer::tokenize(source);
    let mut parser = cursor::Parser::new(source, tokens, diagnostics, options);
    let statements = parser.script();
    let mut diagnostics = parser.diagnostics;
    diagnostics.sort_by_key(|d| d.span.start);
    Parsed {
        script: Script { statements },
        diagnostics,
    }
}

/// Parses one expression that fills all of `source`.
///
/// # Errors
/// The diagnostics, when it is none.
pub fn parse_expression(source: &str) -> Result<Expr, Vec<Diagnostic>> {
    let (tokens, diagnostics) = lexer::tokenize(source);
    let mut parser = cursor::Parser::new(source, tokens, diagnostics, ParseOptions::default());
    let expr = parser.expr().and_then(|expr| {
        parser.expect_end()?;
        Ok(expr)
    });
    match expr {
        Ok(expr) if !parser.diagnostics.iter().any(Diagnostic::is_error) => Ok(expr),
        _ => Err(parser.diagnostics),
    }
}

#[cfg(test)]
mod tests;
