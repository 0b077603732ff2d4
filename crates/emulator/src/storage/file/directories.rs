//! Directory operations, and those that directories and files share.

use axum::http::{StatusCode, Uri};

use super::headers::{attributes, describe, times, usual_attributes};
use super::{FileService, target};
use crate::storage::answer::Answer;
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::metadata;
use crate::storage::request::{self, Call};
use crate::storage::shares::{EntryChange, NewEntry, Rename, Target, Times};
use crate::storage::tree::ContentHeaders;
use crate::storage::xml::Xml;

impl FileService {
    pub(super) async fn create_directory(&self, call: &Call) -> Result<Answer> {
        let entry = self
            .shares
            .create(target(call), self.new_entry(call, true)?, true)
            .await?;
        Ok(describe(Answer::new(StatusCode::CREATED), &entry))
    }

    /// What a request says about a new entry; a file gets its length from the caller.
    pub(super) fn new_entry(&self, call: &Call, directory: bool) -> Result<NewEntry> {
        let now = self.now();
        let fresh = Times {
            created: now,
            written: now,
            changed: now,
        };
        Ok(NewEntry {
            attributes: attributes(call, directory)?
                .unwrap_or_else(|| usual_attributes(directory).to_owned()),
            times: times(call, now, fresh)?,
            metadata: metadata::parse(call)?,
            file: None,
        })
    }

    pub(super) fn get_directory(&self, call: &Call) -> Result<Answer> {
        let at = target(call);
        let answer = Answer::new(StatusCode::OK);
        if at.path.trim_matches('/').is_empty() {
            // The root is there as long as the share is.
            let share = self.shares.share(&at.account, &at.share)?;
            return Ok(answer
                .version(share.etag, share.modified)
                .header("x-ms-file-attributes", usual_attributes(true))
                .header("x-ms-file-id", "0"));
        }
        let entry = self.shares.entry(&at, true)?;
        Ok(describe(answer, &entry).metadata(&entry.metadata))
    }

    pub(super) async fn delete(&self, call: &Call, directory: bool) -> Result<Answer> {
        self.shares.delete(target(call), directory).await?;
        Ok(Answer::new(StatusCode::ACCEPTED))
    }

    pub(super) async fn set_metadata(&self, call: &Call, directory: bool) -> Result<Answer> {
        let change = EntryChange::Metadata(metadata::parse(call)?);
        let conditions = Conditions::parse(call)?;
        let entry = self
            .shares
            .change(target(call), directory, conditions, change)
            .await?;
        Ok(Answer::new(StatusCode::OK)
            .version(entry.etag, entry.modified)
            .header("x-ms-request-server-encrypted", "true"))
    }

    pub(super) async fn set_properties(&self, call: &Call, directory: bool) -> Result<Answer> {
        let at = target(call);
        let old = self.shares.entry(&at, directory)?;
        let length = match call.header("x-ms-content-length") {
            "" => None,
            text => Some(super::files::parse_length(text)?),
        };
        // Headers that the request does not name are cleared, unless it only resizes.
        let headers = content_headers(call);
        let named = headers != ContentHeaders::default() || length.is_none();
        let change = EntryChange::Properties {
            headers: (!directory && named).then_some(headers),
            length,
            attributes: attributes(call, directory)?,
            times: Some(times(call, self.now(), old.times)?),
        };
        let conditions = Conditions::parse(call)?;
        let entry = self
            .shares
            .change(at, directory, conditions, change)
            .await?;
        Ok(describe(Answer::new(StatusCode::OK), &entry))
    }

    pub(super) async fn rename(&self, call: &Call, directory: bool) -> Result<Answer> {
        const SOURCE: &str = "x-ms-file-rename-source";
        let mut to = target(call);
        if let Some(id) = call.optional_header("x-ms-destination-lease-id") {
            to.lease = Some(id.to_owned());
        }
        let from = self.local_source(call, SOURCE)?;
        if (&from.account, &from.share) != (&to.account, &to.share) {
            return Err(StorageError::header(SOURCE));
        }
        let replace = match call.header("x-ms-file-rename-replace-if-exists") {
            "" | "false" => false,
            "true" => true,
            _ => return Err(StorageError::header("x-ms-file-rename-replace-if-exists")),
        };
        let rename = Rename {
            from,
            to,
            directory,
            replace,
        };
        let entry = self.shares.rename(rename).await?;
        Ok(describe(Answer::new(StatusCode::OK), &entry))
    }

    /// The entry of this emulator that a header names by its address.
    pub(super) fn local_source(&self, call: &Call, header: &str) -> Result<Target> {
        let text = call.header(header);
        let uri: Uri = text.parse().map_err(|_| StorageError::header(header))?;
        let label = uri
            .host()
            .and_then(|host| host.strip_suffix(".file.localhost"));
        let target = request::Target::parse(&uri, label)?;
        if self.accounts.get(&target.account).is_none() {
            return Err(StorageError::not_implemented(
                "A source outside the emulator",
            ));
        }
        Ok(Target {
            account: target.account,
            share: target.container,
            path: target.path,
            lease: call
                .optional_header("x-ms-source-lease-id")
                .map(str::to_owned),
        })
    }

    /// No handle is ever open here: there is no SMB.
    pub(super) fn list_handles(&self, call: &Call) -> Result<Answer> {
        self.must_be_there(call)?;
        let mut xml = Xml::new();
        xml.open("EnumerationResults");
        xml.element("Entries", "");
        xml.element("NextMarker", "");
        xml.close("EnumerationResults");
        Ok(Answer::xml(xml))
    }

    pub(super) fn close_handles(&self, call: &Call) -> Result<Answer> {
        self.must_be_there(call)?;
        Ok(Answer::new(StatusCode::OK)
            .header("x-ms-number-of-handles-closed", "0")
            .header("x-ms-number-of-handles-failed", "0"))
    }

    fn must_be_there(&self, call: &Call) -> Result<()> {
        let at = target(call);
        if at.path.trim_matches('/').is_empty() {
            return self.shares.share(&at.account, &at.share).map(|_| ());
        }
        let directory = call.query.get("restype") == "directory";
        match self.shares.entry(&at, directory) {
            Err(error) if error.code() == Code::ResourceTypeMismatch => Err(error),
            other => other.map(|_| ()),
        }
    }
}

/// The `x-ms-*` content headers of a file.
pub(super) fn content_headers(call: &Call) -> ContentHeaders {
    let header = |name| call.header(name).to_owned();
    ContentHeaders {
        content_type: header("x-ms-content-type"),
        encoding: header("x-ms-content-encoding"),
        language: header("x-ms-content-language"),
        disposition: header("x-ms-content-disposition"),
        cache_control: header("x-ms-cache-control"),
        md5: header("x-ms-content-md5"),
    }
}
