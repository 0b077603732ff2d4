//! REDUCE as a table of the query engine: its input spread and sorted by the keys, one worker for
//! each partition.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{SortOptions, concat_batches};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::row::{OwnedRow, RowConverter, SortField};
use async_trait::async_trait;
use azml_usql_syntax::Code;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning};
use futures::StreamExt;
use tokio::sync::mpsc::Sender;

use super::wire::{inward, outward, wire_type};
use super::worker::Worker;
use super::{PythonReducer, Scripts};
use crate::cs::CsError;
use crate::error::RuntimeError;
use crate::expr::column;
use crate::plan::cooperative;
use crate::rel::Column;
use crate::store::FileStore;

type Result<T> = std::result::Result<T, DataFusionError>;

/// A REDUCE whose columns have the given names.
#[derive(Debug)]
pub(crate) struct ReduceTable {
    pub(crate) reducer: Arc<PythonReducer>,
    /// Its rows, whose columns are called `names`.
    pub(crate) input: LogicalPlan,
    pub(crate) names: Vec<String>,
    pub(crate) input_columns: Vec<Column>,
    pub(crate) columns: Vec<Column>,
    /// The result's columns as the plan names them.
    pub(crate) result_names: Vec<String>,
    pub(crate) scripts: Option<Scripts>,
    pub(crate) store: Arc<dyn FileStore>,
}

impl ReduceTable {
    /// The input in partitions that hold whole groups, each sorted.
    fn arranged(
        &self,
        input: Arc<dyn ExecutionPlan>,
        partitions: usize,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = input.schema();
        let key = |at: &usize| col(&self.names[*at], &schema);
        let keys = self
            .reducer
            .keys
            .iter()
            .map(key)
            .collect::<Result<Vec<_>>>()?;
        let spread: Arc<dyn ExecutionPlan> = if keys.is_empty() {
            Arc::new(CoalescePartitionsExec::new(input))
        } else {
            let partitioning = Partitioning::Hash(keys.clone(), partitions.max(1));
            Arc::new(RepartitionExec::try_new(input, partitioning)?)
        };
        let ascending = SortOptions {
            descending: false,
            nulls_first: false,
        };
        let mut order: Vec<PhysicalSortExpr> = keys
            .into_iter()
            .map(|key| PhysicalSortExpr::new(key, ascending))
            .collect();
        for (at, descending) in &self.reducer.presort {
            let options = SortOptions {
                descending: *descending,
                nulls_first: false,
            };
            order.push(PhysicalSortExpr::new(key(at)?, options));
        }
        Ok(match LexOrdering::new(order) {
            Some(order) => Arc::new(SortExec::new(order, spread).with_preserve_partitioning(true)),
            None => spread,
        })
    }
}

#[async_trait]
impl TableProvider for ReduceTable {
    fn schema(&self) -> SchemaRef {
        let fields = self
            .result_names
            .iter()
            .zip(&self.columns)
            .map(|(name, column)| column::field(name, &column.ty).with_nullable(true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = cooperative(state.create_physical_plan(&self.input).await?)?;
        let input = self.arranged(input, state.config().target_partitions())?;
        let schema = TableProvider::schema(self);
        let partitions = input.output_partitioning().partition_count();
        let streams = (0..partitions).map(|partition| {
            Arc::new(Partition {
                reducer: Arc::clone(&self.reducer),
                input: Arc::clone(&input),
                partition,
                given: self.input_columns.clone(),
                columns: self.columns.clone(),
                schema: Arc::clone(&schema),
                scripts: self.scripts.clone(),
                store: Arc::clone(&self.store),
            }) as Arc<dyn PartitionStream>
        });
        Ok(Arc::new(StreamingTableExec::try_new(
            Arc::clone(&schema),
            streams.collect(),
            projection,
            None,
            false,
            limit,
        )?))
    }
}

/// One partition of a REDUCE.
#[derive(Clone, Debug)]
struct Partition {
    reducer: Arc<PythonReducer>,
    input: Arc<dyn ExecutionPlan>,
    partition: usize,
    given: Vec<Column>,
    columns: Vec<Column>,
    schema: SchemaRef,
    scripts: Option<Scripts>,
    store: Arc<dyn FileStore>,
}

impl PartitionStream for Partition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 2);
        let sender = builder.tx();
        let this = self.clone();
        builder.spawn(async move { this.reduce(context, sender).await });
        builder.build()
    }
}

fn external(error: RuntimeError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Columns by the names that the script knows them under.
fn named(columns: &[Column]) -> SchemaRef {
    let fields = columns
        .iter()
        .map(|column| Field::new(&column.name, column::data_type(&column.ty), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The same as they travel.
fn wired(columns: &[Column]) -> SchemaRef {
    let fields = columns
        .iter()
        .map(|column| Field::new(&column.name, wire_type(&column.ty), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

impl Partition {
    async fn reduce(
        &self,
        context: Arc<TaskContext>,
        sender: Sender<Result<RecordBatch>>,
    ) -> Result<()> {
        let given = named(&self.given);
        let fields = self
            .reducer
            .keys
            .iter()
            .map(|at| SortField::new(column::data_type(&self.given[*at].ty)));
        let converter = RowConverter::new(fields.collect())?;
        let mut input = self.input.execute(self.partition, context)?;
        let mut worker = None;
        let mut group: Vec<RecordBatch> = Vec::new();
        let mut key: Option<OwnedRow> = None;
        while let Some(batch) = input.next().await {
            let batch = RecordBatch::try_new(Arc::clone(&given), batch?.columns().to_vec())?;
            if self.reducer.keys.is_empty() {
                group.push(batch);
                continue;
            }
            let columns: Vec<ArrayRef> = self
                .reducer
                .keys
                .iter()
                .map(|at| Arc::clone(batch.column(*at)))
                .collect();
            let rows = converter.convert_columns(&columns)?;
            let mut start = 0;
            for at in 0..rows.num_rows() {
                let row = rows.row(at);
                if key.as_ref().is_some_and(|key| key.row() == row) {
                    continue;
                }
                if at > start {
                    group.push(batch.slice(start, at - start));
                }
                if !group.is_empty() {
                    self.call(&mut worker, &given, std::mem::take(&mut group), &sender)
                        .await?;
                }
                start = at;
                key = Some(row.owned());
            }
            if rows.num_rows() > start {
                group.push(batch.slice(start, rows.num_rows() - start));
            }
        }
        if !group.is_empty() {
            self.call(&mut worker, &given, group, &sender).await?;
        }
        Ok(())
    }

    async fn call(
        &self,
        worker: &mut Option<Worker>,
        given: &SchemaRef,
        group: Vec<RecordBatch>,
        sender: &Sender<Result<RecordBatch>>,
    ) -> Result<()> {
        let group = concat_batches(given, &group)?;
        let raised = |error: CsError| external(RuntimeError::from(error));
        let arrays = group
            .columns()
            .iter()
            .zip(&self.given)
            .map(|(array, column)| outward(array, &column.ty).map_err(raised))
            .collect::<Result<Vec<_>>>()?;
        let sent = RecordBatch::try_new(wired(&self.given), arrays)?;
        let worker = match worker {
            Some(worker) => worker,
            None => worker.insert(self.start().await.map_err(external)?),
        };
        let results = worker
            .call(&sent.schema(), std::slice::from_ref(&sent))
            .await
            .map_err(external)?;
        for result in results {
            let batch = self.result(&group, &result).map_err(external)?;
            // The receiver is gone when the query was cancelled or has enough.
            if sender.send(Ok(batch)).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn start(&self) -> std::result::Result<Worker, RuntimeError> {
        let Some(scripts) = &self.scripts else {
            return Err(RuntimeError::new(
                Code::E_CSC_USER_FEATURENOTSUPPORTED,
                "the script runs Python, which has to be allowed (--allow-scripts)",
            ));
        };
        let optional = self
            .reducer
            .read_only
            .iter()
            .map(|(at, _)| self.columns[*at].name.clone());
        Worker::start(
            &self.reducer,
            scripts,
            &self.store,
            wired(&self.columns),
            optional.collect(),
        )
        .await
    }

    /// What the script returned as rows of the rowset.
    fn result(
        &self,
        group: &RecordBatch,
        result: &RecordBatch,
    ) -> std::result::Result<RecordBatch, RuntimeError> {
        let wrong = |message: String| {
            RuntimeError::new(
                Code::E_RUNTIME_USER_UNHANDLED_EXCEPTION_FROM_USER_CODE,
                message,
            )
        };
        let rows = result.num_rows();
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (at, column) in self.columns.iter().enumerate() {
            let kept = self
                .reducer
                .read_only
                .iter()
                .find(|(place, _)| *place == at);
            let array = match (kept, result.column_by_name(&column.name)) {
                // All rows of a group share it.
                (Some((_, key)), _) => {
                    let places = arrow::array::UInt32Array::from(vec![0; rows]);
                    arrow::compute::take(group.column(*key), &places, None)
                        .map_err(|error| wrong(error.to_string()))?
                }
                (None, Some(array)) => inward(array, &column.ty)?,
                (None, None) => {
                    return Err(wrong(format!(
                        "The result has no column '{}'.",
                        column.name
                    )));
                }
            };
            if array.null_count() > 0 && !column.ty.is_nullable() {
                return Err(wrong(format!(
                    "The result has null in the column '{}' of type '{}'.",
                    column.name, column.ty
                )));
            }
            arrays.push(array);
        }
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
            .map_err(|error| wrong(error.to_string()))
    }
}
