//! Downloads: every file goes to a temporary name first and gets its own when it is
//! complete.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use azml_core::ErrorKind;
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt, SeekFrom};
use tokio::sync::Semaphore;

use super::folders::Folders;
use super::journal::Journal;
use super::progress::ProgressEvent;
use super::report::{Listener, Outcome, TransferReport};
use super::settings::{Settings, transfer};
use super::{ONE_REQUEST, engine, local, same};
use crate::data::{Datastore, Fetched, Item, Store};
use crate::error::{Error, Result};

/// Size of the parts of large files, and how many of one file are fetched at once.
const PART: u64 = 8 << 20;
const PARTS_AT_ONCE: usize = 8;
/// How often a body that breaks off is asked for in all.
const BODY_TRIES: usize = 5;
/// Parts of all large files together.
const ALL_PARTS_AT_ONCE: usize = 64;

/// A download in the making; awaiting it runs it. Dropping the future stops it and leaves
/// no incomplete file behind.
#[derive(Clone, Debug)]
#[must_use = "nothing is fetched before it is awaited"]
pub struct Download {
    datastore: Datastore,
    directory: PathBuf,
    prefix: String,
    overwrite: bool,
    settings: Settings,
}

impl Download {
    pub(crate) fn new(datastore: Datastore, directory: &Path) -> Self {
        Self {
            datastore,
            directory: directory.to_owned(),
            prefix: String::new(),
            overwrite: false,
            settings: Settings::default(),
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
        self.settings.resume = true;
        self
    }

    /// Only files whose whole names fit this pattern of the shell: `*` stands for anything within
    /// a folder, `**` for any folders. Given several times, one of them must fit.
    pub fn matching(mut self, pattern: impl Into<String>) -> Self {
        self.settings.patterns.add(pattern.into());
        self
    }

    async fn run(self) -> Result<TransferReport> {
        let store = self.datastore.store()?;
        tokio::fs::create_dir_all(&self.directory)
            .await
            .map_err(Error::local("creating", &self.directory))?;
        let patterns = self.settings.patterns.compile()?;
        // Names that no pattern can fit need not be listed.
        let literal = self.settings.patterns.prefix();
        let prefix = if literal.starts_with(&self.prefix) {
            literal
        } else {
            &self.prefix
        };
        let listed = store.list(prefix).map_ok(Some);
        let (mut folders, mut files, mut bytes) = (Folders::default(), 0, 0);
        let listener = self.settings.listener.clone();
        let pages = listed
            .chain(stream::once(async { Ok(None) }))
            .map(move |page| {
                let mut items = match page? {
                    Some(page) => folders.admit(page)?,
                    None => folders.rest(),
                };
                items.retain(|item| patterns.fit(&item.name));
                files += u64::try_from(items.len()).unwrap_or(u64::MAX);
                bytes += items.iter().map(|item| item.length).sum::<u64>();
                listener.tell(ProgressEvent::Found { files, bytes });
                Ok(items)
            });
        let parts = Arc::new(Semaphore::new(ALL_PARTS_AT_ONCE));
        let mut tally = self.settings.tally();
        let fetch = |item: Item| {
            let place = local::place(&self.directory, &item.name);
            let one = OneFile {
                store: Arc::clone(&store),
                item,
                overwrite: self.overwrite,
                resume: self.settings.resume,
                parts: Arc::clone(&parts),
                listener: self.settings.listener.clone(),
            };
            async move {
                let name = one.item.name.clone();
                let outcome = match place {
                    Ok(path) => one.fetch(&path).await,
                    Err(error) => Err(error),
                };
                (name, outcome)
            }
        };
        engine::run(pages, fetch, &mut tally).await?;
        tally.finish(None)
    }
}

transfer!(Download);

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
    /// Bounds the parts of all files together.
    parts: Arc<Semaphore>,
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
        let fetched = self.store.get(&self.item.name, None, None).await?;
        let file = OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(path)
            .await
            .map_err(Error::local("opening", path))?;
        let item = fetched.item.clone();
        Ok((item, self.write(path, file, fetched).await?.1))
    }

    /// Fetches a large file in parts, each written where it belongs.
    async fn fetch_parts(&self, path: &Path, journal: Option<&Journal>) -> Result<()> {
        let length = self.item.length;
        let indices = 0..length.div_ceil(PART);
        let missing = indices.filter(|index| !journal.is_some_and(|journal| journal.has(*index)));
        stream::iter(missing)
            .map(|index| async move {
                let start = index * PART;
                let _turn = self.parts.acquire().await;
                let range = start..(start + PART).min(length);
                repeated(|| self.fetch_part(path, range.clone(), journal.is_some())).await?;
                match journal {
                    Some(journal) => journal.note(index),
                    None => Ok(()),
                }
            })
            .buffer_unordered(PARTS_AT_ONCE)
            .try_collect::<()>()
            .await
    }

    /// Fetches one part; with `kept` it is on the disk itself afterwards, for it will be relied on.
    async fn fetch_part(&self, path: &Path, range: Range<u64>, kept: bool) -> Result<()> {
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
        let file = self.write(path, file, fetched).await?.0;
        if kept {
            file.sync_data()
                .await
                .map_err(Error::local("writing", path))?;
        }
        Ok(())
    }

    /// Writes a body to its end; gives the file back, and how many bytes there were.
    async fn write(&self, path: &Path, mut file: File, fetched: Fetched) -> Result<(File, u64)> {
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
        Ok((file, written))
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
