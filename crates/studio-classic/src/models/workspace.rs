//! Metadata of a workspace and the people in it.

use azml_auth::Secret;
use serde::{Deserialize, Deserializer};

use super::null_default;

/// Both tokens of a workspace. Each gives full access to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AuthorizationTokens {
    #[serde(deserialize_with = "secret")]
    primary_token: Secret,
    #[serde(deserialize_with = "secret")]
    secondary_token: Secret,
}

impl AuthorizationTokens {
    /// The primary token.
    pub fn primary(&self) -> &Secret {
        &self.primary_token
    }

    /// The secondary token, as good as the primary one.
    pub fn secondary(&self) -> &Secret {
        &self.secondary_token
    }
}

impl Default for AuthorizationTokens {
    fn default() -> Self {
        Self {
            primary_token: Secret::from(""),
            secondary_token: Secret::from(""),
        }
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    let token = Option::<String>::deserialize(deserializer)?;
    Ok(Secret::from(token.unwrap_or_default()))
}

/// Metadata of a workspace. What the service does not know is empty.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct WorkspaceInfo {
    /// Id of the workspace.
    #[serde(deserialize_with = "null_default")]
    pub workspace_id: String,
    /// Name shown to people.
    #[serde(deserialize_with = "null_default")]
    pub friendly_name: String,
    /// Description.
    #[serde(deserialize_with = "null_default")]
    pub description: String,
    /// Primary and secondary token.
    #[serde(deserialize_with = "null_default")]
    pub authorization_token: AuthorizationTokens,
    /// Mail address of the owner.
    #[serde(deserialize_with = "null_default")]
    pub owner_email: String,
    /// Storage account behind the workspace.
    #[serde(deserialize_with = "null_default")]
    pub user_storage: String,
    /// Subscription that pays for the workspace.
    #[serde(deserialize_with = "null_default")]
    pub subscription_id: String,
    /// Name of that subscription.
    #[serde(deserialize_with = "null_default")]
    pub subscription_name: String,
    /// State of that subscription.
    #[serde(deserialize_with = "null_default")]
    pub subscription_state: String,
    /// Region, such as `South Central US`.
    #[serde(deserialize_with = "null_default")]
    pub region: String,
    /// State of the workspace.
    #[serde(deserialize_with = "null_default")]
    pub workspace_status: String,
    /// Kind of workspace.
    #[serde(rename = "Type", deserialize_with = "null_default")]
    pub workspace_type: String,
    /// When the workspace was created, as the service writes it.
    #[serde(deserialize_with = "null_default")]
    pub created_time: String,
    /// State of a migration.
    #[serde(deserialize_with = "null_default")]
    pub migration_status: String,
    /// Whether the workspace uses default cluster settings.
    #[serde(
        rename = "UseDefaultHDInsightSettings",
        deserialize_with = "null_default"
    )]
    pub use_default_hdinsight_settings: bool,
}

/// A person in a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct User {
    /// State of the membership, such as `Active` or `Invited`.
    #[serde(deserialize_with = "null_default")]
    pub status: String,
    /// Who it is.
    #[serde(deserialize_with = "null_default")]
    pub user: UserDetails,
}

impl User {
    /// Whether the person owns the workspace; only owners see tokens and data access code.
    pub fn is_owner(&self) -> bool {
        self.user.role == "Owner"
    }
}

/// Who a member of a workspace is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct UserDetails {
    /// Mail address.
    #[serde(deserialize_with = "null_default")]
    pub email: String,
    /// Name.
    #[serde(deserialize_with = "null_default")]
    pub name: String,
    /// `Owner` or `User`.
    #[serde(deserialize_with = "null_default")]
    pub role: String,
    /// Id of the person.
    #[serde(deserialize_with = "null_default")]
    pub user_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_and_not_shown() {
        // studio 1.8
        let workspace: WorkspaceInfo = serde_json::from_str(
            r#"{"WorkspaceId": "w", "AuthorizationToken": {"PrimaryToken": "hunter2"},
                "UseDefaultHDInsightSettings": true, "Type": "Free", "Novelty": []}"#,
        )
        .expect("tolerant");
        assert_eq!(workspace.authorization_token.primary().expose(), "hunter2");
        assert!(workspace.authorization_token.secondary().is_empty());
        assert!(workspace.use_default_hdinsight_settings);
        assert_eq!(workspace.workspace_type, "Free");
        assert!(!format!("{workspace:?}").contains("hunter2"));
    }

    #[test]
    fn roles_tell_owners() {
        let user: User = serde_json::from_str(
            r#"{"Status": "Active", "User": {"Email": "a@b", "Name": null, "Role": "Owner"}}"#,
        )
        .expect("tolerant");
        assert!(user.is_owner());
        assert!(!User::default().is_owner());
    }
}
