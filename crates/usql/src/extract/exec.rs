//! The extractor as a table of the query engine: plain data plus the store it
//! reads from, cut into one stream for each partition.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};

use super::order::OrderCheck;
use super::read::{Piece, PieceReader, ReadContext, can_split};
use super::{ExtractSource, SourceFile, SourceFormat, parquet};
use crate::error::RuntimeError;
use crate::expr::column;
use crate::rel::Column;
use crate::store::FileStore;

/// Files smaller than this are read by one partition.
const LEAST_PIECE: u64 = 4 << 20;

/// An EXTRACT as a table whose columns have the given names.
#[derive(Debug)]
pub(crate) struct ExtractTable {
    source: Arc<ExtractSource>,
    columns: Arc<[Column]>,
    schema: SchemaRef,
    store: Arc<dyn FileStore>,
    now: i64,
}

impl ExtractTable {
    pub(crate) fn new(
        source: ExtractSource,
        columns: &[Column],
        names: &[String],
        store: Arc<dyn FileStore>,
        now: i64,
    ) -> Self {
        let fields: Vec<_> = names
            .iter()
            .zip(columns)
            .map(|(name, column)| column::field(name, &column.ty))
            .collect();
        Self {
            source: Arc::new(source),
            columns: columns.into(),
            schema: Arc::new(Schema::new(fields)),
            store,
            now,
        }
    }

    /// The pieces of each partition, in the order of the files.
    fn partitions(&self, wanted: usize) -> Vec<Vec<Piece>> {
        let total: u64 = self.source.files.iter().map(|file| file.length).sum();
        // Whether rows are in order is seen by reading them in order.
        let wanted = if self.source.sorted_by.is_empty() {
            wanted
        } else {
            1
        };
        let splits = |info: &SourceFile| match &self.source.format {
            SourceFormat::Text(format) => can_split(format, info),
            SourceFormat::Parquet => false,
        };
        let wanted = u64::try_from(wanted.max(1)).unwrap_or(1);
        let share = total.div_ceil(wanted).max(LEAST_PIECE);
        let mut partitions: Vec<Vec<Piece>> = vec![Vec::new()];
        let mut filled = 0;
        for (file, info) in self.source.files.iter().enumerate() {
            let mut start = 0;
            loop {
                if filled >= share {
                    partitions.push(Vec::new());
                    filled = 0;
                }
                let left = info.length - start;
                let length = if splits(info) && left > share - filled {
                    share - filled
                } else {
                    left
                };
                if let Some(last) = partitions.last_mut() {
                    last.push(Piece {
                        file,
                        start,
                        end: start + length,
                    });
                }
                filled += length;
                start += length;
                if start >= info.length {
                    break;
                }
            }
        }
        partitions
    }
}

#[async_trait]
impl TableProvider for ExtractTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
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
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let projection: Arc<[usize]> = projection.unwrap_or(&all).as_slice().into();
        let schema = Arc::new(self.schema.project(&projection)?);
        // The order is checked on columns that nobody else may want.
        let read: Arc<[usize]> = projection
            .iter()
            .copied()
            .chain(self.source.sorted_by.iter().map(|(at, _)| *at))
            .collect();
        let streams = self
            .partitions(state.config().target_partitions())
            .into_iter()
            .map(|pieces| {
                Arc::new(ExtractExec {
                    schema: Arc::clone(&schema),
                    source: Arc::clone(&self.source),
                    columns: Arc::clone(&self.columns),
                    read: Arc::clone(&read),
                    store: Arc::clone(&self.store),
                    now: self.now,
                    pieces,
                }) as Arc<dyn PartitionStream>
            })
            .collect();
        Ok(Arc::new(StreamingTableExec::try_new(
            schema, streams, None, None, false, limit,
        )?))
    }
}

/// One partition of an EXTRACT.
#[derive(Clone, Debug)]
struct ExtractExec {
    schema: SchemaRef,
    source: Arc<ExtractSource>,
    columns: Arc<[Column]>,
    /// The columns of the schema, then those of the order.
    read: Arc<[usize]>,
    store: Arc<dyn FileStore>,
    now: i64,
    pieces: Vec<Piece>,
}

impl ExtractExec {
    /// Reads all rows; `send` says whether more are wanted.
    fn rows(&self, mut send: impl FnMut(RecordBatch) -> bool) -> Result<(), DataFusionError> {
        let width = self.schema.fields().len();
        let mut check = OrderCheck::new(&self.source.sorted_by, &self.columns)?;
        let mut pass = |mut arrays: Vec<ArrayRef>, rows: usize| {
            check.batch(&arrays.split_off(width))?;
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let schema = Arc::clone(&self.schema);
            let batch = RecordBatch::try_new_with_options(schema, arrays, &options)?;
            Ok::<_, DataFusionError>(send(batch))
        };
        for piece in &self.pieces {
            match &self.source.format {
                SourceFormat::Text(format) => {
                    let context = ReadContext {
                        source: Arc::clone(&self.source),
                        format: format.clone(),
                        columns: Arc::clone(&self.columns),
                        projection: Arc::clone(&self.read),
                        store: Arc::clone(&self.store),
                        now: self.now,
                    };
                    let mut reader = PieceReader::open(&context, *piece).map_err(external)?;
                    while let Some((arrays, rows)) = reader.next_batch().map_err(external)? {
                        if !pass(arrays, rows)? {
                            return Ok(());
                        }
                    }
                }
                SourceFormat::Parquet => {
                    let file = parquet::File {
                        source: &self.source,
                        columns: &self.columns,
                        wanted: &self.read,
                        file: piece.file,
                    };
                    for batch in file.open(&*self.store).map_err(external)? {
                        let (arrays, rows) = batch.map_err(external)?;
                        if !pass(arrays, rows)? {
                            return Ok(());
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

impl PartitionStream for ExtractExec {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 2);
        let sender = builder.tx();
        let this = self.clone();
        // The receiver is gone when the query was cancelled or has enough.
        builder.spawn_blocking(move || this.rows(|batch| sender.blocking_send(Ok(batch)).is_ok()));
        builder.build()
    }
}

pub(super) fn external(error: RuntimeError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
