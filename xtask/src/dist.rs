//! `cargo xtask dist`: the archive that people install from: the release binary with its
//! completions, man pages and licences, and a file of checksums beside it.

use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::{metadata, process};

const SHELLS: [(&str, &str); 4] = [
    ("bash", "azml.bash"),
    ("zsh", "_azml"),
    ("fish", "azml.fish"),
    ("powershell", "_azml.ps1"),
];

const TEXTS: [&str; 5] = [
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// Builds the binary and packs it.
pub(crate) fn run() -> Result<()> {
    process::run(&mut process::cargo(&[
        "build",
        "--profile",
        "dist",
        "--locked",
        "--package",
        "azml-cli",
    ])?)?;
    let target = metadata::target_directory()?;
    let binary = target
        .join("dist")
        .join(format!("azml{}", std::env::consts::EXE_SUFFIX));
    let dist = target.join("xtask/dist");
    let name = format!("azml-{}-{}", metadata::version()?, host()?);
    let folder = dist.join(&name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    fill(&folder, &binary)?;
    let archive = pack(&dist, &name)?;
    let sum = sha256(&archive)?;
    std::fs::write(dist.join("SHA256SUMS"), format!("{sum}  {name}.tar.gz\n"))?;
    println!("{}\nsha256 {sum}", archive.display());
    Ok(())
}

fn fill(folder: &Path, binary: &Path) -> Result<()> {
    let completions = folder.join("completions");
    std::fs::create_dir_all(&completions)?;
    let file = binary.file_name().context("the binary has a name")?;
    std::fs::copy(binary, folder.join(file)).context("copying the binary")?;
    for (shell, file) in SHELLS {
        let script = process::output(Command::new(binary).args(["completions", shell]))?;
        std::fs::write(completions.join(file), script)?;
    }
    process::run(Command::new(binary).arg("man").arg(folder.join("man")))?;
    for text in TEXTS {
        std::fs::copy(metadata::root()?.join(text), folder.join(text))
            .with_context(|| format!("copying {text}"))?;
    }
    std::fs::write(folder.join("THIRD-PARTY.md"), third_party()?)?;
    Ok(())
}

/// Every package of the binary with its licence: what the archive owes to others.
fn third_party() -> Result<String> {
    let tree = process::output(&mut process::cargo(&[
        "tree",
        "--locked",
        "--package",
        "azml-cli",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--no-dedupe",
        "--format",
        "{p}\t{l}",
    ])?)?;
    let mut packages: Vec<(&str, &str)> = tree
        .lines()
        // Our own are named with the folder they lie in.
        .filter(|line| !line.contains(" (/") && !line.contains(":\\"))
        .filter_map(|line| line.split_once('\t'))
        .collect();
    packages.sort_unstable();
    packages.dedup();
    let mut text = String::from(
        "# Third-party packages\n\n\
         The binary contains these packages, each under the licence beside it. Their texts and \
         sources are at\n<https://crates.io/crates/NAME>.\n\n| package | licence |\n| --- | --- |\n",
    );
    for (package, licence) in packages {
        writeln!(
            text,
            "| {} | {licence} |",
            package.replace(" (proc-macro)", "")
        )?;
    }
    Ok(text)
}

fn pack(dist: &Path, name: &str) -> Result<PathBuf> {
    let archive = dist.join(format!("{name}.tar.gz"));
    process::run(
        Command::new("tar")
            .arg("-czf")
            .arg(&archive)
            .arg("-C")
            .arg(dist)
            .arg(name),
    )?;
    Ok(archive)
}

/// The target that rustc builds for by default.
fn host() -> Result<String> {
    let text = process::output(Command::new("rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names its host")?.to_owned())
}

fn sha256(file: &Path) -> Result<String> {
    let mut file = std::fs::File::open(file)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            break;
        }
        hash.update(&block[..read]);
    }
    let mut text = String::new();
    for byte in hash.finalize() {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}
