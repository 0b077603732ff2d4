//! Azure Machine Learning workspaces and the datastores in them: register a blob
//! container, get it back by name, move directories up and down.
//!
//! ```no_run
//! # async fn example() -> azml_datastore::Result<()> {
//! use azml_datastore::{AzureBlob, Workspace};
//!
//! let workspace = Workspace::from_env()?;
//! let photos = workspace
//!     .datastores()
//!     .register(
//!         AzureBlob::new("photos", "account", "raw")
//!             .account_key("c2VjcmV0")
//!             .create_if_not_exists(),
//!     )
//!     .await?;
//! photos.upload("./images").to("train").overwrite().await?;
//! let report = photos.download("./copy").prefix("train/").await?;
//! println!("{} files", report.transferred);
//! # Ok(())
//! # }
//! ```

mod data;
mod database;
mod error;
#[cfg(all(feature = "mount", target_os = "linux"))]
pub mod mount;
mod registry;
mod runs;
mod transfer;
mod workspace;

pub use azml_runs::executor::RunState;
pub use azml_runs::{
    AccessMode, DataPath, DataReference, Estimator, Parameter, RunConfiguration, ScriptRunConfig,
    Submission, access,
};
#[cfg(feature = "object-store")]
pub use data::DatastoreObjects;
pub use data::{Datastore, Entry, Item, StorageEndpoints};
#[cfg(feature = "postgres")]
pub use database::QueryRows;
pub use error::{Error, Result};
pub use registry::{
    Api, AzureBlob, AzureDataLakeGen1, AzureDataLakeGen2, AzureFile, AzureMySql, AzurePostgreSql,
    AzureSql, AzureStorage, Blob, Credential, Databricks, Datastores, FileShare, Kind, Location,
    LoginDatabase, LoginDatabaseKind, MySql, PostgreSql, Record, Registration, StorageKind,
};
pub use runs::{LocalRuns, LocalTarget, Run, RunDetails, Runs};
pub use transfer::{Download, ErrorMode, Progress, ProgressEvent, TransferReport, Upload};
pub use workspace::{
    NewWorkspace, Workspace, WorkspaceDetails, WorkspaceOptions, WorkspaceProperties,
    WorkspaceScope,
};
