//! The blob service: operations of the REST API over the object tree.

mod appends;
mod batch;
mod blocks;
mod containers;
mod delegation;
mod leases;
mod list;
mod objects;
mod operation;
mod properties;
mod tags;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response};

use super::accounts::Accounts;
use super::answer::{Answer, Dialect};
use super::authorize::{ContainerAccess, Gate, Grant, Wanted};
use super::error::{Code, Result};
use super::request::Call;
use super::time::Ticks;
use super::tree::{PublicAccess, StoredPolicy, Tree};
use crate::authority::Authority;
use crate::http::RequestId;
use operation::Operation;

/// The service over every account.
#[derive(Clone, Debug)]
pub(crate) struct BlobService {
    pub(crate) tree: Tree,
    pub(crate) accounts: Accounts,
    pub(crate) authority: Arc<Authority>,
    pub(crate) check_credentials: bool,
}

/// Looks a container's access up only when a credential depends on it.
struct Lookup<'a> {
    tree: &'a Tree,
    call: &'a Call,
}

impl ContainerAccess for Lookup<'_> {
    fn policies(&self) -> Vec<StoredPolicy> {
        let target = &self.call.target;
        self.tree
            .container(&target.account, &target.container)
            .map(|container| container.policies)
            .unwrap_or_default()
    }

    fn public(&self) -> PublicAccess {
        let target = &self.call.target;
        self.tree
            .container(&target.account, &target.container)
            .map(|container| container.public)
            .unwrap_or_default()
    }
}

impl BlobService {
    /// Serves one request.
    pub(crate) async fn serve(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let id = parts.extensions.get::<RequestId>().map(|id| id.0);
        let call = Call::new(&parts);
        let answered = match &call {
            Ok(call) => self.answer(call, body).await,
            Err(error) => Err(error.clone()),
        };
        let now = Ticks::of(self.tree.state.clock.now());
        let call = call.as_ref().ok();
        answered
            .unwrap_or_else(|error| {
                let id = id.unwrap_or_default().to_string();
                Answer::refusal(&error, Dialect::Xml, call, (&id, now))
            })
            .finish(call, now)
    }

    /// Answers one request.
    ///
    /// # Errors
    /// What the service refuses.
    pub(crate) async fn answer(&self, call: &Call, body: Body) -> Result<Answer> {
        let operation = Operation::of(call)?;
        // The future of a batch holds that of its parts.
        if matches!(operation, Operation::Batch | Operation::ContainerBatch) {
            self.authorize(call, &operation.wanted())?;
            return self.batch(call, body).await;
        }
        let grant = self.authorize(call, &operation.wanted())?;
        match operation {
            Operation::ListContainers => self.list_containers(call),
            Operation::GetServiceProperties => Ok(properties::service()),
            Operation::GetAccountInformation => Ok(properties::account()),
            Operation::CreateContainer => self.create_container(call).await,
            Operation::GetContainerProperties => self.get_container(call),
            Operation::SetContainerMetadata => self.set_container_metadata(call).await,
            Operation::GetContainerAcl => self.get_container_acl(call),
            Operation::SetContainerAcl => self.set_container_acl(call, body).await,
            Operation::DeleteContainer => self.delete_container(call).await,
            Operation::ListBlobs => self.list_blobs(call).await,
            Operation::PutBlob => self.put_blob(call, &grant, body).await,
            Operation::GetBlob => self.get_blob(call, &grant),
            Operation::LeaseContainer => self.lease_container(call).await,
            Operation::LeaseBlob => self.lease_blob(call).await,
            Operation::SnapshotBlob => self.snapshot_blob(call).await,
            Operation::PutBlobFromUrl => self.put_blob_from_url(call, &grant).await,
            Operation::PutBlockFromUrl => {
                let body = self.source_body(call)?;
                self.put_block(call, body).await
            }
            Operation::AppendBlock => self.append_block(call, body).await,
            Operation::AppendBlockFromUrl => {
                let body = self.source_body(call)?;
                self.append_block(call, body).await
            }
            Operation::PutPages => self.put_pages(call, body).await,
            Operation::ListPages => self.list_pages(call),
            Operation::SetBlobTier => self.set_blob_tier(call).await,
            Operation::GetBlobTags => self.get_tags(call),
            Operation::SetBlobTags => self.set_tags(call, body).await,
            Operation::FindBlobsByTags | Operation::FindBlobsInContainer => {
                self.find_by_tags(call).await
            }
            Operation::GetUserDelegationKey => self.get_user_delegation_key(call, body).await,
            // Answered above.
            Operation::Batch | Operation::ContainerBatch => Err(Code::InternalError.into()),
            Operation::GetBlobProperties => self.get_blob_properties(call, &grant),
            Operation::GetBlobMetadata => self.get_blob_metadata(call),
            Operation::SetBlobProperties => self.set_blob_properties(call).await,
            Operation::SetBlobMetadata => self.set_blob_metadata(call).await,
            Operation::DeleteBlob => self.delete_blob(call).await,
            Operation::CopyBlob => self.copy_blob(call, &grant).await,
            Operation::PutBlock => self.put_block(call, body).await,
            Operation::PutBlockList => self.put_block_list(call, &grant, body).await,
            Operation::GetBlockList => self.get_block_list(call),
        }
    }

    /// Checks the credential of a request against what it wants.
    ///
    /// # Errors
    /// The service's code for what is missing.
    pub(crate) fn authorize(&self, call: &Call, wanted: &Wanted) -> Result<Grant> {
        let key = self.accounts.get(&call.target.account);
        if !self.check_credentials {
            return key
                .map(|_| Grant::default())
                .ok_or_else(|| Code::ResourceNotFound.into());
        }
        let key = key.ok_or(Code::AuthenticationFailed)?;
        let gate = Gate {
            call,
            key,
            authority: &self.authority,
            now: self.tree.state.clock.now(),
            container: &Lookup {
                tree: &self.tree,
                call,
            },
        };
        gate.check(wanted)
    }
}
