//! Runs submitted Python: one process for one request, as an unprivileged user where the emulator is root. The process for
//! the next request is started ahead, so that its imports are done when it is wanted.
//!
//! This protects the machine from accidents, not from a hostile script. Nothing here knows SQL: data access from
//! inside of a script goes through [`DataAccess`].

mod leftovers;
mod process;
mod user;
mod wire;

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use datafusion::{arrow::record_batch::RecordBatch, scalar::ScalarValue};
use tempfile::TempDir;
use tokio::sync::{Semaphore, mpsc};

use process::Process;

use crate::{StartError, services::Context};

/// How many scripts run at once.
const MAX_RUNNING: usize = 20;

/// The files that every script can import, by their path below the library.
const LIBRARY: &[(&str, &str)] = &[
    ("azml_launcher.py", include_str!("python/azml_launcher.py")),
    ("azml_channel.py", include_str!("python/azml_channel.py")),
    ("azml_frames.py", include_str!("python/azml_frames.py")),
    (
        "revoscalepy/__init__.py",
        include_str!("python/revoscalepy/__init__.py"),
    ),
];

/// The source of the stand-in for revoscalepy that scripts can import; clients can as well.
#[must_use]
pub fn revoscalepy() -> &'static str {
    include_str!("python/revoscalepy/__init__.py")
}

/// A script with all it needs.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) source: String,
    /// The variable that holds the input.
    pub(crate) input_name: String,
    pub(crate) input: Option<RecordBatch>,
    /// The variable that holds the output frame at the end.
    pub(crate) output_name: String,
    pub(crate) parameters: Vec<Parameter>,
}

/// A parameter of a script.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// The variable's name.
    pub(crate) name: String,
    pub(crate) value: ScalarValue,
    /// Whether the variable's value is wanted at the end.
    pub(crate) is_output: bool,
}

/// What a script leaves.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The output frame; `None` where there is none, or one without columns.
    pub(crate) output: Option<RecordBatch>,
    pub(crate) parameters: Vec<(String, ScalarValue)>,
}

/// What a script prints, as it prints it.
#[derive(Debug)]
pub(crate) enum Console {
    Stdout(String),
    Stderr(String),
}

/// Why a script failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The script raised an exception; its traceback.
    #[error("{0}")]
    Exception(String),
    /// The interpreter ended without an answer.
    #[error("the interpreter ended before the script did: {0}")]
    Died(String),
    /// The interpreter could not be started or talked to.
    #[error("the interpreter '{}' could not be used: {source}", python.display())]
    Interpreter { python: PathBuf, source: io::Error },
    /// The script's data cannot be carried.
    #[error("{0}")]
    Data(String),
}

/// How a script reads and writes data of the server that runs it.
#[async_trait]
pub(crate) trait DataAccess: Send {
    /// The rows of the last result of these statements; `None` where there is none.
    async fn query(&mut self, text: &str) -> Result<Option<RecordBatch>, String>;

    /// Adds rows to a table, all of them or none; returns how many.
    async fn load(&mut self, table: &str, rows: RecordBatch) -> Result<u64, String>;

    /// The types that a table for these rows would have, by column.
    fn column_types(&self, rows: &RecordBatch) -> HashMap<String, String>;
}

/// As whom scripts run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunAs {
    /// As the user of the emulator.
    Own,
    /// As another user: its ids.
    User { uid: u32, gid: u32 },
}

/// Starts one interpreter for each script. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Runtime(Arc<Inner>);

/// An interpreter that waits for a script, in a folder of its own, which is removed behind it.
#[derive(Debug)]
struct Spare {
    process: Process,
    folder: TempDir,
}

#[derive(Debug)]
struct Inner {
    /// The interpreter for the next script.
    spare: Mutex<Option<Spare>>,
    python: PathBuf,
    run_as: RunAs,
    /// The library and one folder for each running script; readable by the scripts' user.
    folder: TempDir,
    running: Semaphore,
}

impl Runtime {
    /// The runtime that the emulator was asked for, tried once.
    ///
    /// # Errors
    /// [`StartError::Scripts`] when the scripts' user does not exist or cannot reach the interpreter.
    pub(crate) async fn start(context: &Context) -> Result<Self, StartError> {
        let failed = |reason: String| StartError::Scripts { reason };
        let python = context.config.python.clone().unwrap_or_else(|| {
            let provisioned = context.data_dir.join("python/venv/bin/python");
            if provisioned.exists() {
                provisioned
            } else {
                PathBuf::from("python3")
            }
        });
        let run_as = user::run_as(context.config.scripts_user.as_deref()).map_err(failed)?;
        let runtime = Self::new(python, run_as).map_err(|error| failed(error.to_string()))?;
        let python = &runtime.0.python;
        match process::probe(python, runtime.0.folder.path(), &runtime.0.run_as).await {
            Ok(()) => {
                runtime.start_ahead();
                Ok(runtime)
            }
            Err(error) => Err(failed(format!(
                "'{}' could not be started as their user: {error}",
                python.display()
            ))),
        }
    }

    /// A runtime for this interpreter.
    ///
    /// # Errors
    /// When the library cannot be written.
    fn new(python: PathBuf, run_as: RunAs) -> io::Result<Self> {
        leftovers::remove();
        let folder = tempfile::Builder::new()
            .prefix(&leftovers::prefix())
            .tempdir()?;
        set_mode(folder.path(), 0o755)?;
        let library = folder.path().join("lib");
        for (path, text) in LIBRARY {
            let path = library.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
                set_mode(parent, 0o755)?;
            }
            fs::write(&path, text)?;
            set_mode(&path, 0o644)?;
        }
        Ok(Self(Arc::new(Inner {
            spare: Mutex::default(),
            python,
            run_as,
            folder,
            running: Semaphore::new(MAX_RUNNING),
        })))
    }

    /// The interpreter.
    pub(crate) fn python(&self) -> &Path {
        &self.0.python
    }

    /// As whom scripts run.
    pub(crate) fn run_as(&self) -> &RunAs {
        &self.0.run_as
    }

    /// The folder of the modules that scripts can import.
    fn library(&self) -> PathBuf {
        self.0.folder.path().join("lib")
    }

    /// Runs a script. Dropping the returned future kills it with all it has started.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn run(
        &self,
        script: Script,
        console: mpsc::Sender<Console>,
        data: &mut dyn DataAccess,
    ) -> Result<Finished, Failure> {
        let _permit = self
            .0
            .running
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let mut spare = match self.take_spare() {
            Some(spare) => spare,
            None => self
                .start_interpreter()
                .map_err(|source| Failure::Interpreter {
                    python: self.0.python.clone(),
                    source,
                })?,
        };
        self.start_ahead();
        let finished = spare.process.converse(script, console, data).await;
        // The process ends before its folder does.
        drop(spare.process);
        drop(spare.folder);
        finished
    }

    /// The interpreter that was started ahead, unless something has ended it.
    fn take_spare(&self) -> Option<Spare> {
        let mut spare = self.spare().take()?;
        spare.process.is_alive().then_some(spare)
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Option<Spare>> {
        self.0.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the interpreter for the next script. Where that fails, the next script tries again and says why.
    fn start_ahead(&self) {
        let mut spare = self.spare();
        if spare.is_none() {
            *spare = self.start_interpreter().ok();
        }
    }

    fn start_interpreter(&self) -> io::Result<Spare> {
        let folder = self.working_folder()?;
        let process = Process::start(
            &self.0.python,
            &self.library(),
            folder.path(),
            &self.0.run_as,
        )?;
        Ok(Spare { process, folder })
    }

    /// A folder for one script, which is removed behind it.
    fn working_folder(&self) -> io::Result<TempDir> {
        let folder = tempfile::Builder::new()
            .prefix("run-")
            .tempdir_in(self.0.folder.path())?;
        set_mode(folder.path(), 0o700)?;
        #[cfg(unix)]
        if let RunAs::User { uid, gid } = self.0.run_as {
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid))?;
        }
        Ok(folder)
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
