//! Development tasks: `cargo xtask --help`.
//!
//! Each task is one module. A task prints what it runs, so that every step can be repeated by hand.
#![expect(clippy::print_stdout, reason = "a command-line program")]

mod azurite;
mod bench;
mod chaos;
mod compat;
mod consumers;
mod dist;
mod environments;
mod fuzz;
mod lint;
mod metadata;
mod postgres;
mod process;
mod release;
mod stages;
mod system;
mod targets;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    about = "Development tasks of the azml workspace"
)]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Programs outside the workspace against the packaged crates.
    Consumers,
    /// Formatting, clippy, dependency rules and tidiness.
    Lint,
    /// Every test of the workspace.
    Test(test::Options),
    /// Our speed beside that of others, recorded in docs/benchmarks.md.
    Bench(bench::Options),
    /// The fuzz targets, each for a while.
    Fuzz(fuzz::Options),
    /// The pages of docs/compat, from the rows of the last full test run.
    Compat,
    /// The crash suite, many times over.
    Chaos(chaos::Options),
    /// What runs on a user's machine, checked for the systems that the toolchain knows.
    CheckTargets,
    /// A new version: edited, packaged, built from its packages, committed and tagged.
    Release(release::Options),
    /// The archive that people install from.
    Dist,
}

fn main() -> ExitCode {
    let result = match Args::parse().task {
        Task::Consumers => consumers::run(),
        Task::Lint => lint::run(),
        Task::Test(options) => test::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Compat => compat::run(),
        Task::Chaos(options) => chaos::run(&options),
        Task::CheckTargets => targets::run(),
        Task::Release(options) => release::run(&options),
        Task::Dist => dist::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
