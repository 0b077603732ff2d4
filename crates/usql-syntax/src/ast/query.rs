//! Rowset expressions.

use super::{Arg, ColumnDef, Expr, Ident, ObjectName, TypeRef};
use crate::Span;

/// A rowset expression with its own ORDER BY … FETCH.
#[derive(Clone, Debug)]
pub struct Query {
    /// What yields the rows.
    pub kind: QueryKind,
    /// `ORDER BY … OFFSET … FETCH …`.
    pub order: Option<OrderFetch>,
    /// `SAMPLE …` behind a SELECT.
    pub sample: Option<Sample>,
    /// Where.
    pub span: Span,
}

/// The kinds of rowset expressions.
#[derive(Clone, Debug)]
pub enum QueryKind {
    /// `SELECT …`
    Select(Box<Select>),
    /// `EXTRACT …`
    Extract(Box<Extract>),
    /// `PROCESS …`
    Process(Box<Process>),
    /// `REDUCE …`
    Reduce(Box<Reduce>),
    /// `COMBINE …`
    Combine(Box<Combine>),
    /// `SAMPLE rowset …`
    Sample(Box<SampleQuery>),
    /// `@rowset`
    Rowset(Ident),
    /// A table or view.
    Object(ObjectName),
    /// A table-valued function's call.
    Call(Invocation),
    /// `VALUES (…), …`: INSERT only.
    Values(Vec<Vec<Expr>>),
    /// `( … )`
    Nested(Box<Query>),
    /// Two rowsets and an operator.
    SetOp(Box<SetOp>),
}

/// A call of a table-valued function or procedure.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Which.
    pub name: ObjectName,
    /// With what; [`super::ExprKind::Default`] for `DEFAULT`.
    pub args: Vec<Arg>,
    /// Where.
    pub span: Span,
}

/// `left op right`.
#[derive(Clone, Debug)]
pub struct SetOp {
    /// Which operator.
    pub op: SetOperator,
    /// `OUTER UNION`.
    pub outer: bool,
    /// `ALL`, `DISTINCT` or nothing.
    pub quantifier: Option<Quantifier>,
    /// `BY NAME`.
    pub by_name: Option<ByName>,
    /// `WITH DISJOINT (…)`.
    pub disjoint: Vec<Ident>,
    /// Left side.
    pub left: Query,
    /// Right side.
    pub right: Query,
    /// The operator's place.
    pub op_span: Span,
}

/// UNION, INTERSECT, EXCEPT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SetOperator {
    Union,
    Intersect,
    Except,
}

/// ALL, DISTINCT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Quantifier {
    All,
    Distinct,
}

/// `BY NAME [ON (…)]`.
#[derive(Clone, Debug, Default)]
pub struct ByName {
    /// The names after ON.
    pub names: Vec<Ident>,
    /// `*` after ON.
    pub star: bool,
    /// Whether ON was written.
    pub on: bool,
}

/// `SELECT …`.
#[derive(Clone, Debug)]
pub struct Select {
    /// `DISTINCT`.
    pub distinct: bool,
    /// The columns.
    pub items: Vec<SelectItem>,
    /// Where the rows come from.
    pub from: Source,
    /// `WHERE`.
    pub filter: Option<Expr>,
    /// `GROUP BY`.
    pub group_by: Vec<Expr>,
    /// `HAVING`.
    pub having: Option<Expr>,
}

/// A column of a SELECT.
#[derive(Clone, Debug)]
pub enum SelectItem {
    /// `*`
    Star(Span),
    /// `alias.*`
    QualifiedStar(Ident),
    /// `e AS name`
    Expr {
        /// The value.
        expr: Expr,
        /// `AS`.
        alias: Option<Ident>,
    },
}

/// Where a SELECT's rows come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// What it is.
    pub kind: SourceKind,
    /// Where.
    pub span: Span,
}

/// The kinds of sources.
#[derive(Clone, Debug)]
pub enum SourceKind {
    /// A rowset expression, `AS name` when written.
    Query {
        /// `@rowset`, a table, a call, or `( … )`.
        query: Box<Query>,
        /// `AS`.
        alias: Option<Ident>,
    },
    /// `(VALUES …) AS name(columns)`
    Values {
        /// The rows.
        rows: Vec<Vec<Expr>>,
        /// `AS`.
        alias: Ident,
        /// The columns' names.
        columns: Vec<Ident>,
    },
    /// `EXTERNAL source …`: parsed as a whole, not supported.
    External,
    /// `( … )`
    Nested(Box<Source>),
    /// Two sources.
    Join {
        /// Which rows it keeps.
        kind: JoinKind,
        /// Left side.
        left: Box<Source>,
        /// Right side.
        right: Box<Source>,
        /// `ON`.
        on: Option<Expr>,
    },
    /// `CROSS APPLY`, `OUTER APPLY`.
    Apply {
        /// Whose rows it expands.
        left: Box<Source>,
        /// `OUTER`.
        outer: bool,
        /// Into what.
        kind: ApplyKind,
        /// `AS`.
        alias: Ident,
        /// Names, and types when written.
        columns: Vec<ProduceColumn>,
    },
    /// `PIVOT`
    Pivot {
        /// What is turned.
        input: Box<Source>,
        /// The aggregate.
        aggregate: Expr,
        /// `FOR`.
        column: Expr,
        /// `IN (value AS name, …)`.
        values: Vec<(Expr, Ident)>,
        /// `AS`.
        alias: Ident,
    },
    /// `UNPIVOT`
    Unpivot {
        /// What is turned.
        input: Box<Source>,
        /// `INCLUDE NULLS`.
        include_nulls: bool,
        /// The column of values.
        value: Ident,
        /// The column of names.
        name: Ident,
        /// `IN (columns)`.
        columns: Vec<Expr>,
        /// `AS`.
        alias: Ident,
    },
}

/// Which rows a join keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum JoinKind {
    Inner,
    LeftOuter,
    RightOuter,
    FullOuter,
    Cross,
    LeftSemi,
    RightSemi,
    LeftAntiSemi,
    RightAntiSemi,
}

/// What APPLY expands a row into.
#[derive(Clone, Debug)]
pub enum ApplyKind {
    /// `EXPLODE (e)`
    Explode(Expr),
    /// `VALUES (…), …`
    Values(Vec<Vec<Expr>>),
    /// `USING udo`
    Using(Expr),
}

/// `ORDER BY … [OFFSET n ROWS] [FETCH n ROWS]`.
#[derive(Clone, Debug)]
pub struct OrderFetch {
    /// The keys.
    pub keys: Vec<SortItem>,
    /// Rows to leave out.
    pub offset: Option<Expr>,
    /// Rows to keep.
    pub fetch: Option<Expr>,
    /// Where.
    pub span: Span,
}

/// A sort key.
#[derive(Clone, Debug)]
pub struct SortItem {
    /// The value.
    pub expr: Expr,
    /// `DESC`.
    pub descending: bool,
}

/// `SAMPLE ANY(n)`, `SAMPLE UNIFORM(p)`.
#[derive(Clone, Debug)]
pub enum Sample {
    /// Any `n` rows.
    Any(Expr),
    /// Each row with the given probability.
    Uniform(Expr),
}

/// `SAMPLE rowset …`.
#[derive(Clone, Debug)]
pub struct SampleQuery {
    /// What is sampled.
    pub input: Query,
    /// `ON`.
    pub keys: Vec<Ident>,
    /// How.
    pub method: SampleMethod,
    /// `WITH WEIGHT AS`.
    pub weight: Option<Ident>,
}

/// How rows are chosen.
#[derive(Clone, Debug)]
pub enum SampleMethod {
    /// `UNIFORM (p)`
    Uniform(Expr),
    /// `UNIVERSE (p)`
    Universe(Expr),
    /// `DISTINCT (p, n)`
    Distinct(Expr, Expr),
}

/// `EXTRACT …`.
#[derive(Clone, Debug)]
pub struct Extract {
    /// The columns.
    pub columns: Vec<ExtractColumn>,
    /// `FROM`.
    pub paths: Vec<Expr>,
    /// `SORTED BY`.
    pub sorted_by: Vec<SortItem>,
    /// `REQUIRED`.
    pub required: Option<Names>,
    /// `USING`.
    pub using: Expr,
}

/// A column of an EXTRACT.
#[derive(Clone, Debug)]
pub enum ExtractColumn {
    /// `name type`
    Column(ColumnDef),
    /// `name = FILE.URI()`
    Computed {
        /// Its name.
        name: Ident,
        /// Its value.
        value: Expr,
    },
    /// `type.*`
    TypeStar(ObjectName),
}

/// A list of columns, or `*`.
#[derive(Clone, Debug)]
pub enum Names {
    /// `*`
    All,
    /// The listed ones.
    List(Vec<Ident>),
}

/// A column of a PRODUCE list; without type it passes through.
#[derive(Clone, Debug)]
pub struct ProduceColumn {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Option<TypeRef>,
}

/// An input of PROCESS, REDUCE or COMBINE.
#[derive(Clone, Debug)]
pub struct OperatorInput {
    /// The rows.
    pub query: Query,
    /// `AS`.
    pub alias: Option<Ident>,
}

/// `PRODUCE … READONLY … REQUIRED … USING …`.
#[derive(Clone, Debug)]
pub struct Produce {
    /// The columns.
    pub columns: Vec<ProduceColumn>,
    /// `SORTED BY`.
    pub sorted_by: Vec<SortItem>,
    /// `READONLY`.
    pub read_only: Option<Names>,
    /// `REQUIRED`.
    pub required: Option<Names>,
    /// `USING`.
    pub using: Expr,
}

/// `PROCESS input PRODUCE …`.
#[derive(Clone, Debug)]
pub struct Process {
    /// The rows.
    pub input: OperatorInput,
    /// The result.
    pub produce: Produce,
}

/// `REDUCE input … PRODUCE …`.
#[derive(Clone, Debug)]
pub struct Reduce {
    /// The rows.
    pub input: OperatorInput,
    /// `PRESORT`.
    pub presort: Vec<SortItem>,
    /// `ON`; empty for `ALL`.
    pub on: Vec<Ident>,
    /// The result.
    pub produce: Produce,
}

/// `COMBINE left WITH right ON … PRODUCE …`.
#[derive(Clone, Debug)]
pub struct Combine {
    /// Left rows.
    pub left: OperatorInput,
    /// Right rows.
    pub right: OperatorInput,
    /// `ON`.
    pub on: Expr,
    /// The result.
    pub produce: Produce,
}
