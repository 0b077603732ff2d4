//! Measurements as a Markdown table, and its place in `docs/benchmarks.md`.

use std::fmt::Write;

use anyhow::{Context, Result};

use super::Measurement;
use crate::metadata;

/// One line of a table. Peers stand below the line of ours that they are compared with.
pub(super) struct Row {
    name: String,
    ours: bool,
    found: Measurement,
}

impl Row {
    pub(super) fn ours(name: &str, found: Measurement) -> Self {
        Self {
            name: format!("**azml**: {name}"),
            ours: true,
            found,
        }
    }

    pub(super) fn peer(name: &str, found: Measurement) -> Self {
        Self {
            name: name.to_owned(),
            ours: false,
            found,
        }
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
         | | seconds | peak memory | time against azml |\n| --- | ---: | ---: | ---: |\n",
        machine()
    );
    let mut base = None;
    for row in rows {
        if row.ours {
            base = Some(row.found.seconds);
        }
        let against = match base {
            Some(base) if !row.ours => format!("{:.1}x", row.found.seconds / base),
            _ => "1".to_owned(),
        };
        writeln!(
            text,
            "| {} | {:.2} | {:.2} GB | {against} |",
            row.name,
            row.found.seconds,
            gigabytes(row.found.peak_bytes),
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
        let found = |seconds| Measurement {
            seconds,
            peak_bytes: 1_500_000_000,
        };
        let rows = [
            Row::ours("read", found(2.0)),
            Row::peer("other", found(5.0)),
            Row::ours("write", found(1.0)),
            Row::peer("other", found(0.5)),
        ];
        let text = render("One table.", &rows).unwrap();
        assert!(text.contains("| other | 5.00 | 1.50 GB | 2.5x |"), "{text}");
        assert!(text.contains("| other | 0.50 | 1.50 GB | 0.5x |"), "{text}");
        assert!(
            text.contains("| **azml**: read | 2.00 | 1.50 GB | 1 |"),
            "{text}"
        );
    }
}
