//! Carries a run out on this machine: brings its data, runs its script with everything it
//! starts in one process group, takes its results back. Knows no service: data comes and
//! goes through [`DataAccess`], and [`Watcher`] hears what happens.

mod arguments;
mod console;
mod folders;
mod process;
mod staging;
mod state;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::configuration::RunConfiguration;
use folders::Folders;
use process::Ending;

pub use state::RunState;

/// A file of a datastore, by its whole name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    /// The whole name, with `/` between its parts.
    pub name: String,
    /// The length in bytes.
    pub length: u64,
}

/// What became of a file that was to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is there now.
    Done,
    /// There was one already, which stays.
    Existed,
}

/// How the data of datastores comes and goes. Errors are texts for the run's owner.
#[async_trait]
pub trait DataAccess: Send + Sync {
    /// Every file whose name begins with `prefix`.
    async fn list(&self, datastore: &str, prefix: &str) -> Result<Vec<RemoteFile>, String>;

    /// Writes a file's content to `to`, which is not there yet.
    async fn fetch(&self, datastore: &str, name: &str, to: &std::path::Path) -> Result<(), String>;

    /// Shows what is below `path` in the folder `at`, to the user that the script runs as.
    async fn mount(
        &self,
        datastore: &str,
        path: &str,
        at: &std::path::Path,
        run_as: RunAs,
    ) -> Result<Mounting, String> {
        let _ = (datastore, path, at, run_as);
        Ok(Mounting::Impossible("nothing is mounted here".to_owned()))
    }

    /// Stores a local file; its name ends with the local one's.
    async fn store(
        &self,
        datastore: &str,
        name: &str,
        from: &std::path::Path,
        overwrite: bool,
    ) -> Result<Stored, String>;
}

/// What became of data that was to be mounted.
pub enum Mounting {
    /// It shows.
    Done(Box<dyn Mounted>),
    /// It cannot be shown, for this reason, and is copied instead.
    Impossible(String),
}

/// Data that shows in a folder as long as this is held.
#[async_trait]
pub trait Mounted: Send + Sync {
    /// Takes it out of the folder.
    async fn unmount(self: Box<Self>) -> Result<(), String>;
}

impl std::fmt::Debug for Mounting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done(_) => f.write_str("Done"),
            Self::Impossible(reason) => f.debug_tuple("Impossible").field(reason).finish(),
        }
    }
}

/// Hears what happens to a run, in the order in which it happens.
#[async_trait]
pub trait Watcher: Send + Sync {
    /// The run is in another state now; the end is told by [`Outcome`] alone.
    async fn state(&self, state: RunState);

    /// Something that does not end the run but its owner should know.
    async fn warning(&self, text: &str);

    /// A piece of what the script prints, as it prints it.
    fn output(&self, text: &[u8]);
}

/// As whom a script runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunAs {
    /// As the caller.
    #[default]
    Caller,
    /// As another user, by its ids; only root can ask for that.
    User {
        /// The user's id.
        uid: u32,
        /// The group's id.
        gid: u32,
    },
}

/// What a run may use. A run that goes beyond is ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of output that are kept; what goes beyond is dropped, the run goes on.
    pub log_bytes: u64,
    /// Bytes in the run's own folders, data included.
    pub disk_bytes: u64,
    /// Between the request to end and the end by force.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            log_bytes: 64 << 20,
            disk_bytes: 32 << 30,
            grace: Duration::from_secs(10),
        }
    }
}

/// A run that can be carried out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Job {
    /// The run's id; names its folders.
    pub run_id: String,
    /// What runs.
    pub configuration: RunConfiguration,
    /// The directory that holds the folders of runs: `{run id}` with the code, which is
    /// there already, and `{run id}-data` with the data.
    pub root: PathBuf,
    /// Variables that the service sets for the script.
    pub variables: Vec<(String, String)>,
    /// Whether the script gets the caller's environment too.
    pub inherit_environment: bool,
    /// The interpreter where the configuration names none in particular.
    pub python: Option<PathBuf>,
    /// As whom the script runs.
    pub run_as: RunAs,
    /// Whether `pathOnCompute` may be absolute.
    pub absolute_paths: bool,
    /// Whether results go back although the script failed.
    pub upload_on_failure: bool,
    /// What the run may use.
    pub limits: Limits,
}

impl Job {
    /// A job with the rest at its defaults: the caller's environment, the caller as the
    /// user, no absolute paths, no results of failed scripts.
    #[must_use]
    pub fn new(
        run_id: impl Into<String>,
        configuration: RunConfiguration,
        root: impl Into<PathBuf>,
    ) -> Self {
        Self {
            run_id: run_id.into(),
            configuration,
            root: root.into(),
            variables: Vec::new(),
            inherit_environment: true,
            python: None,
            run_as: RunAs::Caller,
            absolute_paths: false,
            upload_on_failure: false,
            limits: Limits::default(),
        }
    }

    /// The folder with the code, in which the script runs.
    #[must_use]
    pub fn work_dir(&self) -> PathBuf {
        self.root.join(&self.run_id)
    }

    /// The folder with data that has no place of its own.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.root.join(format!("{}-data", self.run_id))
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// [`RunState::Completed`], [`RunState::Failed`] or [`RunState::Canceled`].
    pub state: RunState,
    /// The script's exit code, if it ended by itself.
    pub exit_code: Option<i32>,
    /// Why the run did not complete.
    pub reason: Option<String>,
}

impl Outcome {
    /// A run that failed for this reason.
    #[must_use]
    pub fn failed(reason: impl Into<String>) -> Self {
        Self {
            state: RunState::Failed,
            exit_code: None,
            reason: Some(reason.into()),
        }
    }

    fn canceled(reason: impl Into<String>) -> Self {
        Self {
            state: RunState::Canceled,
            ..Self::failed(reason)
        }
    }
}

/// Carries a run out. Cancelling the token asks its processes to end and ends them by force
/// after [`Limits::grace`]; dropping the future ends them at once.
pub async fn execute(
    job: &Job,
    data: &dyn DataAccess,
    watcher: &dyn Watcher,
    cancel: &CancellationToken,
) -> Outcome {
    if cancel.is_cancelled() {
        return Outcome::canceled("the run was canceled before it began");
    }
    watcher.state(RunState::Preparing).await;
    let canceled = || Outcome::canceled("the run was canceled");
    let prepared = tokio::select! {
        prepared = prepare(job, data, watcher) => prepared,
        () = cancel.cancelled() => return canceled(),
    };
    let Prepared {
        folders,
        staged,
        mounts,
    } = match prepared {
        Ok(prepared) => prepared,
        Err(reason) => return Outcome::failed(reason),
    };
    let command = match arguments::command(job, &folders, &staged) {
        Ok(command) => command,
        Err(reason) => {
            unmount(mounts, watcher).await;
            return Outcome::failed(reason);
        }
    };
    watcher.state(RunState::Running).await;
    let ended = process::run(job, command, &folders, watcher, cancel).await;
    unmount(mounts, watcher).await;
    let outcome = outcome(ended);
    let completed = outcome.state == RunState::Completed;
    if !(completed || job.upload_on_failure && outcome.state == RunState::Failed) {
        return outcome;
    }
    watcher.state(RunState::Finalizing).await;
    let uploaded = tokio::select! {
        uploaded = staging::upload(job, &folders, &staged, data) => uploaded,
        () = cancel.cancelled() => return canceled(),
    };
    match uploaded {
        Err(reason) if completed => Outcome {
            exit_code: outcome.exit_code,
            ..Outcome::failed(reason)
        },
        Err(reason) => {
            watcher.warning(&reason).await;
            outcome
        }
        Ok(()) => outcome,
    }
}

/// The files that a run has left in a folder below its code, with their paths below it,
/// `folder` included; none where there is no such folder.
///
/// # Errors
/// A folder that cannot be read, or that leads out of the run's own.
pub async fn left_in(job: &Job, folder: &str) -> Result<Vec<(String, PathBuf)>, String> {
    let folders = Folders::make(job).await?;
    staging::left_in(&folders, folder, job.run_as).await
}

/// What a script needs before it starts.
struct Prepared {
    folders: Folders,
    staged: Vec<staging::Staged>,
    mounts: Vec<Box<dyn Mounted>>,
}

async fn prepare(
    job: &Job,
    data: &dyn DataAccess,
    watcher: &dyn Watcher,
) -> Result<Prepared, String> {
    let folders = Folders::make(job).await?;
    // Mounts come first, so that what cannot be mounted is copied before the folders are
    // handed over.
    let mut mounts = Vec::new();
    let staged = staging::bring(job, &folders, (data, watcher), &mut mounts).await;
    let prepared = match staged {
        Ok(staged) => folders.hand_over(job).await.map(|()| staged),
        Err(reason) => Err(reason),
    };
    match prepared {
        Ok(staged) => Ok(Prepared {
            folders,
            staged,
            mounts,
        }),
        Err(reason) => {
            unmount(mounts, watcher).await;
            Err(reason)
        }
    }
}

/// Takes mounts away. The script has ended, and they hold nothing that could be lost.
async fn unmount(mounts: Vec<Box<dyn Mounted>>, watcher: &dyn Watcher) {
    for mount in mounts {
        if let Err(reason) = mount.unmount().await {
            watcher.warning(&reason).await;
        }
    }
}

fn outcome(ended: Ending) -> Outcome {
    match ended {
        Ending::Exit { code: 0, .. } => Outcome {
            state: RunState::Completed,
            exit_code: Some(0),
            reason: None,
        },
        Ending::Exit { code, errors } => Outcome {
            exit_code: Some(code),
            ..Outcome::failed(with_errors(
                format!("the script ended with exit code {code}"),
                &errors,
            ))
        },
        Ending::Signal { signal, errors } => Outcome::failed(with_errors(
            format!("the script was ended by signal {signal}"),
            &errors,
        )),
        Ending::NotStarted(reason) => Outcome::failed(reason),
        Ending::DiskFull { limit } => Outcome::failed(format!(
            "the run wrote more than the {limit} bytes that it may, and was ended"
        )),
        Ending::OutOfTime { limit } => Outcome::canceled(format!(
            "the run took longer than the {} seconds that it may, and was ended",
            limit.as_secs()
        )),
        Ending::Canceled => Outcome::canceled("the run was canceled"),
    }
}

fn with_errors(reason: String, errors: &str) -> String {
    match errors.trim_end() {
        "" => reason,
        errors => format!("{reason}:\n{errors}"),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
