//! EXTRACT: which files, which fields of them, and how text becomes columns.

mod convert;
mod exec;
mod fields;
mod order;
mod parquet;
pub(crate) mod pattern;
mod read;
#[cfg(test)]
mod tests;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::compute;
use serde::{Deserialize, Serialize};

use crate::cs::{Type, Value};
use crate::expr::column;
use crate::store::StorePath;
use crate::text_encoding::Encoding;

pub(crate) use exec::ExtractTable;
pub(crate) use parquet::is_in_parquet;
pub(crate) use read::is_extractable;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use read::{Piece, PieceReader, ReadContext, can_split};

/// What an EXTRACT reads; the types are those of the relation's columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExtractSource {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) columns: Vec<SourceColumn>,
    pub(crate) format: SourceFormat,
    /// `SORTED BY`: columns in which rows must ascend, or descend.
    #[serde(default)]
    pub(crate) sorted_by: Vec<(usize, bool)>,
}

/// How files are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum SourceFormat {
    Text(TextFormat),
    /// Columns by name.
    Parquet,
}

/// A file of a file set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SourceFile {
    pub(crate) path: StorePath,
    pub(crate) length: u64,
    pub(crate) modified: Option<i64>,
    pub(crate) created: Option<i64>,
    /// The values that its name gives the virtual columns.
    pub(crate) virtuals: Vec<Value>,
}

/// Where a column's values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SourceColumn {
    /// The field at this place of each row.
    Field(usize),
    /// A part of the file's name.
    Virtual(usize),
    /// `FILE.URI()`
    Uri,
    /// `FILE.MODIFIED()`
    Modified,
    /// `FILE.CREATED()`
    Created,
    /// `FILE.LENGTH()`
    Length,
}

/// The parameters of `Extractors.Text`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TextFormat {
    pub(crate) delimiter: char,
    /// CR LF, CR and LF when `None`.
    pub(crate) row_delimiter: Option<char>,
    pub(crate) encoding: Encoding,
    pub(crate) escape: Option<char>,
    pub(crate) null_escape: Option<String>,
    pub(crate) quoting: bool,
    pub(crate) silent: bool,
    pub(crate) skip_first_rows: u64,
    pub(crate) char_format: CharFormat,
    /// `SET @@InternalDebug = "EmptyStringAsNullWhenQuoting:on"`.
    pub(crate) empty_is_null: bool,
}

/// How `char` values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CharFormat {
    /// The number of the UTF-16 unit.
    Uint16,
    /// The character.
    String,
}

/// A column whose value is the file's, for some rows of it.
fn file_column(source: &ExtractSource, file: usize, at: usize, ty: &Type, rows: usize) -> ArrayRef {
    let file = &source.files[file];
    let time = |ticks: Option<i64>| ticks.map_or(Value::Null, Value::date);
    let value = match source.columns[at] {
        SourceColumn::Virtual(place) => file.virtuals.get(place).cloned().unwrap_or(Value::Null),
        SourceColumn::Uri => Value::string(file.path.as_str()),
        SourceColumn::Modified => time(file.modified),
        SourceColumn::Created => time(file.created),
        SourceColumn::Length => i64::try_from(file.length).map_or(Value::Null, Value::Long),
        SourceColumn::Field(_) => Value::Null,
    };
    let one = column::build(&[value], ty);
    let places = UInt32Array::from(vec![0; rows]);
    compute::take(&one, &places, None).expect("the places lie in the array")
}

impl TextFormat {
    /// `Extractors.Text()` with this delimiter.
    pub(crate) fn new(delimiter: char) -> Self {
        Self {
            delimiter,
            row_delimiter: None,
            encoding: Encoding::Utf8,
            escape: None,
            null_escape: None,
            quoting: true,
            silent: false,
            skip_first_rows: 0,
            char_format: CharFormat::Uint16,
            empty_is_null: false,
        }
    }

    /// Fields that a row must have.
    pub(crate) fn width(columns: &[SourceColumn]) -> usize {
        columns
            .iter()
            .filter(|column| matches!(column, SourceColumn::Field(_)))
            .count()
    }
}
