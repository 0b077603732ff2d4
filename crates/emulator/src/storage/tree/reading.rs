//! Reading a blob while others replace it: one view of the metadata and a hold on the
//! bodies, kept until the last byte is out.

use bytes::Bytes;
use futures::Stream;

use super::content::Plan;
use super::{Address, Open, Tree, blobs};
use crate::state::{self, Hold, Snapshot, State};
use crate::storage::conditions::Conditions;
use crate::storage::error::Result;
use crate::storage::range::ByteRange;

/// A consistent view of the tree for one answer.
#[derive(Debug)]
pub(crate) struct Reading {
    state: State,
    snapshot: Snapshot,
    hold: Hold,
}

impl Tree {
    /// Begins to read.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn reading(&self) -> Result<Reading> {
        // The hold comes first: what the view names is then sure to stay.
        let hold = self.state.files.hold();
        Ok(Reading {
            snapshot: self.state.store.snapshot()?,
            state: self.state.clone(),
            hold,
        })
    }
}

impl Reading {
    /// Reads from the view.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Snapshot) -> Result<T>) -> Result<T> {
        read(&self.snapshot)
    }

    /// Opens a blob, or a range of it.
    ///
    /// # Errors
    /// The container or the blob is not there; conditions that do not hold; a range
    /// outside the blob.
    pub(crate) fn open(
        &self,
        at: &Address,
        conditions: &Conditions,
        range: Option<ByteRange>,
    ) -> Result<Open> {
        let (_, blob) = blobs::existing(&self.snapshot, at)?;
        if !conditions.check_read(blob.version())? {
            return Ok(Open {
                blob,
                range: None,
                plan: None,
            });
        }
        let range = range.map(|range| range.resolve(blob.length)).transpose()?;
        let wanted = range.clone().unwrap_or(0..blob.length);
        let plan = Plan::find(&self.snapshot, &blob.content, &wanted)?;
        Ok(Open {
            blob,
            range,
            plan: Some(plan),
        })
    }

    /// The bytes that `plan` found, read as they are asked for.
    pub(crate) fn stream(
        self,
        plan: Plan,
    ) -> impl Stream<Item = Result<Bytes, state::Error>> + Send + 'static {
        plan.stream(self.state, self.snapshot, self.hold)
    }
}
