//! Frames as table, JSON, CSV or a Parquet file, batch by batch: what is printed is never
//! held as a whole, but for the table, which shows so many rows only.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use azml_core::{Error, ErrorKind};
use comfy_table::CellAlignment;
use parquet::arrow::ArrowWriter;
use tempfile::NamedTempFile;

use super::listing::{csv_line, plain_table, trimmed};
use super::{Format, stdout_failure};
use crate::failure::{Failure, Result};

/// Rows that a table shows when nobody said how many.
const TABLE_ROWS: usize = 50;

/// Writes the batches of one frame.
pub(crate) struct FrameWriter {
    schema: SchemaRef,
    sink: Sink,
    rows: usize,
}

enum Sink {
    Table {
        shown: Vec<RecordBatch>,
        limit: usize,
    },
    Json(arrow::json::ArrayWriter<BufWriter<io::Stdout>>),
    /// Whether the header is written.
    Csv(bool),
    Parquet(Box<ParquetFile>),
}

struct ParquetFile {
    writer: ArrowWriter<File>,
    temporary: NamedTempFile,
    target: std::path::PathBuf,
}

impl FrameWriter {
    /// Starts a frame. `limited` says that the caller chose how many rows come.
    pub(crate) fn new(format: &Format, schema: SchemaRef, limited: bool) -> Result<Self> {
        let sink = match format {
            Format::Table => Sink::Table {
                shown: Vec::new(),
                limit: if limited { usize::MAX } else { TABLE_ROWS },
            },
            Format::Json => Sink::Json(arrow::json::ArrayWriter::new(BufWriter::new(io::stdout()))),
            Format::Csv => Sink::Csv(false),
            Format::Parquet(target) => {
                Sink::Parquet(Box::new(ParquetFile::create(target, Arc::clone(&schema))?))
            }
        };
        Ok(Self {
            schema,
            sink,
            rows: 0,
        })
    }

    /// Adds a batch.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match &mut self.sink {
            Sink::Table { shown, limit } => {
                let room = limit.saturating_sub(self.rows);
                if room > 0 {
                    shown.push(batch.slice(0, room.min(batch.num_rows())));
                }
            }
            Sink::Json(writer) => writer.write(batch).map_err(arrow_failure)?,
            Sink::Csv(begun) => {
                // Arrow's writer forgets why a write failed; this way the write is ours.
                let mut text = Vec::new();
                arrow::csv::WriterBuilder::new()
                    .with_header(!*begun)
                    .build(&mut text)
                    .write(batch)
                    .map_err(arrow_failure)?;
                *begun = true;
                super::data(|out| out.write_all(&text))?;
            }
            Sink::Parquet(file) => file.writer.write(batch).map_err(parquet_failure)?,
        }
        self.rows += batch.num_rows();
        Ok(())
    }

    /// Ends the frame. Returns the number of rows that were given.
    pub(crate) fn finish(self) -> Result<usize> {
        match self.sink {
            Sink::Table { shown, .. } => {
                let text = table(&self.schema, &shown, self.rows)?;
                super::data(|out| out.write_all(text.as_bytes()))?;
            }
            Sink::Json(mut writer) => {
                writer.finish().map_err(arrow_failure)?;
                let mut out = writer.into_inner();
                writeln!(out)
                    .and_then(|()| out.flush())
                    .map_err(stdout_failure)?;
            }
            Sink::Csv(true) => {}
            Sink::Csv(false) => {
                let names = self.schema.fields().iter().map(|field| field.name());
                super::data(|out| csv_line(out, names))?;
            }
            Sink::Parquet(file) => file.finish()?,
        }
        Ok(self.rows)
    }
}

impl ParquetFile {
    /// Writes beside the target, so that the target appears complete or not at all.
    fn create(target: &Path, schema: SchemaRef) -> Result<Self> {
        let failed = |error| Failure::file("create", target, error);
        let temporary = crate::files::public_temporary(target)?;
        let file = temporary.reopen().map_err(failed)?;
        Ok(Self {
            writer: ArrowWriter::try_new(file, schema, None).map_err(parquet_failure)?,
            temporary,
            target: target.to_owned(),
        })
    }

    fn finish(self) -> Result<()> {
        let failed = |error| Failure::file("write", &self.target, error);
        let file = self.writer.into_inner().map_err(parquet_failure)?;
        file.sync_all().map_err(failed)?;
        crate::files::persist(self.temporary, &self.target)
    }
}

fn arrow_failure(error: ArrowError) -> Failure {
    match error {
        ArrowError::IoError(_, error) => stdout_failure(error),
        ArrowError::ExternalError(error) => match error.downcast::<io::Error>() {
            Ok(error) => stdout_failure(*error),
            Err(error) => Failure::new(format!("print the frame: {error}")),
        },
        other => Failure::new(format!("print the frame: {other}")),
    }
}

fn parquet_failure(error: parquet::errors::ParquetError) -> Failure {
    Error::new(ErrorKind::InvalidData, format!("write Parquet: {error}"))
        .with_source(error)
        .into()
}

/// The rows that are shown, and lines that say what is not and what they are.
fn table(schema: &SchemaRef, batches: &[RecordBatch], rows: usize) -> Result<String> {
    let mut text = frame_rows(schema, batches)?;
    let shown: usize = batches.iter().map(RecordBatch::num_rows).sum();
    if shown < rows {
        text.push_str(&format!("... {} more rows\n", rows - shown));
    }
    let types: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| short(field.data_type()))
        .collect();
    let plural = if rows == 1 { "row" } else { "rows" };
    text.push_str(&format!(
        "\n{rows} {plural}, {} columns: {}\n",
        types.len(),
        types.join(", ")
    ));
    Ok(text)
}

/// The rows as aligned columns under the names of the columns.
pub(crate) fn frame_rows(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<String> {
    let mut table = plain_table();
    table.set_header(schema.fields().iter().map(|field| field.name().clone()));
    for (at, field) in schema.fields().iter().enumerate() {
        if let Some(column) = table
            .column_mut(at)
            .filter(|_| field.data_type().is_numeric())
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let options = FormatOptions::new().with_display_error(true);
    for batch in batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options))
            .collect::<Result<_, _>>()
            .map_err(arrow_failure)?;
        for row in 0..batch.num_rows() {
            table.add_row(columns.iter().map(|column| column.value(row).to_string()));
        }
    }
    Ok(trimmed(&table))
}

fn short(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, StringArray};
    use arrow::datatypes::{Field, Schema};

    use super::*;

    #[test]
    fn a_table_says_what_it_leaves_out() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("x", DataType::Float64, true),
            Field::new("name", DataType::Utf8, true),
        ]));
        let batch = RecordBatch::try_new(
            Arc::clone(&schema),
            vec![
                Arc::new(Float64Array::from(vec![Some(1.5), None])),
                Arc::new(StringArray::from(vec!["a", "b"])),
            ],
        )
        .unwrap();
        assert_eq!(
            table(&schema, &[batch], 3).unwrap(),
            "  x  name\n1.5  a\n     b\n... 1 more rows\n\n3 rows, 2 columns: float64, text\n"
        );
    }
}
