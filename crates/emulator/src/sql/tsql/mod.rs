//! The statement layer of T-SQL: batches, procedural code, EXEC and DDL are ours; queries and expressions are read by
//! `sqlparser` from the same token stream.
//!
//! Nothing here runs anything. A whole batch is read before its first statement runs.

mod control;
mod cursor;
mod data_type;
mod definitions;
mod execute;
mod parser;
mod rows;
mod security;

use datafusion::sql::sqlparser::ast::{self, Expr, ObjectName, Query};

pub(super) use cursor::SyntaxError;
pub(super) use data_type::{SqlType, TypeError};
pub(super) use parser::{parse, parse_parameters, single_query};
pub(super) use security::{Action, LoginChange, Securable, Security};

/// The name of an object that is written in a text, as procedures take it; `None` for anything else.
pub(super) fn object_name(text: &str) -> Option<ObjectName> {
    let mut parsed = parse(&format!("TRUNCATE TABLE {text}")).ok()?;
    match (parsed.pop()?.kind, parsed.is_empty()) {
        (StatementKind::Truncate(name), true) => Some(name),
        _ => None,
    }
}

/// A statement and the line it starts on, from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Statement {
    pub(super) kind: StatementKind,
    pub(super) line: u32,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StatementKind {
    /// A query whose rows go to the client.
    Select(Box<Query>),
    /// `SELECT @a = e, ...`: variables in the order of the query's columns.
    Assign(Vec<String>, Box<Query>),
    /// `SELECT ... INTO t`.
    SelectInto(ObjectName, Box<Query>),
    Insert(Insert),
    Update(Box<ast::Update>),
    Delete(Box<ast::Delete>),
    /// `INSERT BULK`: the rows follow in a message of their own.
    InsertBulk(InsertBulk),
    CreateTable(CreateTable),
    DropTable {
        names: Vec<ObjectName>,
        if_exists: bool,
    },
    Truncate(ObjectName),
    CreateProcedure(CreateProcedure),
    DropProcedure {
        names: Vec<ObjectName>,
        if_exists: bool,
    },
    CreateDatabase(String),
    DropDatabase {
        names: Vec<String>,
        if_exists: bool,
    },
    Use(String),
    Declare(Vec<Declaration>),
    Set(String, Expr),
    /// `SET NOCOUNT ON` and kin: the option and the words behind it.
    SetOption(String, Vec<String>),
    If {
        condition: Expr,
        then: Box<Statement>,
        otherwise: Option<Box<Statement>>,
    },
    While(Expr, Box<Statement>),
    Break,
    Continue,
    Block(Vec<Statement>),
    TryCatch {
        body: Vec<Statement>,
        handler: Vec<Statement>,
    },
    Return(Option<Expr>),
    Print(Expr),
    RaisError(Vec<Expr>),
    /// `THROW`, or `THROW number, message, state`.
    Throw(Option<Box<[Expr; 3]>>),
    Begin,
    Commit,
    /// With the savepoint's name, where one is given.
    Rollback(Option<String>),
    Save(String),
    Execute(Execute),
    Reconfigure,
    Security(Security),
    /// `WAITFOR DELAY`: for how long, as a text.
    WaitFor(Expr),
    /// Recognised and not carried out: the statement's name.
    Unsupported(String),
}

/// `INSERT`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Insert {
    pub(super) table: ObjectName,
    /// Empty for all columns.
    pub(super) columns: Vec<String>,
    pub(super) source: InsertSource,
}

/// Where inserted rows come from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum InsertSource {
    Query(Box<Query>),
    Execute(Box<Execute>),
    DefaultValues,
}

/// `INSERT BULK` with the columns as the client declares them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct InsertBulk {
    pub(super) table: ObjectName,
    pub(super) columns: Vec<String>,
}

/// `CREATE PROCEDURE` and `ALTER PROCEDURE`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CreateProcedure {
    pub(super) name: ObjectName,
    pub(super) parameters: Vec<Declaration>,
    /// The statements behind AS, behind as many empty lines as are before them in the batch.
    pub(super) body: String,
    /// CREATE: there must be none yet.
    pub(super) create: bool,
    /// ALTER: there must be one.
    pub(super) alter: bool,
}

/// `CREATE TABLE`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CreateTable {
    pub(super) name: ObjectName,
    pub(super) columns: Vec<ColumnDefinition>,
    /// The columns of a PRIMARY KEY written behind the columns.
    pub(super) primary_key: Vec<String>,
}

/// A column of `CREATE TABLE`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ColumnDefinition {
    pub(super) name: String,
    pub(super) sql_type: SqlType,
    /// `None` where neither NULL nor NOT NULL is written.
    pub(super) nullable: Option<bool>,
    pub(super) identity: Option<Identity>,
    pub(super) default: Option<Expr>,
    pub(super) primary_key: bool,
}

/// `IDENTITY(seed, increment)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Identity {
    pub(super) seed: i64,
    pub(super) increment: i64,
}

/// A variable of `DECLARE`, or a parameter of `sp_executesql`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Declaration {
    /// With its `@`, as written.
    pub(super) name: String,
    pub(super) sql_type: SqlType,
    pub(super) value: Option<Expr>,
    pub(super) output: bool,
}

/// `EXEC`, or a procedure named at the start of a batch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Execute {
    pub(super) target: ExecuteTarget,
    pub(super) arguments: Vec<Argument>,
    /// The variable that takes the return status.
    pub(super) status: Option<String>,
    pub(super) result_sets: ResultSets,
}

/// What is executed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ExecuteTarget {
    Procedure(ObjectName),
    /// `EXEC ('text' + @more)`.
    Text(Box<Expr>),
}

/// An argument of a procedure.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Argument {
    /// With its `@`; `None` for one given by position.
    pub(super) name: Option<String>,
    pub(super) value: ArgumentValue,
    pub(super) output: bool,
}

/// The value of an argument.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ArgumentValue {
    Expr(Box<Expr>),
    Default,
}

/// `WITH RESULT SETS`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ResultSets {
    /// Whatever comes.
    Undefined,
    /// None may come.
    None,
    /// These, in order.
    Defined(Vec<Vec<ColumnDefinition>>),
}
