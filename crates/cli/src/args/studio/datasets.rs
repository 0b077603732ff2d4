//! `azml studio datasets ...`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DestinationArgs, FrameArgs, Language, Scope};

/// Datasets of a workspace.
#[derive(Debug, Subcommand)]
pub(crate) enum DatasetsCommand {
    /// List the datasets
    #[command(after_help = "Examples:\n  \
        azml studio datasets list\n  \
        azml studio datasets list --scope user --output csv")]
    List(ListArgs),
    /// Show everything that is known about a dataset
    #[command(after_help = "Examples:\n  \
        azml studio datasets show iris\n  \
        azml studio datasets show --index -1 --output json")]
    Show(ShowArgs),
    /// Read a dataset as a frame: print it, save it, or draw a column
    #[command(after_help = "Examples:\n  \
        azml studio datasets read iris --head 5\n  \
        azml studio datasets read iris --output csv > iris.csv\n  \
        azml studio datasets read iris --output parquet=iris.parquet\n  \
        azml studio datasets read anes96 --histogram age --save age.svg")]
    Read(ReadArgs),
    /// Download a dataset's bytes as they are
    #[command(after_help = "Examples:\n  \
        azml studio datasets download iris --to iris.csv\n  \
        azml studio datasets download iris --to - | head")]
    Download(DownloadArgs),
    /// Add a dataset from a file
    #[command(
        long_about = "Adds a dataset from a file. The bytes go up as they are; a .parquet file is \
            read as a frame and written as the given type. A dataset with the same name is never \
            overwritten: use `update`.",
        after_help = "Examples:\n  \
            azml studio datasets add iris iris.csv --description \"Anderson's iris\"\n  \
            azml studio datasets add survey survey.parquet --type GenericTSV\n  \
            generate | azml studio datasets add stream - --type PlainText"
    )]
    Add(AddArgs),
    /// Replace a dataset's data, and its type, name or description when given
    #[command(after_help = "Examples:\n  \
        azml studio datasets update iris iris-2.csv\n  \
        azml studio datasets update iris iris-2.csv --name \"iris, corrected\" --description fixed")]
    Update(UpdateArgs),
    /// Delete a dataset with all its versions
    #[command(after_help = "Examples:\n  azml studio datasets delete \"iris copy\" --yes")]
    Delete(DeleteArgs),
    /// Save an experiment's intermediate output as a dataset
    #[command(after_help = "Examples:\n  \
        azml studio datasets promote EXPERIMENT NODE \"Results dataset\" sample --type GenericCSV")]
    Promote(PromoteArgs),
    /// Print the code that reads a dataset
    #[command(
        long_about = "Prints the code that reads a dataset, as the web page's \"Generate data \
            access code\" did. The code holds the workspace token, which gives full access.",
        after_help = "Examples:\n  \
            azml studio datasets snippet iris\n  \
            azml studio datasets snippet iris --language rust"
    )]
    Snippet(SnippetArgs),
}

/// List the datasets.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Whose datasets
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scope: Scope,
}

/// Which dataset.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// Name of the dataset, exactly
    pub(crate) name: Option<String>,

    /// Position in the list instead of a name; -1 is the last
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) index: Option<i64>,
}

/// Show a dataset.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) which: Which,
}

/// Read a dataset as a frame.
#[derive(Args, Debug)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) frame: FrameArgs,
}

/// Download a dataset's bytes.
#[derive(Args, Debug)]
pub(crate) struct DownloadArgs {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) destination: DestinationArgs,
}

/// Add a dataset from a file.
#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// Name of the new dataset
    pub(crate) name: String,

    /// File with the data, `-` for standard input
    pub(crate) file: PathBuf,

    /// Data type id [default: from the file's extension]
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) data_type: Option<String>,

    /// Description [default: the file's name]
    #[arg(long)]
    pub(crate) description: Option<String>,
}

/// Replace a dataset's data.
#[derive(Args, Debug)]
pub(crate) struct UpdateArgs {
    /// Name of the dataset, exactly
    pub(crate) dataset: String,

    /// File with the new data, `-` for standard input
    pub(crate) file: PathBuf,

    /// New data type id [default: unchanged]
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) data_type: Option<String>,

    /// New name [default: unchanged]
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// New description [default: unchanged]
    #[arg(long)]
    pub(crate) description: Option<String>,
}

/// Delete a dataset.
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    pub(crate) which: Which,

    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Save an intermediate output as a dataset.
#[derive(Args, Debug)]
pub(crate) struct PromoteArgs {
    /// Experiment id
    pub(crate) experiment: String,

    /// Node id, as `azml studio experiments outputs` lists it
    pub(crate) node: String,

    /// Output port
    pub(crate) port: String,

    /// Name of the new dataset
    pub(crate) name: String,

    /// Data type id of the output
    #[arg(long = "type", value_name = "TYPE", default_value = "GenericCSV")]
    pub(crate) data_type: String,

    /// Description
    #[arg(long, default_value = "saved from an experiment")]
    pub(crate) description: String,
}

/// Print the code that reads a dataset.
#[derive(Args, Debug)]
pub(crate) struct SnippetArgs {
    #[command(flatten)]
    pub(crate) which: Which,

    /// Language of the code
    #[arg(long, value_enum, default_value_t)]
    pub(crate) language: Language,

    /// Who asks for it: refused unless that person owns the workspace
    #[arg(long, value_name = "EMAIL")]
    pub(crate) user: Option<String>,
}
