//! One piece of one input file, read to batches: bytes, text, rows, columns.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::Arc;

use arrow::array::ArrayRef;
use azml_usql_syntax::Code;
use flate2::read::MultiGzDecoder;

use super::convert::{self, BadCell, CellIssue};
use super::fields::{BadRowAt, Cutter, RowIssue, Tables};
use super::{ExtractSource, SourceColumn, SourceFile, TextFormat, file_column};
use crate::cs::Type;
use crate::error::{BadRow, RuntimeError};
use crate::rel::Column;
use crate::store::{FileStore, InputFile, StorePath};
use crate::text_encoding::{Decoder, Encoding};

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;
/// Rows in a batch.
const BATCH: usize = 8_192;
/// The service decompresses no more than 4 GB.
const MAX_COMPRESSED: u64 = 4 << 30;

/// A part of a file: rows that begin in this range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Piece {
    /// Which of the source's files.
    pub(crate) file: usize,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// Whether the rows of a file can be found from its middle.
pub(crate) fn can_split(format: &TextFormat, file: &SourceFile) -> bool {
    let plain = matches!(Cutter::new(format), Cutter::Plain(_));
    plain && format.encoding.is_utf8_subset() && !is_gzip(&file.path)
}

fn is_gzip(path: &StorePath) -> bool {
    path.as_str().to_ascii_lowercase().ends_with(".gz")
}

/// Reads a piece.
pub(crate) struct PieceReader {
    source: Arc<ExtractSource>,
    format: TextFormat,
    columns: Arc<[Column]>,
    /// The columns wanted, as places in `columns`.
    projection: Arc<[usize]>,
    file: usize,
    bytes: Bytes,
    decoder: Option<Decoder>,
    cutter: Cutter,
    /// Text not yet cut into rows.
    text: Vec<u8>,
    /// Where `text` begins in the file, while bytes and text are the same.
    offset: u64,
    finished: bool,
    /// Rows still to be passed over.
    to_skip: u64,
    records: u64,
    ready: VecDeque<(Vec<ArrayRef>, usize)>,
    now: i64,
}

/// Where bytes come from.
enum Bytes {
    Range {
        input: Box<dyn InputFile>,
        at: u64,
        end: u64,
    },
    Gzip(Box<MultiGzDecoder<Sequential>>),
}

/// A file as a stream.
struct Sequential {
    input: Box<dyn InputFile>,
    at: u64,
}

impl Read for Sequential {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read_at(self.at, buffer)?;
        self.at += u64::try_from(read).unwrap_or(0);
        Ok(read)
    }
}

/// What a reader needs besides its piece.
#[derive(Clone, Debug)]
pub(crate) struct ReadContext {
    pub(crate) source: Arc<ExtractSource>,
    pub(crate) format: TextFormat,
    pub(crate) columns: Arc<[Column]>,
    pub(crate) projection: Arc<[usize]>,
    pub(crate) store: Arc<dyn FileStore>,
    pub(crate) now: i64,
}

impl PieceReader {
    /// Opens the piece and finds its first row.
    pub(crate) fn open(context: &ReadContext, piece: Piece) -> Result<Self, RuntimeError> {
        let source = Arc::clone(&context.source);
        let file = &source.files[piece.file];
        let failed = |error: std::io::Error| RuntimeError::io("read", &file.path, &error);
        let input = context.store.open(&file.path).map_err(failed)?;
        let cutter = Cutter::new(&context.format);
        let plain = context.format.encoding.is_utf8_subset();
        let gzip = is_gzip(&file.path);
        if gzip && file.length > MAX_COMPRESSED {
            let message = format!("the compressed file '{}' is larger than 4 GB", file.path);
            return Err(RuntimeError::new(
                Code::E_RUNTIME_USER_MAXCOMPRESSEDFILESIZE,
                message,
            ));
        }
        let mut to_skip = context.format.skip_first_rows;
        let whole = piece.start == 0 && piece.end >= file.length;
        let (start, end) = if whole {
            (0, file.length)
        } else {
            let first =
                data_start(&*input, &cutter, &context.format.encoding, to_skip).map_err(failed)?;
            to_skip = 0;
            let from = row_boundary(&*input, &cutter, piece.start, first).map_err(failed)?;
            let to = if piece.end >= file.length {
                file.length
            } else {
                row_boundary(&*input, &cutter, piece.end, first).map_err(failed)?
            };
            (from, to)
        };
        let bytes = if gzip {
            Bytes::Gzip(Box::new(MultiGzDecoder::new(Sequential { input, at: 0 })))
        } else {
            Bytes::Range {
                input,
                at: start,
                end,
            }
        };
        let mut reader = Self {
            columns: Arc::clone(&context.columns),
            projection: Arc::clone(&context.projection),
            file: piece.file,
            bytes,
            decoder: (!plain).then(|| Decoder::new(context.format.encoding)),
            cutter,
            text: Vec::new(),
            offset: start,
            finished: false,
            to_skip,
            records: 0,
            ready: VecDeque::new(),
            now: context.now,
            format: context.format.clone(),
            source,
        };
        if start == 0 {
            reader.drop_mark()?;
        }
        Ok(reader)
    }

    fn path(&self) -> &StorePath {
        &self.source.files[self.file].path
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, RuntimeError> {
        let result = match &mut self.bytes {
            Bytes::Range { input, at, end } => {
                let left = usize::try_from(end.saturating_sub(*at)).unwrap_or(usize::MAX);
                let length = buffer.len().min(left);
                let read = if length == 0 {
                    Ok(0)
                } else {
                    input.read_at(*at, &mut buffer[..length])
                };
                if let Ok(read) = read {
                    *at += u64::try_from(read).unwrap_or(0);
                }
                read
            }
            Bytes::Gzip(decoder) => decoder.read(buffer),
        };
        result.map_err(|error| RuntimeError::io("read", self.path(), &error))
    }

    /// Passes over a byte-order mark of the file's encoding.
    fn drop_mark(&mut self) -> Result<(), RuntimeError> {
        let mark = self.format.encoding.byte_order_mark();
        let mut head = vec![0; mark.len()];
        let mut length = 0;
        while length < head.len() {
            let read = self.read_some(&mut head[length..])?;
            if read == 0 {
                break;
            }
            length += read;
        }
        if head[..length] == *mark {
            self.offset += u64::try_from(length).unwrap_or(0);
            return Ok(());
        }
        self.take_bytes(&head[..length], false)
    }

    /// Adds bytes of the file to the text.
    fn take_bytes(&mut self, bytes: &[u8], last: bool) -> Result<(), RuntimeError> {
        match &mut self.decoder {
            None => self.text.extend_from_slice(bytes),
            Some(decoder) => {
                let mut text = String::new();
                if decoder.decode(bytes, last, &mut text).is_err() {
                    return Err(self.invalid_text());
                }
                self.text.extend_from_slice(text.as_bytes());
            }
        }
        Ok(())
    }

    fn invalid_text(&self) -> RuntimeError {
        let message = format!(
            "Invalid character in input. The file '{}' is not valid {:?} text, after {} record(s)",
            self.path(),
            self.format.encoding,
            self.records
        );
        RuntimeError::new(Code::E_RUNTIME_USER_EXTRACT_INVALID_CHARACTER, message)
    }

    /// The next batch: the projected columns and the number of rows.
    pub(crate) fn next_batch(&mut self) -> Result<Option<(Vec<ArrayRef>, usize)>, RuntimeError> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some(batch));
            }
            if self.finished {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    /// Reads until at least one row is whole, and cuts all that are.
    fn fill(&mut self) -> Result<(), RuntimeError> {
        let mut buffer = vec![0; CHUNK];
        let end = loop {
            let read = self.read_some(&mut buffer)?;
            self.finished = read == 0;
            self.take_bytes(&buffer[..read], self.finished)?;
            while self.to_skip > 0 {
                let Some(end) = self.cutter.first_row_end(&self.text, self.finished) else {
                    break;
                };
                self.text.drain(..end);
                self.offset += u64::try_from(end).unwrap_or(0);
                self.to_skip -= 1;
            }
            if self.to_skip > 0 {
                if self.finished {
                    let message = format!(
                        "the file '{}' has fewer rows than skipFirstNRows asks for",
                        self.path()
                    );
                    return Err(RuntimeError::new(
                        Code::E_RUNTIME_USER_EXTRACT_ROW_ERROR,
                        message,
                    ));
                }
                continue;
            }
            let end = self.cutter.whole_rows(&self.text, self.finished);
            if end > 0 || self.finished {
                break end;
            }
        };
        let text = std::mem::take(&mut self.text);
        let (rows, rest) = text.split_at(end);
        if self.decoder.is_none() {
            let valid = match self.format.encoding {
                Encoding::Ascii => rows.is_ascii(),
                _ => std::str::from_utf8(rows).is_ok(),
            };
            if !valid {
                return Err(self.invalid_text());
            }
        }
        self.text = rest.to_vec();
        self.cut(rows)?;
        self.offset += u64::try_from(end).unwrap_or(0);
        Ok(())
    }

    fn cut(&mut self, rows: &[u8]) -> Result<(), RuntimeError> {
        let cutter = self.cutter.clone();
        let width = TextFormat::width(&self.source.columns);
        let mut tables = Tables::new(rows, &cutter, width, self.format.silent);
        loop {
            let (table, bad) = tables.next(BATCH);
            let kept = table.rows() - table.skipped.len();
            let arrays = self.arrays(&table, kept);
            let arrays = match arrays {
                Ok(arrays) => arrays,
                Err((place, cell)) => {
                    let offset = table.row_start_of(cell.row);
                    return Err(self.bad_cell(rows, offset, place, cell));
                }
            };
            let ended = table.rows() == 0 && bad.is_none();
            if kept > 0 {
                self.ready.push_back((arrays, kept));
            }
            self.records += u64::try_from(kept).unwrap_or(0);
            if let Some(bad) = bad {
                return Err(self.bad_row(rows, bad));
            }
            if ended {
                return Ok(());
            }
        }
    }

    fn arrays(
        &self,
        table: &super::fields::Table<'_>,
        kept: usize,
    ) -> Result<Vec<ArrayRef>, (usize, BadCell)> {
        let format = &self.format;
        // Fields that nobody reads are not converted, as in the service.
        let mut first_bad: Option<(usize, BadCell)> = None;
        let mut arrays = Vec::with_capacity(self.projection.len());
        for at in &*self.projection {
            let SourceColumn::Field(place) = self.source.columns[*at] else {
                let ty = &self.columns[*at].ty;
                arrays.push(file_column(&self.source, self.file, *at, ty, kept));
                continue;
            };
            match convert::column(table, place, &self.columns[*at].ty, format, self.now) {
                Ok(array) => arrays.push(array),
                Err(bad) => {
                    if first_bad
                        .as_ref()
                        .is_none_or(|(_, known)| bad.row < known.row)
                    {
                        first_bad = Some((*at, bad));
                    }
                }
            }
        }
        first_bad.map_or(Ok(arrays), Err)
    }

    /// The row at an offset of the text, for messages.
    fn row_text(&self, rows: &[u8], offset: usize) -> String {
        let rest = &rows[offset.min(rows.len())..];
        let end = self.cutter.first_row_end(rest, true).unwrap_or(rest.len());
        let text = String::from_utf8_lossy(&rest[..end]);
        text.trim_end_matches(['\r', '\n'])
            .chars()
            .take(200)
            .collect()
    }

    /// The line of the file that holds an offset of the current text.
    fn line_of(&self, rows: &[u8], offset: usize) -> u64 {
        let before = rows[..offset.min(rows.len())]
            .iter()
            .filter(|b| **b == b'\n')
            .count();
        let mut line = 1 + u64::try_from(before).unwrap_or(0);
        if let (Bytes::Range { input, .. }, None) = (&self.bytes, &self.decoder) {
            let mut at = 0;
            let mut buffer = vec![0; CHUNK];
            while at < self.offset {
                let left = usize::try_from(self.offset - at)
                    .unwrap_or(CHUNK)
                    .min(CHUNK);
                match input.read_at(at, &mut buffer[..left]) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => {
                        let ends = buffer[..read].iter().filter(|b| **b == b'\n').count();
                        line += u64::try_from(ends).unwrap_or(0);
                        at += u64::try_from(read).unwrap_or(1);
                    }
                }
            }
        } else {
            line += self.records + self.format.skip_first_rows;
        }
        line
    }

    fn bad_row(&self, rows: &[u8], bad: BadRowAt) -> RuntimeError {
        let expected = TextFormat::width(&self.source.columns);
        // The scanner names the field at fault; its row begins after the end before it.
        let start = self.start_of_row(rows, bad.offset);
        let (code, message) = match bad.issue {
            RowIssue::TooMany { found } => (
                Code::E_RUNTIME_USER_EXTRACT_ROW_DELIMITER_EXPECTED,
                format!(
                    "Too many columns in input record. Expected {expected} column(s) but processed {found} column(s)"
                ),
            ),
            RowIssue::TooFew { found } => (
                Code::E_RUNTIME_USER_EXTRACT_UNEXPECTED_NUMBER_COLUMNS,
                format!(
                    "Unexpected number of columns in input record. Expected {expected} column(s) but processed {found} column(s)"
                ),
            ),
            RowIssue::OpenQuote => (
                Code::E_RUNTIME_USER_EXTRACT_INVALID_CHARACTER_AFTER_TEXTQUALIFIER,
                "The row ends inside a quoted field".to_owned(),
            ),
            RowIssue::AfterQuote => (
                Code::E_RUNTIME_USER_EXTRACT_INVALID_CHARACTER_AFTER_TEXTQUALIFIER,
                "Invalid character after the text qualifier in a quoted field".to_owned(),
            ),
        };
        let mut error = RuntimeError::new(code, message);
        error.row = Some(Box::new(BadRow {
            file: self.path().clone(),
            line: self.line_of(rows, start),
            column_index: None,
            column_name: None,
            text: self.row_text(rows, start),
        }));
        error
    }

    fn start_of_row(&self, rows: &[u8], offset: usize) -> usize {
        match &self.cutter {
            Cutter::Plain(_) => self
                .cutter
                .whole_rows(&rows[..offset.min(rows.len())], false),
            Cutter::General(_) => offset,
        }
    }

    fn bad_cell(
        &self,
        rows: &[u8],
        offset: Option<usize>,
        place: usize,
        bad: BadCell,
    ) -> RuntimeError {
        let column = &self.columns[place];
        let start = offset.unwrap_or(0);
        if let CellIssue::Row(issue) = bad.issue {
            return self.bad_row(
                rows,
                BadRowAt {
                    issue,
                    offset: start,
                },
            );
        }
        let processed = self.records + u64::try_from(bad.row).unwrap_or(0);
        let message = format!(
            "Error occured while extracting row after processing {processed} record(s) in the vertex' input split. Column index: {place}, column name: '{}'.",
            column.name
        );
        let (code, inner) = match bad.issue {
            CellIssue::Null => (
                Code::E_RUNTIME_USER_EXTRACT_COLUMN_CONVERSION_NULL_ERROR,
                format!(
                    "Null value for the non-nullable column of type '{}'",
                    column.ty
                ),
            ),
            _ => (
                Code::E_RUNTIME_USER_EXTRACT_COLUMN_CONVERSION_INVALID_ERROR,
                format!("The field is no value of the type '{}'", column.ty),
            ),
        };
        let mut error = RuntimeError::new(Code::E_RUNTIME_USER_EXTRACT_ROW_ERROR, message)
            .with_inner(format!("{code}: {inner}"));
        error.row = Some(Box::new(BadRow {
            file: self.path().clone(),
            line: self.line_of(rows, start),
            column_index: Some(place),
            column_name: Some(column.name.clone()),
            text: self.row_text(rows, start),
        }));
        error
    }
}

/// The place behind a byte-order mark and the rows to be passed over.
fn data_start(
    input: &dyn InputFile,
    cutter: &Cutter,
    encoding: &Encoding,
    skip: u64,
) -> std::io::Result<u64> {
    let mark = encoding.byte_order_mark();
    let mut head = [0; 4];
    let read = input.read_at(0, &mut head)?;
    let mut at = if head[..read].starts_with(mark) {
        u64::try_from(mark.len()).unwrap_or(0)
    } else {
        0
    };
    for _ in 0..skip {
        at = row_end(input, cutter, at)?;
    }
    Ok(at)
}

/// The place behind the first row end at or after `from`; the file's end if
/// there is none.
fn row_end(input: &dyn InputFile, cutter: &Cutter, from: u64) -> std::io::Result<u64> {
    let mut text = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let at = from + u64::try_from(text.len()).unwrap_or(0);
        let read = input.read_at(at, &mut buffer)?;
        text.extend_from_slice(&buffer[..read]);
        if let Some(end) = cutter.first_row_end(&text, read == 0) {
            return Ok(from + u64::try_from(end).unwrap_or(0));
        }
        if read == 0 {
            return Ok(at);
        }
    }
}

/// The first place at or after `at` where a row begins: behind the first row
/// end that has a byte at or after `at - 1`.
fn row_boundary(
    input: &dyn InputFile,
    cutter: &Cutter,
    at: u64,
    first: u64,
) -> std::io::Result<u64> {
    if at <= first {
        return Ok(first);
    }
    row_end(input, cutter, at - 1)
}

/// Only columns of these types can be extracted from text.
pub(crate) fn is_extractable(ty: &Type) -> bool {
    ty.is_column_type() && !matches!(ty, Type::SqlArray(_) | Type::SqlMap(..))
}
