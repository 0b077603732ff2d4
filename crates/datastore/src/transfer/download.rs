//! Downloads: every file goes to a temporary name first and gets its own when it is
//! complete.

use std::collections::HashSet;
use std::future::IntoFuture;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use azml_core::ErrorKind;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt, SeekFrom};
use tokio::sync::Semaphore;

use super::journal::Journal;
use super::local;
use super::progress::{Progress, ProgressEvent};
use super::report::{ErrorMode, Listener, Outcome, Tally, TransferReport};
use super::{FILES_AT_ONCE, ONE_REQUEST, same};
use crate::data::{Datastore, Fetched, Item, Store};
use crate::error::{Error, Result};

/// Size of the parts of large files, and how many of one file are fetched at once.
const PART: u64 = 8 << 20;
const PARTS_AT_ONCE: usize = 8;
/// How often a body that breaks off is asked for in all.
const BODY_TRIES: usize = 5;
/// Requests of all files together.
const REQUESTS_AT_ONCE: usize = 64;

/// A download in the making; awaiting it runs it. Dropping the future stops it and leaves
/// no incomplete file behind.
#[derive(Clone, Debug)]
#[must_use = "nothing is fetched before it is awaited"]
pub struct Download {
    datastore: Datastore,
    directory: PathBuf,
    prefix: String,
    overwrite: bool,
    resume: bool,
    errors: ErrorMode,
    listener: Listener,
}

impl Download {
    pub(crate) fn new(datastore: Datastore, directory: &Path) -> Self {
        Self {
            datastore,
            directory: directory.to_owned(),
            prefix: String::new(),
            overwrite: false,
            resume: false,
            errors: ErrorMode::default(),
            listener: Listener::default(),
        }
    }

    /// Only files whose names begin with this text. Default: all.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Replaces local files. Default: they stay, and count as skipped.
    pub fn overwrite(mut self) -> Self {
        self.overwrite = true;
        self
    }

    /// Goes on where an earlier download stopped. Local files that are as long as the
    /// remote ones and have their time, or their MD5, stay; of large files that were
    /// interrupted only the missing parts are fetched. With it, a download that stops
    /// leaves incomplete files under hidden names, and files get the remote time.
    pub fn resume(mut self) -> Self {
        self.resume = true;
        self
    }

    /// What happens when a file cannot be fetched.
    pub fn errors(mut self, mode: ErrorMode) -> Self {
        self.errors = mode;
        self
    }

    /// Who is told about each step.
    pub fn progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.listener = Listener(Some(progress));
        self
    }

    async fn run(self) -> Result<TransferReport> {
        let store = self.datastore.store()?;
        tokio::fs::create_dir_all(&self.directory)
            .await
            .map_err(Error::local("creating", &self.directory))?;
        let items = store.list(&self.prefix).try_concat().await?;
        let items = without_folders(items)?;
        self.listener.tell(ProgressEvent::Found {
            files: u64::try_from(items.len()).unwrap_or(u64::MAX),
            bytes: items.iter().map(|item| item.length).sum(),
        });
        let requests = Arc::new(Semaphore::new(REQUESTS_AT_ONCE));
        let mut tally = Tally::new(self.errors, self.listener.clone());
        let mut fetched = stream::iter(items)
            .map(|item| {
                let place = local::place(&self.directory, &item.name);
                let one = OneFile {
                    store: Arc::clone(&store),
                    item,
                    overwrite: self.overwrite,
                    resume: self.resume,
                    requests: Arc::clone(&requests),
                    listener: self.listener.clone(),
                };
                async move {
                    let name = one.item.name.clone();
                    let outcome = match place {
                        Ok(path) => one.fetch(&path).await,
                        Err(error) => Err(error),
                    };
                    (name, outcome)
                }
            })
            .buffer_unordered(FILES_AT_ONCE);
        while let Some((name, outcome)) = fetched.next().await {
            tally.count(name, outcome)?;
        }
        tally.finish(None)
    }
}

impl IntoFuture for Download {
    type Output = Result<TransferReport>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.run().boxed()
    }
}

/// Leaves out empty files that stand for folders, and refuses others of a folder's name:
/// no local directory can hold both.
fn without_folders(items: Vec<Item>) -> Result<Vec<Item>> {
    let mut folders = HashSet::new();
    for item in &items {
        let mut rest = item.name.as_str();
        // A folder that is known has known parents.
        while let Some((parent, _)) = rest.rsplit_once('/') {
            if !folders.insert(parent.to_owned()) {
                break;
            }
            rest = parent;
        }
    }
    let is_marker = |item: &Item| item.name.ends_with('/') || folders.contains(&item.name);
    if let Some(clash) = items
        .iter()
        .find(|item| item.length > 0 && folders.contains(&item.name))
    {
        return Err(Error::NameClash(clash.name.clone()));
    }
    let mut items = items;
    items.retain(|item| item.length > 0 || !is_marker(item));
    Ok(items)
}

/// An incomplete local file; removed when it is dropped.
#[derive(Debug)]
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // Once it has its own name there is nothing here any more.
        let _ = std::fs::remove_file(&self.0);
    }
}

struct OneFile {
    store: Arc<dyn Store>,
    item: Item,
    overwrite: bool,
    resume: bool,
    /// Bounds the requests of all files together.
    requests: Arc<Semaphore>,
    listener: Listener,
}

impl OneFile {
    async fn fetch(mut self, path: &Path) -> Result<Outcome> {
        let there = tokio::fs::symlink_metadata(path).await.is_ok();
        if there && self.resume && same::is_downloaded(&self.item, path).await? {
            return Ok(Outcome::Skipped(self.item.length));
        }
        if there && !self.overwrite {
            return Ok(Outcome::Skipped(self.item.length));
        }
        let name = self.item.name.clone();
        self.listener.tell(ProgressEvent::Started { name: &name });
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder)
                .await
                .map_err(Error::local("creating", folder))?;
        }
        match self.fetch_version(path).await {
            // It was written while it was read: once more, from the beginning.
            Err(error) if error.status() == Some(412) => {
                let item = self.store.head(&name).await?;
                self.item = item.ok_or_else(|| {
                    let text = format!("the file '{name}' was removed while it was read");
                    azml_core::Error::new(ErrorKind::NotFound, text)
                })?;
                self.fetch_version(path).await
            }
            other => other,
        }
    }

    async fn fetch_version(&mut self, path: &Path) -> Result<Outcome> {
        let outcome = if self.resume && self.item.length > ONE_REQUEST {
            self.go_on(path).await?
        } else {
            self.fetch_anew(path).await?
        };
        if self.resume {
            same::take_time(&self.item, path)?;
        }
        Ok(outcome)
    }

    /// Fetches the parts of a large file that no earlier run has fetched.
    async fn go_on(&self, path: &Path) -> Result<Outcome> {
        let journal = Journal::open(path, &self.item, PART)?;
        match self.fetch_parts(&journal.part, Some(&journal)).await {
            Ok(()) => {}
            Err(error) => {
                if error.status() == Some(412) {
                    journal.remove();
                }
                return Err(error);
            }
        }
        tokio::fs::rename(&journal.part, path)
            .await
            .map_err(Error::local("renaming to", path))?;
        journal.remove();
        Ok(Outcome::Moved(self.item.length))
    }

    async fn fetch_anew(&mut self, path: &Path) -> Result<Outcome> {
        let part = Part(local::part_path(path)?);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&part.0)
            .await
            .map_err(Error::local("creating", &part.0))?;
        let length = if self.item.length <= ONE_REQUEST {
            drop(file);
            let (item, length) = repeated(|| self.fetch_whole(&part.0)).await?;
            // It may be a later version than the list showed.
            self.item = item;
            length
        } else {
            file.set_len(self.item.length)
                .await
                .map_err(Error::local("resizing", &part.0))?;
            drop(file);
            self.fetch_parts(&part.0, None).await?;
            self.item.length
        };
        tokio::fs::rename(&part.0, path)
            .await
            .map_err(Error::local("renaming to", path))?;
        Ok(Outcome::Moved(length))
    }

    /// Fetches a small file in one request.
    async fn fetch_whole(&self, path: &Path) -> Result<(Item, u64)> {
        let _turn = self.requests.acquire().await;
        let fetched = self.store.get(&self.item.name, None, None).await?;
        let file = OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(path)
            .await
            .map_err(Error::local("opening", path))?;
        let item = fetched.item.clone();
        Ok((item, self.write(path, file, fetched).await?))
    }

    /// Fetches a large file in parts, each written where it belongs.
    async fn fetch_parts(&self, path: &Path, journal: Option<&Journal>) -> Result<()> {
        let length = self.item.length;
        let indices = 0..length.div_ceil(PART);
        let missing = indices.filter(|index| !journal.is_some_and(|journal| journal.has(*index)));
        stream::iter(missing)
            .map(|index| async move {
                let start = index * PART;
                let _turn = self.requests.acquire().await;
                let range = start..(start + PART).min(length);
                repeated(|| self.fetch_part(path, range.clone())).await?;
                match journal {
                    Some(journal) => journal.note(index),
                    None => Ok(()),
                }
            })
            .buffer_unordered(PARTS_AT_ONCE)
            .try_collect::<()>()
            .await
    }

    async fn fetch_part(&self, path: &Path, range: Range<u64>) -> Result<()> {
        let (name, etag) = (&self.item.name, self.item.etag.as_str());
        let fetched = self
            .store
            .get(name, Some(range.clone()), Some(etag))
            .await?;
        if fetched.length != range.end - range.start {
            return Err(short(name));
        }
        let mut file = OpenOptions::new()
            .write(true)
            .open(path)
            .await
            .map_err(Error::local("opening", path))?;
        file.seek(SeekFrom::Start(range.start))
            .await
            .map_err(Error::local("writing", path))?;
        self.write(path, file, fetched).await?;
        Ok(())
    }

    /// Writes a body to its end; gives how many bytes there were.
    async fn write(&self, path: &Path, mut file: File, fetched: Fetched) -> Result<u64> {
        let mut body = fetched.body;
        let mut written = 0u64;
        while let Some(chunk) = body.try_next().await? {
            file.write_all(&chunk)
                .await
                .map_err(Error::local("writing", path))?;
            let bytes = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            written += bytes;
            self.listener.tell(ProgressEvent::Moved { bytes });
        }
        file.flush().await.map_err(Error::local("writing", path))?;
        if written != fetched.length {
            return Err(short(&self.item.name));
        }
        Ok(written)
    }
}

/// Does it again when the body of an answer broke off: the pipeline repeats requests only
/// until the answer begins.
async fn repeated<T, F>(work: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut left = BODY_TRIES;
    loop {
        left -= 1;
        match work().await {
            Err(error) if left > 0 && error.is_interruption() => {
                tracing::debug!(%error, "a body broke off; it is fetched again");
            }
            other => return other,
        }
    }
}

fn short(name: &str) -> Error {
    let text = format!("the answer for '{name}' does not have the length that was promised");
    azml_core::Error::new(ErrorKind::Io, text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, length: u64) -> Item {
        Item {
            name: name.to_owned(),
            length,
            ..Item::default()
        }
    }

    /// storage TD-02, TD-03.
    #[test]
    fn folder_markers_are_left_out_and_clashes_refused() {
        let kept = |items: Vec<Item>| -> Result<Vec<String>> {
            Ok(without_folders(items)?
                .into_iter()
                .map(|item| item.name)
                .collect())
        };
        let items = vec![
            item("a", 0),
            item("a/b/", 0),
            item("a/b/c", 1),
            item("empty", 0),
        ];
        assert_eq!(kept(items).unwrap(), ["a/b/c", "empty"]);
        for order in [[("a", 1), ("a/b", 1)], [("a/b", 1), ("a", 1)]] {
            let items = order.map(|(name, length)| item(name, length)).into();
            let error = kept(items).unwrap_err();
            assert!(matches!(error, Error::NameClash(name) if name == "a"));
        }
    }
}
