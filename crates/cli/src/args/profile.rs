//! `azml profile ...`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Named sets of settings.
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Add a profile, or change settings of one
    #[command(after_help = "Examples:\n  \
        azml profile add work --set studio_workspace=0a1b2c3d4e5f60718293a4b5c6d7e8f9 \\\n      \
            --set-file studio_token=token.txt\n  \
        printenv STUDIO_TOKEN | azml profile add work --set-stdin studio_token\n  \
        azml profile add ci --env-file emulator.env")]
    Add(AddArgs),
    /// List the profiles
    #[command(after_help = "Examples:\n  azml profile list\n  azml profile list --output json")]
    List,
    /// Show the settings of a profile; secrets stay hidden
    #[command(after_help = "Examples:\n  azml profile show\n  azml profile show work")]
    Show(ShowArgs),
    /// Make a profile the one that is used when none is named
    #[command(after_help = "Examples:\n  azml profile use work")]
    Use(UseArgs),
    /// Remove a profile
    #[command(after_help = "Examples:\n  azml profile remove work")]
    Remove(RemoveArgs),
}

/// Add a profile, or change settings of one.
#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// Name of the profile: letters, digits, `-` and `_`
    pub(crate) name: String,

    /// A setting that is no secret; NAME is an AZML_* name, with or without the prefix,
    /// in either case
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,

    /// A setting whose value is the content of a file, without the last line end
    #[arg(long, value_name = "NAME=FILE")]
    pub(crate) set_file: Vec<String>,

    /// A setting whose value is read from standard input, without the last line end
    #[arg(long, value_name = "NAME")]
    pub(crate) set_stdin: Option<String>,

    /// Take over every AZML_* line of a file that `azml emulator start --env-file` wrote
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
}

/// Show the settings of a profile.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// Name of the profile [default: the one in use]
    pub(crate) name: Option<String>,
}

/// Make a profile the one in use.
#[derive(Args, Debug)]
pub(crate) struct UseArgs {
    /// Name of the profile
    pub(crate) name: String,
}

/// Remove a profile.
#[derive(Args, Debug)]
pub(crate) struct RemoveArgs {
    /// Name of the profile
    pub(crate) name: String,
}
