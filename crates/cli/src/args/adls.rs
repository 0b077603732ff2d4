//! `azml adls ...` and `azml group ...`: Data Lake Store (Gen1) accounts and files, resource groups.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::adla::InGroup;

/// Data Lake Store (Gen1): accounts and files.
#[derive(Debug, Subcommand)]
pub(crate) enum AdlsCommand {
    /// Store accounts
    #[command(subcommand)]
    Account(AdlsAccountCommand),
    /// List a directory
    #[command(after_help = "Examples:\n  azml adls ls / --store mylake")]
    Ls(PathArgs),
    /// Show what is at and below a path: directories, files, bytes
    #[command(after_help = "Examples:\n  azml adls du /data --store mylake")]
    Du(PathArgs),
    /// Make a directory and those above it
    #[command(after_help = "Examples:\n  azml adls mkdir /data/raw --store mylake")]
    Mkdir(PathArgs),
    /// Copy a local file into the store
    #[command(
        after_help = "Examples:\n  azml adls put iris.csv /data/iris.csv --store mylake --overwrite"
    )]
    Put {
        /// Local file, `-` for standard input
        source: PathBuf,
        /// File in the store
        target: String,
        /// Replace a file that is there
        #[arg(long)]
        overwrite: bool,
        #[command(flatten)]
        store: InStore,
    },
    /// Copy a file of the store to a local one
    #[command(after_help = "Examples:\n  azml adls get /data.csv data.csv --store mylake")]
    Get {
        /// File in the store
        source: String,
        /// Local file
        target: PathBuf,
        /// Replace a file that is there
        #[arg(long)]
        overwrite: bool,
        #[command(flatten)]
        store: InStore,
    },
    /// Print a file
    #[command(after_help = "Examples:\n  azml adls cat /data.csv --store mylake")]
    Cat(PathArgs),
    /// Delete a file or a directory
    #[command(after_help = "Examples:\n  azml adls rm /data --recursive --store mylake")]
    Rm {
        /// What to delete
        path: String,
        /// With everything below
        #[arg(long, short)]
        recursive: bool,
        #[command(flatten)]
        store: InStore,
    },
    /// Move a file or directory; an existing directory takes it in
    #[command(after_help = "Examples:\n  azml adls mv /data.csv /archive/ --store mylake")]
    Mv {
        /// What to move
        source: String,
        /// Where to
        target: String,
        #[command(flatten)]
        store: InStore,
    },
    /// Show the access control of a path, or change it
    #[command(after_help = "Examples:\n  \
        azml adls acl /data --store mylake\n  \
        azml adls acl /data --add user:OBJECT_ID:r-x --store mylake\n  \
        azml adls acl /data --set user::rwx,group::r-x,other::--- --store mylake")]
    Acl {
        /// File or directory
        path: String,
        /// Replace the entries
        #[arg(long, value_name = "SPEC", conflicts_with = "add")]
        set: Option<String>,
        /// Add entries, or change those that are there
        #[arg(long, value_name = "SPEC")]
        add: Option<String>,
        #[command(flatten)]
        store: InStore,
    },
}

/// Which store.
#[derive(Args, Clone, Debug)]
pub(crate) struct InStore {
    /// Data Lake Store account
    #[arg(long, value_name = "NAME")]
    pub(crate) store: String,
}

/// A path in a store.
#[derive(Args, Clone, Debug)]
pub(crate) struct PathArgs {
    /// Path in the store
    pub(crate) path: String,
    #[command(flatten)]
    pub(crate) store: InStore,
}

/// Store accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum AdlsAccountCommand {
    /// Create an account and wait until it can be used
    #[command(after_help = "Examples:\n  azml adls account create mylake")]
    Create {
        /// Name: 3 to 24 lower-case letters and digits
        name: String,
        /// Where it is
        #[arg(long, default_value = "eastus2")]
        location: String,
        #[command(flatten)]
        group: InGroup,
    },
    /// List the accounts of the subscription
    #[command(after_help = "Examples:\n  azml adls account list")]
    List,
    /// Show an account
    #[command(after_help = "Examples:\n  azml adls account show mylake")]
    Show {
        /// Name
        name: String,
        #[command(flatten)]
        group: InGroup,
    },
    /// Delete an account with its files
    #[command(after_help = "Examples:\n  azml adls account delete mylake --yes")]
    Delete {
        /// Name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        group: InGroup,
    },
}

/// Resource groups.
#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// Create a resource group, or confirm the one that is there
    #[command(after_help = "Examples:\n  azml group create reports --location eastus2")]
    Create {
        /// Name
        name: String,
        /// Where it is
        #[arg(long, default_value = "eastus2")]
        location: String,
    },
    /// List the resource groups of the subscription
    #[command(after_help = "Examples:\n  azml group list")]
    List,
    /// Show a resource group
    #[command(after_help = "Examples:\n  azml group show reports")]
    Show {
        /// Name
        name: String,
    },
    /// Delete a resource group with everything in it
    #[command(after_help = "Examples:\n  azml group delete reports --yes")]
    Delete {
        /// Name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}
