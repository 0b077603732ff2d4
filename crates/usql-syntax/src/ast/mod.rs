//! The syntax tree: what a script says, with the place of every part.

mod ddl;
mod expr;
mod query;
mod statement;
mod types;

pub use ddl::*;
pub use expr::*;
pub use query::*;
pub use statement::*;
pub use types::*;

use crate::Span;

/// A name, without brackets or `@`.
#[derive(Clone, Debug)]
pub struct Ident {
    /// The name itself.
    pub text: String,
    /// Where it stands, with its brackets or `@`.
    pub span: Span,
    /// How it was written.
    pub form: IdentForm,
}

/// How a name was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentForm {
    /// `name`.
    Plain,
    /// `[name]`.
    Quoted,
    /// `@name`.
    Variable,
    /// `@@name`.
    System,
}

/// The name of a catalog object: one to three parts, or a variable.
#[derive(Clone, Debug)]
pub struct ObjectName {
    /// `[database, schema, object]`, `[schema, object]` or `[object]`. An empty
    /// text stands for the part left out in `database..object`.
    pub parts: Vec<Ident>,
    /// Where.
    pub span: Span,
}

impl ObjectName {
    /// The last part.
    pub fn last(&self) -> &Ident {
        self.parts.last().expect("the parser makes no empty names")
    }
}

/// A whole script.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// In order; empty statements are left out.
    pub statements: Vec<Statement>,
}
