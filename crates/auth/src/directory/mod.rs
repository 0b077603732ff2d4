//! Credentials of the directory (Microsoft Entra ID) as `azure_core` token credentials, and the policy that sends
//! their tokens.
//!
//! Where `azure_identity` has a kind of credential it is used; what it lacks is here. No service is known here.

mod ambient;
mod bearer;
mod cache;
mod certificate;
mod certificate_file;
mod chain;
mod device_code;
mod fixed;
mod loopback;
mod managed;
mod options;
mod password;
mod refresh;
mod request;
mod service_principal;
mod session;

pub use ambient::{default_chain, environment};
pub use bearer::{BearerPolicy, InsecureLoopback};
pub use certificate::{Certificate, SignatureAlgorithm};
pub use chain::{ChainedTokenCredential, Unavailable};
pub use device_code::{DeviceCodeCredential, DeviceCodePrompt};
pub use fixed::StaticTokenCredential;
pub use managed::{UserAssignedId, azure_cli, azure_developer_cli, managed_identity};
pub use options::{CredentialOptions, from_environment};
pub use password::UsernamePasswordCredential;
pub use refresh::RefreshTokenCredential;
pub use service_principal::{client_certificate, client_secret, federated};
