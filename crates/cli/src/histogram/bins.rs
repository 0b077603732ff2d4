//! Bounds that people like to read (1, 2 or 5 times a power of ten), and the counts
//! between them.

use super::{Bar, number};

/// Bars when the data does not ask for more, and the most it may ask for.
const FEWEST: f64 = 5.0;
const MOST: f64 = 30.0;

/// Bars over sorted finite values; at most `limit`.
pub(super) fn count(sorted: &[f64], limit: Option<usize>) -> Vec<Bar> {
    let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else {
        return Vec::new();
    };
    let whole = sorted.iter().all(|value| value.fract() == 0.0);
    // Whole numbers stand for themselves, so the last one needs room of its own.
    let end = if whole { last + 1.0 } else { last };
    let range = end - first;
    if range <= 0.0 || !range.is_finite() {
        return vec![bar(first, last, sorted.len(), whole)];
    }
    let wanted = match limit {
        Some(limit) => float(limit.max(1)),
        None => wanted(sorted, range),
    };
    let mut step = nice(range / wanted);
    if whole {
        step = step.max(1.0).ceil();
    }
    // Rounding the start down can cost one bar more than asked for.
    while limit.is_some_and(|limit| bars_needed(first, end, step) > float(limit))
        && step.is_finite()
    {
        step = nice(step * 1.01);
    }
    let start = (first / step).floor();
    let mut bars = Vec::new();
    let mut rest = sorted;
    let mut at = start;
    while !rest.is_empty() {
        let (lower, upper) = (at * step, (at + 1.0) * step);
        // The last bar takes the end itself where values are not whole.
        let closed = !whole && upper >= last;
        let inside = rest.partition_point(|&value| value < upper || closed);
        bars.push(bar(lower, upper, inside, whole));
        rest = &rest[inside..];
        at += 1.0;
    }
    bars
}

fn bars_needed(first: f64, end: f64, step: f64) -> f64 {
    (end / step).ceil() - (first / step).floor()
}

/// How many bars the spread of the values asks for (Freedman and Diaconis).
fn wanted(sorted: &[f64], range: f64) -> f64 {
    let quartile = |part: usize| sorted[(sorted.len() - 1) * part / 4];
    let width = 2.0 * (quartile(3) - quartile(1)) / float(sorted.len()).cbrt();
    if width > 0.0 {
        (range / width).clamp(FEWEST, MOST)
    } else {
        FEWEST
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `step`.
fn nice(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|nice| *nice >= step * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

fn bar(lower: f64, upper: f64, count: usize, whole: bool) -> Bar {
    let label = if whole && upper - lower <= 1.0 {
        number(lower)
    } else if whole {
        format!("{} to {}", number(lower), number(upper - 1.0))
    } else {
        format!("{} to {}", number(lower), number(upper))
    };
    Bar {
        label,
        bounds: Some((lower, upper)),
        count: super::count(count),
    }
}

/// A length as a number to calculate with; exact below 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "no frame in memory has 2^53 rows"
)]
pub(super) fn float(length: usize) -> f64 {
    length as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(bars: &[Bar]) -> u64 {
        bars.iter().map(|bar| bar.count).sum()
    }

    #[test]
    fn whole_numbers_get_whole_bounds() {
        let values: Vec<f64> = (19..=91).map(f64::from).collect();
        let bars = count(&values, Some(9));
        assert!(bars.len() <= 9, "{}", bars.len());
        assert_eq!(bars[0].label, "10 to 19");
        assert_eq!(total(&bars), 73);
    }

    #[test]
    fn few_whole_numbers_stand_for_themselves() {
        let bars = count(&[1.0, 1.0, 2.0, 7.0], None);
        let labels: Vec<_> = bars.iter().map(|bar| bar.label.as_str()).collect();
        assert_eq!(labels, ["0 to 1", "2 to 3", "4 to 5", "6 to 7"]);
        assert_eq!(total(&bars), 4);
    }

    #[test]
    fn the_largest_value_is_in_the_last_bar() {
        let bars = count(&[0.5, 1.0, 1.5, 2.0], Some(3));
        assert_eq!(total(&bars), 4);
        assert_eq!(bars.last().unwrap().bounds.unwrap().1, 2.0);
    }

    #[test]
    fn odd_inputs_end() {
        for values in [
            vec![5.0],
            vec![5.5, 5.5],
            vec![-1e308, 1e308],
            vec![0.0, f64::MIN_POSITIVE],
            vec![1e15, 1e15 + 1.0],
            vec![-3.5, -1.25, 0.0],
        ] {
            let bars = count(&values, None);
            assert_eq!(
                total(&bars),
                super::super::count(values.len()),
                "{values:?}"
            );
            assert!(bars.len() <= 40, "{values:?}: {}", bars.len());
        }
    }
}
