//! Running other programs: shown before they run, and named when they fail.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// A cargo command of the toolchain that runs this task, in the workspace root.
pub(crate) fn cargo(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(cargo_program());
    command
        .args(arguments)
        .current_dir(crate::metadata::root()?);
    Ok(command)
}

/// The cargo that runs this task.
pub(crate) fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// True where CI asked for a full run: a missing tool is then an error and system packages may be
/// installed.
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// Whether a program with this name can be started.
pub(crate) fn is_present(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else {
        return false;
    };
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Waits between looks at another process.
#[expect(
    clippy::disallowed_methods,
    reason = "waits for another process, with no runtime around"
)]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Runs a command to its end and fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", shown(command));
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    check(command, status)
}

/// Runs a command, passes its output through and adds the lines of it that `keep` accepts to
/// `kept`, also when the command fails.
pub(crate) fn run_keeping(
    command: &mut Command,
    keep: impl Fn(&str) -> bool + Sync,
    kept: &mut Vec<String>,
) -> Result<()> {
    println!("$ {}", shown(command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    let stdout = child.stdout.take().context("the output is piped")?;
    let stderr = child.stderr.take().context("the error stream is piped")?;
    let (from_stdout, from_stderr) = std::thread::scope(|scope| {
        let other = scope.spawn(|| pass(stderr, std::io::stderr(), &keep));
        let own = pass(stdout, std::io::stdout(), &keep);
        (own, other.join().expect("passing lines on does not panic"))
    });
    kept.extend(from_stdout?);
    kept.extend(from_stderr?);
    let status = child.wait()?;
    check(command, status)
}

fn pass(from: impl Read, mut to: impl Write, keep: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let mut kept = Vec::new();
    for line in BufReader::new(from).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        writeln!(to, "{line}")?;
        if keep(&line) {
            kept.push(line.trim().to_owned());
        }
    }
    Ok(kept)
}

/// Runs a command and returns what it wrote to its output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    check(command, output.status)?;
    String::from_utf8(output.stdout).with_context(|| format!("output of {}", shown(command)))
}

fn check(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("{} ended with {status}", shown(command))
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut text = name.to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
