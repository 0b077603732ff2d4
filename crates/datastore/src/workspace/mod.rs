//! A workspace: where it is, how it is reached, what it shows of itself.

mod details;
mod manage;
mod scope;
mod services;

use std::fmt;
use std::sync::Arc;

use azml_core::clock::{Clock, SystemClock};
use azml_core::cloud::Cloud;
use azml_core::env::{self, Environment};
use azml_core::{endpoint, transport};
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, Url};

use crate::data::StorageEndpoints;
use crate::error::{Error, Result};
use crate::registry::{Api, Datastores};
use crate::runs::Runs;

pub use details::{WorkspaceDetails, WorkspaceProperties};
pub use manage::NewWorkspace;
pub use scope::WorkspaceScope;
pub(crate) use services::Services;

/// How a workspace is reached. Every field has a default.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WorkspaceOptions {
    /// Options of the HTTP pipelines; a transport that is set here is used as it is.
    pub client_options: ClientOptions,
    /// Where `AZML_*` variables are looked up. Default: the process.
    pub environment: Environment,
    /// Azure Resource Manager. Default: `AZML_ARM_ENDPOINT`, else that of the cloud.
    pub arm_endpoint: Option<Url>,
    /// The base address of the workspace's services. Default: discovered.
    pub services_endpoint: Option<Url>,
    /// The cloud. Default: `AZURE_CLOUD`, else the public one.
    pub cloud: Option<Cloud>,
    /// Which of the two contracts for datastores is spoken.
    pub api: Api,
    /// Where the storage services are. Default: as registered.
    pub storage_endpoints: StorageEndpoints,
    /// The time. Default: the machine's clock.
    pub clock: Option<Arc<dyn Clock>>,
}

/// A client of one workspace. Clones are cheap and share their connections.
#[derive(Clone)]
pub struct Workspace(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) scope: WorkspaceScope,
    pub(crate) services: Services,
    pub(crate) api: Api,
    /// For storage: without decompression, without the workspace's credential.
    pub(crate) storage_options: ClientOptions,
    pub(crate) storage_endpoints: StorageEndpoints,
    pub(crate) environment: Environment,
    /// The caller's own identity.
    pub(crate) credential: Arc<dyn TokenCredential>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Workspace {
    /// A client of the workspace at `scope`, with tokens of `credential`. Nothing is sent.
    ///
    /// # Errors
    /// An endpoint or a CA bundle that cannot be used.
    pub fn new(
        scope: WorkspaceScope,
        credential: Arc<dyn TokenCredential>,
        options: Option<WorkspaceOptions>,
    ) -> Result<Self> {
        let options = options.unwrap_or_default();
        let environment = &options.environment.clone();
        let cloud = match (options.cloud, environment.get(env::CLOUD)) {
            (Some(cloud), _) => cloud,
            (None, Some(name)) => Cloud::from_name(&name)?,
            (None, None) => Cloud::public(),
        };
        let arm = match (options.arm_endpoint, environment.get(env::ARM_ENDPOINT)) {
            (Some(url), _) => endpoint::parse(url.as_str())?,
            (None, Some(text)) => endpoint::parse(&text)?,
            (None, None) => cloud.resource_manager.clone(),
        };
        let clock = options.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let client_options =
            transport::with_default_transport(options.client_options.clone(), environment)?;
        let mut storage_options = options.client_options;
        if storage_options.transport.is_none() {
            let mut settings = transport::TransportOptions::from_env(environment);
            settings.decompress = false;
            storage_options.transport = Some(transport::transport(&settings)?);
        }
        let scopes = format!("{}/.default", cloud.resource_manager_audience);
        Ok(Self(Arc::new(Inner {
            services: Services::new(
                arm,
                options.services_endpoint,
                (Arc::clone(&credential), scopes),
                client_options,
                Arc::clone(&clock),
            ),
            scope,
            api: options.api,
            storage_options,
            storage_endpoints: options.storage_endpoints,
            environment: options.environment,
            credential,
            clock,
        })))
    }

    /// A client from the environment: the workspace of `AZML_SUBSCRIPTION_ID`,
    /// `AZML_RESOURCE_GROUP` and `AZML_WORKSPACE`, the credential of `AZML_TOKEN` or of
    /// `AZML_TENANT_ID`, `AZML_CLIENT_ID` and `AZML_CLIENT_SECRET`.
    ///
    /// # Errors
    /// A variable that is missing.
    pub fn from_env() -> Result<Self> {
        Self::from_environment(&Environment::process())
    }

    /// As [`Workspace::from_env`], with the variables looked up in `environment`.
    ///
    /// # Errors
    /// A variable that is missing.
    pub fn from_environment(environment: &Environment) -> Result<Self> {
        let required = |name: &str| {
            environment.get(name).ok_or_else(|| {
                Error::usage(format!(
                    "no workspace is set: the variable {name} is missing"
                ))
            })
        };
        let scope = WorkspaceScope {
            subscription_id: required(env::SUBSCRIPTION_ID)?,
            resource_group: required(env::RESOURCE_GROUP)?,
            name: required(env::WORKSPACE)?,
        };
        let options = WorkspaceOptions {
            environment: environment.clone(),
            ..WorkspaceOptions::default()
        };
        let credential = azml_auth::directory::from_environment(environment)?;
        Self::new(scope, credential, Some(options))
    }

    /// Where the workspace is.
    #[must_use]
    pub fn scope(&self) -> &WorkspaceScope {
        &self.0.scope
    }

    /// What Azure Resource Manager shows of the workspace.
    ///
    /// # Errors
    /// The workspace does not exist, or the caller may not see it.
    pub async fn details(&self) -> Result<WorkspaceDetails> {
        self.0.services.details(&self.0.scope).await
    }

    /// The time, as this client sees it.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// The HTTP clients of the workspace.
    pub(crate) fn services(&self) -> &Services {
        &self.0.services
    }

    /// The runs of an experiment, on the compute targets of the workspace.
    #[must_use]
    pub fn runs(&self, experiment: &str) -> Runs {
        Runs::new(self.clone(), experiment)
    }

    /// The datastores of the workspace.
    #[must_use]
    pub fn datastores(&self) -> Datastores {
        Datastores::new(Arc::clone(&self.0))
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace")
            .field("scope", &self.0.scope)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
