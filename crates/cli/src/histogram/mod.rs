//! The distribution of one column: bars of equal width for numbers, the most frequent
//! values for text. Drawn by [`terminal`] and [`svg`]; neither counts anything.

mod bins;
pub(crate) mod svg;
pub(crate) mod terminal;

use std::collections::HashMap;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::output::Listing;

/// Bars for text when nobody said how many.
const TEXT_BARS: usize = 20;

/// Takes in a column batch by batch.
#[derive(Debug)]
pub(crate) enum Collector {
    /// A column of numbers: the finite ones, and how many were not.
    Numbers { values: Vec<f64>, missing: u64 },
    /// Any other column: how often each text occurs.
    Texts {
        counts: HashMap<String, u64>,
        missing: u64,
    },
}

/// A counted column.
#[derive(Debug)]
pub(crate) struct Histogram {
    /// Name of the column.
    pub(crate) column: String,
    /// One line about the values.
    pub(crate) summary: String,
    /// The bars from first to last.
    pub(crate) bars: Vec<Bar>,
}

/// One bar.
#[derive(Debug, PartialEq)]
pub(crate) struct Bar {
    /// What it stands for.
    pub(crate) label: String,
    /// Its bounds, the upper one belonging to the next bar; none for text.
    pub(crate) bounds: Option<(f64, f64)>,
    /// How many values.
    pub(crate) count: u64,
}

impl Collector {
    /// For a column of this type.
    pub(crate) fn new(data_type: &DataType) -> Self {
        if data_type.is_numeric() {
            Self::Numbers {
                values: Vec::new(),
                missing: 0,
            }
        } else {
            Self::Texts {
                counts: HashMap::new(),
                missing: 0,
            }
        }
    }

    /// Adds a part of the column.
    pub(crate) fn add(&mut self, column: &ArrayRef) -> Result<()> {
        let failed = |error| Failure::new(format!("read the column: {error}"));
        match self {
            Self::Numbers { values, missing } => {
                let numbers = cast(column, &DataType::Float64).map_err(failed)?;
                let numbers: &Float64Array = numbers.as_primitive::<Float64Type>();
                let before = values.len();
                values.extend(numbers.iter().flatten().filter(|value| value.is_finite()));
                *missing += count(numbers.len() - (values.len() - before));
            }
            Self::Texts { counts, missing } => {
                let texts = cast(column, &DataType::Utf8).map_err(failed)?;
                for text in texts.as_string::<i32>() {
                    match text {
                        Some(text) => match counts.get_mut(text) {
                            Some(count) => *count += 1,
                            None => {
                                counts.insert(text.to_owned(), 1);
                            }
                        },
                        None => *missing += 1,
                    }
                }
            }
        }
        Ok(())
    }

    /// Counts into at most `bars` bars.
    pub(crate) fn finish(self, column: &str, bars: Option<u16>) -> Histogram {
        match self {
            Self::Numbers {
                mut values,
                missing,
            } => {
                values.sort_by(f64::total_cmp);
                Histogram {
                    column: column.to_owned(),
                    summary: summary(&values, missing),
                    bars: bins::count(&values, bars.map(usize::from)),
                }
            }
            Self::Texts { counts, missing } => {
                let distinct = counts.len();
                let total: u64 = counts.values().sum();
                let mut bars = most_frequent(counts, bars.map_or(TEXT_BARS, usize::from));
                let shown: u64 = bars.iter().map(|bar| bar.count).sum();
                if shown < total {
                    bars.push(Bar {
                        label: format!("({} others)", distinct - bars.len()),
                        bounds: None,
                        count: total - shown,
                    });
                }
                Histogram {
                    column: column.to_owned(),
                    summary: format!("{total} values, {distinct} different, {missing} missing"),
                    bars,
                }
            }
        }
    }
}

impl Histogram {
    /// The bars as data.
    pub(crate) fn listing(&self) -> Listing {
        let numbers = self.bars.iter().any(|bar| bar.bounds.is_some());
        let mut listing = if numbers {
            Listing::new(["lower", "upper", "count"])
        } else {
            Listing::new(["value", "count"])
        };
        for bar in &self.bars {
            match bar.bounds {
                Some((lower, upper)) => listing.row([lower.into(), upper.into(), bar.count.into()]),
                None => listing.row([Value::from(bar.label.clone()), bar.count.into()]),
            }
        }
        listing
    }

    /// The highest count.
    fn highest(&self) -> u64 {
        self.bars.iter().map(|bar| bar.count).max().unwrap_or(0)
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn most_frequent(counts: HashMap<String, u64>, bars: usize) -> Vec<Bar> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
        .into_iter()
        .take(bars)
        .map(|(label, count)| Bar {
            label,
            bounds: None,
            count,
        })
        .collect()
}

/// One line about sorted values.
fn summary(sorted: &[f64], missing: u64) -> String {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
        return format!("no values, {missing} missing");
    };
    let middle = sorted.len() / 2;
    let median = if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    } else {
        sorted[middle]
    };
    let length = bins::float(sorted.len());
    let mean = sorted.iter().map(|value| value / length).sum::<f64>();
    format!(
        "{} values, {missing} missing, min {}, median {}, mean {}, max {}",
        sorted.len(),
        number(*first),
        number(median),
        number(mean),
        number(*last)
    )
}

/// A number with as many digits as one reads, and no more.
fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e9).contains(&size) {
        return format!("{value:.3e}");
    }
    let digits = match size {
        size if size >= 1000.0 => 1,
        size if size >= 1.0 => 2,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{BooleanArray, Int64Array, StringArray};

    use super::*;

    #[test]
    fn numbers_are_summed_up_without_the_missing() {
        let mut collector = Collector::new(&DataType::Int64);
        let part: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(2)]));
        collector.add(&part).unwrap();
        let part: ArrayRef = Arc::new(Int64Array::from(vec![Some(2), Some(5)]));
        collector.add(&part).unwrap();
        let histogram = collector.finish("n", None);
        assert_eq!(
            histogram.summary,
            "4 values, 1 missing, min 1, median 2, mean 2.5, max 5"
        );
        let counts: Vec<_> = histogram.bars.iter().map(|bar| bar.count).collect();
        assert_eq!(counts, [1, 2, 0, 0, 1]);
    }

    #[test]
    fn not_a_number_counts_as_missing() {
        let mut collector = Collector::new(&DataType::Float64);
        let part: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN, f64::INFINITY]));
        collector.add(&part).unwrap();
        let histogram = collector.finish("x", None);
        assert_eq!(histogram.summary, "no values, 2 missing");
        assert_eq!(histogram.bars, []);
    }

    #[test]
    fn texts_are_ranked_and_the_rest_summed() {
        let mut collector = Collector::new(&DataType::Utf8);
        let part: ArrayRef = Arc::new(StringArray::from(vec![
            Some("b"),
            Some("a"),
            Some("b"),
            None,
            Some("c"),
        ]));
        collector.add(&part).unwrap();
        let histogram = collector.finish("t", Some(2));
        let shown: Vec<_> = histogram
            .bars
            .iter()
            .map(|bar| (bar.label.as_str(), bar.count))
            .collect();
        assert_eq!(shown, [("b", 2), ("a", 1), ("(1 others)", 1)]);
        assert_eq!(histogram.summary, "4 values, 3 different, 1 missing");
    }

    #[test]
    fn truth_values_are_texts() {
        let mut collector = Collector::new(&DataType::Boolean);
        let part: ArrayRef = Arc::new(BooleanArray::from(vec![true, true, false]));
        collector.add(&part).unwrap();
        let histogram = collector.finish("b", None);
        assert_eq!(histogram.bars[0].label, "true");
        assert_eq!(histogram.bars[0].count, 2);
    }

    #[test]
    fn numbers_are_written_short() {
        for (value, text) in [
            (0.0, "0"),
            (47.043_4, "47.04"),
            (0.123_456, "0.1235"),
            (12_345.67, "12345.7"),
            (1e12, "1.000e12"),
            (-0.5, "-0.5"),
            (3.0, "3"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
