//! Azure Storage: blobs, file shares and the data lake, over one set of accounts.
//! Each service has listeners of its own and answers by host name on the shared ones.

mod access;
mod accounts;
mod answer;
mod authorize;
mod blob;
mod conditions;
mod dfs;
mod error;
mod file;
mod files;
pub(crate) mod gen1;
mod lease;
mod listing;
mod metadata;
mod names;
mod policies;
mod range;
mod receive;
mod request;
mod shares;
#[cfg(target_os = "linux")]
mod shown;
mod time;
mod tree;
mod xml;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response};
use azml_core::env;
use futures::FutureExt;

use crate::StartError;
use crate::http::Routes;
use crate::ports::Port;
use crate::services::{Context, Definition, Service};
use accounts::DEVELOPMENT_ACCOUNT;
use blob::BlobService;
use dfs::DfsService;
use file::FileService;
use shares::Shares;

pub(crate) use access::Storage;
pub(crate) use error::Code;
#[cfg(target_os = "linux")]
pub(crate) use error::StorageError;
pub(crate) use files::Place;
#[cfg(target_os = "linux")]
pub(crate) use shown::Shown;

/// The storage services.
pub(crate) const SERVICE: Definition = Definition {
    name: "storage",
    ports: &[Port::Blob, Port::File, Port::Dfs],
    start: |context| start(context).boxed(),
};

async fn start(context: Context) -> Result<Service, StartError> {
    let accounts = context.storage.accounts.clone();
    let tree = context.storage.tree.clone();
    tree.empty_trash()
        .await
        .map_err(|error| StartError::Service {
            service: SERVICE.name,
            reason: error.message().to_owned(),
        })?;
    let check_credentials = context.config.check_credentials;
    let blob = BlobService {
        tree: tree.clone(),
        accounts: accounts.clone(),
        authority: Arc::clone(&context.authority),
        check_credentials,
    };
    let file = FileService {
        shares: Shares { tree },
        accounts: accounts.clone(),
        authority: context.authority,
        check_credentials,
    };
    let dfs = DfsService { blob: blob.clone() };
    let endpoints = context.endpoints.clone();
    Ok(Service {
        hosts: vec![
            (".blob.localhost", routes(blob.clone())),
            (".file.localhost", routes(file.clone())),
            (".dfs.localhost", routes(dfs.clone())),
        ],
        ports: vec![
            (Port::Blob, routes(blob)),
            (Port::File, routes(file)),
            (Port::Dfs, routes(dfs)),
        ],
        environment: Some(Box::new(move || {
            let key = accounts.get(DEVELOPMENT_ACCOUNT);
            let key = key.map(|key| key.key().to_base64().to_string());
            let at = |port| format!("{}/{DEVELOPMENT_ACCOUNT}", endpoints.http(port));
            let suffix = format!("localhost:{}", endpoints.number(Port::Https));
            Ok(vec![
                (env::ACCOUNT, DEVELOPMENT_ACCOUNT.to_owned()),
                (env::ACCOUNT_KEY, key.unwrap_or_default()),
                (env::BLOB_ENDPOINT, at(Port::Blob)),
                (env::FILE_ENDPOINT, at(Port::File)),
                (env::DFS_ENDPOINT, at(Port::Dfs)),
                (env::STORAGE_SUFFIX, suffix),
            ])
        })),
        ..Service::default()
    })
}

/// A service that takes whole requests.
trait Serve: Clone + Send + Sync + 'static {
    /// Serves one request.
    fn serve(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send;
}

impl Serve for BlobService {
    async fn serve(&self, request: Request<Body>) -> Response<Body> {
        Self::serve(self, request).await
    }
}

impl Serve for DfsService {
    async fn serve(&self, request: Request<Body>) -> Response<Body> {
        Self::serve(self, request).await
    }
}

impl Serve for FileService {
    async fn serve(&self, request: Request<Body>) -> Response<Body> {
        Self::serve(self, request).await
    }
}

/// Every path belongs to the service: names in it must not be taken for routes.
fn routes(service: impl Serve) -> Routes {
    Routes::new().map(|router| {
        router.fallback(move |request: Request<Body>| {
            let service = service.clone();
            async move { service.serve(request).await }
        })
    })
}
