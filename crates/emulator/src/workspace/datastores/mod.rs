//! The datastores of a workspace: one store under the data plane's contract and under
//! Resource Manager's.

pub(crate) mod arm;
pub(crate) mod dataplane;
mod model;
mod validate;

use std::sync::Arc;

use super::error::PlaneError;
use super::workspaces::{self, Scope, Workspace};
use crate::state::{self, Key, KeyRange, Read, State, WriteTxn};
use crate::storage::Storage;

pub(crate) use model::{Datastore, StorageSection};

const TABLE: &str = "workspace/datastores";

/// What the original client looks for when it decides whether to update instead.
const CONFLICT: &str = "Another datastore with the same name already exists";

fn key(workspace: &str, name: &str) -> Key {
    Key::of([workspace, name])
}

/// Writes a datastore over the one of its name.
pub(super) fn put(
    txn: &mut WriteTxn<'_>,
    workspace: &str,
    datastore: &Datastore,
) -> Result<(), state::Error> {
    txn.put_json(TABLE, key(workspace, &datastore.name), datastore)
}

/// Removes every datastore of a workspace.
pub(super) fn remove_all(txn: &mut WriteTxn<'_>, workspace: &str) -> Result<(), state::Error> {
    let range = KeyRange::prefix(Key::of([workspace]));
    for (key, _) in txn.scan(TABLE, &range, usize::MAX)? {
        txn.remove(TABLE, key)?;
    }
    Ok(())
}

fn existing(read: &impl Read, workspace: &str, name: &str) -> Result<Datastore, PlaneError> {
    let name = name.to_lowercase();
    read.get_json(TABLE, key(workspace, &name))?
        .ok_or_else(|| PlaneError::not_found(format!("Could not find datastore: {name}")))
}

/// Whether a datastore of the name may be there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    /// It must not.
    Refuse,
    /// It must.
    Require,
    /// Either way.
    Replace,
}

/// How a datastore is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct PutOptions {
    pub(super) existing: Existing,
    /// Makes the container if it is absent.
    pub(super) create_if_not_exists: bool,
    /// Does not try the credential.
    pub(super) skip_validation: bool,
}

/// The datastores of every workspace. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Datastores {
    pub(crate) state: State,
    pub(crate) storage: Arc<Storage>,
}

impl Datastores {
    /// Every datastore of a workspace, by name, with the workspace.
    pub(super) fn list(&self, scope: &Scope) -> Result<(Workspace, Vec<Datastore>), PlaneError> {
        self.state.store.read(|snapshot| {
            let workspace = workspaces::existing(snapshot, scope)?;
            let range = KeyRange::prefix(Key::of([&workspace.id]));
            let datastores = snapshot.scan_json(TABLE, &range)?;
            Ok((workspace, datastores))
        })
    }

    /// One datastore, by its name in any case.
    pub(super) fn get(
        &self,
        scope: &Scope,
        name: &str,
    ) -> Result<(Workspace, Datastore), PlaneError> {
        self.state.store.read(|snapshot| {
            let workspace = workspaces::existing(snapshot, scope)?;
            let datastore = existing(snapshot, &workspace.id, name)?;
            Ok((workspace, datastore))
        })
    }

    /// The default datastore.
    pub(super) fn default(&self, scope: &Scope) -> Result<Datastore, PlaneError> {
        self.state.store.read(|snapshot| {
            let workspace = workspaces::existing(snapshot, scope)?;
            existing(snapshot, &workspace.id, &workspace.default_datastore)
        })
    }

    /// Makes a datastore the default.
    pub(super) async fn set_default(
        &self,
        scope: Scope,
        name: String,
    ) -> Result<Datastore, PlaneError> {
        self.state
            .store
            .write(move |txn| {
                let mut workspace = workspaces::existing(txn, &scope)?;
                let datastore = existing(txn, &workspace.id, &name)?;
                workspace.default_datastore.clone_from(&datastore.name);
                workspace.put(txn)?;
                Ok(datastore)
            })
            .await
    }

    /// Registers a datastore; gives it as it is stored, and whether it is new.
    pub(super) async fn put(
        &self,
        scope: Scope,
        mut datastore: Datastore,
        options: PutOptions,
    ) -> Result<(Workspace, Datastore, bool), PlaneError> {
        datastore.name = datastore.name.to_lowercase();
        validate::complete(&mut datastore, &self.storage)?;
        let taken = |read: &state::Snapshot| {
            let workspace = workspaces::existing(read, &scope)?;
            Ok::<_, PlaneError>(read.contains(TABLE, key(&workspace.id, &datastore.name))?)
        };
        // Before the credential is tried, so that a refusal leaves no new container.
        check_existing(self.state.store.read(taken)?, &datastore.name, options)?;
        if !options.skip_validation {
            validate::try_credential(&datastore, &self.storage, options.create_if_not_exists)
                .await?;
            datastore.has_been_validated = true;
        }
        self.state
            .store
            .write(move |txn| {
                let workspace = workspaces::existing(txn, &scope)?;
                let there = txn.contains(TABLE, key(&workspace.id, &datastore.name))?;
                check_existing(there, &datastore.name, options)?;
                put(txn, &workspace.id, &datastore)?;
                Ok((workspace, datastore, !there))
            })
            .await
    }

    /// Removes a registration; gives whether there was one.
    pub(super) async fn delete(&self, scope: Scope, name: String) -> Result<bool, PlaneError> {
        self.state
            .store
            .write(move |txn| {
                let workspace = workspaces::existing(txn, &scope)?;
                Ok(txn.remove(TABLE, key(&workspace.id, &name.to_lowercase()))?)
            })
            .await
    }

    /// Removes every registration.
    pub(super) async fn delete_all(&self, scope: Scope) -> Result<(), PlaneError> {
        self.state
            .store
            .write(move |txn| {
                let workspace = workspaces::existing(txn, &scope)?;
                Ok(remove_all(txn, &workspace.id)?)
            })
            .await
    }
}

fn check_existing(there: bool, name: &str, options: PutOptions) -> Result<(), PlaneError> {
    match (options.existing, there) {
        (Existing::Refuse, true) => Err(PlaneError::bad_request(format!("{CONFLICT}: {name}"))),
        (Existing::Require, false) => Err(PlaneError::not_found(format!(
            "Could not find datastore: {name}"
        ))),
        _ => Ok(()),
    }
}
