//! The folders of a run, whose they are, and which paths lead out of them.

use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use super::{Job, RunAs};

/// The folders of one run, with their links resolved.
#[derive(Clone, Debug)]
pub(super) struct Folders {
    /// With the code; the script runs in it.
    pub(super) work: PathBuf,
    /// With data that has no place of its own.
    pub(super) data: PathBuf,
    absolute_paths: bool,
}

impl Folders {
    /// Makes the folder for data; the one with the code must be there.
    pub(super) async fn make(job: &Job) -> Result<Self, String> {
        if !is_one_name(&job.run_id) {
            return Err(format!("'{}' cannot be a run's id", job.run_id));
        }
        let (work, data) = (job.work_dir(), job.data_dir());
        let absolute_paths = job.absolute_paths;
        blocking(move || {
            fs::create_dir_all(&data).map_err(|error| local(&data, &error))?;
            Ok(Self {
                work: fs::canonicalize(&work).map_err(|error| local(&work, &error))?,
                data: fs::canonicalize(&data).map_err(|error| local(&data, &error))?,
                absolute_paths,
            })
        })
        .await
    }

    /// Where a reference is on this machine: at the path that it asks for, below the
    /// folder with the code, else in a folder of its name.
    pub(super) fn place(&self, name: &str, on_compute: Option<&str>) -> Result<PathBuf, String> {
        let Some(path) = on_compute else {
            if !is_one_name(name) {
                return Err(format!(
                    "the data reference '{name}' needs a path on the compute target: its name cannot be a folder's"
                ));
            }
            return Ok(self.data.join(name));
        };
        let path = Path::new(path);
        if path.is_absolute() && self.absolute_paths {
            return Ok(path.to_owned());
        }
        let inside = path
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside {
            return Err(format!(
                "the path '{}' of the data reference '{name}' leads out of the run's folder",
                path.display()
            ));
        }
        Ok(self.work.join(path))
    }

    /// Whether a path that the script may have replaced by a link is still one of the run's.
    pub(super) fn holds(&self, path: &Path, run_as: RunAs) -> io::Result<bool> {
        if run_as == RunAs::Caller {
            return Ok(true);
        }
        let real = fs::canonicalize(path)?;
        Ok(real.starts_with(&self.work) || real.starts_with(&self.data))
    }

    /// Gives everything in the folders to the user of the script.
    pub(super) async fn hand_over(&self, job: &Job) -> Result<(), String> {
        let RunAs::User { uid, gid } = job.run_as else {
            return Ok(());
        };
        let folders = [self.work.clone(), self.data.clone()];
        blocking(move || {
            folders
                .iter()
                .try_for_each(|folder| give(folder, uid, gid).map_err(|e| local(folder, &e)))
        })
        .await
    }

    /// How many bytes the files in the folders take.
    pub(super) async fn used(&self) -> u64 {
        let folders = [self.work.clone(), self.data.clone()];
        let measured = blocking(move || Ok(folders.iter().map(|folder| size(folder)).sum::<u64>()));
        measured.await.unwrap_or_default()
    }
}

/// Whether a text is the name of one folder or file.
pub(super) fn is_one_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let one = matches!(parts.next(), Some(Component::Normal(part)) if part == name);
    one && parts.next().is_none() && !name.contains(['\0', '\\'])
}

/// What failed with a local path.
pub(super) fn local(path: &Path, error: &io::Error) -> String {
    format!("'{}': {error}", path.display())
}

/// Runs what blocks outside of the runtime's threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(error.to_string()))
}

fn entries(folder: &Path) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(folder).into_iter().flatten().flatten()
}

/// The device that a file or folder is on: what is mounted below a folder is on another one.
#[cfg(unix)]
fn device(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::dev(metadata)
}

#[cfg(not(unix))]
fn device(_: &fs::Metadata) -> u64 {
    0
}

/// Gives a folder and what is in it away, but for what is mounted there.
#[cfg(unix)]
fn give(path: &Path, uid: u32, gid: u32) -> io::Result<()> {
    let mut open = vec![path.to_owned()];
    let own = device(&fs::symlink_metadata(path)?);
    while let Some(path) = open.pop() {
        let metadata = fs::symlink_metadata(&path)?;
        if device(&metadata) != own {
            continue;
        }
        std::os::unix::fs::lchown(&path, Some(uid), Some(gid))?;
        if metadata.is_dir() {
            open.extend(entries(&path).map(|entry| entry.path()));
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn give(path: &Path, _: u32, _: u32) -> io::Result<()> {
    let text = format!("'{}' cannot be given to another user here", path.display());
    Err(io::Error::new(io::ErrorKind::Unsupported, text))
}

/// The bytes in a folder, but for what is mounted there. Files may go away meanwhile.
fn size(folder: &Path) -> u64 {
    let Ok(own) = fs::symlink_metadata(folder) else {
        return 0;
    };
    let own = device(&own);
    let mut open = vec![folder.to_owned()];
    let mut bytes = 0;
    while let Some(folder) = open.pop() {
        for entry in entries(&folder) {
            match entry.metadata() {
                Ok(metadata) if device(&metadata) != own => {}
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) => bytes += metadata.len(),
                Err(_) => {}
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_run_s_folders() {
        let mut folders = Folders {
            work: "/r/w".into(),
            data: "/r/d".into(),
            absolute_paths: false,
        };
        let place = |f: &Folders, name: &str, path: Option<&str>| f.place(name, path).ok();
        assert_eq!(place(&folders, "a", None), Some("/r/d/a".into()));
        assert_eq!(
            place(&folders, "a", Some("x/./y")),
            Some("/r/w/x/./y".into())
        );
        for bad in ["../x", "/x", "x/../../y"] {
            assert_eq!(place(&folders, "a", Some(bad)), None, "{bad}");
        }
        for bad in ["..", "a/b", "", "/", ".", "a/"] {
            assert_eq!(place(&folders, bad, None), None, "{bad}");
        }
        folders.absolute_paths = true;
        assert_eq!(place(&folders, "a", Some("/x")), Some("/x".into()));
        assert_eq!(place(&folders, "a", Some("../x")), None);
    }
}
