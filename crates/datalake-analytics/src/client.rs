//! The way in: one client for a subscription, and from it the parts.

use std::sync::Arc;

use azml_auth::directory;
use azml_core::{
    Error, ErrorKind,
    env::{self, Environment},
    http::ErrorResponse,
};
use azure_core::credentials::TokenCredential;

use crate::{
    Accounts, Catalog, ClientOptions, FileSystem, Jobs, Policies, ResourceGroups, Result, Stores,
    arm::Service, filesystem,
};

const RESOURCE_MANAGER_SCOPE: &str = "https://management.azure.com/.default";
/// The resource ends with a slash, so there are two.
const DATA_LAKE_SCOPE: &str = "https://datalake.azure.net//.default";
pub(crate) const ACCOUNT_VERSION: &str = "2016-11-01";
pub(crate) const GROUP_VERSION: &str = "2019-10-01";

/// The Data Lake services of one subscription. Clones share the connections.
#[derive(Clone, Debug)]
pub struct DataLake {
    credential: Arc<dyn TokenCredential>,
    options: ClientOptions,
    subscription: String,
    resource_manager: Service,
}

impl DataLake {
    /// A client for `subscription`.
    pub fn new(
        credential: Arc<dyn TokenCredential>,
        subscription: impl Into<String>,
        options: ClientOptions,
    ) -> Self {
        let resource_manager = Service::new(
            options.resource_manager.clone(),
            ACCOUNT_VERSION,
            RESOURCE_MANAGER_SCOPE,
            &credential,
            &options,
            ErrorResponse::to_error,
        );
        Self {
            credential,
            options,
            subscription: subscription.into(),
            resource_manager,
        }
    }

    /// A client for what the `AZML_*` names of the process describe.
    ///
    /// # Errors
    /// As [`DataLake::from_environment`].
    pub fn from_env() -> Result<Self> {
        Self::from_environment(&Environment::process())
    }

    /// A client for what the `AZML_*` names of `environment` describe.
    ///
    /// # Errors
    /// [`ErrorKind::MissingConfiguration`] when subscription or credential are missing,
    /// [`ErrorKind::InvalidArgument`] when something given is not usable.
    pub fn from_environment(environment: &Environment) -> Result<Self> {
        let subscription = environment
            .get(env::SUBSCRIPTION_ID)
            .or_else(|| environment.get(env::SUBSCRIPTION))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::MissingConfiguration,
                    format!(
                        "no subscription is given: {} is not set",
                        env::SUBSCRIPTION_ID
                    ),
                )
                .with_hint("set it, or start the emulator and use its profile")
            })?;
        let credential = directory::from_environment(environment)?;
        Ok(Self::new(
            credential,
            subscription,
            ClientOptions::from_env(environment)?,
        ))
    }

    /// Resource groups of the subscription.
    #[must_use]
    pub fn resource_groups(&self) -> ResourceGroups {
        ResourceGroups::new(
            self.resource_manager.with_version(GROUP_VERSION),
            self.subscription.clone(),
        )
    }

    /// Data Lake Store accounts.
    #[must_use]
    pub fn stores(&self) -> Stores {
        Stores::new(self.resource_manager.clone(), self.subscription.clone())
    }

    /// Data Lake Analytics accounts.
    #[must_use]
    pub fn accounts(&self) -> Accounts {
        Accounts::new(self.resource_manager.clone(), self.subscription.clone())
    }

    /// Compute policies of an analytics account.
    #[must_use]
    pub fn policies(&self, group: &str, account: &str) -> Policies {
        self.accounts().policies(group, account)
    }

    /// Jobs of an analytics account.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a name that no account can have.
    pub fn jobs(&self, account: &str) -> Result<Jobs> {
        Ok(Jobs::new(self.analytics(account, "2017-09-01-preview")?))
    }

    /// The U-SQL catalog of an analytics account.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a name that no account can have.
    pub fn catalog(&self, account: &str) -> Result<Catalog> {
        Ok(Catalog::new(self.analytics(account, ACCOUNT_VERSION)?))
    }

    fn analytics(&self, account: &str, version: &'static str) -> Result<Service> {
        Ok(Service::new(
            self.options.analytics.account(account)?,
            version,
            DATA_LAKE_SCOPE,
            &self.credential,
            &self.options,
            ErrorResponse::to_error,
        ))
    }

    /// The file system of a store.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a name that no account can have.
    pub fn files(&self, store: &str) -> Result<FileSystem> {
        let base = self.options.store.account(store)?;
        let service = Service::new(
            base.clone(),
            filesystem::VERSION,
            DATA_LAKE_SCOPE,
            &self.credential,
            &self.options,
            filesystem::refusal,
        );
        Ok(FileSystem::new(
            service.http,
            base,
            Arc::clone(&self.options.clock),
        ))
    }
}
