//! What can be read: a dataset, or an output of an experiment. The client has the same
//! methods on both; so have these.

use azml::studio_classic::{
    BatchStream, DataStream, DownloadTo, IntermediateDataset, ReadOptions, SourceDataset,
};

use crate::failure::Result;

/// A dataset, or an output of an experiment.
pub(super) enum Source {
    /// A dataset of the workspace or an example.
    Dataset(Box<SourceDataset>),
    /// An output of an experiment.
    Output(IntermediateDataset),
}

impl Source {
    /// What to call it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Dataset(dataset) => dataset.name(),
            Self::Output(output) => output.port_name(),
        }
    }

    /// Its size in bytes, where that is known beforehand.
    pub(super) fn size(&self) -> Option<u64> {
        match self {
            Self::Dataset(dataset) => Some(dataset.size()),
            Self::Output(_) => None,
        }
    }

    /// The extension that goes with its type.
    pub(super) fn extension(&self) -> &'static str {
        let id = match self {
            Self::Dataset(dataset) => dataset.data_type_id(),
            Self::Output(output) => output.data_type_id(),
        };
        id.file_extension().unwrap_or("")
    }

    /// The bytes as they arrive.
    pub(super) async fn open(&self) -> Result<DataStream> {
        Ok(match self {
            Self::Dataset(dataset) => dataset.open().await?,
            Self::Output(output) => output.open().await?,
        })
    }

    /// A download that is about to be made.
    pub(super) fn download_to(&self, path: &std::path::Path) -> DownloadTo<'_> {
        match self {
            Self::Dataset(dataset) => dataset.download_to(path),
            Self::Output(output) => output.download_to(path),
        }
    }

    /// The rows as they are taken, with the types of the columns inferred from all of them.
    pub(super) async fn read_batches(&self, options: ReadOptions) -> Result<BatchStream> {
        Ok(match self {
            Self::Dataset(dataset) => dataset.read_batches(options).await?,
            Self::Output(output) => output.read_batches(options).await?,
        })
    }
}
