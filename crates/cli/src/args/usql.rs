//! `azml usql ...`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// U-SQL scripts on this machine.
#[derive(Debug, Subcommand)]
pub(crate) enum UsqlCommand {
    /// Compile scripts without running them
    Check(CheckArgs),
    /// Run scripts on the files of a folder
    Run(UsqlRunArgs),
    /// Show how a script would be run
    Explain(ExplainArgs),
    /// Lay scripts out in one way
    Fmt(FmtArgs),
}

/// Compile scripts without running them.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    azml usql check report.usql\n  \
    azml usql check setup.usql report.usql --root ./lake --output json\n\n\
    Exit status: 0 every script compiles, 1 some do not.")]
pub(crate) struct CheckArgs {
    /// Scripts, in order
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) script: ScriptArgs,
    /// Folder that paths of the scripts lie in; with it, input files must exist
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
}

/// Run scripts on the files of a folder.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    azml usql run report.usql --root ./lake\n  \
    azml usql run report.usql --root ./lake --param day=2016-01-02\n\n\
    The outputs of a script appear together when it has succeeded, or not at all.\n\
    Exit status: 0 done, 1 a script does not compile or failed.")]
pub(crate) struct UsqlRunArgs {
    /// Scripts, in order; the first that fails ends the run
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) script: ScriptArgs,
    /// Folder that paths of the scripts lie in
    #[arg(long, value_name = "DIR")]
    pub(crate) root: PathBuf,
    /// Allow scripts to run their Python code, as you and with all that you may do
    #[arg(long)]
    pub(crate) allow_scripts: bool,
    /// Interpreter of that code; it needs pandas and pyarrow
    #[arg(long, value_name = "PATH", default_value = "python3")]
    pub(crate) python: PathBuf,
    /// Partitions that work side by side [default: one for each processor]
    #[arg(long, value_name = "N")]
    pub(crate) partitions: Option<usize>,
    /// Memory in MiB beyond which sorts, joins and groups use the disk
    #[arg(long, value_name = "MIB")]
    pub(crate) memory: Option<usize>,
}

/// Show how a script would be run.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  azml usql explain report.usql --root ./lake")]
pub(crate) struct ExplainArgs {
    /// The script
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) script: ScriptArgs,
    /// Folder that paths of the script lie in
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,
}

/// Lay scripts out in one way.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    azml usql fmt report.usql\n  \
    azml usql fmt --check *.usql\n\n\
    Tokens and comments stay as they are; only blanks and line ends change.\n\
    Exit status: 0 done, 1 a script does not parse, or --check found one to be laid out.")]
pub(crate) struct FmtArgs {
    /// Scripts, which are rewritten; `-` reads standard input and writes standard output
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Change nothing; name the scripts that would change
    #[arg(long)]
    pub(crate) check: bool,
}

/// What all commands know of a script.
#[derive(Args, Clone, Debug)]
pub(crate) struct ScriptArgs {
    /// Folder of the catalog [default: `_catalog_` in the root]
    #[arg(long, value_name = "DIR")]
    pub(crate) catalog: Option<PathBuf>,
    /// Value for a DECLARE EXTERNAL variable; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    /// Number that decides which rows SAMPLE chooses
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: i64,
    /// Refuse what the service refused, such as reserved words as names
    #[arg(long)]
    pub(crate) strict: bool,
}
