//! In-process emulator, fault proxy and fixtures for the tests of azml.
//! Nothing here may be needed outside tests.

mod emulator;

pub use emulator::TestEmulator;
