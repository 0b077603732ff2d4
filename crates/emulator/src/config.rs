//! How an emulator is to run: every option with its default, and the builder.
//! Holds no state of a running one.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use azml_core::clock::{Clock, SystemClock};

use crate::{Emulator, StartError, state::Ids};

/// What a starting emulator was asked to be.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) port_base: Option<u16>,
    pub(crate) bind: IpAddr,
    pub(crate) names: Vec<String>,
    pub(crate) env_file: Option<PathBuf>,
    pub(crate) check_credentials: bool,
    pub(crate) allow_scripts: bool,
    pub(crate) scripts_user: Option<String>,
    pub(crate) python: Option<PathBuf>,
    pub(crate) identities: BTreeMap<String, String>,
    pub(crate) max_connections: usize,
    pub(crate) shutdown_grace: Duration,
    pub(crate) regenerate_command: Option<String>,
    pub(crate) studio: Studio,
    pub(crate) directory: Directory,
    pub(crate) data_lake: DataLake,
    pub(crate) ids: Ids,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Limits of the Studio (classic) service.
#[derive(Debug, Clone)]
pub(crate) struct Studio {
    pub(crate) link_lifetime: Duration,
    pub(crate) upload_limit: u64,
    pub(crate) upload_lifetime: Duration,
}

/// How the directory issues tokens and how they are checked.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    pub(crate) token_lifetime: Duration,
    pub(crate) any_tenant: bool,
    pub(crate) strict_audience: bool,
    pub(crate) device_codes: DeviceCodes,
}

/// How device codes are handled.
#[derive(Debug, Clone)]
pub(crate) struct DeviceCodes {
    /// Least time between two looks of a program.
    pub(crate) interval: Duration,
    pub(crate) lifetime: Duration,
    /// Whether a code confirms itself after the first look.
    pub(crate) auto_approve: bool,
}

/// Behaviour of Resource Manager, Data Lake Store and Data Lake Analytics.
#[derive(Debug, Clone)]
pub(crate) struct DataLake {
    pub(crate) operation_polls: u32,
    pub(crate) job_state_delay: Duration,
    pub(crate) enforce_store_acls: bool,
}

/// Options of an [`Emulator`] that is about to start.
///
/// Without any of them it is ephemeral, listens on the fixed ports of the
/// loopback interface and checks every credential.
#[derive(Debug, Clone)]
#[must_use = "nothing starts before `start` is called"]
pub struct Builder(Config);

impl Builder {
    pub(crate) fn new() -> Self {
        Self(Config {
            data_dir: None,
            port_base: None,
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            names: Vec::new(),
            env_file: None,
            check_credentials: true,
            allow_scripts: false,
            scripts_user: None,
            python: None,
            identities: BTreeMap::new(),
            max_connections: 1024,
            shutdown_grace: Duration::from_secs(5),
            regenerate_command: None,
            studio: Studio {
                link_lifetime: Duration::from_secs(24 * 3600),
                upload_limit: 100 << 20,
                upload_lifetime: Duration::from_secs(24 * 3600),
            },
            directory: Directory {
                token_lifetime: Duration::from_secs(3599),
                any_tenant: false,
                strict_audience: false,
                device_codes: DeviceCodes {
                    interval: Duration::from_secs(5),
                    lifetime: Duration::from_secs(900),
                    auto_approve: false,
                },
            },
            data_lake: DataLake {
                operation_polls: 2,
                job_state_delay: Duration::ZERO,
                enforce_store_acls: false,
            },
            ids: Ids::random(),
            clock: Arc::new(SystemClock),
        })
    }

    /// Keeps nothing: state lives in memory and in a temporary directory.
    pub fn ephemeral(mut self) -> Self {
        self.0.data_dir = None;
        self
    }

    /// Keeps everything in `path`, which is created when missing.
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.0.data_dir = Some(path.into());
        self
    }

    /// Takes the ports from `base` up, in the order blob, file, dfs, http,
    /// https, SQL; 0 takes free ports.
    pub fn port_base(mut self, base: u16) -> Self {
        self.0.port_base = Some(base);
        self
    }

    /// Listens on another address than loopback. The documented development
    /// credentials are then replaced by generated ones.
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.0.bind = address;
        self
    }

    /// Adds a host name or address to the server certificate.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.names.push(name.into());
        self
    }

    /// Writes the environment to `path` once every listener answers: one
    /// `NAME='value'` per line, readable by the owner only.
    pub fn env_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.0.env_file = Some(path.into());
        self
    }

    /// Checks no credential of any service. The administration endpoints keep
    /// theirs.
    pub fn no_auth(mut self) -> Self {
        self.0.check_credentials = false;
        self
    }

    /// Allows submitted code to run on this machine. The development
    /// credentials are then replaced by generated ones.
    pub fn allow_scripts(mut self) -> Self {
        self.0.allow_scripts = true;
        self
    }

    /// The user that submitted scripts run as when the emulator is root.
    /// Default: `nobody`; `root` must be asked for.
    pub fn scripts_user(mut self, user: impl Into<String>) -> Self {
        self.0.scripts_user = Some(user.into());
        self
    }

    /// The Python interpreter for submitted scripts. Default: that of the
    /// environment `python/venv` in the data directory, else `python3`.
    pub fn python(mut self, interpreter: impl Into<PathBuf>) -> Self {
        self.0.python = Some(interpreter.into());
        self
    }

    /// Replaces one development credential, for example `studio-workspace`,
    /// `studio-primary-token`, `client-id`, `client-secret`, `username`,
    /// `password`, `tenant-id` or `subscription-id`. `storage-account:NAME` adds a storage
    /// account with this Base64 key.
    pub fn identity(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.identities.insert(name.into(), value.into());
        self
    }

    /// How many connections each listener serves at once; 1024 by default.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.0.max_connections = count.max(1);
        self
    }

    /// How long a stop waits for the requests in progress; 5 seconds by default.
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.0.shutdown_grace = grace;
        self
    }

    /// The value of `AZML_STUDIO_REGENERATE_CMD`; by default a `curl` command.
    pub fn regenerate_command(mut self, command: impl Into<String>) -> Self {
        self.0.regenerate_command = Some(command.into());
        self
    }

    /// How long the download link of a Studio dataset is valid; a day by default.
    pub fn studio_link_lifetime(mut self, lifetime: Duration) -> Self {
        self.0.studio.link_lifetime = lifetime;
        self
    }

    /// The greatest Studio upload that is sent as one body, in bytes; 100 MiB
    /// by default.
    pub fn studio_upload_limit(mut self, bytes: u64) -> Self {
        self.0.studio.upload_limit = bytes;
        self
    }

    /// How long an unfinished Studio upload is kept; a day by default.
    pub fn studio_upload_lifetime(mut self, lifetime: Duration) -> Self {
        self.0.studio.upload_lifetime = lifetime;
        self
    }

    /// How long an access token of the directory is valid; 3599 seconds by default.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.0.directory.token_lifetime = lifetime;
        self
    }

    /// Serves every tenant name as if it were the development tenant.
    pub fn any_tenant(mut self) -> Self {
        self.0.directory.any_tenant = true;
        self
    }

    /// Takes tokens for Data Lake with its own audience only. By default the
    /// audience of Resource Manager is accepted too, as in the cloud.
    pub fn strict_audience(mut self) -> Self {
        self.0.directory.strict_audience = true;
        self
    }

    /// How often a program may look whether its device code was confirmed; 5
    /// seconds by default, and at least whole seconds.
    pub fn device_code_interval(mut self, interval: Duration) -> Self {
        self.0.directory.device_codes.interval = interval;
        self
    }

    /// How long a device code can be confirmed; 15 minutes by default.
    pub fn device_code_lifetime(mut self, lifetime: Duration) -> Self {
        self.0.directory.device_codes.lifetime = lifetime;
        self
    }

    /// Confirms every device code for the development user after the first
    /// look, without a person.
    pub fn device_code_auto_approve(mut self) -> Self {
        self.0.directory.device_codes.auto_approve = true;
        self
    }

    /// After how many polls a long-running operation of Resource Manager shows
    /// its end; 2 by default.
    pub fn operation_polls(mut self, polls: u32) -> Self {
        self.0.data_lake.operation_polls = polls.max(1);
        self
    }

    /// How long a Data Lake Analytics job stays in each state; not at all by
    /// default.
    pub fn job_state_delay(mut self, delay: Duration) -> Self {
        self.0.data_lake.job_state_delay = delay;
        self
    }

    /// Holds callers of Data Lake Store to its access control lists. By default
    /// everyone is super-user.
    pub fn enforce_store_acls(mut self) -> Self {
        self.0.data_lake.enforce_store_acls = true;
        self
    }

    /// Takes the time from `clock`.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.0.clock = clock;
        self
    }

    /// Takes new identifiers from `ids`.
    pub fn ids(mut self, ids: Ids) -> Self {
        self.0.ids = ids;
        self
    }

    /// Starts the emulator; every listener answers when this returns.
    ///
    /// # Errors
    ///
    /// When the data directory is in use or not ours, a port is taken, or a
    /// service cannot start.
    pub async fn start(self) -> Result<Emulator, StartError> {
        Emulator::start(self.0).await
    }
}
