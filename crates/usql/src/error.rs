//! What goes wrong while a script runs.

use std::fmt;

use azml_usql_syntax::Code;

use crate::cs::CsError;
use crate::store::StorePath;

/// A failure of a running script, with the service's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeError {
    /// The published code.
    pub code: Code,
    /// The sentence, without the code.
    pub message: String,
    /// The input row, where one is at fault.
    pub row: Option<Box<BadRow>>,
    /// What lies below: an exception of an expression, the operating system's word.
    pub inner: Option<String>,
}

/// A row of an input file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The file.
    pub file: StorePath,
    /// Its line, from 1.
    pub line: u64,
    /// The column's place, from 0, where one column is at fault.
    pub column_index: Option<usize>,
    /// The column's name.
    pub column_name: Option<String>,
    /// The row as it stands in the file, cut after 200 characters.
    pub text: String,
}

impl RuntimeError {
    /// An error without a row.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            row: None,
            inner: None,
        }
    }

    pub(crate) fn with_inner(mut self, inner: impl fmt::Display) -> Self {
        self.inner = Some(inner.to_string());
        self
    }

    /// A file that could not be read or written.
    pub(crate) fn io(what: &str, path: &StorePath, error: &std::io::Error) -> Self {
        Self::new(
            Code::E_RUNTIME_SYSTEM_IO,
            format!("could not {what} '{path}'"),
        )
        .with_inner(error)
    }
}

impl From<CsError> for RuntimeError {
    fn from(exception: CsError) -> Self {
        let message =
            format!("An unhandled exception from user code has been reported: {exception}");
        Self::new(
            Code::E_RUNTIME_USER_UNHANDLED_EXCEPTION_FROM_USER_CODE,
            message,
        )
    }
}

impl fmt::Display for RuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if let Some(row) = &self.row {
            write!(f, " ({}, line {}", row.file, row.line)?;
            if let (Some(index), Some(name)) = (row.column_index, &row.column_name) {
                write!(f, ", column {index} '{name}'")?;
            }
            write!(f, ": {})", row.text)?;
        }
        if let Some(inner) = &self.inner {
            write!(f, ": {inner}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RuntimeError {}
