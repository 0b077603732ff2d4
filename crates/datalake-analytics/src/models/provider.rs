//! What a provider says of itself: capabilities, free names, operations.

use serde::{Deserialize, Serialize};

use crate::open_enum::open_enum;

open_enum! {
    /// Whether a subscription may use a provider.
    SubscriptionState {
        /// It may.
        Registered = "Registered",
        /// Not now.
        Suspended = "Suspended",
        /// It is gone.
        Deleted = "Deleted",
        /// Not before it is registered.
        Unregistered = "Unregistered",
        /// It may, for now.
        Warned = "Warned",
    }
}

/// What a subscription may do in a location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Capability {
    /// The subscription.
    #[serde(default)]
    pub subscription_id: String,
    /// Whether it may use the provider.
    pub state: Option<SubscriptionState>,
    /// Most accounts.
    #[serde(default)]
    pub max_account_count: u32,
    /// Accounts there are.
    #[serde(default)]
    pub account_count: u32,
    /// Whether accounts are being moved.
    #[serde(default)]
    pub migration_state: bool,
}

/// How much there is of something in a location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "UsageBody")]
#[non_exhaustive]
pub struct Usage {
    /// Of what, such as `accountCount`.
    pub name: String,
    /// The same for people.
    pub localized_name: Option<String>,
    /// What is counted in, such as `Count`.
    pub unit: Option<String>,
    /// How much there is.
    pub current_value: u64,
    /// How much there may be.
    pub limit: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageBody {
    name: UsageName,
    unit: Option<String>,
    #[serde(default)]
    current_value: u64,
    #[serde(default)]
    limit: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageName {
    value: String,
    localized_value: Option<String>,
}

impl From<UsageBody> for Usage {
    fn from(body: UsageBody) -> Self {
        Self {
            name: body.name.value,
            localized_name: body.name.localized_value,
            unit: body.unit,
            current_value: body.current_value,
            limit: body.limit,
        }
    }
}

/// Whether a name can be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NameAvailability {
    /// It can.
    pub name_available: bool,
    /// Why not: `AlreadyExists` or `Invalid`.
    pub reason: Option<String>,
    /// The same as a sentence.
    pub message: Option<String>,
}

/// An operation that access control can allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProviderOperation {
    /// Its name, such as `Microsoft.DataLakeStore/accounts/read`.
    pub name: String,
    /// Who can do it: `user`, `system` or `user,system`.
    pub origin: Option<String>,
    /// Its names for people.
    #[serde(default)]
    pub display: OperationDisplay,
}

/// Names of an operation for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct OperationDisplay {
    /// The provider.
    pub provider: String,
    /// The kind of resource.
    pub resource: String,
    /// The operation.
    pub operation: String,
    /// What it does.
    pub description: String,
}
