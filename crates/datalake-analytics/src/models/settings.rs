//! What can be chosen for an account when it is created, and changed later. `None` leaves a setting as it is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{AccountLimits, StoreTier, Switch, Tier};

/// Settings of an analytics account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountSettings {
    /// All its tags.
    pub tags: Option<BTreeMap<String, String>>,
    /// Its limits.
    pub limits: AccountLimits,
    /// Whether its firewall keeps addresses out.
    pub firewall: Option<Switch>,
    /// Whether its firewall lets Azure's own addresses in.
    pub firewall_allows_azure: Option<Switch>,
    /// What it will be paid by from the next month on.
    pub new_tier: Option<Tier>,
}

impl AccountSettings {
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "properties": self.limits });
        set(
            &mut body,
            "firewallState",
            self.firewall.as_ref().map(Switch::as_str),
        );
        let azure = self.firewall_allows_azure.as_ref().map(Switch::as_str);
        set(&mut body, "firewallAllowAzureIps", azure);
        set(
            &mut body,
            "newTier",
            self.new_tier.as_ref().map(Tier::as_str),
        );
        tag(&mut body, self.tags.as_ref());
        body
    }
}

/// Settings of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreSettings {
    /// All its tags.
    pub tags: Option<BTreeMap<String, String>>,
    /// The group that new files and directories belong to: a directory's object id.
    pub default_group: Option<String>,
    /// Whether its files are encrypted; only when it is created.
    pub encryption: Option<Switch>,
    /// Whether its firewall keeps addresses out.
    pub firewall: Option<Switch>,
    /// Whether its firewall lets Azure's own addresses in.
    pub firewall_allows_azure: Option<Switch>,
    /// Whether other identity providers than the directory are trusted.
    pub trusted_id_providers: Option<Switch>,
    /// What it will be paid by from the next month on.
    pub new_tier: Option<StoreTier>,
}

impl StoreSettings {
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "properties": {} });
        set(&mut body, "defaultGroup", self.default_group.as_deref());
        set(
            &mut body,
            "encryptionState",
            self.encryption.as_ref().map(Switch::as_str),
        );
        set(
            &mut body,
            "firewallState",
            self.firewall.as_ref().map(Switch::as_str),
        );
        let azure = self.firewall_allows_azure.as_ref().map(Switch::as_str);
        set(&mut body, "firewallAllowAzureIps", azure);
        let trusted = self.trusted_id_providers.as_ref().map(Switch::as_str);
        set(&mut body, "trustedIdProviderState", trusted);
        set(
            &mut body,
            "newTier",
            self.new_tier.as_ref().map(StoreTier::as_str),
        );
        tag(&mut body, self.tags.as_ref());
        body
    }
}

fn set(body: &mut Value, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        body["properties"][name] = value.into();
    }
}

fn tag(body: &mut Value, tags: Option<&BTreeMap<String, String>>) {
    if let Some(tags) = tags {
        body["tags"] = json!(tags);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_chosen_is_sent() {
        assert_eq!(
            AccountSettings::default().body(),
            json!({ "properties": {} })
        );
        let settings = StoreSettings {
            firewall: Some(Switch::Enabled),
            new_tier: Some(StoreTier::Commitment10Tb),
            tags: Some(BTreeMap::from([("a".to_owned(), "b".to_owned())])),
            ..StoreSettings::default()
        };
        assert_eq!(
            settings.body(),
            json!({
                "tags": { "a": "b" },
                "properties": { "firewallState": "Enabled", "newTier": "Commitment_10TB" },
            })
        );
    }
}
