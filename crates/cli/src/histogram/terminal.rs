//! A histogram in text: one line per bar, readable without colour.

use std::fmt::Write as _;

use super::Histogram;

/// Length of the longest bar.
const WIDTH: u64 = 50;
/// Labels longer than this are cut.
const LABEL: usize = 30;
/// Eighths of a character cell.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// The drawing.
pub(crate) fn draw(histogram: &Histogram) -> String {
    let mut text = format!("{}: {}\n\n", histogram.column, histogram.summary);
    let highest = histogram.highest().max(1);
    let labels: Vec<String> = histogram
        .bars
        .iter()
        .map(|bar| shorten(&bar.label))
        .collect();
    let width = labels
        .iter()
        .map(|label| label.chars().count())
        .max()
        .unwrap_or(0);
    for (bar, label) in histogram.bars.iter().zip(labels) {
        let eighths = (u128::from(bar.count) * u128::from(WIDTH * 8)).div_ceil(u128::from(highest));
        let eighths = usize::try_from(eighths).unwrap_or(usize::MAX);
        let bars = "█".repeat(eighths / 8) + EIGHTHS[eighths % 8];
        let _ = writeln!(text, "{label:>width$} │{bars} {}", bar.count);
    }
    text
}

fn shorten(label: &str) -> String {
    let clean: String = label
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if clean.chars().count() <= LABEL {
        return clean;
    }
    clean.chars().take(LABEL - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Bar;

    #[test]
    fn bars_are_in_proportion_and_never_empty_for_something() {
        let bar = |label: &str, count| Bar {
            label: label.to_owned(),
            bounds: None,
            count,
        };
        let histogram = Histogram {
            column: "age".to_owned(),
            summary: "3 values".to_owned(),
            bars: vec![
                bar("a", 1000),
                bar("long label", 500),
                bar("b", 1),
                bar("c", 0),
            ],
        };
        let drawn = draw(&histogram);
        let lines: Vec<_> = drawn.lines().skip(2).collect();
        assert_eq!(lines[0], format!("         a │{} 1000", "█".repeat(50)));
        assert_eq!(lines[1], format!("long label │{} 500", "█".repeat(25)));
        assert_eq!(lines[2], "         b │▏ 1");
        assert_eq!(lines[3], "         c │ 0");
    }
}
