//! File shares: shares, directories and files as transactions on the state. Names ignore
//! the case of letters and keep it. Knows no HTTP.

mod entries;
mod listing;
mod model;

use crate::state::{Key, KeyRange, Read, WriteTxn};
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result};
use crate::storage::tree::{StoredPolicy, Tree, release};

pub(crate) use entries::{EntryChange, NewEntry, OpenFile, Rename, Target, open};
pub(crate) use model::{Entry, LARGEST_QUOTA, Share, Times, USUAL_QUOTA};

const SHARES: &str = "storage/shares";
const ENTRIES: &str = "storage/entries";

/// The id of a share's root directory.
const ROOT: u64 = 0;

/// The shares of every account, beside the object tree and on the same state.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    pub(crate) tree: Tree,
}

fn share_key(account: &str, name: &str) -> Key {
    Key::of([account, name])
}

/// The share of this name, which must be there.
fn share(read: &impl Read, account: &str, name: &str) -> Result<Share> {
    read.get_json(SHARES, share_key(account, name))?
        .ok_or_else(|| Code::ShareNotFound.into())
}

/// What can be changed about a share.
#[derive(Debug)]
pub(crate) enum ShareChange {
    Metadata(Vec<(String, String)>),
    Policies(Vec<StoredPolicy>),
    Quota(u32),
}

impl Shares {
    /// The share of this name.
    ///
    /// # Errors
    /// [`Code::ShareNotFound`].
    pub(crate) fn share(&self, account: &str, name: &str) -> Result<Share> {
        self.tree
            .state
            .store
            .read(|snapshot| share(snapshot, account, name))
    }

    /// Makes a share.
    ///
    /// # Errors
    /// [`Code::ShareAlreadyExists`].
    pub(crate) async fn create_share(
        &self,
        account: &str,
        name: &str,
        metadata: Vec<(String, String)>,
        quota: u32,
    ) -> Result<Share> {
        let key = share_key(account, name);
        let stamp = self.tree.stamp();
        let share = Share {
            id: self.tree.state.ids.hex(),
            etag: stamp.etag,
            modified: stamp.now,
            created: stamp.now,
            quota,
            next: ROOT + 1,
            metadata,
            policies: Vec::new(),
        };
        self.write(move |txn| {
            if txn.contains(SHARES, &key)? {
                return Err(Code::ShareAlreadyExists.into());
            }
            txn.put_json(SHARES, &key, &share)?;
            Ok(share)
        })
        .await
    }

    /// Removes a share with everything in it.
    ///
    /// # Errors
    /// [`Code::ShareNotFound`].
    pub(crate) async fn delete_share(&self, account: &str, name: &str) -> Result<()> {
        let (account, name) = (account.to_owned(), name.to_owned());
        self.write(move |txn| {
            let share = share(txn, &account, &name)?;
            let range = KeyRange::prefix(Key::of([&share.id]));
            for (key, value) in txn.scan(ENTRIES, &range, usize::MAX)? {
                if let Ok(Entry {
                    file: Some(file), ..
                }) = serde_json::from_slice(&value)
                {
                    release(txn, &file.content)?;
                }
                txn.remove(ENTRIES, key)?;
            }
            txn.remove(SHARES, share_key(&account, &name))?;
            Ok(())
        })
        .await
    }

    /// How many bytes the files of a share have.
    ///
    /// # Errors
    /// [`Code::ShareNotFound`].
    pub(crate) fn used_bytes(&self, account: &str, name: &str) -> Result<u64> {
        self.tree.state.store.read(|snapshot| {
            let share = share(snapshot, account, name)?;
            let range = KeyRange::prefix(Key::of([&share.id]));
            let entries: Vec<Entry> = snapshot.scan_json(ENTRIES, &range)?;
            let files = entries.into_iter().filter_map(|entry| entry.file);
            Ok(files.map(|file| file.length).sum())
        })
    }

    /// Changes a share.
    ///
    /// # Errors
    /// [`Code::ShareNotFound`].
    pub(crate) async fn change_share(
        &self,
        account: &str,
        name: &str,
        conditions: Conditions,
        change: ShareChange,
    ) -> Result<Share> {
        let (account, name) = (account.to_owned(), name.to_owned());
        let stamp = self.tree.stamp();
        self.write(move |txn| {
            let mut share = share(txn, &account, &name)?;
            let version = crate::storage::conditions::Version {
                etag: share.etag,
                modified: share.modified,
            };
            conditions.check_write(Some(version), Code::ConditionNotMet)?;
            match change {
                ShareChange::Metadata(metadata) => share.metadata = metadata,
                ShareChange::Policies(policies) => share.policies = policies,
                ShareChange::Quota(quota) => share.quota = quota,
            }
            share.etag = stamp.etag;
            share.modified = stamp.now;
            txn.put_json(SHARES, share_key(&account, &name), &share)?;
            Ok(share)
        })
        .await
    }

    async fn write<T, F>(&self, write: F) -> Result<T>
    where
        F: FnOnce(&mut WriteTxn<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.tree.state.store.write(write).await
    }
}
