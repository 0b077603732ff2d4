//! Outputs of an experiment's nodes.

use std::fmt;

use bytes::Bytes;

use crate::client::Client;
use crate::data_stream::DataStream;
use crate::models::{NewDataSource, PromotedDataset};
use crate::read::{Source, read_methods};
use crate::{DataTypeId, Error, Result, SourceDataset};

/// The output of one port of one node of an experiment.
///
/// It has no metadata of its own, and its type is what the caller says. It can be read once the
/// experiment has run.
#[derive(Clone)]
pub struct IntermediateDataset {
    client: Client,
    experiment_id: String,
    node_id: String,
    port_name: String,
    data_type_id: DataTypeId,
}

impl IntermediateDataset {
    pub(crate) fn new(
        client: Client,
        experiment_id: String,
        node_id: String,
        port_name: String,
        data_type_id: DataTypeId,
    ) -> Result<Self> {
        for (name, value) in [
            ("node_id", node_id.as_str()),
            ("port_name", &port_name),
            ("data_type_id", data_type_id.as_str()),
        ] {
            if value.is_empty() {
                return Err(Error::argument(name, "is empty"));
            }
        }
        Ok(Self {
            client,
            experiment_id,
            node_id,
            port_name,
            data_type_id,
        })
    }

    /// Id of the experiment.
    pub fn experiment_id(&self) -> &str {
        &self.experiment_id
    }

    /// Id of the node.
    pub fn node_id(&self) -> &str {
        &self.node_id
    }

    /// Name of the node's output port.
    pub fn port_name(&self) -> &str {
        &self.port_name
    }

    /// The type that the contents are taken to have.
    pub fn data_type_id(&self) -> &DataTypeId {
        &self.data_type_id
    }

    read_methods!();

    /// Saves the output as a dataset of the workspace. The service copies it; nothing is
    /// downloaded.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an empty name; [`Error::Http`], with
    /// [`is_conflict`](Error::is_conflict) if the name is taken.
    pub async fn promote(&self, name: &str, description: &str) -> Result<SourceDataset> {
        if name.is_empty() {
            return Err(Error::argument("name", "is empty"));
        }
        let body = PromotedDataset {
            experiment_id: &self.experiment_id,
            module_node_id: &self.node_id,
            output_name: &self.port_name,
            data_source: NewDataSource {
                name,
                data_type_id: self.data_type_id.as_str(),
                description,
                family_id: None,
                owner: crate::upload::OWNER,
                source_origin: "FromOutputPromotion",
            },
        };
        let url = self.client.url(&["datasources"])?;
        let attempted = format!("save output `{}` as dataset `{name}`", self.port_name);
        let id: String = self.client.post(&attempted, url, &body).await?;
        SourceDataset::fetch(&self.client, &id).await
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    fn url(&self) -> Result<azure_core::http::Url> {
        self.client.url(&[
            "experiments",
            &self.experiment_id,
            "outputdata",
            &self.node_id,
            &self.port_name,
        ])
    }
}

impl Source for IntermediateDataset {
    fn attempted(&self) -> String {
        format!(
            "read output `{}` of node `{}`",
            self.port_name, self.node_id
        )
    }

    fn data_type_id(&self) -> &DataTypeId {
        &self.data_type_id
    }

    fn size(&self) -> Option<u64> {
        None
    }

    async fn open(&self) -> Result<DataStream> {
        let attempted = self.attempted();
        let response = self.client.stream(&attempted, self.url()?).await?;
        Ok(DataStream::new(attempted, response))
    }

    async fn bytes(&self) -> Result<Bytes> {
        self.client.get_bytes(&self.attempted(), self.url()?).await
    }
}

impl fmt::Debug for IntermediateDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntermediateDataset")
            .field("experiment_id", &self.experiment_id)
            .field("node_id", &self.node_id)
            .field("port_name", &self.port_name)
            .field("data_type_id", &self.data_type_id.as_str())
            .finish_non_exhaustive()
    }
}
