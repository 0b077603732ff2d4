//! `cargo xtask lint`: everything that can be said about the code without running it.

mod licences;
mod tidy;

use anyhow::Result;

use crate::process;
use crate::stages::Stages;

/// Runs every check, in the order of their cost.
pub(crate) fn run() -> Result<()> {
    let mut stages = Stages::default();
    let result = checks(&mut stages);
    stages.report();
    result
}

fn checks(stages: &mut Stages) -> Result<()> {
    stages.run("format", None, || {
        process::run(&mut process::cargo(&["fmt", "--all", "--check"])?)
    })?;
    stages.run("tidy", None, tidy::check)?;
    stages.run("licences", None, licences::check)?;
    if process::is_present("cargo-deny") {
        stages.run("deny", None, || {
            process::run(&mut process::cargo(&[
                "deny", "check", "licenses", "bans", "sources",
            ])?)
        })?;
    }
    stages.run("clippy", Some(10), || {
        process::run(&mut process::cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ])?)
    })
}
