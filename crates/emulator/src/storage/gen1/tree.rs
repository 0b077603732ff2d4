//! Nodes of a store: files and directories by parent and name, and the way from a path to a node.
//! Changes one record at a time; what an operation means is in `namespace`.

use serde::{Deserialize, Serialize};

use super::acl::Acl;
use super::content;
use super::error::{FsError, Kind, Result};
use crate::state::{self, Key, KeyRange, Read, WriteTxn};

const NODES: &str = "gen1/nodes";
/// Id of every root, which has no record until something is changed on it.
const ROOT: &str = "root";
/// A lease without an append ends after this long.
const LEASE_IDLE_MS: i64 = 10 * 60 * 1000;
/// The longest name, and the deepest path.
const MAX_NAME: usize = 255;
const MAX_DEPTH: usize = 256;

/// A file or directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Node {
    pub(super) id: String,
    /// `None` for directories.
    pub(super) length: Option<u64>,
    /// Milliseconds since the epoch, as on the wire.
    pub(super) created: i64,
    pub(super) modified: i64,
    pub(super) accessed: i64,
    pub(super) owner: String,
    pub(super) group: String,
    pub(super) acl: Acl,
    /// When the file vanishes; 0 for never.
    pub(super) expires: i64,
    lease: Option<Lease>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Lease {
    id: String,
    touched: i64,
}

/// Who acts and when.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    pub(super) object_id: String,
    pub(super) groups: Vec<String>,
    /// Whether access control lists bind this caller.
    pub(super) restricted: bool,
    /// Milliseconds since the epoch.
    pub(super) now: i64,
}

/// A place for a node: the directory it is in, and its name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) parent: String,
    pub(super) name: String,
}

/// A path as its segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path(Vec<String>);

impl Path {
    /// Reads a decoded path. Empty segments and `.` count for nothing; `..` is refused.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut segments = Vec::new();
        for segment in text
            .split('/')
            .filter(|segment| !segment.is_empty() && *segment != ".")
        {
            if segment == ".." || segment.len() > MAX_NAME || segment.contains('\0') {
                return Err(FsError::argument(format!("Invalid path: {text}")));
            }
            segments.push(segment.to_owned());
        }
        if segments.len() > MAX_DEPTH {
            return Err(FsError::argument("Invalid path: it is too deep."));
        }
        Ok(Self(segments))
    }

    pub(super) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn segments(&self) -> &[String] {
        &self.0
    }

    pub(super) fn name(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    pub(super) fn parent(&self) -> Self {
        Self(
            self.0
                .split_last()
                .map_or_else(Vec::new, |(_, rest)| rest.to_vec()),
        )
    }

    pub(super) fn child(&self, name: &str) -> Self {
        let mut segments = self.0.clone();
        segments.push(name.to_owned());
        Self(segments)
    }

    /// Whether this path is `other` or below it.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        self.0
            .iter()
            .try_for_each(|segment| write!(f, "/{segment}"))
    }
}

impl Node {
    pub(super) fn new(
        id: String,
        length: Option<u64>,
        actor: &Actor,
        group: String,
        acl: Acl,
    ) -> Self {
        Self {
            id,
            length,
            created: actor.now,
            modified: actor.now,
            accessed: actor.now,
            owner: actor.object_id.clone(),
            group,
            acl,
            expires: 0,
            lease: None,
        }
    }

    /// A root before anything was changed on it: open to everyone who has the store.
    fn new_root() -> Self {
        let acl = Acl::from_permission(0o777);
        let actor = Actor {
            object_id: ROOT.to_owned(),
            groups: Vec::new(),
            restricted: false,
            now: 0,
        };
        Self::new(ROOT.to_owned(), None, &actor, ROOT.to_owned(), acl)
    }

    pub(super) fn is_directory(&self) -> bool {
        self.length.is_none()
    }

    /// Whether the node is there at this time.
    fn is_alive(&self, now: i64) -> bool {
        self.expires == 0 || self.expires > now
    }

    /// Checks that `lease` may write, and keeps or ends the lease.
    pub(super) fn use_lease(&mut self, lease: Option<&str>, close: bool, now: i64) -> Result<()> {
        if let Some(held) = &self.lease
            && held.touched + LEASE_IDLE_MS > now
            && lease != Some(held.id.as_str())
        {
            return Err(FsError::new(
                Kind::Io,
                "LeaseAlreadyPresent: the file is being written by another client.",
            ));
        }
        self.lease = lease.filter(|_| !close).map(|id| Lease {
            id: id.to_owned(),
            touched: now,
        });
        Ok(())
    }
}

fn key(store: &str, place: &Place) -> Key {
    Key::of([store, &place.parent, &place.name])
}

fn root_place() -> Place {
    Place {
        parent: String::new(),
        name: String::new(),
    }
}

/// A store's nodes within one view of the state.
pub(super) struct Nodes<'a, R> {
    pub(super) read: &'a R,
    pub(super) store: &'a str,
    pub(super) now: i64,
}

impl<R: Read> Nodes<'_, R> {
    pub(super) fn root(&self) -> Result<Node> {
        let stored = self.read.get_json(NODES, key(self.store, &root_place()))?;
        Ok(stored.unwrap_or_else(Node::new_root))
    }

    /// The child of a directory.
    pub(super) fn child(&self, parent: &str, name: &str) -> Result<Option<Node>> {
        let place = Place {
            parent: parent.to_owned(),
            name: name.to_owned(),
        };
        let node: Option<Node> = self.read.get_json(NODES, key(self.store, &place))?;
        Ok(node.filter(|node| node.is_alive(self.now)))
    }

    /// The node at a path.
    pub(super) fn find(&self, path: &Path) -> Result<Option<(Place, Node)>> {
        let mut place = root_place();
        let mut node = self.root()?;
        for name in path.segments() {
            if !node.is_directory() {
                return Ok(None);
            }
            place = Place {
                parent: node.id,
                name: name.clone(),
            };
            match self.child(&place.parent, name)? {
                Some(child) => node = child,
                None => return Ok(None),
            }
        }
        Ok(Some((place, node)))
    }

    /// The node at a path that must be there.
    pub(super) fn existing(&self, path: &Path) -> Result<(Place, Node)> {
        self.find(path)?
            .ok_or_else(|| FsError::not_found(&path.to_string()))
    }

    /// Children of a directory in the order of their names: after and before the given ones, at most `limit`.
    pub(super) fn children(
        &self,
        directory: &str,
        after: Option<&str>,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Node)>> {
        let mut range = KeyRange::prefix(Key::of([self.store, directory]));
        if let Some(after) = after {
            range = range.after(Key::of([self.store, directory, after]));
        }
        let mut found = Vec::new();
        self.read
            .visit(NODES, &range, state::Order::Ascending, |key, value| {
                let name = Key::parts(key).pop().unwrap_or_default();
                let name = String::from_utf8_lossy(&name).into_owned();
                if found.len() >= limit || before.is_some_and(|before| name.as_str() >= before) {
                    return Ok(std::ops::ControlFlow::Break(()));
                }
                let node: Node =
                    serde_json::from_slice(value).map_err(|source| state::Error::Decode {
                        table: NODES.to_owned(),
                        source,
                    })?;
                if node.is_alive(self.now) {
                    found.push((name, node));
                }
                Ok::<_, state::Error>(std::ops::ControlFlow::Continue(()))
            })?;
        Ok(found)
    }
}

/// Writes a node's record.
pub(super) fn put(
    transaction: &mut WriteTxn<'_>,
    store: &str,
    place: &Place,
    node: &Node,
) -> Result<()> {
    Ok(transaction.put_json(NODES, key(store, place), node)?)
}

/// Removes a node's record; what is below a directory is the caller's.
pub(super) fn remove(transaction: &mut WriteTxn<'_>, store: &str, place: &Place) -> Result<()> {
    transaction.remove(NODES, key(store, place))?;
    Ok(())
}

/// Removes every node of a store with its bytes.
pub(super) fn remove_store(
    transaction: &mut WriteTxn<'_>,
    store: &str,
) -> Result<(), state::Error> {
    let nodes = transaction.scan(NODES, &KeyRange::prefix(Key::of([store])), usize::MAX)?;
    for (key, _) in nodes {
        transaction.remove(NODES, key)?;
    }
    content::remove_all(transaction, store)
}
