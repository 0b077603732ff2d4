//! Links between the repository's pages lead somewhere.

use std::path::{Path, PathBuf};

use azml_tests::repository;

/// Every page of the repository.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                pages(&path, found);
            }
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// The targets of a page's links to files; a crate's README also links to its items.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split('#').next().unwrap_or_default())
        .filter(|target| target.contains(['.', '/']) && !target.contains("://"))
        .filter(|target| !target.contains(' '))
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut found = Vec::new();
    pages(&repository(), &mut found);
    assert!(found.len() > 10, "{found:?}");
    let mut count = 0;
    for page in found {
        let text = std::fs::read_to_string(&page).expect("a page is text");
        for target in targets(&text) {
            count += 1;
            let file = page.parent().expect("a page lies in a folder").join(target);
            assert!(file.exists(), "{}: no {target}", page.display());
        }
    }
    assert!(count > 10, "only {count} links were found");
}
