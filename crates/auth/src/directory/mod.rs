//! Credentials of the directory (Microsoft Entra ID) as `azure_core` token credentials, and the policy that sends
//! their tokens.
//!
//! Where `azure_identity` has a kind of credential it is used; what it lacks is here. No service is known here.

mod bearer;
mod cache;
mod fixed;
mod options;
mod password;
mod request;
mod secret;

pub use bearer::{BearerPolicy, InsecureLoopback};
pub use fixed::StaticTokenCredential;
pub use options::{CredentialOptions, from_environment};
pub use password::UsernamePasswordCredential;
pub use secret::client_secret;
