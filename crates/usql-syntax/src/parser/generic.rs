//! The larger expression forms: calls with OVER, `new`, CASE, interpolation.

use super::cursor::{PResult, Parser};
use super::expr::boxed;
use crate::ast::{
    Call, Expr, ExprKind, Frame, FrameBound, Ident, Initializer, InterpolatedPart, SortItem,
    TypeRef, TypeSuffix, Window,
};
use crate::lexer::{TokenKind, tokenize_part};
use crate::{Span, literal};

impl Parser<'_> {
    /// A call from its `(` on.
    pub(super) fn call(&mut self, callee: Expr, type_args: Vec<TypeRef>) -> PResult<Expr> {
        let start = callee.span.start;
        let mut distinct = false;
        if self.nth_word(1, "DISTINCT") {
            self.expect_punct("(")?;
            self.bump();
            distinct = true;
        }
        let args = if distinct {
            let args = self.list(Self::arg)?;
            self.expect_punct(")")?;
            args
        } else {
            self.args()?
        };
        let mut within = None;
        if self.nth_word(0, "WITHIN") {
            self.bump();
            self.expect("GROUP")?;
            self.expect_punct("(")?;
            self.expect("ORDER")?;
            self.expect("BY")?;
            within = Some(self.sort_item()?);
            self.expect_punct(")")?;
        }
        let over = if self.nth_word(0, "OVER") {
            Some(self.window()?)
        } else {
            None
        };
        let call = Call {
            callee,
            type_args,
            distinct,
            args,
            within,
            over,
        };
        Ok(Expr {
            kind: ExprKind::Call(Box::new(call)),
            span: self.span_from(start),
        })
    }

    fn window(&mut self) -> PResult<Window> {
        let start = self.expect("OVER")?.start;
        self.expect_punct("(")?;
        let mut partition_by = Vec::new();
        if self.eat("PARTITION") {
            self.expect("BY")?;
            partition_by = self.list(Self::expr)?;
        }
        let order_by = if self.at("ORDER") {
            self.order_by()?
        } else {
            Vec::new()
        };
        let frame = if self.eat("ROWS") {
            Some(self.frame()?)
        } else {
            None
        };
        self.expect_punct(")")?;
        Ok(Window {
            partition_by,
            order_by,
            frame,
            span: self.span_from(start),
        })
    }

    fn frame(&mut self) -> PResult<Frame> {
        if !self.eat("BETWEEN") {
            return Ok(Frame {
                start: self.frame_bound()?,
                end: None,
            });
        }
        let start = self.frame_bound()?;
        self.expect("AND")?;
        let end = Some(self.frame_bound()?);
        Ok(Frame { start, end })
    }

    fn frame_bound(&mut self) -> PResult<FrameBound> {
        if self.eat("UNBOUNDED") {
            if self.eat("PRECEDING") {
                return Ok(FrameBound::UnboundedPreceding);
            }
            self.expect("FOLLOWING")?;
            return Ok(FrameBound::UnboundedFollowing);
        }
        if self.eat("CURRENT") {
            self.expect("ROW")?;
            return Ok(FrameBound::CurrentRow);
        }
        let rows = self.postfix_expr()?;
        if self.eat("PRECEDING") {
            return Ok(FrameBound::Preceding(rows));
        }
        self.expect("FOLLOWING")?;
        Ok(FrameBound::Following(rows))
    }

    /// `ORDER BY key, …`.
    pub(super) fn order_by(&mut self) -> PResult<Vec<SortItem>> {
        self.expect("ORDER")?;
        self.expect("BY")?;
        self.list(Self::sort_item)
    }

    pub(super) fn sort_item(&mut self) -> PResult<SortItem> {
        let expr = self.expr()?;
        let descending = !self.eat("ASC") && self.eat("DESC");
        Ok(SortItem { expr, descending })
    }

    pub(super) fn case(&mut self) -> PResult<Expr> {
        let start = self.expect("CASE")?.start;
        let operand = if self.at("WHEN") {
            None
        } else {
            Some(boxed(self.expr()?))
        };
        let mut arms = Vec::new();
        loop {
            self.expect("WHEN")?;
            let when = self.expr()?;
            self.expect("THEN")?;
            arms.push((when, self.expr()?));
            if !self.at("WHEN") {
                break;
            }
        }
        let otherwise = if self.eat("ELSE") {
            Some(boxed(self.expr()?))
        } else {
            None
        };
        self.expect("END")?;
        let kind = ExprKind::Case {
            operand,
            arms,
            otherwise,
        };
        Ok(Expr {
            kind,
            span: self.span_from(start),
        })
    }

    pub(super) fn new_expr(&mut self) -> PResult<Expr> {
        let start = self.expect("new")?.start;
        let kind = if self.nth_punct(0, "[") {
            self.bump();
            self.expect_punct("]")?;
            let items = Some(self.array_items()?);
            ExprKind::NewArray {
                element: None,
                length: None,
                items,
            }
        } else if self.nth_punct(0, "{") {
            ExprKind::NewAnonymous(self.anonymous_members()?)
        } else {
            self.new_of_type()?
        };
        Ok(Expr {
            kind,
            span: self.span_from(start),
        })
    }

    fn new_of_type(&mut self) -> PResult<ExprKind> {
        let mut ty = self.type_without_suffix()?;
        if self.nth_punct(0, "?") {
            self.bump();
            ty.suffixes.push(TypeSuffix::Nullable);
        }
        if self.nth_punct(0, "[") {
            self.bump();
            let length = if self.nth_punct(0, "]") {
                None
            } else {
                Some(boxed(self.expr()?))
            };
            self.expect_punct("]")?;
            while self.nth_punct(0, "[") && self.nth_punct(1, "]") {
                self.bump();
                self.bump();
                ty.suffixes.push(TypeSuffix::Array);
            }
            let items = if length.is_none() || self.nth_punct(0, "{") {
                Some(self.array_items()?)
            } else {
                None
            };
            return Ok(ExprKind::NewArray {
                element: Some(ty),
                length,
                items,
            });
        }
        let args = if self.at_punct("(") {
            Some(self.args()?)
        } else {
            None
        };
        let init = if self.at_punct("{") {
            Some(self.initializer()?)
        } else {
            None
        };
        if args.is_none() && init.is_none() {
            return self.unexpected();
        }
        Ok(ExprKind::New { ty, args, init })
    }

    /// `{ a, b, }`.
    fn array_items(&mut self) -> PResult<Vec<Expr>> {
        self.braced(Self::expr)
    }

    /// Items in braces; a comma may follow the last.
    fn braced<T>(&mut self, mut item: impl FnMut(&mut Self) -> PResult<T>) -> PResult<Vec<T>> {
        self.expect_punct("{")?;
        let mut items = Vec::new();
        while !self.at_punct("}") {
            items.push(item(self)?);
            if !self.eat_punct(",") {
                break;
            }
        }
        self.expect_punct("}")?;
        Ok(items)
    }

    fn initializer(&mut self) -> PResult<Initializer> {
        let members = self.nth(1).kind == TokenKind::Word && self.nth_punct(2, "=");
        if members {
            let items = self.braced(|p| {
                let name = p.member_name()?;
                p.expect_punct("=")?;
                Ok((name, p.expr()?))
            })?;
            return Ok(Initializer::Members(items));
        }
        let items = self.braced(|p| {
            if p.nth_punct(0, "{") {
                p.array_items()
            } else {
                Ok(vec![p.expr()?])
            }
        })?;
        Ok(Initializer::Elements(items))
    }

    fn anonymous_members(&mut self) -> PResult<Vec<(Option<Ident>, Expr)>> {
        self.braced(|p| {
            let named = p.token().kind == TokenKind::Word && p.nth_punct(1, "=");
            let name = if named {
                let name = p.member_name()?;
                p.bump();
                Some(name)
            } else {
                None
            };
            Ok((name, p.expr()?))
        })
    }

    /// `$"…{e}…"`: finds the holes and parses each in its place.
    pub(super) fn interpolated(&mut self) -> PResult<Expr> {
        let span = self.bump().span;
        let text = span.text(self.source);
        let verbatim = text.starts_with("$@");
        let open = if verbatim { 3 } else { 2 };
        let body = Span::new(span.start + open, span.end - 1);
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut at = body.start;
        while at < body.end {
            let rest = &self.source[at..body.end];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                plain.push_str(&rest[..1]);
                at += 2;
            } else if rest.starts_with('{') {
                self.push_text(&mut parts, &mut plain, verbatim, span)?;
                let (part, end) = self.hole(Span::new(at + 1, body.end))?;
                parts.push(part);
                at = end;
            } else {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                plain.push_str(&rest[..length]);
                at += length;
            }
        }
        self.push_text(&mut parts, &mut plain, verbatim, span)?;
        Ok(Expr {
            kind: ExprKind::Interpolated(parts),
            span,
        })
    }

    fn push_text(
        &mut self,
        parts: &mut Vec<InterpolatedPart>,
        plain: &mut String,
        verbatim: bool,
        span: Span,
    ) -> PResult<()> {
        let raw = std::mem::take(plain);
        if raw.is_empty() {
            return Ok(());
        }
        let text = if verbatim {
            raw.replace("\"\"", "\"")
        } else {
            match literal::unescape(&raw) {
                Ok(units) => literal::text(&units).0,
                Err(bad) => return self.fail(span, format!("syntax error. {}", bad.0)),
            }
        };
        parts.push(InterpolatedPart::Text(text));
        Ok(())
    }

    /// `e[,alignment][:format]}` at the start of `inside`; the place behind it.
    fn hole(&mut self, inside: Span) -> PResult<(InterpolatedPart, usize)> {
        let (tokens, diagnostics) = tokenize_part(self.source, inside);
        let mut inner = self.nested(tokens, diagnostics);
        let parsed = inner.deeper(|p| {
            let value = p.infix_expr(0)?;
            let mut alignment = None;
            if p.eat_punct(",") {
                let negative = p.eat_punct("-");
                let digits = p.nth_text(0).parse::<i32>();
                let Ok(width) = digits else {
                    return p.unexpected();
                };
                p.bump();
                alignment = Some(if negative { -width } else { width });
            }
            if !p.at_punct(":") && !p.at_punct("}") {
                return p.unexpected();
            }
            Ok((value, alignment, p.token().span, p.nth_punct(0, "}")))
        });
        let Ok((value, alignment, mark, closed)) = parsed else {
            // Past the hole, what the inner lexer saw is not this string's.
            self.diagnostics
                .extend(inner.diagnostics.into_iter().take(1));
            return Err(super::cursor::Reported);
        };
        if closed {
            return Ok((
                InterpolatedPart::Hole {
                    value,
                    alignment,
                    format: None,
                },
                mark.end,
            ));
        }
        let Some(length) = self.source[mark.end..inside.end].find('}') else {
            return self.fail(mark, "syntax error. Expected one of: '}'");
        };
        let format = Some(self.source[mark.end..mark.end + length].to_owned());
        Ok((
            InterpolatedPart::Hole {
                value,
                alignment,
                format,
            },
            mark.end + length + 1,
        ))
    }
}
