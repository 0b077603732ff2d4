//! From a store to this machine.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use azml_core::ErrorKind;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, lock::Mutex, stream};
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};

use super::{
    Progress, TransferSummary, existing,
    journal::Journal,
    local::{self, io},
    work::{Options, Work},
};
use crate::{Entry, Error, FileStatus, FileSystem, Result, filesystem::length_of};

/// Bytes of one request; a file of no more is fetched in one.
const PART: u64 = 8 << 20;
/// Parts after which what is on disk is written down.
const PARTS_BETWEEN: usize = 8;

/// A transfer from a store. Nothing happens before [`fetch`](Self::fetch).
#[must_use = "nothing happens before it is fetched"]
pub struct Download {
    files: FileSystem,
    source: String,
    target: PathBuf,
    options: Options,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("source", &self.source)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// A file to fetch.
struct Wanted {
    source: String,
    status: FileStatus,
    target: PathBuf,
}

impl Download {
    pub(super) fn new(files: FileSystem, source: String, target: PathBuf) -> Self {
        Self {
            files,
            source,
            target,
            options: Options::default(),
        }
    }

    /// Replaces files that are there. Without it, one that is there stops the transfer before it begins.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.options.overwrite = overwrite;
        self
    }

    /// How many parts of files are fetched at once; 16 by default.
    pub fn parallel(mut self, parts: usize) -> Self {
        self.options.parallel = parts.max(1);
        self
    }

    /// Tells how far the transfer is.
    pub fn progress(mut self, observer: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.options.observer = Some(Arc::new(observer));
        self
    }

    /// Fetches the file, or the directory with everything below it. A file goes into a directory that is at the target.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when the source is not there, [`Conflict`](ErrorKind::Conflict) naming the
    /// targets that are there; when some files cannot be fetched, the others are, and the error names each of them.
    pub async fn fetch(self) -> Result<TransferSummary> {
        let source = self.source.trim_matches('/').to_owned();
        let status = self.files.status(&source).await?;
        let (wanted, empty) = if status.is_directory() {
            self.tree(&source).await?
        } else {
            let name = source.rsplit('/').next().unwrap_or_default();
            let target = if self.target.is_dir() {
                local::target(&self.target, name)?
            } else {
                self.target.clone()
            };
            let file = Wanted {
                source,
                status,
                target,
            };
            (vec![file], Vec::new())
        };
        if !self.options.overwrite {
            let found: Vec<String> = wanted
                .iter()
                .filter(|file| file.target.exists())
                .map(|file| file.target.display().to_string())
                .collect();
            if !found.is_empty() {
                return Err(existing(found));
            }
        }
        let total = wanted.iter().map(|file| file.status.length).sum();
        let work = Work::new(self.files, self.options, wanted.len(), total);
        for directory in &empty {
            make_directory(directory).await?;
        }
        let wanted = wanted
            .into_iter()
            .map(|file| (file.source.clone(), file))
            .collect();
        work.all(wanted, empty.len(), |work, file| async move {
            work.fetch(&file).await
        })
        .await
    }

    /// The files below a directory, and the directories in which nothing is.
    async fn tree(&self, source: &str) -> Result<(Vec<Wanted>, Vec<PathBuf>)> {
        let entries: Vec<Entry> = self.files.walk(source).try_collect().await?;
        let relative = |path: &str| {
            path.strip_prefix(source)
                .unwrap_or(path)
                .trim_start_matches('/')
                .to_owned()
        };
        let with_entries: std::collections::HashSet<&str> = entries
            .iter()
            .filter_map(|entry| Some(entry.path.rsplit_once('/')?.0))
            .collect();
        let mut files = Vec::new();
        let mut empty = vec![self.target.clone()];
        for entry in &entries {
            let target = local::target(&self.target, &relative(&entry.path))?;
            if !entry.status.is_directory() {
                files.push(Wanted {
                    source: entry.path.clone(),
                    status: entry.status.clone(),
                    target,
                });
            } else if !with_entries.contains(entry.path.as_str()) {
                empty.push(target);
            }
        }
        files.sort_by(|a, b| a.source.cmp(&b.source));
        Ok((files, empty))
    }
}

impl Work {
    async fn fetch(&self, file: &Wanted) -> Result<()> {
        let directory = parent(&file.target);
        make_directory(directory).await?;
        let part = beside(&file.target, "azml-part");
        let journal = beside(&file.target, "azml-part.json");
        if file.status.length <= PART {
            self.fetch_small(file, &part).await?;
        } else {
            self.fetch_parts(file, &part, &journal).await?;
        }
        self.settle(file, &part).await?;
        if tokio::fs::try_exists(&journal).await.unwrap_or(false) {
            tokio::fs::remove_file(&journal)
                .await
                .map_err(|error| io("remove", &journal, error))?;
        }
        Ok(())
    }

    /// Gives the complete file its name.
    async fn settle(&self, file: &Wanted, part: &Path) -> Result<()> {
        let target = &file.target;
        if self.overwrite {
            tokio::fs::rename(part, target)
                .await
                .map_err(|error| io("write", target, error))?;
        } else {
            // A file that came meanwhile is left alone: a link is made only where nothing is.
            let linked = tokio::fs::hard_link(part, target).await;
            match linked {
                Ok(()) => tokio::fs::remove_file(part)
                    .await
                    .map_err(|error| io("remove", part, error))?,
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    return Err(existing(vec![target.display().to_string()]));
                }
                // Not every file system has links.
                Err(_) => tokio::fs::rename(part, target)
                    .await
                    .map_err(|error| io("write", target, error))?,
            }
        }
        // Not every file system can sync a directory; the data itself is synced.
        if let Ok(directory) = tokio::fs::File::open(parent(target)).await {
            let _ = directory.sync_all().await;
        }
        Ok(())
    }

    async fn fetch_small(&self, file: &Wanted, part: &Path) -> Result<()> {
        let _permit = self.permit().await;
        let length = file.status.length;
        let content = self.files.read_range(&file.source, 0, length).await?;
        if length_of(&content) != length {
            return Err(changed(file));
        }
        let failed = |error| io("write", part, error);
        let mut out = tokio::fs::File::create(part).await.map_err(failed)?;
        out.write_all(&content).await.map_err(failed)?;
        out.sync_all().await.map_err(failed)?;
        self.gauge.moved(length_of(&content));
        Ok(())
    }

    async fn fetch_parts(&self, file: &Wanted, part: &Path, journal_path: &Path) -> Result<()> {
        let length = file.status.length;
        let failed = |error| io("write", part, error);
        let mut journal =
            Journal::load(journal_path, length, file.status.modification_time, PART).await;
        // Without its file, a journal says nothing.
        let there = tokio::fs::metadata(part).await.map(|it| it.len()).ok();
        if there != Some(length) {
            journal.done.clear();
        }
        let out = tokio::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(part)
            .await
            .map_err(failed)?;
        out.set_len(length).await.map_err(failed)?;
        // From here on the file has its length, so that an older journal must not speak of it.
        journal.save(journal_path).await?;

        let count = length.div_ceil(PART);
        let bytes_of = |at: u64| PART.min(length - at * PART);
        self.gauge.found(
            journal
                .done
                .iter()
                .filter(|at| **at < count)
                .map(|at| bytes_of(*at))
                .sum(),
        );
        let missing: Vec<u64> = (0..count).filter(|at| !journal.done.contains(at)).collect();
        let written = Mutex::new((journal, 0_usize));
        let fetched: Vec<_> = missing
            .into_iter()
            .map(|at| {
                let (written, out) = (&written, &out);
                async move {
                    self.fetch_part(file, part, at * PART, bytes_of(at)).await?;
                    let mut written = written.lock().await;
                    written.0.done.push(at);
                    written.1 += 1;
                    if written.1.is_multiple_of(PARTS_BETWEEN) {
                        out.sync_data().await.map_err(failed)?;
                        written.0.save(journal_path).await?;
                    }
                    Ok::<_, Error>(())
                }
            })
            .collect();
        let fetched = stream::iter(fetched)
            .buffer_unordered(self.parallel)
            .try_collect::<()>()
            .await;
        out.sync_all().await.map_err(failed)?;
        written.lock().await.0.save(journal_path).await?;
        fetched?;
        self.check_unchanged(file, part, journal_path).await
    }

    async fn fetch_part(&self, file: &Wanted, part: &Path, offset: u64, length: u64) -> Result<()> {
        let _permit = self.permit().await;
        let failed = |error| io("write", part, error);
        let mut out = tokio::fs::OpenOptions::new()
            .write(true)
            .open(part)
            .await
            .map_err(failed)?;
        out.seek(std::io::SeekFrom::Start(offset))
            .await
            .map_err(failed)?;
        let got = self
            .files
            .read_into(&file.source, offset, length, async |chunk: Bytes| {
                let count = length_of(&chunk);
                out.write_all(&chunk).await.map_err(failed)?;
                self.gauge.moved(count);
                Ok(())
            })
            .await?;
        out.flush().await.map_err(failed)?;
        if got == length {
            return Ok(());
        }
        Err(changed(file))
    }

    /// Bytes of two versions must not become one file.
    async fn check_unchanged(&self, file: &Wanted, part: &Path, journal: &Path) -> Result<()> {
        let now = self.files.status(&file.source).await?;
        if now.length == file.status.length
            && now.modification_time == file.status.modification_time
        {
            return Ok(());
        }
        for path in [part, journal] {
            tokio::fs::remove_file(path)
                .await
                .map_err(|error| io("remove", path, error))?;
        }
        Err(changed(file))
    }
}

fn changed(file: &Wanted) -> Error {
    azml_core::Error::new(
        ErrorKind::Conflict,
        format!("'{}' was changed while it was fetched", file.source),
    )
    .with_hint("fetch it again when nobody writes it")
    .into()
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// The path with one more ending.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

async fn make_directory(path: &Path) -> Result<()> {
    tokio::fs::create_dir_all(path)
        .await
        .map_err(|error| Error::from(io("create", path, error)))
}
