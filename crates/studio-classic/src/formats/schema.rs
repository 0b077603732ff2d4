//! Reading with a schema that the caller gives: which columns, which types.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{DataType, FieldRef, Float16Type, Float32Type, SchemaRef};
use azml_delimited::{Field, Records, Scanner};

use super::FormatError;
use super::chunks::{Fault, widen};
use super::column::{Cells, Kind};
use super::duration;
use super::scan::{Built, Chunk, GiveUp, Scanned, Table, Wanted};

/// A schema matched with the columns of a text.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    schema: SchemaRef,
    wanted: Vec<Wanted>,
}

/// The arrays of one batch, one per field of the schema.
pub(super) type Columns = Vec<ArrayRef>;

impl Plan {
    /// Finds the fields of `schema` by name if the text has a header, else by position.
    pub(super) fn new(
        schema: &SchemaRef,
        names: &[String],
        header: bool,
    ) -> Result<Self, FormatError> {
        let fields = schema.fields();
        if !header && fields.len() != names.len() {
            return Err(FormatError::Schema(format!(
                "the schema has {} columns, the text has {}",
                fields.len(),
                names.len()
            )));
        }
        let positions: HashMap<&str, usize> = names
            .iter()
            .enumerate()
            .map(|(i, name)| (name.as_str(), i))
            .collect();
        let wanted = fields.iter().enumerate().map(|(i, field)| {
            let column = if header {
                *positions.get(field.name().as_str()).ok_or_else(|| {
                    FormatError::Schema(format!("the text has no column `{}`", field.name()))
                })?
            } else {
                i
            };
            Ok(Wanted {
                column,
                kind: kind_for(field)?,
            })
        });
        Ok(Self {
            schema: schema.clone(),
            wanted: wanted.collect::<Result<_, FormatError>>()?,
        })
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The rows of a chunk, batch after batch.
    ///
    /// # Errors
    ///
    /// The earliest fault in the chunk.
    pub(super) fn parse(
        &self,
        table: &Table,
        chunk: Chunk<'_>,
    ) -> Result<Vec<(usize, Columns)>, Fault> {
        let Scanned {
            batches,
            columns,
            fault,
        } = table.scan(chunk, &self.wanted, GiveUp::WhenOneMisfits);
        let mut earliest = fault;
        let mut note = |fault: Fault| {
            if earliest.as_ref().is_none_or(|e| fault.offset < e.offset) {
                earliest = Some(fault);
            }
        };
        let mut rows: Vec<(usize, Columns)> = batches
            .iter()
            .map(|rows| (*rows, Vec::with_capacity(columns.len())))
            .collect();
        for ((built, wanted), field) in columns
            .into_iter()
            .zip(&self.wanted)
            .zip(self.schema.fields())
        {
            match built {
                Built::Misfit(misfit) => note(misfit_fault(table, chunk, misfit, field)),
                Built::Arrays(arrays, _) => {
                    let mut before = 0;
                    for ((count, columns), array) in rows.iter_mut().zip(arrays) {
                        match convert(&array, field) {
                            Ok(array) => columns.push(array),
                            Err((row, problem)) => {
                                let at = find(table, chunk, before + row, wanted.column);
                                note(cell_fault(table, chunk, at, field, problem));
                                break;
                            }
                        }
                        before += *count;
                    }
                }
            }
        }
        earliest.map_or(Ok(rows), Err)
    }
}

/// What is built before the conversion to the field's type.
fn kind_for(field: &FieldRef) -> Result<Kind, FormatError> {
    Ok(match field.data_type() {
        DataType::Null => Kind::Null,
        DataType::Boolean => Kind::Boolean,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Kind::Int64,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => Kind::UInt64,
        DataType::Float16 | DataType::Float32 => Kind::Float32,
        DataType::Float64 => Kind::Float64,
        DataType::Duration(_) => Kind::Text,
        data_type
            if !data_type.is_nested()
                && !data_type.is_binary()
                && can_cast_types(&DataType::Utf8, data_type) =>
        {
            Kind::Text
        }
        data_type => {
            return Err(FormatError::UnsupportedColumn {
                column: field.name().clone(),
                data_type: data_type.clone(),
                reason: "cannot be read from text",
            });
        }
    })
}

/// Why a cell is refused.
#[derive(Debug, Clone, Copy)]
enum Problem {
    Invalid,
    Missing,
}

/// The array as the field wants it, or the first row that cannot be so.
fn convert(array: &ArrayRef, field: &FieldRef) -> Result<ArrayRef, (usize, Problem)> {
    let converted = match field.data_type() {
        data_type if data_type == array.data_type() => array.clone(),
        DataType::Duration(unit) => duration::parse(array, *unit),
        data_type => {
            let options = CastOptions {
                safe: true,
                ..CastOptions::default()
            };
            cast_with_options(array, data_type, &options)
                .expect("kind_for checked that the cast exists")
        }
    };
    let first = |wrong: &dyn Fn(usize) -> bool| (0..array.len()).find(|row| wrong(*row));
    if *field.data_type() == DataType::Float16
        && let Some(row) = first(&|row| overflows(array, &converted, row))
    {
        return Err((row, Problem::Invalid));
    }
    if converted.logical_null_count() > array.logical_null_count()
        && let Some(row) = first(&|row| converted.is_null(row) && !array.is_null(row))
    {
        return Err((row, Problem::Invalid));
    }
    if !field.is_nullable()
        && array.null_count() > 0
        && let Some(row) = first(&|row| array.is_null(row))
    {
        return Err((row, Problem::Missing));
    }
    Ok(converted)
}

/// Whether a number became infinite as it was narrowed to half precision.
fn overflows(wide: &ArrayRef, narrow: &ArrayRef, row: usize) -> bool {
    let wide = wide.as_primitive::<Float32Type>().value(row);
    let narrow = narrow.as_primitive::<Float16Type>().value(row);
    wide.is_finite() && narrow.is_infinite()
}

/// The field in a row of a chunk that was scanned before.
fn find(table: &Table, chunk: Chunk<'_>, row: usize, column: usize) -> Field {
    let mut scanner = Scanner::new(chunk.text, &table.layout.dialect);
    let mut records = Records::new(table.width);
    for _ in 0..=row {
        records.clear();
        let read = scanner.read(&mut records, 1);
        debug_assert_eq!(read, Ok(1), "the row was read before");
    }
    records.record(0)[column]
}

fn misfit_fault(table: &Table, chunk: Chunk<'_>, at: Field, field: &FieldRef) -> Fault {
    cell_fault(table, chunk, at, field, Problem::Invalid)
}

fn cell_fault(
    table: &Table,
    chunk: Chunk<'_>,
    at: Field,
    field: &FieldRef,
    problem: Problem,
) -> Fault {
    if let Err(invalid) = std::str::from_utf8(&chunk.text[..at.range().end]) {
        return Fault::new(chunk.offset + widen(invalid.valid_up_to()), "invalid UTF-8");
    }
    let cells = Cells {
        text: chunk.text,
        dialect: &table.layout.dialect,
        literal: table.layout.literal,
    };
    let mut scratch = Vec::new();
    let cell = String::from_utf8_lossy(cells.get(at, &mut scratch));
    let (name, data_type) = (field.name(), field.data_type());
    let reason = match problem {
        Problem::Missing => {
            format!("missing value in column `{name}`, which the schema says has none")
        }
        Problem::Invalid => format!(
            "`{}` is no {data_type}, the type of column `{name}`",
            shorten(&cell)
        ),
    };
    Fault::new(chunk.offset + widen(at.range().start), reason)
}

/// At most 40 characters of a cell.
fn shorten(cell: &str) -> String {
    match cell.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &cell[..end]),
        None => cell.to_owned(),
    }
}
