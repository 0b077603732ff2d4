//! Aggregates: which of the engine's make up one of the language.

use std::sync::Arc;

use datafusion::functions_aggregate::{
    array_agg, count, first_last, min_max, stddev, sum, variance,
};
use datafusion::logical_expr::expr::AggregateFunction as PlanAggregate;
use datafusion::logical_expr::{AggregateUDF, Expr as PlanExpr, LogicalPlanBuilder, ident, lit};

use super::lower::{Lowered, Lowering, Result};
use crate::cs::ops::Arithmetic;
use crate::cs::{Type, Value};
use crate::expr::{Expr, Kind, LinqFunction};
use crate::rel::{AggregateCall, AggregateFunction};

impl Lowering {
    pub(super) fn aggregate(
        &mut self,
        input: &Lowered,
        keys: &[Expr],
        calls: &[AggregateCall],
    ) -> Result<Lowered> {
        let keys: Vec<Expr> = keys.iter().cloned().map(key).collect();
        let parts: Vec<Vec<Part>> = calls.iter().map(parts_of).collect();
        let args: Vec<&Expr> = parts
            .iter()
            .flatten()
            .filter_map(|part| part.arg.as_ref())
            .collect();
        let all: Vec<&Expr> = keys.iter().chain(args).collect();
        // `COUNT(*)` alone reads no column, but the plan needs one.
        let one = Expr::constant(Value::Int(1), Type::Int);
        let all = if all.is_empty() { vec![&one] } else { all };
        let input = self.projected(input, &all)?;
        let group: Vec<PlanExpr> = input.names[..keys.len()].iter().map(ident).collect();
        let mut next_arg = keys.len();
        let mut aggregates = Vec::new();
        let mut names: Vec<String> = input.names[..keys.len()].to_vec();
        let mut types: Vec<Type> = keys.iter().map(|key| key.ty.clone()).collect();
        for part in parts.iter().flatten() {
            let arg = if part.arg.is_some() {
                next_arg += 1;
                ident(&input.names[next_arg - 1])
            } else {
                lit(1_i64)
            };
            let name = self.name();
            let call = PlanAggregate::new_udf(
                Arc::clone(&part.function),
                vec![arg],
                part.distinct,
                None,
                Vec::new(),
                None,
            );
            aggregates.push(PlanExpr::AggregateFunction(call).alias(&name));
            names.push(name);
            types.push(part.ty.clone());
        }
        let plan = LogicalPlanBuilder::from(input.plan)
            .aggregate(group, aggregates)?
            .build()?;
        let grouped = Lowered { plan, names, types };
        // Put the parts of each aggregate together.
        let mut exprs: Vec<Expr> = keys
            .iter()
            .enumerate()
            .map(|(at, key)| Expr::column(at, key.ty.clone()))
            .collect();
        let mut at = keys.len();
        for (call, parts) in calls.iter().zip(&parts) {
            exprs.push(whole(call, at, parts));
            at += parts.len();
        }
        self.projected(&grouped, &exprs.iter().collect::<Vec<_>>())
    }
}

/// A grouping key: for doubles, minus zero is zero.
pub(super) fn key(expr: Expr) -> Expr {
    let zero = match expr.ty.underlying() {
        Type::Double => Value::Double(0.0),
        Type::Float => Value::Float(0.0),
        _ => return expr,
    };
    let ty = expr.ty.clone();
    let zero = Expr::constant(zero, ty.underlying().clone());
    Expr::new(
        Kind::Arithmetic(Arithmetic::Add, Box::new(expr), Box::new(zero)),
        ty,
    )
}

/// An aggregate that the engine has.
pub(super) struct Part {
    pub(super) function: Arc<AggregateUDF>,
    /// None counts rows.
    pub(super) arg: Option<Expr>,
    pub(super) distinct: bool,
    pub(super) ty: Type,
}

/// The engine's aggregates that make up one of the language.
pub(super) fn parts_of(call: &AggregateCall) -> Vec<Part> {
    use AggregateFunction as A;
    let part = |function: Arc<AggregateUDF>, arg: Option<Expr>, ty: Type| Part {
        function,
        arg,
        distinct: call.distinct,
        ty,
    };
    let Some(first) = call.args.first() else {
        return vec![part(count::count_udaf(), None, Type::Long)];
    };
    let widened = |ty: &Type| {
        let ty = if first.ty.is_nullable() {
            ty.to_nullable()
        } else {
            ty.clone()
        };
        if first.ty == ty {
            return first.clone();
        }
        Expr::new(
            Kind::Convert {
                operand: Box::new(first.clone()),
                checked: false,
            },
            ty,
        )
    };
    let sum_type = call.ty.underlying().clone();
    match call.function {
        A::Count => vec![part(count::count_udaf(), Some(first.clone()), Type::Long)],
        A::Sum => vec![part(
            sum::sum_udaf(),
            Some(widened(&sum_type)),
            call.ty.clone(),
        )],
        A::Avg => vec![
            part(sum::sum_udaf(), Some(widened(&sum_type)), call.ty.clone()),
            part(count::count_udaf(), Some(widened(&sum_type)), Type::Long),
        ],
        A::Min => vec![part(
            min_max::min_udaf(),
            Some(first.clone()),
            call.ty.clone(),
        )],
        A::Max => vec![part(
            min_max::max_udaf(),
            Some(first.clone()),
            call.ty.clone(),
        )],
        A::Stdev => vec![part(
            stddev::stddev_udaf(),
            Some(widened(&Type::Double)),
            call.ty.clone(),
        )],
        A::Stdevp => vec![part(
            stddev::stddev_pop_udaf(),
            Some(widened(&Type::Double)),
            call.ty.clone(),
        )],
        A::Var => vec![part(
            variance::var_samp_udaf(),
            Some(widened(&Type::Double)),
            call.ty.clone(),
        )],
        A::Varp => vec![part(
            variance::var_pop_udaf(),
            Some(widened(&Type::Double)),
            call.ty.clone(),
        )],
        A::AnyValue => vec![part(
            first_last::first_value_udaf(),
            Some(first.clone()),
            call.ty.clone(),
        )],
        A::ArrayAgg => vec![part(
            array_agg::array_agg_udaf(),
            Some(first.clone()),
            call.ty.clone(),
        )],
        A::MapAgg => call
            .args
            .iter()
            .map(|arg| {
                let ty = Type::Enumerable(Box::new(arg.ty.clone()));
                part(array_agg::array_agg_udaf(), Some(arg.clone()), ty)
            })
            .collect(),
    }
}

/// An aggregate from its parts, the first of which is at `at`.
pub(super) fn whole(call: &AggregateCall, at: usize, parts: &[Part]) -> Expr {
    use AggregateFunction as A;
    let first = Expr::column(at, parts[0].ty.clone());
    match call.function {
        A::Avg => {
            let sum_type = call.ty.clone();
            let count = Expr::column(at + 1, Type::Long);
            let none = Kind::Compare(
                crate::cs::ops::Comparison::Equal,
                Box::new(count.clone()),
                Box::new(Expr::constant(Value::Long(0), Type::Long)),
            );
            let null = Expr::constant(Value::Null, sum_type.clone());
            let divisor = sum_type.underlying().clone();
            let count = if divisor == Type::Long {
                count
            } else {
                Expr::new(
                    Kind::Convert {
                        operand: Box::new(count),
                        checked: false,
                    },
                    divisor,
                )
            };
            let mean = Kind::Arithmetic(Arithmetic::Divide, Box::new(first), Box::new(count));
            let mean = Expr::new(mean, sum_type.clone());
            Expr::new(
                Kind::Conditional(
                    Box::new(Expr::new(none, Type::Bool)),
                    Box::new(null),
                    Box::new(mean),
                ),
                sum_type,
            )
        }
        A::MapAgg => {
            let item = |ty: &Type| ty.element().unwrap_or(Type::Object);
            let (keys, values) = (first, Expr::column(at + 1, parts[1].ty.clone()));
            let (key_type, value_type) = (item(&keys.ty), item(&values.ty));
            let pair_type =
                Type::KeyValuePair(Box::new(key_type.clone()), Box::new(value_type.clone()));
            let pair = Kind::Pair(
                Box::new(Expr::new(Kind::Local(0), key_type.clone())),
                Box::new(Expr::new(Kind::Local(1), value_type.clone())),
            );
            let body = Expr::new(pair, pair_type.clone());
            let function = Type::Func(vec![key_type, value_type], Box::new(pair_type.clone()));
            let lambda = Expr::new(Kind::Lambda(vec![0, 1], Box::new(body)), function);
            let is_null = Expr::new(Kind::IsNull(Box::new(keys.clone())), Type::Bool);
            let pairs = Expr::new(
                Kind::Linq(LinqFunction::Zip, vec![keys, values, lambda]),
                Type::Enumerable(Box::new(pair_type)),
            );
            let map = Expr::new(Kind::Linq(LinqFunction::Map, vec![pairs]), call.ty.clone());
            let null = Expr::constant(Value::Null, call.ty.clone());
            Expr::new(
                Kind::Conditional(Box::new(is_null), Box::new(null), Box::new(map)),
                call.ty.clone(),
            )
        }
        _ => Expr::column(at, call.ty.clone()),
    }
}
