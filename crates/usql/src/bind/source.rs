//! What stands after FROM.

use azml_usql_syntax::ast::{self, ApplyKind, BinaryOp, ExprKind, JoinKind, QueryKind, SourceKind};
use azml_usql_syntax::{Code, Span};

use super::BResult;
use super::convert::{common, converted};
use super::expr::ExprBinder;
use super::operator::{is_null, negate_if};
use super::scope::{Scope, ScopeColumn};
use super::script::ScriptBinder;
use super::udo::udo_class;
use crate::cs::{Type, Value};
use crate::expr::{Expr, Kind, LinqFunction};
use crate::rel::{AggregateFunction, Column, Empty, Join, JoinNode, Node, Rel, Relation};

impl ScriptBinder {
    pub(super) fn source(&mut self, source: &ast::Source) -> BResult<(Rel, Scope)> {
        match &source.kind {
            SourceKind::Query { query, alias } => {
                let rel = self.query(query)?;
                let qualifier = match (alias, &query.kind) {
                    (Some(alias), _) => Some(alias.text.clone()),
                    (None, QueryKind::Rowset(name)) => Some(format!("@{}", name.text)),
                    (None, QueryKind::Object(name)) => Some(name.last().text.clone()),
                    (None, _) => {
                        return self.env.error(
                            Code::E_CSC_USER_SYNTAXERROR,
                            source.span,
                            "syntax error. Expected one of: AS",
                        );
                    }
                };
                let scope = Self::scope_of(&rel, qualifier.as_deref());
                Ok((rel, scope))
            }
            SourceKind::Values {
                rows,
                alias,
                columns,
            } => {
                let rel = self.values(rows, Some(columns), source.span)?;
                let scope = Self::scope_of(&rel, Some(&alias.text));
                Ok((rel, scope))
            }
            SourceKind::Nested(inner) => self.source(inner),
            SourceKind::External => self.env.unsupported(
                source.span,
                "EXTERNAL: federated queries are not supported locally. It",
            ),
            SourceKind::Join {
                kind,
                left,
                right,
                on,
            } => self.join(*kind, left, right, on.as_ref(), source.span),
            SourceKind::Apply {
                left,
                outer,
                kind,
                alias,
                columns,
            } => self.apply(left, *outer, kind, alias, columns, source.span),
            SourceKind::Pivot {
                input,
                aggregate,
                column,
                values,
                alias,
            } => self.pivot(input, aggregate, column, values, alias),
            SourceKind::Unpivot {
                input,
                include_nulls,
                value,
                name,
                columns,
                alias,
            } => self.unpivot(input, *include_nulls, value, name, columns, alias),
        }
    }

    fn join(
        &mut self,
        kind: JoinKind,
        left: &ast::Source,
        right: &ast::Source,
        on: Option<&ast::Expr>,
        span: Span,
    ) -> BResult<(Rel, Scope)> {
        let (left, left_scope) = self.source(left)?;
        let (right, right_scope) = self.source(right)?;
        let names = |scope: &Scope| {
            scope
                .columns
                .iter()
                .filter_map(|c| c.qualifier.clone())
                .collect::<Vec<_>>()
        };
        if let Some(twice) = names(&left_scope)
            .into_iter()
            .find(|name| names(&right_scope).contains(name))
        {
            return self.env.error_with_hint(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                span,
                format!("Both sides of the join are named '{twice}'."),
                "give each side a name of its own with AS",
            );
        }
        let width = left.columns.len();
        let mut both = left_scope.clone();
        both.columns.extend(right_scope.columns.iter().cloned());
        let mut keys = Vec::new();
        if let Some(on) = on {
            self.join_keys(on, &both, width, &mut keys)?;
        }
        let (kind, keeps_left, keeps_right, left_null, right_null) = match kind {
            JoinKind::Inner | JoinKind::Cross => (Join::Inner, true, true, false, false),
            JoinKind::LeftOuter => (Join::Left, true, true, false, true),
            JoinKind::RightOuter => (Join::Right, true, true, true, false),
            JoinKind::FullOuter => (Join::Full, true, true, true, true),
            JoinKind::LeftSemi => (Join::LeftSemi, true, false, false, false),
            JoinKind::RightSemi => (Join::RightSemi, false, true, false, false),
            JoinKind::LeftAntiSemi => (Join::LeftAnti, true, false, false, false),
            JoinKind::RightAntiSemi => (Join::RightAnti, false, true, false, false),
        };
        let mut columns = Vec::new();
        let mut scope = Scope::default();
        let sides = [
            (&left, &left_scope, keeps_left, left_null),
            (&right, &right_scope, keeps_right, right_null),
        ];
        for (rel, names, keeps, nullable) in sides {
            if !keeps {
                continue;
            }
            for (column, name) in rel.columns.iter().zip(&names.columns) {
                let ty = if nullable {
                    column.ty.to_nullable()
                } else {
                    column.ty.clone()
                };
                columns.push(Column {
                    name: column.name.clone(),
                    ty: ty.clone(),
                });
                scope.columns.push(ScopeColumn { ty, ..name.clone() });
            }
        }
        let node = Node::Join(JoinNode {
            left,
            right,
            kind,
            on: keys,
        });
        Ok((Rel::new(Relation { node, columns }), scope))
    }

    /// `left.col == right.col AND …`, nothing else.
    fn join_keys(
        &mut self,
        on: &ast::Expr,
        scope: &Scope,
        width: usize,
        keys: &mut Vec<(usize, usize)>,
    ) -> BResult<()> {
        match &on.kind {
            ExprKind::Paren(inner) => return self.join_keys(inner, scope, width, keys),
            ExprKind::Binary {
                op: BinaryOp::And | BinaryOp::AndAlso,
                left,
                right,
            } => {
                self.join_keys(left, scope, width, keys)?;
                return self.join_keys(right, scope, width, keys);
            }
            ExprKind::Binary {
                op: BinaryOp::Equal,
                left,
                right,
            } => {
                let a = ExprBinder::new(&mut self.env, scope).bind(left)?;
                let b = ExprBinder::new(&mut self.env, scope).bind(right)?;
                if let (Kind::Column(x), Kind::Column(y)) = (&a.kind, &b.kind) {
                    let (x, y) = if x < y { (*x, *y) } else { (*y, *x) };
                    if x < width && y >= width {
                        if a.ty.underlying() != b.ty.underlying() {
                            let message = format!(
                                "The join compares columns of type '{}' and '{}'.",
                                a.ty, b.ty
                            );
                            return self.env.error_with_hint(
                                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                                on.span,
                                message,
                                "cast one of them in a SELECT before the join",
                            );
                        }
                        self.check_comparable(&a.ty, on.span, "ON")?;
                        keys.push((x, y - width));
                        return Ok(());
                    }
                }
            }
            _ => {}
        }
        self.env.error_with_hint(
            Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
            on.span,
            format!("Invalid expression: '{on}'. ON takes equalities between a column of the left and a column of the right side, joined by AND"),
            "compute the column in a SELECT before the join, or move the condition to WHERE",
        )
    }

    fn apply(
        &mut self,
        left: &ast::Source,
        outer: bool,
        kind: &ApplyKind,
        alias: &ast::Ident,
        columns: &[ast::ProduceColumn],
        span: Span,
    ) -> BResult<(Rel, Scope)> {
        let (left, scope) = self.source(left)?;
        // One sequence for each new column.
        let sequences: Vec<Expr> = match kind {
            ApplyKind::Explode(expr) => {
                let sequence = ExprBinder::new(&mut self.env, &scope).bind(expr)?;
                self.exploded(sequence, expr.span)?
            }
            ApplyKind::Values(rows) => self.applied_values(rows, &scope, span)?,
            ApplyKind::Using(udo) => {
                return self.env.foreign_class(&udo_class(udo), udo.span);
            }
        };
        if columns.len() != sequences.len() {
            let message = format!(
                "APPLY gives {} column(s), but {} are named.",
                sequences.len(),
                columns.len()
            );
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        }
        let mut bound = Vec::with_capacity(sequences.len());
        let mut result = left.columns.clone();
        let mut result_scope = scope;
        for (sequence, column) in sequences.into_iter().zip(columns) {
            let item = sequence.ty.element().unwrap_or(Type::Object);
            if let Some(written) = &column.ty {
                let wanted = self.column_type(written)?;
                if wanted.underlying() != item.underlying() {
                    let message = format!(
                        "The column '{}' has the type '{item}', not '{wanted}'.",
                        column.name.text
                    );
                    return self.env.error(
                        Code::E_CSC_USER_INVALIDCOLUMNTYPE,
                        written.span,
                        message,
                    );
                }
            }
            self.check_column_type(&item, span)?;
            let ty = if outer { item.to_nullable() } else { item };
            result.push(Column {
                name: column.name.text.clone(),
                ty: ty.clone(),
            });
            result_scope.columns.push(ScopeColumn {
                qualifier: Some(alias.text.clone()),
                name: column.name.text.clone(),
                ty: ty.clone(),
            });
            bound.push(sequence);
        }
        let empty = if outer { Empty::Keep } else { Empty::Drop };
        let node = Node::Explode(left, bound, empty);
        Ok((
            Rel::new(Relation {
                node,
                columns: result,
            }),
            result_scope,
        ))
    }

    /// The columns of EXPLODE: an item, a key and a value, or the parts of a tuple.
    fn exploded(&mut self, sequence: Expr, span: Span) -> BResult<Vec<Expr>> {
        let Some(item) = sequence
            .ty
            .element()
            .filter(|_| sequence.ty != Type::String)
        else {
            let message = format!(
                "Invalid expression: EXPLODE does not work on '{}'",
                sequence.ty
            );
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        };
        let list = |ty: &Type| Type::Enumerable(Box::new(ty.clone()));
        let slot = self.env.next_slot();
        let local = Expr::new(Kind::Local(slot), item.clone());
        let part = |kind: Kind, ty: &Type| {
            let lambda_type = Type::Func(vec![item.clone()], Box::new(ty.clone()));
            let lambda = Expr::new(
                Kind::Lambda(vec![slot], Box::new(Expr::new(kind, ty.clone()))),
                lambda_type,
            );
            let select = Kind::Linq(LinqFunction::Select, vec![sequence.clone(), lambda]);
            // Null stays null: a SELECT over it would raise.
            let null = Expr::constant(Value::Null, list(ty));
            let test = is_null(sequence.clone(), false);
            let select = Expr::new(select, list(ty));
            Expr::new(
                Kind::Conditional(Box::new(test), Box::new(null), Box::new(select)),
                list(ty),
            )
        };
        Ok(match &item {
            Type::KeyValuePair(key, value) => vec![
                part(Kind::Key(Box::new(local.clone())), key),
                part(Kind::PairValue(Box::new(local)), value),
            ],
            Type::Tuple(items) => items
                .iter()
                .enumerate()
                .map(|(at, ty)| part(Kind::TupleItem(Box::new(local.clone()), at), ty))
                .collect(),
            _ => {
                let ty = list(&item);
                vec![converted(sequence, &ty)]
            }
        })
    }

    /// The columns of APPLY VALUES: each a list with an item for every row.
    fn applied_values(
        &mut self,
        rows: &[Vec<ast::Expr>],
        scope: &Scope,
        span: Span,
    ) -> BResult<Vec<Expr>> {
        let width = rows.first().map_or(0, Vec::len);
        let mut lists: Vec<Vec<Expr>> = vec![Vec::new(); width];
        for row in rows {
            if row.len() != width {
                let message = "The rows of VALUES have different numbers of values.";
                return self
                    .env
                    .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
            }
            for (list, expr) in lists.iter_mut().zip(row) {
                let value = ExprBinder::new(&mut self.env, scope).bind(expr)?;
                if let Some(first) = list.first()
                    && first.ty != value.ty
                {
                    let message = format!(
                        "The values have the types '{}' and '{}'.",
                        first.ty, value.ty
                    );
                    return self.env.error(
                        Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                        expr.span,
                        message,
                    );
                }
                list.push(value);
            }
        }
        Ok(lists
            .into_iter()
            .map(|items| {
                let ty = items.first().map_or(Type::Object, |item| item.ty.clone());
                Expr::new(Kind::Items(items), Type::Enumerable(Box::new(ty)))
            })
            .collect())
    }

    fn pivot(
        &mut self,
        input: &ast::Source,
        aggregate: &ast::Expr,
        column: &ast::Expr,
        values: &[(ast::Expr, ast::Ident)],
        alias: &ast::Ident,
    ) -> BResult<(Rel, Scope)> {
        let (input, scope) = self.source(input)?;
        let pivoted = ExprBinder::new(&mut self.env, &scope).bind(column)?;
        let mut binder = ExprBinder::new(&mut self.env, &scope).with_aggregates();
        let bound = binder.bind(aggregate)?;
        let calls = binder.aggregates.take().unwrap_or_default();
        let (Kind::Aggregate(_), [call]) = (&bound.kind, calls.as_slice()) else {
            let message = format!("Invalid expression: '{aggregate}'. PIVOT takes one aggregate");
            return self.env.error(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                aggregate.span,
                message,
            );
        };
        if call.distinct {
            let message = format!(
                "Invalid expression: '{aggregate}'. The aggregate of PIVOT cannot be DISTINCT"
            );
            return self.env.error(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                aggregate.span,
                message,
            );
        }
        let mut taken = pivoted.columns();
        taken.extend(call.args.iter().flat_map(Expr::columns));
        let keys: Vec<usize> = (0..input.columns.len())
            .filter(|at| !taken.contains(at))
            .collect();
        let mut aggregates = Vec::new();
        let mut columns: Vec<Column> = keys.iter().map(|at| input.columns[*at].clone()).collect();
        let key_count = columns.len();
        for (value, name) in values {
            let value_expr = ExprBinder::new(&mut self.env, &scope).bind(value)?;
            let test = ExprBinder::new(&mut self.env, &scope).equality(
                BinaryOp::Equal,
                pivoted.clone(),
                value_expr,
                value.span,
            )?;
            let arg = call
                .args
                .first()
                .cloned()
                .unwrap_or_else(|| Expr::constant(Value::Int(1), Type::Int));
            let ty = arg.ty.to_nullable();
            let null = Expr::constant(Value::Null, ty.clone());
            let arg = Expr::new(
                Kind::Conditional(
                    Box::new(test),
                    Box::new(converted(arg, &ty)),
                    Box::new(null),
                ),
                ty,
            );
            aggregates.push(crate::rel::AggregateCall {
                args: vec![arg],
                ..call.clone()
            });
            columns.push(Column {
                name: name.text.clone(),
                ty: call.ty.to_nullable(),
            });
        }
        let key_exprs = keys
            .iter()
            .map(|at| Expr::column(*at, input.columns[*at].ty.clone()))
            .collect();
        let inner: Vec<Column> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| Column {
                name: column.name.clone(),
                ty: if at < key_count {
                    column.ty.clone()
                } else {
                    call.ty.clone()
                },
            })
            .collect();
        let grouped = Rel::new(Relation {
            node: Node::Aggregate(input, key_exprs, aggregates),
            columns: inner,
        });
        // A value that does not occur gives null, also where counting gives 0.
        let exprs = grouped.columns.iter().enumerate().map(|(at, column)| {
            let value = Expr::column(at, column.ty.clone());
            if at < key_count || call.function != AggregateFunction::Count {
                return converted(value, &columns[at].ty);
            }
            let ty = columns[at].ty.clone();
            let zero = Expr::constant(Value::Long(0), Type::Long);
            let test = Kind::Compare(
                crate::cs::ops::Comparison::Equal,
                Box::new(value.clone()),
                Box::new(zero),
            );
            let null = Expr::constant(Value::Null, ty.clone());
            Expr::new(
                Kind::Conditional(
                    Box::new(Expr::new(test, Type::Bool)),
                    Box::new(null),
                    Box::new(converted(value, &ty)),
                ),
                ty,
            )
        });
        let exprs = exprs.collect();
        let rel = Rel::new(Relation {
            node: Node::Project(grouped, exprs),
            columns,
        });
        let scope = Self::scope_of(&rel, Some(&alias.text));
        Ok((rel, scope))
    }

    fn unpivot(
        &mut self,
        input: &ast::Source,
        include_nulls: bool,
        value: &ast::Ident,
        name: &ast::Ident,
        columns: &[ast::Expr],
        alias: &ast::Ident,
    ) -> BResult<(Rel, Scope)> {
        let (input, scope) = self.source(input)?;
        let mut values: Vec<Expr> = Vec::new();
        let mut names = Vec::new();
        let mut taken = Vec::new();
        for column in columns {
            let bound = ExprBinder::new(&mut self.env, &scope).bind(column)?;
            let Kind::Column(at) = bound.kind else {
                let message = format!("Invalid expression: '{column}'. UNPIVOT takes columns");
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    column.span,
                    message,
                );
            };
            if let Some(first) = values.first()
                && common(first, &bound)
                    .is_none_or(|_| first.ty.underlying() != bound.ty.underlying())
            {
                let message = format!(
                    "UNPIVOT takes columns of one type, not '{}' and '{}'.",
                    first.ty, bound.ty
                );
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    column.span,
                    message,
                );
            }
            taken.push(at);
            names.push(Expr::constant(
                Value::string(&input.columns[at].name),
                Type::String,
            ));
            values.push(bound);
        }
        let any_null = values.iter().any(|v| v.ty.is_nullable());
        let inner = values.first().map_or(Type::Object, |v| v.ty.clone());
        let item = if any_null { inner.to_nullable() } else { inner };
        let values = values.into_iter().map(|v| converted(v, &item)).collect();
        let kept: Vec<usize> = (0..input.columns.len())
            .filter(|at| !taken.contains(at))
            .collect();
        let width = input.columns.len();
        let mut exploded = input.columns.clone();
        exploded.push(Column {
            name: value.text.clone(),
            ty: item.clone(),
        });
        exploded.push(Column {
            name: name.text.clone(),
            ty: Type::String,
        });
        let sequences = vec![
            Expr::new(
                Kind::Items(values),
                Type::Enumerable(Box::new(item.clone())),
            ),
            Expr::new(Kind::Items(names), Type::Enumerable(Box::new(Type::String))),
        ];
        let mut rel = Rel::new(Relation {
            node: Node::Explode(input, sequences, Empty::Drop),
            columns: exploded,
        });
        if !include_nulls {
            let test = negate_if(is_null(Expr::column(width, item), false), true);
            let columns = rel.columns.clone();
            rel = Rel::new(Relation {
                node: Node::Filter(rel, test),
                columns,
            });
        }
        let places: Vec<usize> = kept.into_iter().chain([width, width + 1]).collect();
        let columns: Vec<Column> = places.iter().map(|at| rel.columns[*at].clone()).collect();
        let exprs = places
            .iter()
            .map(|at| Expr::column(*at, rel.columns[*at].ty.clone()))
            .collect();
        let rel = Rel::new(Relation {
            node: Node::Project(rel, exprs),
            columns,
        });
        self.check_names(&rel.columns, alias.span)?;
        let scope = Self::scope_of(&rel, Some(&alias.text));
        Ok((rel, scope))
    }
}
