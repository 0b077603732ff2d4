//! Rows and fields of decoded text. Plain dialects go through the shared byte
//! scanner; escape characters and delimiters beyond ASCII take a slower way.

use azml_delimited::{Dialect, FieldKind, Records, ScanErrorKind, Scanner};

use super::TextFormat;

/// How a format's text is cut into fields.
#[derive(Clone, Debug)]
pub(super) enum Cutter {
    Plain(Dialect),
    General(General),
}

/// A dialect that the byte scanner does not know.
#[derive(Clone, Debug)]
pub(super) struct General {
    delimiter: char,
    row_delimiter: Option<char>,
    escape: Option<char>,
    quoting: bool,
}

/// Why a row has no fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowIssue {
    TooMany {
        found: usize,
    },
    TooFew {
        found: usize,
    },
    /// A quote is open where the row ends.
    OpenQuote,
    /// Text stands between a closing quote and the delimiter.
    AfterQuote,
}

impl Cutter {
    pub(super) fn new(format: &TextFormat) -> Self {
        let byte = |c: char| u8::try_from(c).ok().filter(u8::is_ascii);
        let row_end = match format.row_delimiter {
            None => Some(None),
            Some(c) => byte(c).map(Some),
        };
        if let (None, Some(delimiter), Some(row_end)) =
            (format.escape, byte(format.delimiter), row_end)
        {
            let mut dialect = Dialect::new(delimiter)
                .with_quote(format.quoting.then_some(b'"'))
                .with_spaces_blank(false)
                .with_multiline_quotes(false);
            if let Some(end) = row_end {
                dialect = dialect.with_record_end(end);
            }
            return Self::Plain(dialect);
        }
        Self::General(General {
            delimiter: format.delimiter,
            row_delimiter: format.row_delimiter,
            escape: format.escape,
            quoting: format.quoting,
        })
    }

    /// The length of the whole rows at the start of `text`, whose end is the
    /// input's end if `last`. 0 when there is none yet.
    pub(super) fn whole_rows(&self, text: &[u8], last: bool) -> usize {
        if last {
            return text.len();
        }
        match self {
            Self::Plain(dialect) => match dialect.record_end() {
                Some(end) => memchr::memrchr(end, text).map_or(0, |at| at + 1),
                // A return as the last byte may be half of a pair.
                None => match memchr::memrchr2(b'\n', b'\r', text) {
                    Some(at) if text[at] == b'\r' && at + 1 == text.len() => {
                        memchr::memrchr2(b'\n', b'\r', &text[..at]).map_or(0, |at| at + 1)
                    }
                    Some(at) => at + 1,
                    None => 0,
                },
            },
            Self::General(general) => general.whole_rows(valid_text(text)),
        }
    }

    /// The end of the first row in `text`: the place behind its delimiter.
    pub(super) fn first_row_end(&self, text: &[u8], last: bool) -> Option<usize> {
        let end = match self {
            Self::Plain(dialect) => match dialect.record_end() {
                Some(end) => memchr::memchr(end, text).map(|at| at + 1),
                None => match memchr::memchr2(b'\n', b'\r', text) {
                    Some(at) if text[at] == b'\r' && at + 1 == text.len() && !last => None,
                    Some(at) if text[at] == b'\r' && text.get(at + 1) == Some(&b'\n') => {
                        Some(at + 2)
                    }
                    Some(at) => Some(at + 1),
                    None => None,
                },
            },
            Self::General(general) => {
                let text = valid_text(text);
                general.row_ends(text).next().map(|(_, after)| after)
            }
        };
        end.or((last && !text.is_empty()).then_some(text.len()))
    }
}

/// The part of a text that is whole and valid: the bytes behind may be half of a character.
fn valid_text(text: &[u8]) -> &str {
    match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// Rows cut into fields, all of the same width.
#[derive(Debug)]
pub(super) struct Table<'t> {
    text: &'t [u8],
    dialect: Option<&'t Dialect>,
    pub(super) records: Records,
    /// Unescaped fields of the general way: text, and whether it was quoted.
    cells: Vec<(Vec<u8>, bool)>,
    width: usize,
    rows: usize,
    /// Rows to be left out.
    pub(super) skipped: Vec<usize>,
}

/// A field: its bytes without quotes, and whether it had some.
#[derive(Clone, Debug)]
pub(super) struct Cell<'t> {
    pub(super) bytes: std::borrow::Cow<'t, [u8]>,
    pub(super) quoted: bool,
}

impl<'t> Table<'t> {
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Where a row begins in the text, when that is known.
    pub(super) fn row_start_of(&self, row: usize) -> Option<usize> {
        self.dialect.and_then(|_| self.row_start(row))
    }

    fn row_start(&self, row: usize) -> Option<usize> {
        let field = self.records.record(row).first().copied()?;
        let start = field.range().start;
        Some(
            if matches!(field.kind(), FieldKind::Quoted | FieldKind::Escaped) {
                start - 1
            } else {
                start
            },
        )
    }

    pub(super) fn cell(&self, row: usize, column: usize) -> Result<Cell<'_>, RowIssue> {
        let Some(dialect) = self.dialect else {
            let (bytes, quoted) = &self.cells[row * self.width + column];
            return Ok(Cell {
                bytes: bytes.as_slice().into(),
                quoted: *quoted,
            });
        };
        let field = self.records.record(row)[column];
        let raw = field.raw(self.text);
        match field.kind() {
            FieldKind::Plain | FieldKind::Absent => Ok(Cell {
                bytes: raw.into(),
                quoted: false,
            }),
            FieldKind::Quoted => Ok(Cell {
                bytes: raw.into(),
                quoted: true,
            }),
            FieldKind::Escaped => {
                if !quotes_are_paired(raw) {
                    return Err(RowIssue::AfterQuote);
                }
                let mut bytes = Vec::with_capacity(raw.len());
                field.unescape_into(self.text, dialect, &mut bytes);
                Ok(Cell {
                    bytes: bytes.into(),
                    quoted: true,
                })
            }
        }
    }
}

fn quotes_are_paired(raw: &[u8]) -> bool {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'"', rest) {
        if rest.get(at + 1) != Some(&b'"') {
            return false;
        }
        rest = &rest[at + 2..];
    }
    true
}

/// Cuts whole rows one table after the other.
#[derive(Debug)]
pub(super) struct Tables<'t> {
    text: &'t [u8],
    cutter: &'t Cutter,
    scanner: Option<Scanner<'t>>,
    /// The text of the general way, and the place in it.
    decoded: &'t str,
    at: usize,
    width: usize,
    silent: bool,
}

/// A row that cannot be read, and where it begins in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadRowAt {
    pub(super) issue: RowIssue,
    pub(super) offset: usize,
}

impl<'t> Tables<'t> {
    pub(super) fn new(text: &'t [u8], cutter: &'t Cutter, width: usize, silent: bool) -> Self {
        let (scanner, decoded) = match cutter {
            Cutter::Plain(dialect) => (Some(Scanner::new(text, dialect)), ""),
            Cutter::General(_) => (None, valid_text(text)),
        };
        Self {
            text,
            cutter,
            scanner,
            decoded,
            at: 0,
            width,
            silent,
        }
    }

    /// Up to `limit` rows, and what stopped it before. No rows and nothing that
    /// stopped it mean the end.
    pub(super) fn next(&mut self, limit: usize) -> (Table<'t>, Option<BadRowAt>) {
        let (text, width) = (self.text, self.width);
        let mut table = Table {
            text,
            dialect: None,
            records: Records::new(width),
            cells: Vec::new(),
            width,
            rows: 0,
            skipped: Vec::new(),
        };
        let bad = match self.cutter {
            Cutter::Plain(dialect) => {
                table.dialect = Some(dialect);
                self.scan(&mut table, limit)
            }
            Cutter::General(general) => self.cut(general, &mut table, limit),
        };
        (table, bad)
    }

    fn scan(&mut self, table: &mut Table<'t>, limit: usize) -> Option<BadRowAt> {
        let Some(scanner) = &mut self.scanner else {
            return None;
        };
        let mut stop = None;
        while table.records.len() < limit {
            let room = limit - table.records.len();
            match scanner.read(&mut table.records, room) {
                Ok(_) => break,
                Err(error) => {
                    let issue = match error.kind {
                        ScanErrorKind::TooManyFields { found, .. } => RowIssue::TooMany { found },
                        _ => RowIssue::OpenQuote,
                    };
                    if self.silent && matches!(issue, RowIssue::TooMany { .. }) {
                        continue;
                    }
                    stop = Some(BadRowAt {
                        issue,
                        offset: error.offset,
                    });
                    break;
                }
            }
        }
        table.rows = table.records.len();
        // A row that is too short lacks its last field.
        for row in 0..table.rows {
            let fields = table.records.record(row);
            if fields
                .last()
                .is_some_and(|field| field.kind() == FieldKind::Absent)
            {
                if self.silent {
                    table.skipped.push(row);
                    continue;
                }
                let found = fields
                    .iter()
                    .filter(|field| field.kind() != FieldKind::Absent)
                    .count();
                let offset = table.row_start(row).unwrap_or(0);
                table.rows = row;
                return Some(BadRowAt {
                    issue: RowIssue::TooFew { found },
                    offset,
                });
            }
        }
        stop
    }

    fn cut(&mut self, general: &General, table: &mut Table<'t>, limit: usize) -> Option<BadRowAt> {
        while table.rows < limit && self.at < self.decoded.len() {
            let start = self.at;
            let rest = &self.decoded[start..];
            let (end, after) = general
                .row_ends(rest)
                .next()
                .unwrap_or((rest.len(), rest.len()));
            self.at = start + after;
            if end == 0 {
                continue;
            }
            let before = table.cells.len();
            let issue = general.fields(&rest[..end], &mut table.cells);
            let found = table.cells.len() - before;
            let issue = issue.or(match found.cmp(&self.width) {
                std::cmp::Ordering::Less => Some(RowIssue::TooFew { found }),
                std::cmp::Ordering::Greater => Some(RowIssue::TooMany { found }),
                std::cmp::Ordering::Equal => None,
            });
            match issue {
                None => table.rows += 1,
                Some(issue) => {
                    table.cells.truncate(before);
                    let skips = self.silent
                        && matches!(issue, RowIssue::TooFew { .. } | RowIssue::TooMany { .. });
                    if !skips {
                        return Some(BadRowAt {
                            issue,
                            offset: start,
                        });
                    }
                }
            }
        }
        None
    }
}

impl General {
    /// Where rows end: before and behind each delimiter. Escaped delimiters
    /// end nothing.
    fn row_ends<'t>(&'t self, text: &'t str) -> impl Iterator<Item = (usize, usize)> + 't {
        let mut chars = text.char_indices().peekable();
        std::iter::from_fn(move || {
            while let Some((at, c)) = chars.next() {
                if Some(c) == self.escape {
                    chars.next();
                    continue;
                }
                let after = at + c.len_utf8();
                match self.row_delimiter {
                    Some(end) if c == end => return Some((at, after)),
                    None if c == '\n' => return Some((at, after)),
                    None if c == '\r' => {
                        let pair = chars.next_if(|(_, c)| *c == '\n').is_some();
                        return Some((at, after + usize::from(pair)));
                    }
                    _ => {}
                }
            }
            None
        })
    }

    fn whole_rows(&self, text: &str) -> usize {
        let mut end = self.row_ends(text).last().map_or(0, |(_, after)| after);
        if end == text.len() && self.row_delimiter.is_none() && text.ends_with('\r') {
            end = self
                .row_ends(&text[..text.len() - 1])
                .last()
                .map_or(0, |(_, after)| after);
        }
        end
    }

    fn fields(&self, row: &str, into: &mut Vec<(Vec<u8>, bool)>) -> Option<RowIssue> {
        let mut chars = row.chars().peekable();
        loop {
            let mut value = String::new();
            let quoted = self.quoting && chars.next_if_eq(&'"').is_some();
            let mut closed = false;
            let mut ended = true;
            while let Some(c) = chars.next() {
                if quoted && !closed {
                    match c {
                        '"' if chars.next_if_eq(&'"').is_some() => value.push('"'),
                        '"' => closed = true,
                        c if Some(c) == self.escape => value.extend(chars.next()),
                        c => value.push(c),
                    }
                } else if c == self.delimiter {
                    ended = false;
                    break;
                } else if closed {
                    return Some(RowIssue::AfterQuote);
                } else if Some(c) == self.escape {
                    value.extend(chars.next());
                } else {
                    value.push(c);
                }
            }
            if quoted && !closed {
                return Some(RowIssue::OpenQuote);
            }
            into.push((value.into_bytes(), quoted));
            if ended {
                return None;
            }
        }
    }
}
