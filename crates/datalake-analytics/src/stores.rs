//! Data Lake Store accounts in Azure Resource Manager.

use azure_core::http::Method;
use serde_json::{Value, json};

use crate::{Items, Operation, Result, StoreAccount, arm::Service};

const NAMESPACE: &str = "Microsoft.DataLakeStore";

/// The Data Lake Store accounts of a subscription.
#[derive(Clone, Debug)]
pub struct Stores {
    service: Service,
    subscription: String,
}

impl Stores {
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
        let body = json!({ "location": location });
        self.service
            .begin(Method::Put, &self.path(group, name), Some(&body))
            .await
    }

    /// An account by name.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none.
    pub async fn get(&self, group: &str, name: &str) -> Result<StoreAccount> {
        self.service.get(&self.path(group, name)).await
    }

    /// All accounts of the subscription, with their basic properties.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn list(&self) -> Result<Items<StoreAccount>> {
        let path = [
            "subscriptions",
            &self.subscription,
            "providers",
            NAMESPACE,
            "accounts",
        ];
        self.service.list(&path, &[])
    }

    /// Deletes an account with its files. One that is not there is no error.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn delete(&self, group: &str, name: &str) -> Result<Operation<Value>> {
        self.service
            .begin(Method::Delete, &self.path(group, name), None::<&()>)
            .await
    }
}
