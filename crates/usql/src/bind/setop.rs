//! UNION, EXCEPT and INTERSECT: which columns meet, and what becomes of the
//! others.

use azml_usql_syntax::ast::{self, Quantifier, SetOperator};
use azml_usql_syntax::{Code, Span};

use super::BResult;
use super::convert::converted;
use super::script::ScriptBinder;
use crate::expr::Expr;
use crate::expr::column::default_value;
use crate::rel::{Column, Duplicates, Node, Rel, Relation};

impl ScriptBinder {
    pub(super) fn set_op(&mut self, set: &ast::SetOp) -> BResult<Rel> {
        let left = self.query(&set.left)?;
        let right = self.query(&set.right)?;
        let (left, right) = match (&set.by_name, set.outer) {
            (None, true) => {
                return self.env.error(
                    Code::E_CSC_USER_SYNTAXERROR,
                    set.op_span,
                    "syntax error. Expected one of: BY",
                );
            }
            (None, false) => self.by_place(left, right, set.op_span)?,
            (Some(names), true) => self.outer_by_name(left, right, names, set.op_span)?,
            (Some(names), false) => self.by_name(left, right, names, set.op_span)?,
        };
        let all = set.quantifier == Some(Quantifier::All) || set.outer;
        if !all || set.op != SetOperator::Union {
            for column in &left.columns {
                self.check_comparable(&column.ty, set.op_span, "the set operator")?;
            }
        }
        let columns = left.columns.clone();
        let duplicates = if all {
            Duplicates::Keep
        } else {
            Duplicates::Drop
        };
        let node = match set.op {
            SetOperator::Union => Node::Union(left, right),
            SetOperator::Except => Node::Except(left, right, duplicates),
            SetOperator::Intersect => Node::Intersect(left, right, duplicates),
        };
        let rel = Rel::new(Relation { node, columns });
        if set.op == SetOperator::Union && !all {
            let columns = rel.columns.clone();
            return Ok(Rel::new(Relation {
                node: Node::Distinct(rel),
                columns,
            }));
        }
        Ok(rel)
    }

    /// Columns meet by their place; names come from the left.
    fn by_place(&mut self, left: Rel, right: Rel, span: Span) -> BResult<(Rel, Rel)> {
        if left.columns.len() != right.columns.len() {
            let message = format!(
                "The rowsets have {} and {} columns; a set operator needs the same number.",
                left.columns.len(),
                right.columns.len()
            );
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        }
        let pairs: Vec<_> = (0..left.columns.len())
            .map(|at| (Some(at), Some(at)))
            .collect();
        self.meet(left, right, &pairs, span)
    }

    /// Columns meet by their name; the result is in the left side's order.
    fn by_name(
        &mut self,
        left: Rel,
        right: Rel,
        names: &ast::ByName,
        span: Span,
    ) -> BResult<(Rel, Rel)> {
        let place =
            |rel: &Rel, name: &str| rel.columns.iter().position(|column| column.name == name);
        let only = |a: &Rel, b: &Rel| {
            a.columns
                .iter()
                .map(|column| column.name.clone())
                .find(|name| place(b, name).is_none())
        };
        for name in &names.names {
            if place(&left, &name.text).is_none() || place(&right, &name.text).is_none() {
                let message = format!("The column '{}' is not in both rowsets.", name.text);
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    name.span,
                    message,
                );
            }
        }
        if !names.on
            && let Some(name) = only(&left, &right).or_else(|| only(&right, &left))
        {
            let message = format!("The column '{name}' is in one of the rowsets only.");
            let hint = "list the common columns with BY NAME ON (…), or write BY NAME ON (*)";
            return self.env.error_with_hint(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                span,
                message,
                hint,
            );
        }
        if names.on && !names.star {
            let unlisted = left.columns.iter().find(|column| {
                place(&right, &column.name).is_some()
                    && !names.names.iter().any(|name| name.text == column.name)
            });
            if let Some(column) = unlisted {
                let message = format!(
                    "The common column '{}' is not listed after ON.",
                    column.name
                );
                return self
                    .env
                    .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
            }
        }
        let pairs: Vec<_> = left
            .columns
            .iter()
            .enumerate()
            .filter_map(|(at, column)| {
                place(&right, &column.name).map(|other| (Some(at), Some(other)))
            })
            .collect();
        self.meet(left, right, &pairs, span)
    }

    /// Left columns, then those that only the right side has; a missing cell is
    /// null, or the default of a type without null.
    fn outer_by_name(
        &mut self,
        left: Rel,
        right: Rel,
        names: &ast::ByName,
        span: Span,
    ) -> BResult<(Rel, Rel)> {
        if !names.on {
            return self.env.error(
                Code::E_CSC_USER_SYNTAXERROR,
                span,
                "syntax error. Expected one of: ON",
            );
        }
        let place =
            |rel: &Rel, name: &str| rel.columns.iter().position(|column| column.name == name);
        for name in &names.names {
            if place(&left, &name.text).is_none() || place(&right, &name.text).is_none() {
                let message = format!("The column '{}' is not in both rowsets.", name.text);
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    name.span,
                    message,
                );
            }
        }
        let mut pairs: Vec<(Option<usize>, Option<usize>)> = left
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| (Some(at), place(&right, &column.name)))
            .collect();
        for (at, column) in right.columns.iter().enumerate() {
            if place(&left, &column.name).is_none() {
                pairs.push((None, Some(at)));
            }
        }
        self.meet(left, right, &pairs, span)
    }

    /// Both sides with the paired columns only, converted to common types.
    fn meet(
        &mut self,
        left: Rel,
        right: Rel,
        pairs: &[(Option<usize>, Option<usize>)],
        span: Span,
    ) -> BResult<(Rel, Rel)> {
        let mut columns = Vec::with_capacity(pairs.len());
        let (mut left_exprs, mut right_exprs) = (Vec::new(), Vec::new());
        for (l, r) in pairs {
            let (a, b) = (
                l.map(|at| &left.columns[at]),
                r.map(|at| &right.columns[at]),
            );
            let Some(named) = a.or(b) else { continue };
            let ty = match (a, b) {
                (Some(a), Some(b)) if a.ty.underlying() != b.ty.underlying() => {
                    let message = format!(
                        "The column '{}' has the type '{}' on one side and '{}' on the other.",
                        a.name, a.ty, b.ty
                    );
                    return self
                        .env
                        .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
                }
                (Some(a), Some(b)) if b.ty.is_nullable() && !a.ty.is_nullable() => b.ty.clone(),
                _ => named.ty.clone(),
            };
            let side = |at: Option<usize>, rel: &Rel| match at {
                Some(at) => converted(Expr::column(at, rel.columns[at].ty.clone()), &ty),
                None => Expr::constant(default_value(&ty), ty.clone()),
            };
            left_exprs.push(side(*l, &left));
            right_exprs.push(side(*r, &right));
            columns.push(Column {
                name: named.name.clone(),
                ty,
            });
        }
        let project = |input: Rel, exprs: Vec<Expr>| {
            Rel::new(Relation {
                node: Node::Project(input, exprs),
                columns: columns.clone(),
            })
        };
        Ok((project(left, left_exprs), project(right, right_exprs)))
    }
}
