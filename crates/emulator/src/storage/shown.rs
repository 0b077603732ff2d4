//! Folders and files as a mount shows them: listed folder by folder, read by ranges of one
//! version.

use std::ops::Range;
use std::time::SystemTime;

use azml_auth::storage::SasService;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;

use super::access::Storage;
use super::conditions::{Conditions, Version, etag_text};
use super::error::{Code, Result, StorageError};
use super::files::Place;
use super::range::ByteRange;
use super::shares;
use super::tree::{Entry, LARGEST_PAGE, ListBlobs, paths};

/// A file as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) length: u64,
    pub(crate) etag: String,
    pub(crate) modified: SystemTime,
}

impl Shown {
    fn new(length: u64, version: Version) -> Self {
        Self {
            length,
            etag: etag_text(version.etag),
            modified: version.modified.time().into(),
        }
    }
}

impl Storage {
    /// What a folder of a place holds, by its own name: files, and folders as `None`.
    /// Nothing for a folder that is not there.
    ///
    /// # Errors
    /// The place is not there.
    pub(crate) async fn folder(
        &self,
        place: &Place,
        folder: &str,
    ) -> Result<Vec<(String, Option<Shown>)>> {
        match place.service {
            SasService::Blob => self.blob_folder(place, folder).await,
            SasService::File => self.share_folder(place, folder),
        }
    }

    async fn blob_folder(
        &self,
        place: &Place,
        folder: &str,
    ) -> Result<Vec<(String, Option<Shown>)>> {
        let prefix = match folder {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let mut list = ListBlobs {
            prefix: prefix.clone(),
            delimiter: "/".to_owned(),
            limit: LARGEST_PAGE,
            ..ListBlobs::default()
        };
        let mut found = Vec::new();
        loop {
            let page = self
                .tree
                .list_blobs(&place.account, &place.container, list.clone())
                .await?;
            for entry in page.entries {
                let (name, shown) = match entry {
                    Entry::Prefix(name) => (name, None),
                    Entry::Blob(name, _, blob) if paths::is_folder(&blob) => (name, None),
                    Entry::Blob(name, _, blob) => {
                        let shown = Shown::new(blob.length, blob.version());
                        (name, Some(shown))
                    }
                };
                let own = name.strip_prefix(&prefix).unwrap_or(&name);
                let own = own.strip_suffix('/').unwrap_or(own);
                // A blob named as the folder, with a slash, stands for it.
                if !own.is_empty() {
                    found.push((own.to_owned(), shown));
                }
            }
            match page.next {
                Some(next) => list.from = next,
                None => return Ok(found),
            }
        }
    }

    fn share_folder(&self, place: &Place, folder: &str) -> Result<Vec<(String, Option<Shown>)>> {
        let (shares, at) = (self.shares(), place.target(folder));
        let (mut found, mut from) = (Vec::new(), String::new());
        loop {
            let page = match shares.list_entries(&at, "", &from, LARGEST_PAGE) {
                Err(error) if is_absent(&error) => return Ok(found),
                page => page?,
            };
            found.extend(page.entries.into_iter().map(|entry| {
                let version = entry.version();
                let shown = entry.file.map(|file| Shown::new(file.length, version));
                (entry.name, shown)
            }));
            match page.next {
                Some(next) => from = next,
                None => return Ok(found),
            }
        }
    }

    /// The file of this name, if there is one.
    ///
    /// # Errors
    /// The place is not there.
    pub(crate) fn shown(&self, place: &Place, name: &str) -> Result<Option<Shown>> {
        let shown = match place.service {
            SasService::Blob => self.tree.blob(&place.address(name)).map(|blob| {
                let is_file = !paths::is_folder(&blob);
                is_file.then(|| Shown::new(blob.length, blob.version()))
            }),
            SasService::File => {
                let entry = self.shares().entry(&place.target(name), false);
                entry.map(|entry| {
                    let version = entry.version();
                    entry.file.map(|file| Shown::new(file.length, version))
                })
            }
        };
        match shown {
            Err(error) if is_absent(&error) => Ok(None),
            shown => shown,
        }
    }

    /// A range of this version of a file; `None` when there is another version by now.
    ///
    /// # Errors
    /// The file is not there, or cannot be read.
    pub(crate) async fn range(
        &self,
        place: &Place,
        name: &str,
        range: Range<u64>,
        etag: &str,
    ) -> Result<Option<Bytes>> {
        let reading = self.tree.reading()?;
        let anything = Conditions::default();
        let wanted = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        let wanted = ByteRange::parse(&wanted);
        let (version, plan) = match place.service {
            SasService::Blob => {
                let open = reading.open(&place.address(name), &anything, wanted)?;
                (open.blob.version(), open.plan)
            }
            SasService::File => {
                let at = place.target(name);
                let open = reading.read(|view| shares::open(view, &at, &anything, wanted))?;
                let open = open.ok_or(Code::ConditionNotMet)?;
                (open.entry.version(), Some(open.plan))
            }
        };
        if etag_text(version.etag) != etag {
            return Ok(None);
        }
        let plan = plan.ok_or(Code::ConditionNotMet)?;
        if let Some(bytes) = plan.in_memory() {
            return Ok(Some(bytes));
        }
        let chunks = reading.stream(plan);
        let bytes = chunks.try_fold(BytesMut::new(), |mut all, chunk| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        });
        Ok(Some(bytes.await?.freeze()))
    }
}

fn is_absent(error: &StorageError) -> bool {
    matches!(
        error.code(),
        Code::BlobNotFound
            | Code::ResourceNotFound
            | Code::ParentNotFound
            | Code::ResourceTypeMismatch
    )
}
