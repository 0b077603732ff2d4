//! The primary key: that no two rows have the same.

use std::{collections::HashSet, sync::Arc};

use datafusion::arrow::{
    array::{ArrayRef, AsArray, StringArray},
    row::{OwnedRow, RowConverter, SortField},
};

use crate::sql::{
    catalog::{Segment, Table},
    error::{Result, SqlError},
};

/// Checks that no two rows have the same primary key. Each segment keeps the keys of its rows, so that only those of new
/// segments are computed.
///
/// # Errors
/// 2627.
pub(in crate::sql) fn check_primary_key(table: &Table) -> Result<()> {
    if table.definition.primary_key.is_empty() {
        return Ok(());
    }
    let twice = || {
        SqlError::new(
            2627,
            14,
            format!(
                "Violation of PRIMARY KEY constraint. Cannot insert duplicate key in object '{}.{}'.",
                table.definition.schema, table.definition.name
            ),
        )
    };
    let mut all = Vec::with_capacity(table.segments.len());
    for segment in &table.segments {
        let is_new = segment.keys.get().is_none();
        all.push((is_new, keys(table, segment)?.ok_or_else(twice)?));
    }
    for (at, (_, new)) in all.iter().enumerate().filter(|(_, (is_new, _))| *is_new) {
        // Of two new segments, the later one looks at the earlier.
        let others = all
            .iter()
            .enumerate()
            .filter(|(other, (is_new, _))| *other < at || (*other > at && !is_new));
        for (_, (_, other)) in others {
            if shares(other, new) {
                return Err(twice());
            }
        }
    }
    Ok(())
}

/// Whether two sets have a key in common.
fn shares(a: &HashSet<OwnedRow>, b: &HashSet<OwnedRow>) -> bool {
    let (small, large) = if a.len() < b.len() { (a, b) } else { (b, a) };
    small.iter().any(|key| large.contains(key))
}

/// The keys of a segment's rows; `None` where two are the same.
fn keys(table: &Table, segment: &Segment) -> Result<Option<Arc<HashSet<OwnedRow>>>> {
    if let Some(keys) = segment.keys.get() {
        return Ok(Some(Arc::clone(keys)));
    }
    let key = &table.definition.primary_key;
    let fields = key
        .iter()
        .map(|at| SortField::new(table.arrow.field(*at).data_type().clone()));
    let converter = RowConverter::new(fields.collect())?;
    let columns: Vec<ArrayRef> = key
        .iter()
        .map(|at| fold(segment.rows.column(*at)))
        .collect();
    let rows = converter.convert_columns(&columns)?;
    let keys: HashSet<OwnedRow> = rows.iter().map(|row| row.owned()).collect();
    if keys.len() < rows.num_rows() {
        return Ok(None);
    }
    let keys = Arc::new(keys);
    // Somebody else may have computed the same meanwhile.
    let _ = segment.keys.set(Arc::clone(&keys));
    Ok(Some(keys))
}

/// Text as keys compare it: without case and trailing blanks.
fn fold(array: &ArrayRef) -> ArrayRef {
    match array.as_string_opt::<i32>() {
        Some(texts) => {
            let folded = texts
                .iter()
                .map(|text| text.map(|text| text.trim_end_matches(' ').to_lowercase()));
            Arc::new(folded.collect::<StringArray>())
        }
        None => Arc::clone(array),
    }
}
