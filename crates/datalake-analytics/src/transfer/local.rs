//! The tree on this machine.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use azml_core::{Error, ErrorKind, Result};

/// A local file to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LocalFile {
    pub(super) path: PathBuf,
    /// Its place below the root, with `/` between names; empty when it is the root.
    pub(super) relative: String,
    pub(super) length: u64,
    /// When it was last changed, in nanoseconds since 1970.
    pub(super) modified: u128,
}

/// What is at and below a path.
#[derive(Debug, Default)]
pub(super) struct LocalTree {
    /// Whether the root is a directory.
    pub(super) is_directory: bool,
    pub(super) files: Vec<LocalFile>,
    /// Directories in which nothing is.
    pub(super) empty: Vec<String>,
}

/// An error with the path it is about.
pub(super) fn io(attempted: &str, path: &Path, error: std::io::Error) -> Error {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => ErrorKind::NotFound,
        _ => ErrorKind::Io,
    };
    Error::new(kind, format!("{attempted} {}: {error}", path.display())).with_source(error)
}

/// Reads the tree. Links are followed; what is neither file nor directory is left out.
pub(super) async fn read(root: PathBuf) -> Result<LocalTree> {
    tokio::task::spawn_blocking(move || {
        let mut tree = LocalTree::default();
        let metadata = std::fs::metadata(&root).map_err(|error| io("read", &root, error))?;
        if metadata.is_dir() {
            tree.is_directory = true;
            visit(&root, String::new(), &mut tree)?;
        } else {
            tree.files.push(file(root, String::new(), &metadata)?);
        }
        Ok(tree)
    })
    .await
    .map_err(|error| {
        Error::new(ErrorKind::Io, "reading the local tree broke off").with_source(error)
    })?
}

fn visit(directory: &Path, relative: String, tree: &mut LocalTree) -> Result<()> {
    let failed = |error| io("read", directory, error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name());
    }
    names.sort();
    if names.is_empty() && !relative.is_empty() {
        tree.empty.push(relative);
        return Ok(());
    }
    for name in names {
        let path = directory.join(&name);
        let name = name
            .to_str()
            .filter(|name| !name.contains('\\'))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::InvalidArgument,
                    format!("{} has a name that a store cannot have", path.display()),
                )
                .with_hint("names are UTF-8 without slashes and backslashes: rename it")
            })?;
        let relative = crate::filesystem::below(&relative, name);
        let metadata = std::fs::metadata(&path).map_err(|error| io("read", &path, error))?;
        if metadata.is_dir() {
            visit(&path, relative, tree)?;
        } else if metadata.is_file() {
            tree.files.push(file(path, relative, &metadata)?);
        }
    }
    Ok(())
}

fn file(path: PathBuf, relative: String, metadata: &std::fs::Metadata) -> Result<LocalFile> {
    let modified = metadata
        .modified()
        .map_err(|error| io("read", &path, error))?
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    Ok(LocalFile {
        length: metadata.len(),
        path,
        relative,
        modified,
    })
}

/// The local path of an entry of the store below `root`. A name that would lead elsewhere is refused.
pub(super) fn target(root: &Path, relative: &str) -> Result<PathBuf> {
    let mut path = root.to_owned();
    for name in relative.split('/').filter(|name| !name.is_empty()) {
        let plain = Path::new(name)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if !plain || name.contains(['\\', '\0']) {
            return Err(Error::new(
                ErrorKind::InvalidData,
                format!("'{relative}' has a name that no file of this machine can have"),
            )
            .with_hint("rename it in the store"));
        }
        path.push(name);
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bad input: names that lead out of the target.
    #[test]
    fn names_stay_below_the_root() {
        let root = Path::new("/root");
        assert_eq!(target(root, "a/b c").unwrap(), root.join("a").join("b c"));
        for relative in ["../x", "a/../../x", "a/./x", "a\\b", "a/\0"] {
            assert!(target(root, relative).is_err(), "{relative:?}");
        }
    }

    #[tokio::test]
    async fn trees_are_read_with_their_empty_directories() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("a/empty")).unwrap();
        std::fs::write(root.path().join("a/file"), "four").unwrap();
        let tree = read(root.path().to_owned()).await.unwrap();
        assert_eq!(tree.empty, ["a/empty"]);
        let files: Vec<_> = tree
            .files
            .iter()
            .map(|file| (file.relative.as_str(), file.length))
            .collect();
        assert_eq!(files, [("a/file", 4)]);
        let error = read(root.path().join("none")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
