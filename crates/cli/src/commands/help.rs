//! Completion scripts and man pages, both made from the argument types.

use std::path::Path;

use clap::CommandFactory;

use crate::args::Cli;
use crate::failure::{Failure, Result};
use crate::output::data;

/// Prints a completion script.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "azml", &mut script);
    data(|out| out.write_all(&script))
}

/// Writes one page per command.
pub(super) fn man(directory: &Path) -> Result<()> {
    let failed = |error| Failure::file("write man pages to", directory, error);
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), directory).map_err(failed)
}
