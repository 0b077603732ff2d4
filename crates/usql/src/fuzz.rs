//! What must hold for any input file. Called by the fuzz target and, over its
//! corpus, by a test.

use std::io;
use std::sync::Arc;

use crate::cs::Type;
use crate::extract::{
    CharFormat, ExtractSource, Piece, PieceReader, ReadContext, SourceColumn, SourceFile,
    SourceFormat, TextFormat,
};
use crate::rel::Column;
use crate::store::{Entry, FileInfo, FileStore, InputFile, StorePath, Transaction};
use crate::text_encoding::Encoding;

/// One file in memory.
#[derive(Debug)]
struct OneFile(Arc<[u8]>);

impl FileStore for OneFile {
    fn info(&self, _: &StorePath) -> io::Result<Option<FileInfo>> {
        let length = u64::try_from(self.0.len()).map_err(io::Error::other)?;
        Ok(Some(FileInfo {
            length,
            modified: None,
            created: None,
        }))
    }

    fn list(&self, _: &StorePath) -> io::Result<Vec<Entry>> {
        Ok(Vec::new())
    }

    fn open(&self, _: &StorePath) -> io::Result<Box<dyn InputFile>> {
        Ok(Box::new(OneInput(Arc::clone(&self.0))))
    }

    fn begin(&self) -> io::Result<Box<dyn Transaction>> {
        Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem))
    }
}

struct OneInput(Arc<[u8]>);

impl InputFile for OneInput {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(self.0.len());
        let length = buffer.len().min(self.0.len() - start);
        buffer[..length].copy_from_slice(&self.0[start..start + length]);
        Ok(length)
    }
}

/// Reads bytes as a text file. The first two bytes choose the format; whatever
/// they choose, nothing may panic, and a file read whole or in pieces gives as
/// many rows or fails.
///
/// # Panics
///
/// When this does not hold.
pub fn extract(data: &[u8]) {
    let [first, second, content @ ..] = data else {
        return;
    };
    let bit = |byte: &u8, at: u8| byte >> at & 1 == 1;
    let encodings = [
        Encoding::Utf8,
        Encoding::Ascii,
        Encoding::Utf16Le,
        Encoding::Utf16Be,
        Encoding::Utf32,
        Encoding::Utf7,
        Encoding::Windows(1252),
        Encoding::Utf8,
    ];
    let format = TextFormat {
        delimiter: if bit(first, 0) { '\t' } else { ',' },
        row_delimiter: if bit(first, 1) { Some('|') } else { None },
        encoding: encodings[usize::from(second & 7)],
        escape: if bit(first, 2) { Some('\\') } else { None },
        null_escape: if bit(first, 3) {
            Some("\\N".to_owned())
        } else {
            None
        },
        quoting: !bit(first, 4),
        silent: bit(first, 5),
        skip_first_rows: u64::from(first >> 6),
        char_format: if bit(second, 3) {
            CharFormat::String
        } else {
            CharFormat::Uint16
        },
        empty_is_null: bit(second, 4),
    };
    let types = [
        Type::String,
        Type::Nullable(Box::new(Type::Int)),
        Type::Nullable(Box::new(Type::Double)),
        Type::Nullable(Box::new(Type::DateTime)),
        Type::Nullable(Box::new(Type::Decimal)),
        Type::Nullable(Box::new(Type::Char)),
    ];
    let width = 1 + usize::from(second >> 5) % types.len();
    let columns: Arc<[Column]> = types[..width]
        .iter()
        .enumerate()
        .map(|(at, ty)| Column {
            name: format!("c{at}"),
            ty: ty.clone(),
        })
        .collect();
    let path = StorePath::root().join("f");
    let length = u64::try_from(content.len()).unwrap_or(0);
    let file = SourceFile {
        path,
        length,
        modified: None,
        created: None,
        virtuals: Vec::new(),
    };
    let source = ExtractSource {
        files: vec![file],
        columns: (0..width).map(SourceColumn::Field).collect(),
        format: SourceFormat::Text(format.clone()),
        sorted_by: Vec::new(),
    };
    let can_split = crate::extract::can_split(&format, &source.files[0]);
    let context = ReadContext {
        source: Arc::new(source),
        format,
        columns,
        projection: (0..width).collect(),
        store: Arc::new(OneFile(content.into())),
        now: 0,
    };
    let whole = count(&context, 0, length);
    if !can_split || length == 0 {
        return;
    }
    let middle = length / 2;
    let parts = count(&context, 0, middle).and_then(|a| Some(a + count(&context, middle, length)?));
    if let (Some(whole), Some(parts)) = (whole, parts) {
        assert_eq!(whole, parts, "pieces have other rows than the whole");
    }
}

/// Rows of a piece; `None` when it cannot be read.
fn count(context: &ReadContext, start: u64, end: u64) -> Option<usize> {
    if start == end {
        return Some(0);
    }
    let mut reader = PieceReader::open(
        context,
        Piece {
            file: 0,
            start,
            end,
        },
    )
    .ok()?;
    let mut rows = 0;
    while let Some((arrays, count)) = reader.next_batch().ok()? {
        assert!(
            arrays.iter().all(|array| array.len() == count),
            "columns of different lengths"
        );
        rows += count;
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use azml_fuzz_replay::replay;

    const DICTIONARY: &[&[u8]] = &[
        b"\"",
        b"\"\"",
        b",",
        b"\t",
        b"|",
        b"\\",
        b"\\N",
        b"\r\n",
        b"\r",
        b"\n",
        b"\xEF\xBB\xBF",
        b"\xFF\xFE",
        b"2016-01-02T03:04:05.1234567",
        b"1e308",
        b"-Infinity",
        b"99999999999999999999",
        b"0.1",
        b"+AGE-",
        b"\xC3",
        b"\xE2\x82\xAC",
    ];

    #[test]
    fn damaged_files() {
        replay("usql_extract", DICTIONARY, super::extract);
    }
}
