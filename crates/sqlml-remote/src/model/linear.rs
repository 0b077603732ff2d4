//! Least squares: by Householder reflections over rows, by Cholesky over sums of products.

use super::{Fitted, design::Design};
use crate::error::Result;

/// A column whose remainder is smaller than this share of it is determined by those in front of it.
const DEPENDENT: f64 = 1e-10;

/// A count of rows as a number.
pub(super) fn real(count: usize) -> f64 {
    count as f64
}

pub(super) fn fit(design: &Design) -> Result<Fitted> {
    let Solved {
        values,
        inverse,
        residual,
    } = solve(&design.rows, &design.dependent, None);
    let rows = design.rows.len();
    let used = values.iter().flatten().count();
    let has_intercept = design.columns.iter().any(|column| column.0.is_empty());
    let mean = design.dependent.iter().sum::<f64>() / real(rows.max(1));
    let centre = if has_intercept { mean } else { 0.0 };
    let total: f64 = design
        .dependent
        .iter()
        .map(|value| (value - centre).powi(2))
        .sum();
    Ok(with_errors(values, &inverse, residual, total, rows - used))
}

/// The estimates with what follows from the sum of squared residuals.
pub(super) fn with_errors(
    values: Vec<Option<f64>>,
    inverse: &[Option<f64>],
    residual: f64,
    total: f64,
    freedom: usize,
) -> Fitted {
    let variance = if freedom > 0 {
        residual / real(freedom)
    } else {
        f64::NAN
    };
    Fitted {
        std_errors: inverse
            .iter()
            .map(|entry| entry.map(|entry| (entry * variance).sqrt()))
            .collect(),
        values,
        sigma: Some(variance.sqrt()),
        r_squared: Some(if total > 0.0 {
            1.0 - residual / total
        } else {
            f64::NAN
        }),
        deviance: None,
        iterations: None,
    }
}

/// What least squares give.
pub(super) struct Solved {
    /// `None` for columns that others determine.
    pub(super) values: Vec<Option<f64>>,
    /// The diagonal of the inverse of the products of the columns.
    pub(super) inverse: Vec<Option<f64>>,
    /// The sum of squared residuals.
    pub(super) residual: f64,
}

/// Least squares of rows, each with its weight.
pub(super) fn solve(rows: &[Vec<f64>], dependent: &[f64], weights: Option<&[f64]>) -> Solved {
    let width = rows.first().map_or(0, Vec::len);
    let scale = |row: usize| weights.map_or(1.0, |weights| weights[row].sqrt());
    // By columns.
    let mut matrix: Vec<Vec<f64>> = (0..width)
        .map(|column| {
            rows.iter()
                .enumerate()
                .map(|(row, values)| values[column] * scale(row))
                .collect()
        })
        .collect();
    let mut right: Vec<f64> = dependent
        .iter()
        .enumerate()
        .map(|(row, value)| value * scale(row))
        .collect();
    let norms: Vec<f64> = matrix.iter().map(|column| norm(column)).collect();
    let mut pivots = Vec::with_capacity(width);
    for (column, length) in norms.into_iter().enumerate() {
        let at = pivots.len();
        let rest = norm(&matrix[column][at..]);
        if rest <= DEPENDENT * length || rest == 0.0 {
            continue;
        }
        let mut reflector = matrix[column][at..].to_vec();
        reflector[0] += rest.copysign(reflector[0]);
        let length = dot(&reflector, &reflector);
        for other in matrix.iter_mut().skip(column) {
            reflect(&mut other[at..], &reflector, length);
        }
        reflect(&mut right[at..], &reflector, length);
        pivots.push(column);
    }
    let rank = pivots.len();
    let entry = |row: usize, at: usize| matrix[pivots[at]][row];
    let mut solution = vec![0.0; rank];
    for row in (0..rank).rev() {
        let known: f64 = (row + 1..rank)
            .map(|at| entry(row, at) * solution[at])
            .sum();
        solution[row] = (right[row] - known) / entry(row, row);
    }
    // The rows of the inverse of the triangle, whose squares add up to the diagonal that is wanted.
    let mut diagonal = vec![0.0; rank];
    for unit in 0..rank {
        let mut column = vec![0.0; rank];
        for row in (0..=unit).rev() {
            let known: f64 = (row + 1..=unit).map(|at| entry(row, at) * column[at]).sum();
            let wanted = if row == unit { 1.0 } else { 0.0 };
            column[row] = (wanted - known) / entry(row, row);
        }
        for (sum, value) in diagonal.iter_mut().zip(&column) {
            *sum += value * value;
        }
    }
    let spread = |values: &[f64]| {
        let mut all = vec![None; width];
        for (column, value) in pivots.iter().zip(values) {
            all[*column] = Some(*value);
        }
        all
    };
    Solved {
        values: spread(&solution),
        inverse: spread(&diagonal),
        residual: right[rank..].iter().map(|value| value * value).sum(),
    }
}

fn norm(values: &[f64]) -> f64 {
    dot(values, values).sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Mirrors a vector.
fn reflect(values: &mut [f64], reflector: &[f64], length: f64) {
    let share = 2.0 * dot(values, reflector) / length;
    for (value, part) in values.iter_mut().zip(reflector) {
        *value -= share * part;
    }
}

/// Least squares from the products of the columns with each other and with the dependent variable, all about their means.
/// The products are a symmetric matrix; `total` is the product of the dependent variable with itself.
pub(super) fn solve_products(products: &[Vec<f64>], with_dependent: &[f64], total: f64) -> Solved {
    let width = products.len();
    // Rows of the lower triangle, for the columns that no others determine.
    let mut triangle: Vec<Vec<f64>> = Vec::new();
    let mut pivots: Vec<usize> = Vec::new();
    for (column, line) in products.iter().enumerate() {
        let mut row: Vec<f64> = Vec::with_capacity(pivots.len() + 1);
        for (at, pivot) in pivots.iter().enumerate() {
            let known = dot(&row, &triangle[at][..at]);
            row.push((line[*pivot] - known) / triangle[at][at]);
        }
        let rest = line[column] - dot(&row, &row);
        if rest > DEPENDENT * line[column] && rest > 0.0 {
            row.push(rest.sqrt());
            triangle.push(row);
            pivots.push(column);
        }
    }
    let rank = pivots.len();
    let forward = |wanted: &dyn Fn(usize) -> f64| {
        let mut found: Vec<f64> = Vec::with_capacity(rank);
        for (at, row) in triangle.iter().enumerate() {
            let known = dot(&row[..at], &found);
            found.push((wanted(at) - known) / row[at]);
        }
        found
    };
    let halfway = forward(&|at| with_dependent[pivots[at]]);
    let mut solution = vec![0.0; rank];
    for row in (0..rank).rev() {
        let known: f64 = (row + 1..rank)
            .map(|at| triangle[at][row] * solution[at])
            .sum();
        solution[row] = (halfway[row] - known) / triangle[row][row];
    }
    let diagonal: Vec<f64> = (0..rank)
        .map(|unit| {
            let column = forward(&|at| if at == unit { 1.0 } else { 0.0 });
            dot(&column, &column)
        })
        .collect();
    let explained = dot(&halfway, &halfway);
    let spread = |values: &[f64]| {
        let mut all = vec![None; width];
        for (column, value) in pivots.iter().zip(values) {
            all[*column] = Some(*value);
        }
        all
    };
    Solved {
        values: spread(&solution),
        inverse: spread(&diagonal),
        residual: (total - explained).max(0.0),
    }
}
