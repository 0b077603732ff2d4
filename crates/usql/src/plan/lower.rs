//! Rowset expressions to logical plans. Every column of every plan has a name
//! that no other has, so that no join is ambiguous; names of the script are
//! put back by whoever reads the result.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use datafusion::common::{
    Column as PlanColumn, DataFusionError, NullEquality, NullHandling, ScalarValue, UnnestOptions,
};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::{
    Expr as PlanExpr, JoinType, LogicalPlan, LogicalPlanBuilder, SortExpr, ident,
};
use recursive::recursive;

use super::aggregate::key;
use super::function::ExprFunction;
use super::prune::pruned;
use super::stage::Reads;
use crate::cs::members::Context;
use crate::cs::{Type, Value};
use crate::error::RuntimeError;
use crate::expr::{Expr, Kind, column, evaluate_row};
use crate::extract::{ExtractSource, ExtractTable};
use crate::python::{ReduceTable, Scripts};
use crate::rel::{Column, Duplicates, Empty, Node, Relation, SortKey, SortNode};
use crate::store::{Counted, FileStore};
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
    /// Bytes read, by the columns of each scan.
    pub(crate) reads: Reads,
    /// Bytes read by all of them.
    read: Arc<AtomicU64>,
    /// Leave to run Python.
    scripts: Option<Scripts>,
}

pub(super) type Result<T> = std::result::Result<T, DataFusionError>;

impl Lowering {
    pub(crate) fn new(store: Arc<dyn FileStore>, now: i64, read: Arc<AtomicU64>) -> Self {
        Self {
            store,
            context: Context { now },
            next: 0,
            reads: Reads::new(),
            read,
            scripts: None,
        }
    }

    /// The same, with leave to run Python.
    pub(crate) fn with_scripts(self, scripts: Option<Scripts>) -> Self {
        Self { scripts, ..self }
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
                    self.counted(&names),
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
            Node::Reduce(rows, reducer) => {
                let input = self.relation(rows)?;
                let names = self.names(relation.columns.len());
                let table = ReduceTable {
                    reducer: Arc::new(reducer.clone()),
                    input: input.plan,
                    names: input.names,
                    input_columns: rows.columns.clone(),
                    columns: relation.columns.clone(),
                    result_names: names.clone(),
                    scripts: self.scripts.clone(),
                    store: Arc::clone(&self.store),
                };
                self.scan(Arc::new(table), names, &relation.columns)?
            }
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

    /// The store for a scan of these columns.
    fn counted(&mut self, names: &[String]) -> Arc<dyn FileStore> {
        let own = Arc::<AtomicU64>::default();
        for name in names {
            self.reads.insert(name.clone(), Arc::clone(&own));
        }
        let counters = [own, Arc::clone(&self.read)];
        Arc::new(Counted::new(Arc::clone(&self.store), counters))
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
            self.counted(&names),
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
    pub(super) fn as_keys(&mut self, input: Lowered) -> Result<Lowered> {
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
