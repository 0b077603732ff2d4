//! Data Lake Analytics accounts in Azure Resource Manager.

use azure_core::http::Method;
use serde_json::{Value, json};

use crate::{Account, AccountLimits, Items, Operation, Result, arm::Service};

const NAMESPACE: &str = "Microsoft.DataLakeAnalytics";

/// The Data Lake Analytics accounts of a subscription.
#[derive(Clone, Debug)]
pub struct Accounts {
    service: Service,
    subscription: String,
}

impl Accounts {
    pub(crate) fn new(service: Service, subscription: String) -> Self {
        Self {
            service,
            subscription,
        }
    }

    fn path<'a>(&'a self, group: &'a str, name: &'a str) -> [&'a str; 8] {
        [
            "subscriptions",
            &self.subscription,
            "resourceGroups",
            group,
            "providers",
            NAMESPACE,
            "accounts",
            name,
        ]
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
        let body = json!({
            "location": location,
            "properties": {
                "defaultDataLakeStoreAccount": store,
                "dataLakeStoreAccounts": [{ "name": store }],
            },
        });
        self.service
            .begin(Method::Put, &self.path(group, name), Some(&body))
            .await
    }

    /// Changes the limits that are given; await the operation for the account.
    ///
    /// # Errors
    /// The service's refusal, for example a limit above the system's.
    pub async fn set_limits(
        &self,
        group: &str,
        name: &str,
        limits: &AccountLimits,
    ) -> Result<Operation<Account>> {
        let body = json!({ "properties": limits });
        self.service
            .begin(Method::Patch, &self.path(group, name), Some(&body))
            .await
    }

    /// An account by name.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none.
    pub async fn get(&self, group: &str, name: &str) -> Result<Account> {
        self.service.get(&self.path(group, name)).await
    }

    /// All accounts of the subscription, with their basic properties.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn list(&self) -> Result<Items<Account>> {
        let path = [
            "subscriptions",
            &self.subscription,
            "providers",
            NAMESPACE,
            "accounts",
        ];
        self.service.list(&path, &[])
    }

    /// Deletes an account with its jobs. One that is not there is no error.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn delete(&self, group: &str, name: &str) -> Result<Operation<Value>> {
        self.service
            .begin(Method::Delete, &self.path(group, name), None::<&()>)
            .await
    }
}
