//! Statements that are no data definitions.

use super::{
    AlterTable, Create, Drop, Expr, Ident, Invocation, ObjectName, OrderFetch, Query, TypeRef,
};
use crate::Span;

/// A statement and its place, without the semicolon.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// Where.
    pub span: Span,
}

/// The kinds of statements.
#[derive(Clone, Debug)]
pub enum StatementKind {
    /// `@a = …`, `(@a, @b) = f(…)`
    Assign {
        /// The rowset variables.
        targets: Vec<Ident>,
        /// What they name.
        query: Box<Query>,
    },
    /// `OUTPUT … TO … USING …`
    Output(Box<Output>),
    /// `DECLARE @x …`
    Declare(Box<Declare>),
    /// `USE …`
    Use {
        /// `SCHEMA` rather than `DATABASE`.
        schema: bool,
        /// Which.
        name: ObjectName,
    },
    /// `CREATE …`, `DECLARE FUNCTION|PROCEDURE|VIEW|TYPE|ASSEMBLY @x …`
    Create(Box<Create>),
    /// `ALTER TABLE …`
    AlterTable(Box<AlterTable>),
    /// `DROP …`
    Drop(Drop),
    /// `INSERT INTO …`
    Insert(Box<Insert>),
    /// `TRUNCATE TABLE …`
    Truncate {
        /// Which.
        table: ObjectName,
        /// Only these partitions.
        partitions: Vec<Vec<Expr>>,
    },
    /// A procedure's call.
    Call(Invocation),
    /// `SET @@x = …`
    Set {
        /// Which.
        name: Ident,
        /// To what.
        value: Expr,
    },
    /// `IF … THEN … END`
    If {
        /// Conditions and what they guard, in order.
        arms: Vec<(Expr, Vec<Statement>)>,
        /// `ELSE`.
        otherwise: Vec<Statement>,
    },
    /// `RAISE ERROR …`, `RAISE WARNING …`
    Raise {
        /// `WARNING`.
        warning: bool,
        /// The text.
        message: Expr,
    },
    /// `REFERENCE [SYSTEM] ASSEMBLY …`
    Reference {
        /// `SYSTEM`.
        system: bool,
        /// Which.
        name: ObjectName,
    },
    /// `USING [name =] namespace`
    Using {
        /// The short name.
        alias: Option<Ident>,
        /// The namespace or type.
        target: TypeRef,
    },
    /// `DEPLOY RESOURCE …`
    Deploy(Vec<Expr>),
    /// `IMPORT PACKAGE … AS …`
    Import {
        /// Which, with what.
        package: Invocation,
        /// `AS`.
        alias: Option<Ident>,
    },
    /// `EXPORT @v [type] = e` in a package.
    ExportVariable(Box<Declare>),
    /// `EXPORT ASSEMBLY name …` in a package.
    ExportAssembly(ObjectName),
    /// `RETURN` in a function.
    Return,
    /// A statement of a group that is parsed as a whole.
    Other(OtherStatement),
}

/// Statements that are recognised, and of which only the kind is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherStatement {
    /// CREATE, ALTER or DROP CREDENTIAL.
    Credential,
    /// Data sources and external tables.
    Federated,
    /// CREATE, UPDATE or DROP STATISTICS.
    Statistics,
    /// ALTER of an object other than a table, GRANT, REVOKE.
    Administration,
}

/// `OUTPUT …`.
#[derive(Clone, Debug)]
pub struct Output {
    /// The rows.
    pub input: Query,
    /// `TO`.
    pub path: Expr,
    /// `ORDER BY`.
    pub order: Option<OrderFetch>,
    /// `EXPIRATION`.
    pub expiration: Option<Expr>,
    /// `USING`.
    pub using: Expr,
}

/// `DECLARE @x [type] = e`.
#[derive(Clone, Debug)]
pub struct Declare {
    /// `CONST`, `EXTERNAL`.
    pub modifier: Option<DeclareModifier>,
    /// Its name.
    pub name: Ident,
    /// Its type; inferred when absent.
    pub ty: Option<TypeRef>,
    /// Its value.
    pub value: Expr,
}

/// `CONST`, `EXTERNAL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclareModifier {
    /// The value must be known when the script is compiled.
    Const,
    /// A default that an earlier declaration or a job parameter replaces.
    External,
}

/// `INSERT INTO …`.
#[derive(Clone, Debug)]
pub struct Insert {
    /// Which table.
    pub table: ObjectName,
    /// The columns; empty for all.
    pub columns: Vec<Ident>,
    /// `PARTITION (…)`.
    pub partition: Option<Vec<Expr>>,
    /// `ON INTEGRITY VIOLATION …`.
    pub violation: Option<Violation>,
    /// The rows.
    pub rows: Query,
}

/// `ON INTEGRITY VIOLATION …`.
#[derive(Clone, Debug)]
pub enum Violation {
    /// `IGNORE`
    Ignore,
    /// `MOVE TO PARTITION (…)`
    MoveTo(Vec<Expr>),
}
