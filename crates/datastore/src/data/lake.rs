//! Files in a file system of Data Lake Storage (Gen2): directories, listings and moves by
//! our own thin client of its service; content goes through the blob service, which sees
//! the same files and writes each of them whole.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::headers::{ETAG, HeaderName};
use azure_core::http::{Method, Url};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::blob::{BlobStore, SOURCE_NAME, condition};
use super::connection::{Connection, Service, with_query};
use super::listing::quoted;
use super::store::{Entry, Fetched, Item, Parts, Store, WriteMode, Writing, Written};
use crate::error::{Error, Result};
use crate::registry::Record;
use crate::workspace::Inner;

/// Paths of one page.
const PAGE: &str = "5000";
/// What stays as it is in the path of a header.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const KIND: HeaderName = HeaderName::from_static("x-ms-resource-type");
const PROPERTIES: HeaderName = HeaderName::from_static("x-ms-properties");
const CONTINUATION: HeaderName = HeaderName::from_static("x-ms-continuation");

/// A file system.
#[derive(Clone, Debug)]
pub(super) struct LakeStore {
    paths: Connection,
    content: BlobStore,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    paths: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    name: String,
    #[serde(default)]
    is_directory: Option<String>,
    #[serde(default)]
    content_length: Option<String>,
    #[serde(default)]
    etag: String,
    #[serde(default)]
    last_modified: String,
}

impl Listed {
    fn into_entry(self) -> Result<Entry> {
        if self.is_directory.as_deref() == Some("true") {
            return Ok(Entry::Folder(self.name));
        }
        let length = self.content_length.as_deref().unwrap_or("0");
        let length = length.parse().map_err(|_| {
            azml_core::Error::new(
                azml_core::ErrorKind::InvalidData,
                format!("the length of '{}' is no number", self.name),
            )
        })?;
        Ok(Entry::File(Item {
            length,
            etag: quoted(&self.etag),
            last_modified: self.last_modified,
            md5: None,
            source: None,
            name: self.name,
        }))
    }
}

impl LakeStore {
    /// The file system of a datastore.
    pub(super) fn open(workspace: &Inner, record: &Record) -> Result<Self> {
        Ok(Self {
            paths: Connection::open(workspace, record, Service::Dfs)?,
            content: BlobStore::open(workspace, record)?,
        })
    }

    async fn page(
        &self,
        folder: &str,
        recursive: bool,
        token: &str,
    ) -> Result<(Vec<Entry>, Option<String>)> {
        let url = with_query(
            self.paths.root().clone(),
            &[
                ("resource", "filesystem"),
                ("recursive", if recursive { "true" } else { "false" }),
                ("directory", folder),
                ("maxResults", PAGE),
                ("continuation", token),
            ],
        );
        let request = self.paths.request(url, Method::Get);
        let response = match self.paths.send(request).await {
            Ok(response) => response,
            Err(error) if error.code() == Some("PathNotFound") => return Ok((Vec::new(), None)),
            Err(error) => return Err(error.into()),
        };
        let next = response
            .headers()
            .get_optional_string(&CONTINUATION)
            .filter(|token| !token.is_empty());
        let document: Document =
            serde_json::from_slice(response.body().as_ref()).map_err(|error| {
                let text = "the list of paths is not the JSON that was promised";
                azml_core::Error::new(azml_core::ErrorKind::InvalidData, text).with_source(error)
            })?;
        let entries: Result<Vec<Entry>> =
            document.paths.into_iter().map(Listed::into_entry).collect();
        Ok((entries?, next))
    }

    fn pages(&self, folder: String, recursive: bool) -> BoxStream<'static, Result<Vec<Entry>>> {
        let start = (self.clone(), Some(String::new()));
        stream::try_unfold(start, move |(store, token)| {
            let folder = folder.clone();
            async move {
                let Some(token) = token else {
                    return Ok(None);
                };
                let (entries, next) = store.page(&folder, recursive, &token).await?;
                Ok(Some((entries, (store, next))))
            }
        })
        .boxed()
    }

    fn path_url(&self, path: &str, query: &[(&str, &str)]) -> Result<Url> {
        Ok(with_query(self.paths.path_url(path)?, query))
    }

    /// Makes the directory that a path is in, if it is not there.
    async fn make_parent(&self, path: &str) -> Result<()> {
        let Some((folder, _)) = path.trim_matches('/').rsplit_once('/') else {
            return Ok(());
        };
        self.make_directory(folder).await
    }

    /// Makes a directory, if it is not there.
    async fn make_directory(&self, path: &str) -> Result<()> {
        let url = self.path_url(path, &[("resource", "directory")])?;
        let mut request = self.paths.request(url, Method::Put);
        request.insert_header("if-none-match", "*");
        match self.paths.send(request).await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("PathAlreadyExists") => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[async_trait]
impl Store for LakeStore {
    async fn create_root(&self) -> Result<bool> {
        self.paths
            .create_root(("resource", "filesystem"), "FilesystemAlreadyExists")
            .await
    }

    fn list(&self, prefix: &str) -> BoxStream<'static, Result<Vec<Item>>> {
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let prefix = prefix.trim_start_matches('/').to_owned();
        self.pages(folder.trim_matches('/').to_owned(), true)
            .map_ok(move |entries| {
                entries
                    .into_iter()
                    .filter_map(|entry| match entry {
                        Entry::File(item) if item.name.starts_with(&prefix) => Some(item),
                        _ => None,
                    })
                    .collect()
            })
            .boxed()
    }

    fn entries(&self, folder: &str) -> BoxStream<'static, Result<Vec<Entry>>> {
        self.pages(folder.trim_matches('/').to_owned(), false)
    }

    async fn put(&self, name: &str, content: Bytes, writing: &Writing) -> Result<Written> {
        self.content.put(name, content, writing).await
    }

    async fn put_file(&self, name: &str, file: &Path, writing: &Writing) -> Result<Written> {
        self.content.put_file(name, file, writing).await
    }

    async fn begin(&self, name: &str) -> Result<Arc<dyn Parts>> {
        self.content.begin(name).await
    }

    async fn get(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        etag: Option<&str>,
    ) -> Result<Fetched> {
        self.content.get(name, range, etag).await
    }

    async fn head(&self, name: &str) -> Result<Option<Item>> {
        let url = self.path_url(name, &[("action", "getStatus")])?;
        let request = self.paths.request(url, Method::Head);
        match self.paths.send(request).await {
            Ok(response) => {
                let headers = response.headers();
                if headers.get_optional_str(&KIND) == Some("directory") {
                    return Ok(None);
                }
                let source = headers
                    .get_optional_str(&PROPERTIES)
                    .and_then(|text| property(text, SOURCE_NAME));
                let item = super::connection::item(name, headers)?;
                Ok(Some(Item { source, ..item }))
            }
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn delete(&self, name: &str) -> Result<bool> {
        let url = self.path_url(name, &[("recursive", "false")])?;
        let request = self.paths.request(url, Method::Delete);
        match self.paths.send(request).await {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn copy(&self, from: &str, to: &str, mode: &WriteMode) -> Result<Written> {
        self.content.copy(from, to, mode).await
    }

    async fn rename(&self, from: &str, to: &str, mode: &WriteMode) -> Result<Written> {
        self.make_parent(to).await?;
        let url = self.path_url(to, &[("mode", "legacy")])?;
        let mut request = self.paths.request(url, Method::Put);
        let source = self.paths.path_url(from)?;
        // The path alone, from the file system on; then the signature, if there is one.
        let container = self
            .paths
            .root()
            .path_segments()
            .and_then(Iterator::last)
            .unwrap_or_default();
        let from = utf8_percent_encode(from.trim_start_matches('/'), PATH);
        let signed = self.paths.signed(source);
        let query = signed.split_once('?').map_or("", |(_, query)| query);
        let mark = if query.is_empty() { "" } else { "?" };
        request.insert_header(
            "x-ms-rename-source",
            format!("/{container}/{from}{mark}{query}"),
        );
        if let Some((header, value)) = condition(mode) {
            request.insert_header(header, value);
        }
        match self.paths.send(request).await {
            Ok(response) => Ok(Written::Done(response.headers().get_optional_string(&ETAG))),
            Err(error) if *mode == WriteMode::Keep && error.code() == Some("PathAlreadyExists") => {
                Ok(Written::Existed)
            }
            Err(error) => Err(Error::from(error)),
        }
    }

    #[cfg(all(feature = "mount", target_os = "linux"))]
    async fn make_folder(&self, path: &str) -> Result<()> {
        self.make_directory(path).await
    }

    #[cfg(all(feature = "mount", target_os = "linux"))]
    async fn remove_folder(&self, path: &str) -> Result<()> {
        // The service removes an empty directory as it removes a file.
        self.delete(path).await?;
        Ok(())
    }
}

/// A property of `name=base64,name=base64`, which is how this service shows metadata.
fn property(text: &str, name: &str) -> Option<String> {
    let (_, value) = text
        .split(',')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))?;
    String::from_utf8(STANDARD.decode(value).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_found_by_name() {
        let text = "other=eA==, AZML_Source=MSAy";
        assert_eq!(property(text, SOURCE_NAME).as_deref(), Some("1 2"));
        assert_eq!(property("", SOURCE_NAME), None);
    }

    /// storage LK-01.
    #[test]
    fn paths_are_read() {
        let document = r#"{"paths":[{"name":"a","isDirectory":"true","etag":"0x1"},
            {"name":"a/f","contentLength":"3","etag":"0x2","lastModified":"Fri, 26 Jun 2015 23:39:12 GMT"}]}"#;
        let document: Document = serde_json::from_str(document).unwrap();
        let entries: Vec<Entry> = document
            .paths
            .into_iter()
            .map(|path| path.into_entry().unwrap())
            .collect();
        assert_eq!(entries[0], Entry::Folder("a".to_owned()));
        let Entry::File(item) = &entries[1] else {
            panic!("no file");
        };
        assert_eq!((item.length, item.etag.as_str()), (3, "\"0x2\""));
    }
}
