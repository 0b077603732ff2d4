//! Azure's machine-learning data services from Rust, with the cloud or without it
