//! What can go wrong between text and frames.

use std::fmt;
use std::io;

use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use azml_delimited::Location;

use crate::DataTypeId;

/// Malformed text, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseError {
    /// Line of the text, counted from 1; `\n`, `\r\n` and a lone `\r` each end one.
    pub line: u64,
    /// Character in that line, counted from 1.
    pub column: u64,
    /// What is wrong there.
    pub reason: String,
}

impl ParseError {
    pub(crate) fn new(at: Location, reason: impl Into<String>) -> Self {
        Self {
            line: at.line,
            column: at.column,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            reason,
        } = self;
        write!(f, "line {line}, column {column}: {reason}")
    }
}

impl std::error::Error for ParseError {}

/// An error of reading text into a frame or of writing a frame as text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The text is malformed.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The dataset type has no frame form.
    #[error("data of type `{id}` has no frame form")]
    UnsupportedDataType {
        /// The type.
        id: DataTypeId,
    },
    /// A column's type has no text form, or cannot be read from text.
    #[error("column `{column}` has type {data_type}, which {reason}")]
    UnsupportedColumn {
        /// Name of the column.
        column: String,
        /// Its type.
        data_type: DataType,
        /// What the type cannot do.
        reason: &'static str,
    },
    /// A cell cannot be written in the format.
    #[error("column `{column}`, row {row}: {reason}")]
    InvalidCell {
        /// Name of the column.
        column: String,
        /// Row, counted from 0.
        row: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A schema does not fit the data.
    #[error("{0}")]
    Schema(String),
    /// A column holds more text than one batch can.
    #[error(
        "column `{column}` holds {bytes} bytes of text, more than the 2 GiB one batch can hold"
    )]
    TooLarge {
        /// Name of the column.
        column: String,
        /// Bytes of text in it.
        bytes: usize,
    },
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Arrow refused an operation.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}
