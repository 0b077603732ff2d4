//! Builders: the cells of one column become an array.
//!
//! A builder makes one kind of array and stops at the first cell that does not fit; what happens
//! then is decided by its owner.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, BooleanBufferBuilder, NullArray, PrimitiveArray,
    StringArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{Float32Type, Float64Type, Int64Type, UInt64Type};
use arrow::error::ArrowError;
use azml_delimited::{Dialect, Field, FieldKind};

use super::cell::{Cell, is_missing, parse_bool};
use super::infer::{Evidence, Guess};
use super::number::{parse_f32, parse_f64, parse_i64, parse_u64};

/// The text that fields point into, and how to read it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cells<'t> {
    pub(super) text: &'t [u8],
    pub(super) dialect: &'t Dialect,
    /// No cell is a missing marker.
    pub(super) literal: bool,
}

impl<'t> Cells<'t> {
    /// The value of a field; `scratch` holds it where the text does not.
    #[inline]
    pub(super) fn get<'c>(&self, field: Field, scratch: &'c mut Vec<u8>) -> &'c [u8]
    where
        't: 'c,
    {
        if field.kind() == FieldKind::Escaped {
            scratch.clear();
            field.unescape_into(self.text, self.dialect, scratch);
            return scratch;
        }
        field.raw(self.text)
    }

    #[inline]
    fn is_missing(&self, cell: &[u8]) -> bool {
        !self.literal && is_missing(cell)
    }
}

/// What a builder makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only missing values.
    Null,
    /// Nothing: it collects evidence about integers that do not fit one type.
    WideInteger,
    Int64,
    UInt64,
    Float64,
    Float32,
    Boolean,
    Text,
}

impl From<Guess> for Kind {
    fn from(guess: Guess) -> Self {
        match guess {
            Guess::Missing => Self::Null,
            Guess::Integer => Self::Int64,
            Guess::WideInteger => Self::WideInteger,
            Guess::Float => Self::Float64,
            Guess::Bool => Self::Boolean,
            Guess::Text => Self::Text,
        }
    }
}

#[derive(Debug)]
enum Values {
    Null(usize),
    WideInteger,
    Int64(Vec<i64>),
    UInt64(Vec<u64>),
    Float64(Vec<f64>),
    Float32(Vec<f32>),
    Boolean(Vec<bool>),
    Text { offsets: Vec<i32>, bytes: Vec<u8> },
}

/// Builds one column, batch after batch.
#[derive(Debug)]
pub(super) struct ColumnBuilder {
    values: Values,
    /// Rows of the batch that are missing.
    missing: Vec<u32>,
    evidence: Evidence,
    scratch: Vec<u8>,
}

impl ColumnBuilder {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            values: match kind {
                Kind::Null => Values::Null(0),
                Kind::WideInteger => Values::WideInteger,
                Kind::Int64 => Values::Int64(Vec::new()),
                Kind::UInt64 => Values::UInt64(Vec::new()),
                Kind::Float64 => Values::Float64(Vec::new()),
                Kind::Float32 => Values::Float32(Vec::new()),
                Kind::Boolean => Values::Boolean(Vec::new()),
                Kind::Text => Values::Text {
                    offsets: vec![0],
                    bytes: Vec::new(),
                },
            },
            missing: Vec::new(),
            evidence: Evidence::default(),
            scratch: Vec::new(),
        }
    }

    /// What the cells were, as far as the kind leaves it open.
    pub(super) fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// Appends one cell per row.
    ///
    /// # Errors
    ///
    /// The first field whose cell does not fit the kind. The builder is of no use then.
    pub(super) fn append(
        &mut self,
        fields: impl ExactSizeIterator<Item = Field>,
        cells: Cells<'_>,
    ) -> Result<(), Field> {
        let missing_before = self.missing.len();
        let mut rows = Rows {
            missing: &mut self.missing,
            scratch: &mut self.scratch,
            cells,
        };
        match &mut self.values {
            Values::Null(count) => {
                for field in fields {
                    if !cells.is_missing(cells.get(field, rows.scratch)) {
                        return Err(field);
                    }
                    *count += 1;
                    self.evidence = Evidence::MISSING;
                }
            }
            Values::WideInteger => {
                for field in fields {
                    let cell = Cell::of(cells.get(field, rows.scratch));
                    if matches!(cell, Cell::Float(_) | Cell::Bool(_) | Cell::Text) {
                        return Err(field);
                    }
                    self.evidence = self.evidence.and(Evidence::of(cell));
                }
            }
            Values::Int64(values) => {
                let mut found = Evidence::INTEGER;
                rows.append(values, fields, |cell| {
                    let value = parse_i64(cell)?;
                    if value < 0 {
                        found = found.and(Evidence::MINUS);
                    } else if value == 0 && cell.contains(&b'-') {
                        found = found.and(Evidence::MINUS).and(Evidence::MINUS_ZERO);
                    }
                    Some(value)
                })?;
                self.evidence = self.evidence.and(found);
            }
            Values::UInt64(values) => rows.append(values, fields, parse_u64)?,
            Values::Float64(values) => rows.append(values, fields, parse_f64)?,
            Values::Float32(values) => rows.append(values, fields, parse_f32)?,
            Values::Boolean(values) => rows.append(values, fields, parse_bool)?,
            Values::Text { offsets, bytes } => rows.append_text(offsets, bytes, fields)?,
        }
        if self.missing.len() > missing_before {
            self.evidence = self.evidence.and(Evidence::MISSING);
        }
        Ok(())
    }

    /// The rows appended since the last call; `None` when the kind makes nothing.
    ///
    /// # Errors
    ///
    /// Text that is not UTF-8.
    pub(super) fn finish(&mut self) -> Result<Option<ArrayRef>, ArrowError> {
        let missing = std::mem::take(&mut self.missing);
        Ok(Some(match &mut self.values {
            Values::Null(count) => Arc::new(NullArray::new(std::mem::take(count))),
            Values::WideInteger => return Ok(None),
            Values::Int64(values) => primitive::<Int64Type>(values, &missing),
            Values::UInt64(values) => primitive::<UInt64Type>(values, &missing),
            Values::Float64(values) => primitive::<Float64Type>(values, &missing),
            Values::Float32(values) => primitive::<Float32Type>(values, &missing),
            Values::Boolean(values) => {
                let values = std::mem::take(values);
                let nulls = nulls(values.len(), &missing);
                Arc::new(BooleanArray::new(values.into(), nulls))
            }
            Values::Text { offsets, bytes } => {
                let room = (offsets.len(), bytes.len());
                let mut ends = std::mem::replace(offsets, Vec::with_capacity(room.0));
                let mut text = std::mem::replace(bytes, Vec::with_capacity(room.1));
                offsets.push(0);
                ends.shrink_to_fit();
                text.shrink_to_fit();
                let nulls = nulls(ends.len() - 1, &missing);
                let offsets = OffsetBuffer::new(ends.into());
                Arc::new(StringArray::try_new(offsets, text.into(), nulls)?)
            }
        }))
    }
}

/// Where the cells of one call go.
struct Rows<'b, 't> {
    missing: &'b mut Vec<u32>,
    scratch: &'b mut Vec<u8>,
    cells: Cells<'t>,
}

impl Rows<'_, '_> {
    #[inline]
    fn append<T: Default>(
        &mut self,
        values: &mut Vec<T>,
        fields: impl ExactSizeIterator<Item = Field>,
        mut parse: impl FnMut(&[u8]) -> Option<T>,
    ) -> Result<(), Field> {
        values.reserve(fields.len());
        for field in fields {
            let cell = self.cells.get(field, self.scratch);
            let value = if cell.is_empty() { None } else { parse(cell) };
            match value {
                Some(value) => values.push(value),
                None if self.cells.is_missing(cell) => {
                    self.missing.push(row(values.len()));
                    values.push(T::default());
                }
                None => return Err(field),
            }
        }
        Ok(())
    }

    #[inline]
    fn append_text(
        &mut self,
        offsets: &mut Vec<i32>,
        bytes: &mut Vec<u8>,
        fields: impl ExactSizeIterator<Item = Field>,
    ) -> Result<(), Field> {
        offsets.reserve(fields.len());
        for field in fields {
            if field.kind() == FieldKind::Escaped && !is_text(field.raw(self.cells.text)) {
                return Err(field); // joining its pieces could make it look like text
            }
            let cell = self.cells.get(field, self.scratch);
            if self.cells.is_missing(cell) {
                self.missing.push(row(offsets.len() - 1));
            } else if field.kind() == FieldKind::Escaped {
                bytes.extend_from_slice(cell);
            } else {
                push_short(bytes, self.cells.text, field.range());
            }
            offsets.push(i32::try_from(bytes.len()).expect("a chunk is at most 1 GiB"));
        }
        Ok(())
    }
}

/// Appends part of a text. Most cells are short: copying a fixed number of bytes and forgetting
/// what is too much is several times faster than a copy of any length.
#[inline]
fn push_short(bytes: &mut Vec<u8>, text: &[u8], range: Range<usize>) {
    const SHORT: usize = 32;
    let end = bytes.len() + range.len();
    match text[range.start..].first_chunk::<SHORT>() {
        Some(chunk) if range.len() <= SHORT => {
            bytes.extend_from_slice(chunk);
            bytes.truncate(end);
        }
        _ => bytes.extend_from_slice(&text[range]),
    }
}

fn is_text(raw: &[u8]) -> bool {
    raw.is_ascii() || std::str::from_utf8(raw).is_ok()
}

fn row(index: usize) -> u32 {
    u32::try_from(index).expect("a batch has at most 64 Ki rows")
}

fn primitive<T: ArrowPrimitiveType>(values: &mut Vec<T::Native>, missing: &[u32]) -> ArrayRef {
    let room = values.len();
    let mut values = std::mem::replace(values, Vec::with_capacity(room));
    values.shrink_to_fit();
    let nulls = nulls(values.len(), missing);
    Arc::new(PrimitiveArray::<T>::new(values.into(), nulls))
}

fn nulls(len: usize, missing: &[u32]) -> Option<NullBuffer> {
    if missing.is_empty() {
        return None;
    }
    let mut valid = BooleanBufferBuilder::new(len);
    valid.append_n(len, true);
    for row in missing {
        valid.set_bit(*row as usize, false);
    }
    Some(NullBuffer::new(valid.finish()))
}
