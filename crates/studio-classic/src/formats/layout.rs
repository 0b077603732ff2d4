//! How the text of a dataset type is laid out.

use azml_delimited::Dialect;

use super::FormatError;
use crate::DataTypeId;

/// The layout of one of the delimited types or of plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) dialect: Dialect,
    /// The first record names the columns.
    pub(super) header: bool,
    /// Every cell is text: no missing markers, no types.
    pub(super) literal: bool,
}

impl Layout {
    pub(super) fn of(id: &DataTypeId) -> Result<Self, FormatError> {
        // the original client skips initial spaces in the comma types only
        let csv = || Dialect::new(b',').with_skip_initial_space(true);
        let tsv = || Dialect::new(b'\t');
        let (dialect, header) = match id {
            DataTypeId::GenericCsv => (csv(), true),
            DataTypeId::GenericCsvNoHeader => (csv(), false),
            DataTypeId::GenericTsv => (tsv(), true),
            DataTypeId::GenericTsvNoHeader => (tsv(), false),
            DataTypeId::PlainText => (Dialect::lines(), false),
            id => return Err(FormatError::UnsupportedDataType { id: id.clone() }),
        };
        Ok(Self {
            dialect,
            header,
            literal: *id == DataTypeId::PlainText,
        })
    }
}
