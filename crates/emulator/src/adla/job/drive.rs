//! Takes a job from its submission to its end, one durable step after the other.
//! What is stored decides: a job that was cancelled or removed meanwhile is left alone.

use std::sync::Arc;
use std::time::Duration;

use azml_usql_syntax::Code;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::super::account::Limits;
use super::super::runner::{Finding, JobRunner, JobSource, Outcome, Stage};
use super::super::tables::{JOBS, SCRIPTS};
use super::capacity::{Capacity, Ticket};
use super::listings::Listings;
use super::model::{Job, JobResult, JobState};
use super::show;
use super::signals::Signals;
use crate::arm::ArmError;
use crate::arm::accounts::{Account, DATA_LAKE_ANALYTICS, find};
use crate::state::{self, Key, KeyRange, Read, State};
use crate::storage::gen1::{Gate, Lake};

/// The jobs of all accounts, and what moves them on.
pub(in crate::adla) struct Jobs {
    pub(super) state: State,
    pub(super) runner: Arc<dyn JobRunner>,
    pub(super) listings: Listings,
    lake: Lake,
    delay: Duration,
    capacity: Arc<Capacity>,
    /// Stops jobs that are on their way.
    stops: Signals,
    /// Takes jobs that run off their units.
    yields: Signals,
    /// Tells jobs that wait that they are to be read again.
    pub(super) changes: Signals,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

/// What came of a job that was given its units.
enum Turn {
    Ended(Result<Vec<Stage>, Box<Finding>>),
    /// It was taken off them, and is in the queue again.
    Yielded,
    /// It had come to ask for other units meanwhile, and did not start.
    Changed,
}

/// Why a job is not driven any further.
enum Halt {
    /// It ended or was removed by somebody else.
    Gone,
    State(state::Error),
}

impl From<state::Error> for Halt {
    fn from(error: state::Error) -> Self {
        Self::State(error)
    }
}

/// Lets the outputs of a job appear while it runs, and keeps it from being cancelled afterwards.
fn gate(account: &str, id: &str) -> Gate {
    let key = key(account, id);
    Gate::new(move |transaction| {
        let job = transaction.get_json::<Job>(JOBS, &key)?;
        let Some(mut job) = job.filter(|job| job.state == JobState::Running) else {
            return Ok(false);
        };
        job.committed = true;
        transaction.put_json(JOBS, &key, &job)?;
        Ok(true)
    })
}

/// The key of a job and of its script.
pub(super) fn key(account: &str, job: &str) -> Key {
    Key::of([account, job])
}

impl Jobs {
    pub(in crate::adla) fn new(
        state: State,
        runner: Arc<dyn JobRunner>,
        delay: Duration,
        tasks: TaskTracker,
        stopping: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            lake: Lake::new(state.clone()),
            listings: Listings::default(),
            state,
            runner,
            delay,
            capacity: Arc::default(),
            stops: Signals::default(),
            yields: Signals::default(),
            changes: Signals::default(),
            tasks,
            stopping,
        })
    }

    /// Takes up the jobs that the last process left: those that had not begun to run go on, those that
    /// had are ended, because nobody knows how far they came.
    pub(in crate::adla) async fn recover(self: &Arc<Self>) -> Result<(), state::Error> {
        let accounts: Vec<Account> = self
            .state
            .store
            .read(|snapshot| snapshot.scan_json(DATA_LAKE_ANALYTICS, &KeyRange::all()))?;
        for account in accounts {
            let range = KeyRange::prefix(Key::of([&account.id]));
            let jobs: Vec<Job> = self
                .state
                .store
                .read_long(move |snapshot| snapshot.scan_json(JOBS, &range))
                .await?;
            for job in jobs.into_iter().filter(|job| !job.is_ended()) {
                let began = matches!(
                    job.state,
                    JobState::Scheduling | JobState::Starting | JobState::Running
                );
                if job.committed {
                    // Its outputs are there; only the word of it is not.
                    let _ = self
                        .end(&account.id, &job.id, Ok(Vec::new()), "SystemError")
                        .await;
                } else if began {
                    let finding = Finding {
                        code: "E_SYSTEM_EMULATOR_RESTARTED".to_owned(),
                        resolution: "Submit the job again.".to_owned(),
                        ..Finding::error(
                            Code::E_RUNTIME_SYSTEM_IO,
                            "the emulator stopped while the job was running; its outputs may be incomplete",
                        )
                    };
                    // A job that ended meanwhile needs nothing.
                    let _ = self
                        .end(&account.id, &job.id, Err(&[finding]), "SystemError")
                        .await;
                } else {
                    self.spawn(&account.id, &job.id);
                }
            }
        }
        Ok(())
    }

    /// Starts moving a stored job on.
    pub(super) fn spawn(self: &Arc<Self>, account: &str, job: &str) {
        let jobs = Arc::clone(self);
        let (account, job) = (account.to_owned(), job.to_owned());
        self.tasks
            .spawn(async move { jobs.drive(account, job).await });
    }

    /// Ends a job for its user. One that has ended stays as it is.
    pub(super) async fn cancel(
        &self,
        account: &str,
        job: &str,
        user: String,
    ) -> Result<(), ArmError> {
        let now = self.state.clock.now();
        let (store_key, id) = (key(account, job), job.to_owned());
        let ended = self
            .state
            .store
            .write(move |transaction| {
                let Some(mut job) = transaction.get_json::<Job>(JOBS, &store_key)? else {
                    return Err(unknown_job(&id));
                };
                if !job.is_ended() && !job.committed {
                    job.result = JobResult::Cancelled;
                    job.errors = vec![cancelled_by_user()];
                    job.error_source = Some("UserError".to_owned());
                    job.enter(
                        JobState::Ended,
                        Some("result:CanceledByUser".to_owned()),
                        now,
                    );
                    if let Some(last) = job.audits.last_mut() {
                        last.user = Some(user);
                        job.ended = Some(last.time);
                    }
                    transaction.put_json(JOBS, &store_key, &job)?;
                }
                Ok(job.is_ended())
            })
            .await?;
        self.listings.changed();
        if ended {
            self.stops.send(account, job);
        }
        Ok(())
    }

    /// Limits of an account may have changed.
    pub(in crate::adla) fn recheck(&self) {
        self.capacity.recheck();
    }

    async fn drive(&self, account: String, job: String) {
        let stop = self.stopping.child_token();
        let _listening = self.stops.listen(&account, &job, stop.clone());
        let outcome = tokio::select! {
            biased;
            () = stop.cancelled() => Ok(()),
            outcome = self.steps(&account, &job, &stop) => outcome,
        };
        if let Err(Halt::State(error)) = outcome {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                job,
                "a job cannot go on"
            );
        }
    }

    async fn steps(&self, account: &str, id: &str, stop: &CancellationToken) -> Result<(), Halt> {
        let (job, source) = self.load(account, id)?;
        if job.state != JobState::Queued && !self.compile(account, &job, &source).await? {
            return Ok(());
        }
        self.pause().await;
        let mut since = job.submitted;
        let (outcome, permit) = loop {
            let changed = CancellationToken::new();
            let _listening = self.changes.listen(account, id, changed.clone());
            let (job, source) = self.load(account, id)?;
            let ticket = Ticket {
                priority: job.priority,
                submitted: since,
                id: id.to_owned(),
            };
            let limits = || self.limits(&source.account);
            let waiting = self
                .capacity
                .acquire(account, &ticket, job.parallelism, limits);
            let permit = tokio::select! {
                () = changed.cancelled() => continue,
                permit = waiting => permit.ok_or(Halt::Gone)?,
            };
            match self.turn(account, &job, &source, stop).await? {
                Turn::Ended(outcome) => break (outcome.map_err(|finding| *finding), permit),
                // Others of the same priority go first now.
                Turn::Yielded => since = self.state.clock.now(),
                Turn::Changed => {}
            }
        };
        let outcome = match &outcome {
            Ok(stages) => Ok(stages.clone()),
            Err(finding) => Err(std::slice::from_ref(finding)),
        };
        self.end(account, id, outcome, "UserError").await?;
        drop(permit);
        Ok(())
    }

    /// Runs a job that has its units.
    async fn turn(
        &self,
        account: &str,
        job: &Job,
        source: &JobSource,
        stop: &CancellationToken,
    ) -> Result<Turn, Halt> {
        let (yielded, running) = (CancellationToken::new(), stop.child_token());
        let listening = self.yields.listen(account, &job.id, yielded.clone());
        let started = tokio::select! {
            () = yielded.cancelled() => None,
            started = self.start(account, job) => Some(started?),
        };
        let outcome = match started {
            Some(false) => return Ok(Turn::Changed),
            None => Outcome::Stopped,
            Some(true) => {
                let gate = gate(account, &job.id);
                let mut run = self.runner.run(source, gate, running.clone());
                // Whoever is stopped says whether that came before its outputs appeared.
                tokio::select! {
                    outcome = &mut run => outcome,
                    () = yielded.cancelled() => {
                        running.cancel();
                        run.await
                    }
                }
            }
        };
        drop(listening);
        match outcome {
            Outcome::Done(stages) => return Ok(Turn::Ended(Ok(stages))),
            Outcome::Failed(finding) => return Ok(Turn::Ended(Err(Box::new(finding)))),
            Outcome::Stopped => {}
        }
        let now = self.state.clock.now();
        self.update(account, &job.id, move |job| {
            job.enter(JobState::Queued, Some("yielded".to_owned()), now);
        })
        .await?;
        Ok(Turn::Yielded)
    }

    /// Takes a job off its units; `false` when it does not run.
    pub(super) fn take_off(&self, account: &str, job: &str) -> bool {
        self.yields.send(account, job)
    }

    fn load(&self, account: &str, id: &str) -> Result<(Job, JobSource), Halt> {
        self.state.store.read(|snapshot| {
            let key = key(account, id);
            let job: Job = snapshot.get_json(JOBS, &key)?.ok_or(Halt::Gone)?;
            let script = snapshot.get(SCRIPTS, &key)?.ok_or(Halt::Gone)?;
            let accounts: Vec<Account> =
                snapshot.scan_json(DATA_LAKE_ANALYTICS, &KeyRange::all())?;
            let owner = accounts
                .into_iter()
                .find(|it| it.id == account)
                .ok_or(Halt::Gone)?;
            if job.is_ended() {
                return Err(Halt::Gone);
            }
            let source = job.source(&owner.name, &String::from_utf8_lossy(&script));
            Ok((job, source))
        })
    }

    /// Compiles; gives whether the job goes on.
    async fn compile(&self, account: &str, job: &Job, source: &JobSource) -> Result<bool, Halt> {
        let begun = self.state.clock.now();
        let details = format!("Compilation:{};Status:Dispatched", self.state.ids.uuid());
        let enter = move |job: &mut Job| {
            if job.entered(JobState::Compiling).is_none() {
                job.enter(JobState::Compiling, Some(details.clone()), begun);
            }
        };
        if !self.delay.is_zero() {
            self.update(account, &job.id, enter.clone()).await?;
            self.pause().await;
        }
        let findings = self.runner.compile(source).await;
        let mut errors: Vec<Finding> = findings
            .iter()
            .filter(|it| it.is_error())
            .cloned()
            .collect();
        if errors.is_empty()
            && let Err(error) = self.write_files(job, source, &findings).await
        {
            errors.push(error);
        }
        let failed = !errors.is_empty();
        let now = self.state.clock.now();
        self.update(account, &job.id, move |job| {
            enter(job);
            job.findings = findings;
            if failed {
                fail(job, &errors, "UserError", now);
            } else {
                job.compiled = true;
                job.enter(JobState::Queued, None, now);
            }
        })
        .await?;
        Ok(!failed)
    }

    /// Writes what the service leaves beside a compiled job.
    async fn write_files(
        &self,
        job: &Job,
        source: &JobSource,
        findings: &[Finding],
    ) -> Result<(), Finding> {
        let diagnostics: Vec<Value> = findings.iter().map(show::diagnostic).collect();
        let contents = [
            ("script.usql", source.script.as_bytes().to_vec()),
            ("algebra.xml", b"<Algebra />\n".to_vec()),
            ("profile", Vec::new()),
            (
                "diagnosticsjson",
                json!(diagnostics).to_string().into_bytes(),
            ),
        ];
        for (name, content) in contents {
            let path = format!("{}{name}", job.folder());
            self.lake
                .write(&source.store, &path, content.into())
                .await
                .map_err(|error| {
                    Finding::error(
                        Code::E_RUNTIME_SYSTEM_IO,
                        format!(
                            "the job's files cannot be written to the store '{}': {error}",
                            source.store
                        ),
                    )
                })?;
        }
        Ok(())
    }

    /// Goes through the states before and up to Running; `false` when the job asks for other units than it was given.
    async fn start(&self, account: &str, job: &Job) -> Result<bool, Halt> {
        let root = self.state.ids.uuid().to_string();
        let (units, version) = (job.parallelism, &job.runtime_version);
        let states = [
            (
                JobState::Scheduling,
                format!("Detail:Dispatching job to cluster.;rootProcessId:{root}"),
            ),
            (JobState::Starting, format!("runtimeVersion:{version}")),
            (JobState::Running, "runAttempt:1".to_owned()),
        ];
        // Without a delay nobody can see the states apart: one commit for all.
        let at_once = if self.delay.is_zero() {
            states.len()
        } else {
            1
        };
        for group in states.chunks(at_once) {
            let (group, root, now) = (group.to_vec(), root.clone(), self.state.clock.now());
            let same = self
                .update(account, &job.id, move |job| {
                    if job.parallelism != units {
                        return false;
                    }
                    for (state, details) in group {
                        job.enter(state, Some(details), now);
                        if state == JobState::Starting {
                            job.started = job.entered(state);
                        }
                    }
                    job.root_process_id = Some(root);
                    true
                })
                .await?;
            if !same {
                return Ok(false);
            }
            self.pause().await;
        }
        Ok(true)
    }

    async fn end(
        &self,
        account: &str,
        id: &str,
        outcome: Result<Vec<Stage>, &[Finding]>,
        source: &'static str,
    ) -> Result<(), Halt> {
        let now = self.state.clock.now();
        let outcome = outcome.map_err(<[Finding]>::to_vec);
        self.update(account, id, move |job| match outcome {
            Ok(stages) => {
                job.stages = stages;
                job.result = JobResult::Succeeded;
                job.ended = Some(now);
                job.enter(JobState::Ended, Some("result:Succeeded".to_owned()), now);
            }
            Err(errors) => fail(job, &errors, source, now),
        })
        .await?;
        Ok(())
    }

    /// Changes a job that has not ended; gives what `change` gives.
    async fn update<T: Send + 'static>(
        &self,
        account: &str,
        id: &str,
        change: impl FnOnce(&mut Job) -> T + Send + 'static,
    ) -> Result<T, Halt> {
        let key = key(account, id);
        let changed = self
            .state
            .store
            .write(move |transaction| {
                let mut job: Job = transaction.get_json(JOBS, &key)?.ok_or(Halt::Gone)?;
                if job.is_ended() {
                    return Err(Halt::Gone);
                }
                let changed = change(&mut job);
                transaction.put_json(JOBS, &key, &job)?;
                Ok(changed)
            })
            .await?;
        self.listings.changed();
        Ok(changed)
    }

    async fn pause(&self) {
        if !self.delay.is_zero() {
            self.state.clock.sleep(self.delay).await;
        }
    }

    /// The limits as they are now; none when the account is gone.
    fn limits(&self, account: &str) -> Option<Limits> {
        let found = self
            .state
            .store
            .read(|snapshot| find(snapshot, DATA_LAKE_ANALYTICS, account));
        Some(Limits::of(&found.ok()??))
    }
}

fn fail(job: &mut Job, errors: &[Finding], source: &'static str, now: OffsetDateTime) {
    job.result = JobResult::Failed;
    job.errors = errors.iter().map(show::error).collect();
    job.error_source = Some(source.to_owned());
    job.ended = Some(now);
    job.enter(JobState::Ended, Some("result:Failed".to_owned()), now);
}

fn cancelled_by_user() -> Value {
    json!({
        "errorId": "I_USER_CJS_CANCELEDBYUSER",
        "name": "CANCELED_BY_USER",
        "severity": "Info",
        "source": "User",
        "component": "CJS",
        "message": "Job was cancelled.",
        "description": "",
        "details": "",
        "lineNumber": 0,
        "startOffset": 0,
        "endOffset": 0,
        "resolution": "",
        "filePath": "",
        "helpLink": "",
        "internalDiagnostics": "",
    })
}

pub(super) fn unknown_job(id: &str) -> ArmError {
    ArmError::not_found("JobNotFound", format!("The job '{id}' could not be found."))
}
