//! The pages in `docs/compat`: what each original client was seen doing, written from the rows that
//! the interop tests report and never by hand.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::{environments, metadata, process};

/// Where the interop tests leave their rows: a folder for each environment.
pub(crate) fn rows_directory() -> Result<PathBuf> {
    metadata::private_directory("rows")
}

/// Drops the rows of earlier runs, before a full one.
pub(crate) fn forget() -> Result<()> {
    let folder = rows_directory()?;
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// Writes the pages anew.
pub(crate) fn run() -> Result<()> {
    ensure!(
        rows_directory()?.is_dir(),
        "no rows yet: run `cargo xtask test` first"
    );
    update().map(drop)
}

/// Writes the pages from the rows of a full run. CI changes no file: it returns the names of those
/// that are out of date.
pub(crate) fn update() -> Result<Vec<String>> {
    let mut stale = Vec::new();
    for (name, client, requirements) in environments::clients() {
        let folder = rows_directory()?.join(name);
        if !folder.is_dir() {
            continue;
        }
        let page = render(client, &pins(requirements)?, &rows(&folder)?)?;
        let file = metadata::root()?
            .join("docs/compat")
            .join(format!("{name}.md"));
        if std::fs::read_to_string(&file).is_ok_and(|present| present == page) {
            continue;
        }
        if process::in_ci() {
            stale.push(format!("out of date: docs/compat/{name}.md"));
        } else {
            std::fs::create_dir_all(file.parent().context("a folder for the pages")?)?;
            std::fs::write(&file, page)?;
        }
    }
    Ok(stale)
}

/// The pinned packages of requirement files, in the order of the files.
fn pins(requirements: &[&str]) -> Result<Vec<String>> {
    let folder = metadata::root()?.join("tests/interop/requirements");
    let mut pins = Vec::new();
    for file in requirements {
        let text = std::fs::read_to_string(folder.join(file))?;
        let lines = text.lines().filter(|line| line.contains("=="));
        pins.extend(lines.filter_map(|line| Some(line.split_whitespace().next()?.to_owned())));
    }
    Ok(pins)
}

/// Names of rows and what they are about, script by script.
fn rows(folder: &std::path::Path) -> Result<Vec<(String, String)>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.sort();
    let mut rows = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file)?;
        rows.extend(
            text.lines()
                .filter_map(|line| line.split_once(" = "))
                .map(|(name, about)| (name.to_owned(), about.to_owned())),
        );
    }
    // Numbered rows in the order of their table, steps of an article behind them in theirs.
    rows.sort_by_key(|(name, _)| {
        let numbered = name
            .split('-')
            .next_back()
            .is_some_and(|n| n.parse::<u32>().is_ok());
        if numbered {
            name.clone()
        } else {
            "~".to_owned()
        }
    });
    Ok(rows)
}

fn render(client: &str, pins: &[String], rows: &[(String, String)]) -> Result<String> {
    let mut page = format!(
        "# {client}\n\n\
         What the unmodified client was seen doing against the emulator. Written by `cargo xtask test` from\n\
         the rows that its interop tests report, with these packages: {}.\n\n\
         | row | what holds |\n| --- | --- |\n",
        pins.join(", ")
    );
    for (name, about) in rows {
        writeln!(page, "| {name} | {about} |")?;
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_ordered_and_steps_keep_their_order() {
        let folder = std::env::temp_dir().join(format!("azml-rows-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a"), "S-020 = iterate\nother line\n").unwrap();
        std::fs::write(
            folder.join("b"),
            "article: z = z\narticle: a = a\nS-003 = files\n",
        )
        .unwrap();
        let found = rows(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["S-003", "S-020", "article: z", "article: a"]);
    }
}
