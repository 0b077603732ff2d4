//! Metadata as table, JSON or CSV: a [`Listing`] of like things, or a [`Record`] of one.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::{Format, data};
use crate::failure::{Failure, Result};

/// Rows under named columns.
#[derive(Debug)]
pub(crate) struct Listing {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

impl Listing {
    /// An empty listing; names are lower case with underscores, as JSON has them.
    pub(crate) fn new(columns: impl Into<Vec<&'static str>>) -> Self {
        Self {
            columns: columns.into(),
            rows: Vec::new(),
        }
    }

    /// Adds a row with one value per column.
    pub(crate) fn row(&mut self, values: impl Into<Vec<Value>>) {
        let values = values.into();
        debug_assert_eq!(values.len(), self.columns.len());
        self.rows.push(values);
    }

    /// Prints to standard output.
    pub(crate) fn print(&self, format: &Format) -> Result<()> {
        match format {
            Format::Table => data(|out| write!(out, "{}", self.table())),
            Format::Json => {
                let rows = self.rows.iter();
                let objects =
                    rows.map(|row| Object(self.columns.iter().copied().zip(row).collect()));
                json(&objects.collect::<Vec<_>>())
            }
            Format::Csv => data(|out| {
                csv_line(out, self.columns.iter().copied())?;
                self.rows
                    .iter()
                    .try_for_each(|row| csv_line(out, row.iter().map(text)))
            }),
            Format::Parquet(_) => Err(no_frame()),
        }
    }

    fn table(&self) -> String {
        let mut table = plain_table();
        table.set_header(self.columns.iter().map(|name| heading(name)));
        for (at, _) in self.columns.iter().enumerate() {
            let numbers = !self.rows.is_empty() && self.rows.iter().all(|row| row[at].is_number());
            if let Some(column) = table.column_mut(at).filter(|_| numbers) {
                column.set_cell_alignment(comfy_table::CellAlignment::Right);
            }
        }
        for row in &self.rows {
            table.add_row(row.iter().map(text));
        }
        let mut shown = trimmed(&table);
        if self.rows.is_empty() {
            shown.push_str("(none)\n");
        }
        shown
    }
}

/// Named values of one thing.
#[derive(Debug, Default)]
pub(crate) struct Record(Vec<(String, Value)>);

impl Record {
    /// Adds a value, in the order of printing.
    pub(crate) fn field(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// Prints to standard output.
    pub(crate) fn print(&self, format: &Format) -> Result<()> {
        match format {
            Format::Table => {
                let mut table = plain_table();
                for (name, value) in &self.0 {
                    let value = text(value);
                    // What is not known says nothing to people.
                    if !value.is_empty() {
                        table.add_row([name.replace('_', " "), value]);
                    }
                }
                data(|out| write!(out, "{}", trimmed(&table)))
            }
            Format::Json => {
                let members = self.0.iter().map(|(name, value)| (name.as_str(), value));
                json(&Object(members.collect()))
            }
            Format::Csv => data(|out| {
                csv_line(out, self.0.iter().map(|(name, _)| name))?;
                csv_line(out, self.0.iter().map(|(_, value)| text(value)))
            }),
            Format::Parquet(_) => Err(no_frame()),
        }
    }
}

fn no_frame() -> Failure {
    Failure::usage("this command has no frame to write as Parquet")
        .hint("choose table, json or csv")
}

/// A JSON object whose members keep their order.
struct Object<'a>(Vec<(&'a str, &'a Value)>);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn json(value: &impl Serialize) -> Result<()> {
    data(|out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        writeln!(out)
    })
}

/// A table of bare columns that fits the terminal, and is as wide as its content elsewhere.
pub(super) fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// The table without the blanks at line ends.
pub(super) fn trimmed(table: &Table) -> String {
    table
        .lines()
        // One blank is the padding of the first column.
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(&line).trim_end()))
        .collect()
}

fn heading(name: &str) -> String {
    name.replace('_', " ").to_uppercase()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            values.iter().map(text).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// One line of CSV, quoted where needed.
pub(super) fn csv_line<T: AsRef<str>>(
    out: &mut dyn Write,
    fields: impl IntoIterator<Item = T>,
) -> io::Result<()> {
    for (at, field) in fields.into_iter().enumerate() {
        let field = field.as_ref();
        if at > 0 {
            write!(out, ",")?;
        }
        if field.contains([',', '"', '\n', '\r']) {
            write!(out, "\"{}\"", field.replace('"', "\"\""))?;
        } else {
            write!(out, "{field}")?;
        }
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_quotes_only_where_needed() {
        let mut out = Vec::new();
        csv_line(&mut out, ["a b", "c,d", "say \"x\"", "two\nlines", ""]).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "a b,\"c,d\",\"say \"\"x\"\"\",\"two\nlines\",\n"
        );
    }

    #[test]
    fn tables_have_headings_and_no_trailing_blanks() {
        let mut listing = Listing::new(["name", "row_count"]);
        listing.row(["iris".into(), 150.into()]);
        listing.row(["a longer name".into(), 7.into()]);
        assert_eq!(
            listing.table(),
            "NAME           ROW COUNT\niris                 150\na longer name          7\n"
        );
        assert_eq!(Listing::new(["name"]).table(), "NAME\n(none)\n");
    }
}
