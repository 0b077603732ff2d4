//! How text is to be read.

use std::num::NonZeroUsize;

use arrow::datatypes::SchemaRef;

use super::frame::MAX_BATCH_ROWS;

/// Options of reading text into frames.
///
/// ```
/// use azml_studio_classic::formats::ReadOptions;
///
/// let options = ReadOptions { pandas_compat: true, ..ReadOptions::default() };
/// assert!(options.schema.is_none());
/// ```
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Gives columns with missing values the type that pandas gives them: `Float64` for integers,
    /// text (`True`, `False`) for booleans. Off by default: they stay `Int64` and `Boolean`.
    pub pandas_compat: bool,
    /// The columns to read and their types. Columns are found by name where the text has a header
    /// (others are left out), by position where it has none. By default every column is read and
    /// its type inferred from all of its cells.
    pub schema: Option<SchemaRef>,
    /// The most rows a batch may have: at least 1, at most 65,536, which is the default.
    pub batch_rows: usize,
    /// Threads that parse; by default as many as the machine has processors.
    pub threads: Option<NonZeroUsize>,
    /// The longest record that is accepted, in bytes: it bounds the memory that a quote which is
    /// never closed can take. 256 MiB by default, at most 1 GiB.
    pub max_record_bytes: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            pandas_compat: false,
            schema: None,
            batch_rows: MAX_BATCH_ROWS,
            threads: None,
            max_record_bytes: 256 << 20,
        }
    }
}

impl ReadOptions {
    /// Options that read the columns of `schema` with its types.
    #[must_use]
    pub fn with_schema(schema: SchemaRef) -> Self {
        Self {
            schema: Some(schema),
            ..Self::default()
        }
    }

    pub(super) fn rows_per_batch(&self) -> usize {
        self.batch_rows.clamp(1, MAX_BATCH_ROWS)
    }

    pub(super) fn thread_count(&self) -> NonZeroUsize {
        self.threads
            .or_else(|| std::thread::available_parallelism().ok())
            .unwrap_or(NonZeroUsize::MIN)
    }
}
