//! `azml run ...`.

use std::path::PathBuf;

use azml::datastore::AccessMode;
use clap::{Args, Subcommand};

use super::workspace::WorkspaceTarget;

/// Training runs with the data of datastores.
#[derive(Args, Debug)]
#[command(
    long_about = "Training runs with the data of an Azure Machine Learning workspace.\n\n\
        A run gets a copy of the source directory, its inputs are downloaded before its script \
        starts, and its outputs are uploaded when the script has ended well.\n\n\
        Runs of this machine are listed and shown without --of; those of the workspace by the \
        experiment that they belong to.",
    after_help = "Examples:\n  \
        azml run submit train.py --input photos:train=download --output models:out=upload\n  \
        azml run submit train.py --target cpu-cluster --input photos:train=download\n  \
        azml run list\n  \
        azml run logs train_1700000000_0a1b2c3d --of train"
)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) workspace: WorkspaceTarget,
    /// Directory that holds the runs of this machine
    /// [default: azureml_runs in the directory for temporary files]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) runs_dir: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: RunCommand,
}

/// What to do with runs.
#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// Carry out a script with its data
    #[command(
        long_about = "Carries out a script with its data and shows what it prints.\n\n\
            Data is named [NAME=]DATASTORE[:PATH]=MODE[:LOCAL]. The script finds it at the path in the \
            variable AZUREML_DATAREFERENCE_NAME; the text $AZUREML_DATAREFERENCE_NAME in its arguments \
            becomes that path. Without NAME it is the datastore and the path with underscores between \
            them. LOCAL is a path below the script's directory. Ctrl-C ends the run in order.",
        after_help = "Examples:\n  \
            azml run submit train.py --target local --input photos:train=download --output models:out=upload\n  \
            azml run submit train.py --source-dir ./code --input data=photos:train=download \\\n      \
            -- --data '$AZUREML_DATAREFERENCE_data' --epochs 3"
    )]
    Submit(SubmitArgs),
    /// List the runs
    #[command(after_help = "Examples:\n  azml run list\n  azml run list --of train --output json")]
    List(OfArgs),
    /// Show a run
    #[command(after_help = "Examples:\n  azml run show train_1700000000_0a1b2c3d")]
    Show(RunIdArgs),
    /// Print what a run's script has printed
    #[command(after_help = "Examples:\n  azml run logs train_1700000000_0a1b2c3d")]
    Logs(RunIdArgs),
    /// End a run
    #[command(after_help = "Examples:\n  azml run cancel train_1700000000_0a1b2c3d")]
    Cancel(RunIdArgs),
}

/// Whose runs.
#[derive(Args, Debug)]
pub(crate) struct OfArgs {
    /// Experiment of the workspace [default: the runs of this machine]
    #[arg(long, value_name = "EXPERIMENT")]
    pub(crate) of: Option<String>,
}

/// A run.
#[derive(Args, Debug)]
pub(crate) struct RunIdArgs {
    /// The run's id
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) whose: OfArgs,
}

/// What to carry out.
#[derive(Args, Debug)]
pub(crate) struct SubmitArgs {
    /// Script, relative to the source directory
    pub(crate) script: String,
    /// Where it is carried out: local is this machine, other names are compute targets of the
    /// workspace
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub(crate) target: String,
    /// Directory with the code; files that .amlignore or .gitignore names stay behind
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) source_dir: PathBuf,
    /// Experiment that the run belongs to [default: the script's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<String>,
    /// Data that the script reads (repeatable)
    #[arg(long, value_name = "DATA", value_parser = parse_data)]
    pub(crate) input: Vec<Data>,
    /// Data that the script leaves (repeatable)
    #[arg(long, value_name = "DATA", value_parser = parse_data)]
    pub(crate) output_data: Vec<Data>,
    /// Replace what is there already, on both sides
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Upload outputs although the script failed; on this machine only
    #[arg(long)]
    pub(crate) upload_on_failure: bool,
    /// Do not check what the target can do with the data; on this machine only
    #[arg(long)]
    pub(crate) any_access: bool,
    /// Environment variable of the script (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub(crate) env: Vec<(String, String)>,
    /// Python interpreter on this machine [default: python, else python3]
    #[arg(long, value_name = "FILE")]
    pub(crate) python: Option<PathBuf>,
    /// Seconds that the script may take [default: 30 days]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) max_seconds: Option<u64>,
    /// Arguments of the script, after --
    #[arg(last = true, value_name = "ARG")]
    pub(crate) args: Vec<String>,
}

/// Data of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Data {
    pub(crate) name: String,
    pub(crate) datastore: String,
    pub(crate) path: Option<String>,
    pub(crate) mode: AccessMode,
    pub(crate) local: Option<String>,
}

/// Reads `[NAME=]DATASTORE[:PATH]=MODE[:LOCAL]`.
fn parse_data(text: &str) -> Result<Data, String> {
    let form = || "expected [NAME=]DATASTORE[:PATH]=MODE[:LOCAL]".to_owned();
    let parts: Vec<&str> = text.split('=').collect();
    let (name, from, how) = match parts.as_slice() {
        [from, how] => (None, *from, *how),
        [name, from, how] => (Some(*name), *from, *how),
        _ => return Err(form()),
    };
    let (datastore, path) = match from.split_once(':') {
        Some((datastore, path)) => (datastore, Some(path)),
        None => (from, None),
    };
    let (mode, local) = match how.split_once(':') {
        Some((mode, local)) => (mode, Some(local.to_owned())),
        None => (how, None),
    };
    if datastore.is_empty() || name == Some("") || local.as_deref() == Some("") {
        return Err(form());
    }
    let mode = match mode {
        "mount" => AccessMode::Mount,
        "download" => AccessMode::Download,
        "upload" => AccessMode::Upload,
        other => {
            return Err(format!(
                "'{other}' is no mode; use mount, download or upload"
            ));
        }
    };
    let path = path
        .map(|path| path.trim_matches('/').to_owned())
        .filter(|path| !path.is_empty());
    let usual = || {
        let joined = match &path {
            Some(path) => format!("{datastore}_{path}"),
            None => datastore.to_owned(),
        };
        joined.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
    };
    Ok(Data {
        name: name.map_or_else(usual, str::to_owned),
        datastore: datastore.to_owned(),
        path,
        mode,
        local,
    })
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_read() {
        let data = parse_data("photos:train/2024=download").unwrap();
        assert_eq!(data.name, "photos_train_2024");
        assert_eq!(data.path.as_deref(), Some("train/2024"));
        assert_eq!((data.mode, data.local), (AccessMode::Download, None));
        let data = parse_data("out=models=upload:result/dir").unwrap();
        assert_eq!((data.name.as_str(), data.path), ("out", None));
        assert_eq!(data.local.as_deref(), Some("result/dir"));
        for bad in [
            "photos",
            "photos=copy",
            "=mount",
            "a=b=c=mount",
            "=photos=mount",
            "photos=mount:",
        ] {
            assert!(parse_data(bad).is_err(), "{bad}");
        }
        assert!(parse_variable("A").is_err());
    }
}
