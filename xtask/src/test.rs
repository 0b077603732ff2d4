//! `cargo xtask test`: every test of the workspace, with the time of each part.

use anyhow::Result;
use clap::Args;

use crate::process;
use crate::stages::Stages;

/// What to run.
#[derive(Debug, Args)]
pub(crate) struct Options {}

/// Builds, runs and reports.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut stages = Stages::default();
    let result = parts(options, &mut stages);
    stages.report();
    result
}

fn parts(_options: &Options, stages: &mut Stages) -> Result<()> {
    let nextest = process::is_present("cargo-nextest");
    stages.run("build", Some(10), || {
        process::run(&mut process::cargo(&[
            "test",
            "--workspace",
            "--locked",
            "--no-run",
        ])?)
    })?;
    let mut summary = Vec::new();
    let tests = stages.run("tests", Some(8), || {
        let runner: &[&str] = if nextest {
            &["nextest", "run", "--workspace", "--locked"]
        } else {
            &[
                "test",
                "--workspace",
                "--locked",
                "--lib",
                "--bins",
                "--tests",
            ]
        };
        process::run_keeping(&mut process::cargo(runner)?, is_summary, &mut summary)
    });
    stages.note(summary);
    tests?;
    stages.run("doctests", None, || {
        process::run(&mut process::cargo(&[
            "test",
            "--workspace",
            "--locked",
            "--doc",
        ])?)
    })?;
    stages.run("docs", None, || {
        process::run(
            process::cargo(&["doc", "--workspace", "--locked", "--no-deps"])?
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    })
}

/// The line in which nextest or libtest says how many tests ran.
fn is_summary(line: &str) -> bool {
    line.trim_start().starts_with("Summary [") || line.starts_with("test result:")
}
