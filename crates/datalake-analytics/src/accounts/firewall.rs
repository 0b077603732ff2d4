//! Firewall rules: which addresses may reach an account.

use std::net::Ipv4Addr;

use serde_json::json;

use super::plane::Children;
use crate::{FirewallRule, Items, Result};

/// The firewall rules of an account. They count while its firewall is enabled.
#[derive(Clone, Debug)]
pub struct FirewallRules(Children);

impl FirewallRules {
    pub(super) fn new(children: Children) -> Self {
        Self(children)
    }

    /// Creates a rule that lets addresses from `first` to `last` in, or replaces it.
    ///
    /// # Errors
    /// The service's refusal, for example a last address below the first.
    pub async fn create_or_update(
        &self,
        name: &str,
        first: Ipv4Addr,
        last: Ipv4Addr,
    ) -> Result<FirewallRule> {
        let properties = json!({ "startIpAddress": first, "endIpAddress": last });
        self.0.put(name, &properties).await
    }

    /// A rule by name.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is none.
    pub async fn get(&self, name: &str) -> Result<FirewallRule> {
        self.0.get(name).await
    }

    /// All rules, by name.
    ///
    /// # Errors
    /// Each item as a request of its page.
    pub fn list(&self) -> Result<Items<FirewallRule>> {
        self.0.list()
    }

    /// Deletes a rule; whether it was there.
    ///
    /// # Errors
    /// The service's refusal.
    pub async fn delete(&self, name: &str) -> Result<bool> {
        self.0.delete(name).await
    }
}
