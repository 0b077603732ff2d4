//! Programs to plans of the query engine.

mod aggregate;
mod function;
mod join;
mod lower;
mod prune;
mod window;

pub(crate) use join::joins_are_small;
pub(crate) use lower::Lowering;
