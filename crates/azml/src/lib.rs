#![doc = include_str!("../README.md")]

pub use azml_auth as auth;
pub use azml_core::{Error, ErrorKind, Result};

#[cfg(feature = "datalake-analytics")]
pub use azml_datalake_analytics as datalake_analytics;
#[cfg(feature = "datastore")]
pub use azml_datastore as datastore;
#[cfg(feature = "studio-classic")]
pub use azml_studio_classic as studio_classic;
#[cfg(feature = "usql")]
pub use azml_usql as usql;
