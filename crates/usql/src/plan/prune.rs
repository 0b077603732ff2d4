//! Files of a set that a filter drops before they are opened.

use crate::cs::Value;
use crate::cs::members::Context;
use crate::expr::{Expr, Kind, evaluate_row};
use crate::extract::{ExtractSource, SourceColumn};

/// The files of a set whose names already decide against them.
pub(super) fn pruned(
    mut source: ExtractSource,
    predicate: &Expr,
    context: &Context,
) -> ExtractSource {
    let mut tests = Vec::new();
    conjuncts(predicate, &mut tests);
    let is_virtual = |at: usize| matches!(source.columns[at], SourceColumn::Virtual(_));
    let tests: Vec<&Expr> = tests
        .into_iter()
        .filter(|test| !test.columns().is_empty() && test.columns().into_iter().all(is_virtual))
        .filter(|test| !test.is_volatile())
        .collect();
    let columns = source.columns.clone();
    source.files.retain(|file| {
        let row = FileRow {
            virtuals: &file.virtuals,
            columns: &columns,
        };
        // A test that raises is left to the rows.
        tests
            .iter()
            .all(|test| evaluate_row(test, &row, context) != Ok(Value::Bool(false)))
    });
    source
}

fn conjuncts<'e>(expr: &'e Expr, into: &mut Vec<&'e Expr>) {
    match &expr.kind {
        Kind::And(a, b) => {
            conjuncts(a, into);
            conjuncts(b, into);
        }
        _ => into.push(expr),
    }
}

struct FileRow<'a> {
    virtuals: &'a [Value],
    columns: &'a [SourceColumn],
}

impl crate::expr::Row for FileRow<'_> {
    fn column(&self, at: usize) -> crate::cs::CsResult<Value> {
        Ok(match self.columns[at] {
            SourceColumn::Virtual(place) => self.virtuals[place].clone(),
            _ => Value::Null,
        })
    }
}
