//! Our clients against the emulator.

mod data_lake;
mod studio_client;
