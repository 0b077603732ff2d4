//! The command line as types: names, help texts and examples.
//!
//! Holds no behaviour beyond what clap needs to parse a value; `commands`
//! does the work. Completions and man pages are made from these types alone.

pub(crate) mod adla;
pub(crate) mod adla_account;
pub(crate) mod adls;
pub(crate) mod catalog;
pub(crate) mod datastore;
mod doctor;
mod emulator;
pub(crate) mod login;
mod profile;
mod quickstart;
pub(crate) mod run;
pub(crate) mod sql;
pub(crate) mod studio;
mod usql;
pub(crate) mod workspace;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

pub(crate) use datastore::DatastoreArgs;
pub(crate) use doctor::DoctorArgs;
pub(crate) use emulator::{CaArgs, EmulatorCommand, ExecArgs, HostsArgs, LocationArgs};
#[cfg(feature = "engine")]
pub(crate) use emulator::{DataLakeArgs, DirectoryArgs, ResetArgs, StartArgs};
pub(crate) use profile::{AddArgs, ProfileCommand};
pub(crate) use quickstart::QuickstartArgs;
pub(crate) use run::RunArgs;
pub(crate) use studio::StudioArgs;
pub(crate) use usql::UsqlCommand;
#[cfg(feature = "engine")]
pub(crate) use usql::{CheckArgs, ExplainArgs, FmtArgs, ScriptArgs, UsqlRunArgs};
pub(crate) use workspace::WorkspaceArgs;

use crate::output::Format;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "azml",
    version,
    about = "Azure's machine-learning data services, with the cloud or without it",
    long_about = "Azure's machine-learning data services, with the cloud or without it.\n\n\
        Every setting is looked up in this order: flag, AZML_* environment variable, \
        profile (~/.config/azml/config.toml), the service's own settings file, default.",
    after_help = "Examples:\n  \
        azml quickstart                          every service in turn, no account needed\n  \
        azml emulator start                      run the services on this machine\n  \
        azml studio datasets list                work with them\n  \
        azml emulator exec -- python script.py   run an unmodified client against them\n\n\
        Exit status: 0 done, 1 failed, 2 wrong usage (quickstart: some steps were skipped).",
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command understands.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct GlobalArgs {
    /// Profile to take settings from (see `azml profile list`)
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Form of the data on standard output: table, json or csv
    /// (`studio datasets read` also takes parquet=FILE)
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "table",
        hide_default_value = true
    )]
    pub(crate) output: Format,

    /// PEM file with certificate authorities to trust besides the system's
    /// [env: AZML_CA_BUNDLE]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Say more on standard error: -v what is done, -vv requests, -vvv everything
    /// [env: AZML_LOG=FILTER]
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Try every service on real data, with nothing configured
    Quickstart(QuickstartArgs),
    /// Run the services on this machine
    #[command(subcommand)]
    Emulator(EmulatorCommand),
    /// Datasets and experiments of Azure ML Studio (classic)
    Studio(StudioArgs),
    /// Data Lake Analytics: accounts, U-SQL jobs, compute policies
    #[command(subcommand)]
    Adla(adla::AdlaCommand),
    /// Data Lake Store (Gen1): accounts and files
    #[command(subcommand)]
    Adls(adls::AdlsCommand),
    /// SQL Server: functions that run at the data, tables, queries
    #[command(subcommand)]
    Sql(sql::SqlCommand),
    /// Resource groups
    #[command(subcommand)]
    Group(adls::GroupCommand),
    /// Sign in to the directory, with a code on another device or with a password
    #[command(after_help = "Examples:\n  \
        azml login\n  \
        azml login --tenant contoso.com\n  \
        azml login --username me@contoso.com --password-file password.txt\n\n\
        The tokens are kept in ~/.config/azml/sessions.json, readable by you only, and renewed when they are used. \
        Credentials of AZML_* environment variables go before them, those of a profile behind them.")]
    Login(login::LoginArgs),
    /// Sign out: forget the tokens
    #[command(after_help = "Examples:\n  azml logout\n  azml logout --all")]
    Logout(login::LogoutArgs),
    /// Who is signed in
    #[command(subcommand)]
    Account(login::AccountCommand),
    /// Print a bearer token of the directory
    #[command(after_help = "Examples:\n  \
        azml token\n  \
        azml token --scope https://datalake.azure.net//.default --output json\n\n\
        The credential comes from AZML_TENANT_ID with AZML_CLIENT_ID and AZML_CLIENT_SECRET, else \
        from AZML_USERNAME and AZML_PASSWORD, else from AZML_TOKEN; then from azml login, from the profile, and \
        at last from AZURE_* variables, managed identity, az or azd.")]
    Token {
        /// What the token is for
        #[arg(
            long,
            value_name = "SCOPE",
            default_value = "https://management.azure.com/.default"
        )]
        scope: String,
    },
    /// Azure Machine Learning workspaces
    Workspace(WorkspaceArgs),
    /// Datastores of a workspace, and the files in them
    Datastore(DatastoreArgs),
    /// Training runs with the data of datastores
    Run(RunArgs),
    /// U-SQL scripts on this machine
    #[command(subcommand)]
    Usql(UsqlCommand),
    /// Named sets of settings
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Check endpoint, clock, certificates and credential, and say how to mend them
    Doctor(DoctorArgs),
    /// Print a completion script for a shell
    #[command(after_help = "Examples:\n  \
        azml completions bash > ~/.local/share/bash-completion/completions/azml\n  \
        azml completions zsh > \"${fpath[1]}/_azml\"")]
    Completions {
        /// Shell to complete for
        shell: clap_complete::Shell,
    },
    /// Write man pages into a directory
    #[command(hide = true, after_help = "Examples:\n  azml man target/man")]
    Man {
        /// Directory to write into; made when missing
        dir: PathBuf,
    },
}

#[cfg(test)]
mod tests;
