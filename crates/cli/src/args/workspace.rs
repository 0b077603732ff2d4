//! `azml workspace ...`, and which workspace the datastore commands speak of.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Which Azure Machine Learning workspace.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Workspace")]
pub(crate) struct WorkspaceTarget {
    /// Name of the workspace [env: AZML_WORKSPACE, else config.json here or above]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) workspace: Option<String>,

    /// Resource group of the workspace [env: AZML_RESOURCE_GROUP]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) resource_group: Option<String>,

    /// Subscription of the workspace [env: AZML_SUBSCRIPTION_ID]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) subscription: Option<String>,
}

/// Azure Machine Learning workspaces.
#[derive(Args, Debug)]
#[command(
    long_about = "Azure Machine Learning workspaces.\n\n\
        The workspace comes from flags, AZML_* variables, the profile, or a config.json here or in \
        a directory above, in this order. The credential comes from AZML_TOKEN, or from \
        AZML_TENANT_ID, AZML_CLIENT_ID and AZML_CLIENT_SECRET.",
    after_help = "Examples:\n  \
        azml workspace show\n  \
        azml workspace write-config"
)]
pub(crate) struct WorkspaceArgs {
    #[command(flatten)]
    pub(crate) target: WorkspaceTarget,
    #[command(subcommand)]
    pub(crate) command: WorkspaceCommand,
}

/// What to do with a workspace.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkspaceCommand {
    /// Make a workspace with its system datastores
    #[command(after_help = "Examples:\n  \
        azml workspace create --workspace ml --resource-group azml --location eastus2\n  \
        azml workspace create --workspace ml --location eastus2 --exist-ok")]
    Create(CreateArgs),
    /// List the workspaces of the subscription, or of one resource group
    #[command(after_help = "Examples:\n  \
        azml workspace list\n  \
        azml workspace list --resource-group azml --output json")]
    List,
    /// Show what is known about the workspace
    #[command(after_help = "Examples:\n  \
        azml workspace show\n  \
        azml workspace show --output json")]
    Show,
    /// Write .azureml/config.json, so that clients find the workspace from here
    #[command(after_help = "Examples:\n  \
        azml workspace write-config\n  \
        azml workspace write-config --dir notebooks")]
    WriteConfig(WriteConfigArgs),
}

/// Make a workspace.
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// Region
    #[arg(long, value_name = "NAME")]
    pub(crate) location: String,

    /// Name to show [default: the workspace's name]
    #[arg(long, value_name = "TEXT")]
    pub(crate) friendly_name: Option<String>,

    /// Resource id of its storage account [the emulator uses its own]
    #[arg(long, value_name = "ID")]
    pub(crate) storage_account: Option<String>,

    /// Resource id of its key vault
    #[arg(long, value_name = "ID")]
    pub(crate) key_vault: Option<String>,

    /// Resource id of its Application Insights
    #[arg(long, value_name = "ID")]
    pub(crate) application_insights: Option<String>,

    /// Resource id of its container registry
    #[arg(long, value_name = "ID")]
    pub(crate) container_registry: Option<String>,

    /// Take one that is there already as it is
    #[arg(long)]
    pub(crate) exist_ok: bool,
}

/// Write the configuration file.
#[derive(Args, Debug)]
pub(crate) struct WriteConfigArgs {
    /// Directory to write below
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
}
