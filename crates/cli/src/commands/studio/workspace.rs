//! `azml studio workspace` and `azml studio users`.

use azml::studio_classic::Workspace;

use crate::failure::Result;
use crate::output::{Format, Listing, Record};

/// Prints what is known about the workspace, but for its tokens.
pub(super) async fn show(workspace: &Workspace, format: &Format) -> Result<()> {
    let info = workspace.info().await?;
    let mut record = Record::default();
    record
        .field("id", info.workspace_id)
        .field("name", info.friendly_name)
        .field("description", info.description)
        .field("owner", info.owner_email)
        .field("region", info.region)
        .field("status", info.workspace_status)
        .field("type", info.workspace_type)
        .field("created", info.created_time)
        .field("subscription_id", info.subscription_id)
        .field("subscription_name", info.subscription_name)
        .field("subscription_state", info.subscription_state)
        .field("storage", info.user_storage)
        .field("endpoint", workspace.api_endpoint().as_str());
    record.print(format)
}

/// Prints the people of the workspace.
pub(super) async fn users(workspace: &Workspace, format: &Format) -> Result<()> {
    let mut listing = Listing::new(["email", "name", "role", "status", "id"]);
    for user in workspace.users().await? {
        listing.row([
            user.user.email.into(),
            user.user.name.into(),
            user.user.role.into(),
            user.status.into(),
            user.user.user_id.into(),
        ]);
    }
    listing.print(format)
}
