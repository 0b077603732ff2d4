//! Files in a file share: our own thin client of the file service. A file is written under
//! another name first and renamed, so that no reader meets a part of it.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use azure_core::http::headers::ETAG;
use azure_core::http::{Method, RawResponse, Request, Url};
use azure_core::xml;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};

use super::blob::fetch;
use super::connection::{Connection, Service, item, with_query};
use super::listing::{Name, quoted};
use super::store::{
    Entry, Fetched, Item, Parts, SOURCE_HEADER, Store, WriteMode, Writing, Written,
};
use crate::error::{Error, Result};
use crate::registry::Record;
use crate::workspace::Inner;

/// Entries of one page.
const PAGE: &str = "5000";
/// Largest body of one range.
const RANGE: u64 = 4 << 20;
/// Ranges of one file that are sent at once.
const RANGES_AT_ONCE: usize = 8;
/// The length that a file has while its own is not known; unwritten space takes none.
const LARGEST: u64 = 4 << 40;

/// A file share. Clones share what is known of its directories.
#[derive(Clone, Debug)]
pub(super) struct ShareStore {
    connection: Connection,
    /// Directories that were made or found.
    known: Arc<Mutex<HashSet<String>>>,
}

impl ShareStore {
    /// The share of a datastore.
    pub(super) fn open(workspace: &Inner, record: &Record) -> Result<Self> {
        Ok(Self {
            connection: Connection::open(workspace, record, Service::File)?,
            known: Arc::default(),
        })
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Result<Url> {
        Ok(with_query(self.connection.path_url(path)?, query))
    }

    fn put_request(&self, path: &str, query: &[(&str, &str)]) -> Result<Request> {
        let url = self.url(path, query)?;
        Ok(self.connection.request(url, Method::Put))
    }

    async fn page(&self, folder: &str, prefix: &str, marker: &str) -> Result<Page> {
        let query = [
            ("restype", "directory"),
            ("comp", "list"),
            ("include", "Timestamps,Etag"),
            ("maxresults", PAGE),
            ("prefix", prefix),
            ("marker", marker),
        ];
        let mut request = self
            .connection
            .request(self.url(folder, &query)?, Method::Get);
        request.insert_header("x-ms-file-extended-info", "true");
        match self.connection.send(request).await {
            Ok(response) => parse(folder, response.body().as_ref()),
            // A directory that is not there holds nothing; a share that is not there is missed.
            Err(error) if is_missing(&error) => Ok(Page::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Pages of one directory, of entries whose names begin with `prefix`.
    fn pages(&self, folder: String, prefix: String) -> BoxStream<'static, Result<Page>> {
        let start = (self.clone(), Some(String::new()));
        stream::try_unfold(start, move |(store, marker)| {
            let (folder, prefix) = (folder.clone(), prefix.clone());
            async move {
                let Some(marker) = marker else {
                    return Ok(None);
                };
                let mut page = store.page(&folder, &prefix, &marker).await?;
                let next = page.next.take();
                Ok(Some((page, (store, next))))
            }
        })
        .boxed()
    }

    /// Makes the directories above a path, from the top down.
    async fn make_parents(&self, path: &str) -> Result<()> {
        let ends = path.match_indices('/').map(|(at, _)| at);
        for folder in ends.map(|end| &path[..end]).filter(|text| !text.is_empty()) {
            if self.is_known(folder) {
                continue;
            }
            let request = self.put_request(folder, &[("restype", "directory")])?;
            match self.connection.send(request).await {
                Ok(_) => {}
                // Somebody was faster, or it was there before.
                Err(error) if error.code() == Some("ResourceAlreadyExists") => {}
                Err(error) => return Err(error.into()),
            }
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(folder.to_owned());
        }
        Ok(())
    }

    #[cfg(all(feature = "mount", target_os = "linux"))]
    fn forget(&self, folder: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(folder);
    }

    fn is_known(&self, folder: &str) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(folder)
    }

    /// Makes a file of zeros, and the directories above where they are missing.
    async fn create(&self, path: &str, length: u64, source: Option<&str>) -> Result<()> {
        let create = || -> Result<Request> {
            let mut request = self.put_request(path, &[])?;
            request.insert_header("x-ms-type", "file");
            request.insert_header("x-ms-content-length", length.to_string());
            if let Some(source) = source {
                request.insert_header(SOURCE_HEADER, source.to_owned());
            }
            Ok(request)
        };
        match self.connection.send(create()?).await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ParentNotFound") => {
                self.make_parents(path).await?;
                self.connection.send(create()?).await?;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn write_range(&self, path: &str, offset: u64, content: Bytes) -> Result<()> {
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        if length == 0 {
            return Ok(());
        }
        let mut request = self.put_request(path, &[("comp", "range")])?;
        request.insert_header("x-ms-write", "update");
        let range = format!("bytes={offset}-{}", offset + length - 1);
        request.insert_header("x-ms-range", range);
        request.set_body(content);
        self.connection.send(request).await?;
        Ok(())
    }

    /// Gives a file its name.
    async fn publish(&self, from: &str, to: &str, mode: &WriteMode) -> Result<Written> {
        let replace = match mode {
            WriteMode::Replace => true,
            WriteMode::Keep => false,
            WriteMode::Match(_) => return Err(no_versions()),
        };
        let mut request = self.put_request(to, &[("comp", "rename")])?;
        let source = self.connection.signed(self.connection.path_url(from)?);
        request.insert_header("x-ms-file-rename-source", source);
        let replace = if replace { "true" } else { "false" };
        request.insert_header("x-ms-file-rename-replace-if-exists", replace);
        match self.connection.send(request).await {
            Ok(response) => Ok(Written::Done(etag_of(&response))),
            Err(error) if is_existing(&error, mode) => Ok(Written::Existed),
            Err(error) => Err(error.into()),
        }
    }

    async fn remove(&self, path: &str) -> Result<bool> {
        let url = self.url(path, &[])?;
        let request = self.connection.request(url, Method::Delete);
        match self.connection.send(request).await {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn existing(&self, name: &str, mode: &WriteMode) -> Result<bool> {
        match mode {
            WriteMode::Replace => Ok(false),
            WriteMode::Keep => Ok(self.head(name).await?.is_some()),
            WriteMode::Match(_) => Err(no_versions()),
        }
    }

    /// Writes everything under the temporary name, then renames it.
    async fn fill(
        &self,
        unfinished: &Unfinished,
        source: Source<'_>,
        recorded: Option<&str>,
    ) -> Result<()> {
        let length = source.length();
        self.create(&unfinished.name, length, recorded).await?;
        let starts = (0..length.div_ceil(RANGE)).map(|index| index * RANGE);
        stream::iter(starts)
            .map(|start| async move {
                let end = (start + RANGE).min(length);
                let content = source.read(start..end).await?;
                self.write_range(&unfinished.name, start, content).await
            })
            .buffer_unordered(RANGES_AT_ONCE)
            .try_collect::<()>()
            .await
    }

    async fn put_source(
        &self,
        name: &str,
        source: Source<'_>,
        writing: &Writing,
    ) -> Result<Written> {
        if self.existing(name, &writing.mode).await? {
            return Ok(Written::Existed);
        }
        let unfinished = Unfinished::new(self, name)?;
        self.fill(&unfinished, source, writing.source.as_deref())
            .await?;
        unfinished.publish(name, &writing.mode).await
    }
}

/// Where the bytes of a file come from.
#[derive(Clone, Copy)]
enum Source<'a> {
    Memory(&'a Bytes),
    File(&'a Path, u64),
}

impl Source<'_> {
    fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::File(_, length) => *length,
        }
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        match self {
            Self::Memory(bytes) => {
                let index = |at| usize::try_from(at).unwrap_or(usize::MAX);
                Ok(bytes.slice(index(range.start)..index(range.end)))
            }
            Self::File(path, _) => {
                let failed = |error| Error::local("reading", *path)(error);
                let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
                file.seek(SeekFrom::Start(range.start))
                    .await
                    .map_err(Error::local("reading", *path))?;
                let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
                let mut bytes = vec![0; length];
                file.read_exact(&mut bytes)
                    .await
                    .map_err(Error::local("reading", *path))?;
                Ok(bytes.into())
            }
        }
    }
}

/// A file under a temporary name. It is removed when it does not get its own.
#[derive(Debug)]
struct Unfinished {
    store: ShareStore,
    name: String,
    published: bool,
}

impl Unfinished {
    /// A name beside `name` that nobody else has.
    fn new(store: &ShareStore, name: &str) -> Result<Self> {
        let mut random = [0u8; 8];
        getrandom::fill(&mut random)
            .map_err(|_| Error::usage("the operating system gives no random bytes"))?;
        let folder = match name.trim_start_matches('/').rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/"),
            None => String::new(),
        };
        Ok(Self {
            store: store.clone(),
            name: format!("{folder}.azml-part-{:016x}", u64::from_le_bytes(random)),
            published: false,
        })
    }

    async fn publish(mut self, name: &str, mode: &WriteMode) -> Result<Written> {
        let written = self.store.publish(&self.name, name, mode).await?;
        self.published = matches!(written, Written::Done(_));
        Ok(written)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        // Whoever stopped the transfer does not wait for this.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (store, name) = (self.store.clone(), std::mem::take(&mut self.name));
            runtime.spawn(async move {
                if let Err(error) = store.remove(&name).await {
                    tracing::debug!(name, %error, "an unfinished file was not removed");
                }
            });
        }
    }
}

fn no_versions() -> Error {
    Error::Unsupported {
        operation: "writing over one version only",
        what: "a file share".to_owned(),
    }
}

fn is_missing(error: &azml_core::Error) -> bool {
    matches!(error.code(), Some("ResourceNotFound" | "ParentNotFound"))
}

fn is_existing(error: &azml_core::Error, mode: &WriteMode) -> bool {
    *mode == WriteMode::Keep
        && error.status() == Some(409)
        && error.code() == Some("ResourceAlreadyExists")
}

fn etag_of(response: &RawResponse) -> Option<String> {
    response.headers().get_optional_string(&ETAG)
}

#[async_trait]
impl Store for ShareStore {
    async fn create_root(&self) -> Result<bool> {
        self.connection
            .create_root(("restype", "share"), "ShareAlreadyExists")
            .await
    }

    fn ignores_case(&self) -> bool {
        true
    }

    /// The directory before the last slash of `prefix` is asked for the rest, and what is
    /// found is walked. The service compares names without regard to case.
    fn list(&self, prefix: &str) -> BoxStream<'static, Result<Vec<Item>>> {
        let (folder, rest) = prefix.rsplit_once('/').unwrap_or(("", prefix));
        let first = (folder.trim_matches('/').to_owned(), rest.to_owned());
        let start = (
            self.clone(),
            vec![first],
            None::<BoxStream<'static, Result<Page>>>,
        );
        stream::try_unfold(start, |(store, mut open, mut pages)| async move {
            loop {
                let mut current = match pages.take() {
                    Some(current) => current,
                    None => match open.pop() {
                        Some((folder, prefix)) => store.pages(folder, prefix),
                        None => return Ok(None),
                    },
                };
                if let Some(page) = current.try_next().await? {
                    // The last one that is pushed is walked first.
                    let folders = page.folders.into_iter().rev();
                    open.extend(folders.map(|folder| (folder, String::new())));
                    return Ok(Some((page.items, (store, open, Some(current)))));
                }
            }
        })
        .boxed()
    }

    fn entries(&self, folder: &str) -> BoxStream<'static, Result<Vec<Entry>>> {
        self.pages(folder.trim_matches('/').to_owned(), String::new())
            .map_ok(|page| {
                let folders = page.folders.into_iter().map(Entry::Folder);
                folders
                    .chain(page.items.into_iter().map(Entry::File))
                    .collect()
            })
            .boxed()
    }

    async fn put(&self, name: &str, content: Bytes, writing: &Writing) -> Result<Written> {
        self.put_source(name, Source::Memory(&content), writing)
            .await
    }

    async fn put_file(&self, name: &str, file: &Path, writing: &Writing) -> Result<Written> {
        let length = tokio::fs::metadata(file)
            .await
            .map_err(Error::local("reading", file))?
            .len();
        self.put_source(name, Source::File(file, length), writing)
            .await
    }

    async fn begin(&self, name: &str) -> Result<Arc<dyn Parts>> {
        let unfinished = Unfinished::new(self, name)?;
        self.create(&unfinished.name, LARGEST, None).await?;
        Ok(Arc::new(Ranges {
            name: name.to_owned(),
            part: unfinished.name.clone(),
            store: self.clone(),
            unfinished: Mutex::new(Some(unfinished)),
        }))
    }

    async fn get(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        etag: Option<&str>,
    ) -> Result<Fetched> {
        let url = self.url(name, &[])?;
        fetch(&self.connection, url, (name, range, etag)).await
    }

    async fn head(&self, name: &str) -> Result<Option<Item>> {
        let request = self.connection.request(self.url(name, &[])?, Method::Head);
        match self.connection.send(request).await {
            Ok(response) => Ok(Some(item(name, response.headers())?)),
            // There is a directory of this name.
            Err(error) if error.code() == Some("ResourceTypeMismatch") => Ok(None),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn delete(&self, name: &str) -> Result<bool> {
        self.remove(name).await
    }

    async fn copy(&self, from: &str, to: &str, mode: &WriteMode) -> Result<Written> {
        if self.existing(to, mode).await? {
            return Ok(Written::Existed);
        }
        let unfinished = Unfinished::new(self, to)?;
        self.make_parents(to).await?;
        let mut request = self.put_request(&unfinished.name, &[])?;
        let source = self.connection.signed(self.connection.path_url(from)?);
        request.insert_header("x-ms-copy-source", source);
        self.connection.send(request).await?;
        unfinished.publish(to, mode).await
    }

    async fn rename(&self, from: &str, to: &str, mode: &WriteMode) -> Result<Written> {
        self.make_parents(to).await?;
        self.publish(from, to, mode).await
    }

    #[cfg(all(feature = "mount", target_os = "linux"))]
    async fn make_folder(&self, path: &str) -> Result<()> {
        // The directories above what is in it.
        self.make_parents(&format!("{path}/")).await
    }

    #[cfg(all(feature = "mount", target_os = "linux"))]
    async fn remove_folder(&self, path: &str) -> Result<()> {
        self.forget(path);
        let url = self.url(path, &[("restype", "directory")])?;
        let request = self.connection.request(url, Method::Delete);
        match self.connection.send(request).await {
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(all(feature = "mount", target_os = "linux"))]
    fn knows_versions(&self) -> bool {
        false
    }
}

/// A file in the making, whose length is known at its end.
#[derive(Debug)]
struct Ranges {
    store: ShareStore,
    name: String,
    /// The temporary name.
    part: String,
    unfinished: Mutex<Option<Unfinished>>,
}

impl Ranges {
    fn take(&self) -> Option<Unfinished> {
        let mut unfinished = self
            .unfinished
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        unfinished.take()
    }
}

#[async_trait]
impl Parts for Ranges {
    async fn write(&self, _: usize, offset: u64, content: Bytes) -> Result<()> {
        let step = usize::try_from(RANGE).unwrap_or(usize::MAX);
        let mut at = offset;
        let mut rest = content;
        while !rest.is_empty() {
            let now = rest.split_to(rest.len().min(step));
            let length = u64::try_from(now.len()).unwrap_or(u64::MAX);
            self.store.write_range(&self.part, at, now).await?;
            at += length;
        }
        Ok(())
    }

    async fn finish(&self, _: usize, length: u64, mode: &WriteMode) -> Result<Written> {
        let mut request = self
            .store
            .put_request(&self.part, &[("comp", "properties")])?;
        request.insert_header("x-ms-content-length", length.to_string());
        self.store.connection.send(request).await?;
        match self.take() {
            Some(unfinished) => unfinished.publish(&self.name, mode).await,
            None => Err(Error::usage("the parts were given up or finished before")),
        }
    }

    async fn abort(&self) -> Result<()> {
        drop(self.take());
        Ok(())
    }
}

/// What one page of a directory shows.
#[derive(Default)]
struct Page {
    items: Vec<Item>,
    folders: Vec<String>,
    next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(default)]
    entries: Entries,
    #[serde(default)]
    next_marker: Option<String>,
}

#[derive(Default, Deserialize)]
struct Entries {
    #[serde(default, rename = "$value")]
    entries: Vec<ListedEntry>,
}

/// Directories and files come in one order, by name.
#[derive(Deserialize)]
enum ListedEntry {
    Directory(Listed),
    File(Listed),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    name: Name,
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
struct Properties {
    #[serde(default, rename = "Content-Length")]
    length: u64,
    #[serde(default, rename = "Etag")]
    etag: String,
    #[serde(default, rename = "Last-Modified")]
    last_modified: String,
}

fn parse(folder: &str, document: &[u8]) -> Result<Page> {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let document: Document = xml::from_xml(document)?;
    let whole = |name: Name| match folder.trim_matches('/') {
        "" => name.into_text(),
        folder => format!("{folder}/{}", name.into_text()),
    };
    let mut page = Page {
        next: document.next_marker.filter(|marker| !marker.is_empty()),
        ..Page::default()
    };
    for entry in document.entries.entries {
        match entry {
            ListedEntry::Directory(folder) => page.folders.push(whole(folder.name)),
            ListedEntry::File(file) => page.items.push(Item {
                name: whole(file.name),
                length: file.properties.length,
                etag: quoted(&file.properties.etag),
                last_modified: file.properties.last_modified,
                ..Item::default()
            }),
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// storage SH-01.
    #[test]
    fn pages_of_directories_are_read() {
        let document = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\
            <EnumerationResults ServiceEndpoint=\"http://x/\" ShareName=\"s\" DirectoryPath=\"a\">\
            <Entries><Directory><Name>sub</Name><FileId>1</FileId><Properties /></Directory>\
            <File><Name>f.txt</Name><FileId>2</FileId><Properties><Content-Length>7</Content-Length>\
            <Last-Modified>Fri, 26 Jun 2015 23:39:12 GMT</Last-Modified><Etag>\"0x8D1\"</Etag>\
            </Properties></File><Directory><Name>sub2</Name><Properties /></Directory></Entries><NextMarker /></EnumerationResults>";
        let page = parse("a", document.as_bytes()).unwrap();
        assert_eq!(page.folders, ["a/sub", "a/sub2"]);
        assert_eq!(page.items[0].name, "a/f.txt");
        assert_eq!(
            (page.items[0].length, page.items[0].etag.as_str()),
            (7, "\"0x8D1\"")
        );
        assert_eq!(page.next, None);
    }
}
