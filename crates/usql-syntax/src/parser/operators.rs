//! Infix operators: which token is which, and how tightly it binds.

use super::cursor::Parser;
use crate::ast::BinaryOp;
use crate::lexer::TokenKind;

/// Binding strengths, loosest first.
pub(super) mod level {
    pub(in super::super) const COALESCE: u8 = 2;
    pub(in super::super) const OR: u8 = 3;
    pub(in super::super) const AND: u8 = 4;
    pub(in super::super) const BIT_OR: u8 = 5;
    pub(in super::super) const BIT_XOR: u8 = 6;
    pub(in super::super) const BIT_AND: u8 = 7;
    pub(in super::super) const EQUALITY: u8 = 8;
    pub(in super::super) const RELATION: u8 = 9;
    pub(in super::super) const SHIFT: u8 = 10;
    pub(in super::super) const ADD: u8 = 11;
    pub(in super::super) const MULTIPLY: u8 = 12;
}

/// What stands between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Infix {
    Binary(BinaryOp),
    Is,
    As,
    IsNull,
    In,
    Like,
    Between,
}

impl Parser<'_> {
    /// The operator at the current token: what it is, how many tokens it has,
    /// its level. Its tokens are not taken.
    pub(super) fn infix(&self) -> Option<(Infix, usize, u8)> {
        use BinaryOp::*;
        let token = self.token();
        let text = self.nth_text(0);
        let binary = |op, level| Some((Infix::Binary(op), 1, level));
        match token.kind {
            // A compound assignment in a lambda's body.
            TokenKind::Punct
                if self.joint(0)
                    && self.nth_punct(1, "=")
                    && matches!(text, "+" | "-" | "*" | "/" | "%") =>
            {
                None
            }
            TokenKind::Punct => match text {
                "??" => binary(Coalesce, level::COALESCE),
                "||" => binary(OrElse, level::OR),
                "&&" => binary(AndAlso, level::AND),
                "|" => binary(BitOr, level::BIT_OR),
                "^" => binary(BitXor, level::BIT_XOR),
                "&" => binary(BitAnd, level::BIT_AND),
                "==" => binary(Equal, level::EQUALITY),
                "!=" => binary(NotEqual, level::EQUALITY),
                "<" => binary(Less, level::RELATION),
                "<=" => binary(LessOrEqual, level::RELATION),
                ">" if self.joint(0) && self.nth_punct(1, ">") => {
                    Some((Infix::Binary(ShiftRight), 2, level::SHIFT))
                }
                ">" if self.joint(0) && self.nth_punct(1, "=") => {
                    Some((Infix::Binary(GreaterOrEqual), 2, level::RELATION))
                }
                // `a>==b` is no operator; the right operand will say so.
                ">" => binary(Greater, level::RELATION),
                "<<" => binary(ShiftLeft, level::SHIFT),
                "+" => binary(Add, level::ADD),
                "-" => binary(Subtract, level::ADD),
                "*" => binary(Multiply, level::MULTIPLY),
                "/" => binary(Divide, level::MULTIPLY),
                "%" => binary(Remainder, level::MULTIPLY),
                _ => None,
            },
            TokenKind::Word => match text {
                "OR" => binary(Or, level::OR),
                "AND" => binary(And, level::AND),
                "is" => Some((Infix::Is, 1, level::RELATION)),
                "as" => Some((Infix::As, 1, level::RELATION)),
                "IS" => Some((Infix::IsNull, 1, level::RELATION)),
                "IN" => Some((Infix::In, 1, level::RELATION)),
                "LIKE" => Some((Infix::Like, 1, level::RELATION)),
                "BETWEEN" => Some((Infix::Between, 1, level::RELATION)),
                "NOT" => match self.nth_text(1) {
                    "IN" => Some((Infix::In, 2, level::RELATION)),
                    "LIKE" => Some((Infix::Like, 2, level::RELATION)),
                    "BETWEEN" => Some((Infix::Between, 2, level::RELATION)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }
}
