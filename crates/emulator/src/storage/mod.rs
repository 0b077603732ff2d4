//! The storage services.

pub(crate) mod gen1;
