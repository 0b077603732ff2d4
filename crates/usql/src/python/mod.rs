//! Python reducers: a worker process for a rowset, asked once for each group of rows.

mod reduce;
mod wire;
mod worker;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::StorePath;

pub(crate) use reduce::ReduceTable;

/// Leave to run the Python code of scripts, and how.
#[derive(Clone, Debug)]
pub struct Scripts {
    /// The interpreter; it needs pandas and pyarrow.
    pub python: PathBuf,
    /// How long one group may take.
    pub time_limit: Duration,
}

impl Scripts {
    /// With this interpreter and ten minutes for each group.
    pub fn new(python: impl Into<PathBuf>) -> Self {
        Self {
            python: python.into(),
            time_limit: Duration::from_secs(600),
        }
    }
}

/// What a Python reducer runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PythonReducer {
    pub(crate) script: PythonSource,
    /// Deployed files by the names they have for the script.
    pub(crate) resources: Vec<(String, StorePath)>,
    /// Columns of the input that rows of a group share.
    pub(crate) keys: Vec<usize>,
    /// Columns that rows of a group are sorted by, and whether they descend.
    pub(crate) presort: Vec<(usize, bool)>,
    /// READONLY: result columns, and the keys that they are.
    pub(crate) read_only: Vec<(usize, usize)>,
}

/// Where the code is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PythonSource {
    Text(String),
    /// A deployed file.
    Resource(String),
}
