//! `azml datastore upload` and `download`: a bar while it goes on, a summary at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use azml::datastore::{Datastore, Error, ErrorMode, ProgressEvent, TransferReport};

use crate::args::datastore::{DownloadArgs, UploadArgs};
use crate::failure::{Failure, Result};
use crate::output::{Format, Record, note};
use crate::progress::Transfer;

/// Uploads one directory, or files.
pub(super) async fn upload(datastore: &Datastore, args: UploadArgs, format: &Format) -> Result<()> {
    let upload = match args.paths.as_slice() {
        [directory] if directory.is_dir() => datastore.upload(directory),
        paths if paths.iter().any(|path| path.is_dir()) => {
            return Err(Failure::usage("a directory is uploaded alone")
                .hint("upload directories one by one, or name files only"));
        }
        files => datastore.upload_files(files),
    };
    let mut upload = upload
        .errors(ErrorMode::Ignore)
        .progress(Arc::new(Bar::start("upload")));
    if let Some(target) = args.to {
        upload = upload.to(target);
    }
    if let Some(root) = args.relative_root {
        upload = upload.relative_root(root);
    }
    for pattern in args.include {
        upload = upload.matching(pattern);
    }
    if args.overwrite {
        upload = upload.overwrite();
    }
    if args.resume {
        upload = upload.resume();
    }
    finish(upload.await?, format)
}

/// Downloads what begins with the prefix.
pub(super) async fn download(
    datastore: &Datastore,
    args: DownloadArgs,
    format: &Format,
) -> Result<()> {
    let mut download = datastore
        .download(&args.dir)
        .prefix(args.prefix)
        .errors(ErrorMode::Ignore)
        .progress(Arc::new(Bar::start("download")));
    for pattern in args.include {
        download = download.matching(pattern);
    }
    if args.overwrite {
        download = download.overwrite();
    }
    if args.resume {
        download = download.resume();
    }
    finish(download.await?, format)
}

/// Prints the summary; every file that failed is named.
fn finish(report: TransferReport, format: &Format) -> Result<()> {
    for (name, error) in &report.failed {
        note(format_args!("failed: {name}: {error}"));
    }
    let mut record = Record::default();
    record
        .field("transferred", report.transferred)
        .field("skipped", report.skipped)
        .field("failed", report.failed.len())
        .field("bytes", report.bytes);
    record.print(format)?;
    if report.failed.is_empty() {
        return Ok(());
    }
    Err(Error::Incomplete(Box::new(report)).into())
}

/// Draws the steps of a transfer.
struct Bar {
    bar: Transfer,
    total: AtomicU64,
    moved: AtomicU64,
}

impl Bar {
    fn start(what: &str) -> Self {
        Self {
            bar: Transfer::start(what, None),
            total: AtomicU64::new(0),
            moved: AtomicU64::new(0),
        }
    }
}

impl azml::datastore::Progress for Bar {
    fn event(&self, event: ProgressEvent<'_>) {
        match event {
            ProgressEvent::Found { bytes, .. } => self.total.store(bytes, Ordering::Relaxed),
            ProgressEvent::Moved { bytes } | ProgressEvent::Skipped { bytes, .. } => {
                self.moved.fetch_add(bytes, Ordering::Relaxed);
            }
            _ => return,
        }
        let total = self.total.load(Ordering::Relaxed);
        self.bar
            .set_of(self.moved.load(Ordering::Relaxed), Some(total));
    }
}
