//! Azure Resource Manager: subscriptions, tenants, resource groups, and the way to the resource providers.
//!
//! Knows no service: each one hands in a [`ResourceProvider`], and those whose resources are accounts
//! build it from [`accounts`].

pub(crate) mod accounts;
mod dispatch;
mod error;
mod groups;
mod operations;
mod provider;
mod request;
mod subscriptions;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use azml_core::env;
use futures::FutureExt as _;

use crate::services::{Definition, Service};

pub(crate) use dispatch::{query, segments};
pub(crate) use error::ArmError;
pub(crate) use groups::DEFAULT_GROUP;
pub(crate) use operations::LroPolls;
pub(crate) use provider::{Registry, ResourceProvider};
pub(crate) use request::{ArmRequest, Body};

pub(crate) const SERVICE: Definition = Definition {
    name: "resource-manager",
    ports: &[],
    start: |context| {
        async move {
            let directory = context.authority.directory();
            groups::seed(&context.state, &directory.subscription_id).await?;
            let environment = vec![
                (env::ARM_ENDPOINT, context.endpoints.https()),
                (env::SUBSCRIPTION_ID, directory.subscription_id.clone()),
                (env::SUBSCRIPTION, directory.subscription_id.clone()),
                (env::RESOURCE_GROUP, DEFAULT_GROUP.to_owned()),
            ];
            let arm = dispatch::Arm {
                lro_polls: LroPolls(context.config.data_lake.operation_polls),
                state: context.state,
                authority: Arc::clone(&context.authority),
                providers: context.providers,
            };
            Ok(Service {
                routes: dispatch::routes(arm),
                environment: Some(Box::new(move || Ok(environment.clone()))),
                ..Service::default()
            })
        }
        .boxed()
    },
};
