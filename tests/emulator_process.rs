//! An emulator as its users run it: `azml emulator start` in a process of its own, found through
//! its env file.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use azml_core::clock::{Clock, SystemClock};
use azml_core::env::Environment;
use tempfile::TempDir;

/// How long an emulator may take to answer, on a loaded machine with a debug build.
const START: Duration = Duration::from_secs(60);

/// A running emulator; it is killed when dropped.
#[derive(Debug)]
pub struct EmulatorProcess {
    child: Child,
    folder: TempDir,
    names: BTreeMap<String, String>,
    started_in: Duration,
}

impl EmulatorProcess {
    /// An emulator on free ports that keeps nothing.
    pub async fn ephemeral() -> Self {
        Self::start(["--ephemeral"]).await
    }

    /// An emulator on free ports with this data directory.
    pub async fn on(data: &Path) -> Self {
        Self::start([OsStr::new("--data-dir"), data.as_os_str()]).await
    }

    /// An emulator on free ports with further arguments. Logs everything, for tests search the log.
    ///
    /// # Panics
    ///
    /// When it ends early or does not answer in time; the message holds its log.
    pub async fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Self {
        Self::start_in(arguments, []).await
    }

    /// [`EmulatorProcess::start`] with further variables.
    ///
    /// # Panics
    ///
    /// As [`EmulatorProcess::start`].
    pub async fn start_in<A: AsRef<OsStr>>(
        arguments: impl IntoIterator<Item = A>,
        variables: impl IntoIterator<Item = (&'static str, OsString)>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let log = File::create(folder.path().join("log")).expect("a log file");
        let mut command = crate::azml();
        command
            .args(["emulator", "start", "--port-base", "0", "--env-file"])
            .arg(folder.path().join("env"))
            .args(arguments)
            .env("AZML_LOG", "trace")
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle of the log"))
            .stderr(log);
        let begin = Instant::now();
        let child = command.spawn().expect("the azml command starts");
        let mut process = Self {
            child,
            folder,
            names: BTreeMap::new(),
            started_in: Duration::ZERO,
        };
        while !process.env_file().exists() {
            let ended = process.child.try_wait().expect("the state of a child");
            assert!(
                ended.is_none() && begin.elapsed() < START,
                "the emulator did not start ({ended:?}):\n{}",
                process.log()
            );
            SystemClock.sleep(Duration::from_millis(10)).await;
        }
        process.started_in = begin.elapsed();
        process.names = read_names(&process.env_file());
        process
    }

    /// The value of one of the `AZML_*` names in the env file.
    ///
    /// # Panics
    ///
    /// When the file does not hold the name.
    #[must_use]
    pub fn name(&self, name: &str) -> &str {
        self.names
            .get(name)
            .expect("the env file holds every documented name")
    }

    /// All names of the env file, for a client in this process.
    #[must_use]
    pub fn environment(&self) -> Environment {
        Environment::from_pairs(self.names.clone())
    }

    /// The names of the env file.
    #[must_use]
    pub fn names(&self) -> &BTreeMap<String, String> {
        &self.names
    }

    /// Where the env file is.
    #[must_use]
    pub fn env_file(&self) -> PathBuf {
        self.folder.path().join("env")
    }

    /// The `azml` command with the emulator's names in its environment.
    #[must_use]
    pub fn azml(&self) -> Command {
        let mut command = crate::azml();
        command.envs(&self.names).stdin(Stdio::null());
        command
    }

    /// `azml emulator exec -- PROGRAM`, to which arguments may be added.
    #[must_use]
    pub fn exec(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = crate::azml();
        command
            .args(["emulator", "exec", "--env-file"])
            .arg(self.env_file())
            .arg("--")
            .arg(program)
            .stdin(Stdio::null());
        command
    }

    /// How long it took from the start of the process until every listener answered.
    #[must_use]
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// The id of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the emulator wrote so far.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Kills the process as `kill -9` does.
    pub fn kill(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for EmulatorProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads the env file as the shell does, which is what it is made for.
fn read_names(file: &Path) -> BTreeMap<String, String> {
    let output = Command::new("sh")
        .args(["-c", "set -a; . \"$0\"; env -0"])
        .arg(file)
        .env_clear()
        .output()
        .expect("a shell");
    assert!(output.status.success(), "the shell reads the env file");
    String::from_utf8(output.stdout)
        .expect("names and values are UTF-8")
        .split('\0')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| name.starts_with("AZML_"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
