//! Our clients against the emulator.

mod studio_client;
