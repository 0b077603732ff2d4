//! `azml adla account ...`: analytics accounts and what belongs to them.

use std::path::PathBuf;

use clap::Subcommand;

use super::adla::{InGroup, PolicyOf};

/// Analytics accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum AdlaAccountCommand {
    /// Create an account and wait until it can be used
    #[command(after_help = "Examples:\n  azml adla account create myadla --store mylake")]
    Create {
        /// Name: 3 to 24 lower-case letters and digits
        name: String,
        /// Its default Data Lake Store account
        #[arg(long, value_name = "NAME")]
        store: String,
        /// Where it is
        #[arg(long, default_value = "eastus2")]
        location: String,
        #[command(flatten)]
        group: InGroup,
    },
    /// List the accounts of the subscription
    #[command(after_help = "Examples:\n  azml adla account list --output json")]
    List,
    /// Show an account with its limits
    #[command(after_help = "Examples:\n  azml adla account show myadla")]
    Show {
        /// Name
        name: String,
        #[command(flatten)]
        group: InGroup,
    },
    /// Change the limits of an account
    #[command(after_help = "Examples:\n  azml adla account limit myadla --units 15 --jobs 2")]
    Limit {
        /// Name
        name: String,
        /// Most analytics units that run at once
        #[arg(long, value_name = "N")]
        units: Option<u32>,
        /// Most analytics units of one job
        #[arg(long, value_name = "N")]
        units_per_job: Option<u32>,
        /// Most jobs that run at once
        #[arg(long, value_name = "N")]
        jobs: Option<u32>,
        #[command(flatten)]
        group: InGroup,
    },
    /// Say whether an account of this name could be created
    #[command(after_help = "Examples:\n  azml adla account check-name myadla")]
    CheckName {
        /// Name
        name: String,
        /// Where it would be
        #[arg(long, default_value = "eastus2")]
        location: String,
    },
    /// Addresses that may reach an account while its firewall is on
    #[command(subcommand)]
    Firewall(FirewallCommand),
    /// Data Lake Stores that an account uses
    #[command(subcommand)]
    Store(StoreLinkCommand),
    /// Storage accounts (blobs) that an account uses
    #[command(subcommand)]
    Storage(StorageLinkCommand),
    /// Delete an account with its jobs
    #[command(after_help = "Examples:\n  azml adla account delete myadla --yes")]
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

/// Firewall rules.
#[derive(Debug, Subcommand)]
pub(crate) enum FirewallCommand {
    /// Create a rule, or replace it
    #[command(after_help = "Examples:\n  \
        azml adla account firewall set office --account myadla --from 10.0.0.1 --to 10.0.0.255")]
    Set {
        /// Name of the rule
        name: String,
        /// First address
        #[arg(long, value_name = "ADDRESS")]
        from: std::net::Ipv4Addr,
        /// Last address
        #[arg(long, value_name = "ADDRESS")]
        to: std::net::Ipv4Addr,
        #[command(flatten)]
        of: PolicyOf,
    },
    /// List the rules of an account
    #[command(after_help = "Examples:\n  azml adla account firewall list --account myadla")]
    List {
        #[command(flatten)]
        of: PolicyOf,
    },
    /// Delete a rule
    #[command(
        after_help = "Examples:\n  azml adla account firewall delete office --account myadla"
    )]
    Delete {
        /// Name of the rule
        name: String,
        #[command(flatten)]
        of: PolicyOf,
    },
}

/// Links to Data Lake Stores.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreLinkCommand {
    /// Let an account use a store
    #[command(after_help = "Examples:\n  azml adla account store add otherlake --account myadla")]
    Add {
        /// Name of the store
        name: String,
        #[command(flatten)]
        of: PolicyOf,
    },
    /// List the stores that an account uses
    #[command(after_help = "Examples:\n  azml adla account store list --account myadla")]
    List {
        #[command(flatten)]
        of: PolicyOf,
    },
    /// Let an account use a store no more; the store stays
    #[command(
        after_help = "Examples:\n  azml adla account store remove otherlake --account myadla"
    )]
    Remove {
        /// Name of the store
        name: String,
        #[command(flatten)]
        of: PolicyOf,
    },
}

/// Links to storage accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum StorageLinkCommand {
    /// Let an account use a storage account, or give it the account's new key
    #[command(after_help = "Examples:\n  \
        azml adla account storage add photos --key-file key.txt --account myadla")]
    Add {
        /// Name of the storage account
        name: String,
        /// File with the storage account's key, `-` for standard input
        #[arg(long, value_name = "FILE")]
        key_file: PathBuf,
        #[command(flatten)]
        of: PolicyOf,
    },
    /// List the storage accounts that an account uses
    #[command(after_help = "Examples:\n  azml adla account storage list --account myadla")]
    List {
        #[command(flatten)]
        of: PolicyOf,
    },
    /// List the containers of a linked storage account
    #[command(
        after_help = "Examples:\n  azml adla account storage containers photos --account myadla"
    )]
    Containers {
        /// Name of the storage account
        name: String,
        #[command(flatten)]
        of: PolicyOf,
    },
    /// Let an account use a storage account no more; the storage account stays
    #[command(after_help = "Examples:\n  azml adla account storage remove photos --account myadla")]
    Remove {
        /// Name of the storage account
        name: String,
        #[command(flatten)]
        of: PolicyOf,
    },
}
