//! What a mount asks for, as requests to the datastore's service.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use azml_core::ErrorKind;
use azml_mount::{Backend, Cause, Failure, File, Found, Over};
use azure_core::time::parse_rfc7231;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;

use crate::data::{Entry, Item, Store, WriteMode, Written};
use crate::error::{Error, Result};

/// How often a body that breaks off is asked for in all.
const BODY_TRIES: usize = 4;

/// The files of a datastore, or of one folder of it.
#[derive(Debug)]
pub(super) struct Files {
    store: Arc<dyn Store>,
    root: String,
}

impl Files {
    pub(super) fn new(store: Arc<dyn Store>, root: &str) -> Self {
        Self {
            store,
            root: root.to_owned(),
        }
    }

    /// The name on the datastore.
    fn whole(&self, path: &str) -> String {
        match (self.root.as_str(), path) {
            ("", path) => path.to_owned(),
            (root, "") => root.to_owned(),
            (root, path) => format!("{root}/{path}"),
        }
    }

    async fn fetch(&self, name: &str, range: Range<u64>, etag: &str) -> Result<Bytes> {
        let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let fetched = self.store.get(name, Some(range), Some(etag)).await?;
        let mut body = fetched.body;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = body.try_next().await? {
            if bytes.is_empty() {
                if chunk.len() == length {
                    return Ok(chunk);
                }
                bytes.reserve(length);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }

    async fn store_file(&self, name: &str, from: &Path, over: &Over) -> Result<Option<File>> {
        let mode = match over {
            Over::Nothing => WriteMode::Keep,
            Over::Version(etag) if self.store.knows_versions() => {
                WriteMode::Match(etag.as_ref().to_owned())
            }
            // As near as such a service lets anybody come.
            Over::Version(etag) => match self.store.head(name).await? {
                Some(item) if item.etag == **etag => WriteMode::Replace,
                _ => return Ok(None),
            },
        };
        let written = self.store.put_file(name, from, &mode.into()).await?;
        if written == Written::Existed {
            return Ok(None);
        }
        Ok(self.store.head(name).await?.map(file))
    }
}

#[async_trait]
impl Backend for Files {
    async fn entries(&self, folder: &str) -> azml_mount::Result<Vec<(String, Found)>> {
        let folder = self.whole(folder);
        let start = match folder.as_str() {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let pages: Vec<Vec<Entry>> = self
            .store
            .entries(&folder)
            .try_collect()
            .await
            .map_err(failure)?;
        let entries = pages.into_iter().flatten().filter_map(|entry| {
            let name = entry.name().strip_prefix(&start)?.to_owned();
            let found = match entry {
                Entry::Folder(_) => Found::Folder,
                Entry::File(item) => Found::File(file(item)),
            };
            Some((name, found))
        });
        Ok(entries.collect())
    }

    async fn file(&self, path: &str) -> azml_mount::Result<Option<File>> {
        let found = self.store.head(&self.whole(path)).await;
        Ok(found.map_err(failure)?.map(file))
    }

    async fn read(&self, path: &str, range: Range<u64>, etag: &str) -> azml_mount::Result<Bytes> {
        let name = self.whole(path);
        let mut left = BODY_TRIES;
        loop {
            left -= 1;
            match self.fetch(&name, range.clone(), etag).await {
                Err(error) if left > 0 && error.is_interruption() => {}
                fetched => return fetched.map_err(failure),
            }
        }
    }

    async fn write(&self, path: &str, from: &Path, over: &Over) -> azml_mount::Result<File> {
        let name = self.whole(path);
        let stored = self.store_file(&name, from, over).await.map_err(failure)?;
        stored.ok_or_else(|| {
            let text = format!("somebody else has written or removed '{name}' meanwhile");
            Failure::new(Cause::Changed, text)
        })
    }

    async fn remove(&self, path: &str) -> azml_mount::Result<()> {
        let name = self.whole(path);
        match self.store.delete(&name).await.map_err(failure)? {
            true => Ok(()),
            false => Err(Failure::new(
                Cause::NotFound,
                format!("there is nothing at '{name}'"),
            )),
        }
    }

    async fn rename(&self, from: &str, to: &str, replace: bool) -> azml_mount::Result<()> {
        let mode = match replace {
            true => WriteMode::Replace,
            false => WriteMode::Keep,
        };
        let (from, to) = (self.whole(from), self.whole(to));
        let renamed = self.store.rename(&from, &to, &mode).await;
        match renamed.map_err(failure)? {
            Written::Done(_) => Ok(()),
            Written::Existed => Err(Failure::new(
                Cause::Exists,
                format!("there is a file at '{to}' already"),
            )),
        }
    }

    async fn make_folder(&self, path: &str) -> azml_mount::Result<()> {
        let made = self.store.make_folder(&self.whole(path)).await;
        made.map_err(failure)
    }

    async fn remove_folder(&self, path: &str) -> azml_mount::Result<()> {
        let removed = self.store.remove_folder(&self.whole(path)).await;
        removed.map_err(failure)
    }
}

fn file(item: Item) -> File {
    let modified = parse_rfc7231(&item.last_modified).map_or(UNIX_EPOCH, SystemTime::from);
    File {
        length: item.length,
        etag: item.etag.into(),
        modified,
    }
}

/// A refusal as programs that use files know it.
fn failure(error: Error) -> Failure {
    let text = error.to_string();
    let Error::Service(error) = &error else {
        return Failure::new(Cause::Other, text);
    };
    let cause = match (error.status(), error.code(), error.kind()) {
        (_, Some(code), _) if code.starts_with("Lease") || code == "SharingViolation" => {
            Cause::Busy
        }
        (_, Some("DirectoryNotEmpty"), _) => Cause::NotEmpty,
        (Some(404), ..) => Cause::NotFound,
        (Some(401 | 403), ..) => Cause::Denied,
        (Some(409), ..) => Cause::Exists,
        (Some(412), ..) => Cause::Changed,
        (_, _, ErrorKind::Timeout) => Cause::TimedOut,
        _ => Cause::Other,
    };
    Failure::new(cause, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 6.1 of the protocol notes: what programs see of a refusal.
    #[test]
    fn refusals_are_told_apart() {
        let refusal = |status: u16, code: &str| {
            let error = azml_core::Error::new(ErrorKind::from_status(status), "no");
            failure(error.with_status(status).with_code(code).into()).cause
        };
        for (status, code, cause) in [
            (404, "BlobNotFound", Cause::NotFound),
            (403, "AuthorizationFailure", Cause::Denied),
            (412, "ConditionNotMet", Cause::Changed),
            (412, "LeaseIdMissing", Cause::Busy),
            (409, "DirectoryNotEmpty", Cause::NotEmpty),
            (409, "BlobAlreadyExists", Cause::Exists),
            (503, "ServerBusy", Cause::Other),
        ] {
            assert_eq!(refusal(status, code), cause, "{status} {code}");
        }
    }
}
