//! Diagnostics and failures of scripts, for people and for programs.

use std::io::IsTerminal;

use azml_usql::RuntimeError;
use azml_usql_syntax::{Color, Diagnostic, LineIndex, render};

use super::Source;
use crate::failure::{Failure, Result};
use crate::output::{Format, Listing, note};

/// Prints diagnostics with their source lines to standard error.
pub(super) fn show(source: &Source, diagnostics: &[Diagnostic]) {
    let color = if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        Color::Always
    } else {
        Color::Never
    };
    for diagnostic in diagnostics {
        note(render(diagnostic, &source.name, &source.text, color));
    }
}

/// The failure of a running script.
pub(super) fn runtime_failure(name: &str, error: &RuntimeError) -> Failure {
    let mut message = format!("{name}: {}: {}", error.code, error.message);
    if let Some(row) = &error.row {
        message.push_str(&format!("\n  --> {}, line {}", row.file, row.line));
        if let (Some(index), Some(column)) = (row.column_index, &row.column_name) {
            message.push_str(&format!(", column {index} '{column}'"));
        }
        message.push_str(&format!("\n   | {}", row.text));
    }
    if let Some(inner) = &error.inner {
        message.push_str(&format!("\n  because: {inner}"));
    }
    Failure::new(message)
}

/// Gathers the diagnostics of several scripts.
pub(super) struct Report<'a> {
    format: &'a Format,
    listing: Listing,
    scripts: usize,
    errors: usize,
}

impl<'a> Report<'a> {
    pub(super) fn new(format: &'a Format) -> Self {
        let columns = [
            "file", "severity", "code", "message", "line", "column", "start", "end", "hint",
        ];
        Self {
            format,
            listing: Listing::new(columns),
            scripts: 0,
            errors: 0,
        }
    }

    pub(super) fn add(&mut self, source: &Source, diagnostics: &[Diagnostic]) {
        self.scripts += 1;
        self.errors += diagnostics.iter().filter(|d| d.is_error()).count();
        if *self.format == Format::Table {
            show(source, diagnostics);
            return;
        }
        let index = LineIndex::new(&source.text);
        for diagnostic in diagnostics {
            let (start, end) = diagnostic.positions(&index);
            self.listing.row([
                source.name.clone().into(),
                diagnostic.severity.as_str().into(),
                diagnostic.code.as_str().into(),
                diagnostic.message.clone().into(),
                start.line.into(),
                start.column.into(),
                start.offset.into(),
                end.offset.into(),
                diagnostic.hint.clone().into(),
            ]);
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        if *self.format != Format::Table {
            self.listing.print(self.format)?;
        }
        match self.errors {
            0 => {
                let plural = if self.scripts == 1 {
                    " compiles"
                } else {
                    "s compile"
                };
                note(format!("{} script{plural}", self.scripts));
                Ok(())
            }
            1 => Err(Failure::new("1 error")),
            errors => Err(Failure::new(format!("{errors} errors"))),
        }
    }
}
