//! A frame: a schema and batches of rows.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::{concat, concat_batches};
use arrow::datatypes::{DataType, SchemaRef};

use super::FormatError;

/// The most rows a batch of a frame has.
pub const MAX_BATCH_ROWS: usize = 64 * 1024;

/// Rows with a common schema, in batches of at most [`MAX_BATCH_ROWS`].
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{ArrayRef, Int64Array, RecordBatch};
/// use azml_studio_classic::formats::Frame;
///
/// let ages: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100_000));
/// let frame = Frame::from(RecordBatch::try_from_iter([("age", ages)])?);
/// assert_eq!(frame.num_rows(), 100_000);
/// assert_eq!(frame.batches().len(), 2);
/// assert_eq!(frame.concat()?.num_rows(), 100_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Frame {
    /// A frame of batches that have this schema; larger batches are sliced.
    ///
    /// # Errors
    ///
    /// [`FormatError::Schema`] when a batch has another schema.
    pub fn try_new(
        schema: SchemaRef,
        batches: impl IntoIterator<Item = RecordBatch>,
    ) -> Result<Self, FormatError> {
        let mut frame = Self {
            schema,
            batches: Vec::new(),
        };
        for batch in batches {
            if batch.schema_ref().fields() != frame.schema.fields() {
                return Err(FormatError::Schema(format!(
                    "batch {} of the frame has another schema than the frame",
                    frame.batches.len()
                )));
            }
            frame.push(&batch);
        }
        Ok(frame)
    }

    fn push(&mut self, batch: &RecordBatch) {
        for start in (0..batch.num_rows()).step_by(MAX_BATCH_ROWS) {
            let rows = MAX_BATCH_ROWS.min(batch.num_rows() - start);
            self.batches.push(batch.slice(start, rows));
        }
    }

    /// Names and types of the columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The batches; none is empty.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// The batches, for keeps.
    pub fn into_batches(self) -> Vec<RecordBatch> {
        self.batches
    }

    /// Rows of all batches.
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Number of columns.
    pub fn num_columns(&self) -> usize {
        self.schema.fields().len()
    }

    /// The whole frame as one batch.
    ///
    /// # Errors
    ///
    /// [`FormatError::TooLarge`] when a column holds 2 GiB of text or more.
    pub fn concat(&self) -> Result<RecordBatch, FormatError> {
        if let [only] = &self.batches[..] {
            return Ok(only.clone());
        }
        self.check_text()?;
        Ok(concat_batches(&self.schema, &self.batches)?)
    }

    /// The whole frame as one batch; every column of the frame is given up as soon as the batch has
    /// it, so that no more than one is there twice.
    ///
    /// # Errors
    ///
    /// As [`concat`](Self::concat).
    pub fn into_batch(self) -> Result<RecordBatch, FormatError> {
        if self.batches.len() < 2 {
            return self.concat();
        }
        self.check_text()?;
        let rows = self.num_rows();
        let mut columns = vec![Vec::with_capacity(self.batches.len()); self.num_columns()];
        for batch in self.batches {
            let (_, arrays, _) = batch.into_parts();
            for (column, array) in columns.iter_mut().zip(arrays) {
                column.push(array);
            }
        }
        let columns = columns.into_iter().map(|arrays: Vec<ArrayRef>| {
            let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            concat(&arrays)
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        super::read::batch(&self.schema, rows, columns)
    }

    /// Refuses text that is too much for one batch.
    fn check_text(&self) -> Result<(), FormatError> {
        for (index, field) in self.schema.fields().iter().enumerate() {
            if !matches!(field.data_type(), DataType::Utf8 | DataType::Binary) {
                continue;
            }
            let bytes = self
                .batches
                .iter()
                .map(|b| text_bytes(b.column(index).as_ref()))
                .sum();
            if i32::try_from(bytes).is_err() {
                return Err(FormatError::TooLarge {
                    column: field.name().clone(),
                    bytes,
                });
            }
        }
        Ok(())
    }
}

/// Bytes between the first and the last offset of a text or binary column.
fn text_bytes(column: &dyn Array) -> usize {
    let data = column.to_data();
    let Some(offsets) = data.buffers().first() else {
        return 0;
    };
    let offsets = &offsets.typed_data::<i32>()[data.offset()..=data.offset() + data.len()];
    let bytes = offsets[data.len()] - offsets[0];
    usize::try_from(bytes).expect("offsets ascend")
}

impl From<RecordBatch> for Frame {
    fn from(batch: RecordBatch) -> Self {
        let mut frame = Self {
            schema: batch.schema(),
            batches: Vec::new(),
        };
        frame.push(&batch);
        frame
    }
}

impl IntoIterator for Frame {
    type Item = RecordBatch;
    type IntoIter = std::vec::IntoIter<RecordBatch>;

    fn into_iter(self) -> Self::IntoIter {
        self.batches.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};
    use arrow::datatypes::{Field, Schema};

    use super::*;

    fn batch(texts: &[&str]) -> RecordBatch {
        let column: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        RecordBatch::try_from_iter([("a", column)]).unwrap()
    }

    #[test]
    fn batches_must_agree() {
        let other = Arc::new(Schema::new(vec![Field::new("b", DataType::Utf8, true)]));
        let error = Frame::try_new(other, [batch(&["x"])]).unwrap_err();
        assert!(matches!(error, FormatError::Schema(_)), "{error}");
    }

    #[test]
    fn concat_joins_slices() {
        let frame = Frame::try_new(
            batch(&[]).schema(),
            [batch(&["x", "yy"]).slice(1, 1), batch(&[]), batch(&["z"])],
        )
        .unwrap();
        assert_eq!(frame.batches().len(), 2, "an empty batch is left out");
        assert_eq!(frame.concat().unwrap(), batch(&["yy", "z"]));
        assert_eq!(text_bytes(frame.batches()[0].column(0)), 2);
        assert_eq!(frame.into_batch().unwrap(), batch(&["yy", "z"]));
    }

    #[test]
    fn concat_refuses_two_gibibytes_of_text() {
        let text = "x".repeat(1 << 20);
        let one = batch(&[&text]);
        let frame = Frame::try_new(one.schema(), vec![one; 2048]).unwrap();
        let error = frame.concat().unwrap_err();
        assert!(matches!(
            frame.into_batch(),
            Err(FormatError::TooLarge { .. })
        ));
        assert_eq!(
            error.to_string(),
            "column `a` holds 2147483648 bytes of text, more than the 2 GiB one batch can hold"
        );
    }
}
