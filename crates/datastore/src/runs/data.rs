//! The data of datastores for the executor of runs.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use azml_runs::executor::{DataAccess, Mounting, RemoteFile, RunAs, Stored};
use futures::TryStreamExt;
use tokio::io::AsyncWriteExt;

use crate::data::Datastore;
use crate::error::{Error, Result};

/// The datastores of one run.
#[derive(Debug)]
pub(super) struct WorkspaceData(pub(super) BTreeMap<String, Datastore>);

impl WorkspaceData {
    fn datastore(&self, name: &str) -> Result<&Datastore> {
        self.0
            .get(name)
            .ok_or_else(|| Error::NotFound(name.to_owned()))
    }

    async fn list_all(&self, datastore: &str, prefix: &str) -> Result<Vec<RemoteFile>> {
        let items = self.datastore(datastore)?.list(prefix)?;
        let files = items.map_ok(|item| RemoteFile {
            name: item.name,
            length: item.length,
        });
        files.try_collect().await
    }

    async fn write(&self, datastore: &str, name: &str, to: &Path) -> Result<()> {
        let mut body = std::pin::pin!(self.datastore(datastore)?.read(name).await?);
        let mut file = tokio::fs::File::create_new(to)
            .await
            .map_err(Error::local("creating", to))?;
        while let Some(chunk) = body.try_next().await? {
            file.write_all(&chunk)
                .await
                .map_err(Error::local("writing", to))?;
        }
        file.flush().await.map_err(Error::local("writing", to))
    }

    #[cfg(all(feature = "mount", target_os = "linux"))]
    async fn show(
        &self,
        datastore: &str,
        path: &str,
        at: &Path,
        run_as: RunAs,
    ) -> Result<Mounting> {
        if !crate::mount::is_available() {
            return Ok(Mounting::Impossible("there is no /dev/fuse".to_owned()));
        }
        let datastore = self.datastore(datastore)?;
        if !path.is_empty() && datastore.properties(path).await?.is_some() {
            let reason = "it is one file, and folders are mounted";
            return Ok(Mounting::Impossible(reason.to_owned()));
        }
        let mut mounting = datastore.mount(at).path(path);
        if let RunAs::User { uid, gid } = run_as {
            mounting = mounting.everybody().owner(uid, gid);
        }
        Ok(Mounting::Done(Box::new(Shown(mounting.await?))))
    }

    #[cfg(not(all(feature = "mount", target_os = "linux")))]
    async fn show(&self, _: &str, _: &str, _: &Path, _: RunAs) -> Result<Mounting> {
        let reason = "this program was built without mounts";
        Ok(Mounting::Impossible(reason.to_owned()))
    }

    async fn send(
        &self,
        datastore: &str,
        name: &str,
        from: &Path,
        overwrite: bool,
    ) -> Result<Stored> {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut upload = self
            .datastore(datastore)?
            .upload_files([from])
            .relative_root(from.parent().unwrap_or(Path::new("")))
            .to(folder);
        if overwrite {
            upload = upload.overwrite();
        }
        let report = upload.errors(crate::ErrorMode::FailFast).await?;
        // One that may be replaced is left alone only where it is the same.
        Ok(if report.skipped > 0 && !overwrite {
            Stored::Existed
        } else {
            Stored::Done
        })
    }
}

#[async_trait]
impl DataAccess for WorkspaceData {
    async fn list(
        &self,
        datastore: &str,
        prefix: &str,
    ) -> std::result::Result<Vec<RemoteFile>, String> {
        self.list_all(datastore, prefix).await.map_err(shown)
    }

    async fn fetch(
        &self,
        datastore: &str,
        name: &str,
        to: &Path,
    ) -> std::result::Result<(), String> {
        self.write(datastore, name, to).await.map_err(shown)
    }

    async fn mount(
        &self,
        datastore: &str,
        path: &str,
        at: &Path,
        run_as: RunAs,
    ) -> std::result::Result<Mounting, String> {
        self.show(datastore, path, at, run_as).await.map_err(shown)
    }

    async fn store(
        &self,
        datastore: &str,
        name: &str,
        from: &Path,
        overwrite: bool,
    ) -> std::result::Result<Stored, String> {
        self.send(datastore, name, from, overwrite)
            .await
            .map_err(shown)
    }
}

/// A mounted datastore.
#[cfg(all(feature = "mount", target_os = "linux"))]
struct Shown(crate::mount::Mount);

#[cfg(all(feature = "mount", target_os = "linux"))]
#[async_trait]
impl azml_runs::executor::Mounted for Shown {
    async fn unmount(self: Box<Self>) -> std::result::Result<(), String> {
        let unmounted = self.0.unmount().await;
        unmounted.map(drop).map_err(|error| error.to_string())
    }
}

/// An error with its causes, in one line.
fn shown(error: Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
