//! Azurite, another storage emulator, which the tests hold our clients against. Installed with
//! npm into the target directory, once for each version.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

const VERSION: &str = "3.37.0";

/// Installs it below the folder of the Python environments, as `azurite`.
pub(crate) fn provision(folder: &Path) -> Result<()> {
    let place = folder.join("azurite");
    let stamp = place.join("complete");
    if std::fs::read_to_string(&stamp).is_ok_and(|version| version == VERSION) {
        println!("azurite: present");
        return Ok(());
    }
    if place.exists() {
        std::fs::remove_dir_all(&place)?;
    }
    std::fs::create_dir_all(&place)?;
    // Scripts of packages are not run: what is needed of Azurite needs none.
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
        .args(["--loglevel", "error", "--prefix"])
        .arg(&place)
        .arg(format!("azurite@{VERSION}"));
    process::run(&mut npm).context("installing Azurite")?;
    std::fs::write(&stamp, VERSION)?;
    Ok(())
}
