//! `azml sql import` and `azml sql export`: files to tables and back.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::csv::reader::Format as CsvFormat;
use azml::sqlml_remote::{Append, DataStep, Frame, RxSqlServerData, rx_data_step};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::Target;
use crate::args::sql::{ExportArgs, ImportArgs};
use crate::failure::{Failure, Result};
use crate::output::{Format, FrameWriter, note};

/// Loads a file into a table.
pub(super) async fn import(args: &ImportArgs, target: &Target) -> Result<()> {
    let frame = read(&args.file)?;
    if let (true, Some(database)) = (args.create_database, target.connection.database()) {
        let server = target.connection.clone().with_database("master");
        let mut session =
            azml::sqlml_remote::Session::connect_with(&server, &target.options).await?;
        let known = session.databases().await?;
        if !known.iter().any(|name| name.eq_ignore_ascii_case(database)) {
            session.create_database(database).await?;
        }
    }
    let table = builder(target).table(&args.table).build()?;
    let append = if args.append {
        Append::Rows
    } else {
        Append::None
    };
    let step = DataStep::new(frame)
        .output(&table)
        .overwrite(args.overwrite)
        .append(append);
    let rows = rx_data_step(step).await?.rows();
    note(format_args!("loaded {rows} rows into {}", args.table));
    Ok(())
}

/// Writes a table or the result of a query to a file.
pub(super) async fn export(args: &ExportArgs, target: &Target) -> Result<()> {
    let frame = source(&args.source, target)?.read().await?;
    if is_parquet(&args.file) {
        let mut writer =
            FrameWriter::new(&Format::Parquet(args.file.clone()), frame.schema(), false)?;
        for batch in frame.batches() {
            writer.write(batch)?;
        }
        writer.finish()?;
    } else {
        write_csv(&frame, &args.file)?;
    }
    note(format_args!(
        "wrote {} rows to {}",
        frame.num_rows(),
        args.file.display()
    ));
    Ok(())
}

/// A table by its name, or a query.
pub(super) fn source(text: &str, target: &Target) -> Result<RxSqlServerData> {
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_query = ["SELECT", "WITH"]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word));
    let source = if is_query {
        builder(target).sql_query(text)
    } else {
        builder(target).table(text)
    };
    Ok(source.build()?)
}

fn builder(target: &Target) -> azml::sqlml_remote::RxSqlServerDataBuilder {
    let mut builder =
        RxSqlServerData::builder(target.connection.clone()).connect_options(target.options.clone());
    if let Some(timeout) = target.timeout {
        builder = builder.timeout(timeout);
    }
    builder
}

fn is_parquet(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"))
}

/// The rows of a CSV file with a header, whose types all its rows decide, or of a Parquet file.
fn read(path: &Path) -> Result<Frame> {
    let failed = |error| Failure::file("read", path, error);
    let wrong =
        |error: &dyn std::fmt::Display| Failure::new(format!("read {}: {error}", path.display()));
    let file = File::open(path).map_err(failed)?;
    let (schema, batches): (_, Vec<RecordBatch>) = if is_parquet(path) {
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| wrong(&error))?;
        let schema = Arc::clone(builder.schema());
        let reader = builder.build().map_err(|error| wrong(&error))?;
        (
            schema,
            reader
                .collect::<Result<_, _>>()
                .map_err(|error| wrong(&error))?,
        )
    } else {
        let format = CsvFormat::default().with_header(true);
        let (schema, _) = format
            .infer_schema(std::io::BufReader::new(file), None)
            .map_err(|error| wrong(&error))?;
        let schema = Arc::new(schema);
        let reader = arrow::csv::ReaderBuilder::new(Arc::clone(&schema))
            .with_header(true)
            .build(File::open(path).map_err(failed)?)
            .map_err(|error| wrong(&error))?;
        (
            schema,
            reader
                .collect::<Result<_, _>>()
                .map_err(|error| wrong(&error))?,
        )
    };
    let batches = if batches.is_empty() {
        vec![RecordBatch::new_empty(schema)]
    } else {
        batches
    };
    Ok(Frame::new(batches)?)
}

fn write_csv(frame: &Frame, path: &Path) -> Result<()> {
    let mut text = Vec::new();
    let mut writer = arrow::csv::WriterBuilder::new()
        .with_header(true)
        .build(&mut text);
    let empty = RecordBatch::new_empty(frame.schema());
    let batches = if frame.batches().is_empty() {
        std::slice::from_ref(&empty)
    } else {
        frame.batches()
    };
    for batch in batches {
        writer
            .write(batch)
            .map_err(|error| Failure::new(format!("write {}: {error}", path.display())))?;
    }
    drop(writer);
    crate::files::write_public(path, &text)
}
