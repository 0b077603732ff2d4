//! Summaries of frames.

use std::collections::BTreeMap;

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch, StringArray},
    compute::cast,
    datatypes::{DataType, Float64Type, Schema},
};

use super::{Cells, Counts, Levels, Moments, Options, Resolved, Role, RxSummary, resolve};
use crate::{error::Result, formula::Formula, session::Frame};

/// The roles of columns by their types.
pub(super) fn roles(schema: &Schema) -> Vec<(String, Role)> {
    let role = |data_type: &DataType| match data_type {
        DataType::Dictionary(..) | DataType::Boolean => Role::Factor,
        other if other.is_numeric() => Role::Number,
        _ => Role::Text,
    };
    schema
        .fields()
        .iter()
        .map(|field| (field.name().clone(), role(field.data_type())))
        .collect()
}

pub(super) fn summarise(
    formula: &Formula,
    file: Option<String>,
    frame: &Frame,
    options: Options,
) -> Result<RxSummary> {
    let terms = resolve(formula, &roles(&frame.schema()), options)?;
    let columns: Vec<String> = {
        let mut names: Vec<String> = terms.iter().flat_map(Resolved::columns).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let mut tallies: Vec<Tally> = terms
        .iter()
        .map(|term| Tally::new(term, frame))
        .collect::<Result<_>>()?;
    let (mut valid, mut missing) = (0, 0);
    for batch in frame.batches() {
        let complete = complete(batch, &columns)?;
        for complete in &complete {
            if *complete || options.by_term {
                valid += 1;
            } else {
                missing += 1;
            }
        }
        for (term, tally) in terms.iter().zip(&mut tallies) {
            tally.add(
                term,
                batch,
                (!options.by_term).then_some(complete.as_slice()),
            )?;
        }
    }
    let mut summary = RxSummary {
        formula: formula.to_string(),
        is_file: file.is_some(),
        data: file.unwrap_or_else(|| "frame".to_owned()),
        valid_obs: valid,
        missing_obs: missing,
        statistics: Vec::new(),
        categorical: Vec::new(),
        by_category: Vec::new(),
    };
    for (term, tally) in terms.iter().zip(tallies) {
        tally.finish(term, options, &mut summary);
    }
    Ok(summary)
}

impl Resolved {
    pub(super) fn columns(&self) -> impl Iterator<Item = String> {
        let factors = self.factors.iter().map(|(name, _)| name.clone());
        self.number.clone().into_iter().chain(factors)
    }
}

/// For each row whether none of these columns is missing there.
fn complete(batch: &RecordBatch, columns: &[String]) -> Result<Vec<bool>> {
    let mut complete = vec![true; batch.num_rows()];
    for name in columns {
        let column = batch.column(batch.schema().index_of(name)?);
        let numbers = if column.data_type().is_floating() {
            Some(cast(column, &DataType::Float64)?)
        } else {
            None
        };
        for (row, complete) in complete.iter_mut().enumerate() {
            let nan = numbers
                .as_ref()
                .is_some_and(|numbers| numbers.as_primitive::<Float64Type>().value(row).is_nan());
            *complete &= column.is_valid(row) && !nan;
        }
    }
    Ok(complete)
}

/// What is counted for a term. Levels are kept by their order.
struct Tally {
    total: Moments,
    /// The levels of each factor, in their order.
    levels: Vec<Vec<String>>,
    /// By the positions of the levels.
    cells: BTreeMap<Vec<usize>, (u64, Moments)>,
    missing: u64,
}

impl Tally {
    fn new(term: &Resolved, frame: &Frame) -> Result<Self> {
        let mut levels = Vec::with_capacity(term.factors.len());
        for (name, of) in &term.factors {
            levels.push(first_levels(name, of.range(), frame)?);
        }
        Ok(Self {
            total: Moments::default(),
            levels,
            cells: BTreeMap::new(),
            missing: 0,
        })
    }

    fn add(&mut self, term: &Resolved, batch: &RecordBatch, only: Option<&[bool]>) -> Result<()> {
        let schema = batch.schema();
        let numbers = match &term.number {
            Some(name) => Some(cast(
                batch.column(schema.index_of(name)?),
                &DataType::Float64,
            )?),
            None => None,
        };
        let mut factors = Vec::with_capacity(term.factors.len());
        for (name, of) in &term.factors {
            factors.push((
                texts(batch.column(schema.index_of(name)?), *of != Levels::Values)?,
                of.range().is_some(),
            ));
        }
        for row in 0..batch.num_rows() {
            if only.is_some_and(|only| !only[row]) {
                continue;
            }
            let mut key = Vec::with_capacity(factors.len());
            for ((texts, fixed), levels) in factors.iter().zip(&mut self.levels) {
                key.extend(level(texts, row, *fixed, levels));
            }
            let value = numbers.as_ref().map(|numbers| {
                let numbers = numbers.as_primitive::<Float64Type>();
                if numbers.is_valid(row) {
                    numbers.value(row)
                } else {
                    f64::NAN
                }
            });
            if key.len() < factors.len() {
                self.missing += 1;
                if value.is_some() {
                    self.total.add(f64::NAN);
                }
                continue;
            }
            if let Some(value) = value {
                self.total.add(value);
            }
            if !factors.is_empty() {
                let (count, moments) = self.cells.entry(key).or_default();
                *count += 1;
                if let Some(value) = value {
                    moments.add(value);
                }
            }
        }
        Ok(())
    }

    fn finish(mut self, term: &Resolved, options: Options, summary: &mut RxSummary) {
        if term.number.is_some() {
            summary.statistics.push(self.total.statistics(&term.name));
        }
        if term.factors.is_empty() {
            return;
        }
        if !options.remove_zero_counts {
            for key in combinations(&self.levels) {
                self.cells.entry(key).or_default();
            }
        }
        let names = |key: &[usize]| -> Vec<String> {
            key.iter()
                .zip(&self.levels)
                .map(|(at, levels)| levels[*at].clone())
                .collect()
        };
        let factors = term.factors.iter().map(|(name, _)| name.clone()).collect();
        match &term.number {
            Some(variable) => summary.by_category.push(Cells {
                name: term.name.clone(),
                variable: variable.clone(),
                factors,
                cells: self
                    .cells
                    .iter()
                    .map(|(key, (_, moments))| (names(key), moments.statistics(variable)))
                    .collect(),
            }),
            None => summary.categorical.push(Counts {
                name: term.name.clone(),
                factors,
                counts: self
                    .cells
                    .iter()
                    .map(|(key, (count, _))| (names(key), *count))
                    .collect(),
                missing_obs: self.missing,
            }),
        }
    }
}

/// The levels that are known before any row: those of a dictionary, of a truth, of a range of whole numbers. Others come
/// in the order in which they occur; those of numbers without a range are put into their order here.
fn first_levels(name: &str, range: Option<(i64, i64)>, frame: &Frame) -> Result<Vec<String>> {
    if let Some((low, high)) = range {
        return Ok((low..=high).map(|level| level.to_string()).collect());
    }
    let schema = frame.schema();
    let at = schema.index_of(name)?;
    match schema.field(at).data_type() {
        DataType::Boolean => Ok(vec!["False".to_owned(), "True".to_owned()]),
        DataType::Dictionary(..) => {
            let mut levels: Vec<String> = Vec::new();
            for batch in frame.batches() {
                let values = cast(
                    batch.column(at).as_any_dictionary().values(),
                    &DataType::Utf8,
                )?;
                for level in values.as_string::<i32>().iter().flatten() {
                    if !levels.iter().any(|known| known == level) {
                        levels.push(level.to_owned());
                    }
                }
            }
            Ok(levels)
        }
        data_type if data_type.is_numeric() => {
            let mut bounds: Option<(i64, i64)> = None;
            for batch in frame.batches() {
                let numbers = cast(batch.column(at), &DataType::Int64)?;
                for number in numbers
                    .as_primitive::<arrow::datatypes::Int64Type>()
                    .iter()
                    .flatten()
                {
                    bounds = Some(bounds.map_or((number, number), |(low, high)| {
                        (low.min(number), high.max(number))
                    }));
                }
            }
            Ok(bounds.map_or_else(Vec::new, |(low, high)| {
                (low..=high).map(|level| level.to_string()).collect()
            }))
        }
        _ => Ok(Vec::new()),
    }
}

/// The levels of a column's rows as texts.
fn texts(column: &ArrayRef, number: bool) -> Result<StringArray> {
    let column = if number {
        cast(column, &DataType::Int64)?
    } else {
        ArrayRef::clone(column)
    };
    let texts = match column.data_type() {
        DataType::Boolean => {
            let texts = column
                .as_boolean()
                .iter()
                .map(|value| value.map(|value| if value { "True" } else { "False" }));
            return Ok(texts.collect());
        }
        _ => cast(&column, &DataType::Utf8)?,
    };
    Ok(texts.as_string::<i32>().clone())
}

/// The position of a row's level; a new one is added, unless the levels are given.
fn level(texts: &StringArray, row: usize, fixed: bool, levels: &mut Vec<String>) -> Option<usize> {
    let text = texts.is_valid(row).then(|| texts.value(row))?;
    let found = levels.iter().position(|level| level == text);
    if found.is_none() && !fixed {
        levels.push(text.to_owned());
        return Some(levels.len() - 1);
    }
    found
}

/// Every combination of levels, in their order.
fn combinations(levels: &[Vec<String>]) -> Vec<Vec<usize>> {
    levels.iter().fold(vec![Vec::new()], |keys, levels| {
        keys.iter()
            .flat_map(|key| {
                (0..levels.len()).map(move |at| key.iter().copied().chain([at]).collect())
            })
            .collect()
    })
}
