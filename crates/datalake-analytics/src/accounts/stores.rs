//! Data Lake Store accounts.

use serde_json::{Value, json};

use super::{
    FirewallRules,
    plane::{Children, Plane},
};
use crate::{
    Capability, Items, NameAvailability, NamedRule, Operation, ProviderOperation, Result,
    StoreAccount, StoreSettings, Usage, arm::Service,
};

/// The Data Lake Store accounts of a subscription.
#[derive(Clone, Debug)]
pub struct Stores(Plane);

impl Stores {
    pub(crate) fn new(service: Service, subscription: String) -> Self {
        Self(Plane::new(service, subscription, "Microsoft.DataLakeStore"))
    }

    /// Creates a store in `location`; await the operation for the account.
    ///
    /// # Errors
    /// The service's refusal, for example a name that is taken.
    pub async fn create(
        &self,
        group: &str,
        name: &str,
        location: &str,
    ) -> Result<Operation<StoreAccount>> {
        let settings = StoreSettings::default();
        self.create_with(group, name, location, &settings).await
    }

    /// As [`create`](Self::create), with tags, encryption and the firewall's switches.
    ///
    /// # Errors
    /// As [`create`](Self::create), and for a setting out of its range.
    pub async fn create_with(
        &self,
        group: &str,
        name: &str,
        location: &str,
        settings: &StoreSettings,
    ) -> Result<Operation<StoreAccount>> {
        let mut body = settings.body();
        body["location"] = location.into();
        self.0.create(group, name, &body).await
    }

    /// Changes what is given; await the operation for the account.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn update(
        &self,
        group: &str,
        name: &str,
        settings: &StoreSettings,
    ) -> Result<Operation<StoreAccount>> {
        self.0.update(group, name, &settings.body()).await
    }

    /// An account by name.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none.
    pub async fn get(&self, group: &str, name: &str) -> Result<StoreAccount> {
        self.0.get(group, name).await
    }

    /// All accounts of the subscription, with their basic properties.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn list(&self) -> Result<Items<StoreAccount>> {
        self.0.list()
    }

    /// All accounts of a resource group, with their basic properties.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn list_in_group(&self, group: &str) -> Result<Items<StoreAccount>> {
        self.0.list_in_group(group)
    }

    /// Deletes an account with its files. One that is not there is no error.
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

    /// How many accounts there are in `location`, and how many there may be.
    ///
    /// # Errors
    /// Each item as a request of its page; [`NotFound`](azml_core::ErrorKind::NotFound) where the service is not offered.
    pub fn usages(&self, location: &str) -> Result<Items<Usage>> {
        self.0.usages(location)
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

    /// Lets the service use the key of the account's key vault.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn enable_key_vault(&self, group: &str, name: &str) -> Result<()> {
        self.0.act(group, name, "enableKeyVault").await
    }

    /// The virtual networks that may reach an account.
    #[must_use]
    pub fn virtual_network_rules(&self, group: &str, account: &str) -> NamedRules {
        NamedRules {
            children: self.0.children(group, account, "virtualNetworkRules"),
            property: "subnetId",
        }
    }

    /// The identity providers that an account trusts beside the directory.
    #[must_use]
    pub fn trusted_id_providers(&self, group: &str, account: &str) -> NamedRules {
        NamedRules {
            children: self.0.children(group, account, "trustedIdProviders"),
            property: "idProvider",
        }
    }
}

/// Rules that are a name and one value: the id of a subnet, or the address of an identity provider.
#[derive(Clone, Debug)]
pub struct NamedRules {
    children: Children,
    property: &'static str,
}

impl NamedRules {
    /// Creates a rule for this value, or replaces it.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn create_or_update(&self, name: &str, value: &str) -> Result<NamedRule> {
        self.children
            .put(name, &json!({ self.property: value }))
            .await
    }

    /// A rule by name.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none.
    pub async fn get(&self, name: &str) -> Result<NamedRule> {
        self.children.get(name).await
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn list(&self) -> Result<Items<NamedRule>> {
        self.children.list()
    }

    /// Deletes a rule; whether it was there.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn delete(&self, name: &str) -> Result<bool> {
        self.children.delete(name).await
    }
}
