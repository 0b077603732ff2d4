//! File systems: containers under another name.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{DfsService, properties};
use crate::storage::answer::Answer;
use crate::storage::conditions::{Conditions, etag_text};
use crate::storage::error::Result;
use crate::storage::listing;
use crate::storage::names;
use crate::storage::request::Call;
use crate::storage::tree::{ContainerChange, PublicAccess};

impl DfsService {
    pub(super) fn list_filesystems(&self, call: &Call) -> Result<Answer> {
        let from = listing::parse_marker(call.query.get("continuation"))?;
        let limit = super::paths::parse_limit(call)?;
        let prefix = call.query.get("prefix");
        let page = self
            .tree()
            .list_containers(&call.target.account, prefix, &from, limit)?;
        let shown: Vec<Value> = page
            .containers
            .iter()
            .map(|(name, container)| {
                json!({
                    "name": name,
                    "lastModified": container.modified.http_date(),
                    "eTag": format!("\"{}\"", etag_text(container.etag)),
                })
            })
            .collect();
        let next = page.next.as_deref().map(listing::marker);
        Ok(Answer::json(&json!({ "filesystems": shown }))
            .header("x-ms-continuation", &next.unwrap_or_default()))
    }

    pub(super) async fn create_filesystem(&self, call: &Call) -> Result<Answer> {
        let target = &call.target;
        names::check_container(&target.container)?;
        let metadata = properties::parse(call)?;
        let made = self
            .tree()
            .create_container(
                &target.account,
                &target.container,
                metadata,
                PublicAccess::None,
            )
            .await?;
        Ok(Answer::new(StatusCode::CREATED)
            .version(made.etag, made.modified)
            .header("x-ms-namespace-enabled", "true"))
    }

    pub(super) fn get_filesystem(&self, call: &Call) -> Result<Answer> {
        let target = &call.target;
        let found = self.tree().container(&target.account, &target.container)?;
        Ok(Answer::new(StatusCode::OK)
            .version(found.etag, found.modified)
            .header("x-ms-namespace-enabled", "true")
            .header("x-ms-properties", &properties::write(&found.metadata)))
    }

    pub(super) async fn set_filesystem(&self, call: &Call) -> Result<Answer> {
        let target = &call.target;
        let change = ContainerChange::Metadata(properties::parse(call)?);
        let conditions = Conditions::parse(call)?;
        let changed = self
            .tree()
            .change_container(&target.account, &target.container, conditions, change)
            .await?;
        Ok(Answer::new(StatusCode::OK).version(changed.etag, changed.modified))
    }

    pub(super) async fn delete_filesystem(&self, call: &Call) -> Result<Answer> {
        let target = &call.target;
        let conditions = Conditions::parse(call)?;
        self.tree()
            .delete_container(&target.account, &target.container, conditions)
            .await?;
        Ok(Answer::new(StatusCode::ACCEPTED))
    }
}
