//! Logistic models, by iteratively reweighted least squares.

use super::{Fitted, design::Design, linear};
use crate::error::{Error, Result};

const MAX_ITERATIONS: u32 = 25;
const TOLERANCE: f64 = 1e-6;

/// The probability behind the logarithm of the odds.
pub(super) fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

pub(super) fn fit(design: &Design) -> Result<Fitted> {
    if design
        .dependent
        .iter()
        .any(|value| *value != 0.0 && *value != 1.0)
    {
        return Err(Error::InvalidArgument(
            "the dependent variable of a logistic model is 0 or 1".to_owned(),
        ));
    }
    let mut log_odds: Vec<f64> = design
        .dependent
        .iter()
        .map(|value| if *value == 1.0 { 1.0 } else { -1.0 })
        .collect();
    let mut deviance = f64::INFINITY;
    let mut iterations = 0;
    let solved = loop {
        iterations += 1;
        let weights: Vec<f64> = log_odds
            .iter()
            .map(|odds| {
                let p = probability(*odds);
                // A weight of zero would take the row out.
                (p * (1.0 - p)).max(1e-12)
            })
            .collect();
        let working: Vec<f64> = log_odds
            .iter()
            .zip(&design.dependent)
            .zip(&weights)
            .map(|((odds, value), weight)| odds + (value - probability(*odds)) / weight)
            .collect();
        let solved = linear::solve(&design.rows, &working, Some(&weights));
        for (odds, row) in log_odds.iter_mut().zip(&design.rows) {
            let parts = row
                .iter()
                .zip(&solved.values)
                .map(|(value, estimate)| value * estimate.unwrap_or(0.0));
            *odds = parts.sum();
        }
        let now: f64 = log_odds
            .iter()
            .zip(&design.dependent)
            .map(|(odds, value)| {
                let p = probability(if *value == 1.0 { *odds } else { -*odds });
                -2.0 * p.max(f64::MIN_POSITIVE).ln()
            })
            .sum();
        let change = (deviance - now).abs();
        deviance = now;
        if change < TOLERANCE * (now.abs() + 0.1) || iterations == MAX_ITERATIONS {
            break solved;
        }
    };
    Ok(Fitted {
        std_errors: solved
            .inverse
            .iter()
            .map(|entry| entry.map(f64::sqrt))
            .collect(),
        values: solved.values,
        sigma: None,
        r_squared: None,
        deviance: Some(deviance),
        iterations: Some(iterations),
    })
}
