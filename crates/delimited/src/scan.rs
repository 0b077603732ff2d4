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
    place: Place,
}

/// Where a scanner is.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Start of the next field.
    pos: usize,
    /// Start of the block the masks are of.
    base: usize,
    /// Separators of the block that are not behind `pos`.
    separators: u64,
    /// All quotes of the block.
    quotes: u64,
}

/// What the inner loop needs to know, kept apart from what it changes so that both stay in
/// registers.
#[derive(Debug, Clone, Copy)]
struct Scan<'t> {
    text: &'t [u8],
    /// The end of a record when there is no delimiter: it ends a field anyway.
    delimiter: u8,
    /// Either of them ends a record.
    ends: [u8; 2],
    /// The two after one another are one end.
    pairs: bool,
    quote: Option<u8>,
    multiline_quotes: bool,
    skip_initial_space: bool,
}

impl<'t> Scanner<'t> {
    /// A scanner at the start of `text`.
    pub fn new(text: &'t [u8], dialect: &'t Dialect) -> Self {
        let mut scanner = Self {
            text,
            dialect,
            place: Place {
                pos: 0,
                base: 0,
                separators: 0,
                quotes: 0,
            },
        };
        scanner.scan().load(&mut scanner.place, 0);
        scanner
    }

    /// Bytes read so far: the start of the next record, or of blank lines before it.
    pub fn position(&self) -> usize {
        self.place.pos
    }

    /// Appends up to `limit` records of `records.width()` fields and returns how many there were:
    /// fewer than `limit` only at the end of the text.
    ///
    /// Fields that a short record lacks are [`Absent`](FieldKind::Absent).
    ///
    /// # Errors
    ///
    /// A record with more fields, or a quote that is never closed. The records before it have been
    /// appended, and reading goes on behind a record with more fields.
    pub fn read(&mut self, records: &mut Records, limit: usize) -> Result<usize, ScanError> {
        self.check_length()?;
        let width = records.width();
        let scan = self.scan();
        let mut place = self.place;
        let mut read = 0;
        while read < limit && self.skip_blank_lines(&mut place) {
            let fields = records.fields_mut();
            let first = fields.len();
            let full = first + width;
            fields.reserve(width);
            loop {
                if fields.len() == full {
                    fields.truncate(first);
                    let error = scan.too_many_fields(&mut place, width);
                    self.place = place;
                    return Err(error);
                }
                match scan.field(&mut place) {
                    Ok(field) => fields.push(field),
                    Err(error) => {
                        fields.truncate(first);
                        return Err(error);
                    }
                }
                if !scan.next_field(&mut place) {
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
        self.place = place;
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
        let scan = self.scan();
        let mut place = self.place;
        let found = self.skip_blank_lines(&mut place);
        if found {
            loop {
                fields.push(scan.field(&mut place)?);
                if !scan.next_field(&mut place) {
                    break;
                }
            }
        }
        self.place = place;
        Ok(found)
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

    #[inline]
    fn scan(&self) -> Scan<'t> {
        let delimiter = self.dialect.delimiter();
        let end = self.dialect.record_end();
        let ends = end.map_or([b'\r', b'\n'], |end| [end; 2]);
        Scan {
            text: self.text,
            delimiter: delimiter.unwrap_or(ends[1]),
            ends,
            pairs: end.is_none(),
            quote: self.dialect.quote(),
            multiline_quotes: self.dialect.multiline_quotes(),
            skip_initial_space: self.dialect.skip_initial_space() && delimiter != Some(b' '),
        }
    }

    /// Moves to the start of the next record; `false` when there is none.
    #[inline]
    fn skip_blank_lines(&self, place: &mut Place) -> bool {
        match self.text.get(place.pos) {
            Some(byte) if !self.scan().ends_record(*byte) && !self.dialect.is_blank(*byte) => true,
            Some(_) => {
                let (found, pos) = self.after_blank_lines(place.pos);
                self.scan().move_to(place, pos);
                found
            }
            None => false,
        }
    }

    /// The start of the first line at or after `pos` that is not blank, and whether there is one.
    fn after_blank_lines(&self, mut pos: usize) -> (bool, usize) {
        if !self.dialect.skip_blank_lines() {
            return (pos < self.text.len(), pos);
        }
        let is_blank = |b: &u8| self.dialect.is_blank(*b);
        while pos < self.text.len() {
            let mut end = pos;
            while self.text.get(end).is_some_and(is_blank) {
                end += 1;
            }
            match self.text.get(end) {
                Some(byte) if !self.dialect.ends_record(*byte) => return (true, pos),
                Some(_) => pos = end + 1,
                None => pos = end,
            }
        }
        (false, pos)
    }
}

impl Scan<'_> {
    #[inline(always)]
    fn ends_record(self, byte: u8) -> bool {
        byte == self.ends[0] || byte == self.ends[1]
    }

    /// The field at the place, which moves to the separator after it.
    #[inline(always)]
    fn field(self, place: &mut Place) -> Result<Field, ScanError> {
        let mut start = place.pos;
        if self.skip_initial_space {
            while self.text.get(start) == Some(&b' ') {
                start += 1;
            }
        }
        if self.quote.is_some() && self.text.get(start).copied() == self.quote {
            return self.quoted_field(place, start);
        }
        place.pos = self.next_separator(place);
        Ok(Field::new(FieldKind::Plain, start, place.pos))
    }

    /// The field whose opening quote is at `open`.
    #[inline]
    fn quoted_field(self, place: &mut Place, open: usize) -> Result<Field, ScanError> {
        let mut kind = FieldKind::Quoted;
        let mut from = open + 1;
        loop {
            let quote = self.next_quote(place, from);
            let open_end = !self.multiline_quotes
                && self.text[from..quote].iter().any(|b| self.ends_record(*b));
            if quote >= self.text.len() || open_end {
                return Err(ScanError {
                    kind: ScanErrorKind::UnterminatedQuote,
                    offset: open,
                });
            }
            let after = quote + 1;
            match self.text.get(after) {
                Some(byte) if Some(*byte) == self.quote => {
                    kind = FieldKind::Escaped;
                    from = after + 1;
                }
                Some(byte) if *byte != self.delimiter && !self.ends_record(*byte) => {
                    self.move_to(place, after);
                    place.pos = self.next_separator(place);
                    return Ok(Field::new(FieldKind::Escaped, open + 1, place.pos));
                }
                _ => {
                    self.move_to(place, after);
                    return Ok(Field::new(kind, open + 1, quote));
                }
            }
        }
    }

    /// Steps over the separator at the place; whether the record goes on after it.
    #[inline(always)]
    fn next_field(self, place: &mut Place) -> bool {
        let Some(byte) = self.text.get(place.pos) else {
            return false;
        };
        // the separator is the lowest one left
        place.separators &= place.separators.wrapping_sub(1);
        place.pos += 1;
        if !self.ends_record(*byte) {
            return true;
        }
        if self.pairs && *byte == b'\r' && self.text.get(place.pos) == Some(&b'\n') {
            self.move_to(place, place.pos + 1);
        }
        false
    }

    /// The first delimiter or line end at or after the place, else the end of the text.
    #[inline(always)]
    fn next_separator(self, place: &mut Place) -> usize {
        while place.separators == 0 {
            if !self.load(place, place.base + BLOCK) {
                return self.text.len();
            }
        }
        place.base + lowest(place.separators)
    }

    /// The first quote at or after `from`, else the end of the text.
    #[inline]
    fn next_quote(self, place: &mut Place, from: usize) -> usize {
        self.enter(place, from);
        let mut quotes = place.quotes & from_bit(from - place.base);
        while quotes == 0 {
            if !self.load(place, place.base + BLOCK) {
                return self.text.len();
            }
            quotes = place.quotes;
        }
        place.base + lowest(quotes)
    }

    /// Moves forward to a position.
    #[inline]
    fn move_to(self, place: &mut Place, pos: usize) {
        place.pos = pos;
        self.enter(place, pos);
        place.separators &= from_bit(pos - place.base);
    }

    /// Makes the block of a position the loaded one. It may lie before the loaded one: what looked for the end of a
    /// quoted field has read to the end of the text when there was none.
    #[inline]
    fn enter(self, place: &mut Place, pos: usize) {
        if pos.wrapping_sub(place.base) >= BLOCK {
            self.load(place, pos - pos % BLOCK);
        }
    }

    /// Makes the masks of the block at `base`; `false` past the end of the text.
    #[inline]
    fn load(self, place: &mut Place, base: usize) -> bool {
        let (block, valid) = Block::load(self.text, base);
        let ends = block.eq(self.ends[0]) | block.eq(self.ends[1]);
        place.base = base;
        place.separators = (block.eq(self.delimiter) | ends) & valid;
        place.quotes = self.quote.map_or(0, |quote| block.eq(quote) & valid);
        valid != 0
    }

    /// Counts the fields of the record whose first surplus field is at the place.
    #[cold]
    fn too_many_fields(self, place: &mut Place, expected: usize) -> ScanError {
        let offset = place.pos;
        let mut found = expected;
        loop {
            found += 1;
            if self.field(place).is_err() || !self.next_field(place) {
                break;
            }
        }
        ScanError {
            kind: ScanErrorKind::TooManyFields { expected, found },
            offset,
        }
    }
}
