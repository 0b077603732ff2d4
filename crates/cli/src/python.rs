//! Python environments for the scripts that a server runs: which interpreter has what they need, and making one that has.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::failure::{Failure, Result};

/// The packages, each with its version.
const REQUIREMENTS: &str = include_str!("../data/python-requirements.txt");

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packages {
    /// Frames and pictures.
    Basic,
    /// Models too.
    All,
}

impl Packages {
    fn requirements(self) -> String {
        let lines = REQUIREMENTS.lines();
        match self {
            // The second comment begins the part that is not basic.
            Self::Basic => {
                let basic = lines.skip(1).take_while(|line| !line.starts_with('#'));
                basic.map(|line| format!("{line}\n")).collect()
            }
            Self::All => REQUIREMENTS.to_owned(),
        }
    }

    /// What shows that they are there.
    fn probe(self) -> &'static str {
        match self {
            Self::Basic => "import numpy, pandas, matplotlib",
            Self::All => "import numpy, pandas, matplotlib, sklearn, dill, pyodbc",
        }
    }
}

/// Whether an interpreter has the packages.
pub(crate) async fn has(packages: Packages, python: &Path) -> bool {
    // matplotlib leaves its settings where it is first imported: not in the user's home.
    let Ok(settings) = tempfile::tempdir() else {
        return false;
    };
    let status = Command::new(python)
        .args(["-I", "-c", packages.probe()])
        .env("MPLCONFIGDIR", settings.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.await.is_ok_and(|status| status.success())
}

/// Makes an environment with the packages in a directory, or completes it; returns its interpreter. Wheels come from the
/// package index, or from a directory.
pub(crate) async fn provision(
    packages: Packages,
    directory: &Path,
    python: &Path,
    wheels: Option<&Path>,
) -> Result<PathBuf> {
    let directory = std::path::absolute(directory)?;
    let interpreter = directory.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    if has(packages, &interpreter).await {
        return Ok(interpreter);
    }
    let mut venv = Command::new(python);
    venv.args(["-m", "venv"]).arg(&directory);
    run(venv, "make the environment").await.map_err(|failure| {
        failure.hint("install Python 3 with its venv module (Debian: python3-venv)")
    })?;
    let folder = tempfile::tempdir()?;
    let requirements = folder.path().join("requirements.txt");
    std::fs::write(&requirements, packages.requirements())
        .map_err(|error| Failure::file("write", &requirements, error))?;
    let mut pip = pip(&interpreter, wheels, folder.path());
    pip.arg("--requirement").arg(&requirements);
    install(pip).await?;
    if !has(packages, &interpreter).await {
        return Err(Failure::new(format!(
            "'{}' lacks packages that were installed",
            interpreter.display()
        )));
    }
    Ok(interpreter)
}

/// Installs one more package, in its newest version.
pub(crate) async fn add(interpreter: &Path, package: &str, wheels: Option<&Path>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut pip = pip(interpreter, wheels, folder.path());
    pip.arg(package);
    install(pip).await
}

fn pip(interpreter: &Path, wheels: Option<&Path>, folder: &Path) -> Command {
    let mut pip = Command::new(interpreter);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary",
        ":all:",
    ]);
    if let Some(wheels) = wheels {
        pip.args(["--no-index", "--find-links"]).arg(wheels);
    }
    // pip asks rustc for its version, and rustup would make itself a directory in the user's home to answer.
    pip.env("RUSTUP_HOME", folder);
    pip
}

async fn install(pip: Command) -> Result<()> {
    run(pip, "install the packages").await.map_err(|failure| {
        failure.hint("without a network, give a directory of wheels with --wheels")
    })
}

/// Where an interpreter finds what was installed for it.
pub(crate) async fn packages_of(interpreter: &Path) -> Result<PathBuf> {
    let program = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let output = Command::new(interpreter)
        .args(["-I", "-c", program])
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| Failure::file("run", interpreter, error))?;
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(Failure::new(format!(
            "'{}' does not tell where its packages are",
            interpreter.display()
        )))
    }
}

/// Runs a program; its last words are the reason when it fails.
async fn run(mut command: Command, what: &str) -> Result<()> {
    let program = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| Failure::new(format!("{what}: '{program}' does not start: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = lines[lines.len().saturating_sub(3)..].join("; ");
    Err(Failure::new(format!("{what}: '{program}' failed: {last}")))
}

#[cfg(test)]
mod tests {
    use super::Packages;

    #[test]
    fn the_basic_packages_are_a_part_of_all() {
        let basic = Packages::Basic.requirements();
        assert!(basic.contains("pandas==") && basic.contains("matplotlib=="));
        assert!(!basic.contains("scikit-learn"));
        let all = Packages::All.requirements();
        assert!(basic.lines().all(|line| all.contains(line)) && all.contains("scikit-learn=="));
    }
}
