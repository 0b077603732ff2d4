//! `azml quickstart`.

use std::path::PathBuf;

use clap::Args;

/// Try every service on real data, with nothing configured.
#[derive(Args, Debug)]
#[command(
    long_about = "Starts an emulator of its own on free ports, takes every service in turn through \
        its main steps on real data, and leaves what it made (frames, charts, snippets) in a \
        directory. Needs no account and no configuration, and changes neither.",
    after_help = "Examples:\n  \
        azml quickstart\n  \
        azml quickstart --out /tmp/tour\n\n\
        Exit status: 0 every step worked, 1 a step failed, 2 steps were skipped for a named reason."
)]
pub(crate) struct QuickstartArgs {
    /// Directory for what the tour makes; files that it did not make are never overwritten
    #[arg(long, value_name = "DIR", default_value = "azml-quickstart")]
    pub(crate) out: PathBuf,

    /// Interpreter for the functions that are sent to SQL Server, with pandas and matplotlib.
    /// Else the machine's own, or an environment that the tour makes once
    #[arg(long, value_name = "PYTHON")]
    pub(crate) python: Option<PathBuf>,
}
