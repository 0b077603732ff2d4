//! `SORTED BY`: the script says that rows come in an order, and is held to it.

use arrow::array::ArrayRef;
use arrow::compute::SortOptions;
use arrow::row::{OwnedRow, RowConverter, SortField};
use azml_usql_syntax::Code;
use datafusion::common::DataFusionError;

use super::exec::external;
use crate::error::RuntimeError;
use crate::expr::column;
use crate::rel::Column;

/// Looks at the key columns of batches in the order in which they are read.
pub(super) struct OrderCheck {
    /// None when no order was asserted.
    converter: Option<RowConverter>,
    last: Option<OwnedRow>,
    names: String,
}

impl OrderCheck {
    pub(super) fn new(keys: &[(usize, bool)], columns: &[Column]) -> Result<Self, DataFusionError> {
        let fields: Vec<SortField> = keys
            .iter()
            .map(|(at, descending)| {
                let options = SortOptions {
                    descending: *descending,
                    nulls_first: false,
                };
                SortField::new_with_options(column::data_type(&columns[*at].ty), options)
            })
            .collect();
        let names: Vec<&str> = keys
            .iter()
            .map(|(at, _)| columns[*at].name.as_str())
            .collect();
        Ok(Self {
            converter: if fields.is_empty() {
                None
            } else {
                Some(RowConverter::new(fields)?)
            },
            last: None,
            names: names.join(", "),
        })
    }

    /// Fails when a row stands before one that it should follow.
    pub(super) fn batch(&mut self, keys: &[ArrayRef]) -> Result<(), DataFusionError> {
        let Some(converter) = &self.converter else {
            return Ok(());
        };
        let rows = converter.convert_columns(keys)?;
        for row in &rows {
            if self.last.as_ref().is_some_and(|last| row < last.row()) {
                return Err(external(RuntimeError::new(
                    Code::E_RUNTIME_USER_ROWORDERING_CORRUPTED,
                    format!(
                        "The rows are not sorted by {} as SORTED BY says.",
                        self.names
                    ),
                )));
            }
            self.last = Some(row.owned());
        }
        Ok(())
    }
}
