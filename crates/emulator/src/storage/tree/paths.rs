//! The data lake's view of the object tree: directories, appended data, renames.
//!
//! A directory is an empty blob with the metadata `hdi_isfolder=true`; one that only
//! shows in the names of blobs below it counts as well.

use std::ops::ControlFlow;

use super::blobs::key;
use super::content::{self, Received};
use super::leases::{self, BLOB_LEASE};
use super::model::{Access, Blob, BlobType, Block, Content, ContentHeaders, Piece};
use super::{Address, BLOBS, Stamp, Tree, blocks, ranges};
use crate::state::{Key, KeyRange, Order, Read, WriteTxn};
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result};

/// The metadata that marks a directory.
const FOLDER: &str = "hdi_isfolder";

/// Data that was appended and not flushed yet, by blob and position.
const APPENDS: &str = "storage/appends";

/// What is at a path.
#[derive(Clone, Debug)]
pub(crate) enum Path {
    /// A file.
    File(Box<Blob>),
    /// A directory with an entry of its own.
    Directory(Box<Blob>),
    /// A directory that only shows in names below it.
    Implied,
}

impl Path {
    /// Whether it is a directory.
    pub(crate) fn is_directory(&self) -> bool {
        !matches!(self, Self::File(_))
    }

    /// Its entry, if it has one.
    pub(crate) fn blob(&self) -> Option<&Blob> {
        match self {
            Self::File(blob) | Self::Directory(blob) => Some(blob),
            Self::Implied => None,
        }
    }
}

/// A path to make.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewPath {
    pub(crate) directory: bool,
    pub(crate) headers: ContentHeaders,
    pub(crate) metadata: Vec<(String, String)>,
    pub(crate) access: Option<Access>,
}

/// A move.
#[derive(Debug)]
pub(crate) struct Rename {
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) conditions: Conditions,
    pub(crate) source_conditions: Conditions,
}

/// A flush of appended data.
#[derive(Clone, Debug)]
pub(crate) struct Flush {
    pub(crate) position: u64,
    pub(crate) retain: bool,
    /// Headers that the request names replace the stored ones.
    pub(crate) headers: ContentHeaders,
}

/// Whether a blob stands for a directory.
pub(crate) fn is_folder(blob: &Blob) -> bool {
    blob.metadata
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case(FOLDER) && value == "true")
}

fn folder(stamp: Stamp) -> Blob {
    Blob {
        kind: BlobType::Block,
        etag: stamp.etag,
        created: stamp.now,
        modified: stamp.now,
        length: 0,
        content: Content::Empty,
        headers: ContentHeaders::default(),
        metadata: vec![(FOLDER.to_owned(), "true".to_owned())],
        tier: String::new(),
        copied: None,
        access: None,
        lease: None,
        tags: Vec::new(),
    }
}

/// The keys of everything below a directory.
fn below(container: &str, directory: &str) -> KeyRange {
    let mut prefix = Key::of([container]).as_ref().to_vec();
    if !directory.is_empty() {
        prefix.extend_from_slice(directory.as_bytes());
        prefix.push(b'/');
    }
    KeyRange::prefix(prefix)
}

fn find(read: &impl Read, container: &str, path: &str) -> Result<Option<Path>> {
    if path.is_empty() {
        return Ok(Some(Path::Implied));
    }
    let blob: Option<Blob> = read.get_json(BLOBS, key(container, path))?;
    if let Some(blob) = blob {
        let blob = Box::new(blob);
        return Ok(Some(if is_folder(&blob) {
            Path::Directory(blob)
        } else {
            Path::File(blob)
        }));
    }
    let inside = read.scan(BLOBS, &below(container, path), 1)?;
    Ok((!inside.is_empty()).then_some(Path::Implied))
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent)
}

/// Makes the directories above a path that are not there.
fn make_parents(txn: &mut WriteTxn<'_>, container: &str, path: &str, stamp: Stamp) -> Result<()> {
    let mut next = parent(path);
    while let Some(directory) = next {
        match find(txn, container, directory)? {
            Some(Path::Directory(_)) => return Ok(()),
            Some(Path::File(_)) => return Err(Code::ResourceTypeMismatch.into()),
            Some(Path::Implied) | None => {
                txn.put_json(BLOBS, key(container, directory), &folder(stamp))?;
            }
        }
        next = parent(directory);
    }
    Ok(())
}

fn appended(read: &impl Read, container: &str, name: &str) -> Result<Vec<(u64, Block)>> {
    let range = KeyRange::prefix(Key::of([container, name]));
    let mut found = Vec::new();
    for (key, value) in read.scan(APPENDS, &range, usize::MAX)? {
        let position = Key::parts(&key).pop().unwrap_or_default();
        let position = <[u8; 8]>::try_from(position).map(u64::from_be_bytes);
        if let (Ok(position), Ok(block)) = (position, serde_json::from_slice(&value)) {
            found.push((position, block));
        }
    }
    Ok(found)
}

fn append_key(container: &str, name: &str, position: u64) -> Key {
    let mut key = Key::of([container, name]);
    key.push(position.to_be_bytes());
    key
}

/// Drops appended data of a blob that goes away or is replaced.
pub(super) fn drop_appended(txn: &mut WriteTxn<'_>, container: &str, name: &str) -> Result<()> {
    for (position, block) in appended(txn, container, name)? {
        content::release_body(txn, &block.body)?;
        txn.remove(APPENDS, append_key(container, name, position))?;
    }
    Ok(())
}

fn remove(txn: &mut WriteTxn<'_>, container: &str, name: &str, blob: &Blob) -> Result<()> {
    content::release(txn, &blob.content)?;
    txn.remove(BLOBS, key(container, name))?;
    blocks::discard(txn, container, name)?;
    drop_appended(txn, container, name)
}

impl Tree {
    /// What is at a path, if anything.
    ///
    /// # Errors
    /// [`Code::ContainerNotFound`].
    pub(crate) fn path(&self, at: &Address) -> Result<Option<Path>> {
        self.read(|snapshot| {
            let container = super::container(snapshot, &at.account, &at.container)?;
            find(snapshot, &container.id, &at.name)
        })
    }

    /// Makes a file (empty, in the place of one that is there) or a directory, and the
    /// directories above.
    ///
    /// # Errors
    /// [`Code::PathAlreadyExists`] by the conditions; [`Code::ResourceTypeMismatch`].
    pub(crate) async fn create_path(
        &self,
        at: Address,
        conditions: Conditions,
        new: NewPath,
    ) -> Result<Blob> {
        let stamp = self.stamp();
        self.write(move |txn| {
            let container = super::container(txn, &at.account, &at.container)?.id;
            let old = find(txn, &container, &at.name)?;
            let version = old.as_ref().and_then(Path::blob).map(Blob::version);
            conditions.check_write(version, Code::PathAlreadyExists)?;
            let lease = old
                .as_ref()
                .and_then(Path::blob)
                .and_then(|old| old.lease.clone());
            leases::check_write(lease.as_ref(), conditions.lease(), stamp.now, BLOB_LEASE)?;
            match &old {
                Some(path) if path.is_directory() != new.directory => {
                    return Err(Code::ResourceTypeMismatch.into());
                }
                Some(Path::File(blob)) => remove(txn, &container, &at.name, blob)?,
                _ => {}
            }
            make_parents(txn, &container, &at.name, stamp)?;
            let mut blob = folder(stamp);
            if !new.directory {
                blob.metadata.clear();
            }
            blob.metadata.extend(new.metadata);
            blob.headers = new.headers;
            blob.access = new.access;
            blob.lease = lease;
            txn.put_json(BLOBS, key(&container, &at.name), &blob)?;
            Ok(blob)
        })
        .await
    }

    /// Adds data at a position; it shows once it is flushed.
    ///
    /// # Errors
    /// [`Code::PathNotFound`]; [`Code::InvalidFlushPosition`] before the end of the file.
    pub(crate) async fn append(&self, at: Address, position: u64, body: Received) -> Result<()> {
        let ids = self.state.ids.clone();
        self.write(move |txn| {
            let container = super::container(txn, &at.account, &at.container)?.id;
            let Some(Path::File(blob)) = find(txn, &container, &at.name)? else {
                return Err(Code::PathNotFound.into());
            };
            if position < blob.length {
                return Err(Code::InvalidFlushPosition.into());
            }
            let key = append_key(&container, &at.name, position);
            if let Some(old) = txn.get_json::<Block>(APPENDS, &key)? {
                content::release_body(txn, &old.body)?;
            }
            let block = Block {
                length: body.length(),
                body: body.keep(txn, &ids)?,
            };
            txn.put_json(APPENDS, &key, &block)?;
            Ok(())
        })
        .await
    }

    /// Makes appended data part of the file, up to a position.
    ///
    /// # Errors
    /// [`Code::PathNotFound`]; [`Code::InvalidFlushPosition`] when the data do not reach
    /// exactly so far; conditions that do not hold.
    pub(crate) async fn flush(
        &self,
        at: Address,
        conditions: Conditions,
        flush: Flush,
    ) -> Result<Blob> {
        let stamp = self.stamp();
        let ids = self.state.ids.clone();
        self.write(move |txn| {
            let container = super::container(txn, &at.account, &at.container)?.id;
            let Some(Path::File(blob)) = find(txn, &container, &at.name)? else {
                return Err(Code::PathNotFound.into());
            };
            let mut blob = *blob;
            conditions.check_write(Some(blob.version()), Code::PathAlreadyExists)?;
            leases::check_write(
                blob.lease.as_ref(),
                conditions.lease(),
                stamp.now,
                BLOB_LEASE,
            )?;
            let mut end = blob.length;
            let mut pieces = Vec::new();
            for (position, block) in appended(txn, &container, &at.name)? {
                if position == end && end < flush.position {
                    end += block.length;
                    pieces.push(Piece {
                        at: position,
                        from: 0,
                        length: block.length,
                        body: block.body,
                        block: String::new(),
                    });
                } else if flush.retain {
                    continue;
                } else {
                    content::release_body(txn, &block.body)?;
                }
                txn.remove(APPENDS, append_key(&container, &at.name, position))?;
            }
            if end != flush.position {
                return Err(Code::InvalidFlushPosition.into());
            }
            blob.content = ranges::extend(txn, &ids, &blob.content, blob.length, pieces)?;
            blob.length = end;
            blob.headers.md5.clear();
            blob.headers.replace_given(flush.headers);
            blob.etag = stamp.etag;
            blob.modified = stamp.now;
            txn.put_json(BLOBS, key(&container, &at.name), &blob)?;
            Ok(blob)
        })
        .await
    }

    /// Removes a file, or a directory; that must be empty unless `recursive`.
    ///
    /// # Errors
    /// [`Code::PathNotFound`], [`Code::DirectoryNotEmpty`]; conditions that do not hold.
    pub(crate) async fn delete_path(
        &self,
        at: Address,
        conditions: Conditions,
        recursive: bool,
    ) -> Result<()> {
        let now = self.stamp().now;
        self.write(move |txn| {
            let container = super::container(txn, &at.account, &at.container)?.id;
            let path = find(txn, &container, &at.name)?.ok_or(Code::PathNotFound)?;
            if let Some(blob) = path.blob() {
                conditions.check_write(Some(blob.version()), Code::ConditionNotMet)?;
                leases::check_write(blob.lease.as_ref(), conditions.lease(), now, BLOB_LEASE)?;
            }
            if path.is_directory() {
                let inside = txn.scan(BLOBS, &below(&container, &at.name), usize::MAX)?;
                if !recursive && !inside.is_empty() {
                    return Err(Code::DirectoryNotEmpty.into());
                }
                for (key, value) in inside {
                    let name = name_of(&key);
                    if let Ok(blob) = serde_json::from_slice(&value) {
                        remove(txn, &container, &name, &blob)?;
                    }
                }
            }
            if let Some(blob) = path.blob() {
                remove(txn, &container, &at.name, blob)?;
            }
            Ok(())
        })
        .await
    }

    /// Moves a file, or a directory with everything in it.
    ///
    /// # Errors
    /// [`Code::SourcePathNotFound`], [`Code::RenameDestinationParentPathNotFound`],
    /// [`Code::DirectoryNotEmpty`]; conditions that do not hold.
    pub(crate) async fn rename_path(&self, rename: Rename) -> Result<()> {
        let stamp = self.stamp();
        self.write(move |txn| move_path(txn, &rename, stamp)).await
    }

    /// Changes the entry of a path; a directory without one gets one.
    ///
    /// # Errors
    /// [`Code::PathNotFound`]; conditions that do not hold; what `change` refuses.
    pub(crate) async fn change_path(
        &self,
        at: Address,
        conditions: Conditions,
        change: impl FnOnce(&mut Blob) -> Result<()> + Send + 'static,
    ) -> Result<Blob> {
        let stamp = self.stamp();
        self.write(move |txn| {
            let container = super::container(txn, &at.account, &at.container)?.id;
            let path = find(txn, &container, &at.name)?.ok_or(Code::PathNotFound)?;
            let mut blob = path.blob().cloned().unwrap_or_else(|| folder(stamp));
            conditions.check_write(Some(blob.version()), Code::ConditionNotMet)?;
            leases::check_write(
                blob.lease.as_ref(),
                conditions.lease(),
                stamp.now,
                BLOB_LEASE,
            )?;
            change(&mut blob)?;
            blob.etag = stamp.etag;
            blob.modified = stamp.now;
            if !at.name.is_empty() {
                txn.put_json(BLOBS, key(&container, &at.name), &blob)?;
            }
            Ok(blob)
        })
        .await
    }

    /// Changes every entry at and below a path; how many directories and files there were.
    ///
    /// # Errors
    /// [`Code::PathNotFound`].
    pub(crate) async fn change_below(
        &self,
        at: Address,
        change: impl Fn(&mut Blob) + Send + 'static,
    ) -> Result<(u64, u64)> {
        self.write(move |txn| {
            let container = super::container(txn, &at.account, &at.container)?.id;
            let path = find(txn, &container, &at.name)?.ok_or(Code::PathNotFound)?;
            let mut all = Vec::new();
            if let Some(blob) = path.blob() {
                all.push((at.name.clone(), blob.clone()));
            }
            if path.is_directory() {
                for (key, value) in txn.scan(BLOBS, &below(&container, &at.name), usize::MAX)? {
                    if let Ok(blob) = serde_json::from_slice(&value) {
                        all.push((name_of(&key), blob));
                    }
                }
            }
            let mut counts = (0, 0);
            for (name, mut blob) in all {
                change(&mut blob);
                if is_folder(&blob) {
                    counts.0 += 1;
                } else {
                    counts.1 += 1;
                }
                txn.put_json(BLOBS, key(&container, &name), &blob)?;
            }
            Ok(counts)
        })
        .await
    }

    /// Up to `limit` paths below a directory from `from` on, and where the next page begins.
    ///
    /// # Errors
    /// [`Code::PathNotFound`].
    pub(crate) async fn list_paths(
        &self,
        at: Address,
        recursive: bool,
        from: String,
        limit: usize,
    ) -> Result<(Vec<(String, Path)>, Option<String>)> {
        self.state
            .store
            .read_long(move |snapshot| {
                let container = super::container(snapshot, &at.account, &at.container)?.id;
                match find(snapshot, &container, &at.name)? {
                    Some(path) if path.is_directory() => {}
                    Some(Path::File(blob)) => {
                        return Ok((vec![(at.name.clone(), Path::File(blob))], None));
                    }
                    _ => return Err(Code::PathNotFound.into()),
                }
                let mut page = PathPage {
                    directory: at.name,
                    recursive,
                    last: from.clone(),
                    paths: Vec::new(),
                };
                let range = below(&container, &page.directory);
                let range = if from.is_empty() {
                    range
                } else {
                    range.after(key(&container, &from))
                };
                let mut more = false;
                snapshot.visit(BLOBS, &range, Order::Ascending, |key, value| {
                    if page.paths.len() >= limit {
                        more = true;
                        return Ok(ControlFlow::Break(()));
                    }
                    if let Ok(blob) = serde_json::from_slice(value) {
                        page.add(snapshot, &container, name_of(key), blob)?;
                    }
                    Ok::<_, crate::storage::error::StorageError>(ControlFlow::Continue(()))
                })?;
                let next = more.then(|| page.last.clone());
                Ok((page.paths, next))
            })
            .await
    }
}

fn name_of(key: &[u8]) -> String {
    let name = Key::parts(key).pop().unwrap_or_default();
    String::from_utf8_lossy(&name).into_owned()
}

/// A page of paths in the making.
struct PathPage {
    directory: String,
    recursive: bool,
    /// The last name that was looked at, on this page or the one before.
    last: String,
    paths: Vec<(String, Path)>,
}

impl PathPage {
    /// Adds what a blob's name shows: directories above it that were not shown yet, and
    /// the blob itself.
    fn add(&mut self, read: &impl Read, container: &str, name: String, blob: Blob) -> Result<()> {
        let start = match self.directory.len() {
            0 => 0,
            length => length + 1,
        };
        for (at, _) in name[start..].match_indices('/') {
            let directory = &name[..start + at];
            // A neighbour below the same directory has shown it already.
            let shown = self.last.starts_with(directory)
                && self.last.as_bytes().get(directory.len()) == Some(&b'/');
            let depth = directory[start..].matches('/').count();
            if !shown
                && (self.recursive || depth == 0)
                && !read.contains(BLOBS, key(container, directory))?
            {
                self.paths.push((directory.to_owned(), Path::Implied));
            }
        }
        let deep = name[start..].contains('/');
        if self.recursive || !deep {
            let blob = Box::new(blob);
            let path = if is_folder(&blob) {
                Path::Directory(blob)
            } else {
                Path::File(blob)
            };
            self.paths.push((name.clone(), path));
        }
        self.last = name;
        Ok(())
    }
}

fn move_path(txn: &mut WriteTxn<'_>, rename: &Rename, stamp: Stamp) -> Result<()> {
    let (from, to) = (&rename.from, &rename.to);
    let source = super::container(txn, &from.account, &from.container)?.id;
    let target = super::container(txn, &to.account, &to.container)?.id;
    let path = match find(txn, &source, &from.name)? {
        Some(path) if !from.name.is_empty() => path,
        _ => return Err(Code::SourcePathNotFound.into()),
    };
    if let Some(blob) = path.blob() {
        rename.source_conditions.check_source(blob.version())?;
    }
    let old = find(txn, &target, &to.name)?;
    let version = old.as_ref().and_then(Path::blob).map(Blob::version);
    rename
        .conditions
        .check_write(version, Code::PathAlreadyExists)?;
    let lease = old
        .as_ref()
        .and_then(Path::blob)
        .and_then(|old| old.lease.as_ref());
    leases::check_write(lease, rename.conditions.lease(), stamp.now, BLOB_LEASE)?;
    if let Some(parent) = parent(&to.name)
        && !find(txn, &target, parent)?.is_some_and(|parent| parent.is_directory())
    {
        return Err(Code::RenameDestinationParentPathNotFound.into());
    }
    let same = source == target && from.name == to.name;
    let inside = source == target
        && to
            .name
            .strip_prefix(&from.name)
            .is_some_and(|rest| rest.starts_with('/'));
    if same {
        return Ok(());
    }
    if inside && path.is_directory() {
        return Err(Code::InvalidRenameSourcePath.into());
    }
    match old {
        Some(Path::File(blob)) if !path.is_directory() => {
            remove(txn, &target, &to.name, &blob)?;
        }
        Some(old) if old.is_directory() != path.is_directory() => {
            return Err(Code::ResourceTypeMismatch.into());
        }
        Some(_) if !txn.scan(BLOBS, &below(&target, &to.name), 1)?.is_empty() => {
            return Err(Code::DirectoryNotEmpty.into());
        }
        Some(_) => {}
        None => {}
    }
    let mut moved: Vec<(String, Blob)> = Vec::new();
    moved.extend(path.blob().map(|blob| (String::new(), blob.clone())));
    if path.is_directory() {
        for (key, value) in txn.scan(BLOBS, &below(&source, &from.name), usize::MAX)? {
            let name = name_of(&key);
            let rest = name[from.name.len()..].to_owned();
            if let Ok(blob) = serde_json::from_slice(&value) {
                moved.push((rest, blob));
            }
        }
        if path.blob().is_none() {
            txn.put_json(BLOBS, key(&target, &to.name), &folder(stamp))?;
        }
    }
    for (rest, mut blob) in moved {
        let old_name = format!("{}{rest}", from.name);
        txn.remove(BLOBS, key(&source, &old_name))?;
        drop_appended(txn, &source, &old_name)?;
        blocks::discard(txn, &source, &old_name)?;
        if rest.is_empty() {
            blob.etag = stamp.etag;
            blob.modified = stamp.now;
        }
        blob.lease = None;
        txn.put_json(BLOBS, key(&target, &format!("{}{rest}", to.name)), &blob)?;
    }
    Ok(())
}
