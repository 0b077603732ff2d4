//! Expressions, loosest level first: lambda, conditional, the infix levels,
//! prefix operators and casts, members and calls, the smallest parts.

use super::cursor::{MAX_CHAIN, PResult, Parser};
use super::operators::{Infix, level};
use crate::ast::{Arg, BinaryOp, Expr, ExprKind, Ident, IdentForm, Literal, TypeRef, UnaryOp};
use crate::lexer::TokenKind;
use crate::{Code, Diagnostic, Span, literal};

pub(super) fn boxed(expr: Expr) -> Box<Expr> {
    Box::new(expr)
}

impl Parser<'_> {
    pub(super) fn expr(&mut self) -> PResult<Expr> {
        self.deeper(|p| {
            if p.at_lambda() {
                return p.lambda();
            }
            if p.at_linq() {
                return p.linq();
            }
            let condition = p.infix_expr(level::COALESCE)?;
            if !p.nth_punct(0, "?") {
                return Ok(condition);
            }
            p.bump();
            let yes = p.expr()?;
            p.expect_punct(":")?;
            let no = p.expr()?;
            let span = condition.span.to(no.span);
            let kind = ExprKind::Conditional {
                condition: boxed(condition),
                yes: boxed(yes),
                no: boxed(no),
            };
            Ok(Expr { kind, span })
        })
    }

    /// Operands joined by operators that bind at least as tightly as `least`.
    pub(super) fn infix_expr(&mut self, least: u8) -> PResult<Expr> {
        let mut left = self.prefix_expr()?;
        let mut links = 0;
        while let Some((infix, tokens, strength)) = self.infix() {
            if strength < least {
                break;
            }
            links += 1;
            if links > MAX_CHAIN {
                return self.fail(
                    left.span,
                    "syntax error. The expression holds too many operators",
                );
            }
            let negated = tokens == 2 && self.nth_word(0, "NOT");
            for _ in 0..tokens {
                self.bump();
            }
            left = match infix {
                Infix::Binary(op) => self.right_operand(left, op, strength)?,
                other => self.word_operator(left, other, negated)?,
            };
        }
        Ok(left)
    }

    fn right_operand(&mut self, left: Expr, op: BinaryOp, strength: u8) -> PResult<Expr> {
        let right = self.deeper(|p| {
            if p.at_lambda() {
                return p.lambda();
            }
            // `??` groups to the right, everything else to the left.
            p.infix_expr(if op == BinaryOp::Coalesce {
                strength
            } else {
                strength + 1
            })
        })?;
        let span = left.span.to(right.span);
        Ok(Expr {
            kind: ExprKind::Binary {
                op,
                left: boxed(left),
                right: boxed(right),
            },
            span,
        })
    }

    /// The operators that are words, after the word itself.
    fn word_operator(&mut self, left: Expr, infix: Infix, negated: bool) -> PResult<Expr> {
        let start = left.span.start;
        let operand = boxed(left);
        let kind = match infix {
            Infix::Is => ExprKind::IsType {
                operand,
                ty: self.tested_type()?,
            },
            Infix::As => ExprKind::AsType {
                operand,
                ty: self.tested_type()?,
            },
            Infix::IsNull => {
                let negated = self.eat("NOT");
                self.expect("NULL")?;
                ExprKind::IsNull { operand, negated }
            }
            Infix::In => {
                let items = self.paren_list(Self::expr)?;
                ExprKind::In {
                    operand,
                    items,
                    negated,
                }
            }
            Infix::Like => {
                let pattern = boxed(self.infix_expr(level::SHIFT)?);
                let escape = if self.nth_word(0, "ESCAPE") {
                    self.bump();
                    Some(boxed(self.infix_expr(level::SHIFT)?))
                } else {
                    None
                };
                ExprKind::Like {
                    operand,
                    pattern,
                    escape,
                    negated,
                }
            }
            Infix::Between => {
                let low = boxed(self.infix_expr(level::SHIFT)?);
                self.expect("AND")?;
                let high = boxed(self.infix_expr(level::SHIFT)?);
                ExprKind::Between {
                    operand,
                    low,
                    high,
                    negated,
                }
            }
            Infix::Binary(_) => unreachable!("binary operators are read by right_operand"),
        };
        Ok(Expr {
            kind,
            span: self.span_from(start),
        })
    }

    fn prefix_expr(&mut self) -> PResult<Expr> {
        let token = self.token();
        let text = self.nth_text(0);
        let op = match (token.kind, text) {
            (TokenKind::Punct, "-") => Some(UnaryOp::Minus),
            (TokenKind::Punct, "+") => Some(UnaryOp::Plus),
            (TokenKind::Punct, "!") | (TokenKind::Word, "NOT") => Some(UnaryOp::Not),
            (TokenKind::Punct, "~") => Some(UnaryOp::Complement),
            _ => None,
        };
        if let Some(op) = op {
            self.bump();
            let operand = self.deeper(Self::prefix_expr)?;
            let span = token.span.to(operand.span);
            return Ok(Expr {
                kind: ExprKind::Unary {
                    op,
                    operand: boxed(operand),
                },
                span,
            });
        }
        if self.nth_punct(0, "(")
            && let Some(ty) = self.attempt(Self::cast_type)
        {
            let operand = self.deeper(Self::prefix_expr)?;
            let span = token.span.to(operand.span);
            return Ok(Expr {
                kind: ExprKind::Cast {
                    ty,
                    operand: boxed(operand),
                },
                span,
            });
        }
        self.postfix_expr()
    }

    /// A part with the members, calls and indexes behind it.
    pub(super) fn postfix_expr(&mut self) -> PResult<Expr> {
        let mut expr = self.primary()?;
        let mut links = 0;
        loop {
            links += 1;
            if links > MAX_CHAIN {
                return self.fail(
                    expr.span,
                    "syntax error. The expression holds too many members",
                );
            }
            let start = expr.span.start;
            if self.nth_punct(0, ".") {
                self.bump();
                let member = if self.at_kind(TokenKind::Variable) {
                    self.variable()?
                } else {
                    self.member_name()?
                };
                let kind = ExprKind::Member {
                    target: boxed(expr),
                    member,
                };
                expr = Expr {
                    kind,
                    span: self.span_from(start),
                };
            } else if self.nth_punct(0, "(") && callable(&expr) {
                expr = self.call(expr, Vec::new())?;
            } else if self.nth_punct(0, "<") && callable(&expr) {
                let Some(args) = self.attempt(Self::call_type_args) else {
                    return Ok(expr);
                };
                expr = self.call(expr, args)?;
            } else if self.nth_punct(0, "[") {
                self.bump();
                let args = self.list(Self::expr)?;
                self.expect_punct("]")?;
                let kind = ExprKind::Index {
                    target: boxed(expr),
                    args,
                };
                expr = Expr {
                    kind,
                    span: self.span_from(start),
                };
            } else {
                return Ok(expr);
            }
        }
    }

    /// `<T, …>` in front of `(`; anything else is a comparison.
    fn call_type_args(&mut self) -> PResult<Vec<TypeRef>> {
        self.expect_punct("<")?;
        let args = self.list(Self::type_ref)?;
        self.expect_punct(">")?;
        if self.nth_punct(0, "(") {
            Ok(args)
        } else {
            self.unexpected()
        }
    }

    /// The arguments of a call, from `(` to `)`.
    pub(super) fn args(&mut self) -> PResult<Vec<Arg>> {
        self.expect_punct("(")?;
        let mut args = Vec::new();
        if !self.nth_punct(0, ")") {
            args = self.list(Self::arg)?;
        }
        self.expect_punct(")")?;
        Ok(args)
    }

    pub(super) fn arg(&mut self) -> PResult<Arg> {
        let named = matches!(self.token().kind, TokenKind::Word | TokenKind::QuotedName)
            && self.nth_punct(1, ":");
        let name = if named {
            let name = self.member_name()?;
            self.bump();
            Some(name)
        } else {
            None
        };
        let by_reference = self.nth_word(0, "out") || self.nth_word(0, "ref");
        if by_reference {
            self.bump();
        }
        let token = self.token();
        let lone = self.nth_punct(1, ")") || self.nth_punct(1, ",");
        let value = if self.nth_punct(0, "*") && lone {
            self.bump();
            Expr {
                kind: ExprKind::Star,
                span: token.span,
            }
        } else if self.nth_word(0, "DEFAULT") && lone {
            self.bump();
            Expr {
                kind: ExprKind::Default,
                span: token.span,
            }
        } else {
            self.expr()?
        };
        Ok(Arg {
            name,
            by_reference,
            value,
        })
    }

    fn primary(&mut self) -> PResult<Expr> {
        let token = self.token();
        let span = token.span;
        let text = span.text(self.source);
        match token.kind {
            TokenKind::Number => {
                self.bump();
                self.literal(span, literal::number(text))
            }
            TokenKind::Char => {
                self.bump();
                self.literal(span, literal::character(text).map(Literal::Char))
            }
            TokenKind::String => {
                self.bump();
                let value = literal::string(text).map(|units| literal::text(&units));
                if matches!(value, Ok((_, true))) {
                    let message =
                        "the string holds a surrogate without its pair, which becomes U+FFFD";
                    self.warn(Code::W_CSC_USER_IGNORED, span, message);
                }
                self.literal(span, value.map(|(text, _)| Literal::String(text)))
            }
            TokenKind::VerbatimString => {
                self.bump();
                self.literal(span, Ok(Literal::String(literal::verbatim_string(text))))
            }
            TokenKind::InterpolatedString => self.interpolated(),
            TokenKind::Variable => {
                let name = self.variable()?;
                Ok(Expr {
                    kind: ExprKind::Name(name),
                    span,
                })
            }
            TokenKind::SystemVariable => {
                self.bump();
                let name = Ident {
                    text: text[2..].to_owned(),
                    span,
                    form: IdentForm::System,
                };
                Ok(Expr {
                    kind: ExprKind::Name(name),
                    span,
                })
            }
            TokenKind::Punct if text == "(" => {
                self.bump();
                let inner = self.expr()?;
                self.expect_punct(")")?;
                Ok(Expr {
                    kind: ExprKind::Paren(boxed(inner)),
                    span: self.span_from(span.start),
                })
            }
            TokenKind::Word => self.word_primary(),
            TokenKind::QuotedName => {
                let name = self.name()?;
                Ok(Expr {
                    kind: ExprKind::Name(name),
                    span,
                })
            }
            _ => {
                self.note_expected("expression");
                self.unexpected()
            }
        }
    }

    fn literal(
        &mut self,
        span: Span,
        value: Result<Literal, literal::BadLiteral>,
    ) -> PResult<Expr> {
        match value {
            Ok(literal) => Ok(Expr {
                kind: ExprKind::Literal(literal),
                span,
            }),
            Err(bad) => {
                self.diagnostics.push(Diagnostic::error(
                    Code::E_CSC_USER_INVALIDCSHARP,
                    span,
                    bad.0,
                ));
                // Reading on finds the statement's other mistakes.
                Ok(Expr {
                    kind: ExprKind::Literal(Literal::Null),
                    span,
                })
            }
        }
    }

    fn word_primary(&mut self) -> PResult<Expr> {
        let span = self.token().span;
        let constant = match self.nth_text(0) {
            "null" => Some(Literal::Null),
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            _ => None,
        };
        if let Some(literal) = constant {
            self.bump();
            return Ok(Expr {
                kind: ExprKind::Literal(literal),
                span,
            });
        }
        match self.nth_text(0) {
            "new" => self.new_expr(),
            "CASE" => self.case(),
            "typeof" | "default" if self.nth_punct(1, "(") => {
                let is_default = self.bump().span.text(self.source) == "default";
                self.expect_punct("(")?;
                let ty = self.type_ref()?;
                self.expect_punct(")")?;
                let kind = if is_default {
                    ExprKind::DefaultOf(ty)
                } else {
                    ExprKind::TypeOf(ty)
                };
                Ok(Expr {
                    kind,
                    span: self.span_from(span.start),
                })
            }
            "checked" | "unchecked" | "CSHARP" if self.nth_punct(1, "(") => {
                let word = self.bump().span.text(self.source);
                self.expect_punct("(")?;
                let operand = boxed(self.expr()?);
                self.expect_punct(")")?;
                let kind = match word {
                    "CSHARP" => ExprKind::CSharp(operand),
                    word => ExprKind::Checked {
                        checked: word == "checked",
                        operand,
                    },
                };
                Ok(Expr {
                    kind,
                    span: self.span_from(span.start),
                })
            }
            _ if self.at_keyword_type() && self.nth_punct(1, ".") => {
                let path = vec![self.member_name()?];
                let ty = TypeRef {
                    path,
                    args: Vec::new(),
                    suffixes: Vec::new(),
                    span,
                };
                Ok(Expr {
                    kind: ExprKind::Type(ty),
                    span,
                })
            }
            _ => self.name_primary(),
        }
    }

    fn name_primary(&mut self) -> PResult<Expr> {
        let start = self.token().span.start;
        // `SqlArray<int>.Create(…)`: a generic type in front of a static member.
        if self.nth_punct(1, "<")
            && let Some(ty) = self.attempt(|p| {
                let ty = p.type_ref()?;
                let generic = !ty.args.is_empty() && ty.suffixes.is_empty();
                if generic && p.nth_punct(0, ".") {
                    Ok(ty)
                } else {
                    p.unexpected()
                }
            })
        {
            return Ok(Expr {
                span: self.span_from(start),
                kind: ExprKind::Type(ty),
            });
        }
        if !self.at_name() {
            self.note_expected("expression");
            return self.unexpected();
        }
        // Functions, `SQL.…`, `FILE.…` and `PARTITION.…` are upper case by right.
        let by_right = self.nth_punct(1, "(")
            || self.nth_punct(1, "<")
            || (self.nth_punct(1, ".") && matches!(self.nth_text(0), "SQL" | "FILE" | "PARTITION"));
        let name = if by_right {
            self.member_name()?
        } else {
            self.name()?
        };
        Ok(Expr {
            span: name.span,
            kind: ExprKind::Name(name),
        })
    }
}

/// What can stand in front of an argument list.
fn callable(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Name(_) | ExprKind::Member { .. })
}
