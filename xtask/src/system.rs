//! System packages that the tests need. They are installed only where that was asked for.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::process;

/// Something the machine must have: how to see that it is there, and the Debian package with it.
struct Need {
    probe: &'static [&'static str],
    package: &'static str,
}

const NEEDS: &[Need] = &[
    Need {
        probe: &["python3", "--version"],
        package: "python3",
    },
    Need {
        probe: &["python3", "-c", "import ensurepip, venv"],
        package: "python3-venv",
    },
    Need {
        probe: &["npm", "--version"],
        package: "npm",
    },
    // Mounts folders for those who are not root.
    Need {
        probe: &["sh", "-c", "test $(id -u) = 0 || fusermount3 --version"],
        package: "fuse3",
    },
    Need {
        probe: &["sh", "-c", "ls /usr/lib/postgresql/*/bin/initdb"],
        package: "postgresql",
    },
    Need {
        probe: &["openssl", "version"],
        package: "openssl",
    },
    Need {
        probe: &["sh", "-c", "ls /usr/lib/*/odbc/libtdsodbc.so"],
        package: "tdsodbc",
    },
];

/// Installs what is missing when `install` says so, else fails with the command to run.
pub(crate) fn provide(install: bool) -> Result<()> {
    let missing: Vec<_> = NEEDS
        .iter()
        .filter(|need| !works(need.probe))
        .map(|need| need.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !install {
        bail!(
            "missing system packages; run this, or `cargo xtask test --system`:\n  \
             sudo apt-get install --yes {}",
            missing.join(" ")
        );
    }
    process::run(apt().arg("update"))?;
    process::run(
        apt()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(missing),
    )
}

fn works(probe: &[&str]) -> bool {
    Command::new(probe[0])
        .args(&probe[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// `apt-get`, through `sudo` for an ordinary user.
fn apt() -> Command {
    let root =
        std::env::var("USER").is_ok_and(|user| user == "root") || !process::is_present("sudo");
    let mut command = Command::new(if root { "apt-get" } else { "sudo" });
    if !root {
        command.arg("apt-get");
    }
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
