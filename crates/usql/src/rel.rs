//! Bound rowset expressions: what a script computes, as plain data that knows
//! no engine. Column references count the columns of the input from 0; the
//! columns of a join are those of its left side, then of its right side.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cs::Type;
use crate::expr::Expr;
use crate::extract::ExtractSource;
use crate::output::OutputFormat;
use crate::store::StorePath;
use crate::table::TableSource;

/// A rowset expression; shared where a script names it more than once.
pub(crate) type Rel = Arc<Relation>;

/// A rowset: how it comes about, and its columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
            match &relation.node {
                Node::Values(_) | Node::Extract(_) | Node::Table(_) => {}
                Node::Project(input, _)
                | Node::Filter(input, _)
                | Node::Aggregate(input, ..)
                | Node::Window(input, _)
                | Node::Distinct(input)
                | Node::Explode(input, ..) => pending.push(input),
                Node::Sort(sort) => pending.push(&sort.input),
                Node::Join(join) => pending.extend([&*join.left, &*join.right]),
                Node::Union(left, right)
                | Node::Except(left, right, _)
                | Node::Intersect(left, right, _) => {
                    pending.extend([&**left, &**right]);
                }
            }
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

/// How rows come about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Node {
    Values(Vec<Vec<Expr>>),
    Extract(ExtractSource),
    Table(TableSource),
    Project(#[serde(with = "crate::shared")] Rel, Vec<Expr>),
    Filter(#[serde(with = "crate::shared")] Rel, Expr),
    /// Keys first, then aggregates.
    Aggregate(
        #[serde(with = "crate::shared")] Rel,
        Vec<Expr>,
        Vec<AggregateCall>,
    ),
    /// The input's columns, then one for each function.
    Window(#[serde(with = "crate::shared")] Rel, Vec<WindowCall>),
    Join(JoinNode),
    /// All rows of both; columns by place.
    Union(
        #[serde(with = "crate::shared")] Rel,
        #[serde(with = "crate::shared")] Rel,
    ),
    Except(
        #[serde(with = "crate::shared")] Rel,
        #[serde(with = "crate::shared")] Rel,
        Duplicates,
    ),
    Intersect(
        #[serde(with = "crate::shared")] Rel,
        #[serde(with = "crate::shared")] Rel,
        Duplicates,
    ),
    Distinct(#[serde(with = "crate::shared")] Rel),
    Sort(SortNode),
    /// The input's columns, then one for each of the sequences, which are of
    /// equal length in each row: a row for each of their items.
    Explode(#[serde(with = "crate::shared")] Rel, Vec<Expr>, Empty),
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
pub(crate) struct JoinNode {
    #[serde(with = "crate::shared")]
    pub(crate) left: Rel,
    #[serde(with = "crate::shared")]
    pub(crate) right: Rel,
    pub(crate) kind: Join,
    /// Pairs of a left and a right column; none for a cross join.
    pub(crate) on: Vec<(usize, usize)>,
}

/// ORDER BY with OFFSET and FETCH.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SortNode {
    #[serde(with = "crate::shared")]
    pub(crate) input: Rel,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sink {
    #[serde(with = "crate::shared")]
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
    pub(crate) format: OutputFormat,
    /// ORDER BY of the OUTPUT itself.
    pub(crate) order: Vec<SortKey>,
}
