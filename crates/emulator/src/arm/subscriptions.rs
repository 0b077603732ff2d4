//! The subscription, the tenant and the list of providers: fixed facts of the development directory.

use serde_json::{Value, json};

use super::provider::ResourceProvider;
use crate::authority::Directory;

/// The one subscription.
pub(super) fn subscription(directory: &Directory) -> Value {
    json!({
        "id": format!("/subscriptions/{}", directory.subscription_id),
        "subscriptionId": directory.subscription_id,
        "tenantId": directory.tenant_id,
        "displayName": "azml emulator",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Internal_2014-09-01",
            "quotaId": "Internal_2014-09-01",
            "spendingLimit": "Off",
        },
        "authorizationSource": "RoleBased",
    })
}

/// The one tenant.
pub(super) fn tenant(directory: &Directory) -> Value {
    json!({ "id": format!("/tenants/{}", directory.tenant_id), "tenantId": directory.tenant_id })
}

/// A registered provider.
pub(super) fn provider(subscription: &str, provider: &dyn ResourceProvider) -> Value {
    let types: Vec<Value> = provider
        .resource_types()
        .iter()
        .map(|name| json!({ "resourceType": name, "locations": [], "apiVersions": [] }))
        .collect();
    json!({
        "id": format!("/subscriptions/{subscription}/providers/{}", provider.namespace()),
        "namespace": provider.namespace(),
        "registrationState": "Registered",
        "resourceTypes": types,
    })
}

/// `/metadata/endpoints`: how clients configure themselves for a cloud that they do not know.
pub(super) fn cloud_metadata(origin: &str) -> Value {
    json!({
        "galleryEndpoint": origin,
        "graphEndpoint": "https://graph.windows.net/",
        "portalEndpoint": origin,
        "authentication": {
            "loginEndpoint": origin,
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
        },
    })
}
