//! Azure's machine-learning data services as one local process that speaks the
//! real protocols: for work without an account, and for the services that are
//! no more.
//!
//! [`Emulator::builder`] starts one inside this process; the `azml emulator`
//! command is a thin face of the same.
//!
//! A service is a module of its own. It is registered in `services.rs`, gets a
//! [`state::State`] to keep its data in, and gives routes, ports and
//! environment entries. Services do not know each other.

mod adla;
mod admin;
mod arm;
mod authority;
mod config;
mod emulator;
mod entra;
mod environment;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod http;
mod identity;
mod odata;
mod ports;
mod running;
mod scripts;
mod services;
mod sql;
pub mod state;
mod storage;
mod studio;
#[cfg(test)]
mod testing;
mod tls;
mod workspace;

pub use config::Builder;
pub use emulator::Emulator;
pub use error::StartError;
pub use running::{ADMIN_HEADER, Running};
pub use scripts::revoscalepy;
