//! Files in containers and shares, for services of the emulator that carry data around.
//! They name a place and files in it, and see no tree.

use std::path::Path;

use azml_auth::storage::{SasBuilder, SasPermissions, SasService};
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

use super::access::Storage;
use super::conditions::Conditions;
use super::error::{Code, Result, StorageError};
use super::shares::{self, NewEntry, Shares, Target, Times};
use super::tree::{
    Address, ContentHeaders, Entry, INLINE_LIMIT, LARGEST_PAGE, ListBlobs, NewBlob, Received, paths,
};
use crate::state;

/// Pieces in which local files are read.
const PIECE: usize = 1 << 20;

/// A container, file system or share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) service: SasService,
    pub(crate) account: String,
    pub(crate) container: String,
}

impl Place {
    pub(super) fn address(&self, name: &str) -> Address {
        Address {
            account: self.account.clone(),
            container: self.container.clone(),
            name: name.to_owned(),
            snapshot: String::new(),
        }
    }

    pub(super) fn target(&self, path: &str) -> Target {
        Target {
            account: self.account.clone(),
            share: self.container.clone(),
            path: path.to_owned(),
            lease: None,
        }
    }
}

impl Storage {
    pub(super) fn shares(&self) -> Shares {
        Shares {
            tree: self.tree.clone(),
        }
    }

    /// The files of a place whose names begin with `prefix`, with their lengths.
    ///
    /// # Errors
    /// The place is not there.
    pub(crate) async fn files(&self, place: &Place, prefix: &str) -> Result<Vec<(String, u64)>> {
        match place.service {
            SasService::Blob => self.blobs(place, prefix).await,
            SasService::File => self.share_files(place, prefix),
        }
    }

    async fn blobs(&self, place: &Place, prefix: &str) -> Result<Vec<(String, u64)>> {
        let mut found = Vec::new();
        let mut list = ListBlobs {
            prefix: prefix.to_owned(),
            limit: LARGEST_PAGE,
            ..ListBlobs::default()
        };
        loop {
            let page = self
                .tree
                .list_blobs(&place.account, &place.container, list.clone())
                .await?;
            for entry in page.entries {
                if let Entry::Blob(name, _, blob) = entry
                    && !paths::is_folder(&blob)
                {
                    found.push((name, blob.length));
                }
            }
            match page.next {
                Some(next) => list.from = next,
                None => return Ok(found),
            }
        }
    }

    fn share_files(&self, place: &Place, prefix: &str) -> Result<Vec<(String, u64)>> {
        let shares = self.shares();
        let mut found = Vec::new();
        // What stands before the last slash is a folder that all of them are in.
        let start = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut open = vec![start.to_owned()];
        while let Some(folder) = open.pop() {
            let mut from = String::new();
            loop {
                let at = place.target(&folder);
                let page = match shares.list_entries(&at, "", &from, LARGEST_PAGE) {
                    // The prefix need not lead anywhere.
                    Err(error) if folder == start && !start.is_empty() && is_absent(&error) => {
                        return Ok(found);
                    }
                    page => page?,
                };
                for entry in page.entries {
                    let name = match folder.as_str() {
                        "" => entry.name,
                        folder => format!("{folder}/{}", entry.name),
                    };
                    match entry.file {
                        Some(file) if name.starts_with(prefix) => found.push((name, file.length)),
                        None if name.starts_with(prefix) || prefix.starts_with(&name) => {
                            open.push(name);
                        }
                        _ => {}
                    }
                }
                match page.next {
                    Some(next) => from = next,
                    None => break,
                }
            }
        }
        Ok(found)
    }

    /// Writes the content of a file to `to`, which is not there yet.
    ///
    /// # Errors
    /// The file is not there, or cannot be written.
    pub(crate) async fn fetch(&self, place: &Place, name: &str, to: &Path) -> Result<(), String> {
        let local = |error: std::io::Error| format!("'{}': {error}", to.display());
        let content = self.content(place, name).map_err(text)?;
        let mut content = std::pin::pin!(content);
        let mut file = tokio::fs::File::create_new(to).await.map_err(local)?;
        while let Some(bytes) = content
            .try_next()
            .await
            .map_err(|error| error.to_string())?
        {
            file.write_all(&bytes).await.map_err(local)?;
        }
        file.flush().await.map_err(local)
    }

    fn content(
        &self,
        place: &Place,
        name: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, state::Error>> + Send + 'static> {
        let reading = self.tree.reading()?;
        let anything = Conditions::default();
        let plan = match place.service {
            SasService::Blob => reading.open(&place.address(name), &anything, None)?.plan,
            SasService::File => {
                let at = place.target(name);
                let open = reading.read(|view| shares::open(view, &at, &anything, None))?;
                open.map(|open| open.plan)
            }
        };
        let plan = plan.ok_or(Code::ConditionNotMet)?;
        Ok(reading.stream(plan))
    }

    /// Stores a local file; gives whether it is there now, which it is not when there was
    /// one already that may not be replaced.
    ///
    /// # Errors
    /// The place is not there, or the file cannot be read.
    pub(crate) async fn keep(
        &self,
        place: &Place,
        name: &str,
        from: &Path,
        replace: bool,
    ) -> Result<bool, String> {
        let body = self.receive_file(from).await?;
        self.put(place, name, body, replace).await.map_err(text)
    }

    /// Stores bytes over what is there.
    ///
    /// # Errors
    /// The place is not there.
    pub(crate) async fn keep_bytes(&self, place: &Place, name: &str, bytes: Bytes) -> Result<()> {
        let body = if bytes.len() <= INLINE_LIMIT {
            Received::Memory(bytes)
        } else {
            let mut writer = self.tree.state.files.create().await?;
            writer.write(bytes).await?;
            Received::File(writer.finish().await?)
        };
        self.put(place, name, body, true).await.map(drop)
    }

    async fn receive_file(&self, from: &Path) -> Result<Received, String> {
        let local = |error: std::io::Error| format!("'{}': {error}", from.display());
        let stored = |error: state::Error| error.to_string();
        let mut file = tokio::fs::File::open(from).await.map_err(local)?;
        let mut piece = Vec::with_capacity(INLINE_LIMIT + 1);
        let limit = u64::try_from(INLINE_LIMIT + 1).unwrap_or(u64::MAX);
        (&mut file)
            .take(limit)
            .read_to_end(&mut piece)
            .await
            .map_err(local)?;
        if piece.len() <= INLINE_LIMIT {
            return Ok(Received::Memory(piece.into()));
        }
        let mut writer = self.tree.state.files.create().await.map_err(stored)?;
        let limit = u64::try_from(PIECE).unwrap_or(u64::MAX);
        while !piece.is_empty() {
            writer
                .write(std::mem::take(&mut piece).into())
                .await
                .map_err(stored)?;
            (&mut file)
                .take(limit)
                .read_to_end(&mut piece)
                .await
                .map_err(local)?;
        }
        let stored = writer.finish().await.map_err(stored)?;
        Ok(Received::File(stored))
    }

    async fn put(&self, place: &Place, name: &str, body: Received, replace: bool) -> Result<bool> {
        super::names::check_blob(name)?;
        let written = match place.service {
            SasService::Blob => {
                let conditions = if replace {
                    Conditions::default()
                } else {
                    Conditions::absent()
                };
                let new = NewBlob {
                    headers: headers(),
                    ..NewBlob::default()
                };
                let at = place.address(name);
                self.tree
                    .put_blob(at, conditions, new, None, body)
                    .await
                    .map(drop)
            }
            SasService::File => self.put_share_file(place, name, body, replace).await,
        };
        match written {
            Ok(()) => Ok(true),
            Err(error) if error.code() == Code::BlobAlreadyExists => Ok(false),
            Err(error) if error.code() == Code::ResourceAlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn put_share_file(
        &self,
        place: &Place,
        name: &str,
        body: Received,
        replace: bool,
    ) -> Result<()> {
        let shares = self.shares();
        if !replace && shares.entry(&place.target(name), false).is_ok() {
            return Err(Code::ResourceAlreadyExists.into());
        }
        for (end, _) in name.match_indices('/') {
            let folder = shares
                .create(
                    place.target(&name[..end]),
                    self.entry("Directory", None),
                    false,
                )
                .await;
            match folder {
                Err(error) if error.code() == Code::ResourceAlreadyExists => {}
                folder => drop(folder?),
            }
        }
        let length = body.length();
        let new = self.entry("Archive", Some((length, headers())));
        shares.create(place.target(name), new, false).await?;
        if length > 0 {
            let at = place.target(name);
            shares
                .write_range(at, Conditions::default(), 0..length, Some(body))
                .await?;
        }
        Ok(())
    }

    fn entry(&self, attributes: &str, file: Option<(u64, ContentHeaders)>) -> NewEntry {
        let now = self.tree.stamp().now;
        NewEntry {
            attributes: attributes.to_owned(),
            times: Times {
                created: now,
                written: now,
                changed: now,
            },
            metadata: Vec::new(),
            file,
        }
    }

    /// The address of a blob with a signature for these permissions.
    ///
    /// # Errors
    /// The account is not the emulator's.
    pub(crate) fn signed_url(
        &self,
        place: &Place,
        name: &str,
        permissions: SasPermissions,
        lifetime: Duration,
    ) -> Result<String, String> {
        let key = self.accounts.get(&place.account);
        let key = key.ok_or_else(|| format!("the account '{}' is unknown", place.account))?;
        let token = SasBuilder::blob(&place.container, name)
            .permissions(permissions)
            .expires(self.now() + lifetime)
            .sign(key)
            .map_err(|error| error.to_string())?;
        let base = format!("https://{}.blob.{}/", place.account, self.suffix());
        let base = Url::parse(&base).map_err(|error| error.to_string())?;
        let segments: Vec<&str> = std::iter::once(place.container.as_str())
            .chain(name.split('/'))
            .collect();
        let mut url = azml_core::endpoint::join(&base, &segments).map_err(|e| e.to_string())?;
        token.apply_to(&mut url);
        Ok(url.into())
    }
}

fn headers() -> ContentHeaders {
    ContentHeaders {
        content_type: "application/octet-stream".to_owned(),
        ..ContentHeaders::default()
    }
}

fn is_absent(error: &StorageError) -> bool {
    matches!(error.code(), Code::ResourceNotFound | Code::ParentNotFound)
}

fn text(error: StorageError) -> String {
    error.message().to_owned()
}
