//! Frames become text.

mod column;
mod float;
mod plain_text;
mod quote;
mod time;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use self::column::{CellWriter, Shape, ticks, unpack};
use self::plain_text::PlainText;
use self::quote::Quoting;
use self::time::Precision;
use super::layout::Layout;
use super::{FormatError, Frame};
use crate::DataTypeId;

/// Encodes batches of one schema as the text of a dataset, one after the other.
///
/// Timestamps and durations show as much as one value of their column needs, so that the whole
/// column must be seen first: call [`observe`](Self::observe) with every batch before the first
/// is encoded. Without that they show all that their unit can hold.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{ArrayRef, Float64Array, RecordBatch};
/// use azml_studio_classic::DataTypeId;
/// use azml_studio_classic::formats::Encoder;
///
/// let heights: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None]));
/// let batch = RecordBatch::try_from_iter([("name", heights.clone()), ("height", heights)])?;
/// let mut encoder = Encoder::new(&DataTypeId::GenericTsv, &batch.schema())?;
/// let mut text = Vec::new();
/// encoder.encode(&batch, &mut text)?;
/// encoder.finish(&mut text);
/// assert_eq!(text, b"name\theight\n1.0\t1.0\n\t\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Encoder {
    schema: SchemaRef,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    PlainText(PlainText),
    Delimited(Delimited),
}

impl Encoder {
    /// An encoder for batches of a schema.
    ///
    /// # Errors
    ///
    /// [`FormatError::UnsupportedDataType`] for types other than the four delimited ones and plain
    /// text; [`FormatError::UnsupportedColumn`] for columns of a type that has no text form, such
    /// as binary and nested ones, and for anything but text in plain text.
    pub fn new(id: &DataTypeId, schema: &SchemaRef) -> Result<Self, FormatError> {
        let layout = Layout::of(id)?;
        Ok(Self {
            schema: schema.clone(),
            kind: if layout.literal {
                Kind::PlainText(PlainText::new(schema)?)
            } else {
                Kind::Delimited(Delimited::new(&layout, schema)?)
            },
        })
    }

    /// Whether there are columns whose text depends on all of their values.
    pub fn needs_observation(&self) -> bool {
        match &self.kind {
            Kind::PlainText(_) => false,
            Kind::Delimited(delimited) => delimited.shapes.iter().any(|s| s.unit().is_some()),
        }
    }

    /// Looks at a batch that will be encoded later.
    ///
    /// # Errors
    ///
    /// [`FormatError::Schema`] when the batch has another schema.
    pub fn observe(&mut self, batch: &RecordBatch) -> Result<(), FormatError> {
        self.check(batch)?;
        match &mut self.kind {
            Kind::PlainText(_) => Ok(()),
            Kind::Delimited(delimited) => delimited.observe(batch),
        }
    }

    /// Appends the text of a batch to `out`; before the first, the header.
    ///
    /// # Errors
    ///
    /// [`FormatError::Schema`] when the batch has another schema, or shows that it was not
    /// observed although others were; [`FormatError::InvalidCell`] for a cell that the format
    /// cannot hold. Nothing is appended then.
    pub fn encode(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), FormatError> {
        self.check(batch)?;
        let len = out.len();
        let result = match &mut self.kind {
            Kind::PlainText(plain_text) => plain_text.encode(batch, out),
            Kind::Delimited(delimited) => delimited.encode(batch, out),
        };
        if result.is_err() {
            out.truncate(len);
        }
        result
    }

    /// Ends the text: appends the header if there was no batch.
    pub fn finish(self, out: &mut Vec<u8>) {
        if let Kind::Delimited(mut delimited) = self.kind {
            delimited.write_header(out);
        }
    }

    fn check(&self, batch: &RecordBatch) -> Result<(), FormatError> {
        if batch.schema_ref().fields() == self.schema.fields() {
            return Ok(());
        }
        Err(FormatError::Schema(
            "the batch has another schema than the encoder".to_owned(),
        ))
    }
}

#[derive(Debug)]
struct Delimited {
    delimiter: u8,
    quoting: Quoting,
    /// Names of the columns, until they are written.
    header: Option<Vec<String>>,
    columns: Vec<String>,
    shapes: Vec<Shape>,
    /// What the columns show; `None` until a batch was observed.
    precisions: Option<Vec<Precision>>,
}

impl Delimited {
    fn new(layout: &Layout, schema: &SchemaRef) -> Result<Self, FormatError> {
        let fields = schema.fields();
        let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
        Ok(Self {
            delimiter: layout.dialect.delimiter().expect("delimited"),
            quoting: Quoting::of(layout),
            header: layout.header.then(|| names.clone()),
            columns: names,
            shapes: fields
                .iter()
                .map(|field| Shape::of(field))
                .collect::<Result<_, _>>()?,
            precisions: None,
        })
    }

    /// What each column of a batch needs to show.
    fn needed(&self, batch: &RecordBatch) -> Result<Vec<Precision>, FormatError> {
        let columns = batch.columns().iter().zip(&self.shapes);
        columns
            .map(|(column, shape)| {
                let Some(unit) = shape.unit() else {
                    return Ok(Precision::Days);
                };
                let ticks = ticks(&unpack(column)?)?;
                let needed = ticks.iter().flatten().map(|tick| Precision::of(tick, unit));
                Ok(needed.max().unwrap_or(Precision::Days))
            })
            .collect()
    }

    fn observe(&mut self, batch: &RecordBatch) -> Result<(), FormatError> {
        let needed = self.needed(batch)?;
        match &mut self.precisions {
            Some(precisions) => {
                for (precision, needed) in precisions.iter_mut().zip(needed) {
                    *precision = needed.max(*precision);
                }
            }
            none => *none = Some(needed),
        }
        Ok(())
    }

    /// What the columns show, which is enough for the batch.
    fn precisions(&self, batch: &RecordBatch) -> Result<Vec<Precision>, FormatError> {
        let Some(precisions) = &self.precisions else {
            let units = self.shapes.iter().map(|shape| shape.unit());
            return Ok(units
                .map(|unit| unit.map_or(Precision::Days, Precision::most))
                .collect());
        };
        for ((needed, shown), name) in self
            .needed(batch)?
            .iter()
            .zip(precisions)
            .zip(&self.columns)
        {
            if needed > shown {
                return Err(FormatError::Schema(format!(
                    "column `{name}` holds times finer than the batches that were observed"
                )));
            }
        }
        Ok(precisions.clone())
    }

    fn encode(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let precisions = self.precisions(batch)?;
        let alone = batch.num_columns() == 1;
        let columns = batch.columns().iter().zip(&self.shapes).zip(precisions);
        let columns: Vec<CellWriter> = columns
            .map(|((column, shape), precision)| {
                CellWriter::new(column, *shape, precision, &self.quoting, alone)
            })
            .collect::<Result<_, _>>()?;
        self.write_header(out);
        for row in 0..batch.num_rows() {
            let start = out.len();
            for (number, column) in columns.iter().enumerate() {
                if number > 0 {
                    out.push(self.delimiter);
                }
                column.write(row, out);
            }
            if alone && out.len() == start {
                out.extend_from_slice(b"\"\""); // an empty line would be skipped
            }
            out.push(b'\n');
        }
        Ok(())
    }

    fn write_header(&mut self, out: &mut Vec<u8>) {
        let Some(names) = self.header.take() else {
            return;
        };
        if let [name] = &names[..] {
            self.quoting.write_alone(name, out);
        } else {
            for (number, name) in names.iter().enumerate() {
                if number > 0 {
                    out.push(self.delimiter);
                }
                self.quoting.write(name, out);
            }
        }
        out.push(b'\n');
    }
}

/// Writes a frame as the text of a dataset.
///
/// ```
/// use azml_studio_classic::DataTypeId;
/// use azml_studio_classic::formats::{ReadOptions, read_bytes, write_frame};
///
/// let frame = read_bytes(b"a,b\n1, x\n,\"y, z\"\n", &DataTypeId::GenericCsv, &ReadOptions::default())?;
/// assert_eq!(write_frame(&frame, &DataTypeId::GenericTsv)?, b"a\tb\n1\tx\n\ty, z\n");
/// # Ok::<(), azml_studio_classic::formats::FormatError>(())
/// ```
///
/// # Errors
///
/// As [`Encoder::new`] and [`Encoder::encode`].
pub fn write_frame(frame: &Frame, id: &DataTypeId) -> Result<Vec<u8>, FormatError> {
    let mut encoder = Encoder::new(id, frame.schema())?;
    if encoder.needs_observation() {
        for batch in frame.batches() {
            encoder.observe(batch)?;
        }
    }
    let mut text = Vec::new();
    for batch in frame.batches() {
        encoder.encode(batch, &mut text)?;
    }
    encoder.finish(&mut text);
    Ok(text)
}
