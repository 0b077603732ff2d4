//! Container operations.

use axum::body::Body;
use axum::http::StatusCode;

use super::{BlobService, properties};
use crate::storage::answer::Answer;
use crate::storage::conditions::Conditions;
use crate::storage::error::{Result, StorageError};
use crate::storage::metadata;
use crate::storage::names;
use crate::storage::policies;
use crate::storage::receive;
use crate::storage::request::Call;
use crate::storage::time::Ticks;
use crate::storage::tree::{
    CONTAINER_LEASE, Container, ContainerChange, PublicAccess, check_lease,
};

impl BlobService {
    pub(super) async fn create_container(&self, call: &Call) -> Result<Answer> {
        let target = &call.target;
        names::check_container(&target.container)?;
        let public = parse_public(call)?;
        let metadata = metadata::parse(call)?;
        let container = self
            .tree
            .create_container(&target.account, &target.container, metadata, public)
            .await?;
        Ok(Answer::new(StatusCode::CREATED).version(container.etag, container.modified))
    }

    pub(super) fn get_container(&self, call: &Call) -> Result<Answer> {
        let container = self
            .tree
            .container(&call.target.account, &call.target.container)?;
        Ok(self
            .describe(call, Answer::new(StatusCode::OK), &container)?
            .metadata(&container.metadata))
    }

    pub(super) async fn set_container_metadata(&self, call: &Call) -> Result<Answer> {
        let target = &call.target;
        let change = ContainerChange::Metadata(metadata::parse(call)?);
        let conditions = Conditions::parse(call)?;
        let container = self
            .tree
            .change_container(&target.account, &target.container, conditions, change)
            .await?;
        Ok(Answer::new(StatusCode::OK).version(container.etag, container.modified))
    }

    pub(super) fn get_container_acl(&self, call: &Call) -> Result<Answer> {
        let container = self
            .tree
            .container(&call.target.account, &call.target.container)?;
        let xml = policies::write(&container.policies);
        self.describe(call, Answer::xml(xml), &container)
    }

    pub(super) async fn set_container_acl(&self, call: &Call, body: Body) -> Result<Answer> {
        let target = &call.target;
        let policies = policies::parse(&receive::document(body).await?)?;
        let change = ContainerChange::Access(parse_public(call)?, policies);
        let conditions = Conditions::parse(call)?;
        let container = self
            .tree
            .change_container(&target.account, &target.container, conditions, change)
            .await?;
        Ok(Answer::new(StatusCode::OK).version(container.etag, container.modified))
    }

    pub(super) async fn delete_container(&self, call: &Call) -> Result<Answer> {
        let target = &call.target;
        self.tree
            .delete_container(&target.account, &target.container, Conditions::parse(call)?)
            .await?;
        Ok(Answer::new(StatusCode::ACCEPTED))
    }
}

impl BlobService {
    fn describe(&self, call: &Call, answer: Answer, container: &Container) -> Result<Answer> {
        let now = Ticks::of(self.tree.state.clock.now());
        let lease = container.lease.as_ref();
        check_lease(
            lease,
            call.optional_header("x-ms-lease-id"),
            now,
            CONTAINER_LEASE,
        )?;
        let public = match container.public {
            PublicAccess::None => "",
            PublicAccess::Blob => "blob",
            PublicAccess::Container => "container",
        };
        let answer = answer
            .version(container.etag, container.modified)
            .header("x-ms-blob-public-access", public)
            .header("x-ms-has-immutability-policy", "false")
            .header("x-ms-has-legal-hold", "false");
        Ok(properties::with_lease(answer, lease, now))
    }
}

fn parse_public(call: &Call) -> Result<PublicAccess> {
    match call.header("x-ms-blob-public-access") {
        "" => Ok(PublicAccess::None),
        "blob" => Ok(PublicAccess::Blob),
        "container" | "true" => Ok(PublicAccess::Container),
        _ => Err(StorageError::header("x-ms-blob-public-access")),
    }
}
