//! Plain text: the cells of a row with nothing between them.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};

use crate::formats::FormatError;

#[derive(Debug)]
pub(super) struct PlainText {
    columns: Vec<String>,
    /// Rows written, for errors.
    rows: usize,
}

impl PlainText {
    pub(super) fn new(schema: &SchemaRef) -> Result<Self, FormatError> {
        for field in schema.fields() {
            let text = match field.data_type() {
                DataType::Dictionary(_, value) => value.is_string(),
                data_type => data_type.is_string(),
            };
            if !text {
                return Err(FormatError::UnsupportedColumn {
                    column: field.name().clone(),
                    data_type: field.data_type().clone(),
                    reason: "plain text cannot hold: it takes columns of text only",
                });
            }
        }
        Ok(Self {
            columns: schema
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect(),
            rows: 0,
        })
    }

    pub(super) fn encode(
        &mut self,
        batch: &RecordBatch,
        out: &mut Vec<u8>,
    ) -> Result<(), FormatError> {
        let columns: Vec<ArrayRef> = batch
            .columns()
            .iter()
            .map(|column| cast(column, &DataType::Utf8))
            .collect::<Result<_, _>>()?;
        let columns: Vec<&StringArray> = columns.iter().map(|column| column.as_string()).collect();
        for row in 0..batch.num_rows() {
            for (column, name) in columns.iter().zip(&self.columns) {
                let refuse = |reason| FormatError::InvalidCell {
                    column: name.clone(),
                    row: self.rows + row,
                    reason,
                };
                if column.is_null(row) {
                    return Err(refuse("plain text cannot hold a missing value"));
                }
                let text = column.value(row).as_bytes();
                if memchr::memchr2(b'\n', b'\r', text).is_some() {
                    return Err(refuse("plain text cannot hold a line end inside a cell"));
                }
                out.extend_from_slice(text);
            }
            out.push(b'\n');
        }
        self.rows += batch.num_rows();
        Ok(())
    }
}
