//! Python environments with the original clients, made from the pins in `tests/interop/requirements`.
//!
//! They live in the target directory under a name that changes with the pins, so that a run
//! downloads nothing when they are there already.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{azurite, metadata, process};

/// One environment: where it is needed, and what is installed in it.
struct Environment {
    name: &'static str,
    /// The client that it was made for, as the compatibility pages call it.
    client: &'static str,
    /// Minor versions of Python 3 that the pins have wheels for, the preferred one first.
    python: &'static [u8],
    /// Requirement files, each installed by itself and without its dependencies.
    requirements: &'static [&'static str],
    /// Part of the names of the tests that are left out, and named in the report, where no such
    /// Python is found; none where its lack is an error.
    left_out: Option<&'static str>,
}

const ENVIRONMENTS: &[Environment] = &[
    Environment {
        name: "datastore",
        client: "azureml-core 1.61",
        python: &[11, 12],
        requirements: &["datastore.txt"],
        left_out: None,
    },
    Environment {
        name: "studio",
        client: "azureml 0.2.7",
        python: &[11, 12, 13],
        requirements: &["studio.txt", "azureml.txt"],
        left_out: None,
    },
    Environment {
        name: "studio-legacy",
        client: "azureml 0.2.7, with the pins that read PlainText",
        python: &[10],
        requirements: &["studio-legacy.txt", "azureml.txt"],
        left_out: Some("legacy_pins"),
    },
    Environment {
        name: "sql",
        client: "pyodbc with FreeTDS, python-tds and sqlmlutils",
        python: &[11, 12, 13],
        requirements: &["sql.txt"],
        left_out: None,
    },
    Environment {
        name: "azure-storage",
        client: "azure-storage-blob 12.31, -file-share 12.27, -file-datalake 12.26, and rclone 1.75",
        python: &[11, 12, 13],
        requirements: &["storage.txt"],
        left_out: None,
    },
    Environment {
        name: "adla",
        client: "azure-mgmt-datalake-analytics 0.6.0",
        python: &[11, 12, 13],
        requirements: &["adla.txt"],
        left_out: None,
    },
    Environment {
        name: "usql",
        client: "DuckDB, for the results of U-SQL",
        python: &[11, 12, 13],
        requirements: &["usql.txt"],
        left_out: None,
    },
    Environment {
        name: "adla-2017",
        client: "azure-mgmt-datalake-analytics 0.2.0",
        python: &[11],
        requirements: &["adla-2017.txt"],
        left_out: Some("article_of_2017"),
    },
];

/// What measurements need beside the tests' environments.
const BENCH: Environment = Environment {
    name: "bench",
    client: "readers of delimited text",
    python: &[11, 12, 13],
    requirements: &["bench.txt"],
    left_out: None,
};

/// The clients by environment, each with its requirement files.
pub(crate) fn clients()
-> impl Iterator<Item = (&'static str, &'static str, &'static [&'static str])> {
    ENVIRONMENTS.iter().map(|environment| {
        (
            environment.name,
            environment.client,
            environment.requirements,
        )
    })
}

/// What [`provision`] made.
pub(crate) struct Environments {
    /// The directory that holds the environments by name.
    pub(crate) folder: PathBuf,
    /// Parts of the names of tests that cannot run here.
    pub(crate) left_out: Vec<&'static str>,
}

/// Makes every environment that the tests use.
pub(crate) fn provision() -> Result<Environments> {
    let made = make(ENVIRONMENTS.iter())?;
    azurite::provision(&made.folder)?;
    Ok(made)
}

/// Makes the tests' environments and the one with peers to measure; returns their directory.
pub(crate) fn provision_for_bench() -> Result<PathBuf> {
    make(ENVIRONMENTS.iter().chain([&BENCH])).map(|made| made.folder)
}

fn make<'a>(environments: impl Iterator<Item = &'a Environment>) -> Result<Environments> {
    let folder = metadata::target_directory()?.join("xtask/environments");
    std::fs::create_dir_all(&folder)?;
    let mut left_out = Vec::new();
    for environment in environments {
        match (find(environment.python), environment.left_out) {
            (Some(python), _) => environment
                .provision(&folder, &python)
                .with_context(|| format!("environment {}", environment.name))?,
            (None, Some(tests)) => left_out.push(tests),
            (None, None) => bail!(
                "no Python 3.{} was found for the environment {}",
                environment.python[0],
                environment.name
            ),
        }
    }
    Ok(Environments { folder, left_out })
}

impl Environment {
    fn provision(&self, folder: &Path, python: &Path) -> Result<()> {
        let pins = metadata::root()?.join("tests/interop/requirements");
        let mut hasher = DefaultHasher::new();
        python.hash(&mut hasher);
        for file in self.requirements {
            std::fs::read(pins.join(file))
                .with_context(|| format!("cannot read {file}"))?
                .hash(&mut hasher);
        }
        let versioned = format!("{}-{:016x}", self.name, hasher.finish());
        let place = folder.join(&versioned);
        let stamp = place.join("complete");
        if stamp.is_file() {
            println!("{}: present", self.name);
        } else {
            if place.exists() {
                std::fs::remove_dir_all(&place)?;
            }
            process::run(Command::new(python).args(["-m", "venv"]).arg(&place))?;
            for file in self.requirements {
                install(&place.join("bin/python"), &pins.join(file))?;
            }
            std::fs::write(&stamp, "")?;
        }
        link(&versioned, &folder.join(self.name))
    }
}

/// Installs the pins of one file; tries again, for a download may fail.
fn install(python: &Path, requirements: &Path) -> Result<()> {
    const ATTEMPTS: usize = 3;
    let mut attempt = 1;
    loop {
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--no-deps"])
            .args(["--disable-pip-version-check", "--retries", "5"])
            .args(["--only-binary", ":all:", "--requirement"])
            .arg(requirements);
        match process::run(&mut pip) {
            Ok(()) => return Ok(()),
            Err(error) if attempt == ATTEMPTS => return Err(error),
            Err(error) => println!("{error:#}; attempt {attempt} of {ATTEMPTS}"),
        }
        attempt += 1;
    }
}

/// Points the plain name at the environment of the present pins.
fn link(versioned: &str, plain: &Path) -> Result<()> {
    if plain.is_symlink() {
        std::fs::remove_file(plain)?;
    } else if plain.is_dir() {
        std::fs::remove_dir_all(plain)?;
    }
    std::os::unix::fs::symlink(versioned, plain)?;
    Ok(())
}

/// The first Python of these minor versions: by name on the path, then among pyenv's.
fn find(minors: &[u8]) -> Option<PathBuf> {
    let named = minors
        .iter()
        .map(|minor| PathBuf::from(format!("python3.{minor}")));
    let plain = std::iter::once(PathBuf::from("python3"));
    plain
        .chain(named)
        .chain(pyenv_versions())
        .filter_map(|python| Some((minor_version(&python)?, python)))
        .filter(|((minor, _), _)| minors.contains(minor))
        .min_by_key(|((minor, _), _)| minors.iter().position(|m| m == minor))
        .map(|((_, executable), _)| executable)
}

/// The interpreters that pyenv installed, whether its shims choose them or not.
fn pyenv_versions() -> Vec<PathBuf> {
    let named = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path)
        .filter(|folder| folder.ends_with("shims"))
        .filter_map(|shims| shims.parent().map(Path::to_path_buf));
    let mut found: Vec<_> = named
        .into_iter()
        .chain(on_path)
        .filter_map(|root| std::fs::read_dir(root.join("versions")).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/python")))
        .filter(|python| python.is_file())
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The minor version of a Python 3 that starts, and where it really lies.
fn minor_version(python: &Path) -> Option<(u8, PathBuf)> {
    let script =
        "import sys; print(sys.version_info.major, sys.version_info.minor, sys.executable)";
    let output = Command::new(python)
        .args(["-c", script])
        .stdin(std::process::Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut words = text.trim_end().splitn(3, ' ');
    if words.next()? != "3" {
        return None;
    }
    let minor = words.next()?.parse().ok()?;
    Some((minor, PathBuf::from(words.next()?)))
}
