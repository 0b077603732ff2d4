//! Rows of a bulk load: columns of a batch to the bytes of the wire, many rows at a time. The protocol library frames them.

mod column;
mod wire;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use mssql_tds::{
    connection::bulk_copy::BulkLoadRow, core::TdsResult,
    datatypes::bulk_copy_metadata::BulkCopyColumnMetadata,
    message::bulk_load::StreamingBulkLoadWriter,
};

use crate::error::{Error, Result};
use column::Column;

/// Rows are handed over in pieces of about this many bytes.
const PIECE: usize = 1 << 20;
const ROW: u8 = 0xD1;

/// A column of the table that takes part in a load.
#[derive(Debug)]
pub(super) struct Target {
    /// Its place in the batches.
    pub(super) source: usize,
    pub(super) metadata: BulkCopyColumnMetadata,
}

/// Finds the column of the table for each column of the batches; in the order of the table.
///
/// # Errors
/// [`Error::InvalidArgument`] for a column that the table does not have.
pub(super) fn targets(
    schema: &arrow::datatypes::Schema,
    table: &[BulkCopyColumnMetadata],
    name: &str,
) -> Result<Vec<Target>> {
    let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
    let mut targets = Vec::with_capacity(schema.fields().len());
    for column in table {
        let mut sources = schema
            .fields()
            .iter()
            .enumerate()
            .filter(|(_, field)| same(field.name(), &column.column_name));
        if let Some((source, _)) = sources.next() {
            targets.push(Target {
                source,
                metadata: column.clone(),
            });
        }
        if let Some((_, twice)) = sources.next() {
            return Err(Error::InvalidArgument(format!(
                "the column '{}' occurs more than once",
                twice.name()
            )));
        }
    }
    let missing = schema.fields().iter().find(|field| {
        !table
            .iter()
            .any(|column| same(field.name(), &column.column_name))
    });
    match missing {
        Some(field) => Err(Error::InvalidArgument(format!(
            "table {name} has no column '{}'",
            field.name()
        ))),
        None => Ok(targets),
    }
}

/// Some rows as bytes.
#[derive(Debug)]
pub(super) struct Piece {
    bytes: Vec<u8>,
    columns: usize,
}

#[async_trait]
impl BulkLoadRow for Piece {
    async fn write_to_packet(
        &self,
        writer: &mut StreamingBulkLoadWriter<'_>,
        column_index: &mut usize,
    ) -> TdsResult<()> {
        // The library has written the token of the first row.
        writer.write_raw_bytes(&self.bytes[1..]).await?;
        *column_index += self.columns;
        Ok(())
    }
}

/// The rows of a batch, encoded piece by piece as they are asked for.
#[derive(Debug)]
pub(super) struct Encoder {
    columns: Vec<Column>,
    row: usize,
    rows: usize,
}

impl Encoder {
    /// Converts the columns to the types of the table.
    ///
    /// # Errors
    /// [`Error::InvalidData`] for a value that its column cannot hold. Nothing has been sent then.
    pub(super) fn new(batch: &RecordBatch, targets: &[Target]) -> Result<Self> {
        let columns = targets
            .iter()
            .map(|target| Column::new(batch, target))
            .collect::<Result<_>>()?;
        Ok(Self {
            columns,
            row: 0,
            rows: batch.num_rows(),
        })
    }
}

impl Iterator for Encoder {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if self.row == self.rows {
            return None;
        }
        let mut bytes = Vec::with_capacity(PIECE + PIECE / 8);
        while self.row < self.rows && bytes.len() < PIECE {
            bytes.push(ROW);
            for column in &self.columns {
                column.encode(self.row, &mut bytes);
            }
            self.row += 1;
        }
        Some(Piece {
            bytes,
            columns: self.columns.len(),
        })
    }
}
