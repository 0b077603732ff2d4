//! Data of a run that shows in a folder: what is in the emulator's own accounts, read only.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use azml_mount::{Backend, Cause, Failure, File, Found, Mount, MountOptions, is_available};
use azml_runs::executor::{Mounted, Mounting, RunAs};
use bytes::Bytes;

use crate::storage::{Place, Shown, Storage, StorageError};

/// The files of one folder of a place.
#[derive(Debug)]
struct Files {
    storage: Arc<Storage>,
    place: Place,
    root: String,
}

impl Files {
    fn whole(&self, path: &str) -> String {
        match (self.root.as_str(), path) {
            ("", path) => path.to_owned(),
            (root, "") => root.to_owned(),
            (root, path) => format!("{root}/{path}"),
        }
    }
}

#[async_trait]
impl Backend for Files {
    async fn entries(&self, folder: &str) -> azml_mount::Result<Vec<(String, Found)>> {
        let listed = self.storage.folder(&self.place, &self.whole(folder)).await;
        let found = |shown: Option<Shown>| shown.map_or(Found::Folder, |it| Found::File(file(it)));
        let listed = listed.map_err(failure)?.into_iter();
        Ok(listed.map(|(name, shown)| (name, found(shown))).collect())
    }

    async fn file(&self, path: &str) -> azml_mount::Result<Option<File>> {
        let shown = self.storage.shown(&self.place, &self.whole(path));
        Ok(shown.map_err(failure)?.map(file))
    }

    async fn read(&self, path: &str, range: Range<u64>, etag: &str) -> azml_mount::Result<Bytes> {
        let name = self.whole(path);
        let bytes = self.storage.range(&self.place, &name, range, etag).await;
        bytes
            .map_err(failure)?
            .ok_or_else(|| Failure::new(Cause::Changed, format!("'{name}' was written meanwhile")))
    }
}

fn file(shown: Shown) -> File {
    File {
        length: shown.length,
        etag: shown.etag.into(),
        modified: shown.modified,
    }
}

fn failure(error: StorageError) -> Failure {
    let cause = match error.code().status() {
        404 => Cause::NotFound,
        _ => Cause::Other,
    };
    Failure::new(cause, error.message())
}

struct Showing(Mount);

#[async_trait]
impl Mounted for Showing {
    async fn unmount(self: Box<Self>) -> Result<(), String> {
        let unmounted = self.0.unmount().await;
        unmounted.map(drop).map_err(|error| error.to_string())
    }
}

/// Shows what is below `path` in the folder `at`, to the user of the script.
pub(super) async fn mount(
    storage: Arc<Storage>,
    place: Place,
    (datastore, path): (&str, &str),
    at: &Path,
    run_as: RunAs,
) -> Result<Mounting, String> {
    if !is_available() {
        return Ok(Mounting::Impossible("there is no /dev/fuse".to_owned()));
    }
    let shown = storage.shown(&place, path);
    if !path.is_empty() && shown.map_err(|error| error.message().to_owned())?.is_some() {
        let reason = "it is one file, and folders are mounted";
        return Ok(Mounting::Impossible(reason.to_owned()));
    }
    let mut options = MountOptions::default();
    options.name = datastore.to_owned();
    if let RunAs::User { uid, gid } = run_as {
        options.everybody = true;
        options.owner = Some((uid, gid));
    }
    let files = Files {
        storage,
        place,
        root: path.to_owned(),
    };
    let mount = Mount::start(Arc::new(files), at, options).await;
    let mount = mount.map_err(|error| error.to_string())?;
    Ok(Mounting::Done(Box::new(Showing(mount))))
}
