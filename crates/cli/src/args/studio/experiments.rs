//! `azml studio experiments ...`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{DestinationArgs, FrameArgs, Language, Scope};

/// Experiments and their intermediate datasets.
#[derive(Debug, Subcommand)]
pub(crate) enum ExperimentsCommand {
    /// List the experiments
    #[command(after_help = "Examples:\n  \
        azml studio experiments list\n  \
        azml studio experiments list --scope user --output json")]
    List(ListArgs),
    /// Show an experiment
    #[command(after_help = "Examples:\n  azml studio experiments show EXPERIMENT")]
    Show(IdArgs),
    /// Create an experiment: a dataset, split when asked, converted when asked
    #[command(
        long_about = "Creates an experiment whose graph starts at a dataset, goes through Split \
            Data when --split is given, and through Convert to CSV or TSV when --convert is given. \
            Prints its id. --graph takes the graph from a JSON file instead.",
        after_help = "Examples:\n  \
            azml studio experiments create \"iris sample\" --dataset iris --split 0.7 --seed 42 --convert csv\n  \
            azml studio experiments create mine --graph graph.json"
    )]
    Create(CreateArgs),
    /// Run an experiment and wait for the end
    #[command(after_help = "Examples:\n  \
        azml studio experiments run EXPERIMENT\n  \
        azml studio experiments run EXPERIMENT --no-wait")]
    Run(RunArgs),
    /// List an experiment's outputs by node and port
    #[command(after_help = "Examples:\n  azml studio experiments outputs EXPERIMENT")]
    Outputs(IdArgs),
    /// Read an intermediate dataset as a frame: print it, save it, or draw a column
    #[command(after_help = "Examples:\n  \
        azml studio experiments read EXPERIMENT NODE \"Results dataset\" --head 5\n  \
        azml studio experiments read EXPERIMENT NODE \"Results dataset\" --histogram age")]
    Read(ReadArgs),
    /// Download an intermediate dataset's bytes as they are
    #[command(after_help = "Examples:\n  \
        azml studio experiments download EXPERIMENT NODE \"Results dataset\" --to part.csv")]
    Download(DownloadArgs),
    /// Print the code that reads an intermediate dataset
    #[command(after_help = "Examples:\n  \
        azml studio experiments snippet EXPERIMENT NODE \"Results dataset\" --language rust")]
    Snippet(SnippetArgs),
    /// Delete an experiment
    #[command(after_help = "Examples:\n  azml studio experiments delete EXPERIMENT --yes")]
    Delete(DeleteArgs),
}

/// List the experiments.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Whose experiments
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scope: Scope,
}

/// Which experiment.
#[derive(Args, Debug)]
pub(crate) struct IdArgs {
    /// Experiment id
    pub(crate) experiment: String,
}

/// Text format of a Convert module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Conversion {
    /// Convert to CSV
    Csv,
    /// Convert to TSV
    Tsv,
}

/// Create an experiment.
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// What the experiment is called
    pub(crate) description: String,

    /// Dataset that the graph starts at
    #[arg(long, value_name = "NAME", required_unless_present = "graph")]
    pub(crate) dataset: Option<String>,

    /// Split Data: share of the rows in the first output, 0 to 1
    #[arg(long, value_name = "FRACTION", conflicts_with = "graph")]
    pub(crate) split: Option<f64>,

    /// Split Data: seed of the random choice
    #[arg(long, value_name = "N", requires = "split", default_value_t = 0)]
    pub(crate) seed: u32,

    /// Convert to CSV or TSV at the end, so that the output can be read as a frame
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with = "graph")]
    pub(crate) convert: Option<Conversion>,

    /// JSON file with the experiment graph (ModuleNodes, EdgesInternal, ...)
    #[arg(long, value_name = "FILE", conflicts_with = "dataset")]
    pub(crate) graph: Option<PathBuf>,
}

/// Run an experiment.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// Experiment id
    pub(crate) experiment: String,

    /// Return as soon as the run is accepted
    #[arg(long)]
    pub(crate) no_wait: bool,
}

/// Which intermediate dataset.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutputArgs {
    /// Experiment id
    pub(crate) experiment: String,

    /// Node id, as `azml studio experiments outputs` lists it
    pub(crate) node: String,

    /// Output port
    pub(crate) port: String,

    /// Data type id of the output
    #[arg(long = "type", value_name = "TYPE", default_value = "GenericCSV")]
    pub(crate) data_type: String,
}

/// Read an intermediate dataset.
#[derive(Args, Debug)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    pub(crate) source: OutputArgs,
    #[command(flatten)]
    pub(crate) frame: FrameArgs,
}

/// Download an intermediate dataset.
#[derive(Args, Debug)]
pub(crate) struct DownloadArgs {
    #[command(flatten)]
    pub(crate) source: OutputArgs,
    #[command(flatten)]
    pub(crate) destination: DestinationArgs,
}

/// Print the code that reads an intermediate dataset.
#[derive(Args, Debug)]
pub(crate) struct SnippetArgs {
    #[command(flatten)]
    pub(crate) source: OutputArgs,

    /// Language of the code
    #[arg(long, value_enum, default_value_t)]
    pub(crate) language: Language,

    /// Who asks for it: refused unless that person owns the workspace
    #[arg(long, value_name = "EMAIL")]
    pub(crate) user: Option<String>,
}

/// Delete an experiment.
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// Experiment id
    pub(crate) experiment: String,

    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}
