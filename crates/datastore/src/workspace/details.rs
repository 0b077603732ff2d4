//! The workspace as Azure Resource Manager shows it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A workspace's resource.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WorkspaceDetails {
    /// The resource id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The region.
    pub location: String,
    /// The tags.
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
    /// What is special to workspaces.
    pub properties: WorkspaceProperties,
}

/// The properties of a workspace's resource.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct WorkspaceProperties {
    /// The workspace's own id, a uuid.
    pub workspace_id: Option<String>,
    /// The name to show.
    pub friendly_name: Option<String>,
    /// A description.
    pub description: Option<String>,
    /// When it was made, RFC 3339.
    pub creation_time: Option<String>,
    /// Where its services are listed.
    pub discovery_url: Option<String>,
    /// The resource id of its storage account.
    pub storage_account: Option<String>,
    /// `Succeeded` once it can be used.
    pub provisioning_state: Option<String>,
}
