//! A mount as a whole: how it begins, and how it ends without losing anything.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fuser::{BackgroundSession, Config, MountOption, SessionACL};
use tokio::runtime::Handle;

use crate::backend::Backend;
use crate::filesystem::Filesystem;
use crate::filesystem::core::{Core, CoreOptions};
use crate::points::{self, MountError, SOURCE};
use crate::staging::Staging;

/// How many requests of the kernel are taken at once.
const THREADS: usize = 4;
/// How often it is looked whether a mount has ended.
const LOOKED_EVERY: Duration = Duration::from_millis(200);
/// How long the end waits for files to be stored.
const STORED_WITHIN: Duration = Duration::from_secs(30);

/// How a mount behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MountOptions {
    /// What the system's list of mounts shows behind `azml:`.
    pub name: String,
    /// Whether files can be written.
    pub read_write: bool,
    /// Whether other users than the caller may look; their rights are those that the files
    /// show. Only root can always ask for that.
    pub everybody: bool,
    /// Whose the files are: user and group. Default: the caller's.
    pub owner: Option<(u32, u32)>,
    /// How long names, lengths and versions are believed before they are looked up again.
    /// Default: 5 seconds.
    pub believed_for: Duration,
    /// Bytes of blocks kept in memory. Default: 128 MiB.
    pub cache_bytes: usize,
    /// Bytes of a block. Default: 4 MiB.
    pub block_bytes: u64,
    /// Directory for files that are being written. Default: the one for temporary files.
    pub staging: Option<PathBuf>,
}

impl Default for MountOptions {
    fn default() -> Self {
        Self {
            name: String::new(),
            read_write: false,
            everybody: false,
            owner: None,
            believed_for: Duration::from_secs(5),
            cache_bytes: 128 << 20,
            block_bytes: 4 << 20,
            staging: None,
        }
    }
}

/// What became of a mount at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmounted {
    /// It is gone.
    Gone,
    /// It is out of sight; programs that use it lose it when this process ends.
    InUse,
}

/// A folder that shows a backend. Dropping it takes the folder out of sight, but does not
/// wait for what was written; [`Mount::unmount`] does.
#[derive(Debug)]
pub struct Mount {
    point: PathBuf,
    session: Option<BackgroundSession>,
    staging: Option<Staging>,
}

impl Mount {
    /// Shows the backend at `point`, which is made if it is absent. A mount of ours whose
    /// process has died is removed from there first.
    ///
    /// # Errors
    /// The mount point cannot be used; the system does not let the caller mount.
    pub async fn start(
        backend: Arc<dyn Backend>,
        point: &Path,
        options: MountOptions,
    ) -> Result<Self, MountError> {
        let runtime = Handle::current();
        let point = point.to_owned();
        let at = point.clone();
        let started = tokio::task::spawn_blocking(move || start(backend, &at, &options, &runtime));
        started.await.unwrap_or_else(|error| {
            let failed = MountError::system("mounting", point);
            Err(failed(std::io::Error::other(error)))
        })
    }

    /// Where the folder is.
    #[must_use]
    pub fn point(&self) -> &Path {
        &self.point
    }

    /// Waits until somebody else unmounts it.
    pub async fn ended(&self) {
        let mut ticks = tokio::time::interval(LOOKED_EVERY);
        while self
            .session
            .as_ref()
            .is_some_and(|session| !session.guard.is_finished())
        {
            ticks.tick().await;
        }
    }

    /// Stores what was written and unmounts.
    ///
    /// # Errors
    /// [`MountError::NotStored`]; the folder is unmounted then too. What the system says.
    pub async fn unmount(mut self) -> Result<Unmounted, MountError> {
        let stored = match &self.staging {
            Some(staging) => staging.store_all(STORED_WITHIN).await,
            None => Ok(()),
        };
        let (session, point) = (self.session.take(), self.point.clone());
        let ended = tokio::task::spawn_blocking(move || end(session, &point));
        let ended = ended.await.unwrap_or_else(|error| {
            let failed = MountError::system("unmounting", &self.point);
            Err(failed(std::io::Error::other(error)))
        });
        stored.and(ended)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if self.session.is_none() {
            return;
        }
        match points::unmount(&self.point, true) {
            Ok(()) | Err(MountError::NotMounted(_)) => {}
            Err(error) => {
                tracing::warn!(point = %self.point.display(), %error, "a mount was left behind");
            }
        }
    }
}

fn start(
    backend: Arc<dyn Backend>,
    point: &Path,
    options: &MountOptions,
    runtime: &Handle,
) -> Result<Mount, MountError> {
    let point = points::prepare(point)?;
    let staging = match options.read_write {
        true => {
            let folder = options.staging.as_deref();
            let staging = Staging::new(Arc::clone(&backend), folder);
            Some(staging.map_err(MountError::system("staging files for", &point))?)
        }
        false => None,
    };
    let made = std::fs::metadata(&point).and_then(|metadata| metadata.modified());
    let core = Core::new(
        backend,
        runtime.clone(),
        staging.clone(),
        CoreOptions {
            owner: options.owner.unwrap_or_else(|| {
                let (user, group) = (nix::unistd::geteuid(), nix::unistd::getegid());
                (user.as_raw(), group.as_raw())
            }),
            believed_for: options.believed_for,
            cache_bytes: options.cache_bytes,
            block_bytes: options.block_bytes.max(4096),
            made: made.unwrap_or(std::time::UNIX_EPOCH),
        },
    );
    let core = Arc::new(core);
    let mounted = fuser::spawn_mount(Filesystem::new(Arc::clone(&core)), &point, &config(options));
    let session = mounted.map_err(MountError::system("mounting at", &point))?;
    core.set_notifier(session.notifier());
    Ok(Mount {
        point,
        session: Some(session),
        staging,
    })
}

fn config(options: &MountOptions) -> Config {
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::FSName(format!("{SOURCE}{}", options.name)),
        MountOption::Subtype("azml".to_owned()),
        MountOption::DefaultPermissions,
        MountOption::NoAtime,
        MountOption::NoSuid,
        MountOption::NoDev,
        match options.read_write {
            true => MountOption::RW,
            false => MountOption::RO,
        },
    ];
    config.acl = match options.everybody {
        true => SessionACL::All,
        false => SessionACL::Owner,
    };
    config.n_threads = Some(THREADS);
    config.clone_fd = true;
    config
}

fn end(session: Option<BackgroundSession>, point: &Path) -> Result<Unmounted, MountError> {
    let Some(session) = session else {
        return Ok(Unmounted::Gone);
    };
    match points::unmount(point, false) {
        Ok(()) | Err(MountError::NotMounted(_)) => {
            let joined = session.join();
            joined.map_err(MountError::system("unmounting", point))?;
            Ok(Unmounted::Gone)
        }
        Err(MountError::Busy(_)) => {
            points::unmount(point, true)?;
            Ok(Unmounted::InUse)
        }
        Err(error) => Err(error),
    }
}
