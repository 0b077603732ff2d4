//! SAMPLE: any rows, each row with a probability, all rows of some keys, or some rows of each key.
//! What is chosen follows from the seed, so that a run can be repeated.

use azml_usql_syntax::Span;
use azml_usql_syntax::{Code, ast};

use super::BResult;
use super::script::ScriptBinder;
use crate::cs::members;
use crate::cs::ops::Comparison;
use crate::cs::{Type, Value};
use crate::expr::{Expr, Kind};
use crate::rel::{Column, Node, Rel, Relation, SortNode, WindowCall, WindowFunction};

impl ScriptBinder {
    /// SAMPLE behind a SELECT.
    pub(super) fn sampled(&mut self, input: Rel, sample: &ast::Sample) -> BResult<Rel> {
        match sample {
            ast::Sample::Any(rows) => {
                let rows = self.row_count(rows, 1)?;
                let columns = input.columns.clone();
                let sort = SortNode {
                    input,
                    keys: Vec::new(),
                    skip: 0,
                    fetch: Some(rows),
                };
                Ok(Rel::new(Relation {
                    node: Node::Sort(sort),
                    columns,
                }))
            }
            ast::Sample::Uniform(chance) => {
                let chance = self.probability(chance)?;
                self.chosen(input, &Choice::Rows(chance), None)
            }
        }
    }

    /// `SAMPLE rowset …`.
    pub(super) fn sample_query(&mut self, sample: &ast::SampleQuery, span: Span) -> BResult<Rel> {
        let input = self.query(&sample.input)?;
        let mut keys = Vec::with_capacity(sample.keys.len());
        for name in &sample.keys {
            let found = input.columns.iter().position(|it| it.name == name.text);
            let Some(at) = found else {
                let message = format!("The rowset has no column '{}'.", name.text);
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    name.span,
                    message,
                );
            };
            self.check_comparable(&input.columns[at].ty, name.span, "ON")?;
            keys.push(Expr::column(at, input.columns[at].ty.clone()));
        }
        let choice = match &sample.method {
            ast::SampleMethod::Uniform(chance) => Choice::Rows(self.probability(chance)?),
            ast::SampleMethod::Universe(chance) => Choice::Keys(keys, self.probability(chance)?),
            ast::SampleMethod::Distinct(chance, rows) => {
                let chance = self.probability(chance)?;
                let rows = self.row_count(rows, 1)?;
                Choice::Each(keys, i64::try_from(rows).unwrap_or(i64::MAX), chance)
            }
        };
        let rel = self.chosen(input, &choice, sample.weight.as_ref())?;
        self.check_names(&rel.columns, span)?;
        Ok(rel)
    }

    fn probability(&mut self, expr: &ast::Expr) -> BResult<f64> {
        match self.constant(expr, &Type::Double)? {
            Value::Double(chance) if chance > 0.0 && chance <= 1.0 => Ok(chance),
            _ => {
                let message =
                    format!("Invalid expression: '{expr}'. A probability is above 0 and at most 1");
                self.env
                    .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, expr.span, message)
            }
        }
    }

    /// The chosen rows, and why each was as a weight.
    fn chosen(&mut self, input: Rel, choice: &Choice, weight: Option<&ast::Ident>) -> BResult<Rel> {
        let width = input.columns.len();
        let mut calls = vec![row_number(Vec::new())];
        if let Choice::Each(keys, ..) = choice {
            calls.push(row_number(keys.clone()));
        }
        let mut columns = input.columns.clone();
        for at in 0..calls.len() {
            columns.push(Column {
                name: format!("\u{1}row{at}"),
                ty: Type::Long,
            });
        }
        let numbered = Rel::new(Relation {
            node: Node::Window(input, calls),
            columns,
        });
        let seed = Expr::constant(Value::Long(self.options.seed), Type::Long);
        let number = |at: usize| Expr::column(width + at, Type::Long);
        let below = |member: &str, arg: Expr, chance: f64| {
            // The table has both members.
            let hash = members::find("__Sample", member).next().map(|member| {
                let call = Kind::Call(member, vec![arg, seed.clone()]);
                Expr::new(call, Type::Double)
            });
            hash.map_or_else(
                || Expr::constant(Value::Bool(true), Type::Bool),
                |hash| {
                    let chance = Expr::constant(Value::Double(chance), Type::Double);
                    compare(Comparison::Less, hash, chance)
                },
            )
        };
        let mut sure = Expr::constant(Value::Bool(false), Type::Bool);
        let (test, chance) = match choice {
            Choice::Rows(chance) => (below("Row", number(0), *chance), *chance),
            Choice::Keys(keys, chance) => {
                let mut parts = Vec::new();
                for key in keys {
                    parts.push(key.clone());
                    let separator = Value::string("\u{1f}");
                    parts.push(Expr::constant(separator, Type::String));
                }
                let text = Expr::new(Kind::Concat(parts), Type::String);
                (below("Key", text, *chance), *chance)
            }
            Choice::Each(_, rows, chance) => {
                let rows = Expr::constant(Value::Long(*rows), Type::Long);
                sure = compare(Comparison::LessOrEqual, number(1), rows);
                let other = below("Row", number(0), *chance);
                let either = Kind::Or(Box::new(sure.clone()), Box::new(other));
                (Expr::new(either, Type::Bool), *chance)
            }
        };
        let columns = numbered.columns.clone();
        let kept = Rel::new(Relation {
            node: Node::Filter(numbered, test),
            columns,
        });
        let mut columns = kept.columns[..width].to_vec();
        let mut exprs: Vec<Expr> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| Expr::column(at, column.ty.clone()))
            .collect();
        if let Some(weight) = weight {
            let number = |n: f64| Box::new(Expr::constant(Value::Double(n), Type::Double));
            let kind = Kind::Conditional(Box::new(sure), number(1.0), number(1.0 / chance));
            exprs.push(Expr::new(kind, Type::Double));
            columns.push(Column {
                name: weight.text.clone(),
                ty: Type::Double,
            });
        }
        Ok(Rel::new(Relation {
            node: Node::Project(kept, exprs),
            columns,
        }))
    }
}

/// Which rows are kept.
enum Choice {
    /// Each with a probability.
    Rows(f64),
    /// All of some keys.
    Keys(Vec<Expr>, f64),
    /// So many of each key, the others with a probability.
    Each(Vec<Expr>, i64, f64),
}

fn row_number(partition_by: Vec<Expr>) -> WindowCall {
    WindowCall {
        function: WindowFunction::RowNumber,
        args: Vec::new(),
        partition_by,
        order_by: Vec::new(),
        frame: None,
        ty: Type::Long,
    }
}

fn compare(op: Comparison, a: Expr, b: Expr) -> Expr {
    Expr::new(Kind::Compare(op, Box::new(a), Box::new(b)), Type::Bool)
}
