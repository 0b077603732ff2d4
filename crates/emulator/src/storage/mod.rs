//! Azure Storage: blobs, file shares and the data lake, over one set of accounts.
//! Each service has listeners of its own and answers by host name on the shared ones.

mod access;
mod accounts;
mod answer;
mod authorize;
mod blob;
mod conditions;
mod error;
pub(crate) mod gen1;
mod metadata;
mod names;
mod policies;
mod range;
mod receive;
mod request;
mod time;
mod tree;
mod xml;

use axum::body::Body;
use axum::http::Request;
use azml_core::env;
use futures::FutureExt;

use crate::StartError;
use crate::http::Routes;
use crate::ports::Port;
use crate::services::{Context, Definition, Service};
use accounts::DEVELOPMENT_ACCOUNT;
use blob::BlobService;

pub(crate) use access::Storage;

/// The storage services.
pub(crate) const SERVICE: Definition = Definition {
    name: "storage",
    ports: &[Port::Blob],
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
    let blob = BlobService {
        tree,
        accounts: accounts.clone(),
        authority: context.authority,
        check_credentials: context.config.check_credentials,
    };
    let endpoints = context.endpoints.clone();
    Ok(Service {
        hosts: vec![(".blob.localhost", routes(blob.clone()))],
        ports: vec![(Port::Blob, routes(blob))],
        environment: Some(Box::new(move || {
            let key = accounts.get(DEVELOPMENT_ACCOUNT);
            let key = key.map(|key| key.key().to_base64().to_string());
            let blob = format!("{}/{DEVELOPMENT_ACCOUNT}", endpoints.http(Port::Blob));
            let suffix = format!("localhost:{}", endpoints.number(Port::Https));
            Ok(vec![
                (env::ACCOUNT, DEVELOPMENT_ACCOUNT.to_owned()),
                (env::ACCOUNT_KEY, key.unwrap_or_default()),
                (env::BLOB_ENDPOINT, blob),
                (env::STORAGE_SUFFIX, suffix),
            ])
        })),
        ..Service::default()
    })
}

/// Every path belongs to the service: names in it must not be taken for routes.
fn routes(service: BlobService) -> Routes {
    Routes::new().map(|router| {
        router.fallback(move |request: Request<Body>| {
            let service = service.clone();
            async move { service.serve(request).await }
        })
    })
}
