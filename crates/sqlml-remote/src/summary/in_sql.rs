//! Summaries of tables and queries, computed where they are: one statement for each term.

use std::collections::BTreeMap;

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type},
};

use super::{Cells, Counts, Levels, Moments, Options, Resolved, RxSummary, local::roles, resolve};
use crate::{
    error::{Error, Result},
    formula::Formula,
    identifier::quote_name,
    session::Session,
    sql_server_data::RxSqlServerData,
};

pub(super) async fn summarise(
    formula: &Formula,
    source: &RxSqlServerData,
    options: Options,
) -> Result<RxSummary> {
    let relation = source.relation()?;
    let mut session = source.session().await?;
    let described = session
        .query(&format!("SELECT TOP 0 * FROM {relation}"), Vec::new())
        .await?;
    let terms = resolve(formula, &roles(&described.schema()), options)?;
    let complete: Vec<String> = {
        let mut names: Vec<String> = terms.iter().flat_map(Resolved::columns).collect();
        names.sort_unstable();
        names.dedup();
        names
            .iter()
            .map(|name| format!("{} IS NOT NULL", quote_name(name)))
            .collect()
    };
    let complete = complete.join(" AND ");
    let total = count(
        &mut session,
        &format!("SELECT COUNT_BIG(*) FROM {relation}"),
    )
    .await?;
    let used = if options.by_term || complete.is_empty() {
        total
    } else {
        count(
            &mut session,
            &format!("SELECT COUNT_BIG(*) FROM {relation} WHERE {complete}"),
        )
        .await?
    };
    let mut summary = RxSummary {
        formula: formula.to_string(),
        data: relation.clone(),
        is_file: false,
        valid_obs: used,
        missing_obs: total - used,
        statistics: Vec::new(),
        categorical: Vec::new(),
        by_category: Vec::new(),
    };
    let condition = if options.by_term {
        ""
    } else {
        complete.as_str()
    };
    for term in &terms {
        Statement {
            relation: &relation,
            condition,
            term,
        }
        .run(&mut session, options, &mut summary)
        .await?;
    }
    Ok(summary)
}

async fn count(session: &mut Session, query: &str) -> Result<u64> {
    let text = session.text(query, Vec::new()).await?;
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| Error::InvalidData("the server counted no rows".to_owned()))
}

/// The statement of one term.
struct Statement<'a> {
    relation: &'a str,
    condition: &'a str,
    term: &'a Resolved,
}

impl Statement<'_> {
    async fn run(
        &self,
        session: &mut Session,
        options: Options,
        summary: &mut RxSummary,
    ) -> Result<()> {
        let term = self.term;
        if let Some(number) = &term.number {
            // A row whose factor is missing is missing for the whole term.
            let number = self.number(number);
            let rows = session
                .query(&self.text(&[], Some(&number)), Vec::new())
                .await?
                .concat()?;
            let moments = moments(&rows, 0, 0)?;
            summary.statistics.push(moments.statistics(&term.name));
        }
        if term.factors.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = term
            .factors
            .iter()
            .map(|(name, levels)| key(name, *levels))
            .collect();
        let number = term.number.as_deref().map(quote_name);
        let rows = session
            .query(&self.text(&keys, number.as_deref()), Vec::new())
            .await?
            .concat()?;
        let groups = self.groups(&rows, keys.len())?;
        let names: Vec<String> = term.factors.iter().map(|(name, _)| name.clone()).collect();
        match &term.number {
            Some(variable) => summary.by_category.push(Cells {
                name: term.name.clone(),
                variable: variable.clone(),
                factors: names,
                cells: self
                    .filled(groups.cells, options)
                    .into_iter()
                    .map(|(levels, (_, moments))| (levels, moments.statistics(variable)))
                    .collect(),
            }),
            None => summary.categorical.push(Counts {
                name: term.name.clone(),
                factors: names,
                counts: self
                    .filled(groups.cells, options)
                    .into_iter()
                    .map(|(levels, (count, _))| (levels, count))
                    .collect(),
                missing_obs: groups.missing,
            }),
        }
        Ok(())
    }

    /// The number, missing where a factor is.
    fn number(&self, number: &str) -> String {
        let factors = self.term.factors.iter();
        let there: Vec<String> = factors
            .map(|(name, levels)| match levels.range() {
                Some((low, high)) => format!("{} BETWEEN {low} AND {high}", quote_name(name)),
                None => format!("{} IS NOT NULL", quote_name(name)),
            })
            .collect();
        if there.is_empty() {
            return quote_name(number);
        }
        format!(
            "CASE WHEN {} THEN {} END",
            there.join(" AND "),
            quote_name(number)
        )
    }

    fn text(&self, keys: &[String], number: Option<&str>) -> String {
        let mut columns: Vec<String> = keys
            .iter()
            .enumerate()
            .map(|(at, key)| format!("{key} AS k{at}"))
            .collect();
        columns.push("COUNT_BIG(*) AS n".to_owned());
        if let Some(number) = number {
            let number = format!("CAST({number} AS float)");
            columns.extend([
                format!("COUNT_BIG({number}) AS valid"),
                format!("AVG({number}) AS mean"),
                format!("VAR({number}) AS variance"),
                format!("MIN({number}) AS low"),
                format!("MAX({number}) AS high"),
            ]);
        }
        let mut text = format!("SELECT {} FROM {}", columns.join(", "), self.relation);
        if !self.condition.is_empty() {
            text += &format!(" WHERE {}", self.condition);
        }
        if !keys.is_empty() {
            text += &format!(" GROUP BY {}", keys.join(", "));
        }
        text
    }

    fn groups(&self, rows: &RecordBatch, keys: usize) -> Result<Groups> {
        let mut groups = Groups {
            cells: Vec::new(),
            missing: 0,
        };
        let texts = (0..keys)
            .map(|at| text(rows.column(at)))
            .collect::<Result<Vec<_>>>()?;
        let counts = cast(rows.column(keys), &DataType::Int64)?;
        for row in 0..rows.num_rows() {
            let count = u64::try_from(counts.as_primitive::<Int64Type>().value(row)).unwrap_or(0);
            let levels: Vec<String> = texts
                .iter()
                .filter(|texts| texts.is_valid(row))
                .map(|texts| texts.as_string::<i32>().value(row).to_owned())
                .collect();
            if levels.len() < keys || !self.within(&levels) {
                groups.missing += count;
                continue;
            }
            let moments = if rows.num_columns() > keys + 1 {
                moments(rows, keys, row)?
            } else {
                Moments::default()
            };
            groups.cells.push((levels, (count, moments)));
        }
        Ok(groups)
    }

    fn within(&self, levels: &[String]) -> bool {
        self.term
            .factors
            .iter()
            .zip(levels)
            .all(
                |((_, of), level)| match (of.range(), level.parse::<i64>()) {
                    (Some((low, high)), Ok(level)) => (low..=high).contains(&level),
                    (Some(_), Err(_)) => false,
                    (None, _) => true,
                },
            )
    }

    /// The cells in the order of their levels, with those that do not occur.
    fn filled(
        &self,
        cells: Vec<(Vec<String>, Cell)>,
        options: Options,
    ) -> Vec<(Vec<String>, Cell)> {
        let mut levels: Vec<Vec<String>> = Vec::new();
        for (at, (_, of)) in self.term.factors.iter().enumerate() {
            let mut found: Vec<String> =
                cells.iter().map(|(levels, _)| levels[at].clone()).collect();
            found.sort_by(|a, b| match (a.parse::<i64>(), b.parse::<i64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                _ => a.cmp(b),
            });
            found.dedup();
            if let Levels::Whole(range) = of {
                let bound =
                    |level: Option<&String>| level.and_then(|level| level.parse::<i64>().ok());
                let occurring = bound(found.first()).zip(bound(found.last()));
                if let Some((low, high)) = range.or(occurring) {
                    found = (low..=high).map(|level| level.to_string()).collect();
                }
            }
            levels.push(found);
        }
        let mut by_levels: BTreeMap<Vec<String>, Cell> = cells.into_iter().collect();
        let keys = levels
            .iter()
            .fold(vec![Vec::new()], |keys: Vec<Vec<String>>, levels| {
                let longer = keys.iter().flat_map(|key| {
                    levels
                        .iter()
                        .map(move |level| key.iter().cloned().chain([level.clone()]).collect())
                });
                longer.collect()
            });
        keys.into_iter()
            .filter_map(|key| {
                let cell = by_levels.remove(&key);
                let cell = if options.remove_zero_counts {
                    cell
                } else {
                    Some(cell.unwrap_or_default())
                };
                Some((key, cell?))
            })
            .collect()
    }
}

/// How many rows a cell has, and the moments of its number.
type Cell = (u64, Moments);

struct Groups {
    cells: Vec<(Vec<String>, Cell)>,
    missing: u64,
}

/// What a factor is grouped by. Numbers are whole.
fn key(name: &str, levels: Levels) -> String {
    match levels {
        Levels::Whole(_) => format!("CAST({} AS bigint)", quote_name(name)),
        Levels::Values => quote_name(name),
    }
}

/// The moments in the columns behind the keys.
fn moments(rows: &RecordBatch, keys: usize, row: usize) -> Result<Moments> {
    let number = |at: usize| -> Result<Option<f64>> {
        let column = cast(rows.column(keys + at), &DataType::Float64)?;
        let column = column.as_primitive::<Float64Type>();
        Ok(column.is_valid(row).then(|| column.value(row)))
    };
    let whole = |at: usize| -> Result<u64> {
        let column = cast(rows.column(keys + at), &DataType::Int64)?;
        Ok(u64::try_from(column.as_primitive::<Int64Type>().value(row)).unwrap_or(0))
    };
    let (all, valid) = (whole(0)?, whole(1)?);
    let range = number(4)?.zip(number(5)?);
    Ok(Moments::known(
        valid,
        all - valid,
        number(2)?.unwrap_or(f64::NAN),
        number(3)?.unwrap_or(0.0),
        range,
    ))
}

fn text(column: &ArrayRef) -> Result<ArrayRef> {
    if column.data_type() == &DataType::Boolean {
        let texts = column
            .as_boolean()
            .iter()
            .map(|value| value.map(|value| if value { "True" } else { "False" }));
        return Ok(std::sync::Arc::new(
            texts.collect::<arrow::array::StringArray>(),
        ));
    }
    Ok(cast(column, &DataType::Utf8)?)
}
