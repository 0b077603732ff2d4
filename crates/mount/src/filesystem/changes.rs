//! What programs change in the folder: files that are made, written, moved and removed.

use std::ffi::OsStr;
use std::sync::Arc;

use fuser::FileAttr;

use super::core::{Core, Handle};
use crate::backend::{Cause, Failure, File, Found, Result};
use crate::staging::{Staged, Staging};
use crate::tree::split;

impl Core {
    fn writable(&self, path: &str) -> Result<&Staging> {
        let staging = self.staging.as_ref();
        staging.ok_or_else(|| Failure::read_only(path))
    }

    /// The file of a path, ready to be written; with `empty` as if there were nothing in it.
    pub(super) async fn open_staged(&self, path: &Arc<str>, empty: bool) -> Result<Arc<Staged>> {
        let staging = self.writable(path)?;
        // What was listed a while ago would not do: it is this version that is written over.
        let base = self.backend.file(path).await?;
        if base.is_none() && staging.get(path).is_none() {
            return Err(Failure::absent(path));
        }
        let staged = staging.open(path, base)?;
        let ready = if empty {
            staged.empty().await
        } else {
            staged.copy(&self.reader).await
        };
        if let Err(failure) = ready {
            staging.close(&staged).await;
            return Err(failure);
        }
        Ok(staged)
    }

    /// Opens a file to write to it.
    pub(super) async fn open_to_write(&self, number: u64, empty: bool) -> Result<u64> {
        let path = self.node(number)?.path;
        let staged = self.open_staged(&path, empty).await?;
        Ok(self.keep(Handle::Staged(staged)))
    }

    /// Makes a file and opens it.
    pub(super) fn create(&self, folder: u64, name: &OsStr) -> Result<(FileAttr, u64)> {
        let (_, path) = self.entry(folder, name)?;
        let staged = self.writable(&path)?.open(&path, None)?;
        let attributes = self.tell(&path, Found::File(staged.shown()?));
        Ok((attributes, self.keep(Handle::Staged(staged))))
    }

    pub(super) async fn write(&self, handle: u64, offset: u64, bytes: Vec<u8>) -> Result<()> {
        let Handle::Staged(staged) = self.handle(handle)? else {
            return Err(Failure::new(
                Cause::ReadOnly,
                "a file that is open for reading",
            ));
        };
        let written = self
            .runtime
            .spawn_blocking(move || staged.write(offset, &bytes));
        written
            .await
            .map_err(|error| Failure::new(Cause::Other, error.to_string()))?
    }

    /// Stores what was written through a handle.
    pub(super) async fn store(&self, handle: u64) -> Result<()> {
        match self.handle(handle)? {
            Handle::Staged(staged) => self.store_staged(&staged).await,
            Handle::Reading(_) | Handle::Folder(_) => Ok(()),
        }
    }

    async fn store_staged(&self, staged: &Staged) -> Result<()> {
        let Some(staging) = &self.staging else {
            return Ok(());
        };
        if let Some((path, file)) = staging.store(staged).await? {
            self.changed(&path);
            self.tree.see_path(&path, Found::File(file));
        }
        Ok(())
    }

    /// Closes a file.
    pub(super) async fn close(&self, handle: u64) {
        if let (Some(Handle::Staged(staged)), Some(staging)) =
            (self.drop_handle(handle), &self.staging)
        {
            staging.close(&staged).await;
        }
    }

    fn changed(&self, path: &str) {
        self.listings.forget(split(path).0);
    }

    /// Gives a file another length.
    pub(super) async fn set_length(&self, number: u64, length: u64) -> Result<FileAttr> {
        let path = self.node(number)?.path;
        let staged = self.open_staged(&path, length == 0).await?;
        let mut done = staged.set_length(length).await;
        let shown = staged.shown();
        let staging = self.writable(&path)?;
        if done.is_ok() && staging.is_last(&staged) {
            // Nobody closes it later.
            done = self.store_staged(&staged).await;
        }
        staging.close(&staged).await;
        done?;
        Ok(self.attributes(number, &Found::File(shown?)))
    }

    pub(super) async fn make_folder(&self, folder: u64, name: &OsStr) -> Result<FileAttr> {
        let (_, path) = self.entry(folder, name)?;
        self.writable(&path)?;
        self.backend.make_folder(&path).await?;
        self.changed(&path);
        Ok(self.tell(&path, Found::Folder))
    }

    pub(super) async fn remove_folder(&self, folder: u64, name: &OsStr) -> Result<()> {
        let (_, path) = self.entry(folder, name)?;
        let staging = self.writable(&path)?;
        let is_empty = self.backend.entries(&path).await?.is_empty();
        if !is_empty || !staging.in_folder(&path).is_empty() {
            let text = format!("the folder '{path}' is not empty");
            return Err(Failure::new(Cause::NotEmpty, text));
        }
        self.backend.remove_folder(&path).await?;
        self.changed(&path);
        self.listings.forget(&path);
        self.tree.remove(&path);
        Ok(())
    }

    pub(super) async fn remove(&self, folder: u64, name: &OsStr) -> Result<()> {
        let (_, path) = self.entry(folder, name)?;
        let staging = self.writable(&path)?;
        let was_written = staging.get(&path).is_some();
        staging.remove(&path).await;
        match self.backend.remove(&path).await {
            // What was never closed was never stored.
            Err(failure) if was_written && failure.cause == Cause::NotFound => {}
            removed => removed?,
        }
        self.changed(&path);
        self.tree.remove(&path);
        Ok(())
    }

    /// Moves a file. Folders are not moved: programs then copy what is in them.
    pub(super) async fn rename(
        &self,
        (folder, name): (u64, &OsStr),
        (to_folder, to_name): (u64, &OsStr),
        replace: bool,
    ) -> Result<()> {
        let (_, from) = self.entry(folder, name)?;
        let (_, to) = self.entry(to_folder, to_name)?;
        let staging = self.writable(&from)?;
        if self.find(&from).await? == Found::Folder {
            let text = format!("the folder '{from}' is not moved as a whole");
            return Err(Failure::new(Cause::OtherDevice, text));
        }
        if let Some(staged) = staging.get(&from) {
            self.store_staged(&staged).await?;
        }
        self.backend.rename(&from, &to, replace).await?;
        staging.rename(&from, &to).await;
        self.tree.rename(&from, &to);
        self.changed(&from);
        self.changed(&to);
        // A moved file is another version at some places.
        if let Some(file) = self.backend.file(&to).await? {
            self.moved(&to, file).await;
        }
        Ok(())
    }

    async fn moved(&self, path: &Arc<str>, file: File) {
        if let (Some(staging), Some(staged)) = (&self.staging, self.staged(path)) {
            staging.rebase(&staged, file.clone()).await;
        }
        self.tree.see_path(path, Found::File(file));
    }
}
