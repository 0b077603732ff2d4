//! `azml adls ls|du|mkdir|put|get|cat|rm|mv|acl`.

use std::io::Write as _;
use std::path::Path;

use azml::datalake_analytics::{DataLake, FileSystem, FileType};
use bytes::Bytes;
use futures::{Stream, TryStreamExt as _, stream};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::account::created;
use crate::args::adls::AdlsCommand;
use crate::failure::{Failure, Result};
use crate::files;
use crate::output::{Format, Listing, Record, note, stdout_failure};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// Runs a command on files.
pub(super) async fn run(command: AdlsCommand, lake: &DataLake, format: &Format) -> Result<()> {
    match command {
        AdlsCommand::Ls(at) => list(&lake.files(&at.store.store)?, &at.path, format).await,
        AdlsCommand::Du(at) => {
            let summary = lake.files(&at.store.store)?.summary(&at.path).await?;
            let mut record = Record::default();
            record
                .field("directories", summary.directory_count)
                .field("files", summary.file_count)
                .field("bytes", summary.length);
            record.print(format)
        }
        AdlsCommand::Mkdir(at) => Ok(lake
            .files(&at.store.store)?
            .create_directory(&at.path)
            .await?),
        AdlsCommand::Put {
            source,
            target,
            overwrite,
            store,
        } => put(&lake.files(&store.store)?, &source, &target, overwrite).await,
        AdlsCommand::Get {
            source,
            target,
            overwrite,
            store,
        } => get(&lake.files(&store.store)?, &source, &target, overwrite).await,
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
        AdlsCommand::Acl {
            path,
            set,
            add,
            store,
        } => {
            let files = lake.files(&store.store)?;
            if let Some(spec) = set {
                files.set_acl(&path, &spec).await?;
            }
            if let Some(spec) = add {
                files.modify_acl(&path, &spec).await?;
            }
            let acl = files.acl(&path).await?;
            let mut record = Record::default();
            record
                .field("owner", acl.owner)
                .field("group", acl.group)
                .field("permission", acl.permission)
                .field("entries", acl.entries);
            record.print(format)
        }
        // The accounts are not files.
        AdlsCommand::Account(_) => Ok(()),
    }
}

async fn list(files: &FileSystem, path: &str, format: &Format) -> Result<()> {
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

async fn put(files: &FileSystem, source: &Path, target: &str, overwrite: bool) -> Result<()> {
    let bytes = if source == Path::new("-") {
        files
            .write_stream(target, chunks(tokio::io::stdin()), overwrite)
            .await?
    } else {
        let file = tokio::fs::File::open(source)
            .await
            .map_err(|error| Failure::file("read", source, error))?;
        files.write_stream(target, chunks(file), overwrite).await?
    };
    note(format_args!("{bytes} bytes to {target}"));
    Ok(())
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

/// Copies to a temporary file first: the target appears whole or not at all.
async fn get(files: &FileSystem, source: &str, target: &Path, overwrite: bool) -> Result<()> {
    if !overwrite && target.exists() {
        return Err(
            Failure::new(format!("{} is there already", target.display())).hint("give --overwrite"),
        );
    }
    let mut content = files.read_stream(source).await?;
    let mut file = files::public_temporary(target)?;
    let mut bytes = 0;
    while let Some(chunk) = content.try_next().await? {
        file.write_all(&chunk)
            .map_err(|error| Failure::file("write", target, error))?;
        bytes += chunk.len();
    }
    files::persist(file, target)?;
    note(format_args!("{bytes} bytes to {}", target.display()));
    Ok(())
}

async fn cat(files: &FileSystem, path: &str) -> Result<()> {
    let mut content = files.read_stream(path).await?;
    let mut out = std::io::stdout();
    while let Some(chunk) = content.try_next().await? {
        out.write_all(&chunk).map_err(stdout_failure)?;
    }
    out.flush().map_err(stdout_failure)
}
