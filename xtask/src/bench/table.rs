//! Measurements as a Markdown table, and its place in `docs/benchmarks.md`.

use std::fmt::Write;

use anyhow::{Context, Result};

use super::Measurement;
use crate::metadata;

/// One line of a table. Peers stand below the line of ours that they are compared with.
pub(super) struct Row {
    name: String,
    program: String,
    ours: bool,
    found: Vec<Measurement>,
}

impl Row {
    /// A line without a measurement; in its name `{}` stands for the program.
    pub(super) fn new(name: &str, ours: bool) -> Self {
        Self {
            name: name.to_owned(),
            program: String::new(),
            ours,
            found: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, program: &str, found: Measurement) {
        self.program = program.to_owned();
        self.found.push(found);
    }

    fn name(&self) -> String {
        if self.ours {
            self.name.replace("{}", &format!("**{}**", self.program))
        } else {
            self.name.replace("{}", &self.program)
        }
    }

    /// Seconds of the fastest run.
    pub(super) fn fastest(&self) -> f64 {
        self.least(|found| found.seconds)
    }

    fn least(&self, of: impl Fn(&Measurement) -> f64) -> f64 {
        self.found.iter().map(of).fold(f64::INFINITY, f64::min)
    }

    fn slowest(&self) -> f64 {
        let seconds = self.found.iter().map(|found| found.seconds);
        seconds.fold(0.0, f64::max)
    }

    fn peak_bytes(&self) -> u64 {
        let peaks = self.found.iter().map(|found| found.peak_bytes);
        peaks.max().unwrap_or_default()
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a size for people, with two digits after the point"
)]
pub(super) fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

/// The table with the machine it was measured on.
pub(super) fn render(about: &str, rows: &[Row]) -> Result<String> {
    let mut text = format!(
        "{about} Measured on {}.\n\n\
         | | runs | fastest, s | slowest, s | processor, s | peak memory | time against azml |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        machine()
    );
    let mut base = None;
    for row in rows {
        if row.ours {
            base = Some(row.fastest());
        }
        let against = match base {
            Some(base) if !row.ours => format!("{:.1}x", row.fastest() / base),
            _ => "1".to_owned(),
        };
        writeln!(
            text,
            "| {} | {} | {:.2} | {:.2} | {:.2} | {:.2} GB | {against} |",
            row.name(),
            row.found.len(),
            row.fastest(),
            row.slowest(),
            row.least(|found| found.processor_seconds),
            gigabytes(row.peak_bytes()),
        )?;
    }
    Ok(text)
}

/// Processors and their name, as far as the system says.
fn machine() -> String {
    let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .and_then(|rest| rest.split_once(": "))
        .map_or("an unnamed processor", |(_, name)| name.trim());
    format!("{count} processors of {model}")
}

/// Replaces the comparison's part of `docs/benchmarks.md`.
pub(super) fn record(name: &str, text: &str) -> Result<()> {
    let file = metadata::root()?.join("docs/benchmarks.md");
    let page = std::fs::read_to_string(&file).context("reading docs/benchmarks.md")?;
    std::fs::write(&file, replace(&page, name, text)?)?;
    Ok(())
}

/// The page with the text between the comparison's two marks.
fn replace(page: &str, name: &str, text: &str) -> Result<String> {
    let (begin, end) = (
        format!("<!-- begin {name} -->\n"),
        format!("<!-- end {name} -->"),
    );
    let (before, rest) = page
        .split_once(&begin)
        .with_context(|| format!("the page has no `{}`", begin.trim()))?;
    let (_, after) = rest
        .split_once(&end)
        .with_context(|| format!("the page has no `{end}`"))?;
    Ok(format!("{before}{begin}{text}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marked_part_is_replaced() {
        let page = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n";
        let new = "a\n<!-- begin x -->\nnew\n<!-- end x -->\nb\n";
        assert_eq!(replace(page, "x", "new\n").unwrap(), new);
        assert!(replace(page, "y", "new\n").is_err());
    }

    #[test]
    fn peers_are_compared_with_the_line_of_ours_above_them() {
        let row = |name, ours, program: &str, seconds: &[f64]| {
            let mut row = Row::new(name, ours);
            for seconds in seconds {
                let found = Measurement {
                    seconds: *seconds,
                    processor_seconds: 2.0 * seconds,
                    peak_bytes: 1_500_000_000,
                };
                row.add(program, found);
            }
            row
        };
        let rows = [
            row("{}: read", true, "azml", &[2.5, 2.0]),
            row("{} `read`", false, "other 1.0", &[5.0]),
            row("{}: write", true, "azml", &[1.0]),
            row("{}", false, "other 1.0", &[0.5, 0.75]),
        ];
        let text = render("One table.", &rows).unwrap();
        for line in [
            "| **azml**: read | 2 | 2.00 | 2.50 | 4.00 | 1.50 GB | 1 |",
            "| other 1.0 `read` | 1 | 5.00 | 5.00 | 10.00 | 1.50 GB | 2.5x |",
            "| other 1.0 | 2 | 0.50 | 0.75 | 1.00 | 1.50 GB | 0.5x |",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
