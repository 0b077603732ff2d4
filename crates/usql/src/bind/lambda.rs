//! Statement lambdas as expressions: what follows a statement is computed with what it assigned,
//! and both ways behind an `if` are written out.

use azml_usql_syntax::ast::{self, BlockStatement, ExprKind};
use azml_usql_syntax::{Code, Span};

use super::BResult;
use super::convert::{common, converted};
use super::expr::ExprBinder;
use crate::cs::Type;
use crate::cs::members::{self, Form};
use crate::expr::column::default_value;
use crate::expr::{Expr, Kind};

/// Statements that the ways through one lambda may have together.
const MOST_STATEMENTS: usize = 2_000;

impl ExprBinder<'_> {
    /// The value that a block returns, converted when `result` is given.
    pub(super) fn block(
        &mut self,
        statements: &[BlockStatement],
        result: Option<&Type>,
        span: Span,
    ) -> BResult<Expr> {
        let before = self.locals.len();
        let all: Vec<&BlockStatement> = statements.iter().collect();
        let mut left = MOST_STATEMENTS;
        let value = self.steps(&all, result, span, &mut left);
        self.locals.truncate(before);
        value
    }

    fn steps(
        &mut self,
        statements: &[&BlockStatement],
        result: Option<&Type>,
        span: Span,
        left: &mut usize,
    ) -> BResult<Expr> {
        let Some((first, rest)) = statements.split_first() else {
            return self.cs(
                span,
                "CS1643",
                "Not all code paths return a value in lambda expression",
            );
        };
        if *left == 0 {
            return self.block_refused(span, "a lambda with so many ways through it");
        }
        *left -= 1;
        match first {
            BlockStatement::Return(Some(value)) => match result {
                Some(ty) => self.bind_as(value, ty),
                None => self.bind(value),
            },
            BlockStatement::Return(None) => self.cs(
                span,
                "CS0126",
                "An object of a type convertible to the return type is required",
            ),
            BlockStatement::Local { ty, name, value } => {
                let declared = match ty {
                    Some(written) => Some(self.resolve(written)?),
                    None => None,
                };
                let value = match (value, declared) {
                    (Some(value), Some(ty)) => self.bind_as(value, &ty)?,
                    (Some(value), None) => self.bind(value)?,
                    (None, Some(ty)) => Expr::constant(default_value(&ty), ty),
                    (None, None) => {
                        return self.cs(
                            name.span,
                            "CS0818",
                            "Implicitly-typed variables must be initialized",
                        );
                    }
                };
                let slot = self.env.next_slot();
                let local = Expr::new(Kind::Local(slot), value.ty.clone());
                self.locals.push((name.text.clone(), local));
                let body = self.steps(rest, result, span, left)?;
                Ok(with(slot, value, body))
            }
            BlockStatement::Assign { target, op, value } => {
                let (slot, ty) = self.assigned(target)?;
                let value = match op {
                    None => self.bind_as(value, &ty)?,
                    Some(op) => {
                        let bound = self.binary(*op, target, value, value.span)?;
                        self.cast(bound, &ty, value.span)?
                    }
                };
                let body = self.steps(rest, result, span, left)?;
                Ok(with(slot, value, body))
            }
            BlockStatement::Expr(value) => {
                let value = self.bind(value)?;
                let slot = self.env.next_slot();
                let body = self.steps(rest, result, span, left)?;
                Ok(with(slot, value, body))
            }
            BlockStatement::If { condition, yes, no } => {
                let test = self.predicate(condition)?;
                let known = self.locals.len();
                let way = |binder: &mut Self, branch: &[BlockStatement], left: &mut usize| {
                    let all: Vec<&BlockStatement> =
                        branch.iter().chain(rest.iter().copied()).collect();
                    let value = binder.steps(&all, result, span, left);
                    binder.locals.truncate(known);
                    value
                };
                let (yes, no) = (way(self, yes, left)?, way(self, no, left)?);
                let Some(ty) = common(&yes, &no).filter(|ty| *ty != Type::Null) else {
                    let message = format!(
                        "Cannot convert lambda expression: it returns '{}' and '{}'",
                        yes.ty, no.ty
                    );
                    return self.cs(span, "CS1662", message);
                };
                let (yes, no) = (converted(yes, &ty), converted(no, &ty));
                let kind = Kind::Conditional(Box::new(test), Box::new(yes), Box::new(no));
                Ok(Expr::new(kind, ty))
            }
            BlockStatement::ForEach { name, .. } => self.block_refused(name.span, "foreach"),
            BlockStatement::While { condition, .. } => self.block_refused(condition.span, "while"),
        }
    }

    fn block_refused<T>(&mut self, span: Span, what: &str) -> BResult<T> {
        let message = format!("{what} in a statement lambda is not supported by this engine");
        self.error(Code::E_CSC_USER_FEATURENOTSUPPORTED, span, message)
    }

    /// The place and type of a local that is assigned to.
    fn assigned(&mut self, target: &ast::Expr) -> BResult<(u32, Type)> {
        let local = match &target.kind {
            ExprKind::Name(name) => self.local(&name.text),
            _ => None,
        };
        match local {
            Some(Expr {
                kind: Kind::Local(slot),
                ty,
            }) => Ok((slot, ty)),
            _ => self.cs(
                target.span,
                "CS0131",
                "The left-hand side of an assignment must be a variable",
            ),
        }
    }

    /// `T.TryParse(text, out local)`; `None` when the call is none.
    pub(super) fn try_parse(
        &mut self,
        owner: &str,
        name: &str,
        args: &[ast::Arg],
    ) -> Option<BResult<Expr>> {
        let [text, out] = args else { return None };
        if name != "TryParse" || !out.by_reference {
            return None;
        }
        let parse = members::find(owner, "Parse")
            .find(|m| m.0.form == Form::StaticMethod && m.0.params == [Type::String])?;
        Some(self.attempt(parse, &text.value, &out.value))
    }

    fn attempt(
        &mut self,
        parse: members::Member,
        text: &ast::Expr,
        out: &ast::Expr,
    ) -> BResult<Expr> {
        let text = self.bind_as(text, &Type::String)?;
        let (slot, ty) = self.assigned(out)?;
        if ty != parse.0.result {
            let message = format!(
                "Argument 2: cannot convert from 'out {ty}' to 'out {}'",
                parse.0.result
            );
            return self.cs(out.span, "CS1503", message);
        }
        let value = Expr::new(Kind::Call(parse, vec![text]), ty);
        Ok(Expr::new(Kind::Attempt(slot, Box::new(value)), Type::Bool))
    }
}

/// `body` with a local.
fn with(slot: u32, value: Expr, body: Expr) -> Expr {
    let ty = body.ty.clone();
    Expr::new(Kind::Let(vec![(slot, value)], Box::new(body)), ty)
}
