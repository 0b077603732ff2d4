//! An application's own identity, by client id and secret.

use std::sync::Arc;

use azml_core::Result;
use azure_core::{
    cloud::{CloudConfiguration, CustomConfiguration},
    credentials::{Secret as AzureSecret, TokenCredential},
};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};

use super::CredentialOptions;
use crate::Secret;

/// A credential of `azure_identity` for the application `client_id` of `tenant`.
///
/// # Errors
/// [`InvalidArgument`](azml_core::ErrorKind::InvalidArgument) for an authority that is not https or a tenant that
/// is no name.
pub fn client_secret(
    tenant: &str,
    client_id: &str,
    secret: &Secret,
    options: CredentialOptions,
) -> Result<Arc<dyn TokenCredential>> {
    options.check_authority()?;
    let mut custom = CustomConfiguration::default();
    custom.authority_host = options
        .authority_host
        .to_string()
        .trim_end_matches('/')
        .to_owned();
    let mut client_options = options.client_options;
    client_options.cloud = Some(Arc::new(CloudConfiguration::from(custom)));
    let credential = ClientSecretCredential::new(
        tenant,
        client_id.to_owned(),
        AzureSecret::from(secret),
        Some(ClientSecretCredentialOptions { client_options }),
    )?;
    Ok(credential)
}
