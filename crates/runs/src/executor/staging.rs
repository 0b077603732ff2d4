//! Data on its way to a run and back.

use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::folders::{Folders, blocking, local};
use super::{DataAccess, Job, Mounted, Mounting, RemoteFile, RunAs, Stored, Watcher};
use crate::reference::{AccessMode, DataReference};

/// Files that are moved at once.
const FILES_AT_ONCE: usize = 16;

/// A reference and where it is on this machine.
#[derive(Clone, Debug)]
pub(super) struct Staged {
    pub(super) reference: DataReference,
    /// What the script is told.
    pub(super) path: PathBuf,
}

/// Brings all data that the run reads; `mounts` gets what has to be unmounted.
pub(super) async fn bring(
    job: &Job,
    folders: &Folders,
    (data, watcher): (&dyn DataAccess, &dyn Watcher),
    mounts: &mut Vec<Box<dyn Mounted>>,
) -> Result<Vec<Staged>, String> {
    let references = job.configuration.references();
    let references = references.map_err(|error| error.to_string())?;
    let mut staged = Vec::with_capacity(references.len());
    for reference in references {
        let place = folders.place(reference.name(), reference.path_on_compute())?;
        let path = match reference.mode() {
            AccessMode::Upload => {
                let parent = place.parent().unwrap_or(&place);
                make(parent).await?;
                place
            }
            AccessMode::Download => fetch_all(data, &reference, &place).await?,
            AccessMode::Mount => {
                make(&place).await?;
                let (datastore, path) = (reference.datastore(), path_of(&reference));
                let mounted = data.mount(datastore, path, &place, job.run_as).await;
                match mounted.map_err(|error| not_mounted(&reference, &error))? {
                    Mounting::Done(mount) => {
                        mounts.push(mount);
                        place
                    }
                    Mounting::Impossible(reason) => {
                        let text = format!(
                            "'{}' is not mounted ({reason}): it was copied before the run, and what the script changes in it stays on this machine",
                            reference.name()
                        );
                        watcher.warning(&text).await;
                        fetch_all(data, &reference, &place).await?
                    }
                }
            }
        };
        staged.push(Staged { reference, path });
    }
    Ok(staged)
}

/// The path of a reference on its datastore, without slashes at its ends.
fn path_of(reference: &DataReference) -> &str {
    let path = reference.path_on_datastore().unwrap_or_default();
    path.trim_start_matches("./").trim_matches('/')
}

fn not_mounted(reference: &DataReference, error: &str) -> String {
    format!(
        "the data reference '{}' could not be mounted from the datastore '{}': {error}",
        reference.name(),
        reference.datastore()
    )
}

/// Copies what a reference names into `place`; gives the file or directory of it.
async fn fetch_all(
    data: &dyn DataAccess,
    reference: &DataReference,
    place: &Path,
) -> Result<PathBuf, String> {
    let datastore = reference.datastore();
    let path = path_of(reference);
    let failed = |error: String| {
        format!(
            "the data reference '{}' could not be downloaded from the datastore '{datastore}': {error}",
            reference.name()
        )
    };
    let all = data.list(datastore, path).await.map_err(failed)?;
    let found = below(all, path).map_err(failed)?;
    if found.files.is_empty() && !path.is_empty() {
        return Err(failed(format!("there is nothing at '{path}'")));
    }
    make(place).await?;
    let overwrite = reference.overwrites();
    stream::iter(found.files)
        .map(|(name, relative)| async move {
            let to = place.join(relative);
            if !overwrite && tokio::fs::symlink_metadata(&to).await.is_ok() {
                return Ok(());
            }
            make(to.parent().unwrap_or(place)).await?;
            let part = part_of(&to);
            let fetched = data.fetch(datastore, &name, &part).await;
            let fetched = fetched.map_err(|error| format!("'{name}': {error}"));
            let moved = match fetched {
                Ok(()) => tokio::fs::rename(&part, &to)
                    .await
                    .map_err(|error| local(&to, &error)),
                Err(error) => Err(error),
            };
            if moved.is_err() {
                // It may never have been made.
                let _ = tokio::fs::remove_file(&part).await;
            }
            moved
        })
        .buffer_unordered(FILES_AT_ONCE)
        .try_collect::<()>()
        .await
        .map_err(failed)?;
    Ok(match found.single {
        Some(name) => place.join(name),
        None => place.to_owned(),
    })
}

/// A name beside `to` for a file that is not complete yet.
fn part_of(to: &Path) -> PathBuf {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let random = uuid::Uuid::new_v4().simple();
    to.with_file_name(format!(".{name}.part-{random}"))
}

/// The files of a path, with their paths below it.
#[derive(Debug, Default, PartialEq)]
struct Found {
    files: Vec<(String, PathBuf)>,
    /// The file's name, where the path is one file's.
    single: Option<String>,
}

/// Picks the file `path` itself or the files in the folder `path` among those whose names
/// begin with it. Empty files that stand for folders are left out.
fn below(all: Vec<RemoteFile>, path: &str) -> Result<Found, String> {
    let mut folders: HashSet<&str> = HashSet::new();
    for file in &all {
        let mut rest = file.name.as_str();
        while let Some((parent, _)) = rest.rsplit_once('/') {
            if !folders.insert(parent) {
                break;
            }
            rest = parent;
        }
    }
    let mut found = Found::default();
    for file in &all {
        let name = file.name.as_str();
        let is_folder = folders.contains(name);
        if file.length == 0 && (is_folder || name.ends_with('/')) {
            continue;
        }
        let relative = if path.is_empty() {
            name
        } else if let Some(rest) = name.strip_prefix(path) {
            match rest.strip_prefix('/') {
                Some(relative) => relative,
                None if rest.is_empty() => {
                    let own = name.rsplit('/').next().unwrap_or(name);
                    found.single = Some(own.to_owned());
                    own
                }
                // Another name that only begins alike.
                None => continue,
            }
        } else {
            continue;
        };
        if is_folder {
            return Err(format!("'{name}' is a file and a folder at once"));
        }
        found.files.push((
            name.to_owned(),
            safe(relative).ok_or_else(|| unsafe_name(name))?,
        ));
    }
    Ok(found)
}

fn unsafe_name(name: &str) -> String {
    format!(
        "the name '{}' cannot be a path below a directory",
        name.escape_debug()
    )
}

fn safe(relative: &str) -> Option<PathBuf> {
    let good = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\0', '\\']);
    relative
        .split('/')
        .all(good)
        .then(|| relative.split('/').collect())
}

async fn make(folder: &Path) -> Result<(), String> {
    tokio::fs::create_dir_all(folder)
        .await
        .map_err(|error| local(folder, &error))
}

/// Takes all results back.
pub(super) async fn upload(
    job: &Job,
    folders: &Folders,
    staged: &[Staged],
    data: &dyn DataAccess,
) -> Result<(), String> {
    for Staged { reference, path } in staged {
        if reference.mode() != AccessMode::Upload {
            continue;
        }
        send_all(job, folders, reference, path, data)
            .await
            .map_err(|error| {
                format!(
                    "the data reference '{}' could not be uploaded to the datastore '{}': {error}",
                    reference.name(),
                    reference.datastore()
                )
            })?;
    }
    Ok(())
}

async fn send_all(
    job: &Job,
    folders: &Folders,
    reference: &DataReference,
    path: &Path,
    data: &dyn DataAccess,
) -> Result<(), String> {
    let target = path_of(reference).to_owned();
    let (inside, from, run_as) = (folders.clone(), path.to_owned(), job.run_as);
    let files = blocking(move || results(&inside, &from, &target, run_as)).await?;
    let datastore = reference.datastore();
    let overwrite = reference.overwrites();
    if !overwrite {
        let there = data.list(datastore, path_of(reference)).await?;
        let there: HashSet<&str> = there.iter().map(|file| file.name.as_str()).collect();
        if let Some((name, _)) = files.iter().find(|(name, _)| there.contains(name.as_str())) {
            return Err(conflict(name));
        }
    }
    stream::iter(files)
        .map(|(name, path)| async move {
            match data.store(datastore, &name, &path, overwrite).await {
                Ok(Stored::Done) => Ok(()),
                Ok(Stored::Existed) => Err(conflict(&name)),
                Err(error) => Err(format!("'{name}': {error}")),
            }
        })
        .buffer_unordered(FILES_AT_ONCE)
        .try_collect()
        .await
}

/// The files in a folder below the code, with their paths below it.
pub(super) async fn left_in(
    folders: &Folders,
    folder: &str,
    run_as: RunAs,
) -> Result<Vec<(String, PathBuf)>, String> {
    let path = folders.place(folder, Some(folder))?;
    let (folders, folder) = (folders.clone(), folder.to_owned());
    blocking(move || {
        if !path.is_dir() {
            return Ok(Vec::new());
        }
        results(&folders, &path, &folder, run_as)
    })
    .await
}

fn conflict(name: &str) -> String {
    format!("'{name}' is there already and the reference does not overwrite")
}

/// The files at `path` and the names they get.
fn results(
    folders: &Folders,
    path: &Path,
    target: &str,
    run_as: RunAs,
) -> Result<Vec<(String, PathBuf)>, String> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("the script left nothing at '{}'", path.display())
        }
        _ => local(path, &error),
    };
    // What a script of another user links to may be out of that user's reach.
    let metadata = |path: &Path| match run_as {
        RunAs::Caller => fs::metadata(path),
        RunAs::User { .. } => fs::symlink_metadata(path),
    };
    let found = metadata(path).map_err(failed)?;
    if !folders.holds(path, run_as).map_err(failed)? {
        return Err(format!(
            "'{}' leads out of the run's folder",
            path.display()
        ));
    }
    let named = |relative: &Path| {
        let mut name = target.to_owned();
        for part in relative.components() {
            let Component::Normal(part) = part else {
                return Err(unsafe_name(&relative.to_string_lossy()));
            };
            let part = part
                .to_str()
                .ok_or_else(|| format!("the name of '{}' is not Unicode", relative.display()))?;
            if !name.is_empty() {
                name.push('/');
            }
            name.push_str(part);
        }
        Ok(name)
    };
    if found.is_file() {
        let own = Path::new(path.file_name().unwrap_or_default());
        return Ok(vec![(named(own)?, path.to_owned())]);
    }
    if !found.is_dir() {
        return Err(format!("'{}' is no file or directory", path.display()));
    }
    let mut files = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| local(&folder, &error))? {
            let entry = entry.map_err(|error| local(&folder, &error))?;
            let file = entry.path();
            // Linked directories could lead in circles.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(file);
            } else if metadata(&file).is_ok_and(|metadata| metadata.is_file()) {
                let relative = file.strip_prefix(path).unwrap_or(&file);
                files.push((named(relative)?, file.clone()));
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<RemoteFile> {
        let file = |name: &&str| RemoteFile {
            name: (*name).to_owned(),
            length: u64::from(!name.ends_with('/')),
        };
        names.iter().map(file).collect()
    }

    fn picked(names: &[&str], path: &str) -> Result<Vec<String>, String> {
        let found = below(files(names), path)?;
        let relative = found.files.iter();
        Ok(relative
            .map(|(_, path)| path.to_str().unwrap().to_owned())
            .collect())
    }

    #[test]
    fn a_path_is_a_file_or_a_folder_not_a_prefix() {
        let all = ["p/dat", "p/data/", "p/data/x", "p/data/y/z", "p/data1"];
        assert_eq!(picked(&all, "p/data").unwrap(), ["x", "y/z"]);
        assert_eq!(picked(&all, "").unwrap().len(), 4);
        let one = below(files(&["p/dat", "p/data1"]), "p/dat").unwrap();
        assert_eq!(one.single.as_deref(), Some("dat"));
        assert_eq!(one.files, [("p/dat".to_owned(), "dat".into())]);
        assert!(picked(&["q"], "p").unwrap().is_empty());
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for bad in ["p/../x", "p//x", "p/./x", "p/a\\b"] {
            assert!(picked(&[bad], "p").is_err(), "{bad}");
        }
        assert!(picked(&["p/a", "p/a/b"], "p").is_err(), "file and folder");
    }
}
