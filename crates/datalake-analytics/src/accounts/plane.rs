//! What the accounts of both providers have in common in Azure Resource Manager: paths, lists, operations, names,
//! and the resources below an account.

use azml_core::{ErrorKind, http::Repeat};
use azure_core::http::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    Capability, Items, NameAvailability, Operation, ProviderOperation, Result, Usage, arm::Service,
};

/// The accounts of one provider in one subscription.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    service: Service,
    subscription: String,
    namespace: &'static str,
}

impl Plane {
    pub(super) fn new(service: Service, subscription: String, namespace: &'static str) -> Self {
        Self {
            service,
            subscription,
            namespace,
        }
    }

    fn account<'a>(&'a self, group: &'a str, name: &'a str) -> [&'a str; 8] {
        [
            "subscriptions",
            &self.subscription,
            "resourceGroups",
            group,
            "providers",
            self.namespace,
            "accounts",
            name,
        ]
    }

    fn location<'a>(&'a self, location: &'a str, last: &'a str) -> [&'a str; 7] {
        [
            "subscriptions",
            &self.subscription,
            "providers",
            self.namespace,
            "locations",
            location,
            last,
        ]
    }

    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        group: &str,
        name: &str,
        body: &impl Serialize,
    ) -> Result<Operation<T>> {
        self.service
            .begin(Method::Put, &self.account(group, name), Some(body))
            .await
    }

    pub(super) async fn update<T: DeserializeOwned>(
        &self,
        group: &str,
        name: &str,
        body: &impl Serialize,
    ) -> Result<Operation<T>> {
        self.service
            .begin(Method::Patch, &self.account(group, name), Some(body))
            .await
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, group: &str, name: &str) -> Result<T> {
        self.service.get(&self.account(group, name)).await
    }

    pub(super) async fn delete(&self, group: &str, name: &str) -> Result<Operation<Value>> {
        self.service
            .begin(Method::Delete, &self.account(group, name), None::<&()>)
            .await
    }

    pub(super) fn list<T: DeserializeOwned + Send + 'static>(&self) -> Result<Items<T>> {
        let path = [
            "subscriptions",
            &self.subscription,
            "providers",
            self.namespace,
            "accounts",
        ];
        self.service.list(&path, &[])
    }

    pub(super) fn list_in_group<T: DeserializeOwned + Send + 'static>(
        &self,
        group: &str,
    ) -> Result<Items<T>> {
        let [path @ .., _] = self.account(group, "");
        self.service.list(&path, &[])
    }

    pub(super) async fn check_name(&self, location: &str, name: &str) -> Result<NameAvailability> {
        let kind = format!("{}/accounts", self.namespace);
        let body = json!({ "name": name, "type": kind });
        let path = self.location(location, "checkNameAvailability");
        self.service.post(&path, &body).await
    }

    /// A location that is not offered has no capability.
    pub(super) async fn capability(&self, location: &str) -> Result<Option<Capability>> {
        match self
            .service
            .get(&self.location(location, "capability"))
            .await
        {
            Ok(capability) => Ok(Some(capability)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn usages(&self, location: &str) -> Result<Items<Usage>> {
        self.service.list(&self.location(location, "usages"), &[])
    }

    pub(super) fn operations(&self) -> Result<Items<ProviderOperation>> {
        let path = ["providers", self.namespace, "operations"];
        self.service.list(&path, &[])
    }

    /// An action on an account that is answered without a body.
    pub(super) async fn act(&self, group: &str, name: &str, action: &str) -> Result<()> {
        let mut path = self.account(group, name).to_vec();
        path.push(action);
        self.service
            .call(Method::Post, &path, Repeat::Always)
            .await?;
        Ok(())
    }

    pub(super) fn children(
        &self,
        group: &str,
        account: &str,
        collection: &'static str,
    ) -> Children {
        let mut path: Vec<String> = self.account(group, account).map(str::to_owned).to_vec();
        path.push(collection.to_owned());
        Children {
            service: self.service.clone(),
            path,
        }
    }
}

/// Resources of one kind below an account.
#[derive(Clone, Debug)]
pub(super) struct Children {
    service: Service,
    path: Vec<String>,
}

impl Children {
    fn of<'a>(&'a self, rest: &[&'a str]) -> Vec<&'a str> {
        self.path
            .iter()
            .map(String::as_str)
            .chain(rest.iter().copied())
            .collect()
    }

    pub(super) async fn put<T: DeserializeOwned>(
        &self,
        name: &str,
        properties: &impl Serialize,
    ) -> Result<T> {
        let body = json!({ "properties": properties });
        self.service.put(&self.of(&[name]), &body).await
    }

    pub(super) async fn patch<T: DeserializeOwned>(
        &self,
        name: &str,
        properties: &impl Serialize,
    ) -> Result<T> {
        let body = json!({ "properties": properties });
        self.service.patch(&self.of(&[name]), &body).await
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        self.service.get(&self.of(&[name])).await
    }

    pub(super) fn list<T: DeserializeOwned + Send + 'static>(&self) -> Result<Items<T>> {
        self.service.list(&self.of(&[]), &[])
    }

    /// What is below one of them.
    pub(super) fn list_below<T: DeserializeOwned + Send + 'static>(
        &self,
        rest: &[&str],
    ) -> Result<Items<T>> {
        self.service.list(&self.of(rest), &[])
    }

    pub(super) async fn get_below<T: DeserializeOwned>(&self, rest: &[&str]) -> Result<T> {
        self.service.get(&self.of(rest)).await
    }

    pub(super) async fn post_below<T: DeserializeOwned>(&self, rest: &[&str]) -> Result<T> {
        self.service.post(&self.of(rest), &json!({})).await
    }

    /// Whether it was there.
    pub(super) async fn delete(&self, name: &str) -> Result<bool> {
        let response = self
            .service
            .call(Method::Delete, &self.of(&[name]), Repeat::ByMethod)
            .await?;
        Ok(u16::from(response.status()) != 204)
    }
}
