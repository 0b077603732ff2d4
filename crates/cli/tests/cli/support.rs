//! A user with an empty home, and what a finished command left.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// A user of the command, with a home of their own.
pub(crate) struct User {
    home: tempfile::TempDir,
}

/// What a finished command left.
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl User {
    pub(crate) fn new() -> Self {
        Self {
            home: tempfile::tempdir().expect("a temporary directory"),
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home().join(name)
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.path(".config/azml/config.toml")
    }

    /// The command in this user's home, with nothing of the caller's settings.
    pub(crate) fn command(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_azml"));
        command.args(arguments).current_dir(self.home());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("AZML_") || name.starts_with("XDG_") {
                command.env_remove(name);
            }
        }
        command.env("HOME", self.home()).env("NO_COLOR", "1");
        command
    }

    /// Runs the command to its end.
    pub(crate) fn azml(&self, arguments: &[&str]) -> Done {
        finish(&mut self.command(arguments))
    }

    /// Runs the command with text on standard input.
    pub(crate) fn azml_with_input(&self, arguments: &[&str], input: &str) -> Done {
        let file = self.path("input");
        std::fs::write(&file, input).expect("the input is written");
        let stdin = std::fs::File::open(&file).expect("the input is there");
        finish(self.command(arguments).stdin(stdin))
    }
}

/// Runs any command to its end.
pub(crate) fn finish(command: &mut Command) -> Done {
    command.output().expect("the command starts").into()
}

impl Done {
    /// Fails unless the command was content.
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        self.exit(0)
    }

    /// Fails unless the command ended with this status.
    #[track_caller]
    pub(crate) fn exit(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}", self.shown());
        self
    }

    /// Fails unless all of these are on standard error.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(
                self.stderr.contains(text),
                "no `{text}` in:\n{}",
                self.shown()
            );
        }
        self
    }

    /// Fails if this is anywhere in what was printed.
    #[track_caller]
    pub(crate) fn hides(self, secret: &str) -> Self {
        assert!(
            !self.stdout.contains(secret) && !self.stderr.contains(secret),
            "`{secret}` was shown:\n{}",
            self.shown()
        );
        self
    }

    fn shown(&self) -> String {
        let mut text = format!("exit status {}\n", self.status);
        let _ = write!(text, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        text
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// An emulator in a process of its own; killed when dropped.
pub(crate) struct RunningEmulator {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    /// What it printed when it was ready.
    pub(crate) said: String,
}

impl RunningEmulator {
    /// Starts `azml emulator start` with these arguments and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(user: &User, arguments: &[&str]) -> Self {
        let mut command = user.command(["emulator", "start"]);
        command.args(arguments).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the emulator starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut said = String::new();
        while !said.contains("Ctrl-C stops it") {
            let read = stdout.read_line(&mut said).expect("it can be read");
            assert_ne!(read, 0, "the emulator ended: {said}");
        }
        Self {
            child,
            stdout: Some(stdout),
            said,
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end and returns the exit status.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        drop(self.stdout.take());
        self.child.wait().expect("it is our child").code()
    }

    /// Sends a signal.
    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        send_signal(self.id(), signal);
    }
}

impl Drop for RunningEmulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process that the test started.
#[cfg(unix)]
pub(crate) fn send_signal(id: u32, signal: rustix::process::Signal) {
    let id = i32::try_from(id)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(id.expect("a process id"), signal).expect("it is there");
}

/// The names and values of an env file, as a shell reads them.
pub(crate) fn env_file(path: &Path) -> Vec<(String, String)> {
    let output = Command::new("sh")
        .args(["-c", "set -a; . \"$0\"; env -0"])
        .arg(path)
        .env_clear()
        .output()
        .expect("a shell");
    String::from_utf8(output.stdout)
        .expect("UTF-8")
        .split('\0')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| name.starts_with("AZML_"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
