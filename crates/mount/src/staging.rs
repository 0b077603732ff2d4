//! Files that are written: on this machine until they are closed, then stored as a whole
//! over the version that they began from.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::backend::{Backend, Cause, Failure, File, Over, Result};
use crate::points::MountError;
use crate::reader::Reader;

/// How much is copied at once.
const PIECE: u64 = 4 << 20;

/// The files that are being written.
#[derive(Clone, Debug)]
pub(crate) struct Staging(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    backend: Arc<dyn Backend>,
    folder: PathBuf,
    /// Removes the folder; taken away when something in it must stay.
    cleaner: Mutex<Option<TempDir>>,
    files: Mutex<HashMap<Arc<str>, Arc<Staged>>>,
    next: AtomicU64,
}

/// One file that is being written.
#[derive(Debug)]
pub(crate) struct Staged {
    local: PathBuf,
    file: fs::File,
    /// Filled when what was there before has been copied.
    copied: OnceCell<()>,
    /// How often it is open; changed under the lock of the map only.
    opens: AtomicU64,
    state: tokio::sync::Mutex<State>,
}

#[derive(Debug)]
struct State {
    path: Arc<str>,
    /// The version that it began from.
    base: Option<File>,
    /// It is not stored as it is.
    dirty: bool,
    /// It was removed while it was open.
    removed: bool,
}

impl Staged {
    /// The file as it is now.
    pub(crate) fn shown(&self) -> Result<File> {
        let metadata = self.file.metadata()?;
        Ok(File {
            length: metadata.len(),
            etag: "".into(),
            modified: metadata.modified()?,
        })
    }

    pub(crate) fn read(&self, offset: u64, size: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; size];
        let mut filled = 0;
        while filled < size {
            let at = offset + u64::try_from(filled).unwrap_or(u64::MAX);
            match self.file.read_at(&mut bytes[filled..], at)? {
                0 => break,
                read => filled += read,
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// Must not be called on a thread of the runtime.
    pub(crate) fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut state = self.state.blocking_lock();
        state.dirty = true;
        Ok(self.file.write_all_at(bytes, offset)?)
    }

    pub(crate) async fn set_length(&self, length: u64) -> Result<()> {
        let mut state = self.state.lock().await;
        state.dirty = true;
        Ok(self.file.set_len(length)?)
    }

    /// Copies what was there before, once.
    pub(crate) async fn copy(&self, reader: &Reader) -> Result<()> {
        let copy = || async {
            let (path, base) = {
                let state = self.state.lock().await;
                (state.path.clone(), state.base.clone())
            };
            let Some(base) = base else {
                return Ok(());
            };
            let open = reader.open(path, base);
            let mut offset = 0;
            while offset < open.file.length {
                let bytes = reader.read(&open, offset, PIECE).await?;
                self.file.write_all_at(&bytes, offset)?;
                offset += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            }
            Ok(())
        };
        self.copied.get_or_try_init(copy).await.map(drop)
    }

    /// Begins with nothing, whatever was there before.
    pub(crate) async fn empty(&self) -> Result<()> {
        // It may have been copied already.
        let _ = self.copied.set(());
        self.set_length(0).await
    }
}

impl Staging {
    pub(crate) fn new(backend: Arc<dyn Backend>, folder: Option<&Path>) -> std::io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("azml-mount-");
        let cleaner = match folder {
            Some(folder) => builder.tempdir_in(folder)?,
            None => builder.tempdir()?,
        };
        Ok(Self(Arc::new(Inner {
            backend,
            folder: cleaner.path().to_owned(),
            cleaner: Mutex::new(Some(cleaner)),
            files: Mutex::default(),
            next: AtomicU64::new(0),
        })))
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<Arc<str>, Arc<Staged>>) -> T) -> T {
        let files = self.0.files.lock();
        work(&mut files.unwrap_or_else(PoisonError::into_inner))
    }

    /// The file of a path, if it is being written.
    pub(crate) fn get(&self, path: &str) -> Option<Arc<Staged>> {
        self.with(|files| files.get(path).cloned())
    }

    /// The files of a folder that are being written, by name.
    pub(crate) fn in_folder(&self, folder: &str) -> Vec<(String, Arc<Staged>)> {
        self.with(|files| {
            let own = files.iter().filter_map(|(path, staged)| {
                let (parent, name) = crate::tree::split(path);
                (parent == folder).then(|| (name.to_owned(), Arc::clone(staged)))
            });
            own.collect()
        })
    }

    /// Opens the file of a path, which begins from `base`; a new one is stored even when
    /// nothing is written to it.
    pub(crate) fn open(&self, path: &Arc<str>, base: Option<File>) -> Result<Arc<Staged>> {
        self.with(|files| {
            if let Some(staged) = files.get(path) {
                staged.opens.fetch_add(1, Ordering::Relaxed);
                return Ok(Arc::clone(staged));
            }
            let number = self.0.next.fetch_add(1, Ordering::Relaxed);
            let local = self.0.folder.join(number.to_string());
            let file = fs::File::options()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&local)?;
            let staged = Arc::new(Staged {
                local,
                file,
                copied: OnceCell::new(),
                opens: AtomicU64::new(1),
                state: tokio::sync::Mutex::new(State {
                    path: path.clone(),
                    dirty: base.is_none(),
                    base,
                    removed: false,
                }),
            });
            files.insert(path.clone(), Arc::clone(&staged));
            Ok(staged)
        })
    }

    /// Stores a file if it was written to; gives what is stored then.
    pub(crate) async fn store(&self, staged: &Staged) -> Result<Option<(Arc<str>, File)>> {
        let mut state = staged.state.lock().await;
        if !state.dirty || state.removed {
            return Ok(None);
        }
        let over = match &state.base {
            Some(base) => Over::Version(base.etag.clone()),
            None => Over::Nothing,
        };
        let stored = self.0.backend.write(&state.path, &staged.local, &over);
        match stored.await {
            Ok(file) => {
                state.base = Some(file.clone());
                state.dirty = false;
                Ok(Some((state.path.clone(), file)))
            }
            Err(failure) => {
                let local = staged.local.display();
                tracing::error!(path = %state.path, kept = %local, %failure, "a file was not stored");
                // What is wrong is not the file's version alone for who closes it.
                Err(Failure::new(Cause::Other, failure.text))
            }
        }
    }

    /// Whether a file is open only once.
    pub(crate) fn is_last(&self, staged: &Staged) -> bool {
        self.with(|_| staged.opens.load(Ordering::Relaxed) == 1)
    }

    /// The version that is stored now is the one that the file began from.
    pub(crate) async fn rebase(&self, staged: &Staged, file: File) {
        staged.state.lock().await.base = Some(file);
    }

    /// Closes a file once. One that could not be stored stays.
    pub(crate) async fn close(&self, staged: &Arc<Staged>) {
        let (path, keep) = {
            let state = staged.state.lock().await;
            (state.path.clone(), state.dirty && !state.removed)
        };
        self.with(|files| {
            if staged.opens.fetch_sub(1, Ordering::Relaxed) > 1 || keep {
                return;
            }
            if files.get(&path).is_some_and(|own| Arc::ptr_eq(own, staged)) {
                files.remove(&path);
            }
            // The folder goes at the end in any case.
            let _ = fs::remove_file(&staged.local);
        });
    }

    /// The file of this path is removed: nothing of it is stored any more.
    pub(crate) async fn remove(&self, path: &str) {
        if let Some(staged) = self.with(|files| files.remove(path)) {
            staged.state.lock().await.removed = true;
        }
    }

    /// The file of one path is at another one from now on.
    pub(crate) async fn rename(&self, from: &str, to: &Arc<str>) {
        self.remove(to).await;
        if let Some(staged) = self.with(|files| files.remove(from)) {
            staged.state.lock().await.path = to.clone();
            self.with(|files| files.insert(to.clone(), staged));
        }
    }

    /// Stores everything that is not stored yet. What cannot be stays in its folder.
    pub(crate) async fn store_all(&self, within: Duration) -> Result<(), MountError> {
        let open: Vec<Arc<Staged>> = self.with(|files| files.values().cloned().collect());
        let all = async {
            let mut failed = Vec::new();
            for staged in open {
                if let Err(failure) = self.store(&staged).await {
                    failed.push(failure.text);
                }
            }
            failed
        };
        let failed = match tokio::time::timeout(within, all).await {
            Ok(failed) => failed,
            Err(_) => vec![format!("nothing more in {} seconds", within.as_secs())],
        };
        if failed.is_empty() {
            return Ok(());
        }
        let cleaner = self.0.cleaner.lock();
        if let Some(cleaner) = cleaner.unwrap_or_else(PoisonError::into_inner).take() {
            drop(cleaner.keep());
        }
        Err(MountError::NotStored {
            text: format!("files were not stored: {}", failed.join("; ")),
            kept: self.0.folder.clone(),
        })
    }
}
