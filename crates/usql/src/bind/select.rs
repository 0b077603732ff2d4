//! SELECT: FROM, WHERE, GROUP BY, HAVING, the items, DISTINCT, ORDER BY.

use azml_usql_syntax::ast::{self, ExprKind, IdentForm, SelectItem};
use azml_usql_syntax::{Code, Span};

use super::BResult;
use super::expr::ExprBinder;
use super::scope::{Found, Scope, ScopeColumn};
use super::script::ScriptBinder;
use crate::expr::{Expr, Kind};
use crate::rel::{Column, Node, Rel, Relation, SortKey, SortNode};

/// An output column being bound.
struct Item {
    expr: Expr,
    name: String,
    span: Span,
}

impl ScriptBinder {
    pub(super) fn select(
        &mut self,
        select: &ast::Select,
        order: Option<&ast::OrderFetch>,
        sample: Option<&ast::Sample>,
        span: Span,
    ) -> BResult<Rel> {
        let (mut rel, scope) = self.source(&select.from)?;
        if let Some(filter) = &select.filter {
            let predicate = ExprBinder::new(&mut self.env, &scope).predicate(filter)?;
            let columns = rel.columns.clone();
            rel = Rel::new(Relation {
                node: Node::Filter(rel, predicate),
                columns,
            });
        }
        let mut binder = ExprBinder::new(&mut self.env, &scope).with_aggregates();
        let mut items = Vec::new();
        for item in &select.items {
            bind_item(&mut binder, item, &mut items)?;
        }
        let having = match &select.having {
            Some(having) => Some(binder.predicate(having)?),
            None => None,
        };
        let output = Scope {
            columns: items
                .iter()
                .map(|item| ScopeColumn {
                    qualifier: None,
                    name: item.name.clone(),
                    ty: item.expr.ty.clone(),
                })
                .collect(),
        };
        let keys = match order {
            Some(order) => order_keys(&mut binder, &order.keys, &output)?,
            None => Vec::new(),
        };
        let aggregates = binder.aggregates.take().unwrap_or_default();
        let windows = binder.windows.take().unwrap_or_default();
        let mut group_by = Vec::new();
        for expr in &select.group_by {
            let key = ExprBinder::new(&mut self.env, &scope).bind(expr)?;
            self.check_comparable(&key.ty, expr.span, "GROUP BY")?;
            group_by.push(key);
        }
        for item in &items {
            self.check_column_type(&item.expr.ty, item.span)?;
            if select.distinct {
                self.check_comparable(&item.expr.ty, item.span, "DISTINCT")?;
            }
        }
        let grouped = !group_by.is_empty() || !aggregates.is_empty() || having.is_some();
        if grouped && !windows.is_empty() {
            let message = "Window functions and GROUP BY cannot be combined in one SELECT.";
            return self
                .env
                .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, span, message);
        }
        let mut exprs: Vec<(Expr, Span)> = items
            .iter()
            .map(|item| (item.expr.clone(), item.span))
            .collect();
        let hidden_from = exprs.len();
        for key in &keys {
            if let OrderKey::Hidden(expr, _, span) = key {
                exprs.push((expr.clone(), *span));
            }
        }
        if select.distinct && exprs.len() > hidden_from {
            let message = "With DISTINCT, ORDER BY can use the selected columns only.";
            return self.env.error(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                exprs[hidden_from].1,
                message,
            );
        }
        if grouped {
            let mut columns: Vec<Column> = Vec::new();
            for (at, key) in group_by.iter().enumerate() {
                columns.push(Column {
                    name: format!("key{at}"),
                    ty: key.ty.clone(),
                });
            }
            for (at, call) in aggregates.iter().enumerate() {
                columns.push(Column {
                    name: format!("agg{at}"),
                    ty: call.ty.clone(),
                });
            }
            rel = Rel::new(Relation {
                node: Node::Aggregate(rel, group_by.clone(), aggregates),
                columns,
            });
            if let Some(having) = having {
                let filter = select.having.as_ref().map_or(span, |having| having.span);
                let predicate = self.over_groups(having, &group_by, &scope, filter)?;
                let columns = rel.columns.clone();
                rel = Rel::new(Relation {
                    node: Node::Filter(rel, predicate),
                    columns,
                });
            }
            for (expr, span) in &mut exprs {
                *expr = self.over_groups(expr.clone(), &group_by, &scope, *span)?;
            }
        } else if !windows.is_empty() {
            let width = rel.columns.len();
            let mut columns = rel.columns.clone();
            for (at, call) in windows.iter().enumerate() {
                columns.push(Column {
                    name: format!("window{at}"),
                    ty: call.ty.clone(),
                });
            }
            rel = Rel::new(Relation {
                node: Node::Window(rel, windows),
                columns,
            });
            for (expr, _) in &mut exprs {
                expr.rewrite(&mut |part| match part.kind {
                    Kind::Window(at) => {
                        part.kind = Kind::Column(width + at);
                        true
                    }
                    _ => false,
                });
            }
        }
        let mut columns: Vec<Column> = items
            .iter()
            .map(|item| Column {
                name: item.name.clone(),
                ty: item.expr.ty.clone(),
            })
            .collect();
        self.check_names(&columns, span)?;
        let visible = columns.clone();
        for (at, (expr, _)) in exprs.iter().enumerate().skip(hidden_from) {
            columns.push(Column {
                name: format!("\u{1}order{at}"),
                ty: expr.ty.clone(),
            });
        }
        let exprs = exprs.into_iter().map(|(expr, _)| expr).collect();
        rel = Rel::new(Relation {
            node: Node::Project(rel, exprs),
            columns,
        });
        if select.distinct {
            let columns = rel.columns.clone();
            rel = Rel::new(Relation {
                node: Node::Distinct(rel),
                columns,
            });
        }
        if let Some(order) = order {
            rel = self.sorted(rel, keys, hidden_from, order)?;
            if rel.columns.len() > visible.len() {
                let exprs = visible
                    .iter()
                    .enumerate()
                    .map(|(at, column)| Expr::column(at, column.ty.clone()))
                    .collect();
                rel = Rel::new(Relation {
                    node: Node::Project(rel, exprs),
                    columns: visible,
                });
            }
        }
        match sample {
            Some(sample) => self.sampled(rel, sample),
            None => Ok(rel),
        }
    }

    fn sorted(
        &mut self,
        input: Rel,
        keys: Vec<OrderKey>,
        hidden_from: usize,
        order: &ast::OrderFetch,
    ) -> BResult<Rel> {
        let mut hidden = hidden_from;
        let mut sort = Vec::with_capacity(keys.len());
        for key in keys {
            let (expr, descending, span) = match key {
                OrderKey::Output(expr, descending, span) => (expr, descending, span),
                OrderKey::Hidden(expr, descending, span) => {
                    hidden += 1;
                    (Expr::column(hidden - 1, expr.ty), descending, span)
                }
            };
            self.check_comparable(&expr.ty, span, "ORDER BY")?;
            sort.push(SortKey { expr, descending });
        }
        let (skip, fetch) = self.row_counts(order)?;
        let columns = input.columns.clone();
        Ok(Rel::new(Relation {
            node: Node::Sort(SortNode {
                input,
                keys: sort,
                skip,
                fetch,
            }),
            columns,
        }))
    }

    /// An expression over the input as one over keys and aggregates.
    fn over_groups(
        &mut self,
        mut expr: Expr,
        keys: &[Expr],
        scope: &Scope,
        span: Span,
    ) -> BResult<Expr> {
        let mut loose = None;
        expr.rewrite(&mut |part| {
            if let Some(at) = keys.iter().position(|key| key == part) {
                part.kind = Kind::Column(at);
                return true;
            }
            match part.kind {
                Kind::Aggregate(at) => {
                    part.kind = Kind::Column(keys.len() + at);
                    true
                }
                Kind::Column(at) => {
                    loose = Some(at);
                    true
                }
                _ => false,
            }
        });
        match loose.and_then(|at| scope.columns.get(at)) {
            None => Ok(expr),
            Some(column) => self.env.error_with_hint(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                span,
                format!(
                    "The column '{}' is neither aggregated nor part of GROUP BY.",
                    column.name
                ),
                "put it in GROUP BY, or take ANY_VALUE of it",
            ),
        }
    }
}

/// A key of ORDER BY.
enum OrderKey {
    /// Over the output columns.
    Output(Expr, bool, Span),
    /// Over the input: computed beside the items and dropped afterwards.
    Hidden(Expr, bool, Span),
}

/// Output columns come first; what they lack is looked up in the input.
fn order_keys(
    binder: &mut ExprBinder<'_>,
    keys: &[ast::SortItem],
    output: &Scope,
) -> BResult<Vec<OrderKey>> {
    let mut bound = Vec::with_capacity(keys.len());
    for key in keys {
        let span = key.expr.span;
        let before = binder.env.diagnostics.len();
        if let Ok(expr) = ExprBinder::new(binder.env, output).bind(&key.expr) {
            bound.push(OrderKey::Output(expr, key.descending, span));
            continue;
        }
        binder.env.diagnostics.truncate(before);
        bound.push(OrderKey::Hidden(
            binder.bind(&key.expr)?,
            key.descending,
            span,
        ));
    }
    Ok(bound)
}

fn bind_item(binder: &mut ExprBinder<'_>, item: &SelectItem, items: &mut Vec<Item>) -> BResult<()> {
    match item {
        SelectItem::Star(span) => {
            for (at, column) in binder.scope.columns.iter().enumerate() {
                items.push(Item {
                    expr: Expr::column(at, column.ty.clone()),
                    name: column.name.clone(),
                    span: *span,
                });
            }
            Ok(())
        }
        SelectItem::QualifiedStar(name) => {
            let qualifier = if name.form == IdentForm::Variable {
                format!("@{}", name.text)
            } else {
                name.text.clone()
            };
            let before = items.len();
            for (at, column) in binder.scope.columns.iter().enumerate() {
                if column.qualifier.as_deref() == Some(&qualifier) {
                    items.push(Item {
                        expr: Expr::column(at, column.ty.clone()),
                        name: column.name.clone(),
                        span: name.span,
                    });
                }
            }
            if items.len() == before {
                let message = format!("The rowset '{qualifier}' does not exist.");
                return binder.error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, name.span, message);
            }
            Ok(())
        }
        SelectItem::Expr { expr, alias } => {
            let bound = binder.bind(expr)?;
            let name = match alias {
                Some(alias) => alias.text.clone(),
                None => match implied_name(binder, expr) {
                    Some(name) => name,
                    None => {
                        binder.env.diagnostics.push(
                            azml_usql_syntax::Diagnostic::error(
                                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                                expr.span,
                                format!("Invalid expression: '{expr}'. The column needs a name"),
                            )
                            .with_hint("add AS and a name"),
                        );
                        return Err(super::Reported);
                    }
                },
            };
            items.push(Item {
                expr: bound,
                name,
                span: expr.span,
            });
            Ok(())
        }
    }
}

/// The name of a column, or of a property at the end of an expression.
fn implied_name(binder: &ExprBinder<'_>, expr: &ast::Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) if name.form != IdentForm::Variable => {
            (binder.scope.find(None, &name.text) != Found::Nothing).then(|| name.text.clone())
        }
        ExprKind::Member { member, .. } if member.form != IdentForm::Variable => {
            Some(member.text.clone())
        }
        _ => None,
    }
}
