//! Reads a whole text into a frame, on several threads.
//!
//! Threads take chunks in turn. Without a schema each column is built as the type it seems to have
//! so far; what a later cell proves wrong is built again from a second read of those chunks.

use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{
    ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::cell::Cell;
use super::chunks::{ChunkError, Chunks, Fault, Input, changed, widen};
use super::column::{Cells, Kind};
use super::head::{self, Head};
use super::infer::{Evidence, Guess};
use super::layout::Layout;
use super::scan::{Built, Chunk, GiveUp, Table, Wanted};
use super::schema::Plan;
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
        Ok(Self {
            source: Source {
                queue: Mutex::new(Queue {
                    chunks,
                    first: Some((offset, first)),
                    next: 0,
                    stopped: false,
                }),
            },
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

/// Where threads take their chunks from.
struct Source<'i> {
    queue: Mutex<Queue<'i>>,
}

struct Queue<'i> {
    chunks: Chunks<'i>,
    /// The first chunk, without the header.
    first: Option<(u64, Vec<u8>)>,
    next: usize,
    stopped: bool,
}

impl<'i> Source<'i> {
    fn queue(&self) -> MutexGuard<'_, Queue<'i>> {
        lock(&self.queue)
    }

    /// Takes the next chunk into `text`: its number and offset. After an error there is none.
    fn take(&self, text: &mut Vec<u8>) -> Option<(usize, Result<u64, ChunkError>)> {
        let mut queue = self.queue();
        if queue.stopped {
            return None;
        }
        let number = queue.next;
        queue.next += 1;
        if let Some((offset, first)) = queue.first.take() {
            *text = first;
            return Some((number, Ok(offset)));
        }
        let offset = queue.chunks.next(text).transpose()?;
        queue.stopped = offset.is_err();
        Some((number, offset))
    }

    /// Parses every chunk and returns the results in order.
    ///
    /// # Errors
    ///
    /// The error in the earliest chunk, whichever thread comes upon one first.
    fn for_each<T: Send>(
        &self,
        threads: usize,
        parse: impl Fn(Chunk<'_>) -> Result<T, Fault> + Sync,
    ) -> Result<Vec<T>, FormatError> {
        let parsed = Mutex::new(Vec::new());
        on_threads(threads, || {
            let mut text = Vec::new();
            while let Some((number, offset)) = self.take(&mut text) {
                let result = offset.and_then(|offset| {
                    let first = number == 0;
                    Ok(parse(Chunk {
                        text: &text,
                        offset,
                        first,
                    })?)
                });
                if result.is_err() {
                    self.queue().stopped = true;
                }
                lock(&parsed).push((number, result));
            }
        });
        let mut parsed = parsed.into_inner().unwrap_or_else(PoisonError::into_inner);
        parsed.sort_unstable_by_key(|(number, _)| *number);
        let parsed: Result<_, ChunkError> = parsed.into_iter().map(|(_, result)| result).collect();
        parsed.map_err(|error| self.queue().chunks.locate(error))
    }
}

/// A panic in another thread comes out when the scope ends, so its lock is good enough here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` on this thread and on others besides it.
fn on_threads(threads: usize, work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(&work);
        }
        work();
    });
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

/// A chunk as it was built from what was known then.
struct Draft {
    offset: u64,
    len: usize,
    batches: Vec<usize>,
    columns: Vec<DraftColumn>,
}

struct DraftColumn {
    guess: Guess,
    found: Evidence,
    /// One per batch; none where the guess makes nothing.
    arrays: Vec<ArrayRef>,
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
        let mut columns: Vec<_> = draft
            .columns
            .into_iter()
            .map(|c| c.arrays.into_iter())
            .collect();
        for rows in draft.batches {
            let arrays = columns
                .iter_mut()
                .map(|arrays| arrays.next().expect("one per batch"));
            batches.push(batch(&schema, rows, arrays.collect())?);
        }
    }
    Frame::try_new(schema, batches)
}

/// Builds every column of a chunk as what it is so far, in as many scans as it takes.
fn draft(table: &Table, chunk: Chunk<'_>, seen: &[AtomicU16]) -> Result<Draft, Fault> {
    let cells = Cells {
        text: chunk.text,
        dialect: &table.layout.dialect,
        literal: table.layout.literal,
    };
    let mut columns: Vec<Option<DraftColumn>> = seen.iter().map(|_| None).collect();
    let mut evidence: Vec<Evidence> = seen
        .iter()
        .map(|bits| Evidence::from_bits(bits.load(Ordering::Relaxed)))
        .collect();
    let mut batches = Vec::new();
    let mut scratch = Vec::new();
    loop {
        let wanted: Vec<Wanted> = (0..columns.len())
            .filter(|column| columns[*column].is_none())
            .map(|column| Wanted {
                column,
                kind: evidence[column].guess().into(),
            })
            .collect();
        if wanted.is_empty() {
            break;
        }
        let scanned = table.scan(chunk, &wanted, GiveUp::WhenNoneFits);
        if let Some(fault) = scanned.fault {
            return Err(fault);
        }
        batches = scanned.batches;
        for (wanted, built) in wanted.iter().zip(scanned.columns) {
            let known = &mut evidence[wanted.column];
            match built {
                Built::Misfit(field) => {
                    *known = known.and(Evidence::of(Cell::of(cells.get(field, &mut scratch))));
                }
                Built::Arrays(arrays, found) => {
                    let guess = known.guess();
                    *known = known.and(found);
                    columns[wanted.column] = Some(DraftColumn {
                        guess,
                        found,
                        arrays,
                    });
                }
            }
        }
    }
    for (bits, known) in seen.iter().zip(evidence) {
        bits.fetch_or(known.bits(), Ordering::Relaxed);
    }
    Ok(Draft {
        offset: chunk.offset,
        len: chunk.text.len(),
        batches,
        columns: columns
            .into_iter()
            .map(|c| c.expect("the loop ends when all are built"))
            .collect(),
    })
}

impl Draft {
    fn rows(&self) -> usize {
        self.batches.iter().sum()
    }

    /// Turns arrays into those of the concluded types. A column whose arrays do not hold what is
    /// needed is emptied: it has to be built again.
    fn settle(&mut self, columns: &[(Guess, DataType)]) -> Result<(), FormatError> {
        for (column, (guess, data_type)) in self.columns.iter_mut().zip(columns) {
            match (column.guess, data_type) {
                (Guess::Missing, data_type) => {
                    let rows = self.batches.iter();
                    column.arrays = rows.map(|rows| new_null_array(data_type, *rows)).collect();
                }
                (Guess::Integer, DataType::Int64)
                | (Guess::Float, DataType::Float64)
                | (Guess::Bool, DataType::Boolean)
                | (Guess::Text, DataType::Utf8) => {}
                (Guess::Integer, DataType::Float64)
                    if *guess == Guess::Float && column.found.any(Evidence::MINUS_ZERO) =>
                {
                    column.arrays.clear();
                }
                (Guess::Integer, DataType::UInt64 | DataType::Float64) => {
                    for array in &mut column.arrays {
                        *array = cast(array, data_type)?;
                    }
                }
                (Guess::Bool, DataType::Utf8) if *guess == Guess::Bool => {
                    for array in &mut column.arrays {
                        *array = python_booleans(array);
                    }
                }
                _ => column.arrays.clear(),
            }
        }
        Ok(())
    }

    /// The columns that lack their arrays.
    fn lacking(&self, columns: &[(Guess, DataType)]) -> Vec<Wanted> {
        let lacking = self.columns.iter().zip(columns).enumerate();
        lacking
            .filter(|(_, (column, _))| column.arrays.len() < self.batches.len())
            .map(|(column, (_, (_, data_type)))| Wanted {
                column,
                kind: match data_type {
                    DataType::UInt64 => Kind::UInt64,
                    DataType::Float64 => Kind::Float64,
                    _ => Kind::Text,
                },
            })
            .collect()
    }
}

/// `True` and `False`, as the text that pandas makes of such a column.
fn python_booleans(array: &ArrayRef) -> ArrayRef {
    let text = array
        .as_boolean()
        .iter()
        .map(|value| Some(if value? { "True" } else { "False" }));
    Arc::new(text.collect::<StringArray>())
}

/// Reads chunks again for the columns that lack arrays.
fn rebuild(
    source: &Source<'_>,
    table: &Table,
    columns: &[(Guess, DataType)],
    drafts: &mut [Draft],
    threads: usize,
) -> Result<(), FormatError> {
    let lacking: Vec<(usize, Vec<Wanted>)> = drafts
        .iter()
        .map(|draft| draft.lacking(columns))
        .enumerate()
        .filter(|(_, wanted)| !wanted.is_empty())
        .collect();
    let next = AtomicUsize::new(0);
    let rebuilt = Mutex::new(Vec::new());
    on_threads(threads.min(lacking.len()), || {
        let mut text = Vec::new();
        while let Some((number, wanted)) = lacking.get(next.fetch_add(1, Ordering::Relaxed)) {
            let draft = &drafts[*number];
            let arrays = read_columns(source, table, draft, wanted, &mut text);
            rebuilt
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((*number, wanted, arrays));
        }
    });
    for (number, wanted, arrays) in rebuilt.into_inner().unwrap_or_else(PoisonError::into_inner) {
        for (wanted, arrays) in wanted.iter().zip(arrays?) {
            drafts[number].columns[wanted.column].arrays = arrays;
        }
    }
    Ok(())
}

fn read_columns(
    source: &Source<'_>,
    table: &Table,
    draft: &Draft,
    wanted: &[Wanted],
    text: &mut Vec<u8>,
) -> Result<Vec<Vec<ArrayRef>>, FormatError> {
    source
        .queue()
        .chunks
        .read_again(draft.offset, draft.len, text)?;
    let chunk = Chunk {
        text,
        offset: draft.offset,
        first: false,
    };
    let scanned = table.scan(chunk, wanted, GiveUp::WhenOneMisfits);
    if scanned.fault.is_some() || scanned.batches != draft.batches {
        return Err(changed().into());
    }
    let columns = scanned.columns.into_iter().map(|built| match built {
        Built::Arrays(arrays, _) => Ok(arrays),
        Built::Misfit(_) => Err(changed().into()),
    });
    columns.collect()
}
