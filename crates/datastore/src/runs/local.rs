//! The compute target `local`: runs on this machine, in this process, with records that
//! other processes can read.

use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azml_runs::access::Compute;
use azml_runs::executor::{self, Job, RunState, Watcher};
use azml_runs::{Submission, source_files};
use tokio_util::sync::CancellationToken;

use super::check;
use super::data::WorkspaceData;
use super::record::{Files, RunDetails};
use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// How often it is looked whether the end of a run was asked for.
const CANCEL_CHECKED_EVERY: Duration = Duration::from_millis(250);

/// Who gets what a script prints, as it prints it.
type Printer = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// How runs are carried out on this machine.
#[derive(Clone, Default)]
#[must_use = "it is given to a submission"]
pub struct LocalTarget {
    any_access: bool,
    upload_on_failure: bool,
    python: Option<PathBuf>,
    printer: Option<Printer>,
}

impl LocalTarget {
    /// Runs with the defaults: only accesses that the target has, no results of failed
    /// scripts, the interpreter of the path, output to the log alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Does not check what works where. A mount becomes one where this machine can, else a
    /// download with a warning.
    pub fn any_access(mut self) -> Self {
        self.any_access = true;
        self
    }

    /// Results go back although the script failed.
    pub fn upload_on_failure(mut self) -> Self {
        self.upload_on_failure = true;
        self
    }

    /// The interpreter where the configuration names none in particular.
    pub fn python(mut self, path: impl Into<PathBuf>) -> Self {
        self.python = Some(path.into());
        self
    }

    /// Who gets what the script prints, beside the log.
    pub fn on_output(mut self, printer: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        self.printer = Some(Arc::new(printer));
        self
    }
}

impl fmt::Debug for LocalTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTarget")
            .field("any_access", &self.any_access)
            .field("upload_on_failure", &self.upload_on_failure)
            .field("python", &self.python)
            .finish_non_exhaustive()
    }
}

/// The runs of this machine, below one directory.
#[derive(Clone, Debug)]
pub struct LocalRuns {
    root: PathBuf,
}

impl Default for LocalRuns {
    /// Those in `azureml_runs` in the directory for temporary files.
    fn default() -> Self {
        Self::new(std::env::temp_dir().join("azureml_runs"))
    }
}

impl LocalRuns {
    /// The runs below `root`, which is made when it is needed.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Carries a run out and gives how it ended. Cancelling the token ends it in order;
    /// dropping the future ends it at once.
    ///
    /// # Errors
    /// A use of data that does not work on this target, before anything starts; a datastore
    /// that is not there; a source directory that cannot be read. A script that fails is no
    /// error here: [`RunDetails::status`] says so.
    pub async fn submit(
        &self,
        workspace: &Workspace,
        experiment: &str,
        submission: Submission,
        target: LocalTarget,
        cancel: &CancellationToken,
    ) -> Result<RunDetails> {
        check::experiment(experiment)?;
        let Submission {
            source_directory,
            configuration,
            ..
        } = submission;
        if configuration.node_count() > 1 {
            return Err(Error::usage("the target local has one node"));
        }
        let compute = (!target.any_access).then_some(Compute::Local);
        let datastores = check::datastores(workspace, &configuration, compute).await?;
        let clock = workspace.clock();
        let details = RunDetails {
            run_id: check::new_id(experiment, clock.as_ref()),
            experiment: experiment.to_owned(),
            target: "local".to_owned(),
            status: RunState::NotStarted,
            created: clock.now(),
            ended: None,
            exit_code: None,
            error: None,
            warnings: Vec::new(),
        };
        let mut job = Job::new(&details.run_id, configuration, &self.root);
        job.variables = variables(workspace, &details);
        job.python = target.python;
        job.absolute_paths = true;
        job.upload_on_failure = target.upload_on_failure;
        let (source, work) = (source_directory, job.work_dir());
        let copied = tokio::task::spawn_blocking(move || copy_source(&source, &work));
        copied
            .await
            .map_err(|error| Error::usage(format!("the code cannot be copied: {error}")))??;
        let files = Files::new(&self.root, &details.run_id);
        let lock = files.lock();
        let held = File::create(&lock).map_err(Error::local("creating", &lock))?;
        held.lock().map_err(Error::local("locking", &lock))?;
        let log = files.log();
        let watcher = LocalWatcher {
            log: Mutex::new(File::create(&log).map_err(Error::local("creating", &log))?),
            details: Mutex::new(details),
            printer: target.printer,
            files,
        };
        watcher.change(|_| ())?;
        let data = WorkspaceData(datastores);
        let ending = cancel.child_token();
        let outcome = tokio::select! {
            outcome = executor::execute(&job, &data, &watcher, &ending) => outcome,
            never = watcher.cancel_when_asked(&ending) => match never {},
        };
        let details = watcher.change(|details| {
            details.status = outcome.state;
            details.ended = Some(clock.now());
            details.exit_code = outcome.exit_code;
            details.error = outcome.reason;
        })?;
        drop(held);
        Ok(details)
    }

    /// Every run, the latest first.
    ///
    /// # Errors
    /// [`Error::Local`], and a record that cannot be understood.
    pub fn list(&self) -> Result<Vec<RunDetails>> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::local("reading", &self.root)(error)),
        };
        let mut runs = Vec::new();
        for entry in entries {
            let entry = entry.map_err(Error::local("reading", &self.root))?;
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
            if let Some(id) = id
                && let Some(details) = Files::new(&self.root, id).read()?
            {
                runs.push(details);
            }
        }
        runs.sort_by(|a, b| (b.created, &b.run_id).cmp(&(a.created, &a.run_id)));
        Ok(runs)
    }

    /// One run.
    ///
    /// # Errors
    /// [`Error::Usage`] when there is no such run.
    pub fn get(&self, run_id: &str) -> Result<RunDetails> {
        self.existing(run_id).map(|(_, details)| details)
    }

    /// What the script of a run has printed so far.
    ///
    /// # Errors
    /// As [`LocalRuns::get`].
    pub fn log(&self, run_id: &str) -> Result<Vec<u8>> {
        let (files, _) = self.existing(run_id)?;
        let log = files.log();
        fs::read(&log).map_err(Error::local("reading", &log))
    }

    /// Asks for the end of a run; gives whether it had not ended yet.
    ///
    /// # Errors
    /// As [`LocalRuns::get`].
    pub fn cancel(&self, run_id: &str) -> Result<bool> {
        let (files, details) = self.existing(run_id)?;
        if details.status.is_terminal() {
            return Ok(false);
        }
        let marker = files.cancel();
        fs::write(&marker, b"").map_err(Error::local("writing", &marker))?;
        Ok(true)
    }

    /// The directory of a run's code, in which it ran and left its files.
    #[must_use]
    pub fn directory(&self, run_id: &str) -> PathBuf {
        self.root.join(run_id)
    }

    fn existing(&self, run_id: &str) -> Result<(Files, RunDetails)> {
        let missing = || {
            let root = self.root.display();
            Error::usage(format!("there is no run '{run_id}' in '{root}'"))
        };
        if run_id.contains(['/', '\\', '\0']) {
            return Err(missing());
        }
        let files = Files::new(&self.root, run_id);
        let details = files.read()?.ok_or_else(missing)?;
        Ok((files, details))
    }
}

fn variables(workspace: &Workspace, details: &RunDetails) -> Vec<(String, String)> {
    let scope = workspace.scope();
    [
        ("AZUREML_RUN_ID", &details.run_id),
        ("AZUREML_ARM_SUBSCRIPTION", &scope.subscription_id),
        ("AZUREML_ARM_RESOURCEGROUP", &scope.resource_group),
        ("AZUREML_ARM_WORKSPACE_NAME", &scope.name),
        ("AZUREML_ARM_PROJECT_NAME", &details.experiment),
    ]
    .map(|(name, value)| (name.to_owned(), value.clone()))
    .into()
}

fn copy_source(source: &Path, work: &Path) -> Result<()> {
    let files = source_files(source)?;
    fs::create_dir_all(work).map_err(Error::local("creating", work))?;
    for file in files {
        let to = work.join(&file.name);
        let folder = to.parent().unwrap_or(work);
        fs::create_dir_all(folder).map_err(Error::local("creating", folder))?;
        fs::copy(&file.path, &to).map_err(Error::local("copying", &file.path))?;
    }
    Ok(())
}

/// Keeps record and log of a run that is carried out.
struct LocalWatcher {
    files: Files,
    details: Mutex<RunDetails>,
    log: Mutex<File>,
    printer: Option<Printer>,
}

/// What does not happen.
enum Never {}

impl LocalWatcher {
    fn change(&self, change: impl FnOnce(&mut RunDetails)) -> Result<RunDetails> {
        let mut details = self.details.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut details);
        self.files.write(&details)?;
        Ok(details.clone())
    }

    /// Records a change that is not worth ending the run for when it cannot be recorded.
    fn note(&self, change: impl FnOnce(&mut RunDetails)) {
        if let Err(error) = self.change(change) {
            tracing::warn!(%error, "the record of the run was not written");
        }
    }

    async fn cancel_when_asked(&self, token: &CancellationToken) -> Never {
        let marker = self.files.cancel();
        let mut ticks = tokio::time::interval(CANCEL_CHECKED_EVERY);
        while !tokio::fs::try_exists(&marker).await.unwrap_or_default() {
            ticks.tick().await;
        }
        token.cancel();
        std::future::pending().await
    }
}

#[async_trait]
impl Watcher for LocalWatcher {
    async fn state(&self, state: RunState) {
        self.note(|details| details.status = state);
    }

    async fn warning(&self, text: &str) {
        self.note(|details| details.warnings.push(text.to_owned()));
    }

    fn output(&self, text: &[u8]) {
        if let Some(print) = &self.printer {
            print(text);
        }
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = log.write_all(text) {
            tracing::warn!(%error, "the run's output was not kept");
        }
    }
}
