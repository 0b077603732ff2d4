//! What cargo and git know about the workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The workspace root, as `cargo run` names it: the binary may come from a shared target directory.
pub(crate) fn root() -> Result<PathBuf> {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR");
    let xtask = xtask.context("xtask runs as `cargo xtask`")?;
    Path::new(&xtask)
        .parent()
        .map(Path::to_path_buf)
        .context("xtask lies in the workspace root")
}

/// `cargo metadata` of the locked graph, all platforms and features of the workspace.
pub(crate) fn graph() -> Result<Value> {
    let text = process::output(&mut process::cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
    ])?)?;
    serde_json::from_str(&text).context("cargo metadata is JSON")
}

/// Where cargo builds, and where these tasks keep their own files in `xtask/`.
pub(crate) fn target_directory() -> Result<PathBuf> {
    let graph = graph()?;
    let folder = graph["target_directory"]
        .as_str()
        .context("cargo metadata names the target directory")?;
    Ok(PathBuf::from(folder))
}

/// The files of the repository, relative to its root: tracked ones and new ones not ignored.
pub(crate) fn files() -> Result<Vec<String>> {
    let listing = process::output(
        Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root()?),
    )?;
    Ok(listing
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}
