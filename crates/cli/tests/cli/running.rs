//! Emulators that run beside a test, and how to speak to them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::support::{Done, User};

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

/// A user with a running emulator, which profile `lab` leads to.
pub(crate) struct Lab {
    pub(crate) user: User,
    pub(crate) names: Vec<(String, String)>,
    _emulator: RunningEmulator,
}

impl Lab {
    #[track_caller]
    pub(crate) fn start() -> Self {
        let user = User::new();
        let emulator = RunningEmulator::start(
            &user,
            &["--ephemeral", "--port-base", "0", "--env-file", "lab.env"],
        );
        user.azml(&["profile", "add", "lab", "--env-file", "lab.env"])
            .success();
        let names = env_file(&user.path("lab.env"));
        Self {
            user,
            names,
            _emulator: emulator,
        }
    }

    /// The value of an `AZML_*` name.
    pub(crate) fn name(&self, name: &str) -> &str {
        let found = self.names.iter().find(|(known, _)| known == name);
        &found.expect("a name of the env file").1
    }

    /// `azml studio ...`, its words separated by blanks.
    pub(crate) fn studio(&self, words: &str) -> Done {
        let arguments: Vec<_> = ["studio"].into_iter().chain(words.split(' ')).collect();
        self.user.azml(&arguments)
    }
}
