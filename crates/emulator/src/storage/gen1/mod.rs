//! Data Lake Store Gen1: accounts in Resource Manager, and the WebHDFS file system of each.
//!
//! A store is a tree of its own: nodes by parent and name, so that a rename moves one record whatever
//! is below it, and the bytes of a file as a row of extents, so that an append never rewrites.

mod account;
mod acl;
mod content;
mod error;
mod files;
mod lake;
mod namespace;
mod query;
mod reads;
mod request;
mod routes;
mod tree;
mod writes;

#[cfg(test)]
mod tests;

pub(crate) use files::{Gate, LakeFiles};
pub(crate) use lake::Lake;

use std::sync::Arc;

use azml_core::env;
use futures::FutureExt as _;

use crate::arm::{LroPolls, accounts::Accounts};
use crate::ports::Port;
use crate::services::{Definition, Service};

pub(crate) const SERVICE: Definition = Definition {
    name: "data-lake-store",
    ports: &[],
    start: |context| {
        async move {
            let port = context.endpoints.number(Port::Https);
            context.providers.register(Accounts::new(
                account::StoreAccounts,
                context.state.clone(),
                LroPolls(context.config.data_lake.operation_polls),
                port,
            ));
            let gen1 = Arc::new(routes::Gen1 {
                state: context.state,
                authority: context.authority,
                enforce_acls: context.config.data_lake.enforce_store_acls,
            });
            let environment = vec![
                (
                    env::ADLS_ENDPOINT,
                    format!("{}/adls/{{accountName}}", context.endpoints.https()),
                ),
                (
                    env::ADLS_SUFFIX,
                    format!("azuredatalakestore.localhost:{port}"),
                ),
            ];
            Ok(Service {
                routes: routes::routes(&gen1),
                hosts: vec![(".azuredatalakestore.localhost", routes::host_routes(&gen1))],
                environment: Some(Box::new(move || Ok(environment.clone()))),
                ..Service::default()
            })
        }
        .boxed()
    },
};
