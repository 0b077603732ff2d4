//! Development tasks: `cargo xtask --help`.
//!
//! Each task is one module. A task prints what it runs, so that every step can be repeated by hand.
#![expect(clippy::print_stdout, reason = "a command-line program")]

mod consumers;
mod environments;
mod lint;
mod metadata;
mod process;
mod stages;
mod system;
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
}

fn main() -> ExitCode {
    let result = match Args::parse().task {
        Task::Consumers => consumers::run(),
        Task::Lint => lint::run(),
        Task::Test(options) => test::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
