//! The columns that a formula makes of a frame: the intercept, numbers, a column of zeros and ones for each level of a
//! factor, and their products.

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type, Schema},
};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    formula::{Formula, Variable},
    session::Frame,
};

/// A part of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Part {
    /// The number in a column.
    Number(String),
    /// Whether the column has this level.
    Level {
        column: String,
        level: String,
        /// All levels that are known.
        known: Vec<String>,
    },
}

impl Part {
    pub(super) fn column(&self) -> &str {
        match self {
            Self::Number(column) | Self::Level { column, .. } => column,
        }
    }
}

/// A column of the design: the product of its parts; none is the intercept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Column(pub(super) Vec<Part>);

impl Column {
    pub(super) fn name(&self) -> String {
        if self.0.is_empty() {
            return "(Intercept)".to_owned();
        }
        let parts = self.0.iter().map(|part| match part {
            Part::Number(column) => column.clone(),
            Part::Level { column, level, .. } => format!("{column}={level}"),
        });
        parts.collect::<Vec<_>>().join(":")
    }
}

/// What is known of a column before a model is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Number,
    Levels(Vec<String>),
    Text,
}

/// The rows of a design, complete ones only.
#[derive(Debug)]
pub(super) struct Design {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) dependent: Vec<f64>,
    missing: u64,
}

/// The columns that a formula makes, when this is known of the data's columns.
pub(super) fn columns(
    formula: &Formula,
    dependent: &str,
    known: &dyn Fn(&Variable) -> Result<Known>,
    all: &[String],
) -> Result<Vec<Column>> {
    let mut terms: Vec<Vec<Variable>> = Vec::new();
    if formula.everything {
        for name in all.iter().filter(|name| *name != dependent) {
            let variable = Variable::Column(name.clone());
            if known(&variable)? != Known::Text {
                terms.push(vec![variable]);
            }
        }
    }
    terms.extend(formula.terms.iter().cloned());
    let mut columns = Vec::new();
    if formula.intercept {
        columns.push(Column(Vec::new()));
    }
    for term in &terms {
        let mut products = vec![Vec::new()];
        for variable in term {
            let name = variable.column().to_owned();
            let parts: Vec<Part> = match known(variable)? {
                Known::Number => vec![Part::Number(name)],
                Known::Levels(levels) => {
                    // The last level is what the others are compared with.
                    let compared = levels.len().saturating_sub(1);
                    let level = |level: &String| Part::Level {
                        column: name.clone(),
                        level: level.clone(),
                        known: levels.clone(),
                    };
                    levels[..compared].iter().map(level).collect()
                }
                Known::Text => {
                    return Err(Error::InvalidArgument(format!(
                        "'{name}' is a column of text; convert it to a factor first"
                    )));
                }
            };
            let longer = products.iter().flat_map(|product: &Vec<Part>| {
                parts
                    .iter()
                    .map(move |part| product.iter().cloned().chain([part.clone()]).collect())
            });
            products = longer.collect();
        }
        columns.extend(products.into_iter().map(Column));
    }
    Ok(columns)
}

impl Design {
    pub(super) fn of(formula: &Formula, dependent: &str, frame: &Frame) -> Result<Self> {
        let schema = frame.schema();
        let names: Vec<String> = schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let known = |variable: &Variable| known(variable, frame, &schema);
        let columns = columns(formula, dependent, &known, &names)?;
        let mut design = Self {
            columns,
            rows: Vec::new(),
            dependent: Vec::new(),
            missing: 0,
        };
        for batch in frame.batches() {
            let values = numbers(batch, dependent)?;
            for (row, value) in rows(&design.columns, batch)?.into_iter().zip(values) {
                match (row, value) {
                    (Some(row), Some(value)) => {
                        design.rows.push(row);
                        design.dependent.push(value);
                    }
                    _ => design.missing += 1,
                }
            }
        }
        if design.rows.len() < design.columns.len() {
            return Err(Error::InvalidArgument(format!(
                "{} complete rows are too few for {} coefficients",
                design.rows.len(),
                design.columns.len()
            )));
        }
        Ok(design)
    }

    /// How many rows were used, and how many left out.
    pub(super) fn observed(&self) -> (u64, u64) {
        (
            u64::try_from(self.rows.len()).unwrap_or(u64::MAX),
            self.missing,
        )
    }
}

fn missing(name: &str) -> Error {
    Error::InvalidArgument(format!("the data has no column '{name}'"))
}

fn known(variable: &Variable, frame: &Frame, schema: &Schema) -> Result<Known> {
    let name = variable.column();
    let at = schema.index_of(name).map_err(|_| missing(name))?;
    let data_type = schema.field(at).data_type();
    match (variable, data_type) {
        (Variable::Factor(_, Some((low, high))), of) if of.is_numeric() => Ok(Known::Levels(
            (*low..=*high).map(|level| level.to_string()).collect(),
        )),
        (Variable::Factor(_, None), of) if of.is_numeric() => {
            let mut found: Vec<i64> = Vec::new();
            for batch in frame.batches() {
                let numbers = cast(batch.column(at), &DataType::Int64)?;
                found.extend(numbers.as_primitive::<Int64Type>().iter().flatten());
            }
            found.sort_unstable();
            found.dedup();
            Ok(Known::Levels(found.iter().map(i64::to_string).collect()))
        }
        (Variable::Factor(..), _) => Err(Error::InvalidArgument(format!(
            "'{name}' is no number, which F() needs"
        ))),
        (_, DataType::Boolean) => Ok(Known::Levels(vec!["True".to_owned(), "False".to_owned()])),
        (_, DataType::Dictionary(..)) => {
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
            Ok(Known::Levels(levels))
        }
        (_, of) if of.is_numeric() => Ok(Known::Number),
        _ => Ok(Known::Text),
    }
}

/// The numbers of a column; a truth is 0 or 1; `None` where one is missing.
fn numbers(batch: &RecordBatch, name: &str) -> Result<Vec<Option<f64>>> {
    let at = batch.schema().index_of(name).map_err(|_| missing(name))?;
    let column = batch.column(at);
    if !column.data_type().is_numeric() && column.data_type() != &DataType::Boolean {
        return Err(Error::InvalidArgument(format!(
            "'{name}' is not a column of numbers"
        )));
    }
    let numbers = cast(column, &DataType::Float64)?;
    let numbers = numbers.as_primitive::<Float64Type>().iter();
    Ok(numbers
        .map(|number| number.filter(|number| number.is_finite()))
        .collect())
}

/// The levels of a column as texts.
fn levels(column: &ArrayRef) -> Result<Vec<Option<String>>> {
    if column.data_type() == &DataType::Boolean {
        let truths = column.as_boolean().iter();
        return Ok(truths
            .map(|truth| truth.map(|truth| if truth { "True" } else { "False" }.to_owned()))
            .collect());
    }
    let whole = if column.data_type().is_numeric() {
        cast(column, &DataType::Int64)?
    } else {
        ArrayRef::clone(column)
    };
    let texts = cast(&whole, &DataType::Utf8)?;
    Ok(texts
        .as_string::<i32>()
        .iter()
        .map(|text| text.map(str::to_owned))
        .collect())
}

/// The values of the design's columns in each row; `None` for a row where one is missing.
pub(super) fn rows(columns: &[Column], batch: &RecordBatch) -> Result<Vec<Option<Vec<f64>>>> {
    let mut rows: Vec<Option<Vec<f64>>> =
        vec![Some(Vec::with_capacity(columns.len())); batch.num_rows()];
    for column in columns {
        let mut product: Vec<Option<f64>> = vec![Some(1.0); batch.num_rows()];
        for part in &column.0 {
            let factor: Vec<Option<f64>> = match part {
                Part::Number(name) => numbers(batch, name)?,
                Part::Level {
                    column: name,
                    level,
                    known,
                } => {
                    let at = batch.schema().index_of(name).map_err(|_| missing(name))?;
                    let found = levels(batch.column(at))?;
                    if let Some(new) = found.iter().flatten().find(|found| !known.contains(found)) {
                        return Err(Error::InvalidArgument(format!(
                            "the level '{new}' of '{name}' is not one that is known"
                        )));
                    }
                    let is_level = |found: Option<String>| {
                        found.map(|found| f64::from(u8::from(found == *level)))
                    };
                    found.into_iter().map(is_level).collect()
                }
            };
            for (product, factor) in product.iter_mut().zip(factor) {
                *product = product.zip(factor).map(|(a, b)| a * b);
            }
        }
        for (row, value) in rows.iter_mut().zip(product) {
            match (row.as_mut(), value) {
                (Some(values), Some(value)) => values.push(value),
                _ => *row = None,
            }
        }
    }
    Ok(rows)
}
