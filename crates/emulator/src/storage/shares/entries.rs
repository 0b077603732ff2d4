//! Directories and files of a share.

use std::ops::Range;

use super::model::{Entry, File, Share, Times};
use super::{ENTRIES, ROOT, SHARES, Shares, share, share_key};
use crate::state::{Key, KeyRange, Read, WriteTxn};
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::range::ByteRange;
use crate::storage::time::Ticks;
use crate::storage::tree::{
    Content, ContentHeaders, FILE_LEASE, LeaseAction, LeaseAnswer, Plan, Received, Stamp,
    check_lease_to_write, ranges, release, share_content,
};

/// An entry by its path; the root directory has the empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) account: String,
    pub(crate) share: String,
    pub(crate) path: String,
    /// The lease that the caller says to hold.
    pub(crate) lease: Option<String>,
}

impl Target {
    /// Checks that the caller may write over this entry, by its lease.
    fn check_lease(&self, entry: &Entry, now: Ticks) -> Result<()> {
        check_lease_to_write(entry.lease.as_ref(), self.lease.as_deref(), now, FILE_LEASE)
    }
}

/// A directory or file to make.
#[derive(Clone, Debug)]
pub(crate) struct NewEntry {
    pub(crate) attributes: String,
    pub(crate) times: Times,
    pub(crate) metadata: Vec<(String, String)>,
    /// Length and headers of a file; `None` for a directory.
    pub(crate) file: Option<(u64, ContentHeaders)>,
}

/// What can be changed about an entry.
#[derive(Debug)]
pub(crate) enum EntryChange {
    Metadata(Vec<(String, String)>),
    /// Headers (all of them) and length of a file.
    Properties {
        headers: Option<ContentHeaders>,
        length: Option<u64>,
        attributes: Option<String>,
        times: Option<Times>,
    },
}

/// A file opened for reading.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) entry: Entry,
    pub(crate) range: Option<Range<u64>>,
    pub(crate) plan: Plan,
}

/// A move within a share.
#[derive(Clone, Debug)]
pub(crate) struct Rename {
    pub(crate) from: Target,
    pub(crate) to: Target,
    pub(crate) directory: bool,
    pub(crate) replace: bool,
}

fn key(share: &str, parent: u64, name: &str) -> Key {
    let mut key = Key::of([share]);
    key.push(parent.to_be_bytes());
    key.push(name.to_lowercase());
    key
}

pub(super) fn children(share: &str, parent: u64) -> Key {
    let mut key = Key::of([share]);
    key.push(parent.to_be_bytes());
    key
}

/// The parts of a path. Empty ones do not count, so that a slash at the end does no harm.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

fn check_name(name: &str) -> Result<()> {
    let bad = |c: char| c.is_control() || "\"\\:|<>*?".contains(c);
    if matches!(name, "." | "..") || name.contains(bad) {
        return Err(Code::InvalidResourceName.into());
    }
    if name.chars().count() > 255 {
        return Err(StorageError::new(
            Code::InvalidResourceName,
            "A name has at most 255 characters.",
        ));
    }
    Ok(())
}

/// The directory at `path`: its id.
pub(super) fn directory(read: &impl Read, share: &Share, path: &str) -> Result<u64> {
    let mut id = ROOT;
    for part in parts(path) {
        let entry: Option<Entry> = read.get_json(ENTRIES, key(&share.id, id, part))?;
        id = match entry {
            Some(entry) if entry.file.is_none() => entry.id,
            _ => return Err(Code::ResourceNotFound.into()),
        };
    }
    Ok(id)
}

/// The parent directory's id and the last part of a path.
fn parent<'a>(read: &impl Read, share: &Share, path: &'a str) -> Result<(u64, &'a str)> {
    let path = path.trim_end_matches('/');
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    check_name(name)?;
    let id = directory(read, share, folder).map_err(|_| Code::ParentNotFound)?;
    Ok((id, name))
}

fn find(read: &impl Read, share: &Share, path: &str) -> Result<Option<Entry>> {
    match parent(read, share, path) {
        Ok((id, name)) => Ok(read.get_json(ENTRIES, key(&share.id, id, name))?),
        Err(error) if error.code() == Code::ParentNotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn existing(read: &impl Read, share: &Share, path: &str, directory: bool) -> Result<Entry> {
    let entry = find(read, share, path)?.ok_or(Code::ResourceNotFound)?;
    match (directory, entry.file.is_some()) {
        (true, false) | (false, true) => Ok(entry),
        _ => Err(Code::ResourceTypeMismatch.into()),
    }
}

fn put(txn: &mut WriteTxn<'_>, share: &Share, entry: &Entry) -> Result<()> {
    Ok(txn.put_json(ENTRIES, key(&share.id, entry.parent, &entry.name), entry)?)
}

fn remove(txn: &mut WriteTxn<'_>, share: &Share, entry: &Entry) -> Result<()> {
    if let Some(file) = &entry.file {
        release(txn, &file.content)?;
    }
    txn.remove(ENTRIES, key(&share.id, entry.parent, &entry.name))?;
    Ok(())
}

fn is_empty(read: &impl Read, share: &Share, id: u64) -> Result<bool> {
    let range = KeyRange::prefix(children(&share.id, id));
    Ok(read.scan(ENTRIES, &range, 1)?.is_empty())
}

impl Shares {
    /// A directory or file that is there.
    ///
    /// # Errors
    /// [`Code::ShareNotFound`], [`Code::ResourceNotFound`], [`Code::ResourceTypeMismatch`].
    pub(crate) fn entry(&self, at: &Target, directory: bool) -> Result<Entry> {
        self.tree.state.store.read(|snapshot| {
            let share = share(snapshot, &at.account, &at.share)?;
            existing(snapshot, &share, &at.path, directory)
        })
    }

    /// Makes a directory or a file. A file replaces one of its name; a directory does not.
    ///
    /// # Errors
    /// [`Code::ParentNotFound`], [`Code::ResourceAlreadyExists`],
    /// [`Code::ResourceTypeMismatch`]; `create_only` and there is a file.
    pub(crate) async fn create(
        &self,
        at: Target,
        new: NewEntry,
        create_only: bool,
    ) -> Result<Entry> {
        let stamp = self.tree.stamp();
        self.write(move |txn| {
            let mut share = share(txn, &at.account, &at.share)?;
            let (parent, name) = parent(txn, &share, &at.path)?;
            let old: Option<Entry> = txn.get_json(ENTRIES, key(&share.id, parent, name))?;
            if let Some(old) = &old {
                match (&old.file, &new.file) {
                    (Some(_), Some(_)) if create_only => {
                        return Err(Code::AuthorizationPermissionMismatch.into());
                    }
                    (Some(_), Some(_)) => {
                        at.check_lease(old, stamp.now)?;
                        remove(txn, &share, old)?;
                    }
                    (None, None) => return Err(Code::ResourceAlreadyExists.into()),
                    _ => return Err(Code::ResourceTypeMismatch.into()),
                }
            }
            let id = share.next;
            share.next += 1;
            txn.put_json(SHARES, share_key(&at.account, &at.share), &share)?;
            let entry = Entry {
                id,
                parent,
                name: name.to_owned(),
                etag: stamp.etag,
                modified: stamp.now,
                times: new.times,
                attributes: new.attributes,
                metadata: new.metadata,
                lease: old.and_then(|old| old.lease),
                file: new.file.map(|(length, headers)| File {
                    length,
                    content: Content::Empty,
                    headers,
                }),
            };
            put(txn, &share, &entry)?;
            Ok(entry)
        })
        .await
    }

    /// Removes a file, or an empty directory.
    ///
    /// # Errors
    /// [`Code::ResourceNotFound`], [`Code::DirectoryNotEmpty`].
    pub(crate) async fn delete(&self, at: Target, directory: bool) -> Result<()> {
        let now = self.tree.stamp().now;
        self.write(move |txn| {
            let share = share(txn, &at.account, &at.share)?;
            let entry = existing(txn, &share, &at.path, directory)?;
            if directory && !is_empty(txn, &share, entry.id)? {
                return Err(Code::DirectoryNotEmpty.into());
            }
            at.check_lease(&entry, now)?;
            remove(txn, &share, &entry)
        })
        .await
    }

    /// Changes metadata or properties.
    ///
    /// # Errors
    /// [`Code::ResourceNotFound`]; conditions that do not hold.
    pub(crate) async fn change(
        &self,
        at: Target,
        directory: bool,
        conditions: Conditions,
        change: EntryChange,
    ) -> Result<Entry> {
        let stamp = self.tree.stamp();
        let ids = self.tree.state.ids.clone();
        self.write(move |txn| {
            let share = share(txn, &at.account, &at.share)?;
            let mut entry = existing(txn, &share, &at.path, directory)?;
            conditions.check_write(Some(entry.version()), Code::ConditionNotMet)?;
            at.check_lease(&entry, stamp.now)?;
            match change {
                EntryChange::Metadata(metadata) => entry.metadata = metadata,
                EntryChange::Properties {
                    headers,
                    length,
                    attributes,
                    times,
                } => {
                    if let Some(file) = &mut entry.file {
                        if let Some(headers) = headers {
                            file.headers = headers;
                        }
                        if let Some(length) = length {
                            // What is cut off must not come back when the file grows again.
                            if length < file.length {
                                let gone = (length, file.length - length);
                                file.content = ranges::write(
                                    txn,
                                    &ids,
                                    &file.content,
                                    file.length,
                                    gone,
                                    None,
                                )?;
                            }
                            file.length = length;
                        }
                    }
                    entry.attributes = attributes.unwrap_or(entry.attributes);
                    entry.times = times.unwrap_or(entry.times);
                }
            }
            touch(&mut entry, stamp, false);
            put(txn, &share, &entry)?;
            Ok(entry)
        })
        .await
    }

    /// Writes a range of a file, or clears it. The file does not grow by that.
    ///
    /// # Errors
    /// [`Code::ResourceNotFound`]; [`Code::InvalidRange`] behind the end.
    pub(crate) async fn write_range(
        &self,
        at: Target,
        conditions: Conditions,
        range: Range<u64>,
        body: Option<Received>,
    ) -> Result<Entry> {
        let stamp = self.tree.stamp();
        let ids = self.tree.state.ids.clone();
        self.write(move |txn| {
            let share = share(txn, &at.account, &at.share)?;
            let mut entry = existing(txn, &share, &at.path, false)?;
            conditions.check_write(Some(entry.version()), Code::ConditionNotMet)?;
            at.check_lease(&entry, stamp.now)?;
            let Some(file) = &mut entry.file else {
                return Err(Code::ResourceTypeMismatch.into());
            };
            if range.end > file.length {
                return Err(Code::InvalidRange.into());
            }
            let body = body.map(|body| body.keep(txn, &ids)).transpose()?;
            let place = (range.start, range.end - range.start);
            file.content = ranges::write(txn, &ids, &file.content, file.length, place, body)?;
            touch(&mut entry, stamp, true);
            put(txn, &share, &entry)?;
            Ok(entry)
        })
        .await
    }

    /// Does something with the lease of a file. Its entity tag stays.
    ///
    /// # Errors
    /// [`Code::ResourceNotFound`]; the lease is not the caller's.
    pub(crate) async fn lease(&self, at: Target, action: LeaseAction) -> Result<LeaseAnswer> {
        let now = self.tree.stamp().now;
        let ids = self.tree.state.ids.clone();
        self.write(move |txn| {
            let share = share(txn, &at.account, &at.share)?;
            let mut entry = existing(txn, &share, &at.path, false)?;
            let (lease, answer) = action.apply(entry.lease.take(), now, &ids)?;
            entry.lease = lease;
            put(txn, &share, &entry)?;
            Ok(LeaseAnswer {
                etag: entry.etag,
                modified: entry.modified,
                ..answer
            })
        })
        .await
    }

    /// The ranges of a file that were written, within `range`.
    ///
    /// # Errors
    /// [`Code::ResourceNotFound`].
    pub(crate) fn ranges(
        &self,
        at: &Target,
        range: Option<ByteRange>,
    ) -> Result<(Entry, Vec<(u64, u64)>)> {
        self.tree.state.store.read(|snapshot| {
            let share = share(snapshot, &at.account, &at.share)?;
            let entry = existing(snapshot, &share, &at.path, false)?;
            let file = entry.file.clone().unwrap_or_default();
            let wanted = match range {
                Some(range) => range.resolve(file.length)?,
                None => 0..file.length,
            };
            let all = ranges::written(snapshot, &file.content, file.length)?;
            let inside = all
                .into_iter()
                .map(|(start, end)| (start.max(wanted.start), end.min(wanted.end)))
                .filter(|(start, end)| start < end)
                .collect();
            Ok((entry, inside))
        })
    }

    /// Moves an entry within its share, everything below it included.
    ///
    /// # Errors
    /// [`Code::ResourceNotFound`], [`Code::ParentNotFound`], [`Code::ResourceAlreadyExists`],
    /// [`Code::ResourceTypeMismatch`], a directory moved below itself.
    pub(crate) async fn rename(&self, rename: Rename) -> Result<Entry> {
        let stamp = self.tree.stamp();
        self.write(move |txn| {
            let (from, to) = (&rename.from, &rename.to);
            let share = share(txn, &to.account, &to.share)?;
            let mut entry = existing(txn, &share, &from.path, rename.directory)?;
            let (parent, name) = parent(txn, &share, &to.path)?;
            if rename.directory && is_below(&to.path, &from.path) {
                return Err(Code::InvalidResourceName.into());
            }
            from.check_lease(&entry, stamp.now)?;
            let old: Option<Entry> = txn.get_json(ENTRIES, key(&share.id, parent, name))?;
            match old {
                Some(old) if old.id == entry.id => {}
                Some(old) if old.file.is_none() || entry.file.is_none() => {
                    return Err(Code::ResourceTypeMismatch.into());
                }
                Some(_) if !rename.replace => return Err(Code::ResourceAlreadyExists.into()),
                Some(old) => {
                    to.check_lease(&old, stamp.now)?;
                    remove(txn, &share, &old)?;
                }
                None => {}
            }
            txn.remove(ENTRIES, key(&share.id, entry.parent, &entry.name))?;
            entry.parent = parent;
            name.clone_into(&mut entry.name);
            touch(&mut entry, stamp, false);
            put(txn, &share, &entry)?;
            Ok(entry)
        })
        .await
    }

    /// Copies a file of the emulator to another place.
    ///
    /// # Errors
    /// [`Code::CannotVerifyCopySource`]; as [`Shares::create`].
    pub(crate) async fn copy(
        &self,
        from: Target,
        to: Target,
        metadata: Option<Vec<(String, String)>>,
    ) -> Result<Entry> {
        let stamp = self.tree.stamp();
        let ids = self.tree.state.ids.clone();
        self.write(move |txn| {
            let missing = |_| StorageError::from(Code::CannotVerifyCopySource);
            let source_share = share(txn, &from.account, &from.share).map_err(missing)?;
            let source = existing(txn, &source_share, &from.path, false).map_err(missing)?;
            let mut file = source.file.clone().unwrap_or_default();
            file.content = share_content(txn, &ids, &file.content)?;
            let mut share = share(txn, &to.account, &to.share)?;
            let (parent, name) = parent(txn, &share, &to.path)?;
            let old: Option<Entry> = txn.get_json(ENTRIES, key(&share.id, parent, name))?;
            match &old {
                Some(old) if old.file.is_none() => return Err(Code::ResourceTypeMismatch.into()),
                Some(old) => {
                    to.check_lease(old, stamp.now)?;
                    remove(txn, &share, old)?;
                }
                None => {}
            }
            let id = share.next;
            share.next += 1;
            txn.put_json(SHARES, share_key(&to.account, &to.share), &share)?;
            let mut entry = Entry {
                id,
                parent,
                name: name.to_owned(),
                metadata: metadata.unwrap_or(source.metadata),
                file: Some(file),
                lease: old.and_then(|old| old.lease),
                ..source
            };
            touch(&mut entry, stamp, true);
            put(txn, &share, &entry)?;
            Ok(entry)
        })
        .await
    }
}

fn touch(entry: &mut Entry, stamp: Stamp, written: bool) {
    entry.etag = stamp.etag;
    entry.modified = stamp.now;
    entry.times.changed = stamp.now;
    if written {
        entry.times.written = stamp.now;
    }
}

/// Whether `path` is below `directory`, or is it.
fn is_below(path: &str, directory: &str) -> bool {
    let lower = |path: &str| {
        parts(&path.to_lowercase())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (path, directory) = (lower(path), lower(directory));
    path.len() > directory.len() && path.starts_with(&directory)
}

/// Opens a file, or a range of it, in one view of the state.
pub(crate) fn open(
    read: &impl Read,
    at: &Target,
    conditions: &Conditions,
    range: Option<ByteRange>,
) -> Result<Option<OpenFile>> {
    let share = share(read, &at.account, &at.share)?;
    let entry = existing(read, &share, &at.path, false)?;
    if !conditions.check_read(entry.version())? {
        return Ok(None);
    }
    let file = entry.file.clone().unwrap_or_default();
    let range = range.map(|range| range.resolve(file.length)).transpose()?;
    let wanted = range.clone().unwrap_or(0..file.length);
    let plan = Plan::find(read, &file.content, &wanted)?;
    Ok(Some(OpenFile { entry, range, plan }))
}
