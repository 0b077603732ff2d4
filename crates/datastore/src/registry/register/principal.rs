//! Service principals of the builders that take one.

use azml_auth::Secret;

use crate::error::{Error, Result};
use crate::registry::record::Credential;

/// An application of the directory: given whole or not at all.
#[derive(Clone, Debug, Default)]
pub(super) struct Principal {
    pub(super) tenant_id: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Secret>,
    pub(super) authority: Option<String>,
    pub(super) resource: Option<String>,
}

impl Principal {
    pub(super) fn build(self, resource: &str) -> Result<Credential> {
        match (self.tenant_id, self.client_id, self.client_secret) {
            (None, None, None) => Ok(Credential::None),
            (Some(tenant_id), Some(client_id), Some(secret)) => Ok(Credential::ServicePrincipal {
                tenant_id,
                client_id,
                secret: Some(secret),
                authority: self.authority,
                resource: Some(self.resource.unwrap_or_else(|| resource.to_owned())),
            }),
            _ => Err(Error::usage(
                "a service principal needs its tenant id, client id and client secret",
            )),
        }
    }
}

/// The setters of builders that take a service principal.
macro_rules! principal_setters {
    () => {
        /// Authorises as an application of the directory.
        #[must_use]
        pub fn service_principal(
            mut self,
            tenant_id: impl Into<String>,
            client_id: impl Into<String>,
            client_secret: impl Into<Secret>,
        ) -> Self {
            self.principal.tenant_id = Some(tenant_id.into());
            self.principal.client_id = Some(client_id.into());
            self.principal.client_secret = Some(client_secret.into());
            self
        }

        /// The address of the directory. Default: that of the public cloud.
        #[must_use]
        pub fn authority(mut self, url: impl Into<String>) -> Self {
            self.principal.authority = Some(url.into());
            self
        }

        /// The resource that tokens are asked for.
        #[must_use]
        pub fn resource(mut self, url: impl Into<String>) -> Self {
            self.principal.resource = Some(url.into());
            self
        }

        /// Replaces a datastore of the same name. Default: that is an error.
        #[must_use]
        pub fn overwrite(mut self) -> Self {
            self.overwrite = true;
            self
        }
    };
}

pub(super) use principal_setters;
