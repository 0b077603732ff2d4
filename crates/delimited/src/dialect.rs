//! What separates fields and records, and how quotes work.

/// The dialect of a delimited text.
///
/// A record ends with `\n`, `\r\n` or a lone `\r`. A quote counts only as the first byte of a
/// field; inside a quoted field, delimiters and line ends are data and a doubled quote is one
/// quote. Text after the closing quote is appended to the field, and a quote inside an unquoted
/// field is an ordinary byte.
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
}

impl Dialect {
    /// Fields separated by `delimiter`, quoted with `"`; blank lines are skipped, spaces kept.
    pub const fn new(delimiter: u8) -> Self {
        Self {
            delimiter: Some(delimiter),
            quote: Some(b'"'),
            skip_initial_space: false,
            skip_blank_lines: true,
        }
    }

    /// Every line is one field; no quotes. Blank lines are skipped.
    pub const fn lines() -> Self {
        Self {
            delimiter: None,
            quote: None,
            skip_initial_space: false,
            skip_blank_lines: true,
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

    /// Whether `byte` may stand in a blank line.
    #[inline]
    pub(crate) fn is_blank(&self, byte: u8) -> bool {
        matches!(byte, b' ' | b'\t') && self.delimiter != Some(byte)
    }
}

/// Whether `byte` ends a record.
#[inline]
pub(crate) fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
