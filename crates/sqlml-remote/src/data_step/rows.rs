//! Which rows and columns of a piece take part.

use std::sync::Arc;

use arrow::{
    array::{Array, BooleanArray, Int64Array},
    compute::filter_record_batch,
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};

use crate::error::{Error, Result};

/// Rows and columns to take.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    pub(super) keep: Option<Vec<String>>,
    pub(super) drop: Vec<String>,
    pub(super) row_variable: Option<String>,
    pub(super) remove_missings_on_read: bool,
    pub(super) remove_missings: bool,
    /// From 1.
    pub(super) start_row: u64,
    pub(super) limit: Option<u64>,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            keep: None,
            drop: Vec::new(),
            row_variable: None,
            remove_missings_on_read: false,
            remove_missings: false,
            start_row: 1,
            limit: None,
        }
    }
}

/// The rows of a batch that lie between the first and the last that are asked for.
pub(super) struct Window {
    pub(super) rows: RecordBatch,
    /// How many rows the batch has.
    pub(super) read: usize,
}

impl Selection {
    /// `read` rows are behind us, of which `taken` were accepted.
    pub(super) fn window(&self, batch: &RecordBatch, read: u64, taken: u64) -> Window {
        let rows = batch.num_rows();
        let before = usize::try_from((self.start_row - 1).saturating_sub(read))
            .unwrap_or(usize::MAX)
            .min(rows);
        let room = self.limit.map_or(usize::MAX, |limit| {
            usize::try_from(limit.saturating_sub(taken)).unwrap_or(usize::MAX)
        });
        Window {
            rows: batch.slice(before, (rows - before).min(room)),
            read: rows,
        }
    }

    /// What is done in front of the transform.
    pub(super) fn before(&self, batch: RecordBatch, start_row: u64) -> Result<RecordBatch> {
        let mut batch = self.project(batch)?;
        if let Some(name) = &self.row_variable {
            let first = i64::try_from(start_row).unwrap_or(i64::MAX);
            let count = i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
            let numbers = Int64Array::from_iter_values(first..first.saturating_add(count));
            let mut fields: Vec<_> = batch.schema().fields().iter().cloned().collect();
            fields.push(Arc::new(Field::new(name, DataType::Int64, false)));
            let mut columns = batch.columns().to_vec();
            columns.push(Arc::new(numbers));
            batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        }
        if self.remove_missings_on_read {
            complete_rows(&batch)
        } else {
            Ok(batch)
        }
    }

    /// What is done behind the transform.
    pub(super) fn after(&self, batch: RecordBatch) -> Result<RecordBatch> {
        if self.remove_missings {
            complete_rows(&batch)
        } else {
            Ok(batch)
        }
    }

    fn project(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let schema = batch.schema();
        let at = |name: &String| {
            schema
                .index_of(name)
                .map_err(|_| Error::InvalidArgument(format!("the input has no column '{name}'")))
        };
        for name in &self.drop {
            at(name)?;
        }
        let kept = match &self.keep {
            Some(names) => names.iter().map(at).collect::<Result<Vec<_>>>()?,
            None if self.drop.is_empty() => return Ok(batch),
            None => (0..schema.fields().len()).collect(),
        };
        let kept: Vec<usize> = kept
            .into_iter()
            .filter(|at| !self.drop.contains(schema.field(*at).name()))
            .collect();
        Ok(batch.project(&kept)?)
    }
}

/// The rows without a NULL or NaN.
fn complete_rows(batch: &RecordBatch) -> Result<RecordBatch> {
    use arrow::{array::AsArray, datatypes::Float64Type};
    let is_missing = |column: &Arc<dyn Array>, row: usize| {
        column.is_null(row)
            || column
                .as_primitive_opt::<Float64Type>()
                .is_some_and(|column| column.value(row).is_nan())
    };
    let complete: BooleanArray = (0..batch.num_rows())
        .map(|row| Some(!batch.columns().iter().any(|column| is_missing(column, row))))
        .collect();
    Ok(filter_record_batch(batch, &complete)?)
}
