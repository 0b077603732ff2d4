//! The first rows of a table as text, for people who look at the catalog.

use std::io;

use parquet::file::metadata::ParquetMetaData;

use super::read::open;
use crate::catalog::Table;
use crate::cs::{CsError, format};
use crate::expr::column::{Reader, default_value};
use crate::store::FileStore;

/// The first rows of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// How many rows the table has.
    pub total: u64,
    /// The first of them: a text for each column, empty for null.
    pub rows: Vec<Vec<String>>,
}

/// Reads at most `most` rows of a table, or of the partitions of it that are left in `table`.
///
/// # Errors
/// When a file of the table cannot be read.
pub fn preview(table: &Table, store: &dyn FileStore, most: usize) -> io::Result<Preview> {
    let mut shown = Preview::default();
    for path in table
        .partitions
        .iter()
        .flat_map(|partition| &partition.files)
    {
        let reader = open(store, path)?.map_err(io::Error::other)?;
        shown.total += rows(reader.metadata());
        let wanted = most.saturating_sub(shown.rows.len());
        if wanted == 0 {
            continue;
        }
        for batch in reader
            .with_limit(wanted)
            .build()
            .map_err(io::Error::other)?
        {
            let batch = batch.map_err(io::Error::other)?;
            let readers: Vec<Option<Reader>> = table
                .columns
                .iter()
                .map(|column| {
                    let array = batch.column_by_name(&column.name)?;
                    Some(Reader::new(array, &column.ty))
                })
                .collect();
            for row in 0..batch.num_rows() {
                let cells = table.columns.iter().zip(&readers).map(|(column, reader)| {
                    let value = match reader {
                        Some(reader) => reader.value(row)?,
                        None => default_value(&column.ty),
                    };
                    Ok(format::to_string(&value, &column.ty))
                });
                let cells: Result<_, CsError> = cells.collect();
                shown
                    .rows
                    .push(cells.map_err(|error| io::Error::other(error.to_string()))?);
            }
        }
    }
    Ok(shown)
}

fn rows(metadata: &ParquetMetaData) -> u64 {
    u64::try_from(metadata.file_metadata().num_rows()).unwrap_or(0)
}
