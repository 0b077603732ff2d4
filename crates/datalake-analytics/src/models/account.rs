//! Accounts and what belongs to them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;

use super::Envelope;
use crate::{open_enum::open_enum, times};

open_enum! {
    /// Whether an account takes requests.
    AccountState {
        /// It does.
        Active = "Active",
        /// It is suspended.
        Suspended = "Suspended",
    }
}

open_enum! {
    /// How far a resource is in being made, changed or removed.
    ProvisioningState {
        /// It is being made.
        Creating = "Creating",
        /// It is being set up.
        Running = "Running",
        /// It is as it was asked to be.
        Succeeded = "Succeeded",
        /// It could not be made.
        Failed = "Failed",
        /// It is being changed.
        Patching = "Patching",
        /// It is being suspended.
        Suspending = "Suspending",
        /// It is being resumed.
        Resuming = "Resuming",
        /// It is being removed.
        Deleting = "Deleting",
        /// It is removed.
        Deleted = "Deleted",
        /// It is being brought back.
        Undeleting = "Undeleting",
        /// Its making was stopped.
        Canceled = "Canceled",
    }
}

impl Default for ProvisioningState {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

open_enum! {
    /// Whether something is on.
    Switch {
        /// It is.
        Enabled = "Enabled",
        /// It is not.
        Disabled = "Disabled",
    }
}

open_enum! {
    /// What an analytics account is paid by.
    Tier {
        /// What is used.
        Consumption = "Consumption",
        /// 100 analytics unit hours a month.
        Commitment100 = "Commitment_100AUHours",
        /// 500 analytics unit hours a month.
        Commitment500 = "Commitment_500AUHours",
        /// 1,000 analytics unit hours a month.
        Commitment1000 = "Commitment_1000AUHours",
        /// 5,000 analytics unit hours a month.
        Commitment5000 = "Commitment_5000AUHours",
        /// 10,000 analytics unit hours a month.
        Commitment10000 = "Commitment_10000AUHours",
        /// 50,000 analytics unit hours a month.
        Commitment50000 = "Commitment_50000AUHours",
        /// 100,000 analytics unit hours a month.
        Commitment100000 = "Commitment_100000AUHours",
        /// 500,000 analytics unit hours a month.
        Commitment500000 = "Commitment_500000AUHours",
    }
}

open_enum! {
    /// What a store is paid by.
    StoreTier {
        /// What is used.
        Consumption = "Consumption",
        /// 1 TB a month.
        Commitment1Tb = "Commitment_1TB",
        /// 10 TB a month.
        Commitment10Tb = "Commitment_10TB",
        /// 100 TB a month.
        Commitment100Tb = "Commitment_100TB",
        /// 500 TB a month.
        Commitment500Tb = "Commitment_500TB",
        /// 1 PB a month.
        Commitment1Pb = "Commitment_1PB",
        /// 5 PB a month.
        Commitment5Pb = "Commitment_5PB",
    }
}

open_enum! {
    /// Whom a compute policy is for.
    ObjectType {
        /// A user.
        User = "User",
        /// A group.
        Group = "Group",
        /// An application.
        ServicePrincipal = "ServicePrincipal",
    }
}

/// A member that is null is as one that is not there.
fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// What the properties of all accounts have.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CommonProperties {
    account_id: Option<String>,
    provisioning_state: Option<ProvisioningState>,
    state: Option<AccountState>,
    endpoint: Option<String>,
    #[serde(deserialize_with = "times::optional")]
    creation_time: Option<OffsetDateTime>,
    #[serde(deserialize_with = "times::optional")]
    last_modified_time: Option<OffsetDateTime>,
}

/// Makes a kind of account: what all have, laid flat, and what only this kind has.
macro_rules! account {
    (
        $(#[$doc:meta])* $name:ident read as $properties:ident {
            $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        }
        flat { $($(#[$flat_doc:meta])* $flat:ident: $flat_type:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct $name {
            /// Its address in Resource Manager.
            pub id: String,
            /// Its name.
            pub name: String,
            /// Its location.
            pub location: String,
            /// Its tags.
            pub tags: BTreeMap<String, String>,
            /// Its unique id.
            pub account_id: String,
            /// How far it is in being made or changed.
            pub provisioning_state: ProvisioningState,
            /// Whether it takes requests; absent while it is being created.
            pub state: Option<AccountState>,
            /// Its host name; absent while it is being created.
            pub endpoint: Option<String>,
            /// When it was created.
            #[serde(with = "time::serde::rfc3339::option")]
            pub creation_time: Option<OffsetDateTime>,
            /// When it was last changed.
            #[serde(with = "time::serde::rfc3339::option")]
            pub last_modified_time: Option<OffsetDateTime>,
            $($(#[$field_doc])* pub $field: $type,)*
            $($(#[$flat_doc])* pub $flat: $flat_type,)*
        }

        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct $properties {
            #[serde(flatten)]
            common: CommonProperties,
            $(#[serde(deserialize_with = "nullable")] $field: $type,)*
            $(#[serde(flatten)] $flat: $flat_type,)*
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Envelope::<$properties>::deserialize(deserializer).map(Self::from)
            }
        }

        impl From<Envelope<$properties>> for $name {
            fn from(envelope: Envelope<$properties>) -> Self {
                let properties = envelope.properties.unwrap_or_default();
                let common = properties.common;
                Self {
                    id: envelope.id,
                    name: envelope.name,
                    location: envelope.location,
                    tags: envelope.tags.unwrap_or_default(),
                    account_id: common.account_id.unwrap_or_default(),
                    provisioning_state: common.provisioning_state.unwrap_or_default(),
                    state: common.state,
                    endpoint: common.endpoint,
                    creation_time: common.creation_time,
                    last_modified_time: common.last_modified_time,
                    $($field: properties.$field,)*
                    $($flat: properties.$flat,)*
                }
            }
        }
    };
}

account! {
    /// A Data Lake Store account.
    StoreAccount read as StoreProperties {
        /// Whether its files are encrypted; absent in lists.
        encryption_state: Option<Switch>,
        /// The group that new files and directories belong to; absent in lists.
        default_group: Option<String>,
        /// Whether its firewall keeps addresses out; absent in lists.
        firewall_state: Option<Switch>,
        /// Whether its firewall lets Azure's own addresses in; absent in lists.
        firewall_allow_azure_ips: Option<Switch>,
        /// The addresses that its firewall lets in; empty in lists.
        firewall_rules: Vec<FirewallRule>,
        /// Whether other identity providers than the directory are trusted; absent in lists.
        trusted_id_provider_state: Option<Switch>,
        /// Those providers; empty in lists.
        trusted_id_providers: Vec<NamedRule>,
        /// The virtual networks that may reach it; empty in lists.
        virtual_network_rules: Vec<NamedRule>,
        /// What it is paid by; absent in lists.
        current_tier: Option<StoreTier>,
        /// What it will be paid by; absent in lists.
        new_tier: Option<StoreTier>,
    }
    flat {}
}

/// A store or storage account that an analytics account uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Envelope<LinkProperties>")]
#[non_exhaustive]
pub struct Linked {
    /// Its name.
    pub name: String,
    /// What stands behind its name in host names.
    pub suffix: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LinkProperties {
    suffix: Option<String>,
}

impl From<Envelope<LinkProperties>> for Linked {
    fn from(envelope: Envelope<LinkProperties>) -> Self {
        Self {
            name: envelope.name,
            suffix: envelope.properties.unwrap_or_default().suffix,
        }
    }
}

/// Limits of an analytics account; those that are `None` are not changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountLimits {
    /// Most jobs that run at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_job_count: Option<u32>,
    /// Most analytics units that run at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_degree_of_parallelism: Option<u32>,
    /// Most analytics units of one job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_degree_of_parallelism_per_job: Option<u32>,
    /// The smallest priority number, which is the highest priority, of one job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_priority_per_job: Option<u32>,
    /// How many days jobs are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_store_retention: Option<u32>,
}

account! {
    /// A Data Lake Analytics account.
    Account read as AccountProperties {
        /// The store that paths without a store name are in; absent in lists.
        default_data_lake_store_account: Option<String>,
        /// The stores it uses; empty in lists.
        data_lake_store_accounts: Vec<Linked>,
        /// Stores that anyone may read from; empty in lists.
        public_data_lake_store_accounts: Vec<Linked>,
        /// The storage accounts it uses; empty in lists.
        storage_accounts: Vec<Linked>,
        /// What single users and groups may ask for; empty in lists.
        compute_policies: Vec<Policy>,
        /// Whether its firewall keeps addresses out; absent in lists.
        firewall_state: Option<Switch>,
        /// Whether its firewall lets Azure's own addresses in; absent in lists.
        firewall_allow_azure_ips: Option<Switch>,
        /// The addresses that its firewall lets in; empty in lists.
        firewall_rules: Vec<FirewallRule>,
        /// What it is paid by; absent in lists.
        current_tier: Option<Tier>,
        /// What it will be paid by; absent in lists.
        new_tier: Option<Tier>,
        /// The most jobs that the service lets run at once, whatever the limits say; absent in lists.
        system_max_job_count: Option<u32>,
        /// The most analytics units that the service lets run at once; absent in lists.
        system_max_degree_of_parallelism: Option<u32>,
    }
    flat {
        /// Its limits; absent in lists.
        limits: AccountLimits,
    }
}

/// Limits of a compute policy; without one, the account's holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyLimits {
    /// Most analytics units of one job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_degree_of_parallelism_per_job: Option<u32>,
    /// The smallest priority number, which is the highest priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_priority_per_job: Option<u32>,
}

/// A compute policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Envelope<PolicyProperties>")]
#[non_exhaustive]
pub struct Policy {
    /// Its address in Resource Manager.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The directory's id of whom it is for.
    pub object_id: String,
    /// What kind of identity that is.
    pub object_type: Option<ObjectType>,
    /// What it allows.
    pub limits: PolicyLimits,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PolicyProperties {
    object_id: String,
    object_type: Option<ObjectType>,
    #[serde(flatten)]
    limits: PolicyLimits,
}

impl From<Envelope<PolicyProperties>> for Policy {
    fn from(envelope: Envelope<PolicyProperties>) -> Self {
        let properties = envelope.properties.unwrap_or_default();
        Self {
            id: envelope.id,
            name: envelope.name,
            object_id: properties.object_id,
            object_type: properties.object_type,
            limits: properties.limits,
        }
    }
}

/// A rule that lets addresses reach an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Envelope<FirewallRuleProperties>")]
#[non_exhaustive]
pub struct FirewallRule {
    /// Its name.
    pub name: String,
    /// The first address.
    pub start_ip_address: String,
    /// The last address.
    pub end_ip_address: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FirewallRuleProperties {
    start_ip_address: String,
    end_ip_address: String,
}

impl From<Envelope<FirewallRuleProperties>> for FirewallRule {
    fn from(envelope: Envelope<FirewallRuleProperties>) -> Self {
        let properties = envelope.properties.unwrap_or_default();
        Self {
            name: envelope.name,
            start_ip_address: properties.start_ip_address,
            end_ip_address: properties.end_ip_address,
        }
    }
}

/// A virtual network rule or a trusted identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Envelope<NamedRuleProperties>")]
#[non_exhaustive]
pub struct NamedRule {
    /// Its name.
    pub name: String,
    /// The id of the subnet, or the address of the provider.
    pub value: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NamedRuleProperties {
    subnet_id: Option<String>,
    id_provider: Option<String>,
}

impl From<Envelope<NamedRuleProperties>> for NamedRule {
    fn from(envelope: Envelope<NamedRuleProperties>) -> Self {
        let properties = envelope.properties.unwrap_or_default();
        let value = properties.subnet_id.or(properties.id_provider);
        Self {
            name: envelope.name,
            value: value.unwrap_or_default(),
        }
    }
}

/// A container of a linked storage account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Envelope<ContainerProperties>")]
#[non_exhaustive]
pub struct StorageContainer {
    /// Its name.
    pub name: String,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_modified_time: Option<OffsetDateTime>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ContainerProperties {
    #[serde(deserialize_with = "times::optional")]
    last_modified_time: Option<OffsetDateTime>,
}

impl From<Envelope<ContainerProperties>> for StorageContainer {
    fn from(envelope: Envelope<ContainerProperties>) -> Self {
        Self {
            name: envelope.name,
            last_modified_time: envelope.properties.unwrap_or_default().last_modified_time,
        }
    }
}

/// A shared access signature, which `Debug` does not show.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", from = "SasTokenBody")]
#[non_exhaustive]
pub struct SasToken {
    /// The query of an address.
    pub access_token: azml_auth::Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SasTokenBody {
    access_token: String,
}

impl From<SasTokenBody> for SasToken {
    fn from(body: SasTokenBody) -> Self {
        Self {
            access_token: body.access_token.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_laid_flat() {
        let account: Account = serde_json::from_str(
            r#"{"id":"/x","name":"a","location":"eastus2","tags":null,"properties":{"accountId":"i","state":"Active",
                "provisioningState":"Succeeded","maxJobCount":3,"dataLakeStoreAccounts":[{"name":"s","properties":{}}],
                "storageAccounts":null,"computePolicies":[{"name":"p","properties":{"objectId":"o","objectType":"User"}}]}}"#,
        )
        .unwrap();
        assert_eq!(account.provisioning_state, ProvisioningState::Succeeded);
        assert_eq!(
            (
                account.storage_accounts.len(),
                account.compute_policies[0].name.as_str()
            ),
            (0, "p")
        );
        assert_eq!(
            (account.state, account.limits.max_job_count),
            (Some(AccountState::Active), Some(3))
        );
        assert_eq!(account.data_lake_store_accounts[0].name, "s");
    }
}
