//! Compute policies: what single users and groups may ask for.

use azml_core::http::Repeat;
use azure_core::http::Method;
use serde_json::json;

use crate::{Items, ObjectType, Policy, PolicyLimits, Result, arm::Service};

/// The compute policies of an analytics account.
#[derive(Clone, Debug)]
pub struct Policies {
    service: Service,
    account: Vec<String>,
}

impl Policies {
    pub(crate) fn new(service: Service, subscription: &str, group: &str, account: &str) -> Self {
        let account = [
            "subscriptions",
            subscription,
            "resourceGroups",
            group,
            "providers",
            "Microsoft.DataLakeAnalytics",
            "accounts",
            account,
            "computePolicies",
        ];
        Self {
            service,
            account: account.map(str::to_owned).to_vec(),
        }
    }

    fn path<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        self.account
            .iter()
            .map(String::as_str)
            .chain([name])
            .collect()
    }

    /// Creates a policy for the user, group or application with the directory's object id, or replaces it.
    ///
    /// # Errors
    /// The service's refusal, for example an object id that is no uuid.
    pub async fn create_or_update(
        &self,
        name: &str,
        object_id: &str,
        object_type: &ObjectType,
        limits: &PolicyLimits,
    ) -> Result<Policy> {
        let mut properties = json!(limits);
        properties["objectId"] = object_id.into();
        properties["objectType"] = object_type.as_str().into();
        self.service
            .put(&self.path(name), &json!({ "properties": properties }))
            .await
    }

    /// A policy by name.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none.
    pub async fn get(&self, name: &str) -> Result<Policy> {
        self.service.get(&self.path(name)).await
    }

    /// All policies, by name.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn list(&self) -> Result<Items<Policy>> {
        let path: Vec<&str> = self.account.iter().map(String::as_str).collect();
        self.service.list(&path, &[])
    }

    /// Deletes a policy; whether it was there.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn delete(&self, name: &str) -> Result<bool> {
        let response = self
            .service
            .call(Method::Delete, &self.path(name), Repeat::ByMethod)
            .await?;
        Ok(u16::from(response.status()) != 204)
    }
}
