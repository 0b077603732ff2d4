//! Linear and logistic models: fitted over frames here, linear ones also over tables where they are.

mod design;
mod in_sql;
mod linear;
mod logistic;

use std::{fmt, sync::Arc};

use arrow::{
    array::{ArrayRef, Float64Array, RecordBatch},
    datatypes::{DataType, Field, Schema},
};
use serde::{Deserialize, Serialize};

use crate::{
    data_step::{DataSource, Local},
    error::{Error, Result},
    formula::Formula,
    session::Frame,
    summary::significant,
};
use design::{Column, Design};

/// Whether a model is linear or logistic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ModelKind {
    /// `rx_lin_mod`.
    Linear,
    /// `rx_logit`.
    Logistic,
}

/// A coefficient of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Coefficient {
    /// The name: `(Intercept)`, a column, `column=level`, or several joined by `:`.
    pub name: String,
    /// The estimate; `None` for a column that others determine, which is left out.
    pub value: Option<f64>,
    /// Its standard error.
    pub std_error: Option<f64>,
}

/// A fitted model. It can be kept as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RxModel {
    /// What kind of model it is.
    pub kind: ModelKind,
    /// The formula.
    pub formula: String,
    /// The column that is explained.
    pub dependent: String,
    /// The coefficients, in the order of the formula.
    pub coefficients: Vec<Coefficient>,
    /// How many rows were used.
    pub valid_obs: u64,
    /// How many rows were left out because a value is missing.
    pub missing_obs: u64,
    /// The residual standard error of a linear model.
    pub sigma: Option<f64>,
    /// The share of the variance that a linear model explains.
    pub r_squared: Option<f64>,
    /// Minus twice the logarithm of the likelihood of a logistic model.
    pub deviance: Option<f64>,
    /// How many iterations a logistic model took.
    pub iterations: Option<u32>,
    columns: Vec<Column>,
}

/// What a fit found, without names.
struct Fitted {
    values: Vec<Option<f64>>,
    std_errors: Vec<Option<f64>>,
    sigma: Option<f64>,
    r_squared: Option<f64>,
    deviance: Option<f64>,
    iterations: Option<u32>,
}

fn formula_of(text: &str) -> Result<(Formula, String)> {
    let formula = Formula::parse(text)?;
    let dependent = formula
        .response
        .as_ref()
        .map(|response| response.column().to_owned())
        .ok_or_else(|| {
            Error::InvalidArgument(format!("the formula '{text}' has no dependent variable"))
        })?;
    Ok((formula, dependent))
}

fn model(
    kind: ModelKind,
    formula: &Formula,
    dependent: String,
    columns: Vec<Column>,
    observed: (u64, u64),
    fitted: Fitted,
) -> RxModel {
    let estimates = columns.iter().zip(fitted.values).zip(fitted.std_errors);
    let coefficients = estimates
        .map(|((column, value), std_error)| Coefficient {
            name: column.name(),
            value,
            std_error,
        })
        .collect();
    RxModel {
        kind,
        formula: formula.to_string(),
        dependent,
        coefficients,
        valid_obs: observed.0,
        missing_obs: observed.1,
        sigma: fitted.sigma,
        r_squared: fitted.r_squared,
        deviance: fitted.deviance,
        iterations: fitted.iterations,
        columns,
    }
}

/// Fits a linear model by least squares. Factors are dictionary columns, truths and `F()`; their last level is left out.
///
/// Over a table or query the server computes the sums and products that the model needs, by one statement; no row leaves
/// it. Over a frame it is fitted here, by an orthogonal decomposition.
///
/// # Errors
/// [`Error::InvalidArgument`] for a formula without a dependent variable, a column that is not there or is text, and for
/// fewer rows than coefficients; the server's.
pub async fn rx_lin_mod(formula: &str, source: impl Into<DataSource>) -> Result<RxModel> {
    let (parsed, dependent) = formula_of(formula)?;
    match source.into().local()? {
        Local::Rows(frame) => {
            let design = Design::of(&parsed, &dependent, &frame)?;
            let fitted = linear::fit(&design)?;
            let observed = design.observed();
            Ok(model(
                ModelKind::Linear,
                &parsed,
                dependent,
                design.columns,
                observed,
                fitted,
            ))
        }
        Local::Elsewhere(source) => in_sql::fit(&parsed, dependent, &source).await,
    }
}

/// Fits a logistic model by iteratively reweighted least squares: at most 25 iterations, until the deviance changes by less
/// than a millionth. The dependent variable is a truth, or 0 and 1.
///
/// # Errors
/// As [`rx_lin_mod`]; a table is not read: [`crate::rx_import`] it first.
pub fn rx_logit(formula: &str, frame: &Frame) -> Result<RxModel> {
    let (parsed, dependent) = formula_of(formula)?;
    let design = Design::of(&parsed, &dependent, frame)?;
    let fitted = logistic::fit(&design)?;
    let observed = design.observed();
    Ok(model(
        ModelKind::Logistic,
        &parsed,
        dependent,
        design.columns,
        observed,
        fitted,
    ))
}

impl RxModel {
    /// The predictions of the model for some rows, as a frame with the column `<dependent>_Pred`; NULL where a value is
    /// missing. A logistic model predicts probabilities.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a column that is not there or is of another kind than when the model was fitted, and
    /// for a level of a factor that the model does not know.
    pub fn predict(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        let matrix = design::rows(&self.columns, rows)?;
        let predicted: Float64Array = matrix
            .iter()
            .map(|row| {
                let row = row.as_ref()?;
                let linear: f64 = row
                    .iter()
                    .zip(&self.coefficients)
                    .map(|(value, coefficient)| value * coefficient.value.unwrap_or(0.0))
                    .sum();
                Some(match self.kind {
                    ModelKind::Linear => linear,
                    ModelKind::Logistic => logistic::probability(linear),
                })
            })
            .collect();
        let name = format!("{}_Pred", self.dependent);
        let schema = Schema::new(vec![Field::new(name, DataType::Float64, true)]);
        Ok(RecordBatch::try_new(
            Arc::new(schema),
            vec![Arc::new(predicted) as ArrayRef],
        )?)
    }
}

/// The rows of a frame with the predictions of a model behind their columns.
///
/// # Errors
/// As [`RxModel::predict`].
pub fn rx_predict(model: &RxModel, frame: &Frame) -> Result<Frame> {
    let batches = frame.batches().iter().map(|rows| {
        let predicted = model.predict(rows)?;
        let mut fields: Vec<_> = rows.schema().fields().iter().cloned().collect();
        fields.extend(predicted.schema().fields().iter().cloned());
        let columns = rows
            .columns()
            .iter()
            .chain(predicted.columns())
            .cloned()
            .collect();
        Ok(RecordBatch::try_new(
            Arc::new(Schema::new(fields)),
            columns,
        )?)
    });
    Frame::new(batches.collect::<Result<_>>()?)
}

impl fmt::Display for RxModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = match self.kind {
            ModelKind::Linear => "rx_lin_mod",
            ModelKind::Logistic => "rx_logit",
        };
        writeln!(f, "Call:\n{function}(formula = {})\n", self.formula)?;
        writeln!(f, "Dependent variable(s): {}", self.dependent)?;
        writeln!(f, "Number of valid observations: {}", self.valid_obs)?;
        writeln!(f, "Number of missing observations: {}\n", self.missing_obs)?;
        writeln!(f, "Coefficients:")?;
        let width = self
            .coefficients
            .iter()
            .map(|c| c.name.chars().count())
            .max()
            .unwrap_or(0);
        let shown = |value: Option<f64>| value.map_or_else(|| "Dropped".to_owned(), significant);
        for coefficient in &self.coefficients {
            let (value, error) = (shown(coefficient.value), shown(coefficient.std_error));
            writeln!(f, "{:<width$}  {value:>14}  {error:>14}", coefficient.name)?;
        }
        if let (Some(sigma), Some(r_squared)) = (self.sigma, self.r_squared) {
            writeln!(f, "\nResidual standard error: {}", significant(sigma))?;
            writeln!(f, "Multiple R-squared: {}", significant(r_squared))?;
        }
        if let Some(deviance) = self.deviance {
            writeln!(f, "\n-2*LogLikelihood: {}", significant(deviance))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
