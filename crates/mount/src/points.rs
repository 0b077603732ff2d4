//! Mount points of the system: what is mounted where, and how it goes away again.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::mount::{MntFlags, umount2};

/// What the sources of our mounts begin with.
pub(crate) const SOURCE: &str = "azml:";
const DEVICE: &str = "/dev/fuse";
const MOUNTS: &str = "/proc/self/mountinfo";
/// What unmounts for those who are not root.
const HELPER: &str = "fusermount3";

/// Why something was not mounted or unmounted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// The mount point is no folder.
    #[error("'{}' is not a folder", .0.display())]
    NoFolder(PathBuf),
    /// Something else is mounted there.
    #[error("something is mounted at '{}' already", .0.display())]
    Taken(PathBuf),
    /// Nothing of ours is mounted there.
    #[error("no datastore is mounted at '{}'", .0.display())]
    NotMounted(PathBuf),
    /// A program uses a file or folder in it.
    #[error("'{}' is in use", .0.display())]
    Busy(PathBuf),
    /// Files that were written could not be stored.
    #[error("{text}; they are kept in '{}'", .kept.display())]
    NotStored {
        /// What happened.
        text: String,
        /// Where the files are.
        kept: PathBuf,
    },
    /// The system refused.
    #[error("{action} '{}' failed: {source}", .point.display())]
    System {
        /// What was attempted, as a gerund.
        action: &'static str,
        /// At which mount point.
        point: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl MountError {
    pub(crate) fn system(
        action: &'static str,
        point: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let point = point.into();
        move |source| Self::System {
            action,
            point,
            source,
        }
    }
}

/// Whether this process can mount at all: the system offers it, and the caller is root or
/// has the program that mounts for others.
#[must_use]
pub fn is_available() -> bool {
    let device = fs::File::options().read(true).write(true).open(DEVICE);
    device.is_ok() && (nix::unistd::geteuid().is_root() || has_helper())
}

fn has_helper() -> bool {
    let tried = Command::new(HELPER)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    tried.is_ok()
}

/// Makes a mount point ready: made if it is absent, freed of a mount of ours whose process
/// has died.
pub(crate) fn prepare(point: &Path) -> Result<PathBuf, MountError> {
    let failed = MountError::system("mounting", point);
    let point = absolute(point).map_err(failed)?;
    match source_at(&point) {
        Some(source) if source.starts_with(SOURCE) && is_dead(&point) => {
            tracing::warn!(point = %point.display(), "removed a mount whose process has died");
            detach(&point, true)?;
        }
        Some(_) => return Err(MountError::Taken(point)),
        None => {}
    }
    match fs::metadata(&point) {
        Ok(metadata) if metadata.is_dir() => Ok(point),
        Ok(_) => Err(MountError::NoFolder(point)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir(&point).map_err(MountError::system("making", &point))?;
            Ok(point)
        }
        Err(error) => Err(MountError::system("mounting", point)(error)),
    }
}

/// Unmounts a datastore, whichever process has mounted it. With `lazy` it goes out of sight
/// at once and away when nobody uses it any more.
///
/// # Errors
/// [`MountError::NotMounted`] for what is not ours, [`MountError::Busy`], and what the
/// system says.
pub fn unmount(point: &Path, lazy: bool) -> Result<(), MountError> {
    let failed = MountError::system("unmounting", point);
    let point = absolute(point).map_err(failed)?;
    match source_at(&point) {
        Some(source) if source.starts_with(SOURCE) => detach(&point, lazy),
        _ => Err(MountError::NotMounted(point)),
    }
}

fn detach(point: &Path, lazy: bool) -> Result<(), MountError> {
    let flags = if lazy {
        MntFlags::MNT_DETACH
    } else {
        MntFlags::empty()
    };
    match umount2(point, flags | MntFlags::UMOUNT_NOFOLLOW) {
        Ok(()) => Ok(()),
        Err(Errno::EBUSY) => Err(MountError::Busy(point.to_owned())),
        Err(Errno::EINVAL | Errno::ENOENT) => Err(MountError::NotMounted(point.to_owned())),
        Err(Errno::EPERM) => by_helper(point, lazy),
        Err(error) => Err(MountError::system("unmounting", point)(error.into())),
    }
}

fn by_helper(point: &Path, lazy: bool) -> Result<(), MountError> {
    let mut command = Command::new(HELPER);
    command.arg("-u");
    if lazy {
        command.arg("-z");
    }
    let output = command
        .arg("--")
        .arg(point)
        .stdin(Stdio::null())
        .output()
        .map_err(MountError::system("unmounting with fusermount3", point))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if text.contains("busy") {
        return Err(MountError::Busy(point.to_owned()));
    }
    let failed = MountError::system("unmounting with fusermount3", point);
    Err(failed(io::Error::other(text)))
}

/// The path without links, without looking at what is mounted there.
fn absolute(point: &Path) -> io::Result<PathBuf> {
    match (point.parent(), point.file_name()) {
        (Some(parent), Some(name)) => {
            let here = Path::new(".");
            let parent = if parent == Path::new("") {
                here
            } else {
                parent
            };
            Ok(parent.canonicalize()?.join(name))
        }
        _ => point.canonicalize(),
    }
}

/// Whether the process behind a mount is gone.
fn is_dead(point: &Path) -> bool {
    let dead = [Errno::ENOTCONN, Errno::ECONNABORTED].map(|error| Some(error as i32));
    fs::metadata(point).is_err_and(|error| dead.contains(&error.raw_os_error()))
}

/// The source of what is mounted at a path.
fn source_at(point: &Path) -> Option<String> {
    let mounts = fs::read_to_string(MOUNTS).ok()?;
    // The last one hides those before it.
    mounts.lines().rev().find_map(|line| {
        let (at, source) = read(line)?;
        (at == point).then_some(source)
    })
}

/// The mount point and the source of a line.
fn read(line: &str) -> Option<(PathBuf, String)> {
    let (before, after) = line.split_once(" - ")?;
    let point = before.split(' ').nth(4)?;
    let source = after.split(' ').nth(1)?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Some((
        std::ffi::OsString::from_vec(unescaped(point)).into(),
        text(&unescaped(source)),
    ))
}

/// Spaces and the like are written as a backslash and three octal digits.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let octal = after
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match (first, octal) {
            (b'\\', Some(byte)) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_mounts_are_read() {
        let line =
            r"36 35 98:0 / /mnt/a\040b rw,noatime master:1 - fuse.azml azml:photos rw,user_id=0";
        let (point, source) = read(line).unwrap();
        assert_eq!(point, Path::new("/mnt/a b"));
        assert_eq!(source, "azml:photos");
        assert_eq!(read("broken"), None);
        assert_eq!(unescaped(r"a\0"), br"a\0");
    }

    #[test]
    fn what_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        for point in [folder.path(), Path::new("/proc")] {
            let error = unmount(point, true).unwrap_err();
            assert!(matches!(error, MountError::NotMounted(_)), "{error}");
        }
        assert!(matches!(
            prepare(Path::new("/proc")),
            Err(MountError::Taken(_))
        ));
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(prepare(&file), Err(MountError::NoFolder(_))));
        assert!(prepare(&folder.path().join("new")).unwrap().is_dir());
    }
}
