//! What separates fields and records, and how quotes work.

use crate::bits::Block;

/// The dialect of a delimited text.
///
/// A record ends with `\n`, `\r\n` or a lone `\r`, unless one byte is chosen for it. A quote counts
/// only as the first byte of a field; inside a quoted field, delimiters and line ends are data and
/// a doubled quote is one quote. Text after the closing quote is appended to the field, and a
/// quote inside an unquoted field is an ordinary byte.
///
/// ```
/// use azml_delimited::Dialect;
///
/// let csv = Dialect::new(b',').with_skip_initial_space(true);
/// let tsv = Dialect::new(b'\t');
/// let lines = Dialect::lines();
/// assert_eq!(lines.delimiter(), None);
/// # let _ = (csv, tsv);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    delimiter: Option<u8>,
    quote: Option<u8>,
    skip_initial_space: bool,
    skip_blank_lines: bool,
    spaces_are_blank: bool,
    multiline_quotes: bool,
    record_end: Option<u8>,
}

impl Dialect {
    /// Fields separated by `delimiter`, quoted with `"`; blank lines are skipped, spaces kept.
    pub const fn new(delimiter: u8) -> Self {
        Self {
            delimiter: Some(delimiter),
            quote: Some(b'"'),
            skip_initial_space: false,
            skip_blank_lines: true,
            spaces_are_blank: true,
            multiline_quotes: true,
            record_end: None,
        }
    }

    /// Every line is one field; no quotes. Blank lines are skipped.
    pub const fn lines() -> Self {
        Self {
            delimiter: None,
            quote: None,
            skip_initial_space: false,
            skip_blank_lines: true,
            spaces_are_blank: true,
            multiline_quotes: true,
            record_end: None,
        }
    }

    /// The quote character, or `None` when quotes are ordinary bytes.
    #[must_use]
    pub const fn with_quote(mut self, quote: Option<u8>) -> Self {
        self.quote = quote;
        self
    }

    /// Whether spaces (not tabs) at the start of a field are dropped, also before a quote.
    #[must_use]
    pub const fn with_skip_initial_space(mut self, skip: bool) -> Self {
        self.skip_initial_space = skip;
        self
    }

    /// Whether lines that are empty, or hold only spaces and tabs that are not the delimiter, are
    /// no records.
    #[must_use]
    pub const fn with_skip_blank_lines(mut self, skip: bool) -> Self {
        self.skip_blank_lines = skip;
        self
    }

    /// Whether a line that holds only spaces and tabs counts as blank. It does, unless told
    /// otherwise; an empty line always does.
    #[must_use]
    pub const fn with_spaces_blank(mut self, blank: bool) -> Self {
        self.spaces_are_blank = blank;
        self
    }

    /// Whether a line end inside quotes is data. Otherwise it ends the record, and a quote still
    /// open there is never closed.
    #[must_use]
    pub const fn with_multiline_quotes(mut self, multiline: bool) -> Self {
        self.multiline_quotes = multiline;
        self
    }

    /// The one byte that ends a record, in place of the three line ends.
    #[must_use]
    pub const fn with_record_end(mut self, end: u8) -> Self {
        self.record_end = Some(end);
        self
    }

    /// The byte between two fields; `None` when every line is one field.
    pub const fn delimiter(&self) -> Option<u8> {
        self.delimiter
    }

    /// The quote character, if there is one.
    pub const fn quote(&self) -> Option<u8> {
        self.quote
    }

    /// Whether spaces at the start of a field are dropped.
    pub const fn skip_initial_space(&self) -> bool {
        self.skip_initial_space
    }

    /// Whether blank lines are no records.
    pub const fn skip_blank_lines(&self) -> bool {
        self.skip_blank_lines
    }

    /// Whether a line that holds only spaces and tabs counts as blank.
    pub const fn spaces_blank(&self) -> bool {
        self.spaces_are_blank
    }

    /// Whether a line end inside quotes is data.
    pub const fn multiline_quotes(&self) -> bool {
        self.multiline_quotes
    }

    /// The byte that ends a record, if it is not any of the three line ends.
    pub const fn record_end(&self) -> Option<u8> {
        self.record_end
    }

    /// Whether `byte` may stand in a blank line.
    #[inline]
    pub(crate) fn is_blank(&self, byte: u8) -> bool {
        self.spaces_are_blank && matches!(byte, b' ' | b'\t') && self.delimiter != Some(byte)
    }

    /// Whether `byte` ends a record.
    #[inline]
    pub(crate) fn ends_record(&self, byte: u8) -> bool {
        match self.record_end {
            None => matches!(byte, b'\n' | b'\r'),
            Some(end) => byte == end,
        }
    }

    /// The bytes of a block that end a record.
    #[inline]
    pub(crate) fn ends_in(&self, block: &Block) -> u64 {
        match self.record_end {
            None => block.eq(b'\n') | block.eq(b'\r'),
            Some(end) => block.eq(end),
        }
    }
}
