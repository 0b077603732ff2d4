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
    /// List a directory, or the paths that match a pattern
    #[command(after_help = "Examples:\n  azml adls ls / --store mylake\n  \
        azml adls ls '/data/2020-*/*.csv' --store mylake\n\n\
        In a pattern, * stands for any characters of a name, ? for one, [a-z] for one of them; none for a slash.")]
    Ls(PathArgs),
    /// Show what is at and below a path: directories, files, bytes
    #[command(after_help = "Examples:\n  azml adls du /data --store mylake\n  \
        azml adls du /data --each --store mylake")]
    Du {
        #[command(flatten)]
        at: PathArgs,
        /// The bytes of each entry of the directory
        #[arg(long)]
        each: bool,
    },
    /// Make a directory and those above it
    #[command(after_help = "Examples:\n  azml adls mkdir /data/raw --store mylake")]
    Mkdir(PathArgs),
    /// Copy a local file or directory into the store
    #[command(after_help = "Examples:\n  \
        azml adls put iris.csv /data/iris.csv --store mylake --overwrite\n  \
        azml adls put ./images /images --store mylake\n\n\
        A target appears whole or not at all. What an interrupted transfer had sent is not sent again.")]
    Put {
        /// Local file or directory, `-` for standard input
        source: PathBuf,
        /// File or directory in the store
        target: String,
        #[command(flatten)]
        transfer: TransferArgs,
        #[command(flatten)]
        store: InStore,
    },
    /// Copy a file or directory of the store to this machine
    #[command(after_help = "Examples:\n  \
        azml adls get /data.csv data.csv --store mylake\n  \
        azml adls get /images ./images --store mylake\n\n\
        A target appears whole or not at all. What an interrupted transfer had fetched is not fetched again.")]
    Get {
        /// File or directory in the store
        source: String,
        /// Local file or directory
        target: PathBuf,
        #[command(flatten)]
        transfer: TransferArgs,
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
    /// Put files together into one; the sources are gone then
    #[command(
        after_help = "Examples:\n  azml adls concat /all.csv /part-0.csv /part-1.csv --store mylake"
    )]
    Concat {
        /// File that gets their content; made when it is not there, else it goes on behind its own
        target: String,
        /// Files, in order
        #[arg(required = true)]
        sources: Vec<String>,
        #[command(flatten)]
        store: InStore,
    },
    /// Set when a file goes by itself
    #[command(after_help = "Examples:\n  \
        azml adls expire /tmp/x.csv --after-seconds 3600 --store mylake\n  \
        azml adls expire /tmp/x.csv --never --store mylake")]
    Expire {
        /// File
        path: String,
        /// Seconds from now
        #[arg(
            long,
            value_name = "N",
            required_unless_present = "never",
            conflicts_with = "never"
        )]
        after_seconds: Option<u64>,
        /// Not at all
        #[arg(long)]
        never: bool,
        #[command(flatten)]
        store: InStore,
    },
    /// Show the access control of a path, or change it
    #[command(after_help = "Examples:\n  \
        azml adls acl /data --store mylake\n  \
        azml adls acl /data --add user:OBJECT_ID:r-x --recursive --store mylake\n  \
        azml adls acl /data --set user::rwx,group::r-x,other::--- --store mylake\n  \
        azml adls acl /data --mode 750 --store mylake")]
    Acl(AclArgs),
}

/// Access control of a path.
#[derive(Args, Debug)]
pub(crate) struct AclArgs {
    /// File or directory
    pub(crate) path: String,
    /// Replace the entries
    #[arg(long, value_name = "SPEC", conflicts_with_all = ["add", "remove"])]
    pub(crate) set: Option<String>,
    /// Add entries, or change those that are there
    #[arg(long, value_name = "SPEC")]
    pub(crate) add: Option<String>,
    /// Remove entries; SPEC has no permissions: user:OBJECT_ID,default:group:OBJECT_ID
    #[arg(long, value_name = "SPEC")]
    pub(crate) remove: Option<String>,
    /// Remove all entries but owner's, group's and others'
    #[arg(long)]
    pub(crate) clear: bool,
    /// Change everything below too; files get what is not for `default:`
    #[arg(long, short)]
    pub(crate) recursive: bool,
    /// Set the permission, octal
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<String>,
    /// Give it to another owner
    #[arg(long, value_name = "OBJECT_ID")]
    pub(crate) owner: Option<String>,
    /// Give it to another group
    #[arg(long, value_name = "OBJECT_ID")]
    pub(crate) group: Option<String>,
    #[command(flatten)]
    pub(crate) store: InStore,
}

/// How files are moved.
#[derive(Args, Clone, Debug)]
pub(crate) struct TransferArgs {
    /// Replace files that are there; else one that is there stops the transfer before it begins
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// How many parts of files move at once
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub(crate) parallel: usize,
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
