//! Where the built command and the Python environments are. `cargo xtask test` names them in the
//! environment; without it they are looked for in the target directory that the test came from.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The built `azml` command.
///
/// # Panics
///
/// When it was not built.
#[must_use]
pub fn azml() -> Command {
    let path = std::env::var_os("AZML_TEST_BINARY")
        .map_or_else(|| target_directory().join("debug/azml"), PathBuf::from);
    assert!(
        path.is_file(),
        "the azml command is not built: run `cargo xtask test` or `cargo build --workspace`"
    );
    Command::new(path)
}

/// The interpreter of a Python environment of `tests/interop/requirements`.
///
/// # Panics
///
/// When the environment is not there: a test with an original client is never left out silently.
#[must_use]
pub fn python(environment: &str) -> PathBuf {
    let path = std::env::var_os("AZML_TEST_ENVIRONMENTS")
        .map_or_else(
            || target_directory().join("xtask/environments"),
            PathBuf::from,
        )
        .join(environment)
        .join("bin/python");
    assert!(
        path.is_file(),
        "the Python environment `{environment}` is missing: run `cargo xtask test`"
    );
    path
}

/// The blob service of Azurite, another storage emulator.
///
/// # Panics
///
/// When it is not there: a test with a foreign server is never left out silently.
#[must_use]
pub fn azurite_blob() -> Command {
    let path = std::env::var_os("AZML_TEST_ENVIRONMENTS")
        .map_or_else(
            || target_directory().join("xtask/environments"),
            PathBuf::from,
        )
        .join("azurite/node_modules/.bin/azurite-blob");
    assert!(
        path.is_file(),
        "Azurite is not installed: run `cargo xtask test`"
    );
    Command::new(path)
}

/// The real PostgreSQL that `cargo xtask test` starts.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// Its port on this machine.
    pub port: u16,
    /// The login.
    pub user: String,
    /// The password of the login.
    pub password: String,
    /// The authority of its certificate, which is for `localhost` and `pg.localhost`.
    pub ca: PathBuf,
}

impl Postgres {
    /// What the environment says of it.
    ///
    /// # Panics
    ///
    /// When it is not there: a test with a foreign server is never left out silently.
    #[must_use]
    pub fn running() -> Self {
        let said = |name: &str| {
            std::env::var(format!("AZML_TEST_POSTGRES_{name}"))
                .expect("PostgreSQL is not running: run `cargo xtask test`")
        };
        Self {
            port: said("PORT").parse().expect("a port"),
            user: said("USER"),
            password: said("PASSWORD"),
            ca: said("CA").into(),
        }
    }
}

/// Whether the tests run as root, for whom the emulator runs submitted code as another user.
#[must_use]
pub fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A script of `tests/interop`.
#[must_use]
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("interop")
        .join(name)
}

/// The root of the repository.
///
/// # Panics
///
/// Never: the tests lie in a folder of it.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie in the repository")
        .to_path_buf()
}

/// The target directory that this test binary lies in, as `debug/deps/<test>`.
///
/// # Panics
///
/// When the test binary was moved elsewhere.
#[must_use]
pub fn target_directory() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    test.ancestors()
        .nth(3)
        .expect("tests lie three levels below the target directory")
        .to_path_buf()
}

/// A private registry of ODBC drivers in which FreeTDS has the name that the article uses, for `ODBCSYSINI`.
///
/// # Panics
///
/// When the driver is not installed: a test with an original client is never left out silently.
#[must_use]
pub fn odbc_drivers() -> TempDir {
    let library = std::fs::read_dir("/usr/lib")
        .expect("the system's libraries")
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("odbc/libtdsodbc.so"))
        .find(|path| Path::exists(path))
        .expect("the FreeTDS driver is missing: run `cargo xtask test --system`");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = format!("[SQL Server]\nDriver = {}\n", library.display());
    std::fs::write(folder.path().join("odbcinst.ini"), text)
        .expect("a file in the temporary folder");
    folder
}

/// How to start an emulator that runs scripts with the interpreter of this environment.
#[must_use]
pub fn allowing_scripts(environment: &str) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["--ephemeral", "--allow-scripts", "--python"]
        .map(OsString::from)
        .to_vec();
    arguments.push(python(environment).into());
    // The environments of the tests lie where an unprivileged user need not reach.
    if is_root() {
        arguments.extend(["--scripts-user", "root"].map(OsString::from));
    }
    arguments
}
