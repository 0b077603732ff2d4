//! From this machine into a store.

use std::{fmt, path::PathBuf, sync::Arc};

use azml_core::ErrorKind;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::{
    Progress, TransferSummary, existing,
    journal::fingerprint,
    local::{self, LocalFile, io},
    work::{Options, Work},
};
use crate::{
    Error, FileSystem, Result,
    filesystem::{CHUNK, Lease, below, length_of},
};

/// A file of more bytes is sent in segments of as many, several at a time.
const SEGMENT: u64 = 32 << 20;

/// A transfer into a store. Nothing happens before [`send`](Self::send).
#[must_use = "nothing happens before it is sent"]
pub struct Upload {
    files: FileSystem,
    source: PathBuf,
    target: String,
    options: Options,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("source", &self.source)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Upload {
    pub(super) fn new(files: FileSystem, source: PathBuf, target: String) -> Self {
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

    /// How many parts of files are sent at once; 16 by default. Each takes 4 MiB of memory.
    pub fn parallel(mut self, parts: usize) -> Self {
        self.options.parallel = parts.max(1);
        self
    }

    /// Tells how far the transfer is.
    pub fn progress(mut self, observer: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.options.observer = Some(Arc::new(observer));
        self
    }

    /// Sends the file, or the directory with everything below it. A file goes into a directory that is at the target.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when the source is not there, [`Conflict`](ErrorKind::Conflict) naming the
    /// targets that are there; when some files cannot be sent, the others are, and the error names each of them.
    pub async fn send(self) -> Result<TransferSummary> {
        let tree = local::read(self.source.clone()).await?;
        let root = self.root(tree.is_directory).await?;
        let total = tree.files.iter().map(|file| file.length).sum();
        let work = Work::new(self.files, self.options, tree.files.len(), total);
        let targets: Vec<(String, LocalFile)> = tree
            .files
            .into_iter()
            .map(|file| (below(&root, &file.relative), file))
            .collect();
        if !work.overwrite {
            work.refuse_existing(&targets).await?;
        }
        for directory in &tree.empty {
            work.files
                .create_directory(&below(&root, directory))
                .await?;
        }
        let targets = targets
            .into_iter()
            .map(|(target, file)| (target.clone(), (target, file)))
            .collect();
        work.all(
            targets,
            tree.empty.len(),
            |work, (target, file)| async move { work.send(&file, &target).await },
        )
        .await
    }

    /// Where the tree goes: into a directory that is there when the source is a file.
    async fn root(&self, is_directory: bool) -> Result<String> {
        let target = self.target.trim_matches('/').to_owned();
        if is_directory {
            return Ok(target);
        }
        let name = self
            .source
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if target.is_empty() || self.target.ends_with('/') {
            return Ok(below(&target, name));
        }
        match self.files.status(&target).await {
            Ok(status) if status.is_directory() => Ok(below(&target, name)),
            Ok(_) => Ok(target),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(target),
            Err(error) => Err(error),
        }
    }
}

impl Work {
    async fn refuse_existing(&self, targets: &[(String, LocalFile)]) -> Result<()> {
        let names: Vec<String> = targets.iter().map(|(target, _)| target.clone()).collect();
        let files = self.files.clone();
        let asked = names.into_iter().map(move |target| {
            let files = files.clone();
            async move { Ok::<_, Error>(files.exists(&target).await?.then_some(target)) }
        });
        let found: Vec<Option<String>> = stream::iter(asked)
            .buffer_unordered(self.parallel)
            .try_collect()
            .await?;
        let found: Vec<String> = found.into_iter().flatten().collect();
        if found.is_empty() {
            Ok(())
        } else {
            Err(existing(found))
        }
    }

    async fn send(&self, file: &LocalFile, target: &str) -> Result<()> {
        if file.length <= length_of_chunk() {
            return self.send_small(file, target).await;
        }
        self.refuse_directory(target).await?;
        let id = fingerprint(&[target, &file.length.to_string(), &file.modified.to_string()]);
        let (directory, name) = target.rsplit_once('/').unwrap_or(("", target));
        let whole = below(directory, &format!(".{name}.{}.azml", id.simple()));
        if !self.is_complete(&whole, file.length).await? {
            if file.length <= SEGMENT {
                self.send_segment(file, &whole, 0, file.length, &Lease::new(id))
                    .await?;
            } else {
                self.send_segments(file, &whole, &Lease::new(id)).await?;
            }
        }
        self.check_source(file).await?;
        if self.overwrite {
            self.files.replace(&whole, target).await
        } else {
            self.files.rename(&whole, target).await
        }
    }

    /// A directory would take the temporary file in when that gets its name.
    async fn refuse_directory(&self, target: &str) -> Result<()> {
        match self.files.status(target).await {
            Ok(status) if status.is_directory() => Err(azml_core::Error::new(
                ErrorKind::Conflict,
                format!("'{target}' is a directory of the store"),
            )
            .into()),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// One request: the file is there whole or not at all.
    async fn send_small(&self, file: &LocalFile, target: &str) -> Result<()> {
        let _permit = self.permit().await;
        let content = tokio::fs::read(&file.path)
            .await
            .map_err(|error| io("read", &file.path, error))?;
        let bytes = Bytes::from(content);
        let length = length_of(&bytes);
        let lease = Lease::new(uuid::Uuid::new_v4());
        self.files
            .create(target, bytes, &lease, true, self.overwrite)
            .await?;
        self.gauge.moved(length);
        Ok(())
    }

    /// Whether an earlier attempt had come so far that only the name is missing.
    async fn is_complete(&self, whole: &str, length: u64) -> Result<bool> {
        let found = self.length(whole).await?;
        let complete = found == Some(length);
        if complete {
            self.gauge.found(length);
        }
        Ok(complete)
    }

    async fn length(&self, path: &str) -> Result<Option<u64>> {
        match self.files.status(path).await {
            Ok(status) => Ok(Some(status.length)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn send_segments(&self, file: &LocalFile, whole: &str, lease: &Lease) -> Result<()> {
        let parts = format!("{whole}.parts");
        let count = file.length.div_ceil(SEGMENT);
        let names: Vec<String> = (0..count).map(|at| format!("{parts}/{at:06}")).collect();
        let sent: Vec<_> = names
            .iter()
            .zip(0..count)
            .map(|(name, at)| {
                let offset = at * SEGMENT;
                let length = SEGMENT.min(file.length - offset);
                self.send_segment(file, name, offset, length, lease)
            })
            .collect();
        stream::iter(sent)
            .buffer_unordered(self.parallel)
            .try_collect::<()>()
            .await?;
        // An attempt that was interrupted here left a file of which nobody knows what is in it.
        if self.length(whole).await?.is_some() {
            self.files.delete(whole, false).await?;
        }
        self.files.concat(whole, &names, true).await
    }

    /// Sends `length` bytes from `offset` on as a file of their own; what is there of it is left out.
    async fn send_segment(
        &self,
        file: &LocalFile,
        target: &str,
        offset: u64,
        length: u64,
        lease: &Lease,
    ) -> Result<()> {
        let mut sent = match self.length(target).await? {
            Some(found) if found <= length => found,
            Some(_) | None => 0,
        };
        if sent > 0 {
            self.gauge.found(sent);
            if sent == length {
                return Ok(());
            }
        }
        let mut reader = tokio::fs::File::open(&file.path)
            .await
            .map_err(|error| io("read", &file.path, error))?;
        reader
            .seek(std::io::SeekFrom::Start(offset + sent))
            .await
            .map_err(|error| io("read", &file.path, error))?;
        while sent < length {
            let permit = self.permit().await;
            let wanted = (length - sent).min(length_of_chunk());
            let mut part = vec![0; usize::try_from(wanted).unwrap_or(CHUNK)];
            reader
                .read_exact(&mut part)
                .await
                .map_err(|error| io("read", &file.path, error))?;
            let last = sent + wanted == length;
            let part = Bytes::from(part);
            if sent == 0 {
                // Left over by a transfer of something else, if anything is there.
                self.files.create(target, part, lease, last, true).await?;
            } else {
                self.files
                    .append_at(target, part, sent, lease, last)
                    .await?;
            }
            drop(permit);
            sent += wanted;
            self.gauge.moved(wanted);
        }
        Ok(())
    }

    /// Bytes of two versions must not become one file.
    async fn check_source(&self, file: &LocalFile) -> Result<()> {
        let now = local::read(file.path.clone()).await?;
        let same = now
            .files
            .first()
            .is_some_and(|now| now.length == file.length && now.modified == file.modified);
        if same {
            return Ok(());
        }
        Err(azml_core::Error::new(
            ErrorKind::Conflict,
            format!("{} was changed while it was sent", file.path.display()),
        )
        .with_hint("send it again when nobody writes it")
        .into())
    }
}

fn length_of_chunk() -> u64 {
    u64::try_from(CHUNK).unwrap_or(u64::MAX)
}
