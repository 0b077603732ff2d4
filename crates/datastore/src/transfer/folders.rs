//! Names that no local directory can hold beside each other: a file that is called as a folder. A
//! blob container has both. Works on names as they come, and remembers few of them.

use crate::data::Item;
use crate::error::{Error, Result};

/// Leaves out empty files that stand for folders, and refuses others that are called as one.
/// Names that begin with the same text come one after the other, as in every order of texts.
#[derive(Debug, Default)]
pub(super) struct Folders {
    /// What the next name may be below: each begins with the one before.
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    name: String,
    /// An empty file, held back until it is known not to stand for a folder.
    held: Option<Item>,
    empty: bool,
}

impl Folders {
    /// What of the next names are files.
    pub(super) fn admit(&mut self, items: Vec<Item>) -> Result<Vec<Item>> {
        let mut files = Vec::with_capacity(items.len());
        for item in items {
            while let Some(last) = self.open.pop_if(|last| !item.name.starts_with(&last.name)) {
                files.extend(last.held);
            }
            for open in &mut self.open {
                if item.name[open.name.len()..].starts_with('/') {
                    if !open.empty {
                        return Err(Error::NameClash(open.name.clone()));
                    }
                    open.held = None;
                }
            }
            let empty = item.length == 0;
            if empty && item.name.ends_with('/') {
                continue;
            }
            let name = item.name.clone();
            let held = if empty {
                Some(item)
            } else {
                files.push(item);
                None
            };
            self.open.push(Open { name, held, empty });
        }
        Ok(files)
    }

    /// What was held back when the last name has come.
    pub(super) fn rest(&mut self) -> Vec<Item> {
        let open = std::mem::take(&mut self.open);
        open.into_iter().filter_map(|open| open.held).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(pages: &[&[(&str, u64)]]) -> Result<Vec<String>> {
        let mut folders = Folders::default();
        let mut files = Vec::new();
        for page in pages {
            let items = page.iter().map(|(name, length)| Item {
                name: (*name).to_owned(),
                length: *length,
                ..Item::default()
            });
            files.extend(folders.admit(items.collect())?);
        }
        files.extend(folders.rest());
        Ok(files.into_iter().map(|item| item.name).collect())
    }

    /// storage TD-02.
    #[test]
    fn folder_markers_are_left_out() {
        let found = files(&[
            &[("a", 0), ("a-b", 0), ("a/b/", 0)],
            &[("a/b/c", 1), ("empty", 0)],
        ]);
        assert_eq!(found.unwrap(), ["a-b", "a/b/c", "empty"]);
        assert_eq!(files(&[&[("a", 0)], &[("a/", 0)]]).unwrap(), [""; 0]);
        assert_eq!(files(&[&[("a", 0)], &[]]).unwrap(), ["a"]);
    }

    /// storage TD-03.
    #[test]
    fn a_file_called_as_a_folder_is_refused() {
        for pages in [
            &[&[("a", 1), ("a/b", 1)][..]][..],
            &[&[("a", 1), ("a-b", 1)], &[("a.txt", 0), ("a/b", 0)]],
            &[&[("a", 1)], &[("a/", 0)]],
        ] {
            let error = files(pages).unwrap_err();
            assert!(matches!(error, Error::NameClash(name) if name == "a"));
        }
        assert_eq!(files(&[&[("a", 1), ("ab/c", 1)]]).unwrap().len(), 2);
    }
}
