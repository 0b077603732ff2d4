//! `cargo xtask check-targets`: the crates that run on a user's machine, checked for other systems.
//! The emulator's script runner and mounts are Unix work; the clients, the facade and the command
//! are not.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;

const TARGETS: [&str; 4] = [
    "x86_64-pc-windows-msvc",
    "x86_64-pc-windows-gnu",
    "aarch64-apple-darwin",
    "x86_64-unknown-linux-gnu",
];

const PACKAGES: [&str; 3] = ["azml-core", "azml", "azml-cli"];

/// Checks each target that this toolchain has, and names the others.
pub(crate) fn run() -> Result<()> {
    let libraries = libraries()?;
    let mut failed = Vec::new();
    let mut report = Vec::new();
    for target in TARGETS {
        if !libraries.join(target).join("lib").is_dir() {
            report.push(format!(
                "{target}: not run, the toolchain has no such target"
            ));
            continue;
        }
        for package in PACKAGES {
            let arguments = [
                "check",
                "--locked",
                "--target",
                target,
                "--package",
                package,
            ];
            let result = process::run(&mut process::cargo(&arguments)?);
            report.push(match &result {
                Ok(()) => format!("{target}: {package} ok"),
                Err(error) => format!("{target}: {package} FAILED: {error}"),
            });
            if result.is_err() {
                failed.push(format!("{package} for {target}"));
            }
        }
    }
    println!("\n{}", report.join("\n"));
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// Where the toolchain keeps the standard library of each target.
fn libraries() -> Result<PathBuf> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let libraries = Path::new(sysroot.trim()).join("lib/rustlib");
    ensure!(libraries.is_dir(), "no {}", libraries.display());
    libraries
        .canonicalize()
        .context("the toolchain's libraries")
}
