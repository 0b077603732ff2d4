//! A user with an empty home, and what a finished command left.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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
