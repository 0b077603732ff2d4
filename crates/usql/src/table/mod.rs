//! Tables of the catalog: rows in Parquet files, read by column name so that
//! files older than a change of the columns still fit.

mod preview;
mod read;
mod write;

use serde::{Deserialize, Serialize};

use crate::cs::Value;
use crate::store::StorePath;

pub use preview::{Preview, preview};
pub(crate) use read::{TableScan, open};
pub(crate) use write::TableWriter;

/// What a table's scan reads; names and types are those of the relation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TableSource {
    pub(crate) files: Vec<StorePath>,
    /// What stands for a column that a file lacks.
    pub(crate) defaults: Vec<Value>,
}
