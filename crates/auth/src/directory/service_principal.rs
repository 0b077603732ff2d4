//! An application's own identity: by secret, by certificate, or by a token of a platform that the directory trusts.

use std::{path::PathBuf, sync::Arc};

use azml_core::Result;
use azure_core::credentials::{Secret as AzureSecret, TokenCredential};
use azure_identity::{
    ClientAssertionCredential, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};

use super::{
    CredentialOptions,
    certificate::{Certificate, CertificateAssertion},
    loopback::{LoopbackCredential, Proof},
    request::check_tenant,
};
use crate::Secret;

/// A credential for the application `client_id` of `tenant`, by its secret.
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
    if options.is_plain_http() {
        let proof = Proof::Secret(secret.clone());
        return LoopbackCredential::new(tenant, client_id, proof, options);
    }
    let client_options = options.identity_options();
    Ok(ClientSecretCredential::new(
        tenant,
        client_id.to_owned(),
        AzureSecret::from(secret),
        Some(ClientSecretCredentialOptions { client_options }),
    )?)
}

/// A credential for the application `client_id` of `tenant`, by an assertion that `certificate` signs.
///
/// # Errors
/// As [`client_secret`].
pub fn client_certificate(
    tenant: &str,
    client_id: &str,
    certificate: Certificate,
    options: CredentialOptions,
) -> Result<Arc<dyn TokenCredential>> {
    options.check_authority()?;
    check_tenant(tenant)?;
    let assertion = CertificateAssertion::new(tenant, client_id, certificate, &options)?;
    if options.is_plain_http() {
        let proof = Proof::Assertion(Box::new(assertion));
        return LoopbackCredential::new(tenant, client_id, proof, options);
    }
    let client_options = options.identity_options();
    Ok(ClientAssertionCredential::new(
        tenant.to_owned(),
        client_id.to_owned(),
        assertion,
        Some(ClientAssertionCredentialOptions { client_options }),
    )?)
}

/// A credential for the application `client_id` of `tenant`, by the token that a platform such as Kubernetes keeps
/// fresh in `token_file`.
///
/// # Errors
/// As [`client_secret`]; a file that cannot be read.
pub fn federated(
    tenant: &str,
    client_id: &str,
    token_file: impl Into<PathBuf>,
    options: CredentialOptions,
) -> Result<Arc<dyn TokenCredential>> {
    options.check_authority()?;
    let options = WorkloadIdentityCredentialOptions {
        credential_options: ClientAssertionCredentialOptions {
            client_options: options.identity_options(),
        },
        client_id: Some(client_id.to_owned()),
        tenant_id: Some(tenant.to_owned()),
        token_file_path: Some(token_file.into()),
    };
    Ok(WorkloadIdentityCredential::new(Some(options))?)
}
