//! A folder as a store.
//!
//! Outputs are written into a hidden folder first. A commit writes down what
//! is to be renamed, makes that durable, and only then renames; a commit that
//! was cut short is finished when the folder is opened again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{CATALOG, Entry, EntryKind, FileInfo, FileStore, InputFile, StorePath, Transaction};
use crate::cs::datetime::UNIX_EPOCH_TICKS;

const HIDDEN: &str = ".azml-usql";
const JOURNAL: &str = "commit.json";

/// A folder of the local disk.
#[derive(Clone, Debug)]
pub struct LocalFiles {
    root: PathBuf,
    /// Where the catalog's folder is, when not in the root.
    catalog: Option<PathBuf>,
}

/// What a commit is about to rename.
#[derive(Debug, Serialize, Deserialize)]
struct Journal {
    /// Names in the transaction's folder, and where they go.
    files: Vec<(String, StorePath)>,
    /// Files that go.
    #[serde(default)]
    removed: Vec<StorePath>,
    /// Where the catalog's folder was.
    #[serde(default)]
    catalog: Option<PathBuf>,
}

impl LocalFiles {
    /// The folder `root`, which is made if need be. Commits that were cut short
    /// are finished, and files of abandoned ones removed.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let files = Self {
            root: root.into(),
            catalog: None,
        };
        fs::create_dir_all(&files.root)?;
        files.recover()?;
        Ok(files)
    }

    /// The folder `root` with a catalog that lies in the folder `catalog` instead of below `root`.
    ///
    /// # Errors
    /// When one of the folders cannot be made or read.
    pub fn open_with_catalog(
        root: impl Into<PathBuf>,
        catalog: impl AsRef<Path>,
    ) -> io::Result<Self> {
        fs::create_dir_all(&catalog)?;
        let mut files = Self::open(root)?;
        // A commit that is finished later may be finished from another working directory.
        files.catalog = Some(catalog.as_ref().canonicalize()?);
        Ok(files)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn path(&self, path: &StorePath) -> PathBuf {
        let mut parts = path.parts().peekable();
        let mut full = match &self.catalog {
            Some(catalog) if parts.next_if_eq(&CATALOG).is_some() => catalog.clone(),
            _ => self.root.clone(),
        };
        full.extend(parts);
        full
    }

    fn recover(&self) -> io::Result<()> {
        let hidden = self.root.join(HIDDEN);
        let entries = match fs::read_dir(&hidden) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let folder = entry?.path();
            // Another process may be at work on a transaction without journal.
            let Ok(text) = fs::read(folder.join(JOURNAL)) else {
                continue;
            };
            if let Ok(journal) = serde_json::from_slice::<Journal>(&text) {
                let files = Self {
                    root: self.root.clone(),
                    catalog: journal.catalog.clone(),
                };
                files.finish(&folder, &journal)?;
            }
        }
        // Only an empty one goes.
        let _ = fs::remove_dir(&hidden);
        Ok(())
    }

    /// Renames what a durable journal lists; files already renamed are skipped.
    fn finish(&self, folder: &Path, journal: &Journal) -> io::Result<()> {
        for (name, target) in &journal.files {
            let (from, to) = (folder.join(name), self.path(target));
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            match fs::rename(&from, &to) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                    move_across(&from, &to)?;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound && to.exists() => {}
                Err(error) => return Err(error),
            }
        }
        for target in &journal.removed {
            match fs::remove_file(self.path(target)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.drop_empty_folders(target),
            }
        }
        for target in journal
            .files
            .iter()
            .map(|(_, target)| target)
            .chain(&journal.removed)
        {
            if let Some(parent) = self.path(target).parent().filter(|parent| parent.is_dir()) {
                sync_folder(parent)?;
            }
        }
        fs::remove_dir_all(folder)
    }

    /// Folders that a removed file leaves empty go too, up to the root.
    fn drop_empty_folders(&self, removed: &StorePath) {
        let mut folder = removed.parent();
        let kept = [StorePath::root(), StorePath::root().join(CATALOG)];
        while !kept.contains(&folder) && fs::remove_dir(self.path(&folder)).is_ok() {
            folder = folder.parent();
        }
    }
}

/// Moves a file to another file system, where it appears whole.
fn move_across(from: &Path, to: &Path) -> io::Result<()> {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".azml-usql");
    let staged = to.with_file_name(name);
    fs::copy(from, &staged)?;
    File::open(&staged)?.sync_all()?;
    fs::rename(&staged, to)?;
    fs::remove_file(from)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn ticks(time: io::Result<SystemTime>) -> Option<i64> {
    let since = time.ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(UNIX_EPOCH_TICKS + i64::try_from(since.as_nanos() / 100).ok()?)
}

fn info(metadata: &fs::Metadata) -> FileInfo {
    FileInfo {
        length: metadata.len(),
        modified: ticks(metadata.modified()),
        created: ticks(metadata.created()),
    }
}

impl FileStore for LocalFiles {
    fn info(&self, path: &StorePath) -> io::Result<Option<FileInfo>> {
        match fs::metadata(self.path(path)) {
            Ok(metadata) if metadata.is_file() => Ok(Some(info(&metadata))),
            Ok(_) => Ok(None),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn list(&self, folder: &StorePath) -> io::Result<Vec<Entry>> {
        let entries = match fs::read_dir(self.path(folder)) {
            Ok(entries) => entries,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if *folder == StorePath::root() && name == HIDDEN {
                continue;
            }
            let metadata = fs::metadata(entry.path())?;
            let kind = if metadata.is_dir() {
                EntryKind::Folder
            } else {
                EntryKind::File(info(&metadata))
            };
            found.push(Entry { name, kind });
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn open(&self, path: &StorePath) -> io::Result<Box<dyn InputFile>> {
        Ok(Box::new(LocalInput(File::open(self.path(path))?)))
    }

    fn begin(&self) -> io::Result<Box<dyn Transaction>> {
        let folder = self
            .root
            .join(HIDDEN)
            .join(uuid::Uuid::new_v4().to_string());
        fs::create_dir_all(&folder)?;
        Ok(Box::new(LocalTransaction {
            files: self.clone(),
            folder,
            written: Vec::new(),
            removed: Vec::new(),
            committed: false,
        }))
    }
}

struct LocalInput(File);

impl InputFile for LocalInput {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }
}

struct LocalTransaction {
    files: LocalFiles,
    folder: PathBuf,
    written: Vec<(String, StorePath)>,
    removed: Vec<StorePath>,
    committed: bool,
}

impl Transaction for LocalTransaction {
    fn create(&mut self, path: &StorePath) -> io::Result<Box<dyn Write + Send>> {
        if self.files.path(path).is_dir() {
            let message = format!("'{path}' is a folder");
            return Err(io::Error::new(io::ErrorKind::IsADirectory, message));
        }
        let name = self.written.len().to_string();
        let file = File::create_new(self.folder.join(&name))?;
        self.written.push((name, path.clone()));
        Ok(Box::new(file))
    }

    fn remove(&mut self, path: &StorePath) -> io::Result<()> {
        self.removed.push(path.clone());
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> io::Result<()> {
        for (name, _) in &self.written {
            File::open(self.folder.join(name))?.sync_all()?;
        }
        let journal = Journal {
            files: std::mem::take(&mut self.written),
            removed: std::mem::take(&mut self.removed),
            catalog: self.files.catalog.clone(),
        };
        let text = serde_json::to_vec(&journal).map_err(io::Error::other)?;
        let staged = self.folder.join("commit.tmp");
        let mut file = File::create(&staged)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&staged, self.folder.join(JOURNAL))?;
        sync_folder(&self.folder)?;
        // From here on the files will appear, if not now then on the next open.
        self.committed = true;
        self.files.finish(&self.folder, &journal)?;
        let _ = fs::remove_dir(self.files.root.join(HIDDEN));
        Ok(())
    }
}

impl Drop for LocalTransaction {
    fn drop(&mut self) {
        if !self.committed {
            let _ = fs::remove_dir_all(&self.folder);
            let _ = fs::remove_dir(self.files.root.join(HIDDEN));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> StorePath {
        StorePath::parse(text).expect("a path")
    }

    fn store() -> (tempfile::TempDir, LocalFiles) {
        let folder = tempfile::tempdir().expect("a folder");
        let files = LocalFiles::open(folder.path()).expect("a store");
        (folder, files)
    }

    #[test]
    fn nothing_is_seen_before_the_commit() {
        let (folder, files) = store();
        let mut transaction = files.begin().expect("a transaction");
        transaction
            .create(&path("/a/b.csv"))
            .expect("a file")
            .write_all(b"1")
            .expect("written");
        assert_eq!(files.info(&path("/a/b.csv")).expect("known"), None);
        assert_eq!(files.list(&StorePath::root()).expect("a list"), []);
        transaction.commit().expect("committed");
        assert_eq!(
            fs::read(folder.path().join("a/b.csv")).expect("the file"),
            b"1"
        );
        assert!(!folder.path().join(HIDDEN).exists());
    }

    #[test]
    fn an_abandoned_transaction_leaves_nothing() {
        let (folder, files) = store();
        let mut transaction = files.begin().expect("a transaction");
        transaction
            .create(&path("/x"))
            .expect("a file")
            .write_all(b"1")
            .expect("written");
        drop(transaction);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }

    /// U-SQL 124: cut between two renames, the rest follows on the next open.
    #[test]
    fn a_commit_that_was_cut_short_is_finished() {
        let (folder, _) = store();
        let transaction = folder.path().join(HIDDEN).join("t");
        fs::create_dir_all(&transaction).expect("made");
        fs::write(folder.path().join("one"), b"1").expect("already renamed");
        fs::write(folder.path().join("old"), b"0").expect("still there");
        fs::write(transaction.join("1"), b"2").expect("written");
        let journal = Journal {
            files: vec![("0".into(), path("/one")), ("1".into(), path("/d/two"))],
            removed: vec![path("/old"), path("/gone")],
            catalog: None,
        };
        fs::write(
            transaction.join(JOURNAL),
            serde_json::to_vec(&journal).expect("json"),
        )
        .expect("written");
        let files = LocalFiles::open(folder.path()).expect("a store");
        assert_eq!(fs::read(folder.path().join("one")).expect("kept"), b"1");
        assert_eq!(
            fs::read(folder.path().join("d/two")).expect("renamed"),
            b"2"
        );
        assert!(files.info(&path("/d/two")).expect("known").is_some());
        assert!(files.info(&path("/old")).expect("known").is_none());
        assert!(!folder.path().join(HIDDEN).exists());
    }

    #[test]
    fn a_catalog_may_lie_elsewhere() {
        let (folder, _) = store();
        let elsewhere = tempfile::tempdir().expect("a folder");
        let files =
            LocalFiles::open_with_catalog(folder.path(), elsewhere.path()).expect("a store");
        let mut transaction = files.begin().expect("a transaction");
        for name in ["/_catalog_/db/x.json", "/x.csv"] {
            let mut file = transaction.create(&path(name)).expect("a file");
            file.write_all(b"1").expect("written");
        }
        transaction.commit().expect("committed");
        assert!(elsewhere.path().join("db/x.json").is_file());
        assert!(folder.path().join("x.csv").is_file());
        assert!(!folder.path().join(CATALOG).exists());
        let mut transaction = files.begin().expect("a transaction");
        transaction
            .remove(&path("/_catalog_/db/x.json"))
            .expect("removed");
        transaction.commit().expect("committed");
        assert_eq!(fs::read_dir(elsewhere.path()).expect("kept").count(), 0);
    }

    #[test]
    fn a_folder_is_no_output() {
        let (folder, files) = store();
        fs::create_dir(folder.path().join("d")).expect("made");
        let mut transaction = files.begin().expect("a transaction");
        assert!(transaction.create(&path("/d")).is_err());
    }
}
