//! Data Lake Analytics accounts.

use serde_json::{Value, json};

use super::{FirewallRules, Policies, StorageLinks, StoreLinks, plane::Plane};
use crate::{
    Account, AccountLimits, AccountSettings, Capability, Items, NameAvailability, Operation,
    ProviderOperation, Result, arm::Service,
};

/// The Data Lake Analytics accounts of a subscription.
#[derive(Clone, Debug)]
pub struct Accounts(Plane);

impl Accounts {
    pub(crate) fn new(service: Service, subscription: String) -> Self {
        let namespace = "Microsoft.DataLakeAnalytics";
        Self(Plane::new(service, subscription, namespace))
    }

    /// Creates an account in `location` whose default store is `store`; await the operation for the account.
    ///
    /// # Errors
    /// The service's refusal, for example a store that is not there.
    pub async fn create(
        &self,
        group: &str,
        name: &str,
        location: &str,
        store: &str,
    ) -> Result<Operation<Account>> {
        let settings = AccountSettings::default();
        self.create_with(group, name, location, store, &settings)
            .await
    }

    /// As [`create`](Self::create), with tags, limits and the firewall's switches.
    ///
    /// # Errors
    /// As [`create`](Self::create), and for a setting out of its range.
    pub async fn create_with(
        &self,
        group: &str,
        name: &str,
        location: &str,
        store: &str,
        settings: &AccountSettings,
    ) -> Result<Operation<Account>> {
        let mut body = settings.body();
        body["location"] = location.into();
        body["properties"]["defaultDataLakeStoreAccount"] = store.into();
        body["properties"]["dataLakeStoreAccounts"] = json!([{ "name": store }]);
        self.0.create(group, name, &body).await
    }

    /// Changes what is given; await the operation for the account.
    ///
    /// # Errors
    /// The service's refusal, for example a limit above the system's.
    pub async fn update(
        &self,
        group: &str,
        name: &str,
        settings: &AccountSettings,
    ) -> Result<Operation<Account>> {
        self.0.update(group, name, &settings.body()).await
    }

    /// Changes the limits that are given; await the operation for the account.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub async fn set_limits(
        &self,
        group: &str,
        name: &str,
        limits: &AccountLimits,
    ) -> Result<Operation<Account>> {
        let settings = AccountSettings {
            limits: *limits,
            ..AccountSettings::default()
        };
        self.update(group, name, &settings).await
    }

    /// An account by name.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none.
    pub async fn get(&self, group: &str, name: &str) -> Result<Account> {
        self.0.get(group, name).await
    }

    /// All accounts of the subscription, with their basic properties.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn list(&self) -> Result<Items<Account>> {
        self.0.list()
    }

    /// All accounts of a resource group, with their basic properties.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn list_in_group(&self, group: &str) -> Result<Items<Account>> {
        self.0.list_in_group(group)
    }

    /// Deletes an account with its jobs. One that is not there is no error.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn delete(&self, group: &str, name: &str) -> Result<Operation<Value>> {
        self.0.delete(group, name).await
    }

    /// Whether an account of this name could be created in `location`.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn check_name(&self, location: &str, name: &str) -> Result<NameAvailability> {
        self.0.check_name(location, name).await
    }

    /// What the subscription may do in `location`; `None` where the service is not offered.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn capability(&self, location: &str) -> Result<Option<Capability>> {
        self.0.capability(location).await
    }

    /// The operations of the provider, as access control names them.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn operations(&self) -> Result<Items<ProviderOperation>> {
        self.0.operations()
    }

    /// The firewall rules of an account.
    #[must_use]
    pub fn firewall_rules(&self, group: &str, account: &str) -> FirewallRules {
        FirewallRules::new(self.0.children(group, account, "firewallRules"))
    }

    /// The compute policies of an account.
    #[must_use]
    pub fn policies(&self, group: &str, account: &str) -> Policies {
        Policies::new(self.0.children(group, account, "computePolicies"))
    }

    /// The stores that an account uses.
    #[must_use]
    pub fn store_links(&self, group: &str, account: &str) -> StoreLinks {
        StoreLinks::new(self.0.children(group, account, "dataLakeStoreAccounts"))
    }

    /// The storage accounts that an account uses.
    #[must_use]
    pub fn storage_links(&self, group: &str, account: &str) -> StorageLinks {
        StorageLinks::new(self.0.children(group, account, "storageAccounts"))
    }
}
