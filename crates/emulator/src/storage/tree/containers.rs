//! Making, changing and removing containers.

use super::leases::{self, CONTAINER_LEASE};
use super::model::{Container, PublicAccess, StoredPolicy};
use super::{BLOBS, CONTAINERS, Stamp, Tree, blocks, content, snapshots};
use crate::state::{Key, KeyRange, Read, WriteTxn};
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result};

/// How many blobs one transaction removes of a container that went away.
const REMOVED_AT_ONCE: usize = 1000;

/// Ids of containers that went away while blobs of theirs are left.
const TRASH: &str = "storage/trash";

fn key(account: &str, name: &str) -> Key {
    Key::of([account, name])
}

/// The container of this name.
pub(super) fn find(read: &impl Read, account: &str, name: &str) -> Result<Option<Container>> {
    Ok(read.get_json(CONTAINERS, key(account, name))?)
}

impl Tree {
    /// The container of this name.
    ///
    /// # Errors
    /// [`Code::ContainerNotFound`].
    pub(crate) fn container(&self, account: &str, name: &str) -> Result<Container> {
        self.read(|snapshot| super::container(snapshot, account, name))
    }

    /// Makes a container.
    ///
    /// # Errors
    /// [`Code::ContainerAlreadyExists`].
    pub(crate) async fn create_container(
        &self,
        account: &str,
        name: &str,
        metadata: Vec<(String, String)>,
        public: PublicAccess,
    ) -> Result<Container> {
        let key = key(account, name);
        let stamp = self.stamp();
        let container = Container {
            id: self.state.ids.hex(),
            etag: stamp.etag,
            modified: stamp.now,
            metadata,
            public,
            policies: Vec::new(),
            lease: None,
        };
        self.write(move |txn| {
            if txn.contains(CONTAINERS, &key)? {
                return Err(Code::ContainerAlreadyExists.into());
            }
            txn.put_json(CONTAINERS, &key, &container)?;
            Ok(container)
        })
        .await
    }

    /// Removes a container. Its blobs are out of reach at once and freed piece by piece.
    ///
    /// # Errors
    /// [`Code::ContainerNotFound`], [`Code::ConditionNotMet`].
    pub(crate) async fn delete_container(
        &self,
        account: &str,
        name: &str,
        conditions: Conditions,
    ) -> Result<()> {
        let (account, name) = (account.to_owned(), name.to_owned());
        let now = self.stamp().now;
        let id = self
            .write(move |txn| {
                let container = super::container(txn, &account, &name)?;
                conditions.check_write(Some(container.version()), Code::ConditionNotMet)?;
                let lease = container.lease.as_ref();
                leases::check_write(lease, conditions.lease(), now, CONTAINER_LEASE)?;
                txn.remove(CONTAINERS, key(&account, &name))?;
                txn.put(TRASH, &container.id, [])?;
                Ok(container.id)
            })
            .await?;
        let tree = self.clone();
        tokio::spawn(async move {
            if let Err(error) = tree.empty(id).await {
                tracing::warn!(
                    ?error,
                    "a deleted container was not emptied; the next start goes on"
                );
            }
        });
        Ok(())
    }

    /// Frees what deleted containers left behind when the emulator stopped.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn empty_trash(&self) -> Result<()> {
        let trash =
            self.read(|snapshot| Ok(snapshot.scan(TRASH, &KeyRange::all(), usize::MAX)?))?;
        for (id, _) in trash {
            self.empty(String::from_utf8_lossy(&id).into_owned())
                .await?;
        }
        Ok(())
    }

    async fn empty(&self, id: String) -> Result<()> {
        loop {
            let container = id.clone();
            let done = self.write(move |txn| remove_some(txn, &container)).await?;
            if done {
                return Ok(());
            }
        }
    }

    /// Changes a container's metadata, or its public access and policies.
    ///
    /// # Errors
    /// [`Code::ContainerNotFound`], [`Code::ConditionNotMet`].
    pub(crate) async fn change_container(
        &self,
        account: &str,
        name: &str,
        conditions: Conditions,
        change: ContainerChange,
    ) -> Result<Container> {
        let (account, name) = (account.to_owned(), name.to_owned());
        let stamp = self.stamp();
        self.write(move |txn| {
            let mut container = super::container(txn, &account, &name)?;
            conditions.check_write(Some(container.version()), Code::ConditionNotMet)?;
            let lease = container.lease.as_ref();
            leases::check_given(lease, conditions.lease(), stamp.now, CONTAINER_LEASE)?;
            match change {
                ContainerChange::Metadata(metadata) => container.metadata = metadata,
                ContainerChange::Access(public, policies) => {
                    container.public = public;
                    container.policies = policies;
                }
            }
            Stamp {
                etag: container.etag,
                now: container.modified,
            } = stamp;
            txn.put_json(CONTAINERS, key(&account, &name), &container)?;
            Ok(container)
        })
        .await
    }
}

/// What can be changed about a container.
#[derive(Debug)]
pub(crate) enum ContainerChange {
    /// All of its metadata.
    Metadata(Vec<(String, String)>),
    /// Who may read without a credential, and the stored policies.
    Access(PublicAccess, Vec<StoredPolicy>),
}

/// Removes some blobs and blocks of a container that went away; whether none is left.
fn remove_some(txn: &mut WriteTxn<'_>, container: &str) -> Result<bool> {
    let range = KeyRange::prefix(Key::of([container]));
    let blobs = txn.scan(BLOBS, &range, REMOVED_AT_ONCE)?;
    for (key, value) in &blobs {
        if let Ok(blob) = serde_json::from_slice::<super::Blob>(value) {
            content::release(txn, &blob.content)?;
        }
        txn.remove(BLOBS, key)?;
    }
    if blobs.len() == REMOVED_AT_ONCE
        || !blocks::remove_some(txn, &range, REMOVED_AT_ONCE)?
        || !snapshots::remove_some(txn, &range, REMOVED_AT_ONCE)?
    {
        return Ok(false);
    }
    txn.remove(TRASH, container)?;
    Ok(true)
}
