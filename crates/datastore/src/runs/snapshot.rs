//! The code of a submitted run: a tree of hashed files, of which only those that changed
//! are sent.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use azml_runs::{SourceFile, source_files};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha512};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::{Error, Result};

/// What a service takes.
const LARGEST: u64 = 300 << 20;
const MOST_FILES: usize = 2000;

/// The code as it is now.
#[derive(Debug)]
pub(super) struct Tree {
    /// As it is sent.
    pub(super) root: Value,
    /// The files by their names.
    files: BTreeMap<String, (PathBuf, u64)>,
}

/// A file that has to be sent.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) length: u64,
}

#[derive(Default)]
struct Folder {
    folders: BTreeMap<String, Folder>,
    files: BTreeMap<String, SourceFile>,
}

impl Tree {
    /// Reads and hashes the files of a source directory.
    pub(super) fn read(directory: &Path) -> Result<Self> {
        let all = source_files(directory)?;
        let bytes: u64 = all.iter().map(|file| file.length).sum();
        if bytes > LARGEST {
            return Err(Error::usage(format!(
                "'{}' holds {bytes} bytes, of which a service takes {LARGEST}; name what is not needed in .amlignore",
                directory.display()
            )));
        }
        let mut top = Folder::default();
        let mut files = BTreeMap::new();
        for file in all {
            files.insert(file.name.clone(), (file.path.clone(), file.length));
            let (folders, own) = match file.name.rsplit_once('/') {
                Some((folders, own)) => (folders.to_owned(), own.to_owned()),
                None => (String::new(), file.name.clone()),
            };
            let mut at = &mut top;
            for folder in folders.split('/').filter(|name| !name.is_empty()) {
                at = at.folders.entry(folder.to_owned()).or_default();
            }
            at.files.insert(own, file);
        }
        let (root, _) = top.show("", directory)?;
        Ok(Self { root, files })
    }

    /// The files that are not the same in the snapshot before.
    pub(super) fn changed(&self, before: &Value) -> Result<Vec<Changed>> {
        let changed: Vec<Changed> = self
            .files
            .iter()
            .filter(|(name, _)| hash_of(&self.root, name) != hash_of(before, name))
            .map(|(name, (path, length))| Changed {
                name: name.clone(),
                path: path.clone(),
                length: *length,
            })
            .collect();
        if changed.len() > MOST_FILES {
            return Err(Error::usage(format!(
                "{} files have to be sent, of which a service takes {MOST_FILES}; name what is not needed in .amlignore",
                changed.len()
            )));
        }
        Ok(changed)
    }

    /// Whether the snapshot before holds the same.
    pub(super) fn is(&self, before: &Value) -> bool {
        let hash = self.root["hash"].as_str();
        hash.is_some() && hash == before["hash"].as_str()
    }
}

fn hash_of<'a>(root: &'a Value, name: &str) -> Option<&'a str> {
    let mut node = root;
    for part in name.split('/') {
        node = node.get("children")?.get(part)?;
    }
    node["hash"].as_str()
}

impl Folder {
    /// The folder as it is sent, and its hash: of the hashes of what is in it, by name.
    fn show(&self, name: &str, path: &Path) -> Result<(Value, Vec<u8>)> {
        let mut children: BTreeMap<&str, (Value, Vec<u8>)> = BTreeMap::new();
        for (name, folder) in &self.folders {
            children.insert(name, folder.show(name, &path.join(name))?);
        }
        for (name, file) in &self.files {
            children.insert(name, show_file(name, &file.path)?);
        }
        let mut hash = Sha512::new();
        let mut shown = Map::new();
        for (name, (child, digest)) in children {
            hash.update(&digest);
            shown.insert(name.to_owned(), child);
        }
        let digest = hash.finalize().to_vec();
        let node = node(name, "Directory", path, &digest, shown)?;
        Ok((node, digest))
    }
}

/// A file's hash is of its bytes, its name and its type.
fn show_file(name: &str, path: &Path) -> Result<(Value, Vec<u8>)> {
    let mut hash = Sha512::new();
    let mut file = fs::File::open(path).map_err(Error::local("reading", path))?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = std::io::Read::read(&mut file, &mut buffer);
        match read.map_err(Error::local("reading", path))? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    hash.update(name);
    hash.update("File");
    let digest = hash.finalize().to_vec();
    let node = node(name, "File", path, &digest, Map::new())?;
    Ok((node, digest))
}

fn node(
    name: &str,
    kind: &str,
    path: &Path,
    digest: &[u8],
    children: Map<String, Value>,
) -> Result<Value> {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    let modified: SystemTime = modified.map_err(Error::local("reading", path))?;
    let timestamp = OffsetDateTime::from(modified).format(&Rfc3339);
    Ok(json!({
        "name": name,
        "type": kind,
        "timestamp": timestamp.unwrap_or_default(),
        "hash": hex(digest),
        "children": children,
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hashes were computed with azureml-core 1.61.
    #[test]
    fn hashes_are_those_of_the_original() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("lib")).unwrap();
        fs::write(root.path().join("train.py"), "print(1)\n").unwrap();
        fs::write(root.path().join("lib/a.py"), "").unwrap();
        let tree = Tree::read(root.path()).unwrap();
        let hash = |name| hash_of(&tree.root, name).unwrap();
        assert!(
            hash("train.py").starts_with("c0390f068f6ec9aef82bd7e8"),
            "{}",
            hash("train.py")
        );
        assert!(
            hash("lib").starts_with("19f249baca1afec0c4ee36f4"),
            "{}",
            hash("lib")
        );
        let whole = tree.root["hash"].as_str().unwrap();
        assert!(whole.starts_with("3b06d8397b757a3d88314d97"), "{whole}");
    }

    #[test]
    fn only_what_changed_is_sent() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.py"), "1").unwrap();
        fs::write(root.path().join("b.py"), "2").unwrap();
        let before = Tree::read(root.path()).unwrap();
        assert_eq!(before.changed(&json!({})).unwrap().len(), 2);
        assert!(before.is(&before.root) && !before.is(&json!({})));
        fs::write(root.path().join("b.py"), "3").unwrap();
        let now = Tree::read(root.path()).unwrap();
        let changed = now.changed(&before.root).unwrap();
        assert_eq!(changed.len(), 1);
        assert_eq!((changed[0].name.as_str(), changed[0].length), ("b.py", 1));
        assert!(!now.is(&before.root));
    }
}
