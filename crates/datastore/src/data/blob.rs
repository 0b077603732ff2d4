//! Files in a blob container. Small files, reads and listings are single requests of our
//! own on azure_core's pipeline; uploads in blocks go through azure_storage_blob.

use std::num::NonZero;
use std::ops::Range;
use std::path::Path;

use async_trait::async_trait;
use azml_auth::storage::{AccountKey, SasToken, SharedKey, StorageCredential};
use azml_core::endpoint;
use azml_core::http::{HttpClient, HttpClientParts, Repeat};
use azure_core::http::headers::{CONTENT_LENGTH, ETAG, HeaderName, Headers, LAST_MODIFIED};
use azure_core::http::{Body, ClientOptions, Method, Request, Url};
use azure_core::stream::SeekableStream;
use azure_storage_blob::models::BlobClientUploadOptions;
use azure_storage_blob::stream::tokio::FileStream;
use azure_storage_blob::{BlobContainerClient, BlobContainerClientOptions};
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};

use super::endpoint::service_url;
use super::store::{Fetched, Item, Store, WriteMode, Written};
use super::{errors, listing};
use crate::error::{Error, Result};
use crate::registry::{Credential, Location, Record};
use crate::workspace::Inner;

/// The version of the service that our own requests speak.
const VERSION: &str = "2024-11-04";
/// Blobs of one page.
const PAGE: &str = "5000";
/// Size of the blocks of large files; at most 50,000 of them make a blob.
const BLOCK: u64 = 8 << 20;
const MOST_BLOCKS: u64 = 50_000;
/// Blocks of one file that are sent at once.
const BLOCKS_AT_ONCE: NonZero<usize> = NonZero::new(8).expect("8 is not 0");

/// A blob container.
#[derive(Clone, Debug)]
pub(super) struct BlobStore {
    container: Url,
    client: HttpClient,
    options: ClientOptions,
}

impl BlobStore {
    /// The container of a datastore.
    pub(super) fn open(workspace: &Inner, record: &Record) -> Result<Self> {
        let Location::Storage {
            account,
            container,
            endpoint,
            protocol,
        } = &record.location
        else {
            return Err(Error::usage("the datastore names no container"));
        };
        let service = service_url("blob", account, endpoint.as_deref(), protocol.as_deref())?;
        let credential = credential(account, &record.credential)?;
        let mut options = workspace.storage_options.clone();
        options
            .per_try_policies
            .extend(credential.policies(&workspace.clock));
        let client = HttpClient::new(HttpClientParts {
            crate_name: env!("CARGO_PKG_NAME"),
            crate_version: env!("CARGO_PKG_VERSION"),
            options: options.clone(),
            per_call: Vec::new(),
            per_try: Vec::new(),
            map_error: errors::map,
        });
        Ok(Self {
            container: endpoint::join(&service, &[container])?,
            client,
            options,
        })
    }

    fn url(&self, name: &str) -> Result<Url> {
        // The whole name is one segment, so that no part of it is taken for `..`.
        endpoint::join(&self.container, &[name]).map_err(|_| {
            Error::usage(format!(
                "'{}' cannot be the name of a blob",
                name.escape_debug()
            ))
        })
    }

    fn request(&self, url: Url, method: Method) -> Request {
        let mut request = Request::new(url, method);
        request.insert_header("x-ms-version", VERSION);
        request
    }

    async fn page(&self, prefix: &str, marker: &str) -> Result<listing::Page> {
        let mut url = self.container.clone();
        url.query_pairs_mut()
            .append_pair("restype", "container")
            .append_pair("comp", "list")
            .append_pair("maxresults", PAGE);
        for (name, value) in [("prefix", prefix), ("marker", marker)] {
            if !value.is_empty() {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        encode_spaces(&mut url);
        let request = self.request(url, Method::Get);
        let response = self.client.send(request, Repeat::ByMethod).await?;
        listing::parse(response.body().as_ref())
    }
}

/// A storage service reads a plus sign in a query as one, not as a space.
fn encode_spaces(url: &mut Url) {
    if let Some(query) = url.query().filter(|query| query.contains('+')) {
        let query = query.replace('+', "%20");
        url.set_query(Some(&query));
    }
}

fn credential(account: &str, credential: &Credential) -> Result<StorageCredential> {
    let missing = || Error::usage("the datastore came without its credential");
    match credential {
        Credential::AccountKey(key) => {
            let key = AccountKey::from_base64(key.as_ref().ok_or_else(missing)?.expose())?;
            Ok(StorageCredential::SharedKey(SharedKey::new(account, key)))
        }
        Credential::Sas(sas) => {
            let sas = SasToken::new(sas.as_ref().ok_or_else(missing)?.expose())?;
            Ok(StorageCredential::Sas(sas))
        }
        _ => Err(Error::Unsupported {
            operation: "reading or writing files",
            what: format!("a credential of kind {}", credential.kind()),
        }),
    }
}

fn is_existing(error: &azml_core::Error) -> bool {
    error.status() == Some(409) && error.code() == Some("BlobAlreadyExists")
}

#[async_trait]
impl Store for BlobStore {
    fn list(&self, prefix: &str) -> BoxStream<'static, Result<Vec<Item>>> {
        let start = (self.clone(), prefix.to_owned(), Some(String::new()));
        stream::try_unfold(start, |(store, prefix, marker)| async move {
            let Some(marker) = marker else {
                return Ok(None);
            };
            let page = store.page(&prefix, &marker).await?;
            Ok(Some((page.items, (store, prefix, page.next))))
        })
        .boxed()
    }

    async fn put(&self, name: &str, content: Bytes, mode: WriteMode) -> Result<Written> {
        let mut request = self.request(self.url(name)?, Method::Put);
        request.insert_header("x-ms-blob-type", "BlockBlob");
        request.insert_header("content-type", "application/octet-stream");
        if mode == WriteMode::Keep {
            request.insert_header("if-none-match", "*");
        }
        request.set_body(content);
        match self.client.send(request, Repeat::ByMethod).await {
            Ok(_) => Ok(Written::Done),
            Err(error) if is_existing(&error) => Ok(Written::Existed),
            Err(error) => Err(error.into()),
        }
    }

    async fn put_file(&self, name: &str, file: &Path, mode: WriteMode) -> Result<Written> {
        let options = BlobContainerClientOptions {
            client_options: self.options.clone(),
            ..BlobContainerClientOptions::default()
        };
        let container = BlobContainerClient::new(self.container.clone(), None, Some(options))?;
        let file = tokio::fs::File::open(file)
            .await
            .map_err(Error::local("opening", file))?;
        let source = FileStream::builder(file).build().await?;
        let length = source.len().unwrap_or_default();
        let block = BLOCK.max(length.div_ceil(MOST_BLOCKS));
        let mut options = BlobClientUploadOptions {
            partition_size: NonZero::new(block),
            parallel: Some(BLOCKS_AT_ONCE),
            ..BlobClientUploadOptions::default()
        };
        if mode == WriteMode::Keep {
            options = options.if_not_exists();
        }
        let body = Body::SeekableStream(Box::new(source));
        let sent = container
            .blob_client(name)
            .upload(body.into(), Some(options))
            .await;
        match sent.map_err(azml_core::Error::from) {
            Ok(_) => Ok(Written::Done),
            Err(error) if is_existing(&error) => Ok(Written::Existed),
            Err(error) => Err(error.into()),
        }
    }

    async fn get(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        etag: Option<&str>,
    ) -> Result<Fetched> {
        let mut request = self.request(self.url(name)?, Method::Get);
        if let Some(range) = range {
            let text = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
            request.insert_header("x-ms-range", text);
        }
        if let Some(etag) = etag {
            request.insert_header("if-match", etag.to_owned());
        }
        let response = self.client.stream(request, Repeat::ByMethod).await?;
        let length = response.headers().get_as(&CONTENT_LENGTH)?;
        Ok(Fetched {
            length,
            body: response.into_body(),
        })
    }

    async fn head(&self, name: &str) -> Result<Option<Item>> {
        let request = self.request(self.url(name)?, Method::Head);
        match self.client.send(request, Repeat::ByMethod).await {
            Ok(response) => Ok(Some(item(name, response.headers())?)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn delete(&self, name: &str) -> Result<bool> {
        let mut request = self.request(self.url(name)?, Method::Delete);
        request.insert_header("x-ms-delete-snapshots", "include");
        match self.client.send(request, Repeat::ByMethod).await {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn item(name: &str, headers: &Headers) -> Result<Item> {
    let text = |name: &HeaderName| headers.get_optional_string(name).unwrap_or_default();
    Ok(Item {
        name: name.to_owned(),
        length: headers.get_as(&CONTENT_LENGTH)?,
        etag: text(&ETAG),
        last_modified: text(&LAST_MODIFIED),
    })
}
