//! Everything the emulator remembers: metadata in one ordered store, bytes in
//! plain files, secrets, ids and the clock. Services share nothing else.
//! No service's tables or formats may appear here.
//!
//! # The data directory
//!
//! ```text
//! DIR/                      0700
//!   azml-emulator.json      version marker; a directory without it is not touched
//!   LOCK                    held exclusively by the running emulator
//!   metadata.redb           the ordered store, one group commit per fsync
//!   files/ab/ab12...        one plain file per stored body, named by its id
//!   files/new/              bodies being received; emptied at start
//!   secrets/                0600 each: keys and tokens made for this directory
//!   ca.pem, ca.key          the certificate authority, for clients and private
//!   server.pem, server.key  the server certificate, and tls.json about both
//!   run.json                0600, while an emulator runs: how to reach it
//! ```

mod directory;
mod error;
mod files;
mod holds;
mod ids;
mod key;
mod secrets;
mod store;
mod transaction;
mod writer;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use azml_core::clock::Clock;

pub use directory::DataDir;
pub(crate) use directory::write_private;
pub use error::Error;
pub use files::{FileId, FileReader, FileWriter, Files, NewFile};
pub use holds::Hold;
pub use ids::Ids;
pub use key::{Key, KeyRange, Order};
pub use secrets::Secrets;
pub(crate) use secrets::{random_bytes, random_hex};
pub use store::Store;
pub use transaction::{Pair, Read, Snapshot, WriteTxn};

/// The shared state a service works on. Clones are cheap and share everything.
#[derive(Clone)]
pub struct State {
    /// Metadata.
    pub store: Store,
    /// Bodies.
    pub files: Files,
    /// Keys and tokens generated for this data directory.
    pub secrets: Secrets,
    /// New identifiers.
    pub ids: Ids,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl State {
    /// Opens the store and the files of `directory`, and removes bodies that
    /// no committed metadata refers to.
    ///
    /// # Errors
    ///
    /// When the store cannot be opened or the orphans cannot be read.
    pub fn open(directory: &DataDir, ids: Ids, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let files = Files::open(directory, ids.clone())?;
        let store = Store::open(directory, files.clone())?;
        let kept = store.read(files::kept)?;
        files.sweep(&kept)?;
        Ok(Self {
            store,
            files,
            secrets: Secrets::new(directory),
            ids,
            clock,
        })
    }

    /// Forgets all metadata and all bodies; secrets and TLS stay.
    ///
    /// # Errors
    ///
    /// When the store cannot commit or the files cannot be removed.
    pub async fn clear(&self) -> Result<(), Error> {
        self.store.clear().await?;
        let files = self.files.clone();
        tokio::task::spawn_blocking(move || files.sweep(&Default::default()))
            .await
            .map_err(|_| Error::Closed)?
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}
