//! Records and fields of a piece of text that holds whole records.
//!
//! Works on bit masks of 64 bytes at a time, made once per block; knows nothing of values.

use std::fmt;

use crate::bits::{BLOCK, Block, from_bit, lowest};
use crate::dialect::Dialect;
use crate::field::{Field, FieldKind, Records};

/// The longest text one [`Scanner`] takes: 1 GiB less one byte.
pub const MAX_SCAN_LEN: usize = (1 << 30) - 1;

/// Why text could not be split into records of the wanted width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScanErrorKind {
    /// The text ended inside a quoted field.
    UnterminatedQuote,
    /// A record has more fields than it may.
    TooManyFields {
        /// Fields a record may have.
        expected: usize,
        /// Fields this one has.
        found: usize,
    },
    /// The text is longer than [`MAX_SCAN_LEN`].
    TooLong,
}

/// An error and its place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanError {
    /// What is wrong.
    pub kind: ScanErrorKind,
    /// Where, in bytes from the start of the text: the opening quote, the first surplus field.
    pub offset: usize,
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ScanErrorKind::UnterminatedQuote => f.write_str("quoted field is never closed"),
            ScanErrorKind::TooManyFields { expected, found } => {
                write!(f, "expected {expected} fields, found {found}")
            }
            ScanErrorKind::TooLong => f.write_str("text is longer than 1 GiB"),
        }
    }
}

impl std::error::Error for ScanError {}

/// Reads the records of a text one after the other.
///
/// The text starts with a record and ends with one (with or without its line end).
#[derive(Debug, Clone)]
pub struct Scanner<'t> {
    text: &'t [u8],
    dialect: &'t Dialect,
    /// A line feed when there is no delimiter: it ends a field anyway.
    delimiter: u8,
    pos: usize,
    /// Start of the block the masks are of.
    base: usize,
    separators: u64,
    quotes: u64,
}

impl<'t> Scanner<'t> {
    /// A scanner at the start of `text`.
    pub fn new(text: &'t [u8], dialect: &'t Dialect) -> Self {
        let mut scanner = Self {
            text,
            dialect,
            delimiter: dialect
                .delimiter()
                .or(dialect.record_end())
                .unwrap_or(b'\n'),
            pos: 0,
            base: 0,
            separators: 0,
            quotes: 0,
        };
        scanner.load(0);
        scanner
    }

    /// Bytes read so far: the start of the next record, or of blank lines before it.
    pub fn position(&self) -> usize {
        self.pos
    }

    /// Appends up to `limit` records of `records.width()` fields and returns how many there were:
    /// fewer than `limit` only at the end of the text.
    ///
    /// Fields that a short record lacks are [`Absent`](FieldKind::Absent).
    ///
    /// # Errors
    ///
    /// A record with more fields, or a quote that is never closed. The records before it have been
    /// appended.
    pub fn read(&mut self, records: &mut Records, limit: usize) -> Result<usize, ScanError> {
        self.check_length()?;
        let width = records.width();
        let mut read = 0;
        while read < limit && self.skip_blank_lines() {
            let fields = records.fields_mut();
            let first = fields.len();
            let full = first + width;
            loop {
                let start = self.pos;
                if fields.len() == full {
                    fields.truncate(first);
                    return Err(self.too_many_fields(start, width));
                }
                match self.field() {
                    Ok(field) => fields.push(field),
                    Err(error) => {
                        fields.truncate(first);
                        return Err(error);
                    }
                }
                if !self.next_field() {
                    break;
                }
            }
            if fields.len() < full {
                let end = fields.last().map_or(0, |field| field.range().end);
                fields.resize(full, Field::new(FieldKind::Absent, end, end));
            }
            records.end_record();
            read += 1;
        }
        Ok(read)
    }

    /// Replaces `fields` by those of the next record, however many there are; `false` at the end
    /// of the text.
    ///
    /// # Errors
    ///
    /// A quote that is never closed.
    pub fn read_one(&mut self, fields: &mut Vec<Field>) -> Result<bool, ScanError> {
        self.check_length()?;
        fields.clear();
        if !self.skip_blank_lines() {
            return Ok(false);
        }
        loop {
            fields.push(self.field()?);
            if !self.next_field() {
                return Ok(true);
            }
        }
    }

    fn check_length(&self) -> Result<(), ScanError> {
        if self.text.len() > MAX_SCAN_LEN {
            return Err(ScanError {
                kind: ScanErrorKind::TooLong,
                offset: 0,
            });
        }
        Ok(())
    }

    /// Counts the fields of the record whose first surplus field starts at `start`.
    #[cold]
    fn too_many_fields(&mut self, start: usize, expected: usize) -> ScanError {
        let mut found = expected;
        loop {
            found += 1;
            if self.field().is_err() || !self.next_field() {
                break;
            }
        }
        ScanError {
            kind: ScanErrorKind::TooManyFields { expected, found },
            offset: start,
        }
    }

    /// Moves to the start of the next record; `false` when there is none.
    #[inline]
    fn skip_blank_lines(&mut self) -> bool {
        while let Some(byte) = self.text.get(self.pos) {
            let blank = self.dialect.ends_record(*byte) || self.dialect.is_blank(*byte);
            if !blank || !self.dialect.skip_blank_lines() {
                return true;
            }
            let mut end = self.pos;
            while self
                .text
                .get(end)
                .is_some_and(|b| self.dialect.is_blank(*b))
            {
                end += 1;
            }
            match self.text.get(end) {
                Some(byte) if !self.dialect.ends_record(*byte) => return true,
                Some(_) => self.pos = end + 1,
                None => self.pos = end,
            }
        }
        false
    }

    /// The field at the position, which moves to the separator after it.
    #[inline]
    fn field(&mut self) -> Result<Field, ScanError> {
        if self.dialect.skip_initial_space() {
            while self.text.get(self.pos) == Some(&b' ') {
                self.pos += 1;
            }
        }
        let start = self.pos;
        if self
            .text
            .get(start)
            .copied()
            .is_some_and(|b| Some(b) == self.dialect.quote())
        {
            return self.quoted_field(start);
        }
        self.pos = self.next_separator(start);
        Ok(Field::new(FieldKind::Plain, start, self.pos))
    }

    /// The field whose opening quote is at `open`.
    #[inline]
    fn quoted_field(&mut self, open: usize) -> Result<Field, ScanError> {
        let mut kind = FieldKind::Quoted;
        let mut from = open + 1;
        loop {
            let quote = self.next_quote(from);
            let open_end = !self.dialect.multiline_quotes()
                && self.text[from..quote]
                    .iter()
                    .any(|b| self.dialect.ends_record(*b));
            if quote >= self.text.len() || open_end {
                return Err(ScanError {
                    kind: ScanErrorKind::UnterminatedQuote,
                    offset: open,
                });
            }
            let after = quote + 1;
            match self.text.get(after) {
                Some(byte) if Some(*byte) == self.dialect.quote() => {
                    kind = FieldKind::Escaped;
                    from = after + 1;
                }
                Some(byte) if *byte != self.delimiter && !self.dialect.ends_record(*byte) => {
                    self.pos = self.next_separator(after);
                    return Ok(Field::new(FieldKind::Escaped, open + 1, self.pos));
                }
                _ => {
                    self.pos = after;
                    return Ok(Field::new(kind, open + 1, quote));
                }
            }
        }
    }

    /// Steps over the separator at the position; whether the record goes on after it.
    #[inline]
    fn next_field(&mut self) -> bool {
        let Some(byte) = self.text.get(self.pos) else {
            return false;
        };
        self.pos += 1;
        if !self.dialect.ends_record(*byte) {
            return true;
        }
        if self.dialect.record_end().is_none()
            && *byte == b'\r'
            && self.text.get(self.pos) == Some(&b'\n')
        {
            self.pos += 1;
        }
        false
    }

    /// The first delimiter or line end at or after `from`, else the end of the text.
    #[inline]
    fn next_separator(&mut self, from: usize) -> usize {
        self.seek(from);
        let mut mask = self.separators & from_bit(from - self.base);
        while mask == 0 {
            if !self.load(self.base + BLOCK) {
                return self.text.len();
            }
            mask = self.separators;
        }
        self.base + lowest(mask)
    }

    /// The first quote at or after `from`, else the end of the text.
    #[inline]
    fn next_quote(&mut self, from: usize) -> usize {
        self.seek(from);
        let mut mask = self.quotes & from_bit(from - self.base);
        while mask == 0 {
            if !self.load(self.base + BLOCK) {
                return self.text.len();
            }
            mask = self.quotes;
        }
        self.base + lowest(mask)
    }

    /// Makes `base` the block that `position` is in.
    #[inline]
    fn seek(&mut self, position: usize) {
        if position - self.base >= BLOCK {
            self.load(position - position % BLOCK);
        }
    }

    /// Makes the masks of the block at `base`; `false` past the end of the text.
    #[inline]
    fn load(&mut self, base: usize) -> bool {
        let (block, valid) = Block::load(self.text, base);
        self.base = base;
        let ends = self.dialect.ends_in(&block);
        self.separators = (block.eq(self.delimiter) | ends) & valid;
        self.quotes = self
            .dialect
            .quote()
            .map_or(0, |quote| block.eq(quote) & valid);
        valid != 0
    }
}
