//! `azml login`, `azml logout` and `azml account`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Sign in to the directory.
#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    /// Tenant: its id or a domain of it [env: AZML_TENANT_ID] [default: organizations]
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,

    /// Application to sign in through [default: the one that Azure's tools share]
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// Sign in with this user's password instead of a device code
    #[arg(long, value_name = "NAME", requires = "password")]
    pub(crate) username: Option<String>,

    /// Read the password from standard input
    #[arg(long, group = "password", requires = "username")]
    pub(crate) password_stdin: bool,

    /// Read the password from a file
    #[arg(long, value_name = "FILE", group = "password", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
}

/// Sign out.
#[derive(Args, Debug)]
pub(crate) struct LogoutArgs {
    /// Of every directory, not only of the one in use
    #[arg(long)]
    pub(crate) all: bool,
}

/// Who is signed in.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Show who the commands act for, and where that was found
    #[command(after_help = "Examples:\n  azml account show\n  azml account show --output json")]
    Show,
}
