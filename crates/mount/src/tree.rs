//! The numbers by which the kernel knows files and folders.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::backend::Found;

/// The number of the root.
pub(crate) const ROOT: u64 = 1;

/// What is known of a number.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) path: Arc<str>,
    pub(crate) found: Found,
    /// When that was seen.
    pub(crate) seen: Instant,
    lookups: u64,
    /// The version whose bytes the kernel may still hold.
    held: Option<Arc<str>>,
}

/// The numbers that the kernel holds.
#[derive(Debug)]
pub(crate) struct Tree(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    nodes: HashMap<u64, Node>,
    by_path: HashMap<Arc<str>, u64>,
    next: u64,
}

/// The path of an entry of a folder.
pub(crate) fn join(folder: &str, name: &str) -> Arc<str> {
    match folder {
        "" => name.into(),
        folder => format!("{folder}/{name}").into(),
    }
}

/// The folder that a path is in, and its name there.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

impl Tree {
    pub(crate) fn new() -> Self {
        let root: Arc<str> = "".into();
        let node = Node {
            path: root.clone(),
            found: Found::Folder,
            seen: Instant::now(),
            lookups: 1,
            held: None,
        };
        Self(Mutex::new(Inner {
            nodes: HashMap::from([(ROOT, node)]),
            by_path: HashMap::from([(root, ROOT)]),
            next: ROOT + 1,
        }))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn get(&self, number: u64) -> Option<Node> {
        self.with(|inner| inner.nodes.get(&number).cloned())
    }

    /// The number of a path, which the kernel is told once more.
    pub(crate) fn tell(&self, path: &Arc<str>, found: Found) -> u64 {
        self.with(|inner| {
            let number = inner.by_path.get(path).copied().unwrap_or_else(|| {
                let number = inner.next;
                inner.next += 1;
                inner.by_path.insert(path.clone(), number);
                number
            });
            let node = inner.nodes.entry(number).or_insert_with(|| Node {
                path: path.clone(),
                found: found.clone(),
                seen: Instant::now(),
                lookups: 0,
                held: None,
            });
            node.found = found;
            node.seen = Instant::now();
            node.lookups += 1;
            number
        })
    }

    /// Takes note of what a number is by now.
    pub(crate) fn see(&self, number: u64, found: Found) {
        self.with(|inner| {
            if let Some(node) = inner.nodes.get_mut(&number) {
                node.found = found;
                node.seen = Instant::now();
            }
        });
    }

    /// The same by path.
    pub(crate) fn see_path(&self, path: &str, found: Found) {
        let number = self.with(|inner| inner.by_path.get(path).copied());
        if let Some(number) = number {
            self.see(number, found);
        }
    }

    /// The kernel has forgotten a number so many times.
    pub(crate) fn forget(&self, number: u64, times: u64) {
        self.with(|inner| {
            let Some(node) = inner.nodes.get_mut(&number) else {
                return;
            };
            node.lookups = node.lookups.saturating_sub(times);
            if node.lookups > 0 || number == ROOT {
                return;
            }
            if let Some(node) = inner.nodes.remove(&number)
                && inner.by_path.get(&node.path) == Some(&number)
            {
                inner.by_path.remove(&node.path);
            }
        });
    }

    /// There is nothing at this path any more.
    pub(crate) fn remove(&self, path: &str) {
        self.with(|inner| inner.by_path.remove(path));
    }

    /// What was at one path is at another one now.
    pub(crate) fn rename(&self, from: &str, to: &Arc<str>) {
        self.with(|inner| {
            inner.by_path.remove(to);
            if let Some(number) = inner.by_path.remove(from) {
                if let Some(node) = inner.nodes.get_mut(&number) {
                    node.path = to.clone();
                }
                inner.by_path.insert(to.clone(), number);
            }
        });
    }

    /// Notes that the kernel reads this version from now on; gives whether it did before.
    pub(crate) fn hold(&self, number: u64, etag: &Arc<str>) -> bool {
        self.with(|inner| {
            let Some(node) = inner.nodes.get_mut(&number) else {
                return false;
            };
            let before = node.held.replace(etag.clone());
            before.as_ref() == Some(etag)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_live_as_long_as_the_kernel_holds_them() {
        let tree = Tree::new();
        let path = join("a", "b");
        assert_eq!(split(&path), ("a", "b"));
        assert_eq!(split("b"), ("", "b"));
        let number = tree.tell(&path, Found::Folder);
        assert_eq!(tree.tell(&path, Found::Folder), number);
        tree.forget(number, 1);
        assert_eq!(tree.get(number).unwrap().path, path);
        let moved = join("", "c");
        tree.rename(&path, &moved);
        assert_eq!(tree.tell(&moved, Found::Folder), number);
        // A new one of the old name is another one.
        assert_ne!(tree.tell(&path, Found::Folder), number);
        tree.forget(number, 2);
        assert!(tree.get(number).is_none());
        assert_ne!(tree.tell(&moved, Found::Folder), number);
        tree.forget(ROOT, 10);
        assert!(tree.get(ROOT).is_some());
        let etag: Arc<str> = "1".into();
        let number = tree.tell(&path, Found::Folder);
        assert!(!tree.hold(number, &etag));
        assert!(tree.hold(number, &etag));
    }
}
