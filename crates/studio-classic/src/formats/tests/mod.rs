//! Tests of reading and writing, by the rows of the conformance table.

#[cfg(feature = "arff")]
mod arff;
mod reading;
mod round_trip;
mod splitting;
mod typed;
mod writing;

use std::io::Cursor;

use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::layout::Layout;
use super::{FormatError, Frame, ReadOptions, read};
use crate::DataTypeId;

const FIVE_TYPES: [DataTypeId; 5] = [
    DataTypeId::GenericCsv,
    DataTypeId::GenericCsvNoHeader,
    DataTypeId::GenericTsv,
    DataTypeId::GenericTsvNoHeader,
    DataTypeId::PlainText,
];

/// Reads in chunks of a given size.
fn read_chunked(
    text: &[u8],
    id: &DataTypeId,
    options: &ReadOptions,
    chunk_bytes: usize,
) -> Result<Frame, FormatError> {
    read::read(
        &mut Cursor::new(text),
        &Layout::of(id)?,
        options,
        chunk_bytes,
    )
}

/// A line of names and types, then one line per row; text is quoted, `-` is missing.
fn show(frame: &Frame) -> String {
    let names = frame.schema().fields().iter();
    let names: Vec<_> = names
        .map(|f| format!("{}:{}", f.name(), f.data_type()))
        .collect();
    let mut lines = vec![names.join(" ")];
    for batch in frame.batches() {
        lines.extend((0..batch.num_rows()).map(|row| show_row(batch, row)));
    }
    lines.join("\n")
}

fn show_row(batch: &RecordBatch, row: usize) -> String {
    let options = FormatOptions::new();
    let cells = batch.columns().iter().map(|column| {
        if column.is_null(row) || column.data_type().is_null() {
            return "-".to_owned();
        }
        let text = ArrayFormatter::try_new(column, &options)
            .unwrap()
            .value(row)
            .to_string();
        if column.data_type().is_string() {
            format!("{text:?}")
        } else {
            text
        }
    });
    cells.collect::<Vec<_>>().join(" ")
}

/// What reading gives: the frame as [`show`] prints it, or the error.
fn outcome(result: &Result<Frame, FormatError>) -> String {
    match result {
        Ok(frame) => show(frame),
        Err(error) => format!("error: {error}"),
    }
}
