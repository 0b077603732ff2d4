//! Programs to plans of the query engine.

mod aggregate;
mod cooperative;
mod function;
mod join;
mod lower;
mod prune;
mod stage;
mod window;

pub(crate) use cooperative::cooperative;
pub(crate) use join::joins_are_small;
pub(crate) use lower::Lowering;
pub use stage::StageStatistics;
pub(crate) use stage::StageTree;
