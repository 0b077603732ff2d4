//! Text that comes in pieces, decoded with a given schema.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use azml_delimited::{LineCounter, Splitter};

use super::chunks::{BYTE_ORDER_MARK, Fault, widen, width_factor};
use super::head;
use super::layout::Layout;
use super::read::batch;
use super::scan::{Chunk, Table};
use super::schema::Plan;
use super::{FormatError, ParseError, ReadOptions};
use crate::DataTypeId;

/// Text is parsed when this much of it has come.
const PARSE_BYTES: usize = 1 << 20;

/// Decodes text piece by piece into batches of a given schema.
///
/// Memory is bounded: it holds about 1 MiB of text, up to 16 MiB in tables of very many columns, or
/// one record where that is larger.
///
/// ```
/// use std::sync::Arc;
/// use arrow::datatypes::{DataType, Field, Schema};
/// use azml_studio_classic::DataTypeId;
/// use azml_studio_classic::formats::{Decoder, ReadOptions};
///
/// let schema = Arc::new(Schema::new(vec![Field::new("age", DataType::Int64, true)]));
/// let mut decoder = Decoder::new(&DataTypeId::GenericCsv, schema, &ReadOptions::default())?;
/// let mut batches = decoder.push(b"name,age\nAnn,4")?;
/// batches.extend(decoder.push(b"1\nBob,\n")?);
/// batches.extend(decoder.finish()?);
/// let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
/// assert_eq!(rows, 2);
/// # Ok::<(), azml_studio_classic::formats::FormatError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    layout: Layout,
    schema: SchemaRef,
    batch_rows: usize,
    parse_bytes: usize,
    max_record: usize,
    splitter: Splitter,
    buffer: Vec<u8>,
    /// Counts the lines before the buffer.
    lines: LineCounter,
    started: bool,
    columns: Option<(Table, Plan)>,
    first: bool,
}

impl Decoder {
    /// A decoder for data of a type with the columns of a schema: found by name where the type has
    /// a header (other columns are left out), by position where it has none.
    ///
    /// Of the options, `batch_rows` and `max_record_bytes` apply.
    ///
    /// # Errors
    ///
    /// [`FormatError::UnsupportedDataType`] for types other than the four delimited ones and plain
    /// text.
    pub fn new(
        id: &DataTypeId,
        schema: SchemaRef,
        options: &ReadOptions,
    ) -> Result<Self, FormatError> {
        let layout = Layout::of(id)?;
        Ok(Self {
            splitter: Splitter::new(&layout.dialect),
            layout,
            schema,
            batch_rows: options.rows_per_batch(),
            parse_bytes: PARSE_BYTES,
            max_record: options.max_record_bytes.min(1 << 28),
            buffer: Vec::new(),
            lines: LineCounter::default(),
            started: false,
            columns: None,
            first: true,
        })
    }

    /// Parses as soon as so many bytes have come, so that tests need little text.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn set_parse_bytes(&mut self, bytes: usize) {
        self.parse_bytes = bytes;
    }

    /// The schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Takes the next piece of text and returns the batches that are complete.
    ///
    /// # Errors
    ///
    /// Malformed text, text that does not fit the schema, or a schema that does not fit the text.
    /// The decoder is of no use after an error.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<Vec<RecordBatch>, FormatError> {
        let mut batches = Vec::new();
        while !piece.is_empty() {
            let len = piece.len().min(self.parse_bytes);
            self.buffer.extend_from_slice(&piece[..len]);
            piece = &piece[len..];
            self.drop_byte_order_mark();
            if !self.started || self.buffer.len() < self.parse_bytes {
                continue;
            }
            let end = self.splitter.scan(&self.buffer);
            if end == 0 && self.buffer.len() > self.max_record {
                return Err(self.record_too_long());
            }
            if end > 0 {
                self.parse(end, &mut batches)?;
                self.splitter.consume(end);
            }
        }
        Ok(batches)
    }

    /// Ends the text and returns the last batches.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push); also a delimited text without any record.
    pub fn finish(mut self) -> Result<Vec<RecordBatch>, FormatError> {
        let mut batches = Vec::new();
        self.parse(self.buffer.len(), &mut batches)?;
        if self.columns.is_none() {
            return Err(self.locate(&head::empty(0)));
        }
        Ok(batches)
    }

    fn drop_byte_order_mark(&mut self) {
        if !self.started && self.buffer.len() >= BYTE_ORDER_MARK.len() {
            self.started = true;
            if self.buffer.starts_with(BYTE_ORDER_MARK) {
                self.buffer.drain(..BYTE_ORDER_MARK.len());
            }
        }
    }

    /// Parses the first `end` bytes of the buffer, which are whole records, and drops them.
    fn parse(&mut self, end: usize, batches: &mut Vec<RecordBatch>) -> Result<(), FormatError> {
        let mut start = 0;
        if self.columns.is_none() {
            let head = head::read(&self.layout, &self.buffer[..end], 0);
            if let Some(head) = head.map_err(|fault| self.locate(&fault))? {
                let plan = Plan::new(&self.schema, &head.names, self.layout.header)?;
                let table = Table {
                    layout: self.layout.clone(),
                    width: head.names.len(),
                    batch_rows: self.batch_rows,
                };
                self.parse_bytes *= width_factor(table.width);
                self.columns = Some((table, plan));
                start = head.len;
            }
        }
        if let Some((table, plan)) = &self.columns {
            let chunk = Chunk {
                text: &self.buffer[start..end],
                offset: widen(start),
                first: self.first,
            };
            let rows = plan
                .parse(table, chunk)
                .map_err(|fault| self.locate(&fault))?;
            self.first &= rows.is_empty();
            for (rows, columns) in rows {
                batches.push(batch(&self.schema, rows, columns)?);
            }
        }
        self.lines.push(&self.buffer[..end]);
        self.buffer.drain(..end);
        Ok(())
    }

    fn record_too_long(&self) -> FormatError {
        let limit = self.max_record;
        self.locate(&match self.splitter.open_quote() {
            Some(quote) => Fault::new(
                widen(quote),
                format!(
                    "quoted field is not closed within {limit} bytes, the longest record accepted"
                ),
            ),
            None => Fault::new(
                0,
                format!("record is longer than {limit} bytes, the longest accepted"),
            ),
        })
    }

    /// Counts the lines before a fault, whose offset is from the start of the buffer.
    fn locate(&self, fault: &Fault) -> FormatError {
        let mut lines = self.lines.clone();
        let before = usize::try_from(fault.offset).unwrap_or(usize::MAX);
        lines.push(&self.buffer[..before.min(self.buffer.len())]);
        ParseError::new(lines.location(), fault.reason.clone()).into()
    }
}
