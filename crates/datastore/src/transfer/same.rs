//! Whether a file is on the other side already: what a resumed transfer may leave out.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};

use crate::data::Item;
use crate::error::{Error, Result};

/// What is recorded beside an uploaded file: its size and the time of its last change.
pub(super) fn source_text(path: &Path) -> Result<String> {
    let metadata = std::fs::metadata(path).map_err(Error::local("reading", path))?;
    let modified = metadata
        .modified()
        .map_err(Error::local("reading the time of", path))?;
    let since = modified
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Ok(format!(
        "{} {}.{:09}",
        metadata.len(),
        since.as_secs(),
        since.subsec_nanos()
    ))
}

/// Whether the remote file was made of the local one as it is now.
pub(super) async fn is_uploaded(remote: &Item, path: &Path, source: &str) -> Result<bool> {
    let length = tokio::fs::metadata(path)
        .await
        .map_err(Error::local("reading", path))?
        .len();
    if remote.length != length {
        return Ok(false);
    }
    if remote.source.as_deref() == Some(source) {
        return Ok(true);
    }
    has_md5(path, remote.md5.as_deref()).await
}

/// Whether the local file is the remote one as it is now.
pub(super) async fn is_downloaded(remote: &Item, path: &Path) -> Result<bool> {
    let metadata = tokio::fs::metadata(path)
        .await
        .map_err(Error::local("reading", path))?;
    if metadata.len() != remote.length {
        return Ok(false);
    }
    let modified = metadata.modified().ok();
    if modified.is_some() && modified == remote_time(remote) {
        return Ok(true);
    }
    has_md5(path, remote.md5.as_deref()).await
}

/// Gives a local file the time of the remote one, by which it is known again.
pub(super) fn take_time(remote: &Item, path: &Path) -> Result<()> {
    let Some(time) = remote_time(remote) else {
        return Ok(());
    };
    let file = std::fs::File::options()
        .write(true)
        .open(path)
        .map_err(Error::local("opening", path))?;
    file.set_modified(time)
        .map_err(Error::local("setting the time of", path))
}

fn remote_time(remote: &Item) -> Option<SystemTime> {
    let time = azure_core::time::parse_rfc7231(&remote.last_modified).ok()?;
    let seconds = u64::try_from(time.unix_timestamp()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

async fn has_md5(path: &Path, expected: Option<&str>) -> Result<bool> {
    let Some(expected) = expected.filter(|text| !text.is_empty()) else {
        return Ok(false);
    };
    let path = path.to_owned();
    let found = tokio::task::spawn_blocking(move || md5_of(&path)).await;
    let found = found.map_err(|error| Error::usage(format!("a checksum failed: {error}")))??;
    Ok(found == expected)
}

fn md5_of(path: &Path) -> Result<String> {
    let mut file = std::fs::File::open(path).map_err(Error::local("opening", path))?;
    let mut md5 = Md5::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file
            .read(&mut buffer)
            .map_err(Error::local("reading", path))?;
        if read == 0 {
            return Ok(STANDARD.encode(md5.finalize()));
        }
        md5.update(&buffer[..read]);
    }
}
