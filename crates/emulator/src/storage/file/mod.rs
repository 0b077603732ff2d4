//! The file service: operations of the REST API over file shares.

mod directories;
mod files;
mod headers;
mod listing;
mod operation;
mod shares;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response};

use super::accounts::Accounts;
use super::answer::{Answer, Dialect};
use super::authorize::{ContainerAccess, Gate, Grant};
use super::error::{Code, Result};
use super::request::Call;
use super::shares::{Shares, Target};
use super::time::Ticks;
use super::tree::{PublicAccess, StoredPolicy};
use crate::authority::Authority;
use crate::http::RequestId;
use operation::Operation;

/// The service over every account.
#[derive(Clone, Debug)]
pub(crate) struct FileService {
    pub(crate) shares: Shares,
    pub(crate) accounts: Accounts,
    pub(crate) authority: Arc<Authority>,
    pub(crate) check_credentials: bool,
}

/// Looks a share's policies up only when a credential depends on them.
struct Lookup<'a> {
    shares: &'a Shares,
    call: &'a Call,
}

impl ContainerAccess for Lookup<'_> {
    fn policies(&self) -> Vec<StoredPolicy> {
        let target = &self.call.target;
        self.shares
            .share(&target.account, &target.container)
            .map(|share| share.policies)
            .unwrap_or_default()
    }

    fn public(&self) -> PublicAccess {
        PublicAccess::None
    }
}

/// What a request addresses in the shares.
fn target(call: &Call) -> Target {
    Target {
        account: call.target.account.clone(),
        share: call.target.container.clone(),
        path: call.target.path.clone(),
        lease: call.optional_header("x-ms-lease-id").map(str::to_owned),
    }
}

impl FileService {
    /// Serves one request.
    pub(crate) async fn serve(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let id = parts.extensions.get::<RequestId>().map(|id| id.0);
        let call = Call::new(&parts);
        let answered = match &call {
            Ok(call) => self.answer(call, body).await,
            Err(error) => Err(error.clone()),
        };
        let now = self.now();
        let call = call.as_ref().ok();
        answered
            .unwrap_or_else(|error| {
                let id = id.unwrap_or_default().to_string();
                Answer::refusal(&error, Dialect::Xml, call, (&id, now))
            })
            .finish(call, now)
    }

    fn now(&self) -> Ticks {
        Ticks::of(self.shares.tree.state.clock.now())
    }

    async fn answer(&self, call: &Call, body: Body) -> Result<Answer> {
        let operation = Operation::of(call)?;
        let grant = self.authorize(call, operation)?;
        match operation {
            Operation::ListShares => self.list_shares(call),
            Operation::GetServiceProperties => Ok(shares::service_properties()),
            Operation::CreateShare => self.create_share(call).await,
            Operation::GetShareProperties => self.get_share(call),
            Operation::SetShareProperties => self.set_share_properties(call).await,
            Operation::SetShareMetadata => self.set_share_metadata(call).await,
            Operation::GetShareAcl => self.get_share_acl(call),
            Operation::SetShareAcl => self.set_share_acl(call, body).await,
            Operation::GetShareStats => self.get_share_stats(call),
            Operation::DeleteShare => self.delete_share(call).await,
            Operation::ListDirectory => self.list_directory(call),
            Operation::CreateDirectory => self.create_directory(call).await,
            Operation::GetDirectory => self.get_directory(call),
            Operation::SetDirectoryProperties => self.set_properties(call, true).await,
            Operation::SetDirectoryMetadata => self.set_metadata(call, true).await,
            Operation::DeleteDirectory => self.delete(call, true).await,
            Operation::RenameDirectory => self.rename(call, true).await,
            Operation::CreateFile => self.create_file(call, &grant).await,
            Operation::GetFile => self.get_file(call, &grant),
            Operation::GetFileProperties => self.get_file_properties(call, &grant),
            Operation::SetFileProperties => self.set_properties(call, false).await,
            Operation::SetFileMetadata => self.set_metadata(call, false).await,
            Operation::DeleteFile => self.delete(call, false).await,
            Operation::RenameFile => self.rename(call, false).await,
            Operation::CopyFile => self.copy_file(call).await,
            Operation::PutRange => self.put_range(call, body).await,
            Operation::LeaseFile => self.lease_file(call).await,
            Operation::ListRanges => self.list_ranges(call),
            Operation::ListHandles => self.list_handles(call),
            Operation::CloseHandles => self.close_handles(call),
        }
    }

    fn authorize(&self, call: &Call, operation: Operation) -> Result<Grant> {
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
            now: self.shares.tree.state.clock.now(),
            container: &Lookup {
                shares: &self.shares,
                call,
            },
        };
        gate.check(&operation.wanted())
    }
}
