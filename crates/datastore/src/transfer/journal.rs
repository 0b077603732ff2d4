//! What is known of an interrupted download: beside the incomplete file lies a list of the
//! parts that are in it.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use crate::data::Item;
use crate::error::{Error, Result};

/// The version that the parts are of, and how they are cut.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    etag: String,
    length: u64,
    part: u64,
}

/// An incomplete file that another run can go on with.
#[derive(Debug)]
pub(super) struct Journal {
    /// The incomplete file.
    pub(super) part: PathBuf,
    list: PathBuf,
    done: HashSet<u64>,
    file: Mutex<std::fs::File>,
}

impl Journal {
    /// Goes on with what an earlier run left of this version, or begins anew.
    pub(super) fn open(path: &Path, item: &Item, part_size: u64) -> Result<Self> {
        let (part, list) = places(path);
        let header = Header {
            etag: item.etag.clone(),
            length: item.length,
            part: part_size,
        };
        let whole = std::fs::metadata(&part).is_ok_and(|found| found.len() == item.length);
        let done = if whole { read(&list, &header) } else { None };
        let mut options = std::fs::OpenOptions::new();
        let file = match &done {
            Some(_) => options.append(true).open(&list),
            None => options.write(true).create(true).truncate(true).open(&list),
        };
        let mut file = file.map_err(Error::local("opening", &list))?;
        if done.is_none() {
            let mut line = serde_json::to_string(&header).unwrap_or_default();
            line.push('\n');
            file.write_all(line.as_bytes())
                .map_err(Error::local("writing", &list))?;
            let part = std::fs::File::create(&part).map_err(Error::local("creating", &part))?;
            part.set_len(item.length)
                .map_err(Error::local("resizing", &list))?;
        }
        Ok(Self {
            part,
            list,
            done: done.unwrap_or_default(),
            file: Mutex::new(file),
        })
    }

    /// Whether an earlier run has fetched this part.
    pub(super) fn has(&self, index: u64) -> bool {
        self.done.contains(&index)
    }

    /// Notes a part that is in the file.
    pub(super) fn note(&self, index: u64) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(format!("{index}\n").as_bytes())
            .map_err(Error::local("writing", &self.list))
    }

    /// Forgets everything: the file has its name, or is of no use.
    pub(super) fn remove(&self) {
        // What is not there any more need not be removed.
        let _ = std::fs::remove_file(&self.list);
        let _ = std::fs::remove_file(&self.part);
    }
}

/// The incomplete file and the list, whose names any run finds again.
fn places(path: &Path) -> (PathBuf, PathBuf) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut id = String::new();
    for byte in Md5::digest(name.as_bytes()) {
        id.push_str(&format!("{byte:02x}"));
    }
    let place = |ending: &str| path.with_file_name(format!(".{id}.azml-{ending}"));
    (place("part"), place("journal"))
}

/// The parts that a list names, if it is about this version. A last line without its end
/// was never finished.
fn read(list: &Path, header: &Header) -> Option<HashSet<u64>> {
    let text = std::fs::read_to_string(list).ok()?;
    let complete = &text[..=text.rfind('\n')?];
    let mut lines = complete.lines();
    let found: Header = serde_json::from_str(lines.next()?).ok()?;
    if found != *header {
        return None;
    }
    lines.map(|line| line.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(etag: &str) -> Item {
        let mut item = Item::default();
        etag.clone_into(&mut item.etag);
        item.length = 20;
        item
    }

    /// storage TR-01.
    #[test]
    fn a_later_run_goes_on_with_the_same_version_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let journal = Journal::open(&path, &item("a"), 8).unwrap();
        assert!(!journal.has(0));
        journal.note(0).unwrap();
        journal.note(2).unwrap();
        let list = journal.list.clone();
        let again = Journal::open(&path, &item("a"), 8).unwrap();
        assert!(again.has(0) && !again.has(1) && again.has(2));
        // A line that was cut off counts for nothing.
        std::fs::OpenOptions::new()
            .append(true)
            .open(&list)
            .unwrap()
            .write_all(b"1")
            .unwrap();
        assert!(!Journal::open(&path, &item("a"), 8).unwrap().has(1));
        assert!(!Journal::open(&path, &item("b"), 8).unwrap().has(0));
        Journal::open(&path, &item("b"), 8).unwrap().remove();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
