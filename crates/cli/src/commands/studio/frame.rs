//! Looking at a source: print its rows, draw a column, or take its bytes to a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use azml::studio_classic::{BatchStream, ReadOptions};
use futures::TryStreamExt;

use super::source::Source;
use crate::args::studio::{DestinationArgs, FrameArgs};
use crate::failure::{Failure, Result};
use crate::files;
use crate::histogram::{Collector, svg, terminal};
use crate::output::{Format, FrameWriter, data, note, stdout_failure};
use crate::progress::Transfer;

/// Reads the rows and prints them, saves them, or draws a column.
pub(super) async fn read(source: &Source, args: &FrameArgs, format: &Format) -> Result<()> {
    let options = ReadOptions {
        pandas_compat: args.pandas_compat,
        ..ReadOptions::default()
    };
    let batches = source.read_batches(options).await?;
    match &args.histogram {
        Some(column) => histogram(batches, column, args, format).await,
        None => print(batches, args.head, format).await,
    }
}

async fn print(mut batches: BatchStream, head: Option<usize>, format: &Format) -> Result<()> {
    let schema = Arc::clone(batches.schema());
    let mut writer = FrameWriter::new(format, schema, head.is_some())?;
    let mut left = head.unwrap_or(usize::MAX);
    while left > 0 {
        let Some(batch) = batches.try_next().await? else {
            break;
        };
        let batch = batch.slice(0, left.min(batch.num_rows()));
        left -= batch.num_rows();
        writer.write(&batch)?;
    }
    let rows = writer.finish()?;
    if let Format::Parquet(path) = format {
        note(format_args!("wrote {rows} rows to {}", path.display()));
    }
    Ok(())
}

async fn histogram(
    mut batches: BatchStream,
    column: &str,
    args: &FrameArgs,
    format: &Format,
) -> Result<()> {
    let (at, field) = batches
        .schema()
        .column_with_name(column)
        .ok_or_else(|| no_column(column, batches.schema()))?;
    let mut collector = Collector::new(field.data_type());
    let mut left = args.head.unwrap_or(usize::MAX);
    while left > 0 {
        let Some(batch) = batches.try_next().await? else {
            break;
        };
        let part = batch.column(at).slice(0, left.min(batch.num_rows()));
        left -= part.len();
        collector.add(&part)?;
    }
    let histogram = collector.finish(column, args.bins);
    if let Some(path) = &args.save {
        files::write_public(path, svg::draw(&histogram).as_bytes())?;
        note(format_args!("saved the histogram to {}", path.display()));
    }
    match format {
        Format::Table => data(|out| out.write_all(terminal::draw(&histogram).as_bytes())),
        format => histogram.listing().print(format),
    }
}

fn no_column(name: &str, schema: &SchemaRef) -> Failure {
    let names: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    Failure::new(format!("there is no column `{name}`"))
        .hint(format!("the columns are: {}", names.join(", ")))
}

/// Takes the bytes to a file or to standard output.
pub(super) async fn download(source: &Source, args: &DestinationArgs) -> Result<()> {
    if args.to.as_deref() == Some(Path::new("-")) {
        return to_stdout(source).await;
    }
    let path = args.to.clone().unwrap_or_else(|| default_path(source));
    let bar = Transfer::start(source.name(), source.size());
    let mut download = source
        .download_to(&path)
        .progress(move |progress| bar.set(progress.bytes));
    if args.overwrite {
        download = download.overwrite();
    }
    let bytes = download.await.map_err(|error| {
        let exists = matches!(&error, azml::studio_classic::Error::Io { source, .. }
            if source.kind() == std::io::ErrorKind::AlreadyExists);
        let failure = Failure::from(error);
        if exists {
            failure.hint("choose another file with --to, or add --overwrite")
        } else {
            failure
        }
    })?;
    note(format_args!("wrote {bytes} bytes to {}", path.display()));
    Ok(())
}

async fn to_stdout(source: &Source) -> Result<()> {
    use tokio::io::AsyncWriteExt;
    let mut out = tokio::io::stdout();
    let mut stream = source.open().await?;
    while let Some(piece) = stream.try_next().await? {
        out.write_all(&piece).await.map_err(stdout_failure)?;
    }
    out.flush().await.map_err(stdout_failure)
}

/// The source's name as a file in this directory, with the extension of its type.
fn default_path(source: &Source) -> PathBuf {
    let name: String = source
        .name()
        .chars()
        .map(|c| match c {
            '/' | '\\' | ':' | '\0'..='\u{1f}' => '_',
            c => c,
        })
        .collect();
    let name = match name.trim_start_matches('.') {
        "" => "dataset".to_owned(),
        name => name.to_owned(),
    };
    if name
        .to_lowercase()
        .ends_with(&source.extension().to_lowercase())
    {
        return PathBuf::from(name);
    }
    PathBuf::from(name + source.extension())
}
