//! Data Lake Analytics: accounts in Resource Manager, jobs and their queue, the catalog.
//!
//! Knows no U-SQL: scripts go to a [`runner::JobRunner`].

mod account;
mod catalog;
mod containers;
mod engine;
mod job;
mod routes;
mod runner;
mod tables;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use azml_core::env;
use futures::FutureExt as _;

use crate::arm::{LroPolls, accounts::Accounts};
use crate::ports::Port;
use crate::services::{Definition, Service};

pub(crate) const SERVICE: Definition = Definition {
    name: "data-lake-analytics",
    ports: &[],
    start: |context| {
        async move {
            let port = context.endpoints.number(Port::Https);
            let jobs = job::Jobs::new(
                context.state.clone(),
                Arc::new(engine::UsqlRunner::new(context.state.clone())),
                context.config.data_lake.job_state_delay,
                context.tasks,
                context.stopping,
            );
            jobs.recover().await?;
            context.providers.register(Accounts::new(
                account::AnalyticsAccounts {
                    jobs: Arc::clone(&jobs),
                    storage: context.storage,
                },
                context.state.clone(),
                LroPolls(context.config.data_lake.operation_polls),
                port,
            ));
            let adla = Arc::new(routes::Adla {
                state: context.state,
                authority: context.authority,
                jobs,
            });
            let environment = vec![
                (
                    env::ADLA_ENDPOINT,
                    format!("{}/adla/{{accountName}}", context.endpoints.https()),
                ),
                (
                    env::ADLA_SUFFIX,
                    format!("azuredatalakeanalytics.localhost:{port}"),
                ),
            ];
            Ok(Service {
                routes: routes::routes(&adla),
                hosts: vec![(
                    ".azuredatalakeanalytics.localhost",
                    routes::host_routes(&adla),
                )],
                environment: Some(Box::new(move || Ok(environment.clone()))),
                ..Service::default()
            })
        }
        .boxed()
    },
};
