//! The columns of a text: names and number, from its first record.

use azml_delimited::Scanner;

use super::chunks::{Fault, widen};
use super::header;
use super::layout::Layout;

/// The most columns a text may have: each takes memory before it has a row, so that a text of
/// nothing but separators could take a thousand times its own size.
const MAX_COLUMNS: usize = 1 << 18;

/// The columns, and where the rows begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) names: Vec<String>,
    /// Bytes before the first row.
    pub(super) len: usize,
}

/// Reads the head of a text that starts with `text`, which stands at `offset`; `None` when there
/// is no record in it.
pub(super) fn read(layout: &Layout, text: &[u8], offset: u64) -> Result<Option<Head>, Fault> {
    if layout.literal {
        return Ok(Some(Head {
            names: header::numbered(1),
            len: 0,
        }));
    }
    let mut scanner = Scanner::new(text, &layout.dialect);
    let mut fields = Vec::new();
    let found = scanner
        .read_one(&mut fields)
        .map_err(|error| Fault::new(offset + widen(error.offset), error.to_string()))?;
    if !found {
        return Ok(None);
    }
    if let Some(surplus) = fields.get(MAX_COLUMNS) {
        let at = offset + widen(surplus.range().start);
        let reason = format!("{} columns, more than {MAX_COLUMNS}", fields.len());
        return Err(Fault::new(at, reason));
    }
    if !layout.header {
        return Ok(Some(Head {
            names: header::numbered(fields.len()),
            len: 0,
        }));
    }
    let len = scanner.position();
    if let Err(error) = std::str::from_utf8(&text[..len]) {
        let at = offset + widen(error.valid_up_to());
        return Err(Fault::new(at, "invalid UTF-8"));
    }
    let names = fields
        .iter()
        .map(|field| {
            let mut name = Vec::new();
            field.unescape_into(text, &layout.dialect, &mut name);
            String::from_utf8(name).expect("cut from UTF-8 at ASCII bytes")
        })
        .collect();
    Ok(Some(Head {
        names: header::distinct(names),
        len,
    }))
}

/// Whether a text has anything but blank lines.
pub(super) fn has_record(layout: &Layout, text: &[u8]) -> bool {
    let found = Scanner::new(text, &layout.dialect).read_one(&mut Vec::new());
    found.unwrap_or(true)
}

/// The error for a delimited text without any record.
pub(super) fn empty(offset: u64) -> Fault {
    Fault::new(offset, "no columns: the text is empty")
}
