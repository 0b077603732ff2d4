//! In-process emulator, fault proxy and fixtures for the tests of azml
