//! What the services answer. Members that are not known are ignored; `properties` of Resource Manager are laid flat.

mod account;
mod catalog;
mod job;
mod provider;
mod related;
mod settings;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use account::*;
pub use catalog::*;
pub use job::*;
pub use provider::*;
pub use related::*;
pub use settings::*;

/// The envelope of Resource Manager.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope<P> {
    #[serde(default)]
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) location: String,
    #[serde(default)]
    pub(super) tags: Option<BTreeMap<String, String>>,
    pub(super) properties: Option<P>,
}

/// A resource group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Envelope<GroupProperties>")]
#[non_exhaustive]
pub struct ResourceGroup {
    /// Its address in Resource Manager.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its location, such as `eastus2`.
    pub location: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// How far it is in being made or removed.
    pub provisioning_state: ProvisioningState,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GroupProperties {
    provisioning_state: ProvisioningState,
}

impl From<Envelope<GroupProperties>> for ResourceGroup {
    fn from(envelope: Envelope<GroupProperties>) -> Self {
        Self {
            id: envelope.id,
            name: envelope.name,
            location: envelope.location,
            tags: envelope.tags.unwrap_or_default(),
            provisioning_state: envelope.properties.unwrap_or_default().provisioning_state,
        }
    }
}
