//! The data directory: its marker, its lock, and who may read it.
//! Knows no file inside beyond these.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::Error;

const LAYOUT: u32 = 1;
const MARKER: &str = "azml-emulator.json";
const LOCK: &str = "LOCK";

#[derive(Serialize, Deserialize)]
struct Marker {
    layout: u32,
}

/// A data directory held by this process, until the last clone is dropped.
#[derive(Debug, Clone)]
pub struct DataDir(Arc<Held>);

#[derive(Debug)]
struct Held {
    path: PathBuf,
    durable: bool,
    _lock: File,
    /// Removes the directory of an ephemeral emulator; dropped after the lock.
    temporary: Mutex<Option<tempfile::TempDir>>,
}

impl DataDir {
    /// Opens `path`, which is created when missing, and locks it.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] when another emulator holds it, [`Error::Foreign`] when
    /// it holds other files, [`Error::Version`] when another layout.
    pub fn open(path: &Path) -> Result<Self, Error> {
        create_private(path)?;
        let path = std::path::absolute(path).map_err(Error::io("finding", path))?;
        check_marker(&path)?;
        let lock = lock(&path)?;
        write_marker(&path)?;
        Ok(Self(Arc::new(Held {
            path,
            durable: true,
            _lock: lock,
            temporary: Mutex::default(),
        })))
    }

    /// A directory that disappears with the last clone.
    ///
    /// # Errors
    ///
    /// When the system's temporary directory cannot be written.
    pub fn temporary() -> Result<Self, Error> {
        let temporary = tempfile::Builder::new()
            .prefix("azml-emulator-")
            .tempdir()
            .map_err(Error::io("creating a directory in", std::env::temp_dir()))?;
        let path = temporary.path().to_owned();
        restrict(&path)?;
        Ok(Self(Arc::new(Held {
            _lock: lock(&path)?,
            path,
            durable: false,
            temporary: Mutex::new(Some(temporary)),
        })))
    }

    /// Removes a temporary directory now, although clones of it live on.
    pub(crate) fn discard(&self) {
        let temporary = &self.0.temporary;
        drop(
            temporary
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Whether what is written here must survive a crash.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.0.durable
    }

    /// Creates a directory inside that only its owner can enter.
    ///
    /// # Errors
    ///
    /// When it cannot be created.
    pub fn subdirectory(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.path().join(name);
        create_private(&path)?;
        Ok(path)
    }

    /// Removes everything the emulator keeps in `path`, which must not be in
    /// use. The directory itself stays.
    ///
    /// # Errors
    ///
    /// As [`DataDir::open`], and when something cannot be removed.
    pub fn erase(path: &Path) -> Result<(), Error> {
        if !path.exists() {
            return Ok(());
        }
        check_marker(path)?;
        let _lock = lock(path)?;
        for entry in fs::read_dir(path).map_err(Error::io("reading", path))? {
            let entry = entry.map_err(Error::io("reading", path))?;
            let inner = entry.path();
            // The marker goes last, so that an interrupted erase can be repeated.
            if entry.file_name() == MARKER || entry.file_name() == LOCK {
                continue;
            }
            let is_directory = entry
                .file_type()
                .map_err(Error::io("reading", &inner))?
                .is_dir();
            if is_directory {
                fs::remove_dir_all(&inner)
            } else {
                fs::remove_file(&inner)
            }
            .map_err(Error::io("removing", &inner))?;
        }
        let marker = path.join(MARKER);
        fs::remove_file(&marker).map_err(Error::io("removing", marker))
    }
}

fn check_marker(path: &Path) -> Result<(), Error> {
    let marker = path.join(MARKER);
    match fs::read(&marker) {
        Ok(text) => {
            let found = serde_json::from_slice::<Marker>(&text).map_or(0, |marker| marker.layout);
            if found == LAYOUT {
                return Ok(());
            }
            Err(Error::Version {
                directory: path.to_owned(),
                found,
                supported: LAYOUT,
            })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let foreign = fs::read_dir(path)
                .map_err(Error::io("reading", path))?
                .filter_map(Result::ok)
                .any(|entry| entry.file_name() != LOCK);
            if foreign {
                return Err(Error::Foreign {
                    directory: path.to_owned(),
                });
            }
            Ok(())
        }
        Err(error) => Err(Error::io("reading", marker)(error)),
    }
}

fn write_marker(path: &Path) -> Result<(), Error> {
    let marker = path.join(MARKER);
    if marker.exists() {
        return Ok(());
    }
    let text = serde_json::to_vec(&Marker { layout: LAYOUT }).map_err(|source| Error::Encode {
        table: MARKER.to_owned(),
        source,
    })?;
    write_private(&marker, &text)
}

fn lock(path: &Path) -> Result<File, Error> {
    let name = path.join(LOCK);
    let file = private_options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&name)
        .map_err(Error::io("opening", &name))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse {
            directory: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(Error::io("locking", name)(source)),
    }
}

/// Creates a directory, and its parents, that only its owner can enter.
pub(super) fn create_private(path: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(Error::io("creating", path))?;
    restrict(path)
}

fn restrict(path: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))
            .map_err(Error::io("restricting", path))?;
    }
    Ok(())
}

/// Open options whose new files only the owner can read.
pub(crate) fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Writes a whole file that only its owner can read, atomically and durably.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), Error> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = parent.join(format!(".{name}.{}", std::process::id()));
    let written = (|| {
        let mut file = private_options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if let Err(error) = written {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
        return Err(Error::io("writing", path)(error));
    }
    sync_directory(parent)
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(path: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(Error::io("syncing", path))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_emulator_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let held = DataDir::open(&path).unwrap();
        let error = DataDir::open(&path).unwrap_err();
        assert!(matches!(error, Error::InUse { .. }), "{error}");
        assert!(error.hint().is_some());
        drop(held);
        DataDir::open(&path).unwrap();
    }

    #[test]
    fn foreign_directories_are_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("thesis.tex"), "x").unwrap();
        assert!(matches!(
            DataDir::open(parent.path()),
            Err(Error::Foreign { .. })
        ));
        assert!(matches!(
            DataDir::erase(parent.path()),
            Err(Error::Foreign { .. })
        ));
        assert!(parent.path().join("thesis.tex").exists());
    }

    #[test]
    fn another_layout_is_refused_by_number() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join(MARKER), r#"{"layout":99}"#).unwrap();
        let error = DataDir::open(parent.path()).unwrap_err();
        assert!(matches!(error, Error::Version { found: 99, .. }), "{error}");
    }

    #[test]
    fn erase_empties_a_directory_of_ours() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let held = DataDir::open(&path).unwrap();
        held.subdirectory("files").unwrap();
        assert!(matches!(DataDir::erase(&path), Err(Error::InUse { .. })));
        drop(held);
        DataDir::erase(&path).unwrap();
        DataDir::open(&path).unwrap();
        assert!(!path.join("files").exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let directory = DataDir::temporary().unwrap();
        assert_eq!(mode(directory.path()), 0o700);
        let secret = directory.path().join("secret");
        write_private(&secret, b"x").unwrap();
        assert_eq!(mode(&secret), 0o600);
    }
}
