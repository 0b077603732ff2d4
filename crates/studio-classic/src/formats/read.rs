//! Reads a whole text into a frame, on several threads.
//!
//! Threads take chunks in turn. Without a schema each column is built as the type it seems to have
//! so far; what a later cell proves wrong is built again from a second read of those chunks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::chunks::{ChunkError, Chunks, Input, widen};
use super::draft::{Draft, draft, rebuild};
use super::head::{self, Head};
use super::infer::{Evidence, Guess};
use super::layout::Layout;
use super::scan::Table;
use super::schema::Plan;
use super::source::Source;
use super::{FormatError, Frame, ReadOptions};

/// Reads `input` from its beginning to its end.
pub(super) fn read(
    input: &mut dyn Input,
    layout: &Layout,
    options: &ReadOptions,
    chunk_bytes: usize,
) -> Result<Frame, FormatError> {
    let text = Text::open(input, layout, options, chunk_bytes)?;
    match text.known_schema(options) {
        Some(schema) => {
            let plan = Plan::new(&schema, &text.names, layout.header)?;
            read_planned(&text.source, &text.table, &plan, text.threads)
        }
        None => read_inferred(&text, options.pandas_compat),
    }
}

/// The schema that [`read`] gives its frame. Holds no more than a chunk per thread.
pub(super) fn infer(
    input: &mut dyn Input,
    layout: &Layout,
    options: &ReadOptions,
    chunk_bytes: usize,
) -> Result<SchemaRef, FormatError> {
    let text = Text::open(input, layout, options, chunk_bytes)?;
    if let Some(schema) = text.known_schema(options) {
        return Ok(schema);
    }
    let seen = text.nothing_seen();
    let rows = text.source.for_each(text.threads, |chunk| {
        Ok(draft(&text.table, chunk, &seen)?.rows())
    })?;
    let columns = conclude(&seen, rows.iter().sum(), options.pandas_compat);
    Ok(text.schema(&columns))
}

/// A text whose head has been read.
struct Text<'i> {
    source: Source<'i>,
    table: Table,
    names: Vec<String>,
    threads: usize,
}

impl<'i> Text<'i> {
    fn open(
        input: &'i mut dyn Input,
        layout: &Layout,
        options: &ReadOptions,
        chunk_bytes: usize,
    ) -> Result<Self, FormatError> {
        let mut chunks = Chunks::open(
            input,
            &layout.dialect,
            chunk_bytes,
            options.max_record_bytes,
        )?;
        let len = chunks.input_len()?;
        let most = usize::try_from(len / widen(chunk_bytes)).unwrap_or(usize::MAX);
        let threads = options.thread_count().get().min(most.saturating_add(1));

        let mut first = Vec::new();
        let (offset, head) = match read_head(&mut chunks, layout, &mut first) {
            Ok(found) => found,
            Err(error) => return Err(chunks.locate(error)),
        };
        chunks.suit_width(head.names.len());
        Ok(Self {
            source: Source::new(chunks, offset, first),
            table: Table {
                layout: layout.clone(),
                width: head.names.len(),
                batch_rows: options.rows_per_batch(),
            },
            names: head.names,
            threads,
        })
    }

    /// The schema, if the rows have no say in it.
    fn known_schema(&self, options: &ReadOptions) -> Option<SchemaRef> {
        match &options.schema {
            Some(schema) => Some(schema.clone()),
            None if self.table.layout.literal => Some(schema_of(&self.names, vec![DataType::Utf8])),
            None => None,
        }
    }

    fn nothing_seen(&self) -> Vec<AtomicU16> {
        self.names.iter().map(|_| AtomicU16::new(0)).collect()
    }

    fn schema(&self, columns: &[(Guess, DataType)]) -> SchemaRef {
        let types = columns.iter().map(|(_, data_type)| data_type.clone());
        schema_of(&self.names, types.collect())
    }
}

/// What every column turns out to be.
fn conclude(seen: &[AtomicU16], rows: usize, pandas_compat: bool) -> Vec<(Guess, DataType)> {
    let evidence = seen
        .iter()
        .map(|bits| Evidence::from_bits(bits.load(Ordering::Relaxed)));
    evidence
        .map(|evidence| (evidence.guess(), evidence.conclude(rows, pandas_compat)))
        .collect()
}

/// Reads the head, and into `text` the chunk of the first row, whose offset is returned.
fn read_head(
    chunks: &mut Chunks<'_>,
    layout: &Layout,
    text: &mut Vec<u8>,
) -> Result<(u64, Head), ChunkError> {
    let mut end = 0;
    let (mut offset, head) = loop {
        let next = chunks.next(text)?;
        let offset = next.unwrap_or(end);
        if let Some(head) = head::read(layout, text, offset)? {
            break (offset + widen(head.len), head);
        }
        if next.is_none() {
            return Err(head::empty(end).into());
        }
        end = offset + widen(text.len());
    };
    text.drain(..head.len);
    while !head::has_record(layout, text)
        && let Some(next) = chunks.next(text)?
    {
        offset = next;
    }
    Ok((offset, head))
}

fn schema_of(names: &[String], types: Vec<DataType>) -> SchemaRef {
    let fields = names
        .iter()
        .zip(types)
        .map(|(name, data_type)| Field::new(name, data_type, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn read_planned(
    source: &Source<'_>,
    table: &Table,
    plan: &Plan,
    threads: usize,
) -> Result<Frame, FormatError> {
    let batches = source.for_each(threads, |chunk| plan.parse(table, chunk))?;
    let batches: Result<Vec<_>, FormatError> = batches
        .into_iter()
        .flatten()
        .map(|(rows, columns)| batch(plan.schema(), rows, columns))
        .collect();
    Frame::try_new(plan.schema().clone(), batches?)
}

/// A batch that may have no column but still has rows.
pub(super) fn batch(
    schema: &SchemaRef,
    rows: usize,
    columns: Vec<ArrayRef>,
) -> Result<RecordBatch, FormatError> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(
        schema.clone(),
        columns,
        &options,
    )?)
}

fn read_inferred(text: &Text<'_>, pandas_compat: bool) -> Result<Frame, FormatError> {
    let (source, table, threads) = (&text.source, &text.table, text.threads);
    let seen = text.nothing_seen();
    let mut drafts = source.for_each(threads, |chunk| draft(table, chunk, &seen))?;
    let columns = conclude(&seen, drafts.iter().map(Draft::rows).sum(), pandas_compat);
    for draft in &mut drafts {
        draft.settle(&columns)?;
    }
    rebuild(source, table, &columns, &mut drafts, threads)?;

    let schema = text.schema(&columns);
    let mut batches = Vec::new();
    for draft in drafts {
        let sizes = draft.batches.clone();
        let mut columns = draft.into_columns();
        for rows in sizes {
            let arrays = columns
                .iter_mut()
                .map(|arrays| arrays.next().expect("one per batch"));
            batches.push(batch(&schema, rows, arrays.collect())?);
        }
    }
    Frame::try_new(schema, batches)
}
