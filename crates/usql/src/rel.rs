//! Bound rowset expressions: what a script computes, as plain data that knows
//! no engine. Column references count the columns of the input from 0; the
//! columns of a join are those of its left side, then of its right side.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cs::Type;
use crate::expr::Expr;
use crate::extract::ExtractSource;
use crate::output::FileFormat;
use crate::python::PythonReducer;
use crate::store::StorePath;
use crate::table::TableSource;

/// A rowset expression; shared where a script names it more than once.
pub(crate) type Rel = Arc<Relation>;

/// A rowset: how it comes about, and its columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Relation {
    pub(crate) node: Node,
    pub(crate) columns: Vec<Column>,
}

impl Relation {
    /// Calls `visit` on every node, this one first.
    pub(crate) fn walk(&self, visit: &mut impl FnMut(&Node)) {
        let mut pending = vec![self];
        // Shared parts are visited once.
        let mut seen = std::collections::HashSet::new();
        while let Some(relation) = pending.pop() {
            if !seen.insert(std::ptr::from_ref(relation)) {
                continue;
            }
            visit(&relation.node);
            pending.extend(relation.node.inputs().into_iter().map(|input| &**input));
        }
    }
}

/// A column of a rowset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Column {
    /// Its name, as written.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// How rows come about from the rowsets `R`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Node<R = Rel> {
    Values(Vec<Vec<Expr>>),
    Extract(ExtractSource),
    Table(TableSource),
    Project(R, Vec<Expr>),
    Filter(R, Expr),
    /// Keys first, then aggregates.
    Aggregate(R, Vec<Expr>, Vec<AggregateCall>),
    /// The input's columns, then one for each function.
    Window(R, Vec<WindowCall>),
    Join(JoinNode<R>),
    /// All rows of both; columns by place.
    Union(R, R),
    Except(R, R, Duplicates),
    Intersect(R, R, Duplicates),
    Distinct(R),
    Sort(SortNode<R>),
    /// The input's columns, then one for each of the sequences, which are of
    /// equal length in each row: a row for each of their items.
    Explode(R, Vec<Expr>, Empty),
    /// What Python code makes of each group.
    Reduce(R, PythonReducer),
}

impl<R> Node<R> {
    /// The rowsets it is made from, in order.
    pub(crate) fn inputs(&self) -> Vec<&R> {
        match self {
            Self::Values(_) | Self::Extract(_) | Self::Table(_) => Vec::new(),
            Self::Project(input, _)
            | Self::Filter(input, _)
            | Self::Aggregate(input, ..)
            | Self::Window(input, _)
            | Self::Distinct(input)
            | Self::Reduce(input, _)
            | Self::Explode(input, ..) => vec![input],
            Self::Sort(sort) => vec![&sort.input],
            Self::Join(join) => vec![&join.left, &join.right],
            Self::Union(left, right)
            | Self::Except(left, right, _)
            | Self::Intersect(left, right, _) => vec![left, right],
        }
    }

    /// The same over other rowsets, or nothing when one of them is missing.
    pub(crate) fn over<S>(&self, mut input: impl FnMut(&R) -> Option<S>) -> Option<Node<S>> {
        Some(match self {
            Self::Values(rows) => Node::Values(rows.clone()),
            Self::Extract(source) => Node::Extract(source.clone()),
            Self::Table(source) => Node::Table(source.clone()),
            Self::Project(rel, exprs) => Node::Project(input(rel)?, exprs.clone()),
            Self::Filter(rel, predicate) => Node::Filter(input(rel)?, predicate.clone()),
            Self::Aggregate(rel, keys, calls) => {
                Node::Aggregate(input(rel)?, keys.clone(), calls.clone())
            }
            Self::Window(rel, calls) => Node::Window(input(rel)?, calls.clone()),
            Self::Join(join) => Node::Join(JoinNode {
                left: input(&join.left)?,
                right: input(&join.right)?,
                kind: join.kind,
                on: join.on.clone(),
            }),
            Self::Union(left, right) => Node::Union(input(left)?, input(right)?),
            Self::Except(left, right, duplicates) => {
                Node::Except(input(left)?, input(right)?, *duplicates)
            }
            Self::Intersect(left, right, duplicates) => {
                Node::Intersect(input(left)?, input(right)?, *duplicates)
            }
            Self::Distinct(rel) => Node::Distinct(input(rel)?),
            Self::Sort(sort) => Node::Sort(SortNode {
                input: input(&sort.input)?,
                keys: sort.keys.clone(),
                skip: sort.skip,
                fetch: sort.fetch,
            }),
            Self::Explode(rel, sequences, empty) => {
                Node::Explode(input(rel)?, sequences.clone(), *empty)
            }
            Self::Reduce(rel, reducer) => Node::Reduce(input(rel)?, reducer.clone()),
        })
    }
}

/// Whether duplicate rows count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Duplicates {
    Keep,
    Drop,
}

/// What becomes of a row whose sequence is null or empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Empty {
    /// CROSS APPLY.
    Drop,
    /// OUTER APPLY: it stays, with nulls.
    Keep,
}

/// Which rows a join keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Join {
    Inner,
    Left,
    Right,
    Full,
    LeftSemi,
    RightSemi,
    LeftAnti,
    RightAnti,
}

/// Two rowsets; null keys match null keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct JoinNode<R = Rel> {
    pub(crate) left: R,
    pub(crate) right: R,
    pub(crate) kind: Join,
    /// Pairs of a left and a right column; none for a cross join.
    pub(crate) on: Vec<(usize, usize)>,
}

/// ORDER BY with OFFSET and FETCH.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SortNode<R = Rel> {
    pub(crate) input: R,
    pub(crate) keys: Vec<SortKey>,
    pub(crate) skip: usize,
    pub(crate) fetch: Option<usize>,
}

/// A sort key: nulls come last in either direction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SortKey {
    pub(crate) expr: Expr,
    pub(crate) descending: bool,
}

/// An aggregate of a SELECT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AggregateCall {
    pub(crate) function: AggregateFunction,
    /// None for `COUNT(*)`.
    pub(crate) args: Vec<Expr>,
    pub(crate) distinct: bool,
    pub(crate) ty: Type,
}

/// The aggregates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AggregateFunction {
    Count,
    Sum,
    Avg,
    Min,
    Max,
    Stdev,
    Stdevp,
    Var,
    Varp,
    AnyValue,
    ArrayAgg,
    MapAgg,
}

impl AggregateFunction {
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "COUNT" => Self::Count,
            "SUM" => Self::Sum,
            "AVG" => Self::Avg,
            "MIN" => Self::Min,
            "MAX" => Self::Max,
            "STDEV" => Self::Stdev,
            "STDEVP" => Self::Stdevp,
            "VAR" => Self::Var,
            "VARP" => Self::Varp,
            "ANY_VALUE" => Self::AnyValue,
            "ARRAY_AGG" => Self::ArrayAgg,
            "MAP_AGG" => Self::MapAgg,
            _ => return None,
        })
    }

    /// What it gives for arguments of these types; `None` when it takes none such.
    pub(crate) fn result(self, args: &[Expr]) -> Option<Type> {
        let first = &args.first()?.ty;
        let inner = first.underlying();
        let nullable = |ty: Type| Some(ty.to_nullable());
        let number = inner.is_numeric() && *inner != Type::Char;
        match self {
            Self::Count => Some(Type::Long),
            Self::Sum | Self::Avg if number => nullable(match inner {
                Type::ULong | Type::Float | Type::Double => Type::Double,
                Type::Decimal => Type::Decimal,
                _ => Type::Long,
            }),
            Self::Min | Self::Max if first.is_comparable() => nullable(inner.clone()),
            Self::Stdev | Self::Stdevp | Self::Var | Self::Varp if number => nullable(Type::Double),
            Self::AnyValue if first.is_column_type() => nullable(inner.clone()),
            Self::ArrayAgg if first.is_column_type() => {
                Some(Type::SqlArray(Box::new(first.clone())))
            }
            Self::MapAgg => {
                let value = args.get(1)?.ty.to_nullable();
                (first.is_comparable() && value.is_column_type())
                    .then(|| Type::SqlMap(Box::new(first.clone()), Box::new(value)))
            }
            _ => None,
        }
    }
}

/// A window function of a SELECT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WindowCall {
    pub(crate) function: WindowFunction,
    pub(crate) args: Vec<Expr>,
    pub(crate) partition_by: Vec<Expr>,
    pub(crate) order_by: Vec<SortKey>,
    /// Rows before and after; `None` is the whole partition.
    pub(crate) frame: Option<(FrameEnd, FrameEnd)>,
    pub(crate) ty: Type,
}

/// An end of a frame, relative to the current row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FrameEnd {
    Unbounded,
    Offset(i64),
}

/// The window functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum WindowFunction {
    Aggregate(AggregateFunction),
    RowNumber,
    Rank,
    DenseRank,
    Ntile,
    Lag,
    Lead,
    FirstValue,
    LastValue,
    CumeDist,
    PercentRank,
    PercentileCont,
    PercentileDisc,
}

impl WindowFunction {
    /// Whether it sorts the values of a whole partition.
    pub(crate) fn is_percentile(self) -> bool {
        matches!(self, Self::PercentileCont | Self::PercentileDisc)
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "ROW_NUMBER" => Self::RowNumber,
            "RANK" => Self::Rank,
            "DENSE_RANK" => Self::DenseRank,
            "NTILE" => Self::Ntile,
            "LAG" => Self::Lag,
            "LEAD" => Self::Lead,
            "FIRST_VALUE" => Self::FirstValue,
            "LAST_VALUE" => Self::LastValue,
            "CUME_DIST" => Self::CumeDist,
            "PERCENT_RANK" => Self::PercentRank,
            "PERCENTILE_CONT" => Self::PercentileCont,
            "PERCENTILE_DISC" => Self::PercentileDisc,
            _ => return None,
        })
    }
}

/// Rows that a script leaves behind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sink {
    pub(crate) input: Rel,
    pub(crate) target: SinkTarget,
}

/// Where rows go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum SinkTarget {
    /// OUTPUT.
    File(Output),
    /// A new file of a table.
    Table(StorePath),
}

/// An OUTPUT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Output {
    pub(crate) path: StorePath,
    pub(crate) format: FileFormat,
    /// ORDER BY of the OUTPUT itself.
    pub(crate) order: Vec<SortKey>,
}
