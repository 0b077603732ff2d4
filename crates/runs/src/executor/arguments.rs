//! The command line and the environment of a run's script.

use std::path::{Path, PathBuf};

use super::Job;
use super::folders::Folders;
use super::staging::Staged;

/// Interpreters that mean "any".
const ANY_PYTHON: [&str; 2] = ["python", "python3"];
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is started.
#[derive(Debug)]
pub(super) struct CommandLine {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) variables: Vec<(String, String)>,
}

/// The command line of a run with its data in place.
pub(super) fn command(
    job: &Job,
    folders: &Folders,
    staged: &[Staged],
) -> Result<CommandLine, String> {
    let mut named = Vec::with_capacity(staged.len());
    for staged in staged {
        let name = variable(staged);
        let path = staged.path.to_str();
        let path =
            path.ok_or_else(|| format!("the path '{}' is not Unicode", staged.path.display()))?;
        if name.contains(['=', '\0']) {
            return Err(format!("'{name}' cannot be the name of a variable"));
        }
        named.push((name, path.to_owned()));
    }
    // A name may be the beginning of another one.
    named.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then(a.cmp(b)));
    let variables = variables(job, &named);
    let configuration = &job.configuration;
    if let Some(command) = configuration.command() {
        return Ok(CommandLine {
            program: "/bin/sh".into(),
            arguments: vec!["-c".to_owned(), replaced(&command, &named)],
            variables,
        });
    }
    let script = configuration
        .script()
        .ok_or("the run has neither a script nor a command")?;
    let place = folders.place("script", Some(script));
    if !place.is_ok_and(|path| path.is_file()) {
        return Err(format!(
            "the script '{script}' is not in the source directory"
        ));
    }
    let mut arguments = vec![script.to_owned()];
    let given = configuration.arguments();
    arguments.extend(given.iter().map(|argument| replaced(argument, &named)));
    Ok(CommandLine {
        program: interpreter(job, &variables)?,
        arguments,
        variables,
    })
}

fn variable(staged: &Staged) -> String {
    staged.reference.to_string().split_off(1)
}

/// Puts local paths in the place of references; `named` has the longest names first.
fn replaced(text: &str, named: &[(String, String)]) -> String {
    let mut rest = text;
    let mut result = String::with_capacity(text.len());
    while let Some(at) = rest.find('$') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        result.push_str(before);
        match named.iter().find(|(name, _)| after.starts_with(name)) {
            Some((name, path)) => {
                result.push_str(path);
                rest = &after[name.len()..];
            }
            None => {
                result.push('$');
                rest = after;
            }
        }
    }
    result + rest
}

/// Those of the references, of the service, of the configuration, in this order.
fn variables(job: &Job, named: &[(String, String)]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    if !job.inherit_environment {
        let folder = job.work_dir().display().to_string();
        for (name, value) in [
            ("PATH", USUAL_PATH),
            ("HOME", &folder),
            ("TMPDIR", "/tmp"),
            ("LANG", "C.UTF-8"),
            ("MPLBACKEND", "Agg"),
        ] {
            all.push((name.to_owned(), value.to_owned()));
        }
    }
    // Lines show as they are printed.
    all.push(("PYTHONUNBUFFERED".to_owned(), "1".to_owned()));
    all.extend_from_slice(named);
    all.extend_from_slice(&job.variables);
    all.extend(job.configuration.environment_variables());
    all
}

/// The interpreter that the configuration names; "any" is the job's, else one in the path.
fn interpreter(job: &Job, variables: &[(String, String)]) -> Result<PathBuf, String> {
    let wanted = job.configuration.interpreter().unwrap_or(ANY_PYTHON[0]);
    if !ANY_PYTHON.contains(&wanted) {
        return Ok(wanted.into());
    }
    if let Some(python) = &job.python {
        return Ok(python.clone());
    }
    let set = variables.iter().rev().find(|(name, _)| name == "PATH");
    let path = match set {
        Some((_, path)) => path.into(),
        None => std::env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into()),
    };
    let found = ANY_PYTHON
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|candidate| candidate.is_absolute() && is_program(candidate));
    found.ok_or_else(|| "there is no python or python3 in the path".to_owned())
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file() || path.with_extension("exe").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_is_replaced_first() {
        let named = [
            ("AZUREML_DATAREFERENCE_data_2".to_owned(), "/two".to_owned()),
            ("AZUREML_DATAREFERENCE_data".to_owned(), "/one".to_owned()),
        ];
        for (text, expected) in [
            ("$AZUREML_DATAREFERENCE_data", "/one"),
            ("$AZUREML_DATAREFERENCE_data_2", "/two"),
            (
                "--in=$AZUREML_DATAREFERENCE_data/x:$AZUREML_DATAREFERENCE_data_2",
                "--in=/one/x:/two",
            ),
            ("$HOME $$", "$HOME $$"),
            (
                "$AZUREML_DATAREFERENCE_other",
                "$AZUREML_DATAREFERENCE_other",
            ),
            ("plain", "plain"),
        ] {
            assert_eq!(replaced(text, &named), expected);
        }
    }
}
