//! `cargo xtask test`: every test of the workspace, with the time of each part.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::environments::Environments;
use crate::postgres::Postgres;
use crate::stages::Stages;
use crate::{compat, consumers, environments, metadata, process, system};

/// What to run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Install missing system packages (CI does so without being told)
    #[arg(long)]
    pub(crate) system: bool,

    /// Arguments for the test runner; with them nothing else is run, for example
    /// `cargo xtask test -- -p azml-tests --test interop`
    #[arg(last = true)]
    pub(crate) runner: Vec<String>,

    /// Variables for the test runner.
    #[arg(skip)]
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// Builds, runs and reports.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut stages = Stages::default();
    let result = parts(options, &mut stages);
    stages.report();
    result
}

fn parts(options: &Options, stages: &mut Stages) -> Result<()> {
    let environments = stages.run("environments", Some(4), || {
        system::provide(options.system || process::in_ci())?;
        environments::provision()
    })?;
    let azml = stages.run("build", Some(10), build)?;
    if options.runner.is_empty() {
        compat::forget()?;
    }
    tests(options, stages, &environments, &azml)?;
    if !options.runner.is_empty() {
        return Ok(());
    }
    stages.note(compat::update()?);
    stages.run("doctests", None, || {
        process::run(&mut process::cargo(&[
            "test",
            "--workspace",
            "--locked",
            "--doc",
        ])?)
    })?;
    // Off by default, and on everywhere in a build of the workspace that turns it on.
    stages.run("feature arff", None, || {
        process::run(&mut process::cargo(&[
            "test",
            "--locked",
            "--package",
            "azml-studio-classic",
            "--features",
            "arff",
            "--lib",
            "--quiet",
        ])?)
    })?;
    stages.run("consumers", None, consumers::run)?;
    stages.run("docs", None, || {
        process::run(
            // Naming the examples settles the features as for clippy: nothing is checked twice.
            process::cargo(&[
                "doc",
                "--workspace",
                "--locked",
                "--no-deps",
                "--lib",
                "--examples",
            ])?
            .env("RUSTDOCFLAGS", "-D warnings"),
        )
    })
}

/// Builds every test and the `azml` command; returns a copy of the command that no later build
/// replaces while the tests run it.
fn build() -> Result<PathBuf> {
    // One command, so that the features of every dependency are settled once.
    process::run(&mut process::cargo(&[
        "build",
        "--workspace",
        "--locked",
        "--lib",
        "--bins",
        "--tests",
    ])?)?;
    let target = metadata::target_directory()?;
    let folder = metadata::private_directory("bin")?;
    std::fs::create_dir_all(&folder)?;
    let copy = folder.join("azml");
    if copy.exists() {
        std::fs::remove_file(&copy)?;
    }
    std::fs::copy(target.join("debug/azml"), &copy).context("copying the azml command")?;
    Ok(copy)
}

/// Runs the tests, doctests aside.
fn tests(
    options: &Options,
    stages: &mut Stages,
    environments: &Environments,
    azml: &Path,
) -> Result<()> {
    let mut summary = Vec::new();
    let postgres = Postgres::start()?;
    let result = stages.run("tests", Some(8), || {
        let mut command = if process::is_present("cargo-nextest") {
            process::cargo(&["nextest", "run", "--locked"])?
        } else {
            process::cargo(&["test", "--locked", "--no-fail-fast"])?
        };
        if options.runner.is_empty() {
            command.args(["--workspace", "--lib", "--bins", "--tests"]);
        } else {
            command.args(&options.runner);
        }
        command.arg("--");
        for name in &environments.left_out {
            command.args(["--skip", name]);
        }
        command
            .env("AZML_TEST_ENVIRONMENTS", &environments.folder)
            .env("AZML_TEST_BINARY", azml)
            .env("AZML_TEST_ROWS", compat::rows_directory()?)
            .envs(postgres.environment())
            .envs(options.environment.iter().cloned());
        if process::in_ci() {
            // A change is judged by its own cases; new ones are looked for by everybody else's runs.
            command.env("PROPTEST_RNG_SEED", "1");
            // A loaded machine must not refuse a change; nextest names what passed only when repeated.
            command.env("NEXTEST_RETRIES", "2");
        }
        process::run_keeping(&mut command, is_summary, &mut summary)
    });
    stages.note(summary);
    for name in &environments.left_out {
        stages.note([format!("left out, no Python for it: tests named {name}")]);
    }
    result
}

/// The line in which nextest or libtest says how many tests ran.
fn is_summary(line: &str) -> bool {
    line.trim_start().starts_with("Summary [") || line.starts_with("test result:")
}
