//! The `azml` command.

fn main() {}
