//! An account as it is stored, and as it is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use super::AccountType;
use super::children::{ChildKind, InAccount};

/// A stored account. `properties` hold what its kind adds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) subscription: String,
    pub(crate) group: String,
    pub(crate) location: String,
    pub(crate) tags: Option<Map<String, Value>>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) modified: OffsetDateTime,
    /// Polls until the creation shows its end; 0 when it did.
    pub(crate) polls_left: u32,
    pub(crate) properties: Map<String, Value>,
    /// Child resources by collection and lower-case name.
    pub(crate) children: BTreeMap<String, BTreeMap<String, Child>>,
}

/// A stored child resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Child {
    pub(crate) name: String,
    pub(crate) properties: Map<String, Value>,
}

impl Account {
    /// A whole number among the properties.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.properties.get(name)?.as_u64()
    }

    /// A text among the properties.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_str()
    }

    /// The children of one collection, ordered by name.
    pub(crate) fn list(&self, collection: &str) -> impl Iterator<Item = &Child> {
        self.children
            .get(collection)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    /// A child by name.
    pub(crate) fn child(&self, collection: &str, name: &str) -> Option<&Child> {
        self.children.get(collection)?.get(&name.to_lowercase())
    }

    /// Puts a child in place of one with the same name.
    pub(crate) fn put_child(&mut self, collection: &str, child: Child) {
        self.children
            .entry(collection.to_owned())
            .or_default()
            .insert(child.name.to_lowercase(), child);
    }

    pub(super) fn is_ready(&self) -> bool {
        self.polls_left == 0
    }

    /// `/subscriptions/../accounts/{name}`
    pub(super) fn resource_id(&self, kind: &dyn AccountType) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/{}/accounts/{}",
            self.subscription,
            self.group,
            kind.namespace(),
            self.name
        )
    }

    /// The account as in lists.
    pub(super) fn show_basic(&self, kind: &dyn AccountType, https_port: u16) -> Value {
        self.envelope(kind, self.common(kind, https_port))
    }

    /// The whole account.
    pub(super) fn show(&self, kind: &dyn AccountType, https_port: u16) -> Value {
        let mut properties = self.common(kind, https_port);
        properties.extend(kind.show(self));
        for child in kind.children() {
            let items = self
                .list(child.collection)
                .map(|it| match child.in_account {
                    InAccount::Resource => self.show_child(kind, child, it),
                    InAccount::NameAndProperties => {
                        json!({ "name": it.name, "properties": (child.visible)(&it.properties) })
                    }
                });
            properties.insert(child.collection.to_owned(), Value::Array(items.collect()));
        }
        self.envelope(kind, properties)
    }

    fn envelope(&self, kind: &dyn AccountType, properties: Map<String, Value>) -> Value {
        json!({
            "id": self.resource_id(kind),
            "name": self.name,
            "type": format!("{}/accounts", kind.namespace()),
            "location": self.location,
            "tags": self.tags,
            "properties": properties,
        })
    }

    fn common(&self, kind: &dyn AccountType, https_port: u16) -> Map<String, Value> {
        let ready = self.is_ready();
        let endpoint = ready.then(|| {
            format!(
                "{}.{}.localhost:{https_port}",
                self.name,
                host_label(kind.host_suffix())
            )
        });
        let properties = json!({
            "accountId": self.id,
            "provisioningState": if ready { "Succeeded" } else { "Creating" },
            "state": ready.then_some("Active"),
            "endpoint": endpoint,
            "creationTime": show_time(self.created),
            "lastModifiedTime": show_time(self.modified),
        });
        match properties {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// A child as an answer of its own.
    pub(super) fn show_child(
        &self,
        kind: &dyn AccountType,
        child: &ChildKind,
        item: &Child,
    ) -> Value {
        json!({
            "id": format!("{}/{}/{}", self.resource_id(kind), child.collection, item.name),
            "name": item.name,
            "type": format!("{}/accounts/{}", kind.namespace(), child.collection),
            "properties": (child.visible)(&item.properties),
        })
    }
}

/// `azuredatalakestore.net` is served as `azuredatalakestore.localhost`.
fn host_label(suffix: &str) -> &str {
    suffix.split('.').next().unwrap_or(suffix)
}

/// Times as Resource Manager writes them: UTC with seven fractional digits.
pub(crate) fn show_time(time: OffsetDateTime) -> String {
    let seconds =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]Z");
    time.to_offset(time::UtcOffset::UTC)
        .format(&seconds)
        .expect("a UTC time has all the parts of the format")
}
