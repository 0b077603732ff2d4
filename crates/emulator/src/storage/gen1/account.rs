//! Data Lake Store Gen1 accounts in Resource Manager: what they hold and what they show.

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::tree;
use crate::arm::accounts::{
    Account, AccountType, Child, ChildKind, DATA_LAKE_STORES, InAccount, MOST_ACCOUNTS, all_visible,
};
use crate::arm::{ArmError, Body};
use crate::state::{self, WriteTxn};

const SWITCH: &[&str] = &["Enabled", "Disabled"];
const TIERS: &[&str] = &[
    "Consumption",
    "Commitment_1TB",
    "Commitment_10TB",
    "Commitment_100TB",
    "Commitment_500TB",
    "Commitment_1PB",
    "Commitment_5PB",
];

const CHILDREN: &[ChildKind] = &[
    ChildKind::FIREWALL_RULES,
    ChildKind {
        collection: "virtualNetworkRules",
        read: |body, old| one_text(body, old, "subnetId"),
        visible: all_visible,
        in_account: InAccount::Resource,
        must_exist: false,
    },
    ChildKind {
        collection: "trustedIdProviders",
        read: |body, old| one_text(body, old, "idProvider"),
        visible: all_visible,
        in_account: InAccount::Resource,
        must_exist: false,
    },
];

/// `Microsoft.DataLakeStore/accounts`
pub(crate) struct StoreAccounts;

impl AccountType for StoreAccounts {
    fn namespace(&self) -> &'static str {
        "Microsoft.DataLakeStore"
    }

    fn table(&self) -> &'static str {
        DATA_LAKE_STORES
    }

    fn api_versions(&self) -> &'static [&'static str] {
        &["2016-11-01"]
    }

    fn host_suffix(&self) -> &'static str {
        "azuredatalakestore.net"
    }

    fn children(&self) -> &'static [ChildKind] {
        CHILDREN
    }

    fn operations(&self) -> &'static [(&'static str, &'static str, &'static str)] {
        &[
            (
                "operations/read",
                "Available Operations",
                "Get the available operations of Data Lake Store.",
            ),
            (
                "accounts/read",
                "Data Lake Store Account",
                "Get information about a Data Lake Store account.",
            ),
            (
                "accounts/write",
                "Data Lake Store Account",
                "Create or update a Data Lake Store account.",
            ),
            (
                "accounts/delete",
                "Data Lake Store Account",
                "Delete a Data Lake Store account.",
            ),
        ]
    }

    fn create(
        &self,
        account: &mut Account,
        properties: &Body,
        _: &WriteTxn<'_>,
    ) -> Result<(), ArmError> {
        let state = properties
            .choice("encryptionState", SWITCH)?
            .unwrap_or("Enabled");
        let config = encryption(&properties.object("encryptionConfig")?, state == "Enabled")?;
        account
            .properties
            .insert("encryptionState".to_owned(), state.into());
        account
            .properties
            .insert("encryptionConfig".to_owned(), config);
        set_common(account, properties)
    }

    fn update(
        &self,
        account: &mut Account,
        properties: &Body,
        _: &WriteTxn<'_>,
    ) -> Result<(), ArmError> {
        set_common(account, properties)
    }

    fn show(&self, account: &Account) -> Map<String, Value> {
        let stored = |name: &str, default: &str| account.text(name).unwrap_or(default).to_owned();
        let tier = stored("newTier", "Consumption");
        let shown = json!({
            "encryptionState": stored("encryptionState", "Enabled"),
            "encryptionConfig": account.properties.get("encryptionConfig"),
            "encryptionProvisioningState": null,
            "firewallState": stored("firewallState", "Disabled"),
            "firewallAllowAzureIps": stored("firewallAllowAzureIps", "Disabled"),
            "trustedIdProviderState": stored("trustedIdProviderState", "Disabled"),
            "defaultGroup": account.properties.get("defaultGroup"),
            "currentTier": tier,
            "newTier": tier,
        });
        match shown {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    fn check_child(&self, _: &ChildKind, _: &Child, _: &WriteTxn<'_>) -> Result<(), ArmError> {
        Ok(())
    }

    fn check_removal(&self, _: &Account, _: &ChildKind, _: &str) -> Result<(), ArmError> {
        Ok(())
    }

    fn removed(
        &self,
        account: &Account,
        transaction: &mut WriteTxn<'_>,
    ) -> Result<(), state::Error> {
        tree::remove_store(transaction, &account.id)
    }

    /// `usages`: how many accounts there are of how many there may be.
    fn in_location(&self, accounts: usize, name: &str) -> Option<Value> {
        (name == "usages").then(|| {
            json!({ "value": [{
                "id": "/providers/Microsoft.DataLakeStore/usages/accountCount",
                "unit": "Count",
                "currentValue": accounts,
                "limit": MOST_ACCOUNTS,
                "name": { "value": "accountCount", "localizedValue": "Data Lake Store accounts" },
            }] })
        })
    }

    fn action(
        &self,
        account: &Account,
        method: &Method,
        action: &[&str],
    ) -> Option<Result<Response, ArmError>> {
        let is_key_vault = matches!(action, [name] if name.eq_ignore_ascii_case("enableKeyVault"));
        is_key_vault.then(|| {
            if method != Method::POST {
                return Err(ArmError::method_not_allowed());
            }
            let uses_vault = account
                .properties
                .get("encryptionConfig")
                .and_then(|config| config.get("type"))
                .is_some_and(|kind| kind == "UserManaged");
            if uses_vault {
                Ok(StatusCode::OK.into_response())
            } else {
                Err(ArmError::bad_request(
                    "KeyVaultNotUsed",
                    format!(
                        "The account '{}' is not encrypted with a key of a key vault.",
                        account.name
                    ),
                ))
            }
        })
    }
}

fn set_common(account: &mut Account, properties: &Body) -> Result<(), ArmError> {
    for name in [
        "firewallState",
        "firewallAllowAzureIps",
        "trustedIdProviderState",
    ] {
        if let Some(value) = properties.choice(name, SWITCH)? {
            account.properties.insert(name.to_owned(), value.into());
        }
    }
    if let Some(tier) = properties.choice("newTier", TIERS)? {
        account.properties.insert("newTier".to_owned(), tier.into());
    }
    if let Some(group) = properties.string("defaultGroup")? {
        account
            .properties
            .insert("defaultGroup".to_owned(), group.into());
    }
    Ok(())
}

/// The encryption settings as they are shown; `{}` when encryption is off.
fn encryption(config: &Body, enabled: bool) -> Result<Value, ArmError> {
    let kind = config
        .choice("type", &["ServiceManaged", "UserManaged"])?
        .unwrap_or("ServiceManaged");
    if !enabled {
        return Ok(json!({}));
    }
    if kind == "ServiceManaged" {
        return Ok(json!({ "type": kind }));
    }
    let vault = config.object("keyVaultMetaInfo")?;
    Ok(json!({
        "type": kind,
        "keyVaultMetaInfo": {
            "keyVaultResourceId": vault.required_string("keyVaultResourceId")?,
            "encryptionKeyName": vault.required_string("encryptionKeyName")?,
            "encryptionKeyVersion": vault.required_string("encryptionKeyVersion")?,
        },
    }))
}

fn one_text(
    body: &Body,
    old: Option<&Map<String, Value>>,
    name: &str,
) -> Result<Map<String, Value>, ArmError> {
    let mut properties = old.cloned().unwrap_or_default();
    match body.string(name)? {
        Some(text) => {
            properties.insert(name.to_owned(), text.into());
        }
        None if properties.contains_key(name) => {}
        None => return Err(ArmError::missing_parameter(name)),
    }
    Ok(properties)
}
