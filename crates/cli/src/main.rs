//! The `azml` command.
//!
//! Data flows one way: arguments, then a command, then a client crate. What a command
//! finds goes to standard output, everything else to standard error, and the exit status
//! says how it ended.

#[cfg(feature = "engine")]
mod admin;
mod args;
mod commands;
mod env_file;
mod failure;
mod files;
mod histogram;
mod http;
mod logging;
mod output;
mod profile;
mod progress;
mod python;
mod session;
mod settings;
mod signals;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::failure::Result;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to tell when standard error is gone.
            let _ = std::io::stderr().write_all(failure.report().as_bytes());
            ExitCode::from(failure.status())
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    logging::init(cli.global.verbose)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(commands::run(cli))
}
