//! Where a type stands in an expression: casts, `is`, `as`. C# decides by
//! what follows; so does this.

use super::cursor::{PResult, Parser};
use crate::ast::{TypeRef, TypeSuffix};
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// The type after `is` and `as`, where a `?` may begin a conditional.
    pub(super) fn tested_type(&mut self) -> PResult<TypeRef> {
        let mut ty = self.type_without_suffix()?;
        while self.nth_punct(0, "[") && self.nth_punct(1, "]") {
            self.bump();
            self.bump();
            ty.suffixes.push(TypeSuffix::Array);
        }
        if self.nth_punct(0, "?") && !self.expression_starts(1) {
            self.bump();
            ty.suffixes.push(TypeSuffix::Nullable);
        }
        ty.span = self.span_from(ty.span.start);
        Ok(ty)
    }

    /// Whether the token `n` tokens on can begin an operand.
    fn expression_starts(&self, n: usize) -> bool {
        match self.nth(n).kind {
            TokenKind::Punct => matches!(self.nth_text(n), "(" | "-" | "+" | "!" | "~"),
            TokenKind::Word => !is_clause(self.nth_text(n)) || self.nth_word(n, "NOT"),
            TokenKind::End | TokenKind::Unknown => false,
            _ => true,
        }
    }

    /// `(T)` where C# takes it for a cast: `T` is a keyword type or carries a
    /// suffix, or what follows can only be an operand.
    pub(super) fn cast_type(&mut self) -> PResult<TypeRef> {
        self.expect_punct("(")?;
        let keyword = self.at_keyword_type();
        let ty = self.type_ref()?;
        self.expect_punct(")")?;
        let sure = keyword || !ty.suffixes.is_empty();
        if sure || self.operand_follows() {
            Ok(ty)
        } else {
            self.unexpected()
        }
    }

    fn operand_follows(&self) -> bool {
        let text = self.nth_text(0);
        match self.token().kind {
            TokenKind::Punct => matches!(text, "(" | "!" | "~"),
            TokenKind::Word => {
                let upper = text.chars().all(|c| c.is_uppercase() || c == '_');
                !matches!(
                    text,
                    "as" | "is" | "in" | "equals" | "descending" | "ascending" | "select" | "where"
                ) && (!upper
                    || matches!(text, "CASE")
                    || self.nth_punct(1, "(") && !is_clause(text))
            }
            TokenKind::End | TokenKind::Unknown => false,
            _ => true,
        }
    }
}

/// Words that are followed by `(` and are no function.
fn is_clause(word: &str) -> bool {
    matches!(
        word,
        "AS" | "AND"
            | "OR"
            | "IN"
            | "ON"
            | "FROM"
            | "WHERE"
            | "HAVING"
            | "OVER"
            | "USING"
            | "LIKE"
            | "BETWEEN"
            | "VALUES"
            | "THEN"
            | "ELSE"
            | "WHEN"
            | "END"
            | "ESCAPE"
            | "IS"
            | "NOT"
            | "FOR"
            | "TO"
            | "BY"
            | "UNION"
            | "EXCEPT"
            | "INTERSECT"
    )
}
