#![doc = include_str!("../README.md")]

mod client;
mod data_stream;
mod data_type;
mod dataset;
mod datasets;
mod download;
mod error;
mod experiment;
mod experiments;
pub mod formats;
mod frames;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod graph_builder;
mod growing;
mod http_error;
mod intermediate;
mod listing;
mod models;
mod progress;
mod read;
mod region;
mod settings;
mod snippet;
mod spool;
mod text;
mod upload;
mod wait;
mod workspace;

#[cfg(test)]
mod tests;

pub use data_stream::DataStream;
pub use data_type::DataTypeId;
pub use dataset::SourceDataset;
pub use datasets::Datasets;
pub use download::{DownloadMany, DownloadTo};
pub use error::{Error, HttpError, ItemKind, Result};
pub use experiment::Experiment;
pub use experiments::Experiments;
pub use formats::{FormatError, Frame, ReadOptions};
pub use frames::BatchStream;
pub use graph_builder::{ModuleInput, ModuleOutput, SplitData};
pub use intermediate::IntermediateDataset;
pub(crate) use listing::Filter;
pub use models::{
    AuthorizationTokens, Edge, ExperimentGraph, ExperimentStatus, GraphNode, InputPort, Language,
    Location, ModuleParameter, OutputPort, RunStatus, SchemaStatus, User, UserDetails,
    WorkspaceInfo,
};
pub use progress::Progress;
pub use region::Region;
pub use snippet::CodeLanguage;
pub use upload::{AddDataset, UpdateDataset, UploadData};
pub use wait::WaitOptions;
pub use workspace::{Workspace, WorkspaceBuilder};
