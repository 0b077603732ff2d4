//! `azml studio tokens ...`.

use clap::{Args, Subcommand, ValueEnum};

/// The workspace's authorization tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokensCommand {
    /// Print the tokens; anyone who holds one has full access
    #[command(after_help = "Examples:\n  \
        azml studio tokens show\n  \
        azml studio tokens show --which secondary")]
    Show(ShowArgs),
    /// Make a new token and print it; the old one stops working at once
    #[command(
        long_about = "Makes a new token and prints it; the old one stops working at once, the \
            other keeps working. Only the emulator offers this by program. A profile that holds \
            the old token is brought up to date.",
        after_help = "Examples:\n  azml studio tokens regenerate primary"
    )]
    Regenerate(RegenerateArgs),
}

/// One of the two equally valid tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// The first token
    Primary,
    /// The second token
    Secondary,
}

/// Print the tokens.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// Print only this one, and nothing else
    #[arg(long, value_enum)]
    pub(crate) which: Option<Which>,

    /// Who asks for it: refused unless that person owns the workspace
    #[arg(long, value_name = "EMAIL")]
    pub(crate) user: Option<String>,
}

/// Make a new token.
#[derive(Args, Debug)]
pub(crate) struct RegenerateArgs {
    /// Which token
    #[arg(value_enum)]
    pub(crate) which: Which,
}
