//! One scan of a chunk: some of its columns become arrays.

use arrow::array::ArrayRef;
use azml_delimited::{Field, Records, ScanError, ScanErrorKind, Scanner};

use super::chunks::{Fault, widen};
use super::column::{Cells, ColumnBuilder, Kind};
use super::infer::Evidence;
use super::layout::Layout;

/// A chunk of text and its place in the input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk<'t> {
    pub(super) text: &'t [u8],
    pub(super) offset: u64,
    /// The data begin here: the first record is the first row.
    pub(super) first: bool,
}

/// What all chunks of one text have in common.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) layout: Layout,
    /// Fields of a record.
    pub(super) width: usize,
    pub(super) batch_rows: usize,
}

/// A column to be built.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Position in the record.
    pub(super) column: usize,
    pub(super) kind: Kind,
}

/// What became of a wanted column.
#[derive(Debug)]
pub(super) enum Built {
    /// One array per batch; none for a kind that makes nothing.
    Arrays(Vec<ArrayRef>, Evidence),
    /// The first field that does not fit.
    Misfit(Field),
}

/// What a scan gives.
#[derive(Debug)]
pub(super) struct Scanned {
    /// Rows of each batch.
    pub(super) batches: Vec<usize>,
    /// One per wanted column.
    pub(super) columns: Vec<Built>,
    /// Why the scan ended early. Everything before that is in `columns`.
    pub(super) fault: Option<Fault>,
}

/// When a scan gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GiveUp {
    /// When no column is left that fits.
    WhenNoneFits,
    /// When one column does not fit.
    WhenOneMisfits,
}

/// Fields looked at together: their positions and text stay in the processor's cache.
const FIELDS_PER_BLOCK: usize = 16 * 1024;

impl Table {
    pub(super) fn scan(&self, chunk: Chunk<'_>, wanted: &[Wanted], give_up: GiveUp) -> Scanned {
        let dialect = &self.layout.dialect;
        let cells = Cells {
            text: chunk.text,
            dialect,
            literal: self.layout.literal,
        };
        let mut columns: Vec<Building> = wanted.iter().map(Building::new).collect();
        let mut scanner = Scanner::new(chunk.text, dialect);
        let mut records = Records::new(self.width);
        let block_rows = (FIELDS_PER_BLOCK / self.width).max(1);
        let mut batches = Vec::new();
        let mut rows = 0;
        let mut scan_error = None;
        loop {
            let limit = block_rows.min(self.batch_rows - rows);
            records.clear();
            if let Err(error) = scanner.read(&mut records, limit) {
                scan_error = Some(error);
            }
            rows += records.len();
            for column in &mut columns {
                column.append(&records, cells);
            }
            let misfits = columns.iter().filter(|c| c.misfit.is_some()).count();
            let ended = records.len() < limit
                || scan_error.is_some()
                || match give_up {
                    GiveUp::WhenNoneFits => misfits == columns.len(),
                    GiveUp::WhenOneMisfits => misfits > 0,
                };
            if rows > 0 && (ended || rows == self.batch_rows) {
                batches.push(rows);
                rows = 0;
                let finished = columns.iter_mut().all(Building::finish);
                if !finished {
                    break; // text that is not UTF-8: `fault` finds it
                }
            }
            if ended {
                break;
            }
        }
        let no_rows = chunk.first && batches.is_empty();
        let fault = self.fault(chunk, scan_error, no_rows, &columns);
        Scanned {
            batches,
            columns: columns.into_iter().map(Building::into_built).collect(),
            fault,
        }
    }

    /// The earliest thing that is wrong with a chunk whatever the types of its columns.
    fn fault(
        &self,
        chunk: Chunk<'_>,
        error: Option<ScanError>,
        no_rows: bool,
        columns: &[Building],
    ) -> Option<Fault> {
        let not_text = columns.iter().any(|c| c.not_text);
        if error.is_none() && !not_text {
            return None;
        }
        let end = error.map_or(chunk.text.len(), |error| error.offset);
        if let Err(invalid) = std::str::from_utf8(&chunk.text[..end]) {
            let offset = chunk.offset + widen(invalid.valid_up_to());
            return Some(Fault::new(offset, "invalid UTF-8"));
        }
        let error = error?;
        let reason = match error.kind {
            ScanErrorKind::TooManyFields { expected, found } if no_rows && self.layout.header => {
                format!(
                    "the first row has {found} fields, but the header names {expected} columns; \
                     surplus fields are not taken as row labels"
                )
            }
            _ => error.to_string(),
        };
        Some(Fault::new(chunk.offset + widen(error.offset), reason))
    }
}

/// A wanted column on its way.
struct Building {
    column: usize,
    kind: Kind,
    builder: ColumnBuilder,
    arrays: Vec<ArrayRef>,
    misfit: Option<Field>,
    /// Its text is not UTF-8.
    not_text: bool,
}

impl Building {
    fn new(wanted: &Wanted) -> Self {
        Self {
            column: wanted.column,
            kind: wanted.kind,
            builder: ColumnBuilder::new(wanted.kind),
            arrays: Vec::new(),
            misfit: None,
            not_text: false,
        }
    }

    fn append(&mut self, records: &Records, cells: Cells<'_>) {
        if self.misfit.is_none()
            && let Err(field) = self.builder.append(records.column(self.column), cells)
        {
            self.misfit = Some(field);
            // any UTF-8 fits a text column
            self.not_text = self.kind == Kind::Text;
        }
    }

    /// Ends a batch; `false` when the scan is not worth going on with.
    fn finish(&mut self) -> bool {
        if self.misfit.is_none() {
            match self.builder.finish() {
                Ok(array) => self.arrays.extend(array),
                Err(_) => self.not_text = true,
            }
        }
        !self.not_text
    }

    fn into_built(self) -> Built {
        match self.misfit {
            Some(field) => Built::Misfit(field),
            None => Built::Arrays(self.arrays, self.builder.evidence()),
        }
    }
}
