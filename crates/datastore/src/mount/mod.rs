//! Datastores as folders of this machine.

mod backend;

use std::future::IntoFuture;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use azml_mount::MountOptions;
use futures::future::{BoxFuture, FutureExt};

pub use azml_mount::{Mount, MountError, Unmounted, is_available, unmount};

use crate::data::Datastore;
use crate::error::Result;
use backend::Files;

/// A mount in the making; awaiting it mounts.
#[derive(Clone, Debug)]
#[must_use = "nothing is mounted before it is awaited"]
pub struct Mounting {
    datastore: Datastore,
    point: PathBuf,
    path: String,
    options: MountOptions,
}

impl Datastore {
    /// Shows the files of a blob container, file share or Gen2 file system in a folder, as
    /// long as the result is held. Linux only; it needs `/dev/fuse`, and the program
    /// `fusermount3` for anybody but root. Files are read only unless
    /// [`Mounting::read_write`] is asked for.
    ///
    /// ```no_run
    /// # async fn example(photos: azml_datastore::Datastore) -> azml_datastore::Result<()> {
    /// let mount = photos.mount("./mnt").path("train").await?;
    /// println!("the files of train are in {}", mount.point().display());
    /// mount.unmount().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) for kinds without files;
    /// [`Error::Mount`](crate::Error::Mount) for what the system says.
    pub fn mount(&self, point: impl AsRef<Path>) -> Mounting {
        let mut options = MountOptions::default();
        options.name = self.name().to_owned();
        Mounting {
            datastore: self.clone(),
            point: point.as_ref().to_owned(),
            path: String::new(),
            options,
        }
    }
}

impl Mounting {
    /// Shows a folder of the datastore instead of all of it.
    pub fn path(mut self, path: &str) -> Self {
        self.path = path.trim_matches('/').to_owned();
        self
    }

    /// Files can be written too. Each is kept on this machine until it is closed, then
    /// stored as a whole, and only over the version that it began from.
    pub fn read_write(mut self) -> Self {
        self.options.read_write = true;
        self
    }

    /// Other users than the caller may look. Only root can always ask for that.
    pub fn everybody(mut self) -> Self {
        self.options.everybody = true;
        self
    }

    /// Whose the files are, by the ids of user and group. Default: the caller's.
    pub fn owner(mut self, user: u32, group: u32) -> Self {
        self.options.owner = Some((user, group));
        self
    }

    /// How long names, lengths and versions are believed before they are looked up again.
    /// Default: 5 seconds.
    pub fn believed_for(mut self, time: Duration) -> Self {
        self.options.believed_for = time;
        self
    }

    /// How many bytes of files are kept in memory. Default: 128 MiB.
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.options.cache_bytes = bytes;
        self
    }

    async fn start(self) -> Result<Mount> {
        let files = Files::new(self.datastore.store()?, &self.path);
        let mount = Mount::start(Arc::new(files), &self.point, self.options).await?;
        Ok(mount)
    }
}

impl IntoFuture for Mounting {
    type Output = Result<Mount>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.start().boxed()
    }
}
