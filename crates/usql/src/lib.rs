//! U-SQL compiled and run on one machine.

mod bind;
pub mod catalog;
mod codec;
mod compile;
mod cs;
mod error;
mod expr;
mod extract;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod output;
mod plan;
mod python;
mod rel;
mod run;
mod shared;
mod store;
mod table;
mod text_encoding;

pub use catalog::Catalog;
pub use codec::DecodeError;
pub use compile::{CompileOptions, JobInfo, Program, compile};
pub use cs::Type;
pub use error::{BadRow, RuntimeError};
pub use plan::StageStatistics;
pub use python::Scripts;
pub use rel::Column;
pub use run::{Engine, JobOutcome, Local, OutputFile, Progress, RunError, RunOptions};
pub use store::{
    Entry, EntryKind, FileInfo, FileStore, InputFile, LocalFiles, StorePath, Transaction,
};
pub use table::{Preview, preview};
