//! `azml emulator ...`.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Run the services on this machine.
#[derive(Debug, Subcommand)]
pub(crate) enum EmulatorCommand {
    /// Start the emulator; runs until interrupted
    #[command(
        long_about = "Starts the emulator and runs in the foreground until SIGINT or SIGTERM. \
            Without --port-base the ports are fixed (10010 http, 10011 https, ...) and the \
            profile `local` points there; with it, your profiles are left alone. Listens on \
            loopback only.",
        after_help = "Examples:\n  \
            azml emulator start\n  \
            azml emulator start --ephemeral --port-base 0 --env-file emulator.env\n  \
            azml emulator start --data-dir ./lab --port-base 20000"
    )]
    Start(StartArgs),
    /// Say whether an emulator runs, and where
    #[command(after_help = "Examples:\n  \
        azml emulator status\n  \
        azml emulator status --data-dir ./lab --output json\n\n\
        Exit status: 0 running, 1 not running.")]
    Status(StatusArgs),
    /// Stop a running emulator and wait until it is gone
    #[command(
        after_help = "Examples:\n  azml emulator stop\n  azml emulator stop --data-dir ./lab"
    )]
    Stop(StopArgs),
    /// Delete everything an emulator has stored
    #[command(
        long_about = "Deletes everything an emulator has stored. One that runs goes on with its \
            default content; else its certificate authority goes too.",
        after_help = "Examples:\n  \
            azml emulator reset --yes\n  \
            azml emulator reset --data-dir ./lab"
    )]
    Reset(ResetArgs),
    /// Run a program with everything set so that it finds the emulator
    #[command(
        long_about = "Runs any program with everything set so that an unmodified client finds the \
            emulator: the AZML_* names, certificate bundles for the usual TLS stacks, NO_PROXY, a \
            home directory that mirrors yours but for ~/.azureml, and for Python a sitecustomize \
            that resolves *.localhost to loopback and lets ADAL accept the emulator's authority. \
            Signals and the exit status pass through.\n\n\
            The target is, in this order: --ephemeral, --env-file, --data-dir, the AZML_* of the \
            environment, the profile in use (else `local`).",
        after_help = "Examples:\n  \
            azml emulator exec -- python my_old_script.py\n  \
            azml emulator exec --ephemeral -- pytest tests\n  \
            azml emulator exec --env-file emulator.env -- curl https://localhost:10011/"
    )]
    Exec(ExecArgs),
    /// Print lines for the hosts file, for programs that do not resolve *.localhost
    #[command(after_help = "Examples:\n  \
        azml emulator hosts | sudo tee -a /etc/hosts\n  \
        azml emulator hosts mylake mystorage")]
    Hosts(HostsArgs),
    /// Print where the certificate authority is
    #[command(after_help = "Examples:\n  \
        azml emulator ca\n  \
        export REQUESTS_CA_BUNDLE=\"$(azml emulator ca)\"      # Python requests\n  \
        export SSL_CERT_FILE=\"$(azml emulator ca)\"           # OpenSSL, Go, Rust\n  \
        export NODE_EXTRA_CA_CERTS=\"$(azml emulator ca)\"     # Node.js\n  \
        azml emulator ca --pem > ca.pem")]
    Ca(CaArgs),
}

/// Which emulator is meant.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct LocationArgs {
    /// Data directory of the emulator [default: azml/emulator in the user's data directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// Start the emulator.
#[derive(Args, Debug)]
pub(crate) struct StartArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,

    /// Keep nothing: data lives in a temporary directory that goes when the emulator stops
    #[arg(long, conflicts_with = "data_dir")]
    pub(crate) ephemeral: bool,

    /// First port; the others count up from it. 0 takes free ports
    #[arg(long, value_name = "N")]
    pub(crate) port_base: Option<u16>,

    /// Write the AZML_* names to a file (mode 0600) when every listener answers
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,

    /// Address to listen on; anything but loopback refuses the documented identities
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind: Option<IpAddr>,

    /// Accept every request without looking at its credential
    #[arg(long)]
    pub(crate) no_auth: bool,

    /// Run submitted code: external scripts of SQL Server. It runs as the user of the emulator; started as root, as
    /// `nobody`. This protects from accidents, not from hostile code
    #[arg(long)]
    pub(crate) allow_scripts: bool,

    /// The user that submitted code runs as when the emulator is root; `root` must be asked for
    #[arg(long, value_name = "USER", requires = "allow_scripts")]
    pub(crate) scripts_user: Option<String>,

    /// The Python interpreter for submitted code [default: python/venv in the data directory, else python3]
    #[arg(long, value_name = "PATH", requires = "allow_scripts")]
    pub(crate) python: Option<PathBuf>,

    /// How long download links stay valid, in seconds [default: one day]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) link_lifetime: Option<u64>,

    /// Name or address for the server certificate besides localhost; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) san: Vec<String>,

    /// Take a development identity (for example studio-primary-token) from a file
    /// instead of the documented value; may be repeated
    #[arg(long, value_name = "NAME=FILE")]
    pub(crate) identity_file: Vec<String>,

    #[command(flatten)]
    pub(crate) directory: DirectoryArgs,

    #[command(flatten)]
    pub(crate) data_lake: DataLakeArgs,
}

/// Options of the directory that issues tokens.
#[derive(Args, Debug)]
#[command(next_help_heading = "Directory")]
pub(crate) struct DirectoryArgs {
    /// Lifetime of the tokens it issues, in seconds [default: 3599]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) token_lifetime: Option<u64>,

    /// Serve every tenant as if it were the documented one
    #[arg(long)]
    pub(crate) any_tenant: bool,

    /// Take tokens for Data Lake with its own audience only, not also with Resource Manager's
    #[arg(long)]
    pub(crate) strict_audience: bool,

    /// Confirm device codes without a person, after the program has looked once
    #[arg(long)]
    pub(crate) device_code_auto_approve: bool,

    /// How often a program may look for the confirmation of its device code, in seconds [default: 5]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) device_code_interval: Option<u64>,

    /// How long a device code can be confirmed, in seconds [default: 900]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) device_code_lifetime: Option<u64>,
}

/// Options of Data Lake Store and Data Lake Analytics.
#[derive(Args, Debug)]
#[command(next_help_heading = "Data Lake")]
pub(crate) struct DataLakeArgs {
    /// After how many polls a long-running operation shows its end [default: 2]
    #[arg(long, value_name = "N")]
    pub(crate) operation_polls: Option<u32>,

    /// How long a job stays in each of its states, in milliseconds [default: 0]
    #[arg(long, value_name = "MS")]
    pub(crate) job_state_delay: Option<u64>,

    /// Hold callers of Data Lake Store to its access control lists; else everyone is super-user
    #[arg(long)]
    pub(crate) adls_enforce_acls: bool,
}

/// Say whether an emulator runs.
#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,
}

/// Stop a running emulator.
#[derive(Args, Debug)]
pub(crate) struct StopArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,
}

/// Delete what an emulator has stored.
#[derive(Args, Debug)]
pub(crate) struct ResetArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,

    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Run a program against the emulator.
#[derive(Args, Debug)]
pub(crate) struct ExecArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,

    /// Start an emulator just for this program, on free ports, and keep nothing
    #[arg(long, conflicts_with_all = ["data_dir", "env_file"])]
    pub(crate) ephemeral: bool,

    /// Take the emulator's names from a file that `azml emulator start --env-file` wrote
    #[arg(long, value_name = "FILE", conflicts_with = "data_dir")]
    pub(crate) env_file: Option<PathBuf>,

    /// Leave the home directory as it is
    #[arg(long)]
    pub(crate) keep_home: bool,

    /// Program and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// Print lines for the hosts file.
#[derive(Args, Debug)]
pub(crate) struct HostsArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,

    /// Accounts of yours, whose names are wanted too
    #[arg(value_name = "ACCOUNT")]
    pub(crate) accounts: Vec<String>,
}

/// Print where the certificate authority is.
#[derive(Args, Debug)]
pub(crate) struct CaArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,

    /// Print the certificate itself
    #[arg(long)]
    pub(crate) pem: bool,
}
