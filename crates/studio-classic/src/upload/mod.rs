//! Sending data and making a dataset of it: the two calls that a caller awaits.
//!
//! What the service does with the bytes is decided by [`send`]; where they come from by [`data`].
//! Nothing becomes visible before the last request, which names the uploaded bytes.

mod data;
mod send;

use std::future::IntoFuture;

use futures::future::BoxFuture;

use crate::client::Client;
use crate::progress::{Progress, ProgressCallback};
use crate::{DataTypeId, Error, Result, SourceDataset};

pub use data::UploadData;
use send::{Transfer, Upload};

/// Owner that datasets made by this crate carry.
pub(crate) const OWNER: &str = "Rust SDK";

/// Methods that adding and updating share.
macro_rules! transfer_methods {
    () => {
        /// Lets so many blocks of 2 MiB be under way at once. By default there is one, and
        /// blocks arrive strictly in order, as the original client sends them.
        pub fn parallel_blocks(mut self, count: usize) -> Self {
            self.transfer.parallel_blocks = count.max(1);
            self
        }

        /// Calls a function whenever a block has arrived.
        pub fn progress(mut self, callback: impl Fn(Progress) + Send + Sync + 'static) -> Self {
            self.transfer.progress = ProgressCallback::new(callback);
            self
        }

        /// Names the file that the data came from, for the service's metadata.
        pub fn file_name(mut self, name: impl Into<String>) -> Self {
            self.transfer.file_name = name.into();
            self
        }
    };
}

/// A dataset about to be added; awaiting it adds it.
///
/// See [`Datasets::add_from_raw`](crate::Datasets::add_from_raw).
#[derive(Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct AddDataset {
    client: Client,
    data: UploadData,
    data_type_id: DataTypeId,
    name: String,
    description: String,
    transfer: Transfer,
}

impl AddDataset {
    pub(crate) fn new(
        client: Client,
        data: UploadData,
        data_type_id: DataTypeId,
        name: String,
        description: String,
    ) -> Self {
        Self {
            client,
            data,
            data_type_id,
            name,
            description,
            transfer: Transfer::default(),
        }
    }

    transfer_methods!();

    async fn run(self) -> Result<SourceDataset> {
        for (name, value) in [
            ("data_type_id", self.data_type_id.as_str()),
            ("name", &self.name),
            ("description", &self.description),
        ] {
            if value.is_empty() {
                return Err(Error::argument(name, "is empty"));
            }
        }
        let upload = Upload {
            attempted: format!("add dataset `{}`", self.name),
            data_type_id: &self.data_type_id,
            name: &self.name,
            description: &self.description,
            family_id: None,
        };
        upload.run(&self.client, self.data, &self.transfer).await
    }
}

impl IntoFuture for AddDataset {
    type Output = Result<SourceDataset>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// A dataset about to be updated; awaiting it updates it.
///
/// See [`SourceDataset::update_from_frame`].
#[derive(Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct UpdateDataset<'a> {
    dataset: &'a mut SourceDataset,
    data: UploadData,
    data_type_id: Option<DataTypeId>,
    name: Option<String>,
    description: Option<String>,
    transfer: Transfer,
}

impl<'a> UpdateDataset<'a> {
    pub(crate) fn new(dataset: &'a mut SourceDataset, data: UploadData) -> Self {
        Self {
            dataset,
            data,
            data_type_id: None,
            name: None,
            description: None,
            transfer: Transfer::default(),
        }
    }

    /// Changes the type.
    pub fn data_type_id(mut self, id: impl Into<DataTypeId>) -> Self {
        self.data_type_id = Some(id.into());
        self
    }

    /// Changes the name; the old one is free again.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Changes the description.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    transfer_methods!();

    async fn run(self) -> Result<()> {
        let dataset = self.dataset;
        dataset.check_writable()?;
        let data_type_id = self
            .data_type_id
            .unwrap_or_else(|| dataset.data_type_id().clone());
        let name = self.name.unwrap_or_else(|| dataset.name().to_owned());
        let description = self
            .description
            .unwrap_or_else(|| dataset.description().to_owned());
        let upload = Upload {
            attempted: format!("update dataset `{name}`"),
            data_type_id: &data_type_id,
            name: &name,
            description: &description,
            family_id: Some(dataset.family_id()),
        };
        *dataset = upload
            .run(dataset.client(), self.data, &self.transfer)
            .await?;
        Ok(())
    }
}

impl<'a> IntoFuture for UpdateDataset<'a> {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
