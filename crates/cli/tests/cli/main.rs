//! Runs the built `azml` as a user would: output, exit status, files, signals.

#[cfg(all(unix, feature = "engine"))]
mod datastore;
#[cfg(all(unix, feature = "engine"))]
mod emulator;
#[cfg(all(unix, feature = "engine"))]
mod exec;
mod help;
#[cfg(all(unix, feature = "engine"))]
mod lake;
#[cfg(all(unix, feature = "engine"))]
mod login;
#[cfg(all(target_os = "linux", feature = "engine"))]
mod mount;
mod profile;
#[cfg(all(unix, feature = "engine"))]
mod quickstart;
#[cfg(all(unix, feature = "engine"))]
mod run;
#[cfg(all(unix, feature = "engine"))]
mod running;
#[cfg(all(unix, feature = "engine"))]
mod sql;
#[cfg(all(unix, feature = "engine"))]
mod studio;
mod support;
#[cfg(all(unix, feature = "engine"))]
mod usql;
