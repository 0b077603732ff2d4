//! What the file-system operations do to the tree. Each is one transaction, all or nothing.

use std::ops::Range;

use super::acl::Acl;
use super::content::{self, Plan, Received};
use super::error::{FsError, Kind, Result};
use super::tree::{self, Actor, Node, Nodes, Path, Place};
use crate::state::{Ids, Read, WriteTxn};

/// Read, write and execute as in access control lists.
pub(super) const READ: u8 = 4;
pub(super) const WRITE: u8 = 2;
pub(super) const EXECUTE: u8 = 1;

/// One operation on one store.
pub(super) struct Operation<'a> {
    pub(super) store: &'a str,
    pub(super) actor: &'a Actor,
}

/// How a file is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WriteOptions {
    pub(super) overwrite: bool,
    pub(super) permission: Option<u16>,
    pub(super) lease: Option<String>,
    /// Whether the writer is done with the file.
    pub(super) close: bool,
}

/// What GETCONTENTSUMMARY counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) directories: u64,
    pub(super) files: u64,
    pub(super) length: u64,
}

impl Operation<'_> {
    fn nodes<'a, R: Read>(&'a self, read: &'a R) -> Nodes<'a, R> {
        Nodes {
            read,
            store: self.store,
            now: self.actor.now,
        }
    }

    /// The node at a path, with the right to reach it and `rights` on it.
    pub(super) fn open(&self, read: &impl Read, path: &Path, rights: u8) -> Result<(Place, Node)> {
        self.check_way(read, path)?;
        let (place, node) = self.nodes(read).existing(path)?;
        self.check(&node, rights, path)?;
        Ok((place, node))
    }

    /// Where the bytes of a file are.
    pub(super) fn read(
        &self,
        read: &impl Read,
        path: &Path,
        offset: u64,
        length: Option<u64>,
    ) -> Result<(Plan, Range<u64>)> {
        let (_, node) = self.open(read, path, READ)?;
        let Some(size) = node.length else {
            return Err(FsError::new(
                Kind::NotFound,
                format!("Path is not a file: {path}"),
            ));
        };
        if offset > size {
            return Err(FsError::new(
                Kind::BadOffset,
                format!("Invalid offset value {offset}: the file has {size} bytes."),
            ));
        }
        let end = length.map_or(size, |length| offset.saturating_add(length).min(size));
        Ok((
            Plan::find(read, self.store, &node.id, &(offset..end))?,
            offset..end,
        ))
    }

    /// Children of a directory, or a file itself under an empty name.
    pub(super) fn list(
        &self,
        read: &impl Read,
        path: &Path,
        after: Option<&str>,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Node)>> {
        let (_, node) = self.open(read, path, 0)?;
        if !node.is_directory() {
            return Ok(vec![(String::new(), node)]);
        }
        self.check(&node, READ | EXECUTE, path)?;
        self.nodes(read).children(&node.id, after, before, limit)
    }

    /// Counts what is at and below a path.
    pub(super) fn summary(&self, read: &impl Read, path: &Path) -> Result<Summary> {
        let (_, node) = self.open(read, path, 0)?;
        let mut summary = Summary::default();
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            match node.length {
                Some(length) => {
                    summary.files += 1;
                    summary.length += length;
                }
                None => {
                    summary.directories += 1;
                    let children = self
                        .nodes(read)
                        .children(&node.id, None, None, usize::MAX)?;
                    open.extend(children.into_iter().map(|(_, child)| child));
                }
            }
        }
        Ok(summary)
    }

    /// Makes a directory and those above it. One that is there is left alone.
    pub(super) fn make_directories(
        &self,
        transaction: &mut WriteTxn<'_>,
        ids: &Ids,
        path: &Path,
        permission: Option<u16>,
    ) -> Result<Node> {
        let mut node = self.nodes(transaction).root()?;
        let mut at = Path::parse("")?;
        let depth = path.segments().len();
        for (level, name) in path.segments().iter().enumerate() {
            if !node.is_directory() {
                return Err(FsError::already_exists(&at.to_string()));
            }
            self.check(&node, EXECUTE, &at)?;
            at = at.child(name);
            if let Some(child) = self.nodes(transaction).child(&node.id, name)? {
                node = child;
                continue;
            }
            self.check(&node, WRITE | EXECUTE, &at)?;
            let permission = permission.filter(|_| level + 1 == depth);
            let place = Place {
                parent: node.id.clone(),
                name: name.clone(),
            };
            let acl = node.acl.inherited(true, permission);
            let child = Node::new(ids.hex(), None, self.actor, node.group, acl);
            tree::put(transaction, self.store, &place, &child)?;
            node = child;
        }
        if node.is_directory() {
            Ok(node)
        } else {
            Err(FsError::already_exists(&path.to_string()))
        }
    }

    /// Writes a whole file.
    pub(super) fn create(
        &self,
        transaction: &mut WriteTxn<'_>,
        ids: &Ids,
        path: &Path,
        options: &WriteOptions,
        body: Received,
    ) -> Result<()> {
        if path.is_root() {
            return Err(FsError::already_exists("/"));
        }
        let parent = self.make_directories(transaction, ids, &path.parent(), None)?;
        let place = Place {
            parent: parent.id.clone(),
            name: path.name().to_owned(),
        };
        let old = self.nodes(transaction).child(&place.parent, &place.name)?;
        let mut node = match old {
            Some(old) if old.is_directory() || !options.overwrite => {
                return Err(FsError::already_exists(&path.to_string()));
            }
            Some(mut old) => {
                self.check(&old, WRITE, path)?;
                content::remove(transaction, self.store, &old.id)?;
                // Overwriting ends a lease and an expiry; access control stays.
                old = Node::new(
                    ids.hex(),
                    Some(0),
                    &Actor {
                        object_id: old.owner,
                        ..self.actor.clone()
                    },
                    old.group,
                    old.acl,
                );
                old
            }
            None => {
                self.check(&parent, WRITE | EXECUTE, path)?;
                let acl = parent.acl.inherited(false, options.permission);
                Node::new(ids.hex(), Some(0), self.actor, parent.group, acl)
            }
        };
        node.use_lease(options.lease.as_deref(), options.close, self.actor.now)?;
        node.length = Some(body.length());
        body.keep(transaction, self.store, &node.id, 0)?;
        tree::put(transaction, self.store, &place, &node)
    }

    /// Adds bytes at the end of a file; `offset` is where the writer thinks the end is.
    pub(super) fn append(
        &self,
        transaction: &mut WriteTxn<'_>,
        path: &Path,
        offset: Option<u64>,
        options: &WriteOptions,
        body: Received,
    ) -> Result<()> {
        let (place, mut node) = self.open(transaction, path, WRITE)?;
        let Some(length) = node.length else {
            return Err(FsError::new(
                Kind::NotFound,
                format!("Path is not a file: {path}"),
            ));
        };
        if offset.is_some_and(|offset| offset != length) {
            return Err(FsError::new(
                Kind::BadOffset,
                format!(
                    "Invalid offset value {}: the file has {length} bytes.",
                    offset.unwrap_or(0)
                ),
            ));
        }
        node.use_lease(options.lease.as_deref(), options.close, self.actor.now)?;
        let added = body.length();
        body.keep(transaction, self.store, &node.id, length)?;
        if added > 0 {
            node.length = Some(length + added);
            node.modified = self.actor.now;
        }
        tree::put(transaction, self.store, &place, &node)
    }

    /// Joins files behind a target, which is made when missing; the sources go.
    pub(super) fn concat(
        &self,
        transaction: &mut WriteTxn<'_>,
        ids: &Ids,
        path: &Path,
        sources: &[Path],
        remove_directory: bool,
    ) -> Result<()> {
        if sources.is_empty() {
            return Err(FsError::argument("There are no sources to concatenate."));
        }
        let mut seen = std::collections::HashSet::new();
        for source in sources {
            if source == path || !seen.insert(source.to_string()) {
                return Err(FsError::argument(format!(
                    "The source {source} is named twice."
                )));
            }
        }
        if self.nodes(transaction).find(path)?.is_none() {
            let options = WriteOptions {
                close: true,
                ..WriteOptions::default()
            };
            self.create(
                transaction,
                ids,
                path,
                &options,
                Received::Inline(bytes::Bytes::new()),
            )?;
        }
        let (place, mut target) = self.open(transaction, path, WRITE)?;
        let mut length = target
            .length
            .ok_or_else(|| FsError::new(Kind::NotFound, format!("Path is not a file: {path}")))?;
        for source in sources {
            let (source_place, node) = self.open(transaction, source, READ)?;
            let added = node.length.ok_or_else(|| {
                FsError::new(Kind::NotFound, format!("Path is not a file: {source}"))
            })?;
            content::move_behind(transaction, self.store, &node.id, &target.id, length)?;
            length += added;
            tree::remove(transaction, self.store, &source_place)?;
        }
        target.length = Some(length);
        target.modified = self.actor.now;
        tree::put(transaction, self.store, &place, &target)?;
        if remove_directory {
            let parent = sources[0].parent();
            if parent.is_root() || sources.iter().any(|source| source.parent() != parent) {
                return Err(FsError::argument(
                    "deleteSourceDirectory needs all sources in one directory other than the root.",
                ));
            }
            self.delete(transaction, &parent, true)?;
        }
        Ok(())
    }

    /// Removes a file, or a directory with everything below it when asked to.
    pub(super) fn delete(
        &self,
        transaction: &mut WriteTxn<'_>,
        path: &Path,
        recursive: bool,
    ) -> Result<()> {
        if path.is_root() {
            return Err(FsError::new(
                Kind::AccessControl,
                "The root directory cannot be deleted.",
            ));
        }
        let (_, parent) = self.open(transaction, &path.parent(), WRITE | EXECUTE)?;
        let (place, node) = self.open(transaction, path, 0)?;
        self.check_sticky(&parent, &node, path)?;
        if node.is_directory()
            && !recursive
            && !self
                .nodes(transaction)
                .children(&node.id, None, None, 1)?
                .is_empty()
        {
            return Err(FsError::new(
                Kind::Io,
                format!("Directory is not empty: {path}"),
            ));
        }
        self.remove_below(transaction, place, node)
    }

    fn remove_below(&self, transaction: &mut WriteTxn<'_>, place: Place, node: Node) -> Result<()> {
        let mut open = vec![(place, node)];
        while let Some((place, node)) = open.pop() {
            if node.is_directory() {
                let children =
                    self.nodes(transaction)
                        .children(&node.id, None, None, usize::MAX)?;
                open.extend(children.into_iter().map(|(name, child)| {
                    (
                        Place {
                            parent: node.id.clone(),
                            name,
                        },
                        child,
                    )
                }));
            } else {
                content::remove(transaction, self.store, &node.id)?;
            }
            tree::remove(transaction, self.store, &place)?;
        }
        Ok(())
    }

    /// Moves a node. Gives whether it did: a missing source or an existing target file is no error.
    pub(super) fn rename(
        &self,
        transaction: &mut WriteTxn<'_>,
        ids: &Ids,
        from: &Path,
        to: &Path,
        overwrite: bool,
    ) -> Result<bool> {
        if from.is_root() {
            return Ok(false);
        }
        self.check_way(transaction, from)?;
        let Some((place, node)) = self.nodes(transaction).find(from)? else {
            return Ok(false);
        };
        let target = self.nodes(transaction).find(to)?;
        let to = match &target {
            Some((_, existing)) if existing.is_directory() && from != to => to.child(from.name()),
            _ => to.clone(),
        };
        if to == *from {
            return Ok(true);
        }
        if to.is_root() || to.is_within(from) {
            return Ok(false);
        }
        let (_, parent) = self.open(transaction, &from.parent(), WRITE | EXECUTE)?;
        self.check_sticky(&parent, &node, from)?;
        if let Some((old_place, old)) = self.nodes(transaction).find(&to)? {
            if !overwrite || old.is_directory() || node.is_directory() {
                return Ok(false);
            }
            self.remove_below(transaction, old_place, old)?;
        }
        let new_parent = self.make_directories(transaction, ids, &to.parent(), None)?;
        self.check(&new_parent, WRITE | EXECUTE, &to)?;
        tree::remove(transaction, self.store, &place)?;
        let place = Place {
            parent: new_parent.id,
            name: to.name().to_owned(),
        };
        tree::put(transaction, self.store, &place, &node)?;
        Ok(true)
    }

    /// Changes a node's own record, as its owner.
    pub(super) fn change(
        &self,
        transaction: &mut WriteTxn<'_>,
        path: &Path,
        change: impl FnOnce(&mut Node) -> Result<()>,
    ) -> Result<()> {
        let (place, mut node) = self.open(transaction, path, 0)?;
        if self.actor.restricted && node.owner != self.actor.object_id {
            return Err(self.denied(path));
        }
        change(&mut node)?;
        tree::put(transaction, self.store, &place, &node)
    }

    /// Whether the caller has `rights` on the node.
    pub(super) fn check(&self, node: &Node, rights: u8, path: &Path) -> Result<()> {
        if !self.actor.restricted || rights == 0 {
            return Ok(());
        }
        let has = node.acl.rights(
            &node.owner,
            &node.group,
            &self.actor.object_id,
            &self.actor.groups,
        );
        if has & rights == rights {
            Ok(())
        } else {
            Err(self.denied(path))
        }
    }

    /// Whether the caller may pass the directories above a path.
    fn check_way(&self, read: &impl Read, path: &Path) -> Result<()> {
        if !self.actor.restricted || path.is_root() {
            return Ok(());
        }
        let nodes = self.nodes(read);
        let mut at = Path::parse("")?;
        for name in path.segments() {
            match nodes.find(&at)? {
                Some((_, node)) => self.check(&node, EXECUTE, &at)?,
                None => return Ok(()),
            }
            at = at.child(name);
        }
        Ok(())
    }

    /// In a sticky directory only its owner and a node's own owner may take the node away.
    fn check_sticky(&self, parent: &Node, node: &Node, path: &Path) -> Result<()> {
        let caller = &self.actor.object_id;
        if self.actor.restricted
            && parent.acl.sticky
            && node.owner != *caller
            && parent.owner != *caller
        {
            return Err(self.denied(path));
        }
        Ok(())
    }

    fn denied(&self, path: &Path) -> FsError {
        FsError::new(
            Kind::AccessControl,
            format!(
                "Access to {path} is denied for {}: access control verification failed.",
                self.actor.object_id
            ),
        )
    }
}

/// Sets who owns a node.
pub(super) fn set_owner(node: &mut Node, owner: Option<&str>, group: Option<&str>) {
    if let Some(owner) = owner {
        owner.clone_into(&mut node.owner);
    }
    if let Some(group) = group {
        group.clone_into(&mut node.group);
    }
}

/// Changes a node's access control list.
pub(super) fn change_acl(
    node: &mut Node,
    change: impl FnOnce(&mut Acl, bool) -> Result<()>,
) -> Result<()> {
    let directory = node.is_directory();
    change(&mut node.acl, directory)
}
