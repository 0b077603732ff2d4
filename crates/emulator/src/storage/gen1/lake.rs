//! Files of the stores for the other services of the emulator, who act as super-user.

use bytes::Bytes;

use super::content::Received;
use super::error::{FsError, Result};
use super::namespace::{Operation, WriteOptions};
use super::tree::{Actor, Path};
use crate::arm::accounts::{DATA_LAKE_STORES, find};
use crate::state::State;

/// Owner of what the services write.
const SERVICE: &str = "00000000-0000-0000-0000-000000000000";

/// The id of the store with a name.
pub(super) fn store_id(state: &State, store: &str) -> Result<String> {
    let account = state
        .store
        .read(|snapshot| find(snapshot, DATA_LAKE_STORES, store))?;
    account
        .map(|account| account.id)
        .ok_or_else(|| FsError::not_found(store))
}

/// Who the services act as, now.
pub(super) fn service_actor(state: &State) -> Actor {
    let now = state.clock.now().unix_timestamp_nanos() / 1_000_000;
    Actor {
        object_id: SERVICE.to_owned(),
        groups: Vec::new(),
        restricted: false,
        now: i64::try_from(now).unwrap_or(i64::MAX),
    }
}

/// The file systems of all stores.
#[derive(Clone, Debug)]
pub(crate) struct Lake {
    state: State,
}

impl Lake {
    pub(crate) fn new(state: State) -> Self {
        Self { state }
    }

    /// Writes a whole file, in place of one that is there, with its parent directories.
    pub(crate) async fn write(&self, store: &str, path: &str, content: Bytes) -> Result<()> {
        let id = store_id(&self.state, store)?;
        let path = Path::parse(path)?;
        let body = Received::take(&self.state.files, content).await?;
        let actor = service_actor(&self.state);
        let ids = self.state.ids.clone();
        let options = WriteOptions {
            overwrite: true,
            close: true,
            ..WriteOptions::default()
        };
        self.state
            .store
            .write(move |transaction| {
                let operation = Operation {
                    store: &id,
                    actor: &actor,
                };
                operation.create(transaction, &ids, &path, &options, body)
            })
            .await
    }
}
