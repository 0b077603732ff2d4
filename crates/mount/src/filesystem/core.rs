//! What programs ask of the folder, as functions: looking up, listing, opening, reading.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use fuser::{FileAttr, FileType, INodeNo, Notifier};
use tokio::runtime::Handle as Runtime;

use crate::backend::{Backend, Cause, Failure, Found, Result};
use crate::listings::Listings;
use crate::reader::{Open, Reader};
use crate::staging::{Staged, Staging};
use crate::tree::{Node, ROOT, Tree, join, split};

/// The unit in which sizes on disks are counted.
const SECTOR: u64 = 512;
/// What programs are told to read at once.
const BLOCK_SIZE: u32 = 1 << 20;

/// What the folder looks like.
#[derive(Debug)]
pub(crate) struct CoreOptions {
    pub(crate) owner: (u32, u32),
    pub(crate) believed_for: Duration,
    pub(crate) cache_bytes: usize,
    pub(crate) block_bytes: u64,
    /// The time that folders show.
    pub(crate) made: SystemTime,
}

/// What a folder held, by name.
pub(super) type Entries = Arc<Vec<(Box<str>, Found)>>;

/// Something that is open.
#[derive(Clone, Debug)]
pub(super) enum Handle {
    /// A version of a file, for reading.
    Reading(Arc<Open>),
    /// A file that is being written.
    Staged(Arc<Staged>),
    /// What a folder held when it was opened.
    Folder(Entries),
}

/// The state behind the folder.
#[derive(Debug)]
pub(crate) struct Core {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) runtime: Runtime,
    pub(super) options: CoreOptions,
    pub(super) staging: Option<Staging>,
    pub(super) listings: Listings,
    pub(super) tree: Tree,
    pub(super) reader: Reader,
    handles: Mutex<HashMap<u64, Handle>>,
    next_handle: AtomicU64,
    notifier: OnceLock<Notifier>,
}

impl Core {
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        runtime: Runtime,
        staging: Option<Staging>,
        options: CoreOptions,
    ) -> Self {
        let listings = Listings::new(Arc::clone(&backend), runtime.clone(), options.believed_for);
        let reader = Reader::new(
            Arc::clone(&backend),
            runtime.clone(),
            options.block_bytes,
            options.cache_bytes,
        );
        Self {
            backend,
            runtime,
            options,
            staging,
            listings,
            tree: Tree::new(),
            reader,
            handles: Mutex::default(),
            next_handle: AtomicU64::new(1),
            notifier: OnceLock::new(),
        }
    }

    /// Lets changes be told to the kernel.
    pub(crate) fn set_notifier(&self, notifier: Notifier) {
        // It is set once, when the mount has begun.
        let _ = self.notifier.set(notifier);
    }

    pub(super) fn node(&self, number: u64) -> Result<Node> {
        let gone = || Failure::new(Cause::NotFound, "a number that is not known");
        self.tree.get(number).ok_or_else(gone)
    }

    /// The path of an entry of a folder, and its name as text.
    pub(super) fn entry(&self, folder: u64, name: &OsStr) -> Result<(Arc<str>, Arc<str>)> {
        let folder = self.node(folder)?.path;
        let name = name
            .to_str()
            .ok_or_else(|| Failure::absent(&name.to_string_lossy()))?;
        let path = join(&folder, name);
        Ok((folder, path))
    }

    pub(super) fn staged(&self, path: &str) -> Option<Arc<Staged>> {
        self.staging.as_ref()?.get(path)
    }

    /// What is at a path: as it is being written, as its folder was listed, or as the
    /// backend says.
    pub(super) async fn find(&self, path: &str) -> Result<Found> {
        if let Some(staged) = self.staged(path) {
            return Ok(Found::File(staged.shown()?));
        }
        let (folder, name) = split(path);
        let listing = match self.listings.remembered(folder) {
            Some(listing) => listing,
            None => match self.backend.file(path).await? {
                Some(file) => return Ok(Found::File(file)),
                None => self.listings.get(folder).await?,
            },
        };
        let found = listing.get(name).cloned();
        found.ok_or_else(|| Failure::absent(path))
    }

    pub(super) fn attributes(&self, number: u64, found: &Found) -> FileAttr {
        let (kind, length, time) = match found {
            Found::Folder => (FileType::Directory, 0, self.options.made),
            Found::File(file) => (FileType::RegularFile, file.length, file.modified),
        };
        let perm = match (kind, self.staging.is_some()) {
            (FileType::Directory, false) => 0o555,
            (FileType::Directory, true) => 0o755,
            (_, false) => 0o444,
            (_, true) => 0o644,
        };
        FileAttr {
            ino: INodeNo(number),
            size: length,
            blocks: length.div_ceil(SECTOR),
            atime: time,
            mtime: time,
            ctime: time,
            crtime: time,
            kind,
            perm,
            nlink: 1,
            uid: self.options.owner.0,
            gid: self.options.owner.1,
            rdev: 0,
            blksize: BLOCK_SIZE,
            flags: 0,
        }
    }

    /// The attributes of what is told to the kernel with them.
    pub(super) fn tell(&self, path: &Arc<str>, found: Found) -> FileAttr {
        let number = self.tree.tell(path, found.clone());
        self.attributes(number, &found)
    }

    pub(super) async fn look_up(&self, folder: u64, name: &OsStr) -> Result<FileAttr> {
        let (_, path) = self.entry(folder, name)?;
        let found = self.find(&path).await?;
        Ok(self.tell(&path, found))
    }

    pub(super) async fn show(&self, number: u64) -> Result<FileAttr> {
        let node = self.node(number)?;
        let is_fresh = node.seen.elapsed() < self.options.believed_for;
        let found = if let Some(staged) = self.staged(&node.path) {
            Found::File(staged.shown()?)
        } else if is_fresh || number == ROOT || node.found == Found::Folder {
            node.found
        } else {
            let found = self.find(&node.path).await?;
            self.tree.see(number, found.clone());
            found
        };
        Ok(self.attributes(number, &found))
    }

    pub(super) fn keep(&self, handle: Handle) -> u64 {
        let number = self.next_handle.fetch_add(1, Ordering::Relaxed);
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        handles.insert(number, handle);
        number
    }

    pub(super) fn handle(&self, number: u64) -> Result<Handle> {
        let handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = || Failure::new(Cause::Other, "a file that is not open");
        handles.get(&number).cloned().ok_or_else(closed)
    }

    pub(super) fn drop_handle(&self, number: u64) -> Option<Handle> {
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        handles.remove(&number)
    }

    /// Opens a file for reading; gives whether what the kernel holds of it is still right.
    pub(super) async fn open(&self, number: u64) -> Result<(u64, bool)> {
        let node = self.node(number)?;
        if self.staged(&node.path).is_some() {
            let staged = self.open_staged(&node.path, false).await?;
            return Ok((self.keep(Handle::Staged(staged)), false));
        }
        let is_fresh = node.seen.elapsed() < self.options.believed_for;
        let found = if is_fresh {
            node.found.clone()
        } else {
            self.find(&node.path).await?
        };
        let Found::File(file) = &found else {
            let text = format!("'{}' is a folder", node.path);
            return Err(Failure::new(Cause::Unsupported, text));
        };
        if found != node.found {
            self.tree.see(number, found.clone());
            self.forget_attributes(number).await;
        }
        let is_held = self.tree.hold(number, &file.etag);
        let open = self.reader.open(node.path, file.clone());
        Ok((self.keep(Handle::Reading(Arc::new(open))), is_held))
    }

    /// Lets the kernel ask for a file's length again.
    async fn forget_attributes(&self, number: u64) {
        let Some(notifier) = self.notifier.get().cloned() else {
            return;
        };
        // The kernel may have forgotten it by itself.
        let told = move || drop(notifier.inval_inode(INodeNo(number), -1, 0));
        let _ = self.runtime.spawn_blocking(told).await;
    }

    pub(super) async fn read(&self, handle: u64, offset: u64, size: u32) -> Result<Bytes> {
        match self.handle(handle)? {
            Handle::Reading(open) => {
                let read = self.reader.read(&open, offset, u64::from(size)).await;
                if let Err(failure) = &read {
                    tracing::warn!(path = %open.path, %failure, "a file could not be read");
                }
                read
            }
            Handle::Staged(staged) => {
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                let read = self
                    .runtime
                    .spawn_blocking(move || staged.read(offset, size));
                let ended =
                    |error: tokio::task::JoinError| Failure::new(Cause::Other, error.to_string());
                Ok(read.await.map_err(ended)??.into())
            }
            Handle::Folder(_) => Err(Failure::new(Cause::Unsupported, "a folder is listed")),
        }
    }

    /// Opens a folder: what it holds now is what is listed, however long that takes.
    pub(super) async fn open_folder(&self, number: u64) -> Result<u64> {
        let node = self.node(number)?;
        let listing = self.listings.get(&node.path).await?;
        let entries = listing.iter();
        let mut entries: Vec<(Box<str>, Found)> = entries
            .map(|(name, found)| (name.clone(), found.clone()))
            .collect();
        if let Some(staging) = &self.staging {
            for (name, staged) in staging.in_folder(&node.path) {
                let found = Found::File(staged.shown()?);
                match entries.binary_search_by(|(own, _)| (**own).cmp(&name)) {
                    Ok(at) => entries[at].1 = found,
                    Err(at) => entries.insert(at, (name.into(), found)),
                }
            }
        }
        Ok(self.keep(Handle::Folder(Arc::new(entries))))
    }

    /// The folder's entries and path.
    pub(super) fn listed(&self, number: u64, handle: u64) -> Result<(Arc<str>, Entries)> {
        let path = self.node(number)?.path;
        match self.handle(handle)? {
            Handle::Folder(entries) => Ok((path, entries)),
            _ => Err(Failure::new(Cause::Other, "a file that is listed")),
        }
    }
}
