//! Resource groups.

use azml_core::http::Repeat;
use azure_core::http::Method;
use serde_json::{Value, json};

use crate::{Items, Operation, ResourceGroup, Result, arm::Service};

/// The resource groups of a subscription.
#[derive(Clone, Debug)]
pub struct ResourceGroups {
    service: Service,
    subscription: String,
}

impl ResourceGroups {
    pub(crate) fn new(service: Service, subscription: String) -> Self {
        Self {
            service,
            subscription,
        }
    }

    fn path<'a>(&'a self, name: &'a str) -> [&'a str; 4] {
        ["subscriptions", &self.subscription, "resourcegroups", name]
    }

    /// Creates a group in `location` (such as `eastus2`), or confirms the one that is there.
    ///
    /// # Errors
    /// The service's refusal, for example another location of an existing group.
    pub async fn create_or_update(&self, name: &str, location: &str) -> Result<ResourceGroup> {
        self.service
            .put(&self.path(name), &json!({ "location": location }))
            .await
    }

    /// A group by name, in any letter case.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none.
    pub async fn get(&self, name: &str) -> Result<ResourceGroup> {
        self.service.get(&self.path(name)).await
    }

    /// Whether a group is there.
    ///
    /// # Errors
    /// A refusal other than that there is none.
    pub async fn exists(&self, name: &str) -> Result<bool> {
        match self
            .service
            .call(Method::Head, &self.path(name), Repeat::ByMethod)
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == azml_core::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// All groups.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn list(&self) -> Result<Items<ResourceGroup>> {
        self.service.list(
            &["subscriptions", &self.subscription, "resourcegroups"],
            &[],
        )
    }

    /// Deletes a group with everything in it.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn delete(&self, name: &str) -> Result<Operation<Value>> {
        self.service
            .begin(Method::Delete, &self.path(name), None::<&()>)
            .await
    }
}
