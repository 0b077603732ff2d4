//! `azml adls ls|du|mkdir|put|get|cat|rm|mv|concat|expire`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use azml::datalake_analytics::{DataLake, Expiry, FileSystem, FileType, TransferSummary};
use bytes::Bytes;
use futures::{Stream, TryStreamExt as _, stream};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::account::created;
use crate::args::adls::{AdlsCommand, TransferArgs};
use crate::failure::Result;
use crate::output::{Format, Listing, Record, note, stdout_failure};
use crate::progress::Transfer;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// Runs a command on files.
pub(super) async fn run(command: AdlsCommand, lake: &DataLake, format: &Format) -> Result<()> {
    match command {
        AdlsCommand::Ls(at) => list(&lake.files(&at.store.store)?, &at.path, format).await,
        AdlsCommand::Du { at, each } => {
            let files = lake.files(&at.store.store)?;
            usage(&files, &at.path, each, format).await
        }
        AdlsCommand::Mkdir(at) => Ok(lake
            .files(&at.store.store)?
            .create_directory(&at.path)
            .await?),
        AdlsCommand::Put {
            source,
            target,
            transfer,
            store,
        } => put(&lake.files(&store.store)?, source, &target, &transfer).await,
        AdlsCommand::Get {
            source,
            target,
            transfer,
            store,
        } => {
            let bar = Transfer::start(&source, None);
            let done = lake
                .files(&store.store)?
                .download(source, &target)
                .overwrite(transfer.overwrite)
                .parallel(transfer.parallel)
                .progress(move |at| bar.set_of(at.bytes, Some(at.total_bytes)))
                .fetch()
                .await?;
            told(&done, &target.display().to_string());
            Ok(())
        }
        AdlsCommand::Cat(at) => cat(&lake.files(&at.store.store)?, &at.path).await,
        AdlsCommand::Rm {
            path,
            recursive,
            store,
        } => Ok(lake.files(&store.store)?.delete(&path, recursive).await?),
        AdlsCommand::Mv {
            source,
            target,
            store,
        } => Ok(lake.files(&store.store)?.rename(&source, &target).await?),
        AdlsCommand::Concat {
            target,
            sources,
            store,
        } => Ok(lake
            .files(&store.store)?
            .concat(&target, &sources, false)
            .await?),
        AdlsCommand::Expire {
            path,
            after_seconds,
            never,
            store,
        } => {
            let expiry = match (after_seconds, never) {
                (Some(seconds), false) => Expiry::In(Duration::from_secs(seconds)),
                _ => Expiry::Never,
            };
            Ok(lake.files(&store.store)?.set_expiry(&path, expiry).await?)
        }
        AdlsCommand::Acl(args) => {
            let files = lake.files(&args.store.store)?;
            super::acl::run(args, &files, format).await
        }
        // The accounts are not files.
        AdlsCommand::Account(_) => Ok(()),
    }
}

async fn list(files: &FileSystem, path: &str, format: &Format) -> Result<()> {
    if path.contains(['*', '?', '[']) {
        let mut listing = Listing::new(["path"]);
        for path in files.glob(path).await? {
            listing.row([path.into()]);
        }
        return listing.print(format);
    }
    let mut listing = Listing::new(["name", "type", "bytes", "modified", "permission"]);
    let mut items = files.list(path);
    while let Some(item) = items.try_next().await? {
        let modified = OffsetDateTime::from_unix_timestamp_nanos(
            i128::from(item.modification_time) * 1_000_000,
        );
        let name = if item.path_suffix.is_empty() {
            path.to_owned()
        } else {
            item.path_suffix
        };
        let kind = match &item.file_type {
            FileType::Directory => "directory",
            FileType::File => "file",
            other => other.as_str(),
        };
        listing.row([
            name.into(),
            kind.into(),
            item.length.into(),
            created(modified.ok()),
            item.permission.into(),
        ]);
    }
    listing.print(format)
}

/// What is at and below a path, in all or entry by entry.
async fn usage(files: &FileSystem, path: &str, each: bool, format: &Format) -> Result<()> {
    if each {
        let mut listing = Listing::new(["path", "bytes"]);
        for (path, bytes) in files.usage(path).await? {
            listing.row([path.into(), bytes.into()]);
        }
        return listing.print(format);
    }
    let summary = files.summary(path).await?;
    let mut record = Record::default();
    record
        .field("directories", summary.directory_count)
        .field("files", summary.file_count)
        .field("bytes", summary.length);
    record.print(format)
}

async fn put(
    files: &FileSystem,
    source: PathBuf,
    target: &str,
    transfer: &TransferArgs,
) -> Result<()> {
    if source == Path::new("-") {
        let bytes = files
            .write_stream(target, chunks(tokio::io::stdin()), transfer.overwrite)
            .await?;
        note(format_args!("{bytes} bytes to {target}"));
        return Ok(());
    }
    let bar = Transfer::start(&source.display().to_string(), None);
    let done = files
        .upload(source, target)
        .overwrite(transfer.overwrite)
        .parallel(transfer.parallel)
        .progress(move |at| bar.set_of(at.bytes, Some(at.total_bytes)))
        .send()
        .await?;
    told(&done, target);
    Ok(())
}

fn told(done: &TransferSummary, target: &str) {
    let resumed = match done.resumed_bytes {
        0 => String::new(),
        bytes => format!(", {bytes} of them from an earlier attempt"),
    };
    note(format_args!(
        "{} files, {} bytes to {target}{resumed}",
        done.files, done.bytes
    ));
}

fn chunks(
    reader: impl AsyncRead + Unpin + Send,
) -> impl Stream<Item = azml_core::Result<Bytes>> + Send {
    stream::try_unfold(reader, |mut reader| async move {
        let mut buffer = vec![0; CHUNK];
        let count = reader.read(&mut buffer).await?;
        buffer.truncate(count);
        Ok((count > 0).then(|| (Bytes::from(buffer), reader)))
    })
}

async fn cat(files: &FileSystem, path: &str) -> Result<()> {
    let mut content = files.read_stream(path).await?;
    let mut out = std::io::stdout();
    while let Some(chunk) = content.try_next().await? {
        out.write_all(&chunk).map_err(stdout_failure)?;
    }
    out.flush().map_err(stdout_failure)
}
