//! Columns built as what they seem to be, and made what they are when all cells were seen.

use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, AsArray, StringArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::FormatError;
use super::cell::Cell;
use super::chunks::{Fault, changed};
use super::column::{Cells, Kind};
use super::infer::{Evidence, Guess};
use super::scan::{Built, Chunk, GiveUp, Table, Wanted};
use super::source::{Source, lock, on_threads};

/// A chunk as it was built from what was known then.
pub(super) struct Draft {
    offset: u64,
    len: usize,
    /// Rows of each.
    pub(super) batches: Vec<usize>,
    columns: Vec<DraftColumn>,
}

struct DraftColumn {
    guess: Guess,
    found: Evidence,
    /// One per batch; none where the guess makes nothing.
    arrays: Vec<ArrayRef>,
}

/// Builds every column of a chunk as what it is so far, in as many scans as it takes.
pub(super) fn draft(table: &Table, chunk: Chunk<'_>, seen: &[AtomicU16]) -> Result<Draft, Fault> {
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
    pub(super) fn rows(&self) -> usize {
        self.batches.iter().sum()
    }

    /// The arrays of each column, batch after batch.
    pub(super) fn into_columns(self) -> Vec<std::vec::IntoIter<ArrayRef>> {
        let columns = self.columns.into_iter();
        columns.map(|column| column.arrays.into_iter()).collect()
    }

    /// Turns arrays into those of the concluded types. A column whose arrays do not hold what is
    /// needed is emptied: it has to be built again.
    pub(super) fn settle(&mut self, columns: &[(Guess, DataType)]) -> Result<(), FormatError> {
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
pub(super) fn rebuild(
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
            lock(&rebuilt).push((*number, wanted, arrays));
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
    source.read_again(draft.offset, draft.len, text)?;
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
