//! Types as they are written.

use super::Ident;
use crate::Span;

/// A type as written: `int?`, `SQL.MAP<string, int?>`, `System.Text.Encoding`.
#[derive(Clone, Debug)]
pub struct TypeRef {
    /// The dotted name.
    pub path: Vec<Ident>,
    /// Type arguments of the last part.
    pub args: Vec<TypeRef>,
    /// What follows, in order.
    pub suffixes: Vec<TypeSuffix>,
    /// Where.
    pub span: Span,
}

/// What follows a type's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeSuffix {
    /// `?`
    Nullable,
    /// `[]`
    Array,
}

/// A column of a schema: `name type`.
#[derive(Clone, Debug)]
pub struct ColumnDef {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: TypeRef,
}
