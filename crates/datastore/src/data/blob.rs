//! Files in a blob container. Small files, reads and listings are single requests of our
//! own on azure_core's pipeline; uploads in blocks go through azure_storage_blob.

use std::collections::HashMap;
use std::num::NonZero;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use azml_core::ErrorKind;
use azure_core::http::headers::{CONTENT_LENGTH, ETAG};
use azure_core::http::{Body, Etag, Method, RawResponse};
use azure_core::stream::SeekableStream;
use azure_storage_blob::models::{
    BlobClientUploadOptions, BlockBlobClientCommitBlockListOptions, BlockLookupList,
};
use azure_storage_blob::stream::tokio::FileStream;
use azure_storage_blob::{BlobClient, BlobContainerClient, BlobContainerClientOptions};
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};

use super::connection::{Connection, Service, item, with_query};
use super::listing;
use super::store::{
    Entry, Fetched, Item, Parts, SOURCE_HEADER, Store, WriteMode, Writing, Written,
};
use crate::error::{Error, Result};
use crate::registry::Record;
use crate::workspace::Inner;

/// Blobs of one page.
const PAGE: &str = "5000";
/// Size of the blocks of large files; at most 50,000 of them make a blob.
const BLOCK: u64 = 8 << 20;
const MOST_BLOCKS: u64 = 50_000;
/// Blocks of one file that are sent at once.
const BLOCKS_AT_ONCE: NonZero<usize> = NonZero::new(8).expect("8 is not 0");
/// The name of the metadata that records what a blob is made of.
pub(super) const SOURCE_NAME: &str = "azml_source";
/// How long to wait between looks at a copy that goes on.
const COPY_INTERVAL: std::time::Duration = std::time::Duration::from_millis(500);

/// A blob container.
#[derive(Clone, Debug)]
pub(super) struct BlobStore {
    connection: Connection,
    clock: Arc<dyn azml_core::clock::Clock>,
}

impl BlobStore {
    /// The container of a datastore.
    pub(super) fn open(workspace: &Inner, record: &Record) -> Result<Self> {
        Ok(Self {
            connection: Connection::open(workspace, record, Service::Blob)?,
            clock: Arc::clone(&workspace.clock),
        })
    }

    async fn page(&self, prefix: &str, delimiter: &str, marker: &str) -> Result<listing::Page> {
        let url = with_query(
            self.connection.root().clone(),
            &[
                ("restype", "container"),
                ("comp", "list"),
                ("maxresults", PAGE),
                ("prefix", prefix),
                ("delimiter", delimiter),
                ("marker", marker),
            ],
        );
        let request = self.connection.request(url, Method::Get);
        let response = self.connection.send(request).await?;
        listing::parse(response.body().as_ref())
    }

    fn pages(
        &self,
        prefix: String,
        delimiter: &'static str,
    ) -> BoxStream<'static, Result<listing::Page>> {
        let start = (self.clone(), prefix, Some(String::new()));
        stream::try_unfold(start, move |(store, prefix, marker)| async move {
            let Some(marker) = marker else {
                return Ok(None);
            };
            let mut page = store.page(&prefix, delimiter, &marker).await?;
            let next = page.next.take();
            Ok(Some((page, (store, prefix, next))))
        })
        .boxed()
    }

    fn client(&self, name: &str) -> Result<BlobClient> {
        // Names that no address can hold are refused before anything is sent.
        self.connection.url(name)?;
        let options = BlobContainerClientOptions {
            client_options: self.connection.options().clone(),
            ..BlobContainerClientOptions::default()
        };
        let root = self.connection.root().clone();
        let container = BlobContainerClient::new(root, None, Some(options))?;
        Ok(container.blob_client(name))
    }

    /// Waits until a copy is complete.
    async fn copied(&self, to: &str, first: &RawResponse) -> Result<()> {
        let mut status = copy_status(first);
        while status == "pending" {
            self.clock.sleep(COPY_INTERVAL).await;
            let url = self.connection.url(to)?;
            let request = self.connection.request(url, Method::Head);
            status = copy_status(&self.connection.send(request).await?);
        }
        if matches!(status.as_str(), "" | "success") {
            return Ok(());
        }
        let text = format!("the copy to '{to}' ended as {status}");
        Err(azml_core::Error::new(ErrorKind::Service, text).into())
    }
}

fn copy_status(response: &RawResponse) -> String {
    let name = azure_core::http::headers::HeaderName::from_static("x-ms-copy-status");
    let headers = response.headers();
    headers.get_optional_string(&name).unwrap_or_default()
}

/// Whether a refusal says that there is a blob already.
fn is_existing(error: &azml_core::Error, mode: &WriteMode) -> bool {
    *mode == WriteMode::Keep
        && error.status() == Some(409)
        && matches!(
            error.code(),
            Some("BlobAlreadyExists" | "PathAlreadyExists")
        )
}

/// What became of a write, from its answer.
fn written<T>(
    sent: azml_core::Result<T>,
    mode: &WriteMode,
    etag: impl FnOnce(&T) -> Option<String>,
) -> Result<Written> {
    match sent {
        Ok(answer) => Ok(Written::Done(etag(&answer))),
        Err(error) if is_existing(&error, mode) => Ok(Written::Existed),
        Err(error) => Err(error.into()),
    }
}

fn etag_of(response: &RawResponse) -> Option<String> {
    response.headers().get_optional_string(&ETAG)
}

/// The condition of a write as a header.
pub(super) fn condition(mode: &WriteMode) -> Option<(&'static str, String)> {
    match mode {
        WriteMode::Replace => None,
        WriteMode::Keep => Some(("if-none-match", "*".to_owned())),
        WriteMode::Match(etag) => Some(("if-match", etag.clone())),
    }
}

#[async_trait]
impl Store for BlobStore {
    async fn create_root(&self) -> Result<bool> {
        self.connection
            .create_root(("restype", "container"), "ContainerAlreadyExists")
            .await
    }

    fn list(&self, prefix: &str) -> BoxStream<'static, Result<Vec<Item>>> {
        let pages = self.pages(prefix.to_owned(), "");
        pages.map(|page| page.map(|page| page.items)).boxed()
    }

    fn entries(&self, folder: &str) -> BoxStream<'static, Result<Vec<Entry>>> {
        let prefix = match folder.trim_matches('/') {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let own = prefix.clone();
        let pages = self.pages(prefix, "/");
        pages
            .map(move |page| {
                let page = page?;
                let folders = page.prefixes.into_iter().map(|mut name| {
                    name.truncate(name.trim_end_matches('/').len());
                    Entry::Folder(name)
                });
                // An empty blob named as the folder stands for it.
                let files = page.items.into_iter().filter(|item| item.name != own);
                Ok(folders.chain(files.map(Entry::File)).collect())
            })
            .boxed()
    }

    async fn put(&self, name: &str, content: Bytes, writing: &Writing) -> Result<Written> {
        let mode = &writing.mode;
        let url = self.connection.url(name)?;
        let mut request = self.connection.request(url, Method::Put);
        request.insert_header("x-ms-blob-type", "BlockBlob");
        request.insert_header("content-type", "application/octet-stream");
        if let Some((header, value)) = condition(mode) {
            request.insert_header(header, value);
        }
        if let Some(source) = &writing.source {
            request.insert_header(SOURCE_HEADER, source.clone());
        }
        request.set_body(content);
        written(self.connection.send(request).await, mode, etag_of)
    }

    async fn put_file(&self, name: &str, file: &Path, writing: &Writing) -> Result<Written> {
        let mode = &writing.mode;
        let client = self.client(name)?;
        let file = tokio::fs::File::open(file)
            .await
            .map_err(Error::local("opening", file))?;
        let source = FileStream::builder(file).build().await?;
        let length = source.len().unwrap_or_default();
        let block = BLOCK.max(length.div_ceil(MOST_BLOCKS));
        let metadata = writing
            .source
            .clone()
            .map(|source| HashMap::from([(SOURCE_NAME.to_owned(), source)]));
        let mut options = BlobClientUploadOptions {
            metadata,
            partition_size: NonZero::new(block),
            parallel: Some(BLOCKS_AT_ONCE),
            ..BlobClientUploadOptions::default()
        };
        match mode {
            WriteMode::Replace => {}
            WriteMode::Keep => options = options.if_not_exists(),
            WriteMode::Match(etag) => options.if_match = Some(Etag::from(etag.clone())),
        }
        let body = Body::SeekableStream(Box::new(source));
        let sent = client.upload(body.into(), Some(options)).await;
        written(sent.map_err(azml_core::Error::from), mode, |_| None)
    }

    async fn begin(&self, name: &str) -> Result<Arc<dyn Parts>> {
        let mut random = [0u8; 8];
        getrandom::fill(&mut random)
            .map_err(|_| Error::usage("the operating system gives no random bytes"))?;
        Ok(Arc::new(Blocks {
            client: self.client(name)?,
            run: u64::from_le_bytes(random),
        }))
    }

    async fn get(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        etag: Option<&str>,
    ) -> Result<Fetched> {
        let url = self.connection.url(name)?;
        fetch(&self.connection, url, (name, range, etag)).await
    }

    async fn head(&self, name: &str) -> Result<Option<Item>> {
        let url = self.connection.url(name)?;
        let request = self.connection.request(url, Method::Head);
        match self.connection.send(request).await {
            Ok(response) => Ok(Some(item(name, response.headers())?)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn delete(&self, name: &str) -> Result<bool> {
        let url = self.connection.url(name)?;
        let mut request = self.connection.request(url, Method::Delete);
        request.insert_header("x-ms-delete-snapshots", "include");
        match self.connection.send(request).await {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn copy(&self, from: &str, to: &str, mode: &WriteMode) -> Result<Written> {
        let url = self.connection.url(to)?;
        let mut request = self.connection.request(url, Method::Put);
        let source = self.connection.signed(self.connection.url(from)?);
        request.insert_header("x-ms-copy-source", source);
        if let Some((header, value)) = condition(mode) {
            request.insert_header(header, value);
        }
        match self.connection.send(request).await {
            Ok(response) => {
                self.copied(to, &response).await?;
                Ok(Written::Done(etag_of(&response)))
            }
            Err(error) if is_existing(&error, mode) => Ok(Written::Existed),
            Err(error) => Err(error.into()),
        }
    }

    /// A blob has no other way to move: a copy, then the old one is removed.
    async fn rename(&self, from: &str, to: &str, mode: &WriteMode) -> Result<Written> {
        let written = self.copy(from, to, mode).await?;
        if from != to && matches!(written, Written::Done(_)) {
            self.delete(from).await?;
        }
        Ok(written)
    }

    /// An empty blob with a slash at the end of its name stands for the folder.
    #[cfg(all(feature = "mount", target_os = "linux"))]
    async fn make_folder(&self, path: &str) -> Result<()> {
        let writing = WriteMode::Keep.into();
        self.put(&format!("{path}/"), Bytes::new(), &writing)
            .await?;
        Ok(())
    }

    #[cfg(all(feature = "mount", target_os = "linux"))]
    async fn remove_folder(&self, path: &str) -> Result<()> {
        self.delete(&format!("{path}/")).await?;
        Ok(())
    }
}

/// Reads what is at an address, or a range of it; with an entity tag, only that version.
pub(super) async fn fetch(
    connection: &Connection,
    url: azure_core::http::Url,
    (name, range, etag): (&str, Option<Range<u64>>, Option<&str>),
) -> Result<Fetched> {
    let mut request = connection.request(url, Method::Get);
    if let Some(range) = range {
        let text = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        request.insert_header("x-ms-range", text);
    }
    if let Some(etag) = etag {
        request.insert_header("if-match", etag.to_owned());
    }
    let response = connection.stream(request).await?;
    let item = item(name, response.headers())?;
    if etag.is_some_and(|etag| etag.trim_matches('"') != item.etag.trim_matches('"')) {
        // Not every service looks at the condition.
        let text = format!("'{name}' was written while it was read");
        let error = azml_core::Error::new(ErrorKind::PreconditionFailed, text);
        return Err(error.with_status(412).into());
    }
    Ok(Fetched {
        length: response.headers().get_as(&CONTENT_LENGTH)?,
        item,
        body: response.into_body(),
    })
}

/// A blob in the making. Blocks of one run do not meet those of another.
struct Blocks {
    client: BlobClient,
    run: u64,
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks").field("run", &self.run).finish()
    }
}

impl Blocks {
    fn id(&self, index: usize) -> Vec<u8> {
        format!("{:016x}{index:08}", self.run).into_bytes()
    }
}

#[async_trait]
impl Parts for Blocks {
    async fn write(&self, index: usize, _: u64, content: Bytes) -> Result<()> {
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let blob = self.client.block_blob_client();
        let id = self.id(index);
        let sent = blob.stage_block(&id, length, content.into(), None).await;
        sent.map(drop)
            .map_err(|error| azml_core::Error::from(error).into())
    }

    async fn finish(&self, count: usize, _: u64, mode: &WriteMode) -> Result<Written> {
        let list = BlockLookupList {
            latest: Some((0..count).map(|index| self.id(index)).collect()),
            ..BlockLookupList::default()
        };
        let mut options = BlockBlobClientCommitBlockListOptions::default();
        match mode {
            WriteMode::Replace => {}
            WriteMode::Keep => options.if_none_match = Some(Etag::from("*")),
            WriteMode::Match(etag) => options.if_match = Some(Etag::from(etag.clone())),
        }
        let blob = self.client.block_blob_client();
        let sent = blob
            .commit_block_list(list.try_into()?, Some(options))
            .await;
        written(sent.map_err(azml_core::Error::from), mode, |response| {
            response.headers().get_optional_string(&ETAG)
        })
    }

    /// Blocks that are never committed expire by themselves.
    async fn abort(&self) -> Result<()> {
        Ok(())
    }
}
