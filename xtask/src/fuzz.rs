//! `cargo xtask fuzz`: the targets of `fuzz/` under cargo-fuzz, each for a while.
//!
//! Ordinary tests replay the corpora and mutate them; this is the open-ended search, which needs a
//! nightly toolchain.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::{metadata, process};

/// What to fuzz.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Names of targets [default: all of them]
    targets: Vec<String>,

    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Runs the targets one after the other; a finding ends the run.
pub(crate) fn run(options: &Options) -> Result<()> {
    let known = targets()?;
    if let Some(name) = options.targets.iter().find(|name| !known.contains(name)) {
        bail!("there is no fuzz target `{name}`, but {}", known.join(", "));
    }
    let missing = missing();
    ensure!(
        missing.is_empty(),
        "fuzzing needs what is missing here:\n  {}",
        missing.join("\n  ")
    );
    let chosen = if options.targets.is_empty() {
        &known
    } else {
        &options.targets
    };
    for target in chosen {
        let time = format!("-max_total_time={}", options.seconds);
        process::run(
            Command::new("cargo")
                .args(["+nightly", "fuzz", "run", target, "--", &time])
                .current_dir(metadata::root()?),
        )?;
    }
    Ok(())
}

/// The programs of the fuzz crate.
fn targets() -> Result<Vec<String>> {
    let manifest = metadata::root()?.join("fuzz/Cargo.toml");
    let text = std::fs::read_to_string(&manifest).context("reading fuzz/Cargo.toml")?;
    let manifest: toml::Table = text.parse().context("fuzz/Cargo.toml")?;
    let programs = manifest.get("bin").and_then(toml::Value::as_array);
    Ok(programs
        .into_iter()
        .flatten()
        .filter_map(|program| program.get("name")?.as_str())
        .map(str::to_owned)
        .collect())
}

/// What has to be installed first, as commands.
fn missing() -> Vec<&'static str> {
    let mut missing = Vec::new();
    let nightly = Command::new("cargo")
        .args(["+nightly", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !nightly.is_ok_and(|status| status.success()) {
        missing.push("rustup toolchain install nightly");
    }
    if !process::is_present("cargo-fuzz") {
        missing.push("cargo install cargo-fuzz --version 0.13.2");
    }
    missing
}
