//! Training runs of Azure Machine Learning, without a service: which data a run gets and
//! how ([`DataReference`]), what a run is ([`RunConfiguration`], from an [`Estimator`] or a
//! [`ScriptRunConfig`]), where which access works ([`access`]), and carrying a run out on
//! this machine ([`executor`]).
//!
//! ```
//! use azml_runs::{DataReference, Estimator};
//!
//! let photos = DataReference::new("photos", None);
//! let run = Estimator::new("./code", "cpu-cluster")
//!     .entry_script("train.py")
//!     .script_param("--data", photos.as_download())
//!     .resolve()?;
//! assert_eq!(
//!     run.configuration.arguments(),
//!     ["--data", "$AZUREML_DATAREFERENCE_photos"]
//! );
//! # Ok::<(), azml_runs::Error>(())
//! ```

pub mod access;
mod configuration;
mod error;
mod estimator;
pub mod executor;
mod ignore;
mod reference;

pub use configuration::RunConfiguration;
pub use error::{Error, Result};
pub use estimator::{Estimator, Parameter, ScriptRunConfig, Submission};
pub use ignore::{SourceFile, source_files};
pub use reference::{AccessMode, DataPath, DataReference};
