//! The original clients, unmodified, against the emulator: each runs under `azml emulator exec`
//! and is told nothing else.

mod adla;
mod azurite;
mod datastore;
mod formats;
mod postgres;
mod rust_clients;
mod sql;
mod storage;
mod studio;
mod usql;
mod usql_python;
