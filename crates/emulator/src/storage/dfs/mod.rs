//! The data lake service (Gen2): paths and file systems over the object tree. What is not
//! one of its operations goes to the blob service, at the same address.

mod access;
mod filesystems;
mod operation;
mod paths;
mod properties;

use axum::body::Body;
use axum::http::{Request, Response};

use super::answer::{Answer, Dialect};
use super::authorize::Grant;
use super::blob::BlobService;
use super::error::Result;
use super::request::Call;
use super::time::Ticks;
use super::tree::{Address, Tree};
use crate::http::RequestId;
use operation::Operation;

/// The service over every account.
#[derive(Clone, Debug)]
pub(crate) struct DfsService {
    pub(crate) blob: BlobService,
}

/// The path that a request addresses; slashes at its ends do not count.
fn address(call: &Call) -> Address {
    Address {
        account: call.target.account.clone(),
        container: call.target.container.clone(),
        name: call.target.path.trim_matches('/').to_owned(),
        snapshot: String::new(),
    }
}

impl DfsService {
    /// Serves one request.
    pub(crate) async fn serve(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let id = parts.extensions.get::<RequestId>().map(|id| id.0);
        let call = Call::new(&parts);
        let operation = match &call {
            Ok(call) => Operation::of(call),
            Err(error) => Err(error.clone()),
        };
        if let (Ok(_), Ok(None)) = (&call, &operation) {
            // Only the data lake's own reads are refused in its own words.
            return self.blob.serve(Request::from_parts(parts, body)).await;
        }
        let answered = match (&call, operation) {
            (Ok(call), Ok(Some(operation))) => self.answer(call, operation, body).await,
            (Err(error), _) => Err(error.clone()),
            (_, Err(error)) => Err(error),
            (Ok(call), Ok(None)) => self.blob.answer(call, body).await,
        };
        let now = Ticks::of(self.tree().state.clock.now());
        let call = call.as_ref().ok();
        answered
            .unwrap_or_else(|error| {
                let id = id.unwrap_or_default().to_string();
                let error = error.in_data_lake();
                Answer::refusal(&error, Dialect::Json, call, (&id, now))
            })
            .finish(call, now)
    }

    fn tree(&self) -> &Tree {
        &self.blob.tree
    }

    async fn answer(&self, call: &Call, operation: Operation, body: Body) -> Result<Answer> {
        let grant: Grant = self.blob.authorize(call, &operation.wanted())?;
        match operation {
            Operation::ListFilesystems => self.list_filesystems(call),
            Operation::CreateFilesystem => self.create_filesystem(call).await,
            Operation::GetFilesystem => self.get_filesystem(call),
            Operation::SetFilesystem => self.set_filesystem(call).await,
            Operation::DeleteFilesystem => self.delete_filesystem(call).await,
            Operation::ListPaths => self.list_paths(call).await,
            Operation::CreateFile => self.create_path(call, &grant, false).await,
            Operation::CreateDirectory => self.create_path(call, &grant, true).await,
            Operation::Rename => self.rename(call).await,
            Operation::Append => self.append(call, body).await,
            Operation::Flush => self.flush(call).await,
            Operation::GetStatus => self.get_status(call, false),
            Operation::GetAccessControl => self.get_status(call, true),
            Operation::SetAccessControl => self.set_access_control(call).await,
            Operation::SetAccessControlRecursive => self.set_access_control_below(call).await,
            Operation::SetProperties => self.set_properties(call).await,
            Operation::Delete => self.delete(call).await,
        }
    }
}
