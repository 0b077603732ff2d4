//! PostgreSQL, the real one, which queries of datastores are held against. It lives in a temporary
//! directory on a free port, speaks TLS with an authority of its own, and ends with this process.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process;

/// The login, which opens nothing else.
const USER: &str = "azml";
const PASSWORD: &str = "for-tests-only";
/// How long it may take until it answers, on a loaded machine.
const LIMIT: Duration = Duration::from_secs(60);
/// How often another port is tried: between looking for one and taking it somebody may be faster.
const ATTEMPTS: usize = 5;
const TLS: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = azml tests
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
subjectAltName = DNS:localhost,DNS:pg.localhost,IP:127.0.0.1
extendedKeyUsage = serverAuth
";

/// A running server; it ends, and its files go, when it is dropped.
pub(crate) struct Postgres {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Postgres {
    /// Makes a cluster and starts it.
    pub(crate) fn start() -> Result<Self> {
        let programs = programs()?;
        let folder = std::env::temp_dir().join(format!("azml-postgres-{}", std::process::id()));
        let made = prepare(&folder, &programs).and_then(|()| {
            for _ in 0..ATTEMPTS {
                if let Some((child, port)) = launch(&folder, &programs)? {
                    return Ok((child, port));
                }
            }
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            bail!("PostgreSQL does not start:\n{log}")
        });
        match made {
            Ok((child, port)) => Ok(Self {
                child,
                folder,
                port,
            }),
            Err(error) => {
                // The reason is of more use than that a directory is left.
                let _ = std::fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }

    /// What tests are told about it.
    pub(crate) fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AZML_TEST_POSTGRES_PORT", self.port.to_string()),
            ("AZML_TEST_POSTGRES_USER", USER.to_owned()),
            ("AZML_TEST_POSTGRES_PASSWORD", PASSWORD.to_owned()),
            (
                "AZML_TEST_POSTGRES_CA",
                self.folder.join("ca.pem").display().to_string(),
            ),
        ]
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once, and without leaving shared memory, as being killed would.
        let _ = Command::new("kill")
            .args(["-QUIT", &self.child.id().to_string()])
            .status();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where Debian puts the programs: a folder for each version, which are not on the path.
fn programs() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let found = versions
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|folder| folder.join("initdb").is_file())
        .max();
    found.context("PostgreSQL is not installed: run `cargo xtask test --system`")
}

/// A command as the user that PostgreSQL runs as: `postgres` for root, whom it refuses, else the
/// present one. It ends with this process.
fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "QUIT", "--"]);
    command.arg(program.as_ref());
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Makes the directory, the certificates and the cluster.
fn prepare(folder: &Path, programs: &Path) -> Result<()> {
    let mut install = Command::new("install");
    install.args(["-d", "-m", "700"]);
    if is_root() {
        install.args(["-o", "postgres"]);
    }
    process::run(install.arg(folder))?;
    std::fs::write(folder.join("tls.cnf"), TLS)?;
    std::fs::write(folder.join("password"), PASSWORD)?;
    let steps = [
        "req -x509 -config tls.cnf -extensions authority -newkey rsa:2048 -nodes -days 7 \
         -keyout ca.key -out ca.pem",
        "req -config tls.cnf -newkey rsa:2048 -nodes -keyout server.key -out server.csr",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 7 \
         -extfile tls.cnf -extensions server -out server.crt",
    ];
    for step in steps {
        let mut openssl = command("openssl");
        openssl.args(step.split_whitespace()).current_dir(folder);
        process::output(&mut openssl)?;
    }
    let mut initdb = command(programs.join("initdb"));
    initdb
        .args([
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "-U",
            USER,
        ])
        .args(["--auth=scram-sha-256", "--pwfile=password", "-D", "data"])
        .current_dir(folder);
    process::output(&mut initdb)?;
    Ok(())
}

/// Starts the server on a port that is free now; `None` when it did not stay.
fn launch(folder: &Path, programs: &Path) -> Result<Option<(Child, u16)>> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let log = std::fs::File::create(folder.join("log"))?;
    let setting = |name: &str, value: &str| ["-c".to_owned(), format!("{name}={value}")];
    let at = |file: &str| folder.join(file).display().to_string();
    let mut child = command(programs.join("postgres"))
        .args(["-D", "data", "-p", &port.to_string()])
        .args(setting("listen_addresses", "127.0.0.1"))
        .args(setting("unix_socket_directories", ""))
        .args(setting("fsync", "off"))
        .args(setting("ssl", "on"))
        .args(setting("ssl_cert_file", &at("server.crt")))
        .args(setting("ssl_key_file", &at("server.key")))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .context("cannot start PostgreSQL")?;
    let begin = Instant::now();
    while child.try_wait()?.is_none() {
        let mut ready = Command::new(programs.join("pg_isready"));
        ready.args(["--quiet", "-h", "127.0.0.1", "-p", &port.to_string()]);
        if ready.status()?.success() {
            return Ok(Some((child, port)));
        }
        if begin.elapsed() > LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            bail!("PostgreSQL does not answer");
        }
        process::pause(Duration::from_millis(50));
    }
    Ok(None)
}
