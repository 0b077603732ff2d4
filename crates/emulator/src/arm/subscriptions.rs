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

/// The first version of `/metadata/endpoints` that lists clouds by name.
const NAMED_CLOUDS: &str = "2019-05-01";

/// `/metadata/endpoints`: how clients configure themselves for a cloud that they do not know.
///
/// From [`NAMED_CLOUDS`] on it lists clouds. The emulator says that it is the public one, because
/// that is the cloud that clients look for when they were told nothing.
pub(super) fn cloud_metadata(origin: &str, version: &str) -> Value {
    let audiences = [
        "https://management.core.windows.net/",
        "https://management.azure.com/",
    ];
    if version < NAMED_CLOUDS {
        return json!({
            "galleryEndpoint": origin,
            "graphEndpoint": "https://graph.windows.net/",
            "portalEndpoint": origin,
            "authentication": { "loginEndpoint": origin, "audiences": audiences },
        });
    }
    let authority = origin
        .split_once("://")
        .map_or(origin, |(_, authority)| authority);
    json!([{
        "name": "AzureCloud",
        "portal": origin,
        "gallery": origin,
        "resourceManager": origin,
        "graph": "https://graph.windows.net/",
        "graphAudience": "https://graph.windows.net/",
        "batch": "https://batch.core.windows.net/",
        "media": "https://rest.media.azure.net",
        "sqlManagement": origin,
        "vmImageAliasDoc": origin,
        "activeDirectoryDataLake": "https://datalake.azure.net/",
        "authentication": {
            "loginEndpoint": origin,
            "audiences": audiences,
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "suffixes": {
            "storage": authority,
            "sqlServerHostname": "database.windows.net",
            "keyVaultDns": "vault.azure.net",
            "acrLoginServer": "azurecr.io",
            "azureDataLakeStoreFileSystem": format!("azuredatalakestore.{authority}"),
            "azureDataLakeAnalyticsCatalogAndJob": format!("azuredatalakeanalytics.{authority}"),
        },
    }])
}
