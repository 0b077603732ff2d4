//! Runs the program as if it had been started directly: same streams, signals passed on,
//! its exit status ours.

use std::ffi::OsString;
use std::process::ExitStatus;

use azml_core::{Error, ErrorKind};
use tokio::process::{Child, Command};

use crate::failure::{Failure, Result};

/// Runs the program to its end. An exit status other than 0 is a [`Failure::Status`].
pub(super) async fn run(
    command: &[OsString],
    environment: impl IntoIterator<Item = (String, OsString)>,
) -> Result<()> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| Failure::usage("no program given"))?;
    // Before the program is there: from then on its signals are not ours to die from.
    let mut signals = Signals::listen()?;
    let mut child = Command::new(program)
        .args(arguments)
        .envs(environment)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| cannot_start(program, error))?;
    let ended = loop {
        tokio::select! {
            ended = child.wait() => break ended?,
            signal = signals.next() => pass_on(signal, &child),
        }
    };
    match status(&ended) {
        0 => Ok(()),
        status => Err(Failure::Status(status)),
    }
}

fn cannot_start(program: &OsString, error: std::io::Error) -> Failure {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => "is it installed, and on PATH?",
        std::io::ErrorKind::PermissionDenied => "is it executable?",
        _ => "",
    };
    let error = Error::new(
        ErrorKind::InvalidArgument,
        format!("start {}: {error}", program.display()),
    );
    if hint.is_empty() {
        error.into()
    } else {
        error.with_hint(hint).into()
    }
}

/// The exit status as shells count it.
fn status(status: &ExitStatus) -> u8 {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return u8::try_from(128 + signal).unwrap_or(u8::MAX);
        }
    }
    // Where statuses are larger than a byte, not 0 must stay not 0.
    let code = status.code().unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

/// The signals that are passed on. Those of the keyboard reach the program without our
/// help when there is a terminal.
#[cfg(unix)]
struct Signals(tokio::sync::mpsc::Receiver<rustix::process::Signal>);

#[cfg(unix)]
impl Signals {
    fn listen() -> Result<Self> {
        use std::io::IsTerminal;

        use rustix::process::Signal;
        use tokio::signal::unix::{SignalKind, signal};

        let terminal = std::io::stdin().is_terminal() || std::io::stderr().is_terminal();
        let (sender, received) = tokio::sync::mpsc::channel(16);
        for (kind, number, keyboard) in [
            (SignalKind::interrupt(), Signal::INT, true),
            (SignalKind::quit(), Signal::QUIT, true),
            (SignalKind::terminate(), Signal::TERM, false),
            (SignalKind::hangup(), Signal::HUP, false),
            (SignalKind::user_defined1(), Signal::USR1, false),
            (SignalKind::user_defined2(), Signal::USR2, false),
        ] {
            let mut stream = signal(kind)?;
            let sender = sender.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    let pass_on = !(keyboard && terminal);
                    if pass_on && sender.send(number).await.is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self(received))
    }

    async fn next(&mut self) -> rustix::process::Signal {
        match self.0.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
fn pass_on(signal: rustix::process::Signal, child: &Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
        // It may have ended meanwhile, which waiting for it will tell.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Ctrl-C reaches the program without our help; here it must only not end us.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[cfg(not(unix))]
fn pass_on((): (), _: &Child) {}
