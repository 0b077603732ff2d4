//! What the commands do. Each takes its arguments and the settings, and prints through
//! `output`; none knows another.

mod emulator;
mod help;
mod profile;

use crate::args::{Cli, Command};
use crate::failure::Result;

/// Runs the command.
pub(crate) async fn run(cli: Cli) -> Result<()> {
    let Cli { global, command } = cli;
    match command {
        Command::Completions { shell } => help::completions(shell),
        Command::Man { dir } => help::man(&dir),
        Command::Profile(command) => profile::run(command, &global),
        // Both decide themselves what an interrupt means.
        Command::Emulator(command) => Box::pin(emulator::run(command, &global)).await,
    }
}
