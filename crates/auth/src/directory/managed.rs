//! Identities that the machine or its tools already have: managed identity, the Azure CLI, the Azure Developer CLI.

use std::sync::Arc;

use azml_core::Result;
use azure_core::credentials::TokenCredential;
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzureDeveloperCliCredentialOptions, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions,
};

pub use azure_identity::UserAssignedId;

use super::CredentialOptions;

/// The identity that the platform assigned to this machine or app: the one named, or the system's.
///
/// Where it is comes from the process: `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`, or the address of virtual machines.
///
/// # Errors
/// [`Unauthorized`](azml_core::ErrorKind::Unauthorized) for a platform that is not supported.
pub fn managed_identity(
    user_assigned_id: Option<UserAssignedId>,
    options: CredentialOptions,
) -> Result<Arc<dyn TokenCredential>> {
    Ok(ManagedIdentityCredential::new(Some(
        ManagedIdentityCredentialOptions {
            user_assigned_id,
            client_options: options.client_options,
        },
    ))?)
}

/// The identity that is signed in to the Azure CLI (`az`), in the tenant that is named or in its own.
///
/// # Errors
/// [`Unauthorized`](azml_core::ErrorKind::Unauthorized) for a tenant that is no name.
pub fn azure_cli(tenant: Option<String>) -> Result<Arc<dyn TokenCredential>> {
    Ok(AzureCliCredential::new(Some(AzureCliCredentialOptions {
        tenant_id: tenant,
        ..AzureCliCredentialOptions::default()
    }))?)
}

/// The identity that is signed in to the Azure Developer CLI (`azd`), in the tenant that is named or in its own.
///
/// # Errors
/// [`Unauthorized`](azml_core::ErrorKind::Unauthorized) for a tenant that is no name.
pub fn azure_developer_cli(tenant: Option<String>) -> Result<Arc<dyn TokenCredential>> {
    Ok(AzureDeveloperCliCredential::new(Some(
        AzureDeveloperCliCredentialOptions {
            tenant_id: tenant,
            ..AzureDeveloperCliCredentialOptions::default()
        },
    ))?)
}
