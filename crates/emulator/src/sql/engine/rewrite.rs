//! Turns a query of T-SQL into one that the engine plans: names without case, TOP, hints, and functions that have
//! another name there. What cannot be turned is refused by name.

use std::{
    collections::{HashMap, hash_map::Entry},
    ops::ControlFlow,
};

use datafusion::sql::sqlparser::ast::{
    CaseWhen, CastKind, DataType, Expr, Fetch, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, Ident, LimitClause, ObjectName, ObjectNamePart,
    OrderByKind, Query, Select, SelectItem, SetExpr, TableFactor, Top, TopQuantity, Value,
    VisitMut, VisitorMut, helpers::attached_token::AttachedToken,
};

use crate::sql::{
    catalog::DEFAULT_SCHEMA,
    error::{Result, SqlError},
};

/// How the columns of a result are called, where the plan's names do not tell.
#[derive(Clone, Debug, Default)]
pub(super) struct OutputNames(HashMap<String, String>);

impl OutputNames {
    /// The name as written for a name of the plan.
    pub(super) fn written(&self, planned: &str) -> Option<&str> {
        self.0.get(planned).map(String::as_str)
    }
}

/// Rewrites a query; returns how its columns are called.
///
/// # Errors
/// 40517 for a clause that is not carried out.
pub(super) fn query(query: &mut Query) -> Result<OutputNames> {
    let names = match query.body.as_mut() {
        SetExpr::Select(select) => name_outputs(select),
        _ => OutputNames::default(),
    };
    match VisitMut::visit(query, &mut Rewriter) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(names),
    }
}

/// Gives every item of the outermost projection a name that the plan can tell apart, and remembers the written ones.
fn name_outputs(select: &mut Select) -> OutputNames {
    let mut names = HashMap::new();
    for (at, item) in select.projection.iter_mut().enumerate() {
        let replacement = match item {
            SelectItem::ExprWithAlias { expr, alias } => {
                duplicate(&mut names, expr.clone(), &alias.value, at)
            }
            SelectItem::UnnamedExpr(expr) => match &*expr {
                Expr::Identifier(name) if !name.value.starts_with('@') => {
                    duplicate(&mut names, expr.clone(), &name.value, at)
                }
                Expr::CompoundIdentifier(parts) => {
                    let name = parts
                        .last()
                        .map(|part| part.value.clone())
                        .unwrap_or_default();
                    duplicate(&mut names, expr.clone(), &name, at)
                }
                _ => Some((expr.clone(), format!("__column_{at}"), String::new())),
            },
            _ => None,
        };
        if let Some((expr, planned, written)) = replacement {
            names.insert(planned.clone(), written);
            *item = SelectItem::ExprWithAlias {
                expr,
                alias: Ident::new(planned),
            };
        }
    }
    OutputNames(names)
}

/// A name that is used a second time needs another one in the plan.
fn duplicate(
    names: &mut HashMap<String, String>,
    expr: Expr,
    written: &str,
    at: usize,
) -> Option<(Expr, String, String)> {
    match names.entry(written.to_lowercase()) {
        Entry::Occupied(_) => Some((expr, format!("__column_{at}"), written.to_owned())),
        Entry::Vacant(entry) => {
            entry.insert(written.to_owned());
            None
        }
    }
}

/// A table's name as the catalog of the engine has it: in lower case, with the schema that `db..table` leaves out.
pub(in crate::sql) fn relation(name: &mut ObjectName) -> Result<()> {
    let parts = name.0.len();
    if parts > 3 {
        return Err(SqlError::unsupported_clause("linked server name"));
    }
    for (at, part) in name.0.iter_mut().enumerate() {
        let ObjectNamePart::Identifier(ident) = part else {
            return Err(SqlError::unsupported_clause(&part.to_string()));
        };
        lower(ident);
        if ident.value.is_empty() && parts == 3 && at == 1 {
            DEFAULT_SCHEMA.clone_into(&mut ident.value);
        }
    }
    Ok(())
}

fn lower(ident: &mut Ident) {
    ident.value = ident.value.to_lowercase();
    // The engine reads double quotes as "exactly so", which is what a lowered name is.
    ident.quote_style = Some('"');
}

struct Rewriter;

impl VisitorMut for Rewriter {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        if let Some(with) = &mut query.with {
            for table in &mut with.cte_tables {
                lower(&mut table.alias.name);
                table
                    .alias
                    .columns
                    .iter_mut()
                    .for_each(|column| lower(&mut column.name));
            }
        }
        if query.for_clause.is_some() {
            return ControlFlow::Break(SqlError::unsupported_clause("FOR"));
        }
        limit(query).map_or_else(ControlFlow::Break, ControlFlow::Continue)
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        // Ordinals and counts stay bare numbers.
        if let Some(order_by) = &mut query.order_by
            && let OrderByKind::Expressions(items) = &mut order_by.kind
        {
            items
                .iter_mut()
                .for_each(|item| bare_number(&mut item.expr));
        }
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &mut query.limit_clause {
            limit.iter_mut().for_each(bare_number);
            offset
                .iter_mut()
                .for_each(|offset| bare_number(&mut offset.value));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<SqlError> {
        for item in &mut select.projection {
            match item {
                SelectItem::ExprWithAlias { alias, .. } => lower(alias),
                SelectItem::QualifiedWildcard(kind, _) => {
                    use datafusion::sql::sqlparser::ast::SelectItemQualifiedWildcardKind;
                    if let SelectItemQualifiedWildcardKind::ObjectName(name) = kind
                        && let Err(error) = relation(name)
                    {
                        return ControlFlow::Break(error);
                    }
                }
                _ => {}
            }
        }
        if select.top.is_some() {
            // A TOP that `limit` did not take stands inside of a set operation.
            return ControlFlow::Break(SqlError::unsupported_clause("TOP in a set operation"));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &mut ObjectName) -> ControlFlow<SqlError> {
        relation(name).map_or_else(ControlFlow::Break, ControlFlow::Continue)
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        let alias = match factor {
            TableFactor::Table {
                alias, with_hints, ..
            } => {
                // Hints say how a real server should lock and search; the answer is the same.
                with_hints.clear();
                alias
            }
            TableFactor::Derived { alias, .. } | TableFactor::NestedJoin { alias, .. } => alias,
            other => return ControlFlow::Break(SqlError::unsupported_clause(&other.to_string())),
        };
        if let Some(alias) = alias {
            lower(&mut alias.name);
            alias
                .columns
                .iter_mut()
                .for_each(|column| lower(&mut column.name));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        match rewrite(expr) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

/// TOP and FETCH become LIMIT.
fn limit(query: &mut Query) -> Result<()> {
    if let Some(fetch) = query.fetch.take() {
        let Fetch {
            with_ties: false,
            percent: false,
            quantity: Some(quantity),
        } = fetch
        else {
            return Err(SqlError::unsupported_clause("FETCH"));
        };
        let offset = match query.limit_clause.take() {
            Some(LimitClause::LimitOffset { offset, .. }) => offset,
            _ => None,
        };
        query.limit_clause = Some(LimitClause::LimitOffset {
            limit: Some(quantity),
            offset,
            limit_by: Vec::new(),
        });
    }
    let SetExpr::Select(select) = query.body.as_mut() else {
        return Ok(());
    };
    let Some(top) = select.top.take() else {
        return Ok(());
    };
    let quantity = match top {
        Top {
            with_ties: false,
            percent: false,
            quantity: Some(TopQuantity::Constant(count)),
        } => number(&count.to_string()),
        Top {
            with_ties: false,
            percent: false,
            quantity: Some(TopQuantity::Expr(expr)),
        } => expr,
        Top {
            with_ties: true, ..
        } => return Err(SqlError::unsupported_clause("WITH TIES")),
        _ => return Err(SqlError::unsupported_clause("TOP PERCENT")),
    };
    query.limit_clause = Some(LimitClause::LimitOffset {
        limit: Some(quantity),
        offset: None,
        limit_by: Vec::new(),
    });
    Ok(())
}

fn rewrite(expr: &mut Expr) -> Result<()> {
    match expr {
        // `@@ROWCOUNT` and `@x` are looked up in lower case; they keep no quotes, by which the engine knows them.
        Expr::Identifier(name) if name.value.starts_with('@') => {
            name.value = name.value.to_lowercase()
        }
        Expr::Identifier(name) => lower(name),
        Expr::CompoundIdentifier(parts) => parts.iter_mut().for_each(lower),
        Expr::Value(value) => match &value.value {
            Value::NationalStringLiteral(text) => {
                value.value = Value::SingleQuotedString(text.clone())
            }
            Value::Number(text, _) if text.parse::<i32>().is_ok() => {
                let plain = expr.clone();
                *expr = cast(plain, DataType::Int(None));
            }
            _ => {}
        },
        Expr::Convert {
            is_try,
            expr: inner,
            data_type: Some(data_type),
            styles,
            ..
        } => {
            if !styles.iter().all(is_default_style) {
                return Err(SqlError::unsupported_clause("CONVERT with a style"));
            }
            *expr = Expr::Cast {
                kind: if *is_try {
                    CastKind::TryCast
                } else {
                    CastKind::Cast
                },
                expr: inner.clone(),
                data_type: data_type.clone(),
                array: false,
                format: None,
            };
        }
        Expr::Function(function) => {
            if let Some(replacement) = rewrite_function(function)? {
                *expr = replacement;
            }
        }
        _ => {}
    }
    Ok(())
}

fn is_default_style(style: &Expr) -> bool {
    // A style has been visited already: 0 stands as CAST(0 AS INT). 126 is ISO 8601, which casts write anyway.
    let mut style = style.clone();
    bare_number(&mut style);
    matches!(&style, Expr::Value(value) if matches!(&value.value, Value::Number(text, _) if text == "0" || text == "126"))
}

/// Takes the type off a number that [`rewrite`] gave it.
fn bare_number(expr: &mut Expr) {
    if let Expr::Cast { expr: inner, .. } = expr
        && let Expr::Value(value) = inner.as_ref()
        && matches!(value.value, Value::Number(..))
    {
        *expr = Expr::Value(value.clone());
    }
}

fn number(text: &str) -> Expr {
    Expr::Value(Value::Number(text.to_owned(), false).into())
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(expr),
        data_type,
        array: false,
        format: None,
    }
}

/// Functions that have another name or form in the engine.
fn rewrite_function(function: &mut Function) -> Result<Option<Expr>> {
    let name = function.name.to_string().to_lowercase();
    let renamed = match name.as_str() {
        "isnull" => "coalesce",
        "count_big" => "count",
        "stdev" => "stddev",
        "stdevp" => "stddev_pop",
        "var" => "var_samp",
        "varp" => "var_pop",
        "ceiling" => "ceil",
        "log" => "ln",
        "atn2" => "atan2",
        "char" => "chr",
        "sysdatetime" | "getutcdate" | "sysutcdatetime" => "getdate",
        "suser_name" | "original_login" | "system_user" => "suser_sname",
        "iif" => return iif(function).map(Some),
        "year" | "month" | "day" => return date_part(&name, function).map(Some),
        "datepart" => return date_part_of(function).map(Some),
        _ => name.as_str(),
    };
    function.name = ObjectName::from(vec![Ident::new(renamed)]);
    Ok(None)
}

fn arguments<const N: usize>(function: &Function) -> Result<[Expr; N]> {
    let wrong = || {
        SqlError::new(
            174,
            15,
            format!("The {} function requires {N} argument(s).", function.name),
        )
    };
    let FunctionArguments::List(list) = &function.args else {
        return Err(wrong());
    };
    let arguments: Option<Vec<Expr>> = list
        .args
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect();
    arguments
        .and_then(|arguments| arguments.try_into().ok())
        .ok_or_else(wrong)
}

fn iif(function: &Function) -> Result<Expr> {
    let [condition, then, otherwise] = arguments(function)?;
    Ok(Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen {
            condition,
            result: then,
        }],
        else_result: Some(Box::new(otherwise)),
    })
}

fn date_part(part: &str, function: &Function) -> Result<Expr> {
    let [of] = arguments(function)?;
    Ok(cast(
        call("date_part", vec![string(part), of]),
        DataType::Int(None),
    ))
}

fn date_part_of(function: &Function) -> Result<Expr> {
    let [part, of] = arguments(function)?;
    // The part is a bare word, which has been lowered as a column's name.
    let Expr::Identifier(part) = part else {
        return Err(SqlError::new(
            155,
            15,
            format!("'{part}' is not a recognized datepart option."),
        ));
    };
    let part = match part.value.as_str() {
        "yy" | "yyyy" => "year",
        "qq" | "q" => "quarter",
        "mm" | "m" => "month",
        "dd" | "d" => "day",
        "dy" | "y" | "dayofyear" => "doy",
        "wk" | "ww" => "week",
        "hh" => "hour",
        "mi" | "n" => "minute",
        "ss" | "s" => "second",
        other => other,
    };
    Ok(cast(
        call("date_part", vec![string(part), of]),
        DataType::Int(None),
    ))
}

fn string(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_owned()).into())
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments
        .into_iter()
        .map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
