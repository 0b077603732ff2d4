//! The ways to be authorised against a storage account, as one type that clients take.

use std::fmt;
use std::sync::Arc;

use azml_core::clock::Clock;
use azure_core::credentials::TokenCredential;
use azure_core::http::policies::{Policy, auth::BearerTokenAuthorizationPolicy};

use super::key::SharedKey;
use super::policy::{SasPolicy, SharedKeyPolicy};
use super::sas::SasToken;

/// The scope of tokens for every storage service.
pub const STORAGE_SCOPE: &str = "https://storage.azure.com/.default";

/// How requests to a storage account are authorised.
#[derive(Clone)]
#[non_exhaustive]
pub enum StorageCredential {
    /// Account name and key.
    SharedKey(SharedKey),
    /// A shared access signature.
    Sas(SasToken),
    /// A directory token; https only.
    Token(Arc<dyn TokenCredential>),
    /// Nothing: public containers only.
    Anonymous,
}

impl StorageCredential {
    /// The policies for `ClientOptions::per_try_policies` that authorise each request.
    pub fn policies(&self, clock: &Arc<dyn Clock>) -> Vec<Arc<dyn Policy>> {
        match self {
            Self::SharedKey(key) => vec![Arc::new(SharedKeyPolicy::with_clock(
                key.clone(),
                Arc::clone(clock),
            ))],
            Self::Sas(sas) => vec![Arc::new(SasPolicy::new(sas.clone()))],
            Self::Token(credential) => vec![Arc::new(BearerTokenAuthorizationPolicy::new(
                Arc::clone(credential),
                [STORAGE_SCOPE],
            ))],
            Self::Anonymous => Vec::new(),
        }
    }
}

impl fmt::Debug for StorageCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SharedKey(key) => f.debug_tuple("SharedKey").field(key).finish(),
            Self::Sas(_) => f.write_str("Sas(***)"),
            Self::Token(_) => f.write_str("Token(***)"),
            Self::Anonymous => f.write_str("Anonymous"),
        }
    }
}
