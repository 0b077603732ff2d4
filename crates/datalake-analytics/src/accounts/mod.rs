//! Accounts of Data Lake Analytics and Data Lake Store in Azure Resource Manager, and what belongs to them.

mod analytics;
mod firewall;
mod links;
mod plane;
mod policies;
mod stores;

pub use analytics::Accounts;
pub use firewall::FirewallRules;
pub use links::{StorageLinks, StoreLinks};
pub use policies::Policies;
pub use stores::{NamedRules, Stores};
