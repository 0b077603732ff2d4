//! The processes of a run: started in a group of their own, ended together.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures::FutureExt;
use futures::future::FusedFuture;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::arguments::CommandLine;
use super::console::Console;
use super::folders::Folders;
use super::{Job, RunAs, Watcher};

/// How often the used disk space is measured.
const MEASURED_EVERY: Duration = Duration::from_secs(2);
/// How long output is read that was printed before the end.
const DRAINED_FOR: Duration = Duration::from_secs(2);

/// How a run's processes ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// By itself; with the last of the error output.
    Exit { code: i32, errors: String },
    /// By a signal that somebody else sent.
    Signal { signal: i32, errors: String },
    /// It never was.
    NotStarted(String),
    /// It wrote too much.
    DiskFull { limit: u64 },
    /// It took too long.
    OutOfTime { limit: Duration },
    /// It was asked to.
    Canceled,
}

/// Starts the command line and waits for its end.
pub(super) async fn run(
    job: &Job,
    command: CommandLine,
    folders: &Folders,
    watcher: &dyn Watcher,
    cancel: &CancellationToken,
) -> Ending {
    let program = command.program.display().to_string();
    let mut child = match build(job, command, folders).spawn() {
        Ok(child) => child,
        Err(error) => return Ending::NotStarted(format!("'{program}' did not start: {error}")),
    };
    let mut group = Group::of(&child);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let console = Console::new(watcher, job.limits.log_bytes);
    let passed = async {
        let out = async {
            if let Some(pipe) = stdout {
                console.pass(pipe).await;
            }
        };
        let err = async {
            if let Some(pipe) = stderr {
                console.pass_errors(pipe).await;
            }
        };
        tokio::join!(out, err);
    };
    let mut passed = std::pin::pin!(passed.fuse());
    let ended = {
        let mut waited = std::pin::pin!(wait(job, &mut child, folders, cancel));
        loop {
            tokio::select! {
                ended = &mut waited => break ended,
                () = &mut passed => {}
            }
        }
    };
    if ended.is_err() {
        group.ask_to_end();
        let gone = async {
            let mut waited = std::pin::pin!(child.wait());
            loop {
                tokio::select! {
                    _ = &mut waited => break,
                    () = &mut passed => {}
                }
            }
        };
        // What does not end by itself is ended below.
        let _ = timeout(job.limits.grace, gone).await;
    }
    // Whatever the script has started and left behind ends with it.
    group.end();
    if !passed.is_terminated() {
        // A process that left the group can hold the pipe for ever.
        let _ = timeout(DRAINED_FOR, &mut passed).await;
    }
    let _ = child.wait().await;
    match ended {
        Ok(status) => shown(status, &console.errors()),
        Err(early) => early,
    }
}

fn build(job: &Job, line: CommandLine, folders: &Folders) -> Command {
    let mut command = Command::new(line.program);
    command
        .args(line.arguments)
        .current_dir(&folders.work)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if !job.inherit_environment {
        command.env_clear();
    }
    command.envs(line.variables);
    #[cfg(unix)]
    {
        command.process_group(0);
        if let RunAs::User { uid, gid } = job.run_as {
            command.uid(uid).gid(gid);
        }
    }
    command
}

/// Waits for the end of the process; the error says why it has to be ended.
async fn wait(
    job: &Job,
    child: &mut Child,
    folders: &Folders,
    cancel: &CancellationToken,
) -> Result<ExitStatus, Ending> {
    let begun = Instant::now();
    loop {
        let mut step = MEASURED_EVERY;
        if let Some(limit) = job.configuration.max_duration() {
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(Ending::OutOfTime { limit });
            }
            step = step.min(left);
        }
        let waited = tokio::select! {
            waited = timeout(step, child.wait()) => waited,
            () = cancel.cancelled() => return Err(Ending::Canceled),
        };
        match waited {
            Ok(Ok(status)) => return Ok(status),
            Ok(Err(error)) => return Err(Ending::NotStarted(error.to_string())),
            Err(_) => {
                let limit = job.limits.disk_bytes;
                if folders.used().await > limit {
                    return Err(Ending::DiskFull { limit });
                }
            }
        }
    }
}

#[cfg(unix)]
fn shown(status: ExitStatus, errors: &str) -> Ending {
    use std::os::unix::process::ExitStatusExt;
    let errors = errors.to_owned();
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exit { code, errors },
        (None, signal) => Ending::Signal {
            signal: signal.unwrap_or_default(),
            errors,
        },
    }
}

#[cfg(not(unix))]
fn shown(status: ExitStatus, errors: &str) -> Ending {
    Ending::Exit {
        code: status.code().unwrap_or(-1),
        errors: errors.to_owned(),
    }
}

/// The processes of a run. Dropping it ends them.
struct Group {
    #[cfg(unix)]
    id: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            id: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    #[cfg(not(unix))]
    fn of(_: &Child) -> Self {
        Self {}
    }

    #[cfg(unix)]
    fn ask_to_end(&self) {
        self.send(rustix::process::Signal::TERM);
    }

    #[cfg(not(unix))]
    fn ask_to_end(&self) {}

    /// Ends all that are left, once: the id may be another group's later.
    fn end(&mut self) {
        #[cfg(unix)]
        {
            self.send(rustix::process::Signal::KILL);
            self.id = None;
        }
    }

    #[cfg(unix)]
    fn send(&self, signal: rustix::process::Signal) {
        if let Some(id) = self.id {
            // They may all have ended already.
            let _ = rustix::process::kill_process_group(id, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}
