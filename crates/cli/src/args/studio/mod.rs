//! `azml studio ...`.

pub(crate) mod datasets;
pub(crate) mod experiments;
pub(crate) mod tokens;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

pub(crate) use datasets::DatasetsCommand;
pub(crate) use experiments::ExperimentsCommand;
pub(crate) use tokens::TokensCommand;

/// Datasets and experiments of Azure ML Studio (classic).
#[derive(Args, Debug)]
#[command(
    long_about = "Datasets and experiments of Azure ML Studio (classic).\n\n\
        Workspace and token come from flags, AZML_STUDIO_WORKSPACE and AZML_STUDIO_TOKEN, the \
        profile, or ~/.azureml/settings.json, in this order.",
    after_help = "Examples:\n  \
        azml studio datasets list\n  \
        azml studio datasets read iris --head 5\n  \
        azml studio datasets read iris --output parquet=iris.parquet\n  \
        azml studio --workspace ID --token-file token.txt datasets list"
)]
pub(crate) struct StudioArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(subcommand)]
    pub(crate) command: StudioCommand,
}

/// Which workspace, and how to get in.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Workspace")]
pub(crate) struct TargetArgs {
    /// Workspace id [env: AZML_STUDIO_WORKSPACE]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) workspace: Option<String>,

    /// Endpoint of the Studio service [env: AZML_STUDIO_ENDPOINT]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint: Option<String>,

    /// File that holds the workspace token [env: AZML_STUDIO_TOKEN is the token itself]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        conflicts_with = "token_stdin"
    )]
    pub(crate) token_file: Option<PathBuf>,

    /// Read the workspace token from standard input
    #[arg(long, global = true)]
    pub(crate) token_stdin: bool,
}

/// What to do in the workspace.
#[derive(Debug, Subcommand)]
pub(crate) enum StudioCommand {
    /// Datasets: list, read, add, update, delete
    #[command(subcommand)]
    Datasets(DatasetsCommand),
    /// Experiments and their intermediate datasets
    #[command(subcommand)]
    Experiments(ExperimentsCommand),
    /// The workspace's authorization tokens
    #[command(subcommand)]
    Tokens(TokensCommand),
    /// List the people of the workspace and their roles
    #[command(after_help = "Examples:\n  azml studio users\n  azml studio users --output csv")]
    Users,
    /// The workspace itself
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
}

/// The workspace itself.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkspaceCommand {
    /// Show what is known about the workspace; its tokens stay hidden
    #[command(after_help = "Examples:\n  \
        azml studio workspace show\n  \
        azml studio workspace show --output json")]
    Show,
}

/// Whose datasets or experiments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    /// The workspace's own and the examples
    #[default]
    All,
    /// The workspace's own
    User,
    /// The examples that every workspace sees
    Examples,
}

/// Language of a printed snippet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// For the azureml package
    #[default]
    Python,
    /// For the azml crate
    Rust,
}

/// How to look at a frame.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Frame")]
pub(crate) struct FrameArgs {
    /// Only the first N rows
    #[arg(long, value_name = "N")]
    pub(crate) head: Option<usize>,

    /// Draw the distribution of one column instead
    #[arg(long, value_name = "COLUMN")]
    pub(crate) histogram: Option<String>,

    /// Number of bars, at most [default: chosen from the data]
    #[arg(long, value_name = "N", requires = "histogram", value_parser = clap::value_parser!(u16).range(1..=200))]
    pub(crate) bins: Option<u16>,

    /// Save the histogram as an SVG picture too
    #[arg(long, value_name = "FILE", requires = "histogram")]
    pub(crate) save: Option<PathBuf>,

    /// Guess column types as the original Python client with pandas does
    #[arg(long)]
    pub(crate) pandas_compat: bool,
}

/// Where bytes go.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct DestinationArgs {
    /// File to write, `-` for standard output [default: the dataset's name in this directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,

    /// Replace the file when it exists
    #[arg(long)]
    pub(crate) overwrite: bool,
}
