//! `cargo xtask consumers`: programs outside the workspace, built and run against the crates as
//! they would be published. Finds files that a package lacks and features that only the workspace
//! switches on.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{metadata, process};

/// Wins over the manifest, but not over an argument.
const DEBUG_VARIABLE: &str = "CARGO_PROFILE_DEV_DEBUG";

/// Packages the crates, then builds and runs every program below `tests/consumers`.
pub(crate) fn run() -> Result<()> {
    let folder = metadata::private_directory("consumers")?;
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let patches = unpack(&package(&folder)?, &folder.join("packages"))?;
    let programs = metadata::root()?.join("tests/consumers");
    for entry in std::fs::read_dir(&programs)? {
        let program = entry?.path();
        if program.join("Cargo.toml").exists() {
            build_and_run(&program, &folder, &patches)?;
        }
    }
    Ok(())
}

/// Packages every publishable crate; gives the archives.
fn package(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut command = process::cargo(&["package", "--locked", "--allow-dirty", "--no-verify"])?;
    command.arg("--target-dir").arg(folder.join("target"));
    for name in metadata::publishable()? {
        command.args(["--package", &name]);
    }
    process::run(&mut command)?;
    let archives = std::fs::read_dir(folder.join("target/package"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    Ok(archives
        .into_iter()
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "crate")
        })
        .collect())
}

/// Unpacks the archives; gives the arguments that put them in the place of published crates.
fn unpack(archives: &[PathBuf], folder: &Path) -> Result<Vec<String>> {
    std::fs::create_dir_all(folder)?;
    let mut patches = Vec::new();
    for archive in archives {
        process::run(
            Command::new("tar")
                .arg("-xzf")
                .arg(archive)
                .arg("-C")
                .arg(folder),
        )?;
        let stem = archive
            .file_stem()
            .and_then(|stem| stem.to_str())
            .context("the name of a package is UTF-8")?;
        let (name, _) = stem
            .rsplit_once('-')
            .context("an archive is named by package and version")?;
        let path = folder.join(stem);
        ensure!(path.is_dir(), "{} holds no {stem}", archive.display());
        patches.push(format!(
            "patch.crates-io.{name}.path={:?}",
            path.display().to_string()
        ));
    }
    Ok(patches)
}

/// Builds a copy of the program, so that its lock file stays out of the repository, and runs it.
fn build_and_run(program: &Path, folder: &Path, patches: &[String]) -> Result<()> {
    let name = program.file_name().context("a program has a name")?;
    let copy = folder.join("programs").join(name);
    std::fs::create_dir_all(copy.join("src"))?;
    for file in ["Cargo.toml", "src/main.rs"] {
        std::fs::copy(program.join(file), copy.join(file))
            .with_context(|| format!("copying {file} of {}", program.display()))?;
    }
    // The versions that the workspace is tested with; cargo drops what is not needed.
    std::fs::copy(
        metadata::root()?.join("Cargo.lock"),
        copy.join("Cargo.lock"),
    )?;
    let mut command = Command::new(process::cargo_program());
    command
        .arg("run")
        .current_dir(&copy)
        .env("CARGO_TARGET_DIR", metadata::target_directory()?);
    for setting in profile()?.iter().chain(patches) {
        command.args(["--config", setting]);
    }
    process::run(&mut command)
}

/// The profile of the workspace, so that dependencies it has built are not built again.
fn profile() -> Result<Vec<String>> {
    let manifest = std::fs::read_to_string(metadata::root()?.join("Cargo.toml"))?;
    let manifest: toml::Table = manifest.parse()?;
    let profile = manifest
        .get("profile")
        .and_then(|profiles| profiles.get("dev"))
        .context("the workspace has a profile")?;
    let mut settings = Vec::new();
    flatten("profile.dev", profile, &mut settings);
    if std::env::var_os(DEBUG_VARIABLE).is_some() {
        settings.retain(|setting| !setting.starts_with("profile.dev.\"debug\"="));
    }
    Ok(settings)
}

/// One line for each value below a table.
fn flatten(name: &str, value: &toml::Value, lines: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                flatten(&format!("{name}.{key:?}"), value, lines);
            }
        }
        value => lines.push(format!("{name}={value}")),
    }
}
