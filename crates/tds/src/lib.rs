//! The server's side of TDS 7.4, SQL Server's wire protocol, as bytes in and bytes out.
//!
//! Nothing here reads a socket, keeps a session or knows SQL: [`packet`] cuts and joins messages, [`prelogin`] and
//! [`login7`] read how a client introduces itself, [`request`] reads what it asks, [`token`] writes the answer, and
//! [`types`] turns values into bytes and back. Every reader is bounds-checked and refuses what it cannot hold.

pub mod bulk;
mod codepage;
mod error;
pub mod login7;
pub mod packet;
pub mod prelogin;
mod reader;
pub mod request;
pub mod token;
pub mod types;

pub use codepage::Collation;
pub use error::{Error, Result};
pub use reader::Reader;
