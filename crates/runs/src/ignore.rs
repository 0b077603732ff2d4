//! Which files of a source directory belong to a run: all but those that `.amlignore`
//! names, or `.gitignore` where there is none.

use std::fs;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::error::{Error, Result};

/// Ignore files, the one that counts first.
const IGNORE_FILES: [&str; 2] = [".amlignore", ".gitignore"];

/// A file of a source directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct SourceFile {
    /// The name below the directory, with `/` between its parts.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its length in bytes.
    pub length: u64,
}

/// The files of a source directory in the order of their names. Linked files are followed,
/// linked directories are not.
///
/// # Errors
/// [`Error::Usage`] when it is no directory, for an ignore file that cannot be understood,
/// and for a name that is not Unicode; [`Error::Local`].
pub fn source_files(directory: &Path) -> Result<Vec<SourceFile>> {
    if !directory.is_dir() {
        let text = format!("'{}' is not a directory", directory.display());
        return Err(Error::usage(text));
    }
    let rules = rules(directory)?;
    let mut files = Vec::new();
    let mut open = vec![(String::new(), directory.to_owned())];
    while let Some((prefix, folder)) = open.pop() {
        let entries = fs::read_dir(&folder).map_err(Error::local("reading", &folder))?;
        for entry in entries {
            let entry = entry.map_err(Error::local("reading", &folder))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(Error::local("reading", &path))?;
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| {
                Error::usage(format!("the name of '{}' is not Unicode", path.display()))
            })?;
            let name = format!("{prefix}{name}");
            if rules.matched(&name, kind.is_dir()).is_ignore() {
                continue;
            }
            if kind.is_dir() {
                open.push((format!("{name}/"), path));
                continue;
            }
            let metadata = fs::metadata(&path).map_err(Error::local("reading", &path))?;
            if metadata.is_file() {
                let length = metadata.len();
                files.push(SourceFile { name, path, length });
            }
        }
    }
    files.sort();
    Ok(files)
}

fn rules(directory: &Path) -> Result<Gitignore> {
    let mut builder = GitignoreBuilder::new("");
    let file = IGNORE_FILES
        .iter()
        .map(|name| directory.join(name))
        .find(|path| path.is_file());
    if let Some(file) = file {
        let text = fs::read_to_string(&file).map_err(Error::local("reading", &file))?;
        for line in text.lines() {
            builder
                .add_line(None, line)
                .map_err(|error| unreadable(&file, &error))?;
        }
    }
    builder
        .build()
        .map_err(|error| unreadable(directory, &error))
}

fn unreadable(file: &Path, error: &ignore::Error) -> Error {
    let text = format!("'{}' cannot be understood: {error}", file.display());
    Error::usage(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let files = source_files(directory).unwrap();
        files.into_iter().map(|file| file.name).collect()
    }

    #[test]
    fn ignored_files_stay_behind() {
        let root = tempfile::tempdir().unwrap();
        for name in [
            "a.py",
            "lib/b.py",
            "lib/b.pyc",
            "data/x/y.bin",
            "keep/data.txt",
        ] {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        assert_eq!(names(root.path()).len(), 5);
        fs::write(root.path().join(".gitignore"), "*.pyc\n/data/\n").unwrap();
        let kept = [".gitignore", "a.py", "keep/data.txt", "lib/b.py"];
        assert_eq!(names(root.path()), kept);
        // The other ignore file counts alone.
        fs::write(root.path().join(".amlignore"), "# all but one\n*\n!a.py\n").unwrap();
        assert_eq!(names(root.path()), ["a.py"]);
        assert!(source_files(&root.path().join("a.py")).is_err());
    }
}
