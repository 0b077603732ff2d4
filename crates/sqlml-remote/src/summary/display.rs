//! The printed layout of a summary.

use std::fmt;

use super::{RxSummary, Statistics};

/// A number with seven significant digits, as short as they allow.
pub(crate) fn significant(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-5..1e15).contains(&value.abs()) {
        return format!("{value:.6e}");
    }
    // Digits in front of the point; at most 15, at least -4.
    let before = value.abs().log10().floor() + 1.0;
    let decimals = (0_u8..12).find(|digits| f64::from(*digits) >= 7.0 - before);
    let decimals = usize::from(decimals.unwrap_or(12));
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Rows under a heading, each column as wide as its widest cell.
fn table(f: &mut fmt::Formatter<'_>, heading: &[&str], rows: &[Vec<String>]) -> fmt::Result {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        let cells = cells.map(|cell| cell.chars().count());
        cells
            .chain([heading[at].chars().count()])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    line(f, heading, &widths)?;
    for row in rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        line(f, &cells, &widths)?;
    }
    Ok(())
}

fn line(f: &mut fmt::Formatter<'_>, cells: &[&str], widths: &[usize]) -> fmt::Result {
    for (cell, width) in cells.iter().zip(widths.iter().copied()) {
        write!(f, " {cell:<width$}")?;
    }
    writeln!(f)
}

fn cells(statistics: &Statistics) -> [String; 4] {
    [
        statistics.mean,
        statistics.std_dev,
        statistics.min,
        statistics.max,
    ]
    .map(significant)
}

impl fmt::Display for RxSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Call:\nrx_summary(formula = {}, data = {})\n",
            self.formula, self.data
        )?;
        writeln!(f, "Summary Statistics Results for: {}", self.formula)?;
        let what = if self.is_file { "File name" } else { "Data" };
        writeln!(f, "{what}: {}", self.data)?;
        writeln!(f, "Number of valid observations: {} ", self.valid_obs)?;
        if self.missing_obs > 0 {
            writeln!(f, "Number of missing observations: {} ", self.missing_obs)?;
        }
        if !self.statistics.is_empty() {
            writeln!(f, " ")?;
            let rows = self.statistics.iter().map(|statistics| {
                let mut row = vec![statistics.name.clone()];
                row.extend(cells(statistics));
                row.extend([
                    statistics.valid_obs.to_string(),
                    statistics.missing_obs.to_string(),
                ]);
                row
            });
            let heading = [
                "Name",
                "Mean",
                "StdDev",
                "Min",
                "Max",
                "ValidObs",
                "MissingObs",
            ];
            table(f, &heading, &rows.collect::<Vec<_>>())?;
        }
        for by in &self.by_category {
            writeln!(
                f,
                "\nStatistics by category ({} categories):\n",
                by.cells.len()
            )?;
            let mut heading = vec!["Category"];
            heading.extend(by.factors.iter().map(String::as_str));
            heading.extend(["Means", "StdDev", "Min", "Max", "ValidObs"]);
            let rows = by.cells.iter().map(|(levels, statistics)| {
                let places: Vec<String> = by
                    .factors
                    .iter()
                    .zip(levels)
                    .map(|(factor, level)| format!("{factor}={level}"))
                    .collect();
                let mut row = vec![format!("{} for {}", by.variable, places.join(", "))];
                row.extend(levels.iter().cloned());
                row.extend(cells(statistics));
                row.push(statistics.valid_obs.to_string());
                row
            });
            table(f, &heading, &rows.collect::<Vec<_>>())?;
        }
        for counts in &self.categorical {
            let valid: u64 = counts.counts.iter().map(|(_, count)| count).sum();
            writeln!(f, "\nCategory Counts for {}", counts.name)?;
            writeln!(f, "Number of categories: {}", counts.counts.len())?;
            writeln!(f, "Number of valid observations: {valid}")?;
            writeln!(
                f,
                "Number of missing observations: {}\n",
                counts.missing_obs
            )?;
            let mut heading: Vec<&str> = counts.factors.iter().map(String::as_str).collect();
            heading.push("Counts");
            let rows = counts.counts.iter().map(|(levels, count)| {
                let mut row = levels.clone();
                row.push(count.to_string());
                row
            });
            table(f, &heading, &rows.collect::<Vec<_>>())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::significant;

    #[test]
    fn numbers_have_seven_significant_digits() {
        for (value, text) in [
            (4.25, "4.25"),
            (12.504_171_23, "12.50417"),
            (-31.0, "-31"),
            (0.000_123_456_789, "0.0001234568"),
            (1_234_567.89, "1234568"),
            (f64::NAN, "NaN"),
            (0.0, "0"),
        ] {
            assert_eq!(significant(value), text);
        }
    }
}
