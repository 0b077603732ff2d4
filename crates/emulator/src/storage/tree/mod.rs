//! The object tree under the blob and data lake services: containers, blobs, blocks and
//! their bytes, as transactions on the state. Knows no HTTP.

mod appends;
mod blobs;
mod blocks;
mod containers;
mod content;
mod leases;
mod list;
mod model;
pub(crate) mod paths;
pub(crate) mod ranges;
mod reading;
mod snapshots;
mod tags;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::state::{Read, Snapshot, State, WriteTxn};
use crate::storage::error::{Code, Result};
use crate::storage::time::Ticks;

pub(crate) use appends::AppendConditions;
pub(crate) use blobs::{Copy, Snapshots};
pub(crate) use blobs::{NewBlob, Open};
pub(crate) use blocks::{BlockLists, ListedBlock, MOST_COMMITTED, Wanted};
pub(crate) use containers::ContainerChange;
pub(crate) use content::{INLINE_LIMIT, Plan, Received, release, share as share_content};
pub(crate) use leases::{
    BLOB_LEASE, CONTAINER_LEASE, FILE_LEASE, Lease, LeaseAction, LeaseAnswer, LeaseState,
    check_given as check_lease, check_write as check_lease_to_write,
};
pub(crate) use list::{BlobPage, Entry, LARGEST_PAGE, ListBlobs};
pub(crate) use model::{
    Access, Blob, BlobType, Container, Content, ContentHeaders, PublicAccess, StoredPolicy,
};
pub(crate) use tags::TagFilter;

const CONTAINERS: &str = "storage/containers";
const BLOBS: &str = "storage/blobs";

/// The tree of every account. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) state: State,
    last_etag: Arc<AtomicU64>,
}

/// When a change is made and the entity tag it gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) now: Ticks,
    pub(crate) etag: u64,
}

/// A blob by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) account: String,
    pub(crate) container: String,
    pub(crate) name: String,
    /// The time of a snapshot; empty for the blob itself.
    pub(crate) snapshot: String,
}

impl Tree {
    /// The tree in `state`.
    pub(crate) fn new(state: State) -> Self {
        Self {
            state,
            last_etag: Arc::default(),
        }
    }

    /// A new stamp. Entity tags are the time in ticks, pushed forward so that no two
    /// changes share one.
    pub(crate) fn stamp(&self) -> Stamp {
        let now = Ticks::of(self.state.clock.now());
        let next = |last: u64| Some(now.0.max(last + 1));
        let last = self
            .last_etag
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .unwrap_or_default();
        Stamp {
            now,
            etag: now.0.max(last + 1),
        }
    }

    async fn write<T, F>(&self, write: F) -> Result<T>
    where
        F: FnOnce(&mut WriteTxn<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.state.store.write(write).await
    }

    fn read<T>(&self, read: impl FnOnce(&Snapshot) -> Result<T>) -> Result<T> {
        self.state.store.read(read)
    }
}

/// The container of this name, which must be there.
fn container(read: &impl Read, account: &str, name: &str) -> Result<Container> {
    containers::find(read, account, name)?.ok_or_else(|| Code::ContainerNotFound.into())
}
