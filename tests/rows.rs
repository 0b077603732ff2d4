//! Scripts that report one line for each numbered behaviour, held against the list of those that
//! are expected: a behaviour that is no longer tested fails as one that does not hold.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::EmulatorProcess;

/// What `rows.py` prints behind a row; other lines of a script are its own.
const OUTCOMES: [&str; 2] = ["ok", "FAILED"];

/// Runs a script of `tests/interop` in a Python environment against an emulator of its own and
/// checks that exactly the expected rows were reported, all of them as holding.
///
/// # Panics
///
/// When a row is missing, unexpected or failed; the message holds the script's output.
pub async fn check(environment: &str, script: &str, expected: &[&str]) {
    check_with(environment, script, expected, &["--ephemeral"], &[]).await;
}

/// [`check`] with the arguments of the emulator and further variables for the script.
///
/// # Panics
///
/// As [`check`].
pub async fn check_with<A: AsRef<OsStr>>(
    environment: &str,
    script: &str,
    expected: &[&str],
    arguments: &[A],
    variables: &[(&str, &Path)],
) {
    let python = crate::python(environment);
    check_in(environment, &python, script, expected, arguments, variables).await;
}

/// [`check_with`] in another interpreter than the environment's, whose rows it reports.
///
/// # Panics
///
/// As [`check`].
pub async fn check_in<A: AsRef<OsStr>>(
    environment: &str,
    python: &Path,
    script: &str,
    expected: &[&str],
    arguments: &[A],
    variables: &[(&str, &Path)],
) {
    let emulator = EmulatorProcess::start(arguments).await;
    let mut command = emulator.exec(python);
    command.arg(crate::script(script));
    command.env("PYTHONPATH", crate::script(""));
    command.envs(variables.iter().copied());
    let (reported, output) = run(&mut command);
    let expected: BTreeSet<_> = expected.iter().map(ToString::to_string).collect();
    let failed: Vec<_> = reported
        .iter()
        .filter(|(_, outcome)| *outcome != "ok")
        .map(|(row, outcome)| format!("{row}: {outcome}"))
        .collect();
    let found: BTreeSet<_> = reported.keys().cloned().collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    let unexpected: Vec<_> = found.difference(&expected).collect();
    assert!(
        failed.is_empty() && missing.is_empty() && unexpected.is_empty(),
        "{script}: failed {failed:?}, missing {missing:?}, unexpected {unexpected:?}\n{output}\n\
         -- emulator:\n{}",
        last_lines(&emulator.log(), 60)
    );
    keep(environment, script, &output);
}

/// Keeps what each row is about, for the compatibility pages of `cargo xtask test`, where that
/// asked for it.
fn keep(environment: &str, script: &str, output: &str) {
    let Some(folder) = std::env::var_os("AZML_TEST_ROWS") else {
        return;
    };
    let folder = Path::new(&folder).join(environment);
    std::fs::create_dir_all(&folder).expect("a directory for the rows");
    let about: String = output
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(folder.join(script.replace('/', "-")), about).expect("a file for the rows");
}

/// Runs a command to its end; returns the rows with their outcome, and everything it wrote.
fn run(command: &mut Command) -> (BTreeMap<String, String>, String) {
    let output = command.output().expect("the azml command starts");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows = stdout
        .lines()
        .filter_map(|line| line.rsplit_once(": "))
        .filter(|(_, outcome)| OUTCOMES.contains(outcome))
        .map(|(row, outcome)| (row.to_owned(), outcome.to_owned()))
        .collect();
    let stderr = String::from_utf8_lossy(&output.stderr);
    (rows, format!("{stdout}{stderr}{}", output.status))
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
