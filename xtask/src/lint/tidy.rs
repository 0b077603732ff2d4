//! Checks on the text of the repository itself: no file depends on the machine it was written on,
//! and large source files are listed so that somebody asks whether they still have one purpose.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::metadata;

/// Source files above this many lines are reported.
const LONG: usize = 600;

/// Fails where a file names a path of this machine; reports long source files.
pub(crate) fn check() -> Result<()> {
    let root = metadata::root()?;
    let places = machine_paths(&root, std::env::var_os("HOME").as_deref().map(Path::new));
    let mut found = Vec::new();
    let mut long = Vec::new();
    for name in metadata::files()? {
        // Binary files, and files deleted but still in the index, hold nothing to check.
        let Ok(text) = std::fs::read_to_string(root.join(&name)) else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            if let Some(place) = places.iter().find(|place| names(line, place)) {
                found.push(format!("{name}:{}: names {place}", index + 1));
            }
        }
        let lines = text.lines().count();
        if name.ends_with(".rs") && lines > LONG {
            long.push((lines, name));
        }
    }
    long.sort_unstable_by(|left, right| right.cmp(left));
    for (lines, name) in &long {
        println!("long file: {name} has {lines} lines");
    }
    ensure!(
        found.is_empty(),
        "paths of this machine in the repository:\n  {}",
        found.join("\n  ")
    );
    Ok(())
}

/// The home directory and every directory above the workspace that is not common to all machines.
fn machine_paths(root: &Path, home: Option<&Path>) -> BTreeSet<String> {
    let common = [
        "/", "/tmp", "/var", "/var/tmp", "/home", "/usr", "/opt", "/mnt", "/srv", "/Users",
    ];
    home.into_iter()
        .chain(root.ancestors())
        .filter_map(Path::to_str)
        .filter(|path| path.starts_with('/') && !common.contains(path))
        .map(|path| format!("{}/", path.trim_end_matches('/')))
        .collect()
}

/// Whether the line holds the path at the start of a path, not as the tail of a longer one.
fn names(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '}' | ')' | '/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_and_home_are_machine_paths() {
        let places = machine_paths(Path::new("/data/me/azml"), Some(Path::new("/home/me")));
        let expected = ["/data/", "/data/me/", "/data/me/azml/", "/home/me/"];
        assert_eq!(places.iter().collect::<Vec<_>>(), expected);
        assert!(machine_paths(Path::new("/tmp/x"), None).len() == 1);
    }

    #[test]
    fn only_absolute_uses_count() {
        assert!(names("see /data/x", "/data/"));
        assert!(names("path=\"/data/x\"", "/data/"));
        assert!(!names("examples/data/iris.csv", "/data/"));
        assert!(!names("{root}/data/iris.csv", "/data/"));
        assert!(!names("https://host/data", "/data/"));
    }
}
