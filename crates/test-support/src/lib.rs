//! In-process emulator, fault proxy and fixtures for the tests of azml.
//! Nothing here may be needed outside tests.

mod emulator;
mod fault_proxy;

pub use emulator::TestEmulator;
pub use fault_proxy::{Fault, FaultProxy};
