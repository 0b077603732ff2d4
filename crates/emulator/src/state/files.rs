//! Bodies in plain files, one per id. A body is complete and durable before
//! its id can be adopted, and what no commit adopted is gone at the next start.
//! Knows no name, owner or type of a body.

use std::{
    collections::HashSet,
    fmt, fs, io,
    io::{Read as _, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use futures::{Stream, stream};
use serde::{Deserialize, Serialize};

use super::{
    DataDir, Error, Ids, KeyRange, Read, Snapshot, directory,
    holds::{Hold, Holds},
};

/// Which bodies are kept, and how often each is referred to.
pub(super) const TABLE: &str = "state/files";

/// Bytes gathered before a write goes to the disk.
const WRITE_CHUNK: usize = 1 << 20;
/// Bytes per chunk of a streamed body.
const READ_CHUNK: usize = 256 << 10;

/// The id of a stored body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileId(String);

#[cfg(test)]
impl FileId {
    pub(super) fn for_test(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl AsRef<[u8]> for FileId {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The stored bodies. Clones share them.
#[derive(Debug, Clone)]
pub struct Files(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: DataDir,
    root: PathBuf,
    incoming: PathBuf,
    ids: Ids,
    holds: Holds,
}

impl Files {
    pub(super) fn open(directory: &DataDir, ids: Ids) -> Result<Self, Error> {
        let root = directory.subdirectory("files")?;
        let incoming = directory.subdirectory("files/new")?;
        let place = root.clone();
        Ok(Self(Arc::new(Inner {
            directory: directory.clone(),
            root,
            incoming,
            ids,
            holds: Holds::new(move |id| remove(&shard(&place, id).join(&id.0))),
        })))
    }

    /// Starts a new body.
    ///
    /// # Errors
    ///
    /// When the file cannot be created.
    pub async fn create(&self) -> Result<FileWriter, Error> {
        let id = FileId(self.0.ids.hex());
        let files = self.clone();
        blocking(move || {
            let path = files.0.incoming.join(&id.0);
            let file = directory::private_options()
                .write(true)
                .create_new(true)
                .open(&path)
                .map_err(Error::io("creating", &path))?;
            Ok(FileWriter {
                file: Some(file),
                buffer: BytesMut::new(),
                length: 0,
                temporary: Temporary(path),
                id,
                files,
            })
        })
        .await
    }

    /// Stores one body that is in memory.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub async fn store(&self, content: impl Into<Bytes>) -> Result<NewFile, Error> {
        let mut writer = self.create().await?;
        writer.write(content.into()).await?;
        writer.finish().await
    }

    /// Opens a stored body for reading.
    ///
    /// # Errors
    ///
    /// When it is not there or cannot be read.
    pub async fn read(&self, id: &FileId) -> Result<FileReader, Error> {
        let (files, id) = (self.clone(), id.clone());
        blocking(move || files.open_blocking(&id)).await
    }

    /// The same on a thread that may block.
    ///
    /// # Errors
    ///
    /// When it is not there or cannot be read.
    pub fn open_blocking(&self, id: &FileId) -> Result<FileReader, Error> {
        let path = self.path(id);
        let file = fs::File::open(&path).map_err(Error::io("opening", &path))?;
        let length = file.metadata().map_err(Error::io("reading", &path))?.len();
        Ok(FileReader { file, path, length })
    }

    /// Keeps bodies in their places for a reader that looks up their ids after this call:
    /// until it is dropped, whatever commits release.
    #[must_use]
    pub fn hold(&self) -> Hold {
        self.0.holds.begin()
    }

    /// Removes a body once no reader can know it.
    pub(super) fn remove(&self, id: &FileId) {
        self.0.holds.remove(id);
    }

    /// Removes every body that is not in `kept`, and every unfinished one.
    pub(super) fn sweep(&self, kept: &HashSet<FileId>) -> Result<(), Error> {
        let entries = |path: &PathBuf| -> Result<Vec<PathBuf>, Error> {
            fs::read_dir(path)
                .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
                .map_err(Error::io("reading", path))
        };
        for shard in entries(&self.0.root)? {
            for body in entries(&shard)? {
                let id = FileId(
                    body.file_name()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into(),
                );
                if shard == self.0.incoming || !kept.contains(&id) {
                    fs::remove_file(&body).map_err(Error::io("removing", &body))?;
                }
            }
        }
        Ok(())
    }

    fn shard(&self, id: &FileId) -> PathBuf {
        shard(&self.0.root, id)
    }

    fn path(&self, id: &FileId) -> PathBuf {
        self.shard(id).join(&id.0)
    }
}

fn shard(root: &Path, id: &FileId) -> PathBuf {
    root.join(id.0.get(..2).unwrap_or("00"))
}

/// What cannot be removed now is an orphan for the next start.
fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a released body was not removed");
    }
}

/// The ids that committed metadata refers to.
pub(super) fn kept(snapshot: &Snapshot) -> Result<HashSet<FileId>, Error> {
    let mut ids = HashSet::new();
    snapshot.visit(
        TABLE,
        &KeyRange::all(),
        super::Order::Ascending,
        |key, _| {
            ids.insert(FileId(String::from_utf8_lossy(key).into_owned()));
            Ok::<_, Error>(std::ops::ControlFlow::Continue(()))
        },
    )?;
    Ok(ids)
}

/// Removes an unfinished body when it is dropped.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the rename there is nothing here, which is as it should be.
        let _ = fs::remove_file(&self.0);
    }
}

/// A body being received. Dropped unfinished, it leaves nothing behind.
#[derive(Debug)]
pub struct FileWriter {
    file: Option<fs::File>,
    buffer: BytesMut,
    length: u64,
    temporary: Temporary,
    id: FileId,
    files: Files,
}

impl FileWriter {
    /// Appends `content`.
    ///
    /// # Errors
    ///
    /// When the disk cannot take it.
    pub async fn write(&mut self, content: Bytes) -> Result<(), Error> {
        self.length += u64::try_from(content.len()).unwrap_or(u64::MAX);
        if self.buffer.len() + content.len() < WRITE_CHUNK {
            self.buffer.extend_from_slice(&content);
            return Ok(());
        }
        self.flush(Some(content)).await
    }

    /// How many bytes were appended so far.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Makes the body durable under its id.
    ///
    /// # Errors
    ///
    /// When the disk cannot take it.
    pub async fn finish(mut self) -> Result<NewFile, Error> {
        self.flush(None).await?;
        blocking(move || {
            let durable = self.files.0.directory.is_durable();
            let shard = self.files.shard(&self.id);
            let path = self.files.path(&self.id);
            if let Some(file) = self.file.take()
                && durable
            {
                file.sync_all().map_err(Error::io("syncing", &path))?;
            }
            let new_shard = !shard.exists();
            if new_shard {
                directory::create_private(&shard)?;
            }
            fs::rename(&self.temporary.0, &path).map_err(Error::io("storing", &path))?;
            let file = NewFile {
                length: self.length,
                kept: false,
                id: self.id.clone(),
                files: self.files.clone(),
            };
            if durable {
                directory::sync_directory(&shard)?;
                if new_shard {
                    directory::sync_directory(&self.files.0.root)?;
                }
            }
            Ok(file)
        })
        .await
    }

    async fn flush(&mut self, content: Option<Bytes>) -> Result<(), Error> {
        // The file goes to the blocking thread and comes back with the result.
        let Some(mut file) = self.file.take() else {
            return Err(Error::Closed);
        };
        let buffer = self.buffer.split();
        let path = self.temporary.0.clone();
        self.file = Some(
            blocking(move || {
                file.write_all(&buffer)
                    .and_then(|()| content.map_or(Ok(()), |content| file.write_all(&content)))
                    .map_err(Error::io("writing", path))?;
                Ok(file)
            })
            .await?,
        );
        Ok(())
    }
}

/// A complete body that no metadata refers to yet. Dropped before a
/// transaction adopts it, it is removed.
#[derive(Debug)]
pub struct NewFile {
    id: FileId,
    length: u64,
    files: Files,
    kept: bool,
}

impl NewFile {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &FileId {
        &self.id
    }

    /// Its length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.kept {
            self.files.remove(&self.id);
        }
    }
}

/// An open body. It can be read to its end although it is released meanwhile.
#[derive(Debug)]
pub struct FileReader {
    file: fs::File,
    path: PathBuf,
    length: u64,
}

impl FileReader {
    /// Its length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The bytes of `range`, cut at the end of the body, in chunks.
    pub fn stream(
        self,
        range: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
        let end = range.end.min(self.length);
        let start = range.start.min(end);
        stream::try_unfold(
            (self, start, false),
            move |(mut reader, at, placed)| async move {
                let wanted = usize::try_from(end - at)
                    .unwrap_or(usize::MAX)
                    .min(READ_CHUNK);
                if wanted == 0 {
                    return Ok(None);
                }
                let (chunk, reader) = blocking(move || {
                    let mut chunk = BytesMut::zeroed(wanted);
                    let read = if placed {
                        Ok(at)
                    } else {
                        reader.file.seek(SeekFrom::Start(at))
                    }
                    .and_then(|_| reader.file.read_exact(&mut chunk));
                    match read {
                        Ok(()) => Ok((chunk.freeze(), reader)),
                        Err(error) => Err(Error::io("reading", reader.path)(error)),
                    }
                })
                .await?;
                let next = at + u64::try_from(wanted).unwrap_or(u64::MAX);
                Ok(Some((chunk, (reader, next, true))))
            },
        )
    }

    /// All bytes of `range`, cut at the end of the body.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    pub async fn bytes(self, range: Range<u64>) -> Result<Bytes, Error> {
        let end = range.end.min(self.length);
        let start = range.start.min(end);
        blocking(move || {
            let Self { mut file, path, .. } = self;
            let mut content = Vec::new();
            file.seek(SeekFrom::Start(start))
                .and_then(|_| file.take(end - start).read_to_end(&mut content))
                .map_err(Error::io("reading", path))?;
            Ok(content.into())
        })
        .await
    }

    /// The open file, for readers that work on a blocking thread.
    #[must_use]
    pub fn into_file(self) -> fs::File {
        self.file
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Closed)?
}
