//! Types as written in declarations, casts and `new`.

use super::cursor::{PResult, Parser};
use crate::ast::{ColumnDef, Ident, TypeRef, TypeSuffix};
use crate::lexer::TokenKind;

const KEYWORD_TYPES: &[&str] = &[
    "bool", "byte", "char", "decimal", "double", "float", "int", "long", "object", "sbyte",
    "short", "string", "uint", "ulong", "ushort", "void",
];

impl Parser<'_> {
    /// Whether the current token is a C# type keyword.
    pub(super) fn at_keyword_type(&self) -> bool {
        self.at_kind(TokenKind::Word) && KEYWORD_TYPES.contains(&self.nth_text(0))
    }

    /// A type where one must stand, so that `?` belongs to it.
    pub(super) fn type_ref(&mut self) -> PResult<TypeRef> {
        let mut ty = self.type_without_suffix()?;
        loop {
            if self.eat_punct("?") {
                ty.suffixes.push(TypeSuffix::Nullable);
            } else if self.nth_punct(0, "[") && self.nth_punct(1, "]") {
                self.bump();
                self.bump();
                ty.suffixes.push(TypeSuffix::Array);
            } else {
                break;
            }
        }
        ty.span = self.span_from(ty.span.start);
        Ok(ty)
    }

    /// A type up to, not including, `?` and `[]`.
    pub(super) fn type_without_suffix(&mut self) -> PResult<TypeRef> {
        self.deeper(|p| {
            let start = p.token().span.start;
            p.note_expected("type");
            if !matches!(p.token().kind, TokenKind::Word | TokenKind::QuotedName) {
                return p.unexpected();
            }
            let mut path = vec![p.type_name_part()?];
            let mut args = Vec::new();
            loop {
                if p.nth_punct(0, "<") {
                    p.bump();
                    args = p.list(Self::type_ref)?;
                    p.expect_punct(">")?;
                    break;
                }
                if !p.nth_punct(0, ".")
                    || !matches!(p.nth(1).kind, TokenKind::Word | TokenKind::QuotedName)
                {
                    break;
                }
                p.bump();
                path.push(p.type_name_part()?);
            }
            Ok(TypeRef {
                path,
                args,
                suffixes: Vec::new(),
                span: p.span_from(start),
            })
        })
    }

    fn type_name_part(&mut self) -> PResult<Ident> {
        self.member_name()
    }

    /// `name type`.
    pub(super) fn column_def(&mut self) -> PResult<ColumnDef> {
        let name = self.name()?;
        let ty = self.type_ref()?;
        Ok(ColumnDef { name, ty })
    }
}
