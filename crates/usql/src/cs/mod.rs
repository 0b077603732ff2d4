//! C# as U-SQL uses it: types, values, and what operators, conversions and
//! members do to one value. Knows no Arrow, no rowset and no script, so that
//! every rule stands in one place and is tested by itself.

mod clr;
pub(crate) mod datetime;
pub(crate) mod decimal;
mod error;
pub(crate) mod format;
pub(crate) mod members;
pub(crate) mod number;
pub(crate) mod ops;
pub(crate) mod parse;
pub(crate) mod resolve;
pub(crate) mod text;
mod types;
mod value;

pub(crate) use error::{CsError, CsResult};
pub(crate) use types::EnumType;
pub use types::Type;
pub(crate) use value::{DateTime, DateTimeKind, Items, Value};
