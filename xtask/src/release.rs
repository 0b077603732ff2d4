//! `cargo xtask release VERSION`: a new version, packaged and built as it would be published, then
//! committed and tagged. It publishes nothing: `cargo publish` stays a decision of a person.
//!
//! Everything happens in a clone below the target directory, so that a failure leaves the working
//! tree as it was. The last step brings the commit and the tag back; `--dry-run` leaves it out.

mod edit;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::{metadata, process};

/// Which version.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The new version, for example 0.2.0 [dry runs: the present one]
    #[arg(required_unless_present = "dry_run")]
    version: Option<String>,

    /// Do everything but the commit and the tag
    #[arg(long)]
    dry_run: bool,
}

/// Makes the release.
pub(crate) fn run(options: &Options) -> Result<()> {
    let root = metadata::root()?;
    let changes = git(&root, &["status", "--porcelain"])?;
    ensure!(
        options.dry_run || changes.is_empty(),
        "the working tree has changes: commit or stash them first\n{changes}"
    );
    let present = metadata::version()?;
    let version = options.version.clone().unwrap_or_else(|| present.clone());
    let tag = format!("v{version}");
    let tags = git(&root, &["tag", "--list", &tag])?;
    ensure!(tags.is_empty(), "tag {tag} exists");
    edit::check_order(&present, &version)?;

    let clone = clone(&root)?;
    edit_file(&clone.join("Cargo.toml"), |text| {
        edit::manifest(text, &present, &version)
    })?;
    edit_file(&clone.join("CHANGELOG.md"), |text| {
        edit::changelog(text, &version, &today()?)
    })?;
    package(&clone)?;
    git(&clone, &["add", "--all"])?;
    let message = format!("Release {version}");
    git(&clone, &["commit", "--quiet", "--message", &message])?;
    println!("{}", git(&clone, &["show", "--stat", "--format=%s"])?);
    if options.dry_run {
        println!("dry run: nothing outside of {} changed", clone.display());
        return Ok(());
    }
    git(&root, &["fetch", "--quiet", &path(&clone)?, "HEAD"])?;
    git(&root, &["merge", "--ff-only", "--quiet", "FETCH_HEAD"])?;
    git(&root, &["tag", "--annotate", "--message", &message, &tag])?;
    println!(
        "committed and tagged {tag}; next: cargo xtask dist, git push --follow-tags, cargo publish --workspace"
    );
    Ok(())
}

/// A clone of the last commit.
fn clone(root: &Path) -> Result<PathBuf> {
    let clone = metadata::private_directory("release")?;
    if clone.exists() {
        std::fs::remove_dir_all(&clone)?;
    }
    process::run(
        Command::new("git")
            .args(["clone", "--quiet", "--no-hardlinks"])
            .arg(root)
            .arg(&clone),
    )?;
    Ok(clone)
}

/// Packages every publishable crate and builds each from its package, in the order in which they
/// need each other. The versions of all other packages stay as they are.
fn package(clone: &Path) -> Result<()> {
    process::run(cargo(clone, &["update", "--workspace", "--offline"])?.current_dir(clone))?;
    let mut command = cargo(clone, &["package", "--locked", "--allow-dirty"])?;
    for name in metadata::publishable()? {
        command.args(["--package", &name]);
    }
    process::run(&mut command)
}

/// A cargo command in the clone, with the dependencies that were built before.
fn cargo(clone: &Path, arguments: &[&str]) -> Result<Command> {
    let mut command = process::cargo(arguments)?;
    command
        .current_dir(clone)
        .env("CARGO_TARGET_DIR", metadata::target_directory()?);
    Ok(command)
}

fn edit_file(file: &Path, edit: impl Fn(&str) -> Result<String>) -> Result<()> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = edit(&text).with_context(|| format!("cannot edit {}", file.display()))?;
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The day in UTC, as git sees it: one clock for the changelog and the commit.
fn today() -> Result<String> {
    let text = process::output(
        Command::new("git")
            .args(["var", "GIT_COMMITTER_IDENT"])
            .current_dir(metadata::root()?),
    )?;
    edit::day_of_ident(&text)
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let text = process::output(Command::new("git").args(arguments).current_dir(folder))?;
    Ok(text.trim_end().to_owned())
}

fn path(path: &Path) -> Result<String> {
    let path = path.to_str().context("the target directory is UTF-8")?;
    Ok(path.to_owned())
}
