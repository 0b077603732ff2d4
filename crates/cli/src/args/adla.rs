//! `azml adla ...`: Data Lake Analytics accounts and jobs.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use super::adla_account::AdlaAccountCommand;
use super::catalog::CatalogCommand;

/// Data Lake Analytics: accounts, U-SQL jobs, compute policies, catalog.
#[derive(Debug, Subcommand)]
pub(crate) enum AdlaCommand {
    /// Analytics accounts
    #[command(subcommand)]
    Account(AdlaAccountCommand),
    /// Jobs: submit, wait, list, cancel
    #[command(subcommand)]
    Job(JobCommand),
    /// Compute policies: what single users and groups may ask for
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Pipelines: jobs that belong together, added up
    #[command(subcommand)]
    Pipeline(RelatedCommand),
    /// Recurrences: jobs that come again, added up
    #[command(subcommand)]
    Recurrence(RelatedCommand),
    /// The U-SQL catalog: databases, tables, views, credentials, access control
    #[command(subcommand)]
    Catalog(CatalogCommand),
}

/// Pipelines or recurrences.
#[derive(Debug, Subcommand)]
pub(crate) enum RelatedCommand {
    /// List those with a job in the last days
    #[command(after_help = "Examples:\n  \
        azml adla pipeline list --account myadla\n  \
        azml adla recurrence list --account myadla --days 7")]
    List {
        #[command(flatten)]
        jobs: JobsOf,
        /// How many days to look back, at most 30
        #[arg(long, value_name = "N", default_value_t = 30,
              value_parser = clap::value_parser!(u8).range(1..=30))]
        days: u8,
    },
    /// Show one
    #[command(after_help = "Examples:\n  azml adla pipeline show ID --account myadla")]
    Show {
        /// Its id
        id: Uuid,
        #[command(flatten)]
        jobs: JobsOf,
    },
}

/// Whose jobs.
#[derive(Args, Clone, Debug)]
pub(crate) struct JobsOf {
    /// Analytics account
    #[arg(long, value_name = "NAME")]
    pub(crate) account: String,
}

/// In which resource group.
#[derive(Args, Clone, Debug)]
pub(crate) struct InGroup {
    /// Resource group [env: AZML_RESOURCE_GROUP]
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
}

/// Jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// Submit a U-SQL script
    #[command(after_help = "Examples:\n  \
        azml adla job submit report.usql --account myadla --wait\n  \
        azml adla job submit - --account myadla < report.usql\n\n\
        With --wait the exit status is 1 when the job did not succeed.")]
    Submit(SubmitArgs),
    /// Compile a script without running it
    #[command(after_help = "Examples:\n  azml adla job build report.usql --account myadla")]
    Build {
        /// Script, `-` for standard input
        script: PathBuf,
        #[command(flatten)]
        jobs: JobsOf,
    },
    /// List jobs, the last submitted first
    #[command(after_help = "Examples:\n  \
        azml adla job list --account myadla --state running\n  \
        azml adla job list --account myadla --filter \"priority lt 100\" --order \"endTime desc\"")]
    List(ListArgs),
    /// Show a job, what the compiler found and why it failed
    #[command(after_help = "Examples:\n  azml adla job show ID --account myadla --output json")]
    Show {
        /// Job id
        id: Uuid,
        #[command(flatten)]
        jobs: JobsOf,
    },
    /// Wait until a job has ended, telling its states
    #[command(after_help = "Examples:\n  azml adla job wait ID --account myadla")]
    Wait {
        /// Job id
        id: Uuid,
        #[command(flatten)]
        jobs: JobsOf,
    },
    /// Take a running job off its units, so that others go first
    #[command(after_help = "Examples:\n  azml adla job yield ID --account myadla")]
    Yield {
        /// Job id
        id: Uuid,
        #[command(flatten)]
        jobs: JobsOf,
    },
    /// Change a job that waits
    #[command(after_help = "Examples:\n  azml adla job change ID --priority 10 --account myadla")]
    Change {
        /// Job id
        id: Uuid,
        /// Analytics units
        #[arg(long, value_name = "N", required_unless_present = "priority")]
        units: Option<u32>,
        /// Priority; smaller numbers run first
        #[arg(long, value_name = "N")]
        priority: Option<u32>,
        #[command(flatten)]
        jobs: JobsOf,
    },
    /// Show the numbers of a job by stage
    #[command(after_help = "Examples:\n  azml adla job statistics ID --account myadla")]
    Statistics {
        /// Job id
        id: Uuid,
        #[command(flatten)]
        jobs: JobsOf,
    },
    /// List the files for looking into a job
    #[command(after_help = "Examples:\n  azml adla job debug-path ID --account myadla")]
    DebugPath {
        /// Job id
        id: Uuid,
        #[command(flatten)]
        jobs: JobsOf,
    },
    /// End a job
    #[command(after_help = "Examples:\n  azml adla job cancel ID --account myadla")]
    Cancel {
        /// Job id
        id: Uuid,
        #[command(flatten)]
        jobs: JobsOf,
    },
}

/// What to submit.
#[derive(Args, Debug)]
pub(crate) struct SubmitArgs {
    /// Script, `-` for standard input
    pub(crate) script: PathBuf,
    #[command(flatten)]
    pub(crate) jobs: JobsOf,
    /// Name of the job [default: the script's file name]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Analytics units
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) units: u32,
    /// Priority; smaller numbers run first
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) priority: u32,
    /// Wait for the end, telling the states
    #[arg(long)]
    pub(crate) wait: bool,
}

/// Which jobs.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) jobs: JobsOf,
    /// Only jobs in this state
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// Only jobs with this name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Only jobs of this submitter
    #[arg(long, value_name = "NAME")]
    pub(crate) submitter: Option<String>,
    /// A condition in the service's own words (OData)
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
    /// The order in the service's own words (OData)
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) order: Option<String>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) top: usize,
}

/// Compute policies.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Create a policy, or replace it
    #[command(after_help = "Examples:\n  \
        azml adla policy set gary --account myadla --object-id ID --units 50 --priority 250")]
    Set {
        /// Name of the policy
        name: String,
        /// Object id of the user, group or application in the directory
        #[arg(long, value_name = "ID")]
        object_id: Uuid,
        /// What the object is
        #[arg(long, value_enum, default_value_t)]
        object_type: ObjectTypeArg,
        /// Most analytics units of one job
        #[arg(long, value_name = "N", required_unless_present = "priority")]
        units: Option<u32>,
        /// Smallest priority number, which is the highest priority
        #[arg(long, value_name = "N")]
        priority: Option<u32>,
        #[command(flatten)]
        of: PolicyOf,
    },
    /// List the policies of an account
    #[command(after_help = "Examples:\n  azml adla policy list --account myadla")]
    List {
        #[command(flatten)]
        of: PolicyOf,
    },
    /// Delete a policy
    #[command(after_help = "Examples:\n  azml adla policy delete gary --account myadla")]
    Delete {
        /// Name of the policy
        name: String,
        #[command(flatten)]
        of: PolicyOf,
    },
}

/// Whose policies.
#[derive(Args, Clone, Debug)]
pub(crate) struct PolicyOf {
    /// Analytics account
    #[arg(long, value_name = "NAME")]
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) group: InGroup,
}

/// What a policy is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ObjectTypeArg {
    /// A user
    #[default]
    User,
    /// A group
    Group,
    /// An application
    ServicePrincipal,
}
