//! `azml datastore ls`, `cat` and `rm`.

use std::io::Write;
use std::time::Duration;

use azml::datastore::Datastore;
use futures::TryStreamExt;

use crate::args::datastore::SasArgs;
use crate::failure::{Failure, Result};
use crate::output::{Format, Listing, data, note, stdout_failure};

/// Prints the files whose names begin with the prefix.
pub(super) async fn list(datastore: &Datastore, prefix: &str, format: &Format) -> Result<()> {
    let mut listing = Listing::new(["name", "bytes", "modified"]);
    let mut files = std::pin::pin!(datastore.list(prefix)?);
    while let Some(file) = files.try_next().await? {
        listing.row([
            file.name.into(),
            file.length.into(),
            file.last_modified.into(),
        ]);
    }
    listing.print(format)
}

/// Writes a file to standard output as it arrives.
pub(super) async fn print(datastore: &Datastore, path: &str) -> Result<()> {
    let mut body = std::pin::pin!(datastore.read(path).await?);
    while let Some(chunk) = body.try_next().await? {
        std::io::stdout()
            .write_all(&chunk)
            .map_err(stdout_failure)?;
    }
    std::io::stdout().flush().map_err(stdout_failure)
}

/// Prints an address that carries its own permission.
pub(super) fn sign(datastore: &Datastore, args: &SasArgs) -> Result<()> {
    let lifetime = Duration::from_secs(u64::from(args.hours) * 3600);
    let url = datastore.signed_url(args.path.as_deref(), &args.permissions, lifetime)?;
    data(|out| writeln!(out, "{url}"))
}

/// Removes a file.
pub(super) async fn remove(datastore: &Datastore, path: &str) -> Result<()> {
    if datastore.delete(path).await? {
        note(format_args!("removed `{path}`"));
        return Ok(());
    }
    Err(
        Failure::new(format!("there is no file `{path}`")).hint(format!(
            "list the files with `azml datastore ls {}`",
            datastore.name()
        )),
    )
}
