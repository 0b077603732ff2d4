//! Carrying a submitted run out: its code and data into a folder, its output and its
//! results into the workspace, its state into the record.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azml_runs::RunConfiguration;
use azml_runs::executor::{self, Job, Outcome, RunAs, RunState, Watcher};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::call::Call;
use super::data::RunData;
use super::model::{Run, Snapshot};
use super::{Runs, artifacts};
use crate::scripts;
use crate::state;
use crate::workspace::workspaces::Workspace;
use azml_auth::storage::SasService;

/// How often new output is stored.
const STORED_EVERY: Duration = Duration::from_secs(1);
/// Folders whose files stay with the run.
const COLLECTED: [&str; 2] = ["outputs", "logs"];

/// The folder of all runs: their user gets through it but cannot list it.
pub(super) fn root() -> io::Result<TempDir> {
    let root = tempfile::Builder::new().prefix("azml-runs-").tempdir()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o711))?;
    }
    Ok(root)
}

impl Runs {
    /// Asks for the end of a run; gives whether it was going on.
    pub(super) fn cancel(&self, id: &str) -> bool {
        let Some(executor) = &self.executor else {
            return false;
        };
        let active = executor.active.lock();
        let active = active.unwrap_or_else(PoisonError::into_inner);
        match active.get(id) {
            Some(token) => {
                token.cancel();
                true
            }
            None => false,
        }
    }
}

/// Starts a run in the background.
pub(super) fn start(call: &Call, run: &Run, configuration: RunConfiguration, snapshot: Snapshot) {
    let Some(executor) = &call.runs.executor else {
        return;
    };
    let cancel = CancellationToken::new();
    executor
        .active
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(run.id.clone(), cancel.clone());
    let stopping = executor.stopping.clone();
    let drive = Drive {
        runs: Arc::clone(&call.runs),
        workspace: call.workspace.clone(),
        run: run.clone(),
        snapshot,
        output: Mutex::default(),
    };
    executor.tasks.spawn(async move {
        tokio::select! {
            () = drive.run(configuration, &cancel) => {}
            // The record says at the next start what became of it.
            () = stopping.cancelled() => {}
        }
        drive.forget();
    });
}

/// One run on its way.
struct Drive {
    runs: Arc<Runs>,
    workspace: Workspace,
    run: Run,
    snapshot: Snapshot,
    /// What the script has printed, and how much of it is stored.
    output: Mutex<(Vec<u8>, Option<usize>)>,
}

impl Drive {
    async fn run(&self, configuration: RunConfiguration, cancel: &CancellationToken) {
        let Some(executor) = &self.runs.executor else {
            return;
        };
        let slot = tokio::select! {
            slot = executor.slots.acquire() => slot.ok(),
            () = cancel.cancelled() => None,
        };
        let data = RunData {
            runs: Arc::clone(&self.runs),
            workspace: self.workspace.clone(),
        };
        let mut job = Job::new(&self.run.id, configuration, executor.root.path());
        job.inherit_environment = false;
        job.python = Some(executor.runtime.python().to_owned());
        job.variables = self.variables();
        job.run_as = match executor.runtime.run_as() {
            scripts::RunAs::Own => RunAs::Caller,
            scripts::RunAs::User { uid, gid } => RunAs::User {
                uid: *uid,
                gid: *gid,
            },
        };
        let outcome = match self
            .bring_code(&job.work_dir(), &data, &job.configuration)
            .await
        {
            Ok(()) => {
                let executed = executor::execute(&job, &data, self, cancel);
                tokio::select! {
                    outcome = Box::pin(executed) => outcome,
                    never = self.keep_storing() => match never {},
                }
            }
            Err(reason) => Outcome::failed(reason),
        };
        self.store_output().await;
        let mut outcome = outcome;
        if job.configuration.collects_outputs()
            && let Err(reason) = self.collect(&job).await
            && outcome.state == RunState::Completed
        {
            outcome = Outcome::failed(reason);
        }
        for folder in [job.work_dir(), job.data_dir()] {
            // What the script left there may be in use; the folder of all runs goes later.
            let _ = tokio::fs::remove_dir_all(folder).await;
        }
        drop(slot);
        self.finish(outcome).await;
    }

    fn variables(&self) -> Vec<(String, String)> {
        let storage = &self.runs.datastores.storage;
        [
            ("AZUREML_RUN_ID", self.run.id.clone()),
            (
                "AZUREML_ARM_SUBSCRIPTION",
                self.workspace.subscription.clone(),
            ),
            ("AZUREML_ARM_RESOURCEGROUP", self.workspace.group.clone()),
            ("AZUREML_ARM_WORKSPACE_NAME", self.workspace.name.clone()),
            ("AZUREML_ARM_PROJECT_NAME", self.run.experiment.clone()),
            ("AZUREML_WORKSPACE_ID", self.workspace.id.clone()),
            (
                "AZUREML_SERVICE_ENDPOINT",
                format!("https://{}", storage.suffix()),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Checks the data and writes the files of the snapshot.
    async fn bring_code(
        &self,
        work: &Path,
        data: &RunData,
        configuration: &RunConfiguration,
    ) -> Result<(), String> {
        data.check(configuration)?;
        let place = self.runs.place(&self.workspace);
        make(work).await?;
        for (name, blob) in &self.snapshot.files {
            let to = work.join(name);
            make(to.parent().unwrap_or(work)).await?;
            let storage = &self.runs.datastores.storage;
            storage
                .fetch(&place, blob, &to)
                .await
                .map_err(|error| format!("the file '{name}' of the snapshot: {error}"))?;
        }
        Ok(())
    }

    /// Keeps the files in the folders that belong to the run.
    async fn collect(&self, job: &Job) -> Result<(), String> {
        let place = self.runs.place(&self.workspace);
        for folder in COLLECTED {
            for (name, path) in executor::left_in(job, folder).await? {
                let blob = artifacts::blob(&self.run, &name);
                let storage = &self.runs.datastores.storage;
                storage
                    .keep(&place, &blob, &path, true)
                    .await
                    .map_err(|error| format!("'{name}' could not be kept: {error}"))?;
            }
        }
        Ok(())
    }

    async fn keep_storing(&self) -> Never {
        let mut ticks = tokio::time::interval(STORED_EVERY);
        loop {
            ticks.tick().await;
            self.store_output().await;
        }
    }

    /// Stores all output when there is some that is not stored yet.
    async fn store_output(&self) {
        let text = {
            let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
            let (text, stored) = &mut *output;
            if *stored == Some(text.len()) {
                return;
            }
            *stored = Some(text.len());
            bytes::Bytes::copy_from_slice(text)
        };
        let place = self.runs.place(&self.workspace);
        let storage = &self.runs.datastores.storage;
        let made = storage
            .ensure_container(SasService::Blob, &place.account, &place.container, true)
            .await;
        let blob = artifacts::blob(&self.run, artifacts::LOG);
        let stored = match made {
            Ok(_) => storage
                .keep_bytes(&place, &blob, text)
                .await
                .map_err(|error| error.message().to_owned()),
            Err(error) => Err(error),
        };
        if let Err(error) = stored {
            tracing::warn!(run = self.run.id, error, "the run's output was not stored");
        }
    }

    async fn finish(&self, outcome: Outcome) {
        let now = self.runs.datastores.state.clock.now();
        self.change(move |run| {
            run.status = outcome.state;
            run.ended = Some(now);
            if outcome.state == RunState::Failed {
                run.error = outcome.reason;
            } else if let Some(reason) = outcome.reason {
                run.warnings.push(reason);
            }
        })
        .await;
    }

    async fn change(&self, change: impl FnOnce(&mut Run) + Send + 'static) {
        let workspace = self.workspace.id.clone();
        let id = self.run.id.clone();
        let written = self.runs.datastores.state.store.write(move |txn| {
            if let Some(mut run) = Run::find(txn, &workspace, &id)? {
                change(&mut run);
                run.put(txn, &workspace)?;
            }
            Ok::<_, state::Error>(())
        });
        if let Err(error) = written.await {
            tracing::error!(run = self.run.id, %error, "the state of a run was not recorded");
        }
    }

    fn forget(&self) {
        if let Some(executor) = &self.runs.executor {
            let active = executor.active.lock();
            let mut active = active.unwrap_or_else(PoisonError::into_inner);
            active.remove(&self.run.id);
        }
    }
}

async fn make(folder: &Path) -> Result<(), String> {
    let made = tokio::fs::create_dir_all(folder).await;
    made.map_err(|error| format!("'{}': {error}", folder.display()))
}

/// What does not happen.
enum Never {}

#[async_trait]
impl Watcher for Drive {
    async fn state(&self, state: RunState) {
        let now = self.runs.datastores.state.clock.now();
        self.change(move |run| {
            if state == RunState::Running {
                run.started = Some(now);
            }
            // That the end was asked for shows until it is reached.
            if run.status != RunState::CancelRequested {
                run.status = state;
            }
        })
        .await;
    }

    async fn warning(&self, text: &str) {
        let text = text.to_owned();
        self.change(move |run| run.warnings.push(text)).await;
    }

    fn output(&self, text: &[u8]) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.0.extend_from_slice(text);
    }
}
