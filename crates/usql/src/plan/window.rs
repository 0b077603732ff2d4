//! Window functions: arguments and keys become columns first, then the
//! engine's functions run over them with frames written out.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::functions_window::{cume_dist, lead_lag, nth_value, ntile, rank, row_number};
use datafusion::logical_expr::expr::{WindowFunction as PlanWindow, WindowFunctionParams};
use datafusion::logical_expr::{
    Expr as PlanExpr, LogicalPlanBuilder, SortExpr, WindowFrame, WindowFrameBound,
    WindowFrameUnits, WindowFunctionDefinition, ident,
};

use super::aggregate::{Part, parts_of, whole};
use super::lower::{Lowered, Lowering, Result};
use crate::cs::{Type, Value};
use crate::expr::{Expr, Kind, LinqFunction};
use crate::rel::{AggregateCall, AggregateFunction, FrameEnd, WindowCall, WindowFunction};

impl Lowering {
    /// The input's columns, then one for each function.
    pub(super) fn window(&mut self, input: Lowered, calls: &[WindowCall]) -> Result<Lowered> {
        let width = input.names.len();
        let mut current = input;
        let mut places: Vec<usize> = (0..width).collect();
        for call in calls {
            current = match call.function {
                WindowFunction::PercentileCont | WindowFunction::PercentileDisc => {
                    self.percentile(current, call)?
                }
                _ => self.one_window(current, call)?,
            };
            places.push(current.names.len() - 1);
        }
        Self::picked(current, &places)
    }

    /// The input's columns, whatever is computed on the way, and last the
    /// function's value.
    fn one_window(&mut self, input: Lowered, call: &WindowCall) -> Result<Lowered> {
        let aggregate = match call.function {
            WindowFunction::Aggregate(function) => Some(AggregateCall {
                function,
                args: call.args.clone(),
                distinct: false,
                ty: call.ty.clone(),
            }),
            _ => None,
        };
        let parts = match &aggregate {
            Some(aggregate) => parts_of(aggregate),
            None => Vec::new(),
        };
        let mut exprs: Vec<&Expr> = Vec::new();
        exprs.extend(&call.partition_by);
        exprs.extend(call.order_by.iter().map(|key| &key.expr));
        let args_from = exprs.len();
        match &aggregate {
            Some(_) => exprs.extend(parts.iter().filter_map(|part| part.arg.as_ref())),
            None => exprs.extend(call.args.first()),
        }
        let width = input.names.len();
        let extended = self.extended(&input, &exprs)?;
        let column = |at: usize| ident(&extended.names[width + at]);
        let partition_by: Vec<PlanExpr> = (0..call.partition_by.len()).map(column).collect();
        let order_by: Vec<SortExpr> = call
            .order_by
            .iter()
            .enumerate()
            .map(|(at, key)| {
                SortExpr::new(column(call.partition_by.len() + at), !key.descending, false)
            })
            .collect();
        let window_frame = frame(call);
        let over = |fun: WindowFunctionDefinition, args: Vec<PlanExpr>| {
            PlanExpr::from(PlanWindow {
                fun,
                params: WindowFunctionParams {
                    args,
                    partition_by: partition_by.clone(),
                    order_by: order_by.clone(),
                    window_frame: window_frame.clone(),
                    filter: None,
                    null_treatment: None,
                    distinct: false,
                },
            })
        };
        let mut functions = Vec::new();
        let mut types = extended.types.clone();
        if aggregate.is_some() {
            let mut next = args_from;
            for part in &parts {
                let arg = if part.arg.is_some() {
                    next += 1;
                    column(next - 1)
                } else {
                    PlanExpr::Literal(ScalarValue::Int64(Some(1)), None)
                };
                functions.push(over(
                    WindowFunctionDefinition::AggregateUDF(Arc::clone(&part.function)),
                    vec![arg],
                ));
                types.push(part.ty.clone());
            }
        } else {
            let (fun, args) = plain(call, || column(args_from));
            functions.push(over(fun, args));
            types.push(call.ty.clone());
        }
        let mut names = extended.names.clone();
        let mut aliased = Vec::new();
        for function in functions {
            let name = self.name();
            aliased.push(function.alias(&name));
            names.push(name);
        }
        let first = names.len() - aliased.len();
        let plan = LogicalPlanBuilder::from(extended.plan)
            .window(aliased)?
            .build()?;
        let computed = Lowered { plan, names, types };
        self.finished(computed, call, aggregate.as_ref(), first, &parts)
    }

    /// The function's value from what the engine gave.
    fn finished(
        &mut self,
        computed: Lowered,
        call: &WindowCall,
        aggregate: Option<&AggregateCall>,
        first: usize,
        parts: &[Part],
    ) -> Result<Lowered> {
        if let Some(aggregate) = aggregate {
            let value = whole(aggregate, first, parts);
            return self.extended(&computed, &[&value]);
        }
        let counts = matches!(
            call.function,
            WindowFunction::RowNumber
                | WindowFunction::Rank
                | WindowFunction::DenseRank
                | WindowFunction::Ntile
        );
        if !counts {
            return Ok(computed);
        }
        // The engine counts in unsigned numbers.
        let name = self.name();
        let mut exprs: Vec<PlanExpr> = computed.names.iter().map(ident).collect();
        let value = datafusion::logical_expr::cast(
            ident(&computed.names[first]),
            arrow::datatypes::DataType::Int64,
        );
        exprs.push(value.alias(&name));
        let plan = LogicalPlanBuilder::from(computed.plan)
            .project(exprs)?
            .build()?;
        let mut names = computed.names;
        names.push(name);
        let mut types = computed.types;
        types.push(Type::Long);
        Ok(Lowered { plan, names, types })
    }

    /// Rows with a number that counts equal rows, as a last column.
    pub(super) fn numbered(&mut self, input: Lowered) -> Result<Lowered> {
        let partition_by = input
            .types
            .iter()
            .enumerate()
            .map(|(at, ty)| Expr::column(at, ty.clone()))
            .collect();
        let call = WindowCall {
            function: WindowFunction::RowNumber,
            args: Vec::new(),
            partition_by,
            order_by: Vec::new(),
            frame: None,
            ty: Type::Long,
        };
        self.window(input, &[call])
    }

    /// A percentile is the same for a whole partition: it is aggregated and
    /// joined back.
    fn percentile(&mut self, input: Lowered, call: &WindowCall) -> Result<Lowered> {
        let width = input.names.len();
        let keyed = self.extended(&input, &call.partition_by.iter().collect::<Vec<_>>())?;
        let array = AggregateCall {
            function: AggregateFunction::ArrayAgg,
            args: vec![call.args[0].clone()],
            distinct: false,
            ty: Type::SqlArray(Box::new(call.args[0].ty.clone())),
        };
        let keys: Vec<Expr> = call
            .partition_by
            .iter()
            .enumerate()
            .map(|(at, key)| Expr::column(width + at, key.ty.clone()))
            .collect();
        let grouped = self.aggregate(&keyed, &keys, std::slice::from_ref(&array))?;
        let function = match call.function {
            WindowFunction::PercentileCont => LinqFunction::PercentileCont,
            _ => LinqFunction::PercentileDisc,
        };
        let descending = call.order_by.iter().any(|key| key.descending);
        let list = Expr::column(keys.len(), array.ty.clone());
        let args = vec![
            list,
            call.args[1].clone(),
            Expr::constant(Value::Bool(descending), Type::Bool),
        ];
        let value = Expr::new(Kind::Linq(function, args), call.ty.clone());
        let mut exprs: Vec<Expr> = keys
            .iter()
            .enumerate()
            .map(|(at, key)| Expr::column(at, key.ty.clone()))
            .collect();
        exprs.push(value);
        let grouped = self.projected(&grouped, &exprs.iter().collect::<Vec<_>>())?;
        let on = (0..keys.len()).map(|at| (width + at, at)).collect();
        self.joined_back(keyed, grouped, on)
    }

    fn joined_back(
        &mut self,
        left: Lowered,
        right: Lowered,
        on: Vec<(usize, usize)>,
    ) -> Result<Lowered> {
        use datafusion::common::{Column as PlanColumn, NullEquality};
        use datafusion::logical_expr::JoinType;
        let names = [left.names.clone(), right.names.clone()].concat();
        let types = [left.types.clone(), right.types.clone()].concat();
        // The groups are fewer than the rows: they are the side that is kept in memory.
        let builder = LogicalPlanBuilder::from(right.plan);
        let builder = if on.is_empty() {
            builder.cross_join(left.plan)?
        } else {
            let keys: (Vec<_>, Vec<_>) = on
                .iter()
                .map(|(l, r)| {
                    (
                        PlanColumn::from_name(&right.names[*r]),
                        PlanColumn::from_name(&left.names[*l]),
                    )
                })
                .unzip();
            builder.join_detailed(
                left.plan,
                JoinType::Right,
                keys,
                None,
                NullEquality::NullEqualsNull,
            )?
        };
        let plan = builder.project(names.iter().map(ident))?.build()?;
        Ok(Lowered { plan, names, types })
    }
}

/// The engine's function and its arguments.
fn plain(
    call: &WindowCall,
    first: impl Fn() -> PlanExpr,
) -> (WindowFunctionDefinition, Vec<PlanExpr>) {
    use WindowFunction as W;
    let literal = |at: usize, default: Option<i64>| {
        let value = match call.args.get(at).and_then(Expr::as_const) {
            Some(Value::Long(n)) => Some(*n),
            Some(Value::Int(n)) => Some(i64::from(*n)),
            _ => default,
        };
        PlanExpr::Literal(ScalarValue::Int64(value), None)
    };
    let (udwf, args) = match call.function {
        W::Rank => (rank::rank_udwf(), vec![]),
        W::DenseRank => (rank::dense_rank_udwf(), vec![]),
        W::PercentRank => (rank::percent_rank_udwf(), vec![]),
        W::CumeDist => (cume_dist::cume_dist_udwf(), vec![]),
        W::Ntile => (ntile::ntile_udwf(), vec![literal(0, Some(1))]),
        W::Lag | W::Lead => {
            let udwf = if call.function == W::Lag {
                lead_lag::lag_udwf()
            } else {
                lead_lag::lead_udwf()
            };
            let mut args = vec![first(), literal(1, Some(1))];
            if let Some(default) = call.args.get(2)
                && let Some(value) = default.as_const()
            {
                let array = crate::expr::column::build(std::slice::from_ref(value), &default.ty);
                if let Ok(scalar) = ScalarValue::try_from_array(&array, 0) {
                    args.push(PlanExpr::Literal(scalar, None));
                }
            }
            (udwf, args)
        }
        W::FirstValue => (nth_value::first_value_udwf(), vec![first()]),
        W::LastValue => (nth_value::last_value_udwf(), vec![first()]),
        _ => (row_number::row_number_udwf(), vec![]),
    };
    (WindowFunctionDefinition::WindowUDF(udwf), args)
}

fn frame(call: &WindowCall) -> WindowFrame {
    let rows = |n: i64| ScalarValue::UInt64(Some(n.unsigned_abs()));
    let all = ScalarValue::UInt64(None);
    let (start, end) = match call.frame {
        None => (
            WindowFrameBound::Preceding(all.clone()),
            WindowFrameBound::Following(all),
        ),
        Some((start, end)) => {
            let bound = |end: FrameEnd| match end {
                FrameEnd::Unbounded => WindowFrameBound::Preceding(all.clone()),
                FrameEnd::Offset(0) => WindowFrameBound::CurrentRow,
                FrameEnd::Offset(n) if n < 0 => WindowFrameBound::Preceding(rows(n)),
                FrameEnd::Offset(n) => WindowFrameBound::Following(rows(n)),
            };
            (bound(start), bound(end))
        }
    };
    WindowFrame::new_bounds(WindowFrameUnits::Rows, start, end)
}
