//! The directory of what the tour makes: it appears whole, and files that the tour did not
//! make are never overwritten.
//!
//! A list of what was written lies in the directory. Only files on it are replaced or
//! removed by the next tour.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::failure::{Failure, Result};
use crate::files;

/// The list of what was written: one name per line.
const LIST: &str = ".azml-quickstart";

/// A directory in the making.
pub(super) struct Artefacts {
    target: PathBuf,
    /// Beside the target, so that moving is renaming.
    work: TempDir,
    /// Names and what they are, in the order of making.
    made: RefCell<Vec<(String, String)>>,
    /// What an earlier tour left.
    earlier: BTreeSet<String>,
}

impl Artefacts {
    /// Checks the target and makes a place to work in.
    pub(super) fn prepare(target: &Path) -> Result<Self> {
        let earlier = earlier(target)?;
        let parent = files::parent(target);
        std::fs::create_dir_all(parent).map_err(|error| Failure::file("create", parent, error))?;
        let work = tempfile::Builder::new()
            .prefix(".azml-quickstart-")
            .tempdir_in(parent)
            .map_err(|error| Failure::file("create a directory in", parent, error))?;
        Ok(Self {
            target: target.to_owned(),
            work,
            made: RefCell::default(),
            earlier,
        })
    }

    /// Where all will be.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Where to write a file, which is listed with what it is.
    pub(super) fn path(&self, name: &str, what: &str) -> PathBuf {
        let mut made = self.made.borrow_mut();
        made.retain(|(known, _)| known != name);
        made.push((name.to_owned(), what.to_owned()));
        self.work.path().join(name)
    }

    /// Writes a file.
    pub(super) fn write(&self, name: &str, what: &str, content: &[u8]) -> Result<()> {
        files::write_public(&self.path(name, what), content)
    }

    /// Moves everything to its place. Returns the files and what they are.
    pub(super) fn publish(self) -> Result<Vec<(String, String)>> {
        let made = self.made.into_inner();
        let names: BTreeMap<_, _> = made
            .iter()
            .map(|(name, what)| (name.as_str(), what))
            .collect();
        let foreign = names
            .keys()
            .find(|name| !self.earlier.contains(**name) && self.target.join(name).exists());
        if let Some(name) = foreign {
            return Err(not_ours(&self.target.join(name)));
        }
        let list: String = names.keys().map(|name| format!("{name}\n")).collect();
        files::write_public(&self.work.path().join(LIST), list.as_bytes())?;
        open_to_all(self.work.path())?;
        let failed = |error| Failure::file("write", &self.target, error);
        if !self.target.exists() {
            let work = self.work.keep();
            std::fs::rename(&work, &self.target).map_err(failed)?;
            return Ok(made);
        }
        // The list first: whatever happens then, every file of ours is on one.
        let both: BTreeSet<_> = names
            .keys()
            .copied()
            .chain(self.earlier.iter().map(String::as_str))
            .collect();
        let both: String = both.iter().map(|name| format!("{name}\n")).collect();
        files::write_public(&self.target.join(LIST), both.as_bytes())?;
        for name in names.keys() {
            std::fs::rename(self.work.path().join(name), self.target.join(name)).map_err(failed)?;
        }
        for name in self
            .earlier
            .iter()
            .filter(|name| !names.contains_key(name.as_str()))
        {
            // Gone already is as good.
            let _ = std::fs::remove_file(self.target.join(name));
        }
        std::fs::rename(self.work.path().join(LIST), self.target.join(LIST)).map_err(failed)?;
        Ok(made)
    }
}

/// What an earlier tour left in the target, which holds nothing else that is in the way.
fn earlier(target: &Path) -> Result<BTreeSet<String>> {
    let entries = match std::fs::read_dir(target) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => {
            return Err(Failure::file("use", target, error).hint("choose another with --out"));
        }
    };
    let empty = entries.count() == 0;
    match std::fs::read_to_string(target.join(LIST)) {
        Ok(list) => Ok(list
            .lines()
            .filter(|name| is_plain(name))
            .map(str::to_owned)
            .collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && empty => Ok(BTreeSet::new()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(not_ours(target)),
        Err(error) => Err(Failure::file("read the list in", target, error)),
    }
}

/// Whether a name on the list is one that the tour would write.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':'])
}

fn not_ours(path: &Path) -> Failure {
    Failure::new(format!(
        "{} is there and was not made by azml quickstart",
        path.display()
    ))
    .hint("move it away, or choose another directory with --out")
}

/// Gives the directory the rights of any new one; temporary ones are for the owner alone.
fn open_to_all(directory: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let failed = |error| Failure::file("open", directory, error);
        // A sibling shows what the user's mask makes of a new directory.
        let sibling = directory.join(".mode");
        std::fs::create_dir(&sibling).map_err(failed)?;
        let mode = std::fs::metadata(&sibling)
            .map_err(failed)?
            .permissions()
            .mode();
        std::fs::remove_dir(&sibling).map_err(failed)?;
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(mode))
            .map_err(failed)?;
    }
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tour(target: &Path, names: &[&str]) -> Result<Vec<(String, String)>> {
        let artefacts = Artefacts::prepare(target)?;
        for name in names {
            artefacts.write(name, "a file", name.as_bytes())?;
        }
        artefacts.publish()
    }

    fn content(target: &Path) -> BTreeSet<String> {
        std::fs::read_dir(target)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_second_tour_replaces_the_first_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("deep/out");
        tour(&target, &["a.csv", "b.csv"]).unwrap();
        std::fs::write(target.join("mine.txt"), "mine").unwrap();
        std::fs::write(target.join("a.csv"), "changed").unwrap();
        tour(&target, &["a.csv", "c.csv"]).unwrap();
        let expected = [LIST, "a.csv", "c.csv", "mine.txt"].map(str::to_owned);
        assert_eq!(content(&target), BTreeSet::from(expected));
        assert_eq!(
            std::fs::read_to_string(target.join("a.csv")).unwrap(),
            "a.csv"
        );
        assert_eq!(
            content(target.parent().unwrap()).len(),
            1,
            "nothing beside it"
        );
    }

    #[test]
    fn what_others_made_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("out");
        std::fs::create_dir(&target).unwrap();
        tour(&target, &["a.csv"]).unwrap();
        std::fs::write(target.join("b.csv"), "mine").unwrap();
        let report = tour(&target, &["b.csv"]).unwrap_err().report();
        assert!(
            report.contains("b.csv") && report.contains("--out"),
            "{report}"
        );
        assert_eq!(
            std::fs::read_to_string(target.join("b.csv")).unwrap(),
            "mine"
        );

        let foreign = directory.path().join("foreign");
        std::fs::create_dir(&foreign).unwrap();
        std::fs::write(foreign.join("letter"), "dear").unwrap();
        assert!(tour(&foreign, &["a.csv"]).is_err());
        let file = directory.path().join("file");
        std::fs::write(&file, "x").unwrap();
        assert!(tour(&file, &["a.csv"]).is_err());
    }

    #[test]
    fn an_unfinished_tour_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let artefacts = Artefacts::prepare(&directory.path().join("out")).unwrap();
        artefacts.write("a.csv", "a file", b"x").unwrap();
        drop(artefacts);
        assert_eq!(content(directory.path()).len(), 0);
    }

    #[test]
    fn a_list_cannot_lead_out_of_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("out");
        tour(&target, &["a.csv"]).unwrap();
        std::fs::write(directory.path().join("victim"), "x").unwrap();
        std::fs::write(target.join(LIST), "../victim\na.csv\n").unwrap();
        tour(&target, &["b.csv"]).unwrap();
        assert!(directory.path().join("victim").exists());
    }
}
