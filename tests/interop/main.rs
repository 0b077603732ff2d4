//! The original clients, unmodified, against the emulator: each runs under `azml emulator exec`
//! and is told nothing else.

mod formats;
mod studio;
