//! Local files on both sides of a transfer: which ones to send under which names, and
//! where received ones may be put.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};

/// A local file and the name it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// The name, or why there can be none.
    pub(super) name: Result<String, String>,
    pub(super) length: u64,
}

/// Removes what leads up or to the root from the front of a target path: runs of dots that
/// are followed by a separator, and separators.
pub(super) fn clean_target(target: &str) -> &str {
    let mut rest = target;
    loop {
        let dots = rest.trim_start_matches('.');
        match dots.strip_prefix(['/', '\\']) {
            Some(after) => rest = after,
            None => return rest,
        }
    }
}

/// The remote name of `relative` below `target`.
fn remote_name(target: &str, relative: &Path) -> Result<String, String> {
    let mut name = target.trim_end_matches('/').to_owned();
    for component in relative.components() {
        let part = match component {
            Component::Normal(part) => part.to_str().ok_or("its name is not Unicode")?,
            Component::RootDir | Component::CurDir | Component::Prefix(_) => continue,
            Component::ParentDir => return Err("its path leads out of the directory".to_owned()),
        };
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(part);
    }
    Ok(name)
}

/// Every file below `directory` in the order of their names. Linked files are followed,
/// linked directories are not.
pub(super) fn walk(
    directory: &Path,
    target: &str,
    fits: impl Fn(&str) -> bool,
) -> Result<Vec<Source>> {
    if !directory.is_dir() {
        return Err(Error::usage(format!(
            "'{}' is not a directory",
            directory.display()
        )));
    }
    let mut sources = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).map_err(Error::local("reading", &folder))?;
        for entry in entries {
            let entry = entry.map_err(Error::local("reading", &folder))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(Error::local("reading", &path))?;
            if kind.is_dir() {
                open.push(path);
                continue;
            }
            let metadata = std::fs::metadata(&path).map_err(Error::local("reading", &path))?;
            if metadata.is_file() {
                let relative = path.strip_prefix(directory).unwrap_or(&path);
                if !fits(&pattern_text(relative)) {
                    continue;
                }
                sources.push(Source {
                    name: remote_name(target, relative),
                    length: metadata.len(),
                    path,
                });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

/// A path as patterns are held against it, with slashes whatever separates here.
fn pattern_text(relative: &Path) -> String {
    let parts: Vec<_> = relative
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

/// Refuses sources that a place without regard to case takes for one.
pub(super) fn refuse_same_names(sources: &[Source]) -> Result<()> {
    let mut seen = HashMap::new();
    for source in sources {
        if let Ok(name) = &source.name
            && let Some(first) = seen.insert(name.to_lowercase(), name)
        {
            return Err(Error::SameName {
                first: first.clone(),
                second: name.clone(),
            });
        }
    }
    Ok(())
}

/// The given files with names relative to `root`, or to their longest common directory.
pub(super) fn pick(
    files: &[PathBuf],
    root: Option<&Path>,
    target: &str,
    fits: impl Fn(&str) -> bool,
) -> Result<Vec<Source>> {
    let root = match root {
        Some(root) => root.to_owned(),
        None => common_directory(files),
    };
    let picked = files
        .iter()
        .map(|path| {
            let metadata = std::fs::metadata(path).map_err(Error::local("reading", path))?;
            if !metadata.is_file() {
                return Err(Error::usage(format!("'{}' is not a file", path.display())));
            }
            let relative = if root == Path::new("/") {
                path.as_path()
            } else {
                path.strip_prefix(&root).map_err(|_| {
                    Error::usage(format!(
                        "the relative root '{}' is not part of '{}'",
                        root.display(),
                        path.display()
                    ))
                })?
            };
            let source = Source {
                name: remote_name(target, relative),
                length: metadata.len(),
                path: path.clone(),
            };
            Ok(fits(&pattern_text(relative)).then_some(source))
        })
        .filter_map(Result::transpose);
    picked.collect()
}

fn common_directory(files: &[PathBuf]) -> PathBuf {
    let mut folders = files
        .iter()
        .map(|file| file.parent().unwrap_or(Path::new("")));
    let Some(first) = folders.next() else {
        return PathBuf::new();
    };
    let mut common = first.to_owned();
    for folder in folders {
        while !folder.starts_with(&common) {
            common.pop();
        }
    }
    common
}

/// Where a remote file goes below `directory`. Names that would lead elsewhere are refused.
pub(super) fn place(directory: &Path, name: &str) -> Result<PathBuf> {
    let unsafe_name = || Error::UnsafeName(name.to_owned());
    if name.contains('\0') || name.is_empty() {
        return Err(unsafe_name());
    }
    let mut path = directory.to_owned();
    for part in name.split('/') {
        let mut components = Path::new(part).components();
        match (components.next(), components.next()) {
            // Exactly one ordinary part: no drive letter, no backslash where that separates.
            (Some(Component::Normal(only)), None) if only == part => path.push(part),
            _ => return Err(unsafe_name()),
        }
    }
    Ok(path)
}

/// The name of a file's first version on this machine, before it is complete.
pub(super) fn part_path(path: &Path) -> Result<PathBuf> {
    let mut random = [0u8; 6];
    getrandom::fill(&mut random)
        .map_err(|_| Error::usage("the operating system gives no random bytes"))?;
    let suffix: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // The name may be as long as names can be: keep what surely fits.
    let short: String = name.chars().take(40).collect();
    Ok(path.with_file_name(format!(".{short}.part-{suffix}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// storage TU-01.
    #[test]
    fn targets_lose_what_leads_up() {
        for (target, expected) in [
            ("a", "a"),
            ("./a", "a"),
            ("/a", "a"),
            ("../a", "a"),
            ("..\\../a/", "a/"),
            (".../x", "x"),
            (".hidden", ".hidden"),
            ("", ""),
            ("/", ""),
        ] {
            assert_eq!(clean_target(target), expected, "{target}");
        }
    }

    /// storage TU-02.
    #[test]
    fn a_walk_finds_every_file_under_its_name() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        };
        write("b");
        write("a/.hidden");
        write("a/c/d e");
        std::fs::create_dir(root.path().join("empty")).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.path().join("b"), root.path().join("link")).unwrap();
            std::os::unix::fs::symlink(root.path().join("a"), root.path().join("loop")).unwrap();
        }
        let names: Vec<String> = walk(root.path(), "t/", |_| true)
            .unwrap()
            .into_iter()
            .map(|source| source.name.unwrap())
            .collect();
        let mut expected = vec!["t/a/.hidden", "t/a/c/d e", "t/b"];
        #[cfg(unix)]
        expected.push("t/link");
        assert_eq!(names, expected);
        assert!(walk(&root.path().join("b"), "", |_| true).is_err());
        let deep = walk(root.path(), "t", |name| name.starts_with("a/c/")).unwrap();
        assert_eq!(deep.len(), 1);
    }

    /// storage TU-03.
    #[test]
    fn picked_files_are_named_below_their_root() {
        let root = tempfile::tempdir().unwrap();
        let files: Vec<PathBuf> = ["x/a/1", "x/b/2"].map(|name| root.path().join(name)).into();
        for file in &files {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let names = |root: Option<&Path>| -> Vec<String> {
            let picked = pick(&files, root, "t", |_| true).unwrap();
            picked
                .into_iter()
                .map(|source| source.name.unwrap())
                .collect()
        };
        assert_eq!(names(None), ["t/a/1", "t/b/2"]);
        assert_eq!(names(Some(root.path())), ["t/x/a/1", "t/x/b/2"]);
        let whole = names(Some(Path::new("/")));
        assert!(
            whole[0].ends_with("x/a/1") && !whole[0].contains("//"),
            "{whole:?}"
        );
        // A path prefix, not a text prefix.
        let almost = PathBuf::from(root.path().to_string_lossy().into_owned() + "/x/a/1");
        let pick = |files: &[PathBuf], root: Option<&Path>| pick(files, root, "", |_| true);
        assert!(pick(&[almost], Some(&root.path().join("x/a/"))).is_ok());
        assert!(pick(&files, Some(&root.path().join("x/a"))).is_err());
        assert!(pick(&[root.path().to_owned()], None).is_err());
        assert!(pick(&[], None).unwrap().is_empty());
    }

    /// storage TU-05.
    #[test]
    fn names_that_differ_by_case_are_one_where_case_does_not_count() {
        let source = |name: &str| Source {
            path: PathBuf::from(name),
            name: Ok(name.to_owned()),
            length: 0,
        };
        assert!(refuse_same_names(&["a", "b", "a/b"].map(source)).is_ok());
        let error = refuse_same_names(&["x/\u{c4}", "y", "X/\u{e4}"].map(source)).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("x/\u{c4}") && text.contains("X/\u{e4}"),
            "{text}"
        );
    }

    /// storage TD-01: no remote name leads out of the directory.
    #[test]
    fn remote_names_stay_below_the_directory() {
        let place = |name: &str| place(Path::new("/d"), name);
        assert_eq!(place("a/b c").unwrap(), Path::new("/d/a/b c"));
        for name in [
            "../a", "a/../b", "a/..", "/a", "a//b", "a/", ".", "./a", "a/./b", "", "a\0b",
        ] {
            assert!(matches!(place(name), Err(Error::UnsafeName(_))), "{name:?}");
        }
    }
}
