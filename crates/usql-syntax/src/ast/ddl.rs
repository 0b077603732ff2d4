//! Data definitions.

use super::{ColumnDef, Expr, Ident, ObjectName, Query, SortItem, Statement, TypeRef};

/// `CREATE …` and the `DECLARE` forms that make a script-local object.
#[derive(Clone, Debug)]
pub struct Create {
    /// What is made.
    pub kind: CreateKind,
    /// Its name; a variable for script-local objects.
    pub name: ObjectName,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
}

/// The kinds of objects.
#[derive(Clone, Debug)]
pub enum CreateKind {
    /// `DATABASE`
    Database,
    /// `SCHEMA`
    Schema,
    /// `TABLE`
    Table(Box<TableBody>),
    /// `CLUSTERED INDEX name ON table(…)`: the name is the index's.
    Index {
        /// Of which table.
        table: ObjectName,
        /// The columns.
        keys: Vec<SortItem>,
        /// How rows are spread.
        partition: Partition,
    },
    /// `VIEW … AS …`
    View(Box<Query>),
    /// `FUNCTION …`
    Function {
        /// Parameters.
        params: Vec<Param>,
        /// Result rowsets.
        results: Vec<ResultRowset>,
        /// The body.
        body: Vec<Statement>,
    },
    /// `PROCEDURE …`
    Procedure {
        /// Parameters.
        params: Vec<Param>,
        /// The body.
        body: Vec<Statement>,
    },
    /// `TYPE … AS TABLE (…)`
    Type(Vec<ColumnDef>),
    /// `PACKAGE …`
    Package {
        /// Parameters.
        params: Vec<Param>,
        /// The body.
        body: Vec<Statement>,
    },
    /// `ASSEMBLY … FROM …`
    Assembly {
        /// A path or the bytes.
        from: Expr,
        /// `WITH ADDITIONAL_FILES = (…)`.
        additional_files: Vec<(Expr, Option<Expr>)>,
    },
}

/// `( … )` of a CREATE TABLE, and `AS` when its rows come from a query.
#[derive(Clone, Debug, Default)]
pub struct TableBody {
    /// The columns; empty with `AS`.
    pub columns: Vec<ColumnDef>,
    /// `INDEX name CLUSTERED (…)`.
    pub index: Option<IndexDef>,
    /// How rows are spread.
    pub partition: Partition,
    /// `AS`.
    pub query: Option<Query>,
}

/// `INDEX name CLUSTERED (…)`.
#[derive(Clone, Debug)]
pub struct IndexDef {
    /// Its name.
    pub name: Ident,
    /// The columns.
    pub keys: Vec<SortItem>,
}

/// `PARTITIONED BY (…) DISTRIBUTED BY …`.
#[derive(Clone, Debug, Default)]
pub struct Partition {
    /// The columns of named partitions.
    pub columns: Vec<Ident>,
    /// How rows are spread inside.
    pub scheme: Option<Scheme>,
    /// `INTO n`.
    pub into: Option<Expr>,
}

/// How rows are spread.
#[derive(Clone, Debug)]
pub enum Scheme {
    /// `HASH (…)`
    Hash(Vec<Ident>),
    /// `DIRECT HASH (…)`
    DirectHash(Vec<Ident>),
    /// `RANGE (…)`
    Range(Vec<SortItem>),
    /// `ROUND ROBIN`
    RoundRobin,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: ParamType,
    /// What `DEFAULT` stands for.
    pub default: Option<Expr>,
}

/// A parameter's type.
#[derive(Clone, Debug)]
pub enum ParamType {
    /// A scalar, or the name of a table type.
    Named(TypeRef),
    /// `TABLE (…)`
    Table(Vec<ColumnDef>),
}

/// A result of a function.
#[derive(Clone, Debug)]
pub struct ResultRowset {
    /// Its name.
    pub name: Ident,
    /// Its type; inferred when absent.
    pub ty: Option<ParamType>,
}

/// `DROP …`.
#[derive(Clone, Debug)]
pub struct Drop {
    /// What kind of object.
    pub kind: ObjectKind,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// Which.
    pub name: ObjectName,
}

/// Kinds of catalog objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ObjectKind {
    Database,
    Schema,
    Table,
    View,
    Function,
    Procedure,
    Type,
    Assembly,
    Index,
    Package,
}

impl ObjectKind {
    /// As the language spells it.
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Database => "DATABASE",
            Self::Schema => "SCHEMA",
            Self::Table => "TABLE",
            Self::View => "VIEW",
            Self::Function => "FUNCTION",
            Self::Procedure => "PROCEDURE",
            Self::Type => "TYPE",
            Self::Assembly => "ASSEMBLY",
            Self::Index => "INDEX",
            Self::Package => "PACKAGE",
        }
    }
}

/// `ALTER TABLE …`.
#[derive(Clone, Debug)]
pub struct AlterTable {
    /// Which.
    pub table: ObjectName,
    /// What changes.
    pub action: AlterAction,
}

/// What an ALTER TABLE changes.
#[derive(Clone, Debug)]
pub enum AlterAction {
    /// `REBUILD`
    Rebuild,
    /// `ADD COLUMN …`
    AddColumns(Vec<ColumnDef>),
    /// `DROP COLUMN …`
    DropColumns(Vec<Ident>),
    /// `ADD [IF NOT EXISTS] PARTITION (…), …`
    AddPartitions {
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// Their keys.
        keys: Vec<Vec<Expr>>,
    },
    /// `DROP [IF EXISTS] PARTITION (…), …`
    DropPartitions {
        /// `IF EXISTS`.
        if_exists: bool,
        /// Their keys.
        keys: Vec<Vec<Expr>>,
    },
}
