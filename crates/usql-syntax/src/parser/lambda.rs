//! Lambdas, with the C# statements of their bodies, and query expressions.

use super::cursor::{PResult, Parser};
use crate::ast::{
    BinaryOp, BlockStatement, Expr, ExprKind, Ident, LambdaBody, LambdaParam, Linq, LinqClause,
    LinqEnd, LinqJoin, TypeRef,
};
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// Whether `x =>` or `(…) =>` follows.
    pub(super) fn at_lambda(&self) -> bool {
        if self.at_kind(TokenKind::Word) {
            return self.nth_punct(1, "=>");
        }
        if !self.nth_punct(0, "(") {
            return false;
        }
        // Parameter lists hold names, types and commas only.
        let mut n = 1;
        loop {
            let token = self.nth(n);
            let plain = match token.kind {
                TokenKind::Word => true,
                TokenKind::Punct => {
                    matches!(self.nth_text(n), "," | "<" | ">" | "?" | "." | "[" | "]")
                }
                _ => false,
            };
            if !plain {
                return self.nth_punct(n, ")") && self.nth_punct(n + 1, "=>");
            }
            n += 1;
        }
    }

    pub(super) fn lambda(&mut self) -> PResult<Expr> {
        let start = self.token().span.start;
        let mut params = Vec::new();
        if self.eat_punct("(") {
            if !self.nth_punct(0, ")") {
                params = self.list(Self::lambda_param)?;
            }
            self.expect_punct(")")?;
        } else {
            params.push(LambdaParam {
                ty: None,
                name: self.name()?,
            });
        }
        self.expect_punct("=>")?;
        let body = if self.nth_punct(0, "{") {
            LambdaBody::Block(self.block()?)
        } else {
            LambdaBody::Expr(self.expr()?)
        };
        let kind = ExprKind::Lambda {
            params,
            body: Box::new(body),
        };
        Ok(Expr {
            kind,
            span: self.span_from(start),
        })
    }

    fn lambda_param(&mut self) -> PResult<LambdaParam> {
        let typed = !(self.nth_punct(1, ",") || self.nth_punct(1, ")"));
        let ty = if typed { Some(self.type_ref()?) } else { None };
        Ok(LambdaParam {
            ty,
            name: self.name()?,
        })
    }

    fn block(&mut self) -> PResult<Vec<BlockStatement>> {
        self.deeper(|p| {
            p.expect_punct("{")?;
            let mut statements = Vec::new();
            while !p.eat_punct("}") {
                p.block_statement(&mut statements)?;
            }
            Ok(statements)
        })
    }

    /// A block, or one statement in place of one.
    fn body(&mut self) -> PResult<Vec<BlockStatement>> {
        if self.nth_punct(0, "{") {
            return self.block();
        }
        let mut statements = Vec::new();
        self.deeper(|p| p.block_statement(&mut statements))?;
        Ok(statements)
    }

    fn block_statement(&mut self, into: &mut Vec<BlockStatement>) -> PResult<()> {
        if self.eat_punct(";") {
            return Ok(());
        }
        if self.nth_punct(0, "{") {
            into.extend(self.block()?);
            return Ok(());
        }
        if self.eat("return") {
            let value = if self.nth_punct(0, ";") {
                None
            } else {
                Some(self.expr()?)
            };
            self.expect_punct(";")?;
            into.push(BlockStatement::Return(value));
            return Ok(());
        }
        if self.eat("if") {
            let condition = self.condition()?;
            let yes = self.body()?;
            let no = if self.eat("else") {
                self.body()?
            } else {
                Vec::new()
            };
            into.push(BlockStatement::If { condition, yes, no });
            return Ok(());
        }
        if self.eat("while") {
            let condition = self.condition()?;
            let body = self.body()?;
            into.push(BlockStatement::While { condition, body });
            return Ok(());
        }
        if self.eat("foreach") {
            self.expect_punct("(")?;
            let ty = self.local_type()?;
            let name = self.name()?;
            self.expect("in")?;
            let sequence = self.expr()?;
            self.expect_punct(")")?;
            let body = self.body()?;
            into.push(BlockStatement::ForEach {
                ty,
                name,
                sequence,
                body,
            });
            return Ok(());
        }
        if let Some((ty, name)) = self.attempt(Self::local_declaration) {
            let mut name = name;
            loop {
                let value = if self.eat_punct("=") {
                    Some(self.expr()?)
                } else {
                    None
                };
                into.push(BlockStatement::Local {
                    ty: ty.clone(),
                    name,
                    value,
                });
                if !self.eat_punct(",") {
                    break;
                }
                name = self.name()?;
            }
            self.expect_punct(";")?;
            return Ok(());
        }
        let target = self.expr()?;
        if let Some((op, tokens)) = self.assignment_operator() {
            for _ in 0..tokens {
                self.bump();
            }
            let value = self.expr()?;
            into.push(BlockStatement::Assign { target, op, value });
        } else {
            into.push(BlockStatement::Expr(target));
        }
        self.expect_punct(";")?;
        Ok(())
    }

    fn condition(&mut self) -> PResult<Expr> {
        self.expect_punct("(")?;
        let condition = self.expr()?;
        self.expect_punct(")")?;
        Ok(condition)
    }

    /// A written type, or `None` for `var`.
    fn local_type(&mut self) -> PResult<Option<TypeRef>> {
        if self.nth_word(0, "var") {
            self.bump();
            return Ok(None);
        }
        self.type_ref().map(Some)
    }

    /// `T x` in front of `=`, `;` or `,`.
    fn local_declaration(&mut self) -> PResult<(Option<TypeRef>, Ident)> {
        let ty = self.local_type()?;
        let name = self.name()?;
        if self.nth_punct(0, "=") || self.nth_punct(0, ";") || self.nth_punct(0, ",") {
            Ok((ty, name))
        } else {
            self.unexpected()
        }
    }

    /// `=` and the compound forms, with the number of their tokens.
    fn assignment_operator(&self) -> Option<(Option<BinaryOp>, usize)> {
        if self.nth_punct(0, "=") {
            return Some((None, 1));
        }
        let op = match self.nth_text(0) {
            "+" => BinaryOp::Add,
            "-" => BinaryOp::Subtract,
            "*" => BinaryOp::Multiply,
            "/" => BinaryOp::Divide,
            "%" => BinaryOp::Remainder,
            _ => return None,
        };
        (self.nth_punct(1, "=") && self.joint(0)).then_some((Some(op), 2))
    }

    /// Whether `from x in` or `from T x in` follows.
    pub(super) fn at_linq(&self) -> bool {
        self.nth_word(0, "from")
            && self.nth(1).kind == TokenKind::Word
            && (self.nth_word(2, "in")
                || (self.nth(2).kind == TokenKind::Word && self.nth_word(3, "in")))
    }

    pub(super) fn linq(&mut self) -> PResult<Expr> {
        let start = self.token().span.start;
        let mut clauses = Vec::new();
        loop {
            if self.eat("from") {
                if !self.nth_word(1, "in") {
                    self.type_ref()?;
                }
                let name = self.name()?;
                self.expect("in")?;
                clauses.push(LinqClause::From(name, self.expr()?));
            } else if self.eat("let") {
                let name = self.name()?;
                self.expect_punct("=")?;
                clauses.push(LinqClause::Let(name, self.expr()?));
            } else if self.eat("where") {
                clauses.push(LinqClause::Where(self.expr()?));
            } else if self.eat("orderby") {
                let keys = self.list(|p| {
                    let key = p.expr()?;
                    let descending = !p.eat("ascending") && p.eat("descending");
                    Ok((key, descending))
                })?;
                clauses.push(LinqClause::OrderBy(keys));
            } else if self.eat("join") {
                let name = self.name()?;
                self.expect("in")?;
                let sequence = self.expr()?;
                self.expect("on")?;
                let left = self.expr()?;
                self.expect("equals")?;
                let right = self.expr()?;
                clauses.push(LinqClause::Join(Box::new(LinqJoin {
                    name,
                    sequence,
                    left,
                    right,
                })));
            } else {
                break;
            }
        }
        let end = if self.eat("select") {
            LinqEnd::Select(self.expr()?)
        } else if self.eat("group") {
            let element = self.expr()?;
            self.expect("by")?;
            LinqEnd::Group(element, self.expr()?)
        } else {
            return self.unexpected();
        };
        let kind = ExprKind::Linq(Box::new(Linq { clauses, end }));
        Ok(Expr {
            kind,
            span: self.span_from(start),
        })
    }
}
