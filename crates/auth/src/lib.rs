//! Who you are, turned into a signed request.
//!
//! Client crates hand their requests to a policy of this crate and never see how it signs. Secrets live in [`Secret`],
//! which shows nothing and wipes its memory.

mod database;
pub mod directory;
mod secret;
pub mod storage;
mod workspace_token;

pub use database::{DatabaseConnection, DatabaseLogin};
pub use secret::Secret;
pub use workspace_token::{WorkspaceToken, WorkspaceTokenPolicy};
