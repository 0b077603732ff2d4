//! Training runs with the data of a workspace: what may be used where is checked before
//! anything is sent or started.

mod check;
mod data;
mod local;
mod record;
mod remote;
mod snapshot;

pub use local::{LocalRuns, LocalTarget};
pub use record::RunDetails;
pub use remote::{Run, Runs};
