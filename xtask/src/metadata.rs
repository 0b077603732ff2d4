//! What cargo and git know about the workspace.

use std::hash::{DefaultHasher, Hash, Hasher};
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

/// A folder for files of a task, for this checkout alone: several may share a target directory.
pub(crate) fn private_directory(name: &str) -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    root()?.hash(&mut hasher);
    let folder = format!("xtask/{name}-{:016x}", hasher.finish());
    Ok(target_directory()?.join(folder))
}

/// The version of the workspace.
pub(crate) fn version() -> Result<String> {
    let manifest: toml::Table = std::fs::read_to_string(root()?.join("Cargo.toml"))?.parse()?;
    let version = manifest["workspace"]["package"]["version"].as_str();
    Ok(version
        .context("Cargo.toml names workspace.package.version")?
        .to_owned())
}

/// The workspace's packages that may be published.
pub(crate) fn publishable() -> Result<Vec<String>> {
    let graph = graph()?;
    let members = graph["workspace_members"].as_array();
    let members = members.context("cargo metadata lists the members")?;
    let packages = graph["packages"].as_array();
    let packages = packages.context("cargo metadata lists the packages")?;
    Ok(packages
        .iter()
        .filter(|package| members.contains(&package["id"]))
        // Null where any registry will do, an empty list where none.
        .filter(|package| package["publish"].is_null())
        .filter_map(|package| package["name"].as_str())
        .map(str::to_owned)
        .collect())
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
