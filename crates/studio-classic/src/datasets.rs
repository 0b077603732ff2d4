//! The datasets of a workspace: looking them up and adding to them.

use futures::{Stream, TryStreamExt, stream};

use crate::client::Client;
use crate::error::ItemKind;
use crate::listing::{Filter, at_index};
use crate::models::DataSource;
use crate::upload::{AddDataset, UploadData};
use crate::{DataTypeId, Error, Result, SourceDataset};

/// A view of the datasets of a workspace.
///
/// Nothing is kept: every call fetches the list again, so that what was just added is there. To
/// look at several things of one moment, take [`list`](Self::list) once. The order is the
/// service's: the workspace's own datasets, the oldest first, then the examples.
///
/// ```no_run
/// # async fn example(workspace: azml_studio_classic::Workspace) -> azml_studio_classic::Result<()> {
/// let datasets = workspace.user_datasets();
/// let newest = datasets.get_index(-1).await?;
/// let iris = datasets.get("iris").await?;
/// println!("{} {} {}", newest.name(), iris.size(), datasets.len().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Datasets {
    client: Client,
    filter: Filter,
}

impl Datasets {
    pub(crate) fn new(client: Client, filter: Filter) -> Self {
        Self { client, filter }
    }

    /// Every dataset of the view.
    ///
    /// # Errors
    /// [`Error::Http`] if the service refuses.
    pub async fn list(&self) -> Result<Vec<SourceDataset>> {
        let url = self.client.url(&["datasources"])?;
        let all: Vec<DataSource> = self.client.get("list the datasets", url).await?;
        Ok(all
            .into_iter()
            .filter(|dataset| self.filter.admits(&dataset.id))
            .map(|dataset| SourceDataset::new(self.client.clone(), dataset))
            .collect())
    }

    /// Every dataset of the view, one after the other.
    pub fn stream(&self) -> impl Stream<Item = Result<SourceDataset>> + Send + use<> {
        let view = self.clone();
        stream::once(async move { view.list().await })
            .map_ok(|list| stream::iter(list.into_iter().map(Ok)))
            .try_flatten()
    }

    /// How many datasets the view has.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn len(&self) -> Result<usize> {
        Ok(self.list().await?.len())
    }

    /// Whether the view has no dataset.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn is_empty(&self) -> Result<bool> {
        Ok(self.len().await? == 0)
    }

    /// The first dataset with exactly this name. Among all datasets one of the workspace's own
    /// comes before an example of the same name.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, and as [`list`](Self::list).
    pub async fn get(&self, name: &str) -> Result<SourceDataset> {
        self.try_get(name).await?.ok_or_else(|| Error::NotFound {
            kind: ItemKind::Dataset,
            key: name.to_owned(),
        })
    }

    /// As [`get`](Self::get), with `None` if there is none.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn try_get(&self, name: &str) -> Result<Option<SourceDataset>> {
        let list = self.list().await?;
        Ok(list.into_iter().find(|dataset| dataset.name() == name))
    }

    /// The dataset at a place of the view, counted from 0; negative numbers count from the end.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the view is shorter, and as [`list`](Self::list).
    pub async fn get_index(&self, index: i64) -> Result<SourceDataset> {
        at_index(self.list().await?, index, ItemKind::DatasetIndex)
    }

    /// The dataset with this id, which may be an older version that no listing shows.
    ///
    /// # Errors
    /// [`Error::Http`] with status 404 if there is none.
    pub async fn get_id(&self, id: &str) -> Result<SourceDataset> {
        SourceDataset::fetch(&self.client, id).await
    }

    /// Adds bytes as a dataset of the workspace, unchanged and of any type.
    ///
    /// Awaiting the returned value does the work and gives the dataset as the service knows it.
    /// Nothing is visible to anybody before the whole upload has succeeded.
    ///
    /// The data may be in memory, in a file or in a reader; see [`UploadData`]. At most a few
    /// blocks of 2 MiB are held in memory.
    ///
    /// ```no_run
    /// # async fn example(workspace: azml_studio_classic::Workspace) -> azml_studio_classic::Result<()> {
    /// use azml_studio_classic::{DataTypeId, UploadData};
    ///
    /// let data = UploadData::file("large.csv").await?;
    /// workspace
    ///     .datasets()
    ///     .add_from_raw(data, DataTypeId::GenericCsv, "large", "from a file")
    ///     .progress(|progress| println!("{} bytes", progress.bytes))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Before any request, [`Error::InvalidArgument`] for an empty type, name or description;
    /// [`Error::Io`] if the data cannot be read; [`Error::Http`], with
    /// [`is_conflict`](Error::is_conflict) if the name is taken.
    pub fn add_from_raw(
        &self,
        data: impl Into<UploadData>,
        data_type_id: impl Into<DataTypeId>,
        name: impl Into<String>,
        description: impl Into<String>,
    ) -> AddDataset {
        self.add_data(data.into(), data_type_id, name, description)
    }

    pub(crate) fn add_data(
        &self,
        data: UploadData,
        data_type_id: impl Into<DataTypeId>,
        name: impl Into<String>,
        description: impl Into<String>,
    ) -> AddDataset {
        AddDataset::new(
            self.client.clone(),
            data,
            data_type_id.into(),
            name.into(),
            description.into(),
        )
    }
}
