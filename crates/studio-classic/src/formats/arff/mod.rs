//! ARFF, the attribute-relation file format.
//!
//! `numeric` and `real` become `Float64`, `integer` becomes `Int64` if all values are whole,
//! `string` `Utf8`, `date` a timestamp in milliseconds, and a nominal attribute a dictionary of
//! its labels in their declared order. Reads only.

mod column;
mod date;
mod header;
mod line;

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use azml_delimited::{Dialect, Scanner};

use self::column::Column;
use self::header::{Declaration, declaration};
use self::line::{Line, LineError};
use super::chunks::{ChunkError, Chunks, Fault, Input, widen};
use super::read::batch;
use super::{FormatError, Frame, ReadOptions};
use crate::DataTypeId;

/// Reads `input` from its beginning to its end. With a schema, its columns are found by name and
/// cast.
pub(super) fn read(
    input: &mut dyn Input,
    options: &ReadOptions,
    chunk_bytes: usize,
) -> Result<Frame, FormatError> {
    let dialect = Dialect::lines();
    let mut chunks = Chunks::open(input, &dialect, chunk_bytes, options.max_record_bytes)?;
    let mut table = Table::new(options.rows_per_batch());
    if let Err(error) = table.read(&mut chunks, &dialect) {
        return Err(match error {
            ReadError::Chunk(error) => chunks.locate(error),
            ReadError::Relational => FormatError::UnsupportedDataType {
                id: DataTypeId::from("ARFF with a relational attribute"),
            },
        });
    }
    let frame = table.into_frame()?;
    match &options.schema {
        Some(schema) => select(&frame, schema),
        None => Ok(frame),
    }
}

enum ReadError {
    Chunk(ChunkError),
    Relational,
}

impl<E: Into<ChunkError>> From<E> for ReadError {
    fn from(error: E) -> Self {
        Self::Chunk(error.into())
    }
}

struct Table {
    names: Vec<String>,
    seen: HashSet<String>,
    columns: Vec<Column>,
    in_data: bool,
    batch_rows: usize,
    rows: usize,
    batches: Vec<(usize, Vec<ArrayRef>)>,
}

impl Table {
    fn new(batch_rows: usize) -> Self {
        Self {
            names: Vec::new(),
            seen: HashSet::new(),
            columns: Vec::new(),
            in_data: false,
            batch_rows,
            rows: 0,
            batches: Vec::new(),
        }
    }

    fn read(&mut self, chunks: &mut Chunks<'_>, dialect: &Dialect) -> Result<(), ReadError> {
        let mut text = Vec::new();
        let mut fields = Vec::new();
        let mut end = 0;
        while let Some(offset) = chunks.next(&mut text)? {
            let mut scanner = Scanner::new(&text, dialect);
            loop {
                let more = scanner.read_one(&mut fields);
                let more = more.map_err(|e| Fault::new(offset + widen(e.offset), e.to_string()))?;
                let [field] = &fields[..] else { break };
                if !more {
                    break;
                }
                let start = offset + widen(field.range().start);
                let line = std::str::from_utf8(field.raw(&text))
                    .map_err(|e| Fault::new(start + widen(e.valid_up_to()), "invalid UTF-8"))?;
                if line.trim_start_matches([' ', '\t']).starts_with('%') {
                    continue;
                }
                if self.in_data {
                    self.row(line).map_err(|e| fault(start, e))?;
                } else {
                    match declaration(line).map_err(|e| fault(start, e))? {
                        Declaration::Relation => {}
                        Declaration::Data => self.in_data = true,
                        Declaration::Attribute(attribute) => {
                            if !self.seen.insert(attribute.name.clone()) {
                                let reason =
                                    format!("attribute `{}` is declared twice", attribute.name);
                                return Err(Fault::new(start, reason).into());
                            }
                            let column =
                                Column::new(&attribute.kind).ok_or(ReadError::Relational)?;
                            self.columns.push(column);
                            self.names.push(attribute.name);
                        }
                    }
                }
            }
            end = offset + widen(text.len());
        }
        if !self.in_data {
            return Err(Fault::new(end, "no @data in the text").into());
        }
        Ok(())
    }

    fn row(&mut self, text: &str) -> line::Result<()> {
        let mut line = Line::new(text);
        line.skip_blanks();
        if line.take('{') {
            self.sparse_row(&mut line)?;
        } else {
            self.dense_row(&mut line)?;
        }
        self.rows += 1;
        if self.rows == self.batch_rows {
            self.end_batch();
        }
        Ok(())
    }

    fn dense_row(&mut self, line: &mut Line<'_>) -> line::Result<()> {
        let width = self.columns.len();
        for (number, column) in self.columns.iter_mut().enumerate() {
            if number > 0 && !separator(line) {
                return line.error(format!("expected {width} values, found {number}"));
            }
            column.push(&line.value(&[','])?)?;
        }
        end_of_row(line, || format!("expected {width} values, found more"))
    }

    /// `{index value, ...}`, by ascending or any other index.
    fn sparse_row(&mut self, line: &mut Line<'_>) -> line::Result<()> {
        let mut words: Vec<Option<line::Word<'_>>> = vec![None; self.columns.len()];
        loop {
            line.skip_blanks();
            if line.take('}') {
                break;
            }
            if line.is_at_end() {
                return line.error("sparse row is not closed by `}`");
            }
            let index = line.word();
            let number: Option<usize> = index.text.parse().ok();
            let Some(place) = number.and_then(|number| words.get_mut(number)) else {
                return Err(index.error(format!("`{}` is no index of an attribute", index.text)));
            };
            if place.replace(line.value(&[',', '}'])?).is_some() {
                return Err(index.error(format!("attribute {} is given twice", index.text)));
            }
            line.skip_blanks();
            line.take(',');
        }
        for (column, word) in self.columns.iter_mut().zip(&words) {
            match word {
                Some(word) => column.push(word)?,
                None => column.push_default(),
            }
        }
        end_of_row(line, || "expected nothing after a sparse row".to_owned())
    }

    fn end_batch(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        self.batches.push((rows, arrays));
    }

    fn into_frame(mut self) -> Result<Frame, FormatError> {
        if self.rows > 0 {
            self.end_batch();
        }
        let types = self.columns.iter().map(Column::data_type);
        let fields = self.names.iter().zip(types);
        let fields = fields.map(|(name, data_type)| Field::new(name, data_type, true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let batches = self.batches.into_iter().map(|(rows, mut arrays)| {
            for (array, field) in arrays.iter_mut().zip(schema.fields()) {
                // whole numbers before the first that was not
                if *field.data_type() == DataType::Float64 && *array.data_type() == DataType::Int64
                {
                    *array = cast(array, &DataType::Float64)?;
                }
            }
            batch(&schema, rows, arrays)
        });
        let batches = batches.collect::<Result<Vec<_>, FormatError>>()?;
        Frame::try_new(schema, batches)
    }
}

/// Steps over a comma or a tab, and blanks around it; whether there was one.
fn separator(line: &mut Line<'_>) -> bool {
    let tab = line.skip_blanks();
    let comma = line.take(',');
    line.skip_blanks();
    comma || tab && !line.is_at_end()
}

/// Nothing is left but the weight of the instance, `{5}`, which is ignored.
fn end_of_row(line: &mut Line<'_>, surplus: impl Fn() -> String) -> line::Result<()> {
    let separated = separator(line);
    if line.is_at_end() && !separated {
        return Ok(());
    }
    let weight = line.rest().trim_end_matches([' ', '\t']);
    let weight = weight
        .strip_prefix('{')
        .and_then(|weight| weight.strip_suffix('}'));
    if separated && weight.is_some_and(|weight| weight.trim().parse::<f64>().is_ok()) {
        return Ok(());
    }
    line.error(surplus())
}

fn fault(start: u64, error: LineError) -> Fault {
    Fault::new(start + widen(error.at), error.reason)
}

/// The columns of a schema out of a frame.
fn select(frame: &Frame, schema: &SchemaRef) -> Result<Frame, FormatError> {
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let positions: Vec<usize> = schema
        .fields()
        .iter()
        .map(|field| {
            frame.schema().index_of(field.name()).map_err(|_| {
                FormatError::Schema(format!("the data has no attribute `{}`", field.name()))
            })
        })
        .collect::<Result<_, _>>()?;
    let batches = frame.batches().iter().map(|from| {
        let columns = positions
            .iter()
            .zip(schema.fields())
            .map(|(position, field)| {
                let column = from.column(*position);
                Ok(cast_with_options(column, field.data_type(), &strict)?)
            });
        batch(
            schema,
            from.num_rows(),
            columns.collect::<Result<_, FormatError>>()?,
        )
    });
    let batches = batches.collect::<Result<Vec<_>, FormatError>>()?;
    Frame::try_new(schema.clone(), batches)
}
