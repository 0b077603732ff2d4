//! Files that appear complete or not at all, and secrets that only their owner reads.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::{Failure, Result};

/// The directory a file lies in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Puts a finished temporary file, made beside `target`, in the target's place.
pub(crate) fn persist(file: NamedTempFile, target: &Path) -> Result<()> {
    file.persist(target)
        .map_err(|error| Failure::file("write", target, error.error))?;
    sync_directory(parent(target));
    Ok(())
}

/// Writes a file that anyone may read, whole or not at all.
pub(crate) fn write_public(target: &Path, content: &[u8]) -> Result<()> {
    let failed = |error| Failure::file("write", target, error);
    let mut file = public_temporary(target)?;
    file.write_all(content).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    persist(file, target)
}

/// Writes a file that only its owner may read, whole or not at all. The directory is made.
pub(crate) fn write_private(target: &Path, content: &[u8]) -> Result<()> {
    let failed = |error| Failure::file("write", target, error);
    let directory = parent(target);
    std::fs::create_dir_all(directory)
        .map_err(|error| Failure::file("create", directory, error))?;
    // Temporary files are made with mode 0600.
    let mut file = NamedTempFile::new_in(directory).map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    persist(file, target)
}

/// A temporary file beside `target`, readable as ordinary new files are.
pub(crate) fn public_temporary(target: &Path) -> Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask takes from this what it takes from every new file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder
        .tempfile_in(parent(target))
        .map_err(|error| Failure::file("create", target, error))
}

/// Reads a secret from a file, or from standard input for `-`: the content without the last line end.
pub(crate) fn read_secret(path: &Path) -> Result<String> {
    if path == Path::new("-") {
        return read_secret_stdin();
    }
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, error))?;
    trimmed_secret(&text, &path.display().to_string())
}

/// Reads a secret from standard input, without the last line end.
pub(crate) fn read_secret_stdin() -> Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(format!("read standard input: {error}")))?;
    trimmed_secret(&text, "standard input")
}

fn trimmed_secret(text: &str, from: &str) -> Result<String> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Failure::new(format!("{from} holds no secret")));
    }
    Ok(text.to_owned())
}

/// Makes a rename durable where the system can do that.
fn sync_directory(directory: &Path) {
    // Not every file system can open or sync a directory; the data itself is synced.
    if let Ok(directory) = std::fs::File::open(directory) {
        let _ = directory.sync_all();
    }
}

/// Where configuration lives: `$XDG_CONFIG_HOME/azml` or what the system has for it.
pub(crate) fn config_dir() -> Result<PathBuf> {
    user_dir("XDG_CONFIG_HOME", ".config", "APPDATA")
}

/// Where data lives: `$XDG_DATA_HOME/azml` or what the system has for it.
pub(crate) fn data_dir() -> Result<PathBuf> {
    user_dir("XDG_DATA_HOME", ".local/share", "LOCALAPPDATA")
}

/// Where what can be made again lies: `$XDG_CACHE_HOME/azml` or what the system has for it. For root it is a place that
/// other users can read, since root's home is not.
pub(crate) fn cache_dir() -> Result<PathBuf> {
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() && std::env::var_os("XDG_CACHE_HOME").is_none() {
        return Ok(PathBuf::from("/var/cache/azml"));
    }
    user_dir("XDG_CACHE_HOME", ".cache", "LOCALAPPDATA")
}

fn user_dir(xdg: &str, below_home: &str, windows: &str) -> Result<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = absolute(xdg)
        .or_else(|| absolute(windows).filter(|_| cfg!(windows)))
        .or_else(|| std::env::home_dir().map(|home| home.join(below_home)));
    base.map(|base| base.join("azml")).ok_or_else(|| {
        Failure::new("the home directory is unknown").hint(format!("set HOME or {xdg}"))
    })
}
