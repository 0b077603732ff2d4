//! The datasets of a workspace: looking them up and adding to them.

use futures::Stream;

use crate::client::Client;
use crate::error::ItemKind;
use crate::listing::{Filter, Item, View};
use crate::models::DataSource;
use crate::upload::{AddDataset, UploadData};
use crate::{DataTypeId, Result, SourceDataset};

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
    view: View<SourceDataset>,
}

impl Item for SourceDataset {
    type Info = DataSource;

    const LIST: &'static str = "datasources";
    const NAME: &'static str = "datasets";
    const LOOKUP: [ItemKind; 2] = [ItemKind::Dataset, ItemKind::DatasetIndex];

    fn new(client: Client, info: DataSource) -> Self {
        Self::new(client, info)
    }

    fn id(&self) -> &str {
        self.id()
    }

    fn key(&self) -> &str {
        self.name()
    }
}

impl Datasets {
    pub(crate) fn new(client: Client, filter: Filter) -> Self {
        Self {
            view: View::new(client, filter),
        }
    }

    /// Every dataset of the view.
    ///
    /// # Errors
    /// [`Error::Http`](crate::Error::Http) if the service refuses.
    pub async fn list(&self) -> Result<Vec<SourceDataset>> {
        self.view.list().await
    }

    /// Every dataset of the view, one after the other.
    pub fn stream(&self) -> impl Stream<Item = Result<SourceDataset>> + Send + use<> {
        self.view.stream()
    }

    /// How many datasets the view has.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn len(&self) -> Result<usize> {
        self.view.len().await
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
    /// [`Error::NotFound`](crate::Error::NotFound) if there is none, and as [`list`](Self::list).
    pub async fn get(&self, name: &str) -> Result<SourceDataset> {
        self.view.get(name).await
    }

    /// As [`get`](Self::get), with `None` if there is none.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn try_get(&self, name: &str) -> Result<Option<SourceDataset>> {
        self.view.try_get(name).await
    }

    /// The dataset at a place of the view, counted from 0; negative numbers count from the end.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) if the view is shorter, and as [`list`](Self::list).
    pub async fn get_index(&self, index: i64) -> Result<SourceDataset> {
        self.view.get_index(index).await
    }

    /// The dataset with this id, which may be an older version that no listing shows.
    ///
    /// # Errors
    /// [`Error::Http`](crate::Error::Http) with status 404 if there is none.
    pub async fn get_id(&self, id: &str) -> Result<SourceDataset> {
        SourceDataset::fetch(&self.view.client, id).await
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
    /// Before any request, [`Error::InvalidArgument`](crate::Error::InvalidArgument) for an empty type, name or description;
    /// [`Error::Io`](crate::Error::Io) if the data cannot be read; [`Error::Http`](crate::Error::Http), with
    /// [`is_conflict`](crate::Error::is_conflict) if the name is taken.
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
            self.view.client.clone(),
            data,
            data_type_id.into(),
            name.into(),
            description.into(),
        )
    }
}
