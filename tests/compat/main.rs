//! Every behaviour that `docs/compat/storage.md` lists is named by a test, and none is listed twice.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The files below a directory with one of the extensions.
fn files(directory: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("the repository is readable") {
        let path = entry.expect("the repository is readable").path();
        if path.is_dir() {
            files(&path, extensions, found);
        } else if extensions
            .iter()
            .any(|it| path.extension().is_some_and(|extension| extension == *it))
        {
            found.push(path);
        }
    }
}

/// The ids in the first column of the tables of a document.
fn rows(document: &str) -> Vec<String> {
    let cells = document
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    cells
        .map(|(id, _)| id.to_owned())
        .filter(|id| id.contains('-') && id.bytes().any(|byte| byte.is_ascii_digit()))
        .collect()
}

/// The words of a source that look like an id.
fn words(source: &str) -> BTreeSet<&str> {
    source
        .split(|character: char| !character.is_ascii_alphanumeric() && character != '-')
        .filter(|word| word.contains('-'))
        .collect()
}

#[test]
fn every_row_is_named_by_a_test() {
    let root = Path::new(ROOT);
    let mut sources = Vec::new();
    files(&root.join("crates"), &["rs"], &mut sources);
    files(&root.join("tests"), &["rs", "py"], &mut sources);
    let sources: Vec<_> = sources
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("sources are UTF-8"))
        .collect();
    let named: BTreeSet<_> = sources.iter().flat_map(|source| words(source)).collect();
    let mut seen = BTreeSet::new();
    let document =
        std::fs::read_to_string(root.join("docs/compat/storage.md")).expect("the table is there");
    for row in rows(&document) {
        assert!(named.contains(row.as_str()), "{row} has no test");
        assert!(seen.insert(row.clone()), "{row} is listed twice");
    }
    assert!(!seen.is_empty());
}
