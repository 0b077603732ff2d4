//! Joins: null keys match, and the smaller side is the one kept in memory.

use datafusion::common::{Column as PlanColumn, NullEquality};
use datafusion::logical_expr::{JoinType, LogicalPlanBuilder, ident};
use recursive::recursive;

use super::lower::{Lowered, Lowering, Result};
use crate::cs::Type;
use crate::rel::{Join, JoinNode, Node, Relation};

/// What a table is taken for when the sides of a join are compared.
const UNKNOWN_SIZE: u64 = 256 << 20;
/// As much text as may be in memory once, for all partitions together.
const SMALL: u64 = 64 << 20;

impl Lowering {
    pub(super) fn join(&mut self, join: &JoinNode) -> Result<Lowered> {
        let (left, right) = (self.relation(&join.left)?, self.relation(&join.right)?);
        let (left, right) = (
            self.fresh_keys(left, join, true)?,
            self.fresh_keys(right, join, false)?,
        );
        let (names, types) = match join.kind {
            Join::LeftSemi | Join::LeftAnti => (left.names.clone(), left.types.clone()),
            Join::RightSemi | Join::RightAnti => (right.names.clone(), right.types.clone()),
            _ => (
                [left.names.clone(), right.names.clone()].concat(),
                [left.types.clone(), right.types.clone()].concat(),
            ),
        };
        // The engine keeps the rows of the left side in memory: the smaller one goes there.
        let swapped = size(&join.right) < size(&join.left);
        if join.on.is_empty() {
            let (first, second) = if swapped {
                (right.plan, left.plan)
            } else {
                (left.plan, right.plan)
            };
            let plan = LogicalPlanBuilder::from(first)
                .cross_join(second)?
                .project(names.iter().map(ident))?
                .build()?;
            return Ok(Lowered { plan, names, types });
        }
        let kind = match join.kind {
            Join::Inner => JoinType::Inner,
            Join::Left => JoinType::Left,
            Join::Right => JoinType::Right,
            Join::Full => JoinType::Full,
            Join::LeftSemi => JoinType::LeftSemi,
            Join::RightSemi => JoinType::RightSemi,
            Join::LeftAnti => JoinType::LeftAnti,
            Join::RightAnti => JoinType::RightAnti,
        };
        let keys = join.on.iter().map(|(l, r)| {
            (
                PlanColumn::from_name(&left.names[*l]),
                PlanColumn::from_name(&right.names[*r]),
            )
        });
        let (left_keys, right_keys): (Vec<_>, Vec<_>) = keys.unzip();
        let (first, second, keys, kind) = if swapped {
            (right.plan, left.plan, (right_keys, left_keys), kind.swap())
        } else {
            (left.plan, right.plan, (left_keys, right_keys), kind)
        };
        let plan = LogicalPlanBuilder::from(first)
            .join_detailed(second, kind, keys, None, NullEquality::NullEqualsNull)?
            .project(names.iter().map(ident))?
            .build()?;
        Ok(Lowered { plan, names, types })
    }

    /// Doubles that are join keys, normalised.
    fn fresh_keys(&mut self, input: Lowered, join: &JoinNode, left: bool) -> Result<Lowered> {
        let keys: Vec<usize> = join
            .on
            .iter()
            .map(|(l, r)| if left { *l } else { *r })
            .collect();
        let is_real =
            |at: &usize| matches!(input.types[*at].underlying(), Type::Float | Type::Double);
        if !keys.iter().any(is_real) {
            return Ok(input);
        }
        self.as_keys(input)
    }
}

/// About how much there is to read for a relation, in bytes of text; rows made by the script count
/// for little.
#[recursive]
fn size(relation: &Relation) -> u64 {
    match &relation.node {
        Node::Values(rows) => u64::try_from(rows.len()).unwrap_or(u64::MAX),
        Node::Extract(source) => source.files.iter().map(|file| file.length).sum(),
        // Compressed and by columns; nothing says how many rows there are without opening them.
        Node::Table(_) => UNKNOWN_SIZE,
        Node::Project(input, _)
        | Node::Filter(input, _)
        | Node::Aggregate(input, ..)
        | Node::Window(input, _)
        | Node::Distinct(input)
        | Node::Reduce(input, _)
        | Node::Explode(input, ..) => size(input),
        Node::Sort(sort) => size(&sort.input),
        Node::Join(join) => match join.kind {
            Join::LeftSemi | Join::LeftAnti => size(&join.left),
            Join::RightSemi | Join::RightAnti => size(&join.right),
            _ => size(&join.left).saturating_add(size(&join.right)),
        },
        Node::Union(left, right) => size(left).saturating_add(size(right)),
        Node::Except(left, ..) | Node::Intersect(left, ..) => size(left),
    }
}

/// Whether the rows that joins keep in memory are so few that one table of them serves all
/// partitions. Otherwise both sides are spread by their keys.
pub(crate) fn joins_are_small(relation: &Relation) -> bool {
    let mut small = true;
    relation.walk(&mut |node| {
        let kept = match node {
            Node::Join(join) => size(&join.left).min(size(&join.right)),
            Node::Except(left, ..) | Node::Intersect(left, ..) => size(left),
            // Percentiles join their input with its groups.
            Node::Window(input, calls)
                if calls.iter().any(|call| call.function.is_percentile()) =>
            {
                size(input)
            }
            _ => 0,
        };
        small &= kept <= SMALL;
    });
    small
}
