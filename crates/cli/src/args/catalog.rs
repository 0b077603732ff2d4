//! `azml adla catalog ...`: the U-SQL catalog.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::adla::JobsOf;

/// The U-SQL catalog.
#[derive(Debug, Subcommand)]
pub(crate) enum CatalogCommand {
    /// List what is in the catalog, a database, a schema or a table
    #[command(after_help = "Examples:\n  \
        azml adla catalog list databases --account myadla\n  \
        azml adla catalog list tables --database sales --account myadla\n  \
        azml adla catalog list partitions --database sales --schema dbo --table orders --account myadla\n\n\
        Tables, views, functions and statistics of a database are of all its schemas unless --schema is given.")]
    List {
        /// What to list
        kind: EntryKind,
        #[command(flatten)]
        within: Within,
    },
    /// Show one entry whole
    #[command(after_help = "Examples:\n  \
        azml adla catalog show table orders --database sales --account myadla --output json")]
    Show {
        /// What it is
        kind: EntryKind,
        /// Its name
        name: String,
        #[command(flatten)]
        within: Within,
    },
    /// Print the first rows of a table
    #[command(
        after_help = "Examples:\n  azml adla catalog preview orders --database sales --account myadla"
    )]
    Preview {
        /// Its name
        #[arg(value_name = "TABLE")]
        name: String,
        /// At most this many
        #[arg(long, value_name = "N", default_value_t = 20)]
        rows: u64,
        #[command(flatten)]
        within: Within,
    },
    /// Credentials of external data sources
    #[command(subcommand)]
    Credential(CredentialCommand),
    /// Who may use the catalog or a database
    #[command(subcommand)]
    Acl(CatalogAclCommand),
}

/// Where in the catalog.
#[derive(Args, Clone, Debug)]
pub(crate) struct Within {
    #[command(flatten)]
    pub(crate) jobs: JobsOf,
    /// Database
    #[arg(long, value_name = "NAME", default_value = "master")]
    pub(crate) database: String,
    /// Schema [default: dbo for one entry, all schemas for lists]
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// Table, for what belongs to one
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
}

/// Kinds of entries; each can be named by its singular or its plural.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EntryKind {
    /// Databases
    #[value(name = "databases", alias = "database")]
    Databases,
    /// Schemas of a database
    #[value(name = "schemas", alias = "schema")]
    Schemas,
    /// Assemblies of a database
    #[value(name = "assemblies", alias = "assembly")]
    Assemblies,
    /// External data sources of a database
    #[value(name = "data-sources", alias = "data-source")]
    DataSources,
    /// Credentials of a database
    #[value(name = "credentials", alias = "credential")]
    Credentials,
    /// Tables
    #[value(name = "tables", alias = "table")]
    Tables,
    /// Types of tables
    #[value(name = "table-types", alias = "table-type")]
    TableTypes,
    /// Types
    #[value(name = "types", alias = "type")]
    Types,
    /// Views
    #[value(name = "views", alias = "view")]
    Views,
    /// Table-valued functions
    #[value(name = "functions", alias = "function")]
    Functions,
    /// Procedures
    #[value(name = "procedures", alias = "procedure")]
    Procedures,
    /// Packages
    #[value(name = "packages", alias = "package")]
    Packages,
    /// Statistics of columns
    #[value(name = "statistics")]
    Statistics,
    /// Partitions of a table
    #[value(name = "partitions", alias = "partition")]
    Partitions,
}

/// Credentials.
#[derive(Debug, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Make a credential
    #[command(after_help = "Examples:\n  \
        azml adla catalog credential create shop --uri https://shop.database.windows.net --user reader \\\n      \
            --password-file password.txt --database sales --account myadla")]
    Create {
        /// Its name
        name: String,
        /// The address it is for
        #[arg(long)]
        uri: String,
        /// The user there
        #[arg(long)]
        user: String,
        /// File with the user's password, `-` for standard input
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
        #[command(flatten)]
        within: Within,
    },
    /// Delete a credential
    #[command(after_help = "Examples:\n  \
        azml adla catalog credential delete shop --database sales --account myadla")]
    Delete {
        /// Its name
        name: String,
        /// With what uses it
        #[arg(long)]
        cascade: bool,
        #[command(flatten)]
        within: Within,
    },
}

/// Access control of the catalog.
#[derive(Debug, Subcommand)]
pub(crate) enum CatalogAclCommand {
    /// List who may do what
    #[command(after_help = "Examples:\n  \
        azml adla catalog acl list --account myadla\n  \
        azml adla catalog acl list --database sales --account myadla")]
    List(AclScope),
    /// Allow a user or group something
    #[command(after_help = "Examples:\n  \
        azml adla catalog acl grant --user OBJECT_ID --permission use --database sales --account myadla")]
    Grant {
        #[command(flatten)]
        whom: Whom,
        /// What to allow
        #[arg(long, value_enum)]
        permission: PermissionArg,
        #[command(flatten)]
        scope: AclScope,
    },
    /// Take away what a user or group was allowed
    #[command(after_help = "Examples:\n  \
        azml adla catalog acl revoke --user OBJECT_ID --database sales --account myadla")]
    Revoke {
        #[command(flatten)]
        whom: Whom,
        #[command(flatten)]
        scope: AclScope,
    },
}

/// Whose access control.
#[derive(Args, Clone, Debug)]
pub(crate) struct AclScope {
    #[command(flatten)]
    pub(crate) jobs: JobsOf,
    /// A database's instead of the whole catalog's
    #[arg(long, value_name = "NAME")]
    pub(crate) database: Option<String>,
}

/// A user or a group.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Whom {
    /// Object id of a user or application in the directory
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<uuid::Uuid>,
    /// Object id of a group in the directory
    #[arg(long, value_name = "ID")]
    pub(crate) group: Option<uuid::Uuid>,
}

/// What can be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PermissionArg {
    /// Nothing
    None,
    /// To use what is there
    Use,
    /// To make new entries
    Create,
    /// To remove entries
    Drop,
    /// To change entries
    Alter,
    /// To write into tables
    Write,
    /// Everything
    All,
}
