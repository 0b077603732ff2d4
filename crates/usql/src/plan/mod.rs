//! Programs to plans of the query engine.

mod function;
mod lower;
mod window;

pub(crate) use lower::{Lowering, joins_are_small};
