//! Queries and expressions, by DataFusion over a snapshot of the catalog.

mod functions;
mod planner;
mod principals;
mod provider;
mod query;
mod rewrite;
mod views;

pub(super) use provider::{ROW_ID, TargetTable};
pub(super) use query::{ResultColumn, Scope, empty_query};
pub(super) use rewrite::relation;
