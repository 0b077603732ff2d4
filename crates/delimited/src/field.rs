//! Where the fields of scanned records lie.
//!
//! Positions only, eight bytes per field; the text stays with the caller.

use std::ops::Range;

use memchr::memchr;

use crate::dialect::Dialect;
use crate::scan::MAX_SCAN_LEN;

/// How the bytes of a field are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Not quoted: the bytes are the value.
    Plain,
    /// Quoted: the bytes between the quotes are the value.
    Quoted,
    /// Quoted, and the bytes after the opening quote hold doubled quotes or text after the closing
    /// quote: [`Field::unescape_into`] gives the value.
    Escaped,
    /// The record ended before this field.
    Absent,
}

/// One field: a range of the scanned text and how to read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    start: u32,
    /// Length in the lower 30 bits, kind in the upper two.
    kind_len: u32,
}

const LEN_BITS: u32 = 30;
const LEN_MASK: u32 = (1 << LEN_BITS) - 1;

impl Field {
    #[inline]
    pub(crate) fn new(kind: FieldKind, start: usize, end: usize) -> Self {
        let tag = match kind {
            FieldKind::Plain => 0,
            FieldKind::Quoted => 1,
            FieldKind::Escaped => 2,
            FieldKind::Absent => 3,
        };
        debug_assert!(start <= end && end <= MAX_SCAN_LEN, "{start}..{end}");
        #[expect(clippy::cast_possible_truncation, reason = "at most MAX_SCAN_LEN")]
        Self {
            start: start as u32,
            kind_len: tag << LEN_BITS | (end - start) as u32,
        }
    }

    /// How to read the bytes.
    #[inline]
    pub fn kind(&self) -> FieldKind {
        match self.kind_len >> LEN_BITS {
            0 => FieldKind::Plain,
            1 => FieldKind::Quoted,
            2 => FieldKind::Escaped,
            _ => FieldKind::Absent,
        }
    }

    /// Where the bytes are; empty, at the end of the record, when the field is absent.
    #[inline]
    pub fn range(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + (self.kind_len & LEN_MASK) as usize
    }

    /// The bytes as they stand in the text: the value, unless the kind is
    /// [`Escaped`](FieldKind::Escaped).
    #[inline]
    pub fn raw<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        &text[self.range()]
    }

    /// Appends the value of the field to `out`, whatever its kind.
    pub fn unescape_into(&self, text: &[u8], dialect: &Dialect, out: &mut Vec<u8>) {
        let mut raw = self.raw(text);
        if self.kind() == FieldKind::Escaped
            && let Some(quote) = dialect.quote()
        {
            while let Some(at) = memchr(quote, raw) {
                out.extend_from_slice(&raw[..at]);
                raw = &raw[at + 1..];
                if raw.first() != Some(&quote) {
                    break; // the closing quote; what follows is taken as it is
                }
                out.push(quote);
                raw = &raw[1..];
            }
        }
        out.extend_from_slice(raw);
    }
}

/// A run of records, each with the same number of fields.
#[derive(Debug, Clone)]
pub struct Records {
    width: usize,
    len: usize,
    fields: Vec<Field>,
}

impl Records {
    /// No records yet; each will have `width` fields.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            len: 0,
            fields: Vec::new(),
        }
    }

    /// Fields per record.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets the records and keeps the memory.
    pub fn clear(&mut self) {
        self.len = 0;
        self.fields.clear();
    }

    /// The fields of one column, one per record.
    #[inline]
    pub fn column(&self, column: usize) -> impl ExactSizeIterator<Item = Field> {
        assert!(column < self.width, "column {column} of {}", self.width);
        let fields = self.fields.get(column..).unwrap_or_default();
        fields.iter().step_by(self.width).copied()
    }

    /// The fields of one record.
    pub fn record(&self, record: usize) -> &[Field] {
        &self.fields[record * self.width..(record + 1) * self.width]
    }

    #[inline]
    pub(crate) fn fields_mut(&mut self) -> &mut Vec<Field> {
        &mut self.fields
    }

    /// Counts the record whose fields were just pushed.
    #[inline]
    pub(crate) fn end_record(&mut self) {
        self.len += 1;
        debug_assert_eq!(self.fields.len(), self.len * self.width);
    }
}
