//! `azml datastore ...`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::sql::QueryText;
use super::workspace::WorkspaceTarget;

/// Datastores of a workspace, and the files in them.
#[derive(Args, Debug)]
#[command(
    long_about = "Datastores of an Azure Machine Learning workspace, and the files in them.\n\n\
        The workspace comes from flags, AZML_* variables, the profile, or a config.json here or in \
        a directory above, in this order.",
    after_help = "Examples:\n  \
        azml datastore register blob photos --account devstoreaccount1 --container raw --create\n  \
        azml datastore upload photos ./images --to train/\n  \
        azml datastore ls photos train/\n  \
        azml datastore download photos ./copy --prefix train/"
)]
pub(crate) struct DatastoreArgs {
    #[command(flatten)]
    pub(crate) target: WorkspaceTarget,
    #[command(subcommand)]
    pub(crate) command: DatastoreCommand,
}

/// What to do with datastores.
#[derive(Debug, Subcommand)]
pub(crate) enum DatastoreCommand {
    /// Register a storage account, a database or a data lake under a name
    #[command(subcommand)]
    Register(RegisterCommand),
    /// List the datastores
    #[command(after_help = "Examples:\n  \
        azml datastore list\n  \
        azml datastore list --output json")]
    List,
    /// Show a datastore; its credential stays hidden
    #[command(after_help = "Examples:\n  azml datastore show photos")]
    Show(NameArgs),
    /// Show the default datastore, or make one the default
    #[command(after_help = "Examples:\n  \
        azml datastore default\n  \
        azml datastore default photos")]
    Default(DefaultArgs),
    /// Forget a datastore; its data stays
    #[command(after_help = "Examples:\n  azml datastore unregister photos")]
    Unregister(NameArgs),
    /// Upload a directory or files
    #[command(
        long_about = "Uploads a directory with everything below it, or single files. Files that are \
            there already stay, unless --overwrite is given. Ctrl-C leaves nothing half-written.",
        after_help = "Examples:\n  \
            azml datastore upload photos ./images --to train/\n  \
            azml datastore upload photos . --include '**/*.csv'\n  \
            azml datastore upload photos a.csv b.csv --overwrite"
    )]
    Upload(UploadArgs),
    /// Download into a directory
    #[command(
        long_about = "Downloads every file whose name begins with the prefix. Files keep their whole \
            remote name below the directory. Local files stay, unless --overwrite is given.",
        after_help = "Examples:\n  \
            azml datastore download photos ./copy\n  \
            azml datastore download photos ./copy --include 'train/*.csv'\n  \
            azml datastore download photos ./copy --prefix train/2024 --overwrite"
    )]
    Download(DownloadArgs),
    /// List files
    #[command(after_help = "Examples:\n  \
        azml datastore ls photos\n  \
        azml datastore ls photos train/ --output csv")]
    Ls(LsArgs),
    /// Print a file
    #[command(after_help = "Examples:\n  azml datastore cat photos train/labels.csv | head")]
    Cat(FileArgs),
    /// Print the address of a file, or of the container, with a shared access signature
    #[command(
        long_about = "Prints the address of a file with a shared access signature, by which anybody \
            reads it until it expires; without a path, that of the container or share. The datastore \
            must have an account key.",
        after_help = "Examples:\n  \
            azml datastore sas photos train/labels.csv\n  \
            azml datastore sas photos --permissions rl --hours 24"
    )]
    Sas(SasArgs),
    /// Run a query of a database and print its rows
    #[command(
        long_about = "Runs a query of a PostgreSQL or SQL database that is registered, with its login, \
            and prints the rows. Nothing can be written to PostgreSQL.",
        after_help = "Examples:\n  \
            azml datastore query sales \"SELECT region, sum(amount) FROM orders GROUP BY region\"\n  \
            azml datastore query sales --file report.sql --output parquet=report.parquet"
    )]
    Query(DatabaseQueryArgs),
    /// Remove a file
    #[command(after_help = "Examples:\n  azml datastore rm photos train/old.csv")]
    Rm(FileArgs),
    /// Show the files in a folder of this machine (Linux)
    #[command(
        long_about = "Shows the files of a blob container, file share or Gen2 file system in a folder \
            of this machine until Ctrl-C, or until the folder is unmounted. Needs /dev/fuse, and \
            fusermount3 for anybody but root.\n\n\
            With --read-write, a file that is written is kept on this machine until it is closed; then it \
            is stored as a whole, unless somebody else has written it meanwhile.",
        after_help = "Examples:\n  \
            azml datastore mount photos ./mnt\n  \
            azml datastore mount photos ./mnt --path train --read-write"
    )]
    Mount(MountArgs),
    /// Unmount a datastore that any process has mounted
    #[command(
        visible_alias = "unmount",
        after_help = "Examples:\n  azml datastore umount ./mnt"
    )]
    Umount(UmountArgs),
}

/// What to register.
#[derive(Debug, Subcommand)]
pub(crate) enum RegisterCommand {
    /// A blob container
    #[command(after_help = "Examples:\n  \
        azml datastore register blob photos --account devstoreaccount1 --container raw --create\n  \
        azml datastore register blob photos --account acct --container raw --key-file key.txt\n  \
        azml datastore register blob photos --account acct --container raw --sas-file sas.txt")]
    Blob(StorageArgs),
    /// A file share
    #[command(after_help = "Examples:\n  \
        azml datastore register file docs --account acct --container docs --key-file key.txt")]
    File(StorageArgs),
    /// A Data Lake Store (Gen1)
    #[command(after_help = "Examples:\n  \
        azml datastore register gen1 lake --store mystore --tenant T --client C --secret-file s.txt")]
    Gen1(Gen1Args),
    /// A file system of a Data Lake Storage (Gen2) account
    #[command(after_help = "Examples:\n  \
        azml datastore register gen2 lake --account acct --file-system raw")]
    Gen2(Gen2Args),
    /// A SQL database
    #[command(after_help = "Examples:\n  \
        azml datastore register sql sales --server srv --database db --user me --password-file p.txt")]
    Sql(SqlArgs),
    /// A PostgreSQL database
    #[command(after_help = "Examples:\n  \
        azml datastore register postgres pg --server srv --database db --user me --password-file p.txt")]
    Postgres(PostgresArgs),
    /// A MySQL database
    #[command(after_help = "Examples:\n  \
        azml datastore register mysql my --server srv --database db --user me --password-file p.txt")]
    Mysql(LoginDatabaseArgs),
    /// The Databricks file system
    #[command(after_help = "Examples:\n  azml datastore register dbfs bricks")]
    Dbfs(NameArgs),
}

/// A blob container or a file share.
#[derive(Args, Debug)]
pub(crate) struct StorageArgs {
    /// Name of the datastore: letters, digits, underscores
    pub(crate) name: String,

    /// Storage account
    #[arg(long, value_name = "NAME")]
    pub(crate) account: String,

    /// Container or share
    #[arg(long, value_name = "NAME", visible_alias = "share")]
    pub(crate) container: String,

    /// File with the account key [default: AZML_ACCOUNT_KEY, if AZML_ACCOUNT is this account]
    #[arg(long, value_name = "FILE", conflicts_with = "sas_file")]
    pub(crate) key_file: Option<PathBuf>,

    /// File with a SAS token instead
    #[arg(long, value_name = "FILE")]
    pub(crate) sas_file: Option<PathBuf>,

    /// Register without any credential
    #[arg(long, conflicts_with_all = ["key_file", "sas_file"])]
    pub(crate) no_credential: bool,

    /// What stands behind ACCOUNT.blob. in the host name [default: the service's choice]
    #[arg(long, value_name = "SUFFIX")]
    pub(crate) endpoint: Option<String>,

    /// http or https
    #[arg(long, value_enum)]
    pub(crate) protocol: Option<Protocol>,

    /// Make the container or share if it is absent
    #[arg(long)]
    pub(crate) create: bool,

    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// How a registration is written.
#[derive(Args, Debug)]
pub(crate) struct WriteArgs {
    /// Replace a datastore of the same name
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Do not let the service try the credential
    #[arg(long)]
    pub(crate) skip_validation: bool,
}

/// The protocol of storage addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// Without TLS
    Http,
    /// With TLS
    Https,
}

/// An application of the directory.
#[derive(Args, Debug)]
pub(crate) struct PrincipalArgs {
    /// Tenant id of the service principal
    #[arg(long, value_name = "ID", requires_all = ["client", "secret_file"])]
    pub(crate) tenant: Option<String>,

    /// Client id of the service principal
    #[arg(long, value_name = "ID", requires = "tenant")]
    pub(crate) client: Option<String>,

    /// File with the client secret
    #[arg(long, value_name = "FILE", requires = "tenant")]
    pub(crate) secret_file: Option<PathBuf>,
}

/// A Data Lake Store (Gen1).
#[derive(Args, Debug)]
pub(crate) struct Gen1Args {
    /// Name of the datastore
    pub(crate) name: String,

    /// Name of the store
    #[arg(long, value_name = "NAME")]
    pub(crate) store: String,

    #[command(flatten)]
    pub(crate) principal: PrincipalArgs,

    /// Replace a datastore of the same name
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// A file system (Gen2).
#[derive(Args, Debug)]
pub(crate) struct Gen2Args {
    /// Name of the datastore
    pub(crate) name: String,

    /// Storage account
    #[arg(long, value_name = "NAME")]
    pub(crate) account: String,

    /// File system
    #[arg(long, value_name = "NAME")]
    pub(crate) file_system: String,

    /// What stands behind ACCOUNT.dfs. in the host name
    #[arg(long, value_name = "SUFFIX")]
    pub(crate) endpoint: Option<String>,

    #[command(flatten)]
    pub(crate) principal: PrincipalArgs,

    /// Replace a datastore of the same name
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// Which database.
#[derive(Args, Debug)]
pub(crate) struct DatabaseArgs {
    /// Name of the datastore
    pub(crate) name: String,

    /// Short name of the server
    #[arg(long, value_name = "NAME")]
    pub(crate) server: String,

    /// Database
    #[arg(long, value_name = "NAME")]
    pub(crate) database: String,

    /// What stands behind the server's name in the host name
    #[arg(long, value_name = "SUFFIX")]
    pub(crate) endpoint: Option<String>,

    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// A SQL database.
#[derive(Args, Debug)]
pub(crate) struct SqlArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,

    /// User of the database
    #[arg(long, value_name = "NAME", requires = "password_file")]
    pub(crate) user: Option<String>,

    /// File with the password
    #[arg(long, value_name = "FILE", requires = "user")]
    pub(crate) password_file: Option<PathBuf>,

    /// Port of the server
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,

    #[command(flatten)]
    pub(crate) principal: PrincipalArgs,
}

/// A PostgreSQL database.
#[derive(Args, Debug)]
pub(crate) struct PostgresArgs {
    #[command(flatten)]
    pub(crate) database: LoginDatabaseArgs,

    /// Also connect to a server without TLS
    #[arg(long)]
    pub(crate) allow_plain: bool,
}

/// A PostgreSQL or MySQL database.
#[derive(Args, Debug)]
pub(crate) struct LoginDatabaseArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,

    /// User of the database
    #[arg(long, value_name = "NAME")]
    pub(crate) user: String,

    /// File with the password
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: PathBuf,

    /// Port of the server
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
}

/// Query a database.
#[derive(Args, Debug)]
pub(crate) struct DatabaseQueryArgs {
    /// Name of the datastore
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) query: QueryText,
}

/// Which datastore.
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// Name of the datastore
    pub(crate) name: String,
}

/// Which datastore becomes the default.
#[derive(Args, Debug)]
pub(crate) struct DefaultArgs {
    /// Name of the datastore that becomes the default
    pub(crate) name: Option<String>,
}

/// Upload.
#[derive(Args, Debug)]
pub(crate) struct UploadArgs {
    /// Name of the datastore
    pub(crate) name: String,

    /// One directory, or files
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Path on the datastore [default: its root]
    #[arg(long, value_name = "PATH")]
    pub(crate) to: Option<String>,

    /// Directory that the names of files are relative to [default: the one they share]
    #[arg(long, value_name = "DIR")]
    pub(crate) relative_root: Option<PathBuf>,

    /// Only files whose paths below the directory fit: * within a folder, ** across them
    #[arg(long, value_name = "PATTERN")]
    pub(crate) include: Vec<String>,

    /// Replace files that are there
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Leave out files that are there unchanged, also with --overwrite
    #[arg(long)]
    pub(crate) resume: bool,
}

/// Download.
#[derive(Args, Debug)]
pub(crate) struct DownloadArgs {
    /// Name of the datastore
    pub(crate) name: String,

    /// Directory to download into
    pub(crate) dir: PathBuf,

    /// What names must begin with
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) prefix: String,

    /// Only files whose names fit: * within a folder, ** across them
    #[arg(long, value_name = "PATTERN")]
    pub(crate) include: Vec<String>,

    /// Replace local files
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Go on where an earlier download stopped
    #[arg(long)]
    pub(crate) resume: bool,
}

/// List files.
#[derive(Args, Debug)]
pub(crate) struct LsArgs {
    /// Name of the datastore
    pub(crate) name: String,

    /// What names must begin with
    #[arg(default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
}

/// Sign an address.
#[derive(Args, Debug)]
pub(crate) struct SasArgs {
    /// Name of the datastore
    pub(crate) name: String,

    /// Path of the file [default: the container or share]
    pub(crate) path: Option<String>,

    /// What is allowed: letters of r (read), a, c, w (write), d (delete), l (list)
    #[arg(long, value_name = "LETTERS", default_value = "r")]
    pub(crate) permissions: String,

    /// How long it is valid
    #[arg(long, value_name = "HOURS", default_value_t = 1)]
    pub(crate) hours: u32,
}

/// Which file.
#[derive(Args, Debug)]
pub(crate) struct FileArgs {
    /// Name of the datastore
    pub(crate) name: String,

    /// Path of the file
    pub(crate) path: String,
}

/// Mount.
#[derive(Args, Debug)]
pub(crate) struct MountArgs {
    /// Name of the datastore
    pub(crate) name: String,

    /// Folder to show the files in; made if it is absent
    pub(crate) dir: PathBuf,

    /// Folder of the datastore to show [default: all of it]
    #[arg(
        long,
        value_name = "PATH",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) path: String,

    /// Let files be written too
    #[arg(long)]
    pub(crate) read_write: bool,

    /// Let other users look; anybody but root needs user_allow_other in /etc/fuse.conf for it
    #[arg(long)]
    pub(crate) allow_other: bool,

    /// Memory for blocks of files
    #[arg(long, value_name = "MIB", default_value_t = 128)]
    pub(crate) cache: u32,
}

/// Unmount.
#[derive(Args, Debug)]
pub(crate) struct UmountArgs {
    /// Folder that shows the files
    pub(crate) dir: PathBuf,

    /// Take it out of sight although it is in use; it is gone when nobody uses it any more
    #[arg(long)]
    pub(crate) lazy: bool,
}
