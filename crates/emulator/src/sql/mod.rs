//! SQL Server with external scripts: TDS in front, T-SQL by our own statement layer over DataFusion, rows in immutable
//! segments that one commit makes durable.

mod bulk;
mod catalog;
mod dml;
mod engine;
mod error;
mod interpreter;
mod loopback;
mod output;
mod procedures;
mod security;
mod server;
mod session;
mod store;
mod tsql;
mod types;

use std::sync::Arc;

use azml_core::env;
use futures::{FutureExt, future::BoxFuture};

use crate::{
    StartError,
    ports::Port,
    scripts::Runtime,
    services::{Context, Definition, Service},
    state::random_hex,
};
use security::SYSTEM_ADMINISTRATOR;
use server::{Login, Server};
use store::CatalogStore;

/// The service of the registry.
pub(crate) const SERVICE: Definition = Definition {
    name: "SQL Server",
    ports: &[Port::Sql],
    start,
};

fn start(context: Context) -> BoxFuture<'static, Result<Service, StartError>> {
    async move {
        let failed = |error: error::SqlError| StartError::Service {
            service: SERVICE.name,
            reason: error.message,
        };
        let password = context
            .state
            .secrets
            .get_or_create("sql-password", random_hex::<16>)?;
        let scripts = if context.config.allow_scripts {
            Some(Runtime::start(&context).await?)
        } else {
            None
        };
        let store = CatalogStore::open(context.state.clone())
            .await
            .map_err(failed)?;
        let tls = context.certificates.server_tls12()?;
        let login = Login {
            user: SYSTEM_ADMINISTRATOR.to_owned(),
            password: password.clone(),
        };
        let server = Arc::new(Server::new(store, login, tls, scripts));
        let host = context.endpoints.host();
        let port = context.endpoints.number(Port::Sql).to_string();
        Ok(Service {
            streams: Some((
                Port::Sql,
                Arc::new(move |stream| server::serve(Arc::clone(&server), stream).boxed()),
            )),
            environment: Some(Box::new(move || {
                Ok(vec![
                    (env::SQL_HOST, host.clone()),
                    (env::SQL_PORT, port.clone()),
                    (env::SQL_USER, SYSTEM_ADMINISTRATOR.to_owned()),
                    (env::SQL_PASSWORD, password.clone()),
                ])
            })),
            ..Service::default()
        })
    }
    .boxed()
}

#[cfg(test)]
mod tests;
