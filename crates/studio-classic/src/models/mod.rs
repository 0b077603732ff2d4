//! The JSON objects of the Studio API as typed values.
//!
//! Readers are tolerant: unknown members are ignored, absent or null ones take an empty value, and
//! an unknown word in a closed list is kept as it came. Nothing here makes a request.

mod dataset;
mod date;
mod experiment;
mod graph;
mod open_enum;
mod workspace;

pub(crate) use dataset::{DataSource, NewDataSource, NewDataset, PromotedDataset};
pub use dataset::{Language, Location, SchemaStatus};
pub(crate) use experiment::{ExperimentInfo, SaveExperiment};
pub use experiment::{ExperimentStatus, RunStatus};
pub use graph::{Edge, ExperimentGraph, GraphNode, InputPort, ModuleParameter, OutputPort};
pub use workspace::{AuthorizationTokens, User, UserDetails, WorkspaceInfo};

use serde::{Deserialize, Deserializer};

/// Reads null as the type's default.
pub(crate) fn null_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
