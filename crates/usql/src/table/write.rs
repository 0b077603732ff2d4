//! Rows into a file of a table.

use std::io::Write;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::expr::column;
use crate::rel::Column;

/// Writes batches whose columns are those of the table, in order.
pub(crate) struct TableWriter {
    schema: SchemaRef,
    writer: ArrowWriter<Counting>,
}

/// A file and how much was written to it.
struct Counting {
    file: Box<dyn Write + Send>,
    written: u64,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.written += u64::try_from(written).unwrap_or(0);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

type Result<T> = std::result::Result<T, parquet::errors::ParquetError>;

impl TableWriter {
    pub(crate) fn new(columns: &[Column], file: Box<dyn Write + Send>) -> Result<Self> {
        let fields: Vec<_> = columns
            .iter()
            .map(|column| column::field(&column.name, &column.ty))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .build();
        Self::with(schema, properties, file)
    }

    /// Writes batches of any schema.
    pub(crate) fn with(
        schema: SchemaRef,
        properties: WriterProperties,
        file: Box<dyn Write + Send>,
    ) -> Result<Self> {
        let file = Counting { file, written: 0 };
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))?;
        Ok(Self { schema, writer })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let named = RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec())?;
        self.writer.write(&named)
    }

    /// Ends the file; its length.
    pub(crate) fn finish(self) -> Result<u64> {
        let mut file = self.writer.into_inner()?;
        file.flush()
            .map_err(|error| parquet::errors::ParquetError::External(Box::new(error)))?;
        Ok(file.written)
    }
}
