//! Shows the files of a remote place as a folder of this machine, on Linux. What is behind
//! the folder is a [`Backend`]; this crate knows no service and sends no request itself.
//!
//! Reads go through a cache of blocks that is filled ahead of whoever reads in order. With
//! [`MountOptions::read_write`], a file that is written is kept on this machine until it is
//! closed and then stored as a whole, over the version it began from and no other.

#![cfg(target_os = "linux")]

mod backend;
mod blocks;
mod filesystem;
mod flights;
mod listings;
mod mount;
mod pattern;
mod points;
mod reader;
mod staging;
mod tree;

pub use backend::{Backend, Cause, Failure, File, Found, Over, Result};
pub use mount::{Mount, MountOptions, Unmounted};
pub use points::{MountError, is_available, unmount};

#[cfg(test)]
mod tests;
