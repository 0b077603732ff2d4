//! One version of a dataset: its metadata at the moment it was fetched, and calls on it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::Url;
use bytes::Bytes;
use time::OffsetDateTime;

use crate::client::Client;
use crate::data_stream::DataStream;
use crate::models::{DataSource, Language, Location, SchemaStatus};
use crate::read::{Source, read_methods};
use crate::upload::{UpdateDataset, UploadData};
use crate::wait::WaitOptions;
use crate::{DataTypeId, Error, Result, download, listing};

/// A dataset of a workspace, or an example of the service.
///
/// A snapshot: the metadata is that of the moment of the fetch, and the contents are those of that
/// version, even after somebody updates the dataset. [`refresh`](Self::refresh) looks again.
///
/// ```no_run
/// # async fn example(workspace: azml_studio_classic::Workspace) -> azml_studio_classic::Result<()> {
/// let dataset = workspace.datasets().get("Airport Codes Dataset").await?;
/// println!("{} is {}, {} bytes", dataset.name(), dataset.data_type_id(), dataset.size());
/// let text = dataset.read_as_text().await?;
/// println!("{} lines", text.lines().count());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SourceDataset {
    client: Client,
    info: Arc<DataSource>,
    data_type_id: DataTypeId,
}

impl SourceDataset {
    pub(crate) fn new(client: Client, info: DataSource) -> Self {
        Self {
            data_type_id: DataTypeId::from(info.data_type_id.as_str()),
            client,
            info: Arc::new(info),
        }
    }

    /// Fetches one version by its id.
    pub(crate) async fn fetch(client: &Client, id: &str) -> Result<Self> {
        let url = client.url(&["datasources", id])?;
        let info = client
            .get(&format!("read the metadata of `{id}`"), url)
            .await?;
        Ok(Self::new(client.clone(), info))
    }

    /// Id of this version. The same as [`dataset_id`](Self::dataset_id).
    pub fn id(&self) -> &str {
        &self.info.id
    }

    /// Id of this version: `{workspace}.{family}.v1-default-{number}`.
    pub fn dataset_id(&self) -> &str {
        &self.info.id
    }

    /// Name.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// What the contents are.
    pub fn data_type_id(&self) -> &DataTypeId {
        &self.data_type_id
    }

    /// Description; empty if there is none.
    pub fn description(&self) -> &str {
        &self.info.description
    }

    /// Id that all versions of the dataset share.
    pub fn family_id(&self) -> &str {
        &self.info.family_id
    }

    /// Size of the contents in bytes.
    pub fn size(&self) -> u64 {
        self.info.size
    }

    /// When this version was created, in UTC.
    pub fn created_date(&self) -> Option<OffsetDateTime> {
        self.info.created_date
    }

    /// The same in .NET ticks: units of 100 ns since the beginning of the year 1, UTC.
    pub fn created_date_ticks(&self) -> Option<i64> {
        self.info.created_date_ticks
    }

    /// Who created it: the name of a client library, or `Microsoft Corporation` for examples.
    pub fn owner(&self) -> Option<&str> {
        self.info.owner.as_deref()
    }

    /// How it came to be, such as `FromResourceUpload` or `FromOutputPromotion`.
    pub fn source_origin(&self) -> Option<&str> {
        self.info.source_origin.as_deref()
    }

    /// Id of the upload it was made of.
    pub fn resource_upload_id(&self) -> Option<&str> {
        self.info.resource_upload_id.as_deref()
    }

    /// Experiment whose output it was saved from.
    pub fn experiment_id(&self) -> Option<&str> {
        self.info.experiment_id.as_deref()
    }

    /// Version of the client that created it.
    pub fn client_version(&self) -> Option<&str> {
        self.info.client_version.as_deref()
    }

    /// What it was promoted from.
    pub fn promoted_from(&self) -> Option<&str> {
        self.info.promoted_from.as_deref()
    }

    /// Name of the file it was uploaded from.
    pub fn uploaded_from_filename(&self) -> Option<&str> {
        self.info.uploaded_from_filename.as_deref()
    }

    /// Version of the service's own format.
    pub fn service_version(&self) -> i64 {
        self.info.service_version
    }

    /// Whether this was the dataset's latest version when it was fetched.
    pub fn is_latest(&self) -> bool {
        self.info.is_latest
    }

    /// Category.
    pub fn category(&self) -> Option<&str> {
        self.info.category.as_deref()
    }

    /// Whether the service advises against its use.
    pub fn is_deprecated(&self) -> bool {
        self.info.is_deprecated
    }

    /// Language and country of the contents, such as `en-us`.
    pub fn culture(&self) -> Option<&str> {
        self.info.culture.as_deref()
    }

    /// Batch number of the service.
    pub fn batch(&self) -> i64 {
        self.info.batch
    }

    /// Programming language of the contents, where there is one.
    pub fn language(&self) -> Option<&Language> {
        self.info.language.as_ref()
    }

    /// How far the service is with inferring the schema.
    pub fn schema_status(&self) -> &SchemaStatus {
        &self.info.schema_status
    }

    /// Where the service keeps a rendering of the data.
    pub fn visualize_end_point(&self) -> Option<&Location> {
        self.info.visualize_end_point.as_ref()
    }

    /// Where the service keeps the inferred schema.
    pub fn schema_end_point(&self) -> Option<&Location> {
        self.info.schema_end_point.as_ref()
    }

    /// Where the contents are.
    pub fn download_location(&self) -> Option<&Location> {
        self.info.download_location.as_ref()
    }

    /// Address of the contents, signature included: whoever has it can read them until the
    /// signature expires.
    pub fn contents_url(&self) -> Option<String> {
        self.download_location().map(Location::url)
    }

    /// Whether it is an example of the service, which nobody can change.
    pub fn is_example(&self) -> bool {
        listing::is_example(self.id())
    }

    /// A name for a file with the contents: the dataset's name without the characters that some
    /// file system refuses, and the extension of its type.
    pub fn file_name(&self) -> String {
        let extension = self.data_type_id.file_extension().unwrap_or_default();
        download::file_name(self.name(), extension)
    }

    read_methods!();

    /// Replaces the contents by bytes.
    ///
    /// Type, name and description stay unless the returned value is told otherwise; awaiting it
    /// does the work. Then this object stands for the new version. The last writer wins.
    ///
    /// ```no_run
    /// # async fn example(workspace: azml_studio_classic::Workspace) -> azml_studio_classic::Result<()> {
    /// let mut notes = workspace.user_datasets().get("notes").await?;
    /// notes.update_from_raw("one\ntwo\n").name("two notes").await?;
    /// assert_eq!(notes.name(), "two notes");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::ExampleReadOnly`] before any request; [`Error::Io`] if the data cannot be read;
    /// [`Error::Http`], with [`is_conflict`](Error::is_conflict) if a new name is taken. Nothing is
    /// changed then.
    pub fn update_from_raw(&mut self, data: impl Into<UploadData>) -> UpdateDataset<'_> {
        UpdateDataset::new(self, data.into())
    }

    /// Fetches the metadata of this version again.
    ///
    /// # Errors
    /// [`Error::Http`], with [`is_not_found`](Error::is_not_found) if it was deleted.
    pub async fn refresh(&mut self) -> Result<()> {
        *self = Self::fetch(&self.client, self.id()).await?;
        Ok(())
    }

    /// Deletes the dataset with all its versions.
    ///
    /// # Errors
    /// [`Error::ExampleReadOnly`] before any request; [`Error::Http`], with
    /// [`is_not_found`](Error::is_not_found) if it is gone already.
    pub async fn delete(&self) -> Result<()> {
        self.check_writable()?;
        let url = self
            .client
            .url(&["datasources", "family", &self.info.family_id])?;
        let attempted = format!("delete dataset `{}`", self.name());
        self.client.delete(&attempted, url).await
    }

    /// Waits until the service has inferred the schema, or has decided that there is none.
    ///
    /// # Errors
    /// [`Error::Failed`] if the data does not have the form its type promises,
    /// [`Error::TimedOut`], [`Error::Http`].
    pub async fn wait_for_schema(&mut self, options: WaitOptions) -> Result<&SchemaStatus> {
        let mut waited = Duration::ZERO;
        while !self.schema_status().is_final() {
            let subject = format!("the schema of dataset `{}`", self.name());
            waited = options
                .pause(
                    self.client.clock(),
                    waited,
                    subject,
                    self.schema_status().as_str(),
                )
                .await?;
            self.refresh().await?;
        }
        match self.schema_status() {
            SchemaStatus::Failed => Err(Error::Failed {
                subject: format!("the schema of dataset `{}`", self.name()),
                status: SchemaStatus::Failed.to_string(),
                detail: None,
            }),
            status => Ok(status),
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.is_example() {
            return Err(Error::ExampleReadOnly {
                name: self.name().to_owned(),
            });
        }
        Ok(())
    }

    fn parsed_contents_url(&self) -> Result<Url> {
        let url = self.contents_url().unwrap_or_default();
        Url::parse(&url).map_err(|error| Error::UnexpectedResponse {
            attempted: Source::attempted(self),
            reason: format!("its metadata holds no usable address of its contents: {error}"),
        })
    }

    /// Calls `get` with the address of the contents. Its signature may have expired since the
    /// metadata was fetched, so a refusal is answered once by fetching the metadata again.
    async fn with_address<T, F>(&self, get: impl Fn(Url) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        match get(self.parsed_contents_url()?).await {
            Err(error) if matches!(error.status(), Some(403 | 404)) => {
                let fresh = Self::fetch(&self.client, self.id()).await?;
                get(fresh.parsed_contents_url()?).await
            }
            result => result,
        }
    }
}

impl Source for SourceDataset {
    fn attempted(&self) -> String {
        format!("read dataset `{}`", self.name())
    }

    fn data_type_id(&self) -> &DataTypeId {
        &self.data_type_id
    }

    fn size(&self) -> Option<u64> {
        Some(self.info.size)
    }

    async fn open(&self) -> Result<DataStream> {
        let attempted = Source::attempted(self);
        let response = self
            .with_address(|url| self.client.stream_blob(&attempted, url))
            .await?;
        Ok(DataStream::new(attempted, response))
    }

    async fn bytes(&self) -> Result<Bytes> {
        let attempted = Source::attempted(self);
        self.with_address(|url| self.client.get_blob(&attempted, url))
            .await
    }
}

/// The name, as the original client shows a dataset.
impl fmt::Display for SourceDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for SourceDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceDataset")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("data_type_id", &self.data_type_id.as_str())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
