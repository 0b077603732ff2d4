//! A table of the catalog as a table of the query engine: one stream for each
//! file, columns by name.

use std::io::{self, Read};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute;
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use bytes::Bytes;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::{ChunkReader, Length};

use super::TableSource;
use crate::error::RuntimeError;
use crate::expr::column;
use crate::rel::Column;
use crate::store::{FileStore, InputFile, StorePath};

/// A table as a provider whose columns have the given names.
#[derive(Debug)]
pub(crate) struct TableScan {
    source: Arc<TableSource>,
    columns: Arc<[Column]>,
    schema: SchemaRef,
    store: Arc<dyn FileStore>,
}

impl TableScan {
    pub(crate) fn new(
        source: TableSource,
        columns: &[Column],
        names: &[String],
        store: Arc<dyn FileStore>,
    ) -> Self {
        let fields = names
            .iter()
            .zip(columns)
            .map(|(name, column)| column::field(name, &column.ty).with_nullable(true));
        Self {
            source: Arc::new(source),
            columns: columns.into(),
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            store,
        }
    }
}

#[async_trait]
impl TableProvider for TableScan {
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
        let partitions = state
            .config()
            .target_partitions()
            .min(self.source.files.len())
            .max(1);
        let share = self.source.files.len().div_ceil(partitions).max(1);
        let mut streams: Vec<Arc<dyn PartitionStream>> = Vec::new();
        for files in self.source.files.chunks(share) {
            streams.push(Arc::new(FileRows {
                files: files.to_vec(),
                source: Arc::clone(&self.source),
                columns: Arc::clone(&self.columns),
                projection: Arc::clone(&projection),
                schema: Arc::clone(&schema),
                store: Arc::clone(&self.store),
            }));
        }
        if streams.is_empty() {
            streams.push(Arc::new(FileRows {
                files: Vec::new(),
                source: Arc::clone(&self.source),
                columns: Arc::clone(&self.columns),
                projection,
                schema: Arc::clone(&schema),
                store: Arc::clone(&self.store),
            }));
        }
        Ok(Arc::new(StreamingTableExec::try_new(
            schema, streams, None, None, false, limit,
        )?))
    }
}

/// The rows of some of a table's files.
#[derive(Clone, Debug)]
struct FileRows {
    files: Vec<StorePath>,
    source: Arc<TableSource>,
    columns: Arc<[Column]>,
    projection: Arc<[usize]>,
    schema: SchemaRef,
    store: Arc<dyn FileStore>,
}

impl PartitionStream for FileRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 2);
        let sender = builder.tx();
        let rows = self.clone();
        builder.spawn_blocking(move || {
            for path in &rows.files {
                let failed = |error: io::Error| {
                    DataFusionError::External(Box::new(RuntimeError::io("read", path, &error)))
                };
                let reader = open(&*rows.store, path).map_err(failed)??;
                let stored = Arc::clone(reader.schema());
                let wanted: Vec<usize> = rows
                    .projection
                    .iter()
                    .filter_map(|at| stored.index_of(&rows.columns[*at].name).ok())
                    .collect();
                let mask = ProjectionMask::roots(reader.parquet_schema(), wanted);
                let batches = reader
                    .with_projection(mask)
                    .with_batch_size(8_192)
                    .build()?;
                for batch in batches {
                    if sender.blocking_send(rows.arranged(&batch?)).is_err() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        });
        builder.build()
    }
}

impl FileRows {
    /// The wanted columns in order, defaults for those the file lacks.
    fn arranged(&self, batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
        let arrays: Vec<ArrayRef> = self
            .projection
            .iter()
            .map(|at| {
                let column = &self.columns[*at];
                match batch.column_by_name(&column.name) {
                    Some(array) => Ok(Arc::clone(array)),
                    None => {
                        let one = column::build(
                            std::slice::from_ref(&self.source.defaults[*at]),
                            &column.ty,
                        );
                        compute::take(&one, &UInt32Array::from(vec![0; batch.num_rows()]), None)
                    }
                }
            })
            .collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            arrays,
            &options,
        )?)
    }
}

/// A reader of a table's file; the inner result is the format's.
pub(crate) fn open(
    store: &dyn FileStore,
    path: &StorePath,
) -> io::Result<parquet::errors::Result<ParquetRecordBatchReaderBuilder<StoredFile>>> {
    let length = store.info(path)?.map_or(0, |info| info.length);
    let input = store.open(path)?.into();
    Ok(ParquetRecordBatchReaderBuilder::try_new(StoredFile {
        input,
        length,
    }))
}

/// A file of the store as the Parquet reader wants it.
pub(crate) struct StoredFile {
    input: Arc<dyn InputFile>,
    length: u64,
}

impl Length for StoredFile {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for StoredFile {
    type T = Sequential;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(Sequential {
            input: Arc::clone(&self.input),
            at: start,
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let mut bytes = vec![0; length];
        Sequential {
            input: Arc::clone(&self.input),
            at: start,
        }
        .read_exact(&mut bytes)
        .map_err(|error| parquet::errors::ParquetError::External(Box::new(error)))?;
        Ok(bytes.into())
    }
}

/// A file read from a place on.
pub(crate) struct Sequential {
    input: Arc<dyn InputFile>,
    at: u64,
}

impl Read for Sequential {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read_at(self.at, buffer)?;
        self.at += u64::try_from(read).unwrap_or(0);
        Ok(read)
    }
}
