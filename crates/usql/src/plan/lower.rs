//! Rowset expressions to logical plans. Every column of every plan has a name
//! that no other has, so that no join is ambiguous; names of the script are
//! put back by whoever reads the result.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use datafusion::common::{
    Column as PlanColumn, DataFusionError, NullEquality, NullHandling, ScalarValue, UnnestOptions,
};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::functions_aggregate::{
    array_agg, count, first_last, min_max, stddev, sum, variance,
};
use datafusion::logical_expr::expr::AggregateFunction as PlanAggregate;
use datafusion::logical_expr::{
    AggregateUDF, Expr as PlanExpr, JoinType, LogicalPlan, LogicalPlanBuilder, SortExpr, ident, lit,
};
use recursive::recursive;

use super::function::ExprFunction;
use crate::cs::members::Context;
use crate::cs::ops::Arithmetic;
use crate::cs::{Type, Value};
use crate::error::RuntimeError;
use crate::expr::{Expr, Kind, LinqFunction, column, evaluate_row};
use crate::extract::{ExtractSource, ExtractTable, SourceColumn};
use crate::rel::{
    AggregateCall, AggregateFunction, Column, Duplicates, Empty, Join, JoinNode, Node, Relation,
    SortKey, SortNode,
};
use crate::store::FileStore;
use crate::table::TableScan;

/// A plan and the names of its columns, in the order of the relation's.
#[derive(Clone, Debug)]
pub(crate) struct Lowered {
    pub(crate) plan: LogicalPlan,
    pub(crate) names: Vec<String>,
    pub(crate) types: Vec<Type>,
}

/// Makes plans; one for a run.
#[derive(Debug)]
pub(crate) struct Lowering {
    store: Arc<dyn FileStore>,
    context: Context,
    next: usize,
}

/// What a table is taken for when the sides of a join are compared.
const UNKNOWN_SIZE: u64 = 256 << 20;
/// As much text as may be in memory once, for all partitions together.
const SMALL: u64 = 64 << 20;

pub(super) type Result<T> = std::result::Result<T, DataFusionError>;

impl Lowering {
    pub(crate) fn new(store: Arc<dyn FileStore>, now: i64) -> Self {
        Self {
            store,
            context: Context { now },
            next: 0,
        }
    }

    pub(super) fn name(&mut self) -> String {
        self.next += 1;
        format!("c{}", self.next)
    }

    pub(super) fn names(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.name()).collect()
    }

    /// A bound expression over a plan's columns.
    pub(super) fn expr(&self, expr: &Expr, input: &Lowered) -> Result<PlanExpr> {
        match &expr.kind {
            Kind::Column(at) => Ok(ident(&input.names[*at])),
            Kind::Const(value) => {
                let array = column::build(std::slice::from_ref(value), &expr.ty);
                Ok(PlanExpr::Literal(
                    ScalarValue::try_from_array(&array, 0)?,
                    None,
                ))
            }
            _ => {
                let (function, columns) = ExprFunction::udf(expr, &input.types, self.context);
                Ok(function.call(
                    columns
                        .into_iter()
                        .map(|at| ident(&input.names[at]))
                        .collect(),
                ))
            }
        }
    }

    /// The input's columns, then the given expressions, all under new names.
    pub(super) fn extended(&mut self, input: &Lowered, exprs: &[&Expr]) -> Result<Lowered> {
        let own: Vec<Expr> = input
            .types
            .iter()
            .enumerate()
            .map(|(at, ty)| Expr::column(at, ty.clone()))
            .collect();
        let all: Vec<&Expr> = own.iter().chain(exprs.iter().copied()).collect();
        self.projected(input, &all)
    }

    /// The given expressions under new names.
    pub(super) fn projected(&mut self, input: &Lowered, exprs: &[&Expr]) -> Result<Lowered> {
        let names = self.names(exprs.len());
        let plan_exprs = exprs
            .iter()
            .zip(&names)
            .map(|(expr, name)| Ok(self.expr(expr, input)?.alias(name)))
            .collect::<Result<Vec<_>>>()?;
        let plan = LogicalPlanBuilder::from(input.plan.clone())
            .project(plan_exprs)?
            .build()?;
        Ok(Lowered {
            plan,
            names,
            types: exprs.iter().map(|expr| expr.ty.clone()).collect(),
        })
    }

    /// The columns at these places, under their names.
    pub(super) fn picked(input: Lowered, places: &[usize]) -> Result<Lowered> {
        let names: Vec<String> = places.iter().map(|at| input.names[*at].clone()).collect();
        let types = places.iter().map(|at| input.types[*at].clone()).collect();
        let plan = LogicalPlanBuilder::from(input.plan)
            .project(names.iter().map(ident))?
            .build()?;
        Ok(Lowered { plan, names, types })
    }

    /// The plan of a relation. Used more than once, it gets new names each time.
    #[recursive]
    pub(crate) fn relation(&mut self, relation: &Relation) -> Result<Lowered> {
        let types: Vec<Type> = relation
            .columns
            .iter()
            .map(|column| column.ty.clone())
            .collect();
        let lowered = match &relation.node {
            Node::Values(rows) => self.values(rows, &relation.columns)?,
            Node::Extract(source) => self.extract(source.clone(), &relation.columns)?,
            Node::Table(source) => {
                let names = self.names(relation.columns.len());
                let table = TableScan::new(
                    source.clone(),
                    &relation.columns,
                    &names,
                    Arc::clone(&self.store),
                );
                self.scan(Arc::new(table), names, &relation.columns)?
            }
            Node::Project(input, exprs) => {
                let input = self.relation(input)?;
                self.projected(&input, &exprs.iter().collect::<Vec<_>>())?
            }
            Node::Filter(input, predicate) => self.filter(input, predicate)?,
            Node::Aggregate(input, keys, calls) => {
                let input = self.relation(input)?;
                self.aggregate(&input, keys, calls)?
            }
            Node::Window(input, calls) => {
                let input = self.relation(input)?;
                self.window(input, calls)?
            }
            Node::Join(join) => self.join(join)?,
            Node::Union(left, right) => {
                let (left, right) = (self.relation(left)?, self.relation(right)?);
                let right = self.renamed(right, &left.names)?;
                let plan = LogicalPlanBuilder::from(left.plan)
                    .union(right.plan)?
                    .build()?;
                Lowered {
                    plan,
                    names: left.names,
                    types: left.types,
                }
            }
            Node::Except(left, right, duplicates) => {
                let (left, right) = (self.relation(left)?, self.relation(right)?);
                self.set_difference(left, right, *duplicates, JoinType::LeftAnti)?
            }
            Node::Intersect(left, right, duplicates) => {
                let (left, right) = (self.relation(left)?, self.relation(right)?);
                self.set_difference(left, right, *duplicates, JoinType::LeftSemi)?
            }
            Node::Distinct(input) => {
                let input = self.relation(input)?;
                self.distinct(input)?
            }
            Node::Sort(sort) => self.sort(sort)?,
            Node::Explode(input, sequences, empty) => {
                let input = self.relation(input)?;
                let width = input.names.len();
                let input = self.extended(&input, &sequences.iter().collect::<Vec<_>>())?;
                let lists = input.names[width..]
                    .iter()
                    .map(PlanColumn::from_name)
                    .collect();
                let null_handling = match empty {
                    Empty::Drop => NullHandling::Drop,
                    Empty::Keep => NullHandling::PreserveAndExpandEmpty,
                };
                let options = UnnestOptions {
                    null_handling,
                    recursions: Vec::new(),
                };
                let plan = LogicalPlanBuilder::from(input.plan)
                    .unnest_columns_with_options(lists, options)?
                    .build()?;
                // Unnested columns may have moved to the end; their names have not changed.
                let plan = LogicalPlanBuilder::from(plan)
                    .project(input.names.iter().map(ident))?
                    .build()?;
                Lowered {
                    plan,
                    names: input.names,
                    types: types.clone(),
                }
            }
        };
        Ok(Lowered { types, ..lowered })
    }

    fn values(&mut self, rows: &[Vec<Expr>], columns: &[Column]) -> Result<Lowered> {
        let names = self.names(columns.len());
        let mut cells: Vec<Vec<Value>> = vec![Vec::with_capacity(rows.len()); columns.len()];
        for row in rows {
            for (cell, expr) in cells.iter_mut().zip(row) {
                let value =
                    evaluate_row(expr, &(), &self.context).map_err(|e| external(e.into()))?;
                cell.push(value);
            }
        }
        let arrays = cells
            .iter()
            .zip(columns)
            .map(|(cells, column)| column::build(cells, &column.ty))
            .collect();
        let fields: Vec<_> = names
            .iter()
            .zip(columns)
            .map(|(name, column)| column::field(name, &column.ty).with_nullable(true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options)?;
        let table = MemTable::try_new(schema, vec![vec![batch]])?;
        self.scan(Arc::new(table), names, columns)
    }

    fn scan(
        &mut self,
        table: Arc<dyn TableProvider>,
        names: Vec<String>,
        columns: &[Column],
    ) -> Result<Lowered> {
        let relation = format!("t{}", self.next);
        let scanned =
            LogicalPlanBuilder::scan(relation, provider_as_source(table), None)?.build()?;
        // Out of the table's name space: every other column is without one.
        let exprs = scanned
            .schema()
            .columns()
            .into_iter()
            .zip(&names)
            .map(|(column, name)| PlanExpr::Column(column).alias(name));
        let exprs: Vec<_> = exprs.collect();
        let plan = LogicalPlanBuilder::from(scanned).project(exprs)?.build()?;
        Ok(Lowered {
            plan,
            names,
            types: columns.iter().map(|column| column.ty.clone()).collect(),
        })
    }

    fn extract(&mut self, source: ExtractSource, columns: &[Column]) -> Result<Lowered> {
        let names = self.names(columns.len());
        let table = ExtractTable::new(
            source,
            columns,
            &names,
            Arc::clone(&self.store),
            self.context.now,
        );
        self.scan(Arc::new(table), names, columns)
    }

    /// A filter; over a file set it first drops the files that cannot pass.
    fn filter(&mut self, input: &Relation, predicate: &Expr) -> Result<Lowered> {
        let input = match &input.node {
            Node::Extract(source) => {
                let source = pruned(source.clone(), predicate, &self.context);
                self.extract(source, &input.columns)?
            }
            _ => self.relation(input)?,
        };
        let predicate = self.expr(predicate, &input)?;
        let plan = LogicalPlanBuilder::from(input.plan.clone())
            .filter(predicate)?
            .build()?;
        Ok(Lowered { plan, ..input })
    }

    /// Columns under given names.
    fn renamed(&mut self, input: Lowered, names: &[String]) -> Result<Lowered> {
        let exprs = input
            .names
            .iter()
            .zip(names)
            .map(|(old, new)| ident(old).alias(new));
        let plan = LogicalPlanBuilder::from(input.plan)
            .project(exprs)?
            .build()?;
        Ok(Lowered {
            plan,
            names: names.to_vec(),
            types: input.types,
        })
    }

    /// Doubles as keys: minus zero is zero.
    fn as_keys(&mut self, input: Lowered) -> Result<Lowered> {
        let is_real = |ty: &Type| matches!(ty.underlying(), Type::Float | Type::Double);
        if !input.types.iter().any(is_real) {
            return Ok(input);
        }
        let exprs: Vec<Expr> = input
            .types
            .iter()
            .enumerate()
            .map(|(at, ty)| key(Expr::column(at, ty.clone())))
            .collect();
        self.projected(&input, &exprs.iter().collect::<Vec<_>>())
    }

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

    fn join(&mut self, join: &JoinNode) -> Result<Lowered> {
        let (left, right) = (self.relation(&join.left)?, self.relation(&join.right)?);
        let (left, right) = (
            self.fresh_keys(left, join, true)?,
            self.fresh_keys(right, join, false)?,
        );
        let (names, types) = match join.kind {
            Join::LeftSemi | Join::LeftAnti => (left.names.clone(), left.types.clone()),
            Join::RightSemi | Join::RightAnti => (right.names.clone(), right.types.clone()),
            _ => (
                [left.names.clone(), right.names.clone()].concat(),
                [left.types.clone(), right.types.clone()].concat(),
            ),
        };
        // The engine keeps the rows of the left side in memory: the smaller one goes there.
        let swapped = size(&join.right) < size(&join.left);
        if join.on.is_empty() {
            let (first, second) = if swapped {
                (right.plan, left.plan)
            } else {
                (left.plan, right.plan)
            };
            let plan = LogicalPlanBuilder::from(first)
                .cross_join(second)?
                .project(names.iter().map(ident))?
                .build()?;
            return Ok(Lowered { plan, names, types });
        }
        let kind = match join.kind {
            Join::Inner => JoinType::Inner,
            Join::Left => JoinType::Left,
            Join::Right => JoinType::Right,
            Join::Full => JoinType::Full,
            Join::LeftSemi => JoinType::LeftSemi,
            Join::RightSemi => JoinType::RightSemi,
            Join::LeftAnti => JoinType::LeftAnti,
            Join::RightAnti => JoinType::RightAnti,
        };
        let keys = join.on.iter().map(|(l, r)| {
            (
                PlanColumn::from_name(&left.names[*l]),
                PlanColumn::from_name(&right.names[*r]),
            )
        });
        let (left_keys, right_keys): (Vec<_>, Vec<_>) = keys.unzip();
        let (first, second, keys, kind) = if swapped {
            (right.plan, left.plan, (right_keys, left_keys), kind.swap())
        } else {
            (left.plan, right.plan, (left_keys, right_keys), kind)
        };
        let plan = LogicalPlanBuilder::from(first)
            .join_detailed(second, kind, keys, None, NullEquality::NullEqualsNull)?
            .project(names.iter().map(ident))?
            .build()?;
        Ok(Lowered { plan, names, types })
    }

    /// Doubles that are join keys, normalised.
    fn fresh_keys(&mut self, input: Lowered, join: &JoinNode, left: bool) -> Result<Lowered> {
        let keys: Vec<usize> = join
            .on
            .iter()
            .map(|(l, r)| if left { *l } else { *r })
            .collect();
        let is_real =
            |at: &usize| matches!(input.types[*at].underlying(), Type::Float | Type::Double);
        if !keys.iter().any(is_real) {
            return Ok(input);
        }
        self.as_keys(input)
    }

    fn distinct(&mut self, input: Lowered) -> Result<Lowered> {
        let input = self.as_keys(input)?;
        let plan = LogicalPlanBuilder::from(input.plan).distinct()?.build()?;
        Ok(Lowered { plan, ..input })
    }

    /// EXCEPT and INTERSECT. With ALL, equal rows are numbered on both sides
    /// and the numbers take part in the comparison.
    fn set_difference(
        &mut self,
        left: Lowered,
        right: Lowered,
        duplicates: Duplicates,
        kind: JoinType,
    ) -> Result<Lowered> {
        let width = left.names.len();
        let (left, right) = match duplicates {
            Duplicates::Drop => (self.distinct(left)?, self.as_keys(right)?),
            Duplicates::Keep => {
                let (left, right) = (self.as_keys(left)?, self.as_keys(right)?);
                (self.numbered(left)?, self.numbered(right)?)
            }
        };
        let keys: (Vec<_>, Vec<_>) = left
            .names
            .iter()
            .map(PlanColumn::from_name)
            .zip(right.names.iter().map(PlanColumn::from_name))
            .unzip();
        let plan = LogicalPlanBuilder::from(left.plan)
            .join_detailed(right.plan, kind, keys, None, NullEquality::NullEqualsNull)?
            .build()?;
        let joined = Lowered {
            plan,
            names: left.names,
            types: left.types,
        };
        Self::picked(joined, &(0..width).collect::<Vec<_>>())
    }

    fn sort(&mut self, sort: &SortNode) -> Result<Lowered> {
        let input = self.relation(&sort.input)?;
        let sorted = self.sorted(input, &sort.keys)?;
        if sort.skip == 0 && sort.fetch.is_none() {
            return Ok(sorted);
        }
        let plan = LogicalPlanBuilder::from(sorted.plan)
            .limit(sort.skip, sort.fetch)?
            .build()?;
        Ok(Lowered { plan, ..sorted })
    }

    /// The rows in order; keys that are no columns are computed beside them.
    pub(crate) fn sorted(&mut self, input: Lowered, keys: &[SortKey]) -> Result<Lowered> {
        if keys.is_empty() {
            return Ok(input);
        }
        let width = input.names.len();
        let exprs: Vec<&Expr> = keys.iter().map(|key| &key.expr).collect();
        let extended = self.extended(&input, &exprs)?;
        let order: Vec<SortExpr> = keys
            .iter()
            .enumerate()
            .map(|(at, key)| {
                SortExpr::new(ident(&extended.names[width + at]), !key.descending, false)
            })
            .collect();
        let plan = LogicalPlanBuilder::from(extended.plan.clone())
            .sort(order)?
            .build()?;
        Self::picked(
            Lowered { plan, ..extended },
            &(0..width).collect::<Vec<_>>(),
        )
    }
}

pub(super) fn external(error: RuntimeError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// About how much there is to read for a relation, in bytes of text; rows made by the script count
/// for little.
#[recursive]
fn size(relation: &Relation) -> u64 {
    match &relation.node {
        Node::Values(rows) => u64::try_from(rows.len()).unwrap_or(u64::MAX),
        Node::Extract(source) => source.files.iter().map(|file| file.length).sum(),
        // Compressed and by columns; nothing says how many rows there are without opening them.
        Node::Table(_) => UNKNOWN_SIZE,
        Node::Project(input, _)
        | Node::Filter(input, _)
        | Node::Aggregate(input, ..)
        | Node::Window(input, _)
        | Node::Distinct(input)
        | Node::Explode(input, ..) => size(input),
        Node::Sort(sort) => size(&sort.input),
        Node::Join(join) => match join.kind {
            Join::LeftSemi | Join::LeftAnti => size(&join.left),
            Join::RightSemi | Join::RightAnti => size(&join.right),
            _ => size(&join.left).saturating_add(size(&join.right)),
        },
        Node::Union(left, right) => size(left).saturating_add(size(right)),
        Node::Except(left, ..) | Node::Intersect(left, ..) => size(left),
    }
}

/// Whether the rows that joins keep in memory are so few that one table of them serves all
/// partitions. Otherwise both sides are spread by their keys.
pub(crate) fn joins_are_small(relation: &Relation) -> bool {
    let mut small = true;
    relation.walk(&mut |node| {
        let kept = match node {
            Node::Join(join) => size(&join.left).min(size(&join.right)),
            Node::Except(left, ..) | Node::Intersect(left, ..) => size(left),
            // Percentiles join their input with its groups.
            Node::Window(input, calls)
                if calls.iter().any(|call| call.function.is_percentile()) =>
            {
                size(input)
            }
            _ => 0,
        };
        small &= kept <= SMALL;
    });
    small
}

/// The files of a set whose names already decide against them.
fn pruned(mut source: ExtractSource, predicate: &Expr, context: &Context) -> ExtractSource {
    let mut tests = Vec::new();
    conjuncts(predicate, &mut tests);
    let is_virtual = |at: usize| matches!(source.columns[at], SourceColumn::Virtual(_));
    let tests: Vec<&Expr> = tests
        .into_iter()
        .filter(|test| !test.columns().is_empty() && test.columns().into_iter().all(is_virtual))
        .filter(|test| !test.is_volatile())
        .collect();
    let columns = source.columns.clone();
    source.files.retain(|file| {
        let row = FileRow {
            virtuals: &file.virtuals,
            columns: &columns,
        };
        // A test that raises is left to the rows.
        tests
            .iter()
            .all(|test| evaluate_row(test, &row, context) != Ok(Value::Bool(false)))
    });
    source
}

fn conjuncts<'e>(expr: &'e Expr, into: &mut Vec<&'e Expr>) {
    match &expr.kind {
        Kind::And(a, b) => {
            conjuncts(a, into);
            conjuncts(b, into);
        }
        _ => into.push(expr),
    }
}

struct FileRow<'a> {
    virtuals: &'a [Value],
    columns: &'a [SourceColumn],
}

impl crate::expr::Row for FileRow<'_> {
    fn column(&self, at: usize) -> crate::cs::CsResult<Value> {
        Ok(match self.columns[at] {
            SourceColumn::Virtual(place) => self.virtuals[place].clone(),
            _ => Value::Null,
        })
    }
}

/// A grouping key: for doubles, minus zero is zero.
fn key(expr: Expr) -> Expr {
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
