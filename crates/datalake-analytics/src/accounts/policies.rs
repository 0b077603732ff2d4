//! Compute policies: what single users and groups may ask for.

use serde_json::json;

use super::plane::Children;
use crate::{Items, ObjectType, Policy, PolicyLimits, Result};

/// The compute policies of an analytics account.
#[derive(Clone, Debug)]
pub struct Policies(Children);

impl Policies {
    pub(super) fn new(children: Children) -> Self {
        Self(children)
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
        self.0.put(name, &properties).await
    }

    /// Changes the limits that are given.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is no such policy.
    pub async fn update(&self, name: &str, limits: &PolicyLimits) -> Result<Policy> {
        self.0.patch(name, limits).await
    }

    /// A policy by name.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none.
    pub async fn get(&self, name: &str) -> Result<Policy> {
        self.0.get(name).await
    }

    /// All policies, by name.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn list(&self) -> Result<Items<Policy>> {
        self.0.list()
    }

    /// Deletes a policy; whether it was there.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn delete(&self, name: &str) -> Result<bool> {
        self.0.delete(name).await
    }
}
