//! What every azml client shares and no service owns: the error type, endpoints and clouds, the HTTP transport below
//! `azure_core`'s pipeline, the clock, and redaction.
//!
//! This crate knows no service and signs nothing: credentials live in `azml-auth`.

pub mod clock;
pub mod cloud;
pub mod endpoint;
pub mod env;
mod error;
pub mod http;
pub mod operation;
pub mod paging;
pub mod redact;
pub mod transport;

pub use error::{Error, ErrorDetail, ErrorKind, Result};
