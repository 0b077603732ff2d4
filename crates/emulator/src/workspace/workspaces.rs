//! The workspaces: their records and what exists from their creation on.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::datastores::{self, Datastore};
use super::error::PlaneError;
use crate::state::{self, Key, KeyRange, Read, State, WriteTxn};

const TABLE: &str = "workspace/workspaces";

/// A workspace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Workspace {
    /// The workspace's own id, a uuid.
    pub(crate) id: String,
    pub(crate) subscription: String,
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) location: String,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) tags: Map<String, Value>,
    pub(crate) sku: String,
    /// `properties` of the resource that the caller may set.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) properties: Map<String, Value>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created: OffsetDateTime,
    pub(crate) storage_account: String,
    /// Name of the default datastore.
    pub(crate) default_datastore: String,
}

/// Where a workspace is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) subscription: String,
    pub(crate) group: String,
    pub(crate) name: String,
}

impl Scope {
    fn key(&self) -> Key {
        Key::of([
            self.subscription.to_ascii_lowercase(),
            self.group.to_lowercase(),
            self.name.to_lowercase(),
        ])
    }
}

impl Workspace {
    fn scope(&self) -> Scope {
        Scope {
            subscription: self.subscription.clone(),
            group: self.group.clone(),
            name: self.name.clone(),
        }
    }

    /// `/subscriptions/../workspaces/{name}`
    pub(crate) fn resource_id(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.MachineLearningServices/workspaces/{}",
            self.subscription, self.group, self.name
        )
    }

    /// The container of `workspaceblobstore`.
    pub(crate) fn blob_container(&self) -> String {
        format!("azureml-blobstore-{}", self.id)
    }

    /// The share of `workspacefilestore`.
    pub(crate) fn file_share(&self) -> String {
        format!("azureml-filestore-{}", self.id)
    }

    /// Writes the record over the one there.
    pub(crate) fn put(&self, txn: &mut WriteTxn<'_>) -> Result<(), state::Error> {
        txn.put_json(TABLE, self.scope().key(), self)
    }

    /// Writes the record and the datastores that every workspace has.
    pub(crate) fn create(
        &self,
        txn: &mut WriteTxn<'_>,
        system: &[Datastore],
    ) -> Result<(), state::Error> {
        for datastore in system {
            datastores::put(txn, &self.id, datastore)?;
        }
        self.put(txn)
    }

    /// Removes the record and the datastores, not the data.
    pub(crate) fn remove(&self, txn: &mut WriteTxn<'_>) -> Result<(), state::Error> {
        datastores::remove_all(txn, &self.id)?;
        txn.remove(TABLE, self.scope().key()).map(|_| ())
    }
}

/// The workspace at `scope`, if there is one.
pub(crate) fn find(read: &impl Read, scope: &Scope) -> Result<Option<Workspace>, state::Error> {
    read.get_json(TABLE, scope.key())
}

/// The workspace at `scope`, which must be there.
pub(crate) fn existing(read: &impl Read, scope: &Scope) -> Result<Workspace, PlaneError> {
    find(read, scope)?.ok_or_else(|| {
        PlaneError::not_found(format!(
            "The workspace '{}' in resource group '{}' does not exist.",
            scope.name, scope.group
        ))
    })
}

/// The workspaces of a subscription, or of one group in it.
pub(crate) fn list(
    state: &State,
    subscription: &str,
    group: Option<&str>,
) -> Result<Vec<Workspace>, state::Error> {
    let mut prefix = Key::of([subscription.to_ascii_lowercase()]);
    if let Some(group) = group {
        prefix.push(group.to_lowercase());
    }
    let range = KeyRange::prefix(prefix);
    state
        .store
        .read(|snapshot| snapshot.scan_json(TABLE, &range))
}

/// Removes every workspace of a group.
pub(crate) fn remove_group(
    txn: &mut WriteTxn<'_>,
    subscription: &str,
    group: &str,
) -> Result<(), state::Error> {
    let prefix = Key::of([subscription.to_ascii_lowercase(), group.to_lowercase()]);
    let workspaces: Vec<Workspace> = txn.scan_json(TABLE, &KeyRange::prefix(prefix))?;
    workspaces
        .iter()
        .try_for_each(|workspace| workspace.remove(txn))
}

/// Whether `name` can be a workspace's.
pub(crate) fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphanumeric())
        && (2..=32).contains(&chars.clone().count())
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_three_to_thirty_three_characters() {
        for name in ["abc", "A-_", &"a".repeat(33)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "ab", "-abc", "a b c", "abc!", &"a".repeat(34)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
