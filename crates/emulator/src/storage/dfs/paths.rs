//! Files and directories: list, create, append, flush, status, rename, delete.

use axum::body::Body;
use axum::http::StatusCode;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::access::{self, Given};
use super::{DfsService, address, properties};
use crate::storage::answer::Answer;
use crate::storage::authorize::Grant;
use crate::storage::conditions::{Conditions, etag_text};
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::listing;
use crate::storage::names;
use crate::storage::receive::{self, Own};
use crate::storage::request::Call;
use crate::storage::tree::paths::{Flush, NewPath, Path, Rename};
use crate::storage::tree::{Address, Blob};

/// Paths of one page.
const LARGEST_PAGE: usize = 5000;
/// Largest body of one append.
const LARGEST_APPEND: u64 = 4000 << 20;

/// How many paths a page may have.
pub(super) fn parse_limit(call: &Call) -> Result<usize> {
    match call.query.get("maxresults") {
        "" => Ok(LARGEST_PAGE),
        text => match text.parse::<usize>() {
            Ok(limit) if limit > 0 => Ok(limit.min(LARGEST_PAGE)),
            _ => Err(Code::OutOfRangeQueryParameterValue.into()),
        },
    }
}

fn flag(call: &Call, name: &str) -> Result<bool> {
    match call.query.get(name).to_ascii_lowercase().as_str() {
        "" | "false" => Ok(false),
        "true" => Ok(true),
        _ => Err(StorageError::query(name)),
    }
}

fn position(call: &Call) -> Result<u64> {
    match call.query.get("position") {
        "" => Err(Code::MissingRequiredQueryParameter.into()),
        text => text.parse().map_err(|_| StorageError::query("position")),
    }
}

impl DfsService {
    pub(super) async fn list_paths(&self, call: &Call) -> Result<Answer> {
        let recursive = match call.query.optional("recursive") {
            None => return Err(Code::MissingRequiredQueryParameter.into()),
            Some(_) => flag(call, "recursive")?,
        };
        let at = Address {
            name: call.query.get("directory").trim_matches('/').to_owned(),
            ..address(call)
        };
        let from = listing::parse_marker(call.query.get("continuation"))
            .map_err(|_| StorageError::query("continuation"))?;
        let (paths, next) = self
            .tree()
            .list_paths(at, recursive, from, parse_limit(call)?)
            .await?;
        let shown: Vec<Value> = paths.iter().map(|(name, path)| show(name, path)).collect();
        let next = next.as_deref().map(listing::marker);
        Ok(Answer::json(&json!({ "paths": shown }))
            .header("x-ms-continuation", &next.unwrap_or_default()))
    }

    pub(super) async fn create_path(
        &self,
        call: &Call,
        grant: &Grant,
        directory: bool,
    ) -> Result<Answer> {
        let at = address(call);
        names::check_blob(&at.name)?;
        let mut conditions = Conditions::parse(call)?;
        if grant.create_only {
            conditions.forbid_replacement();
        }
        let given = Given::parse(call)?;
        let access = (!given.is_empty()).then(|| {
            let mut access = access::shown(None, directory);
            given.apply(&mut access);
            access
        });
        let new = NewPath {
            directory,
            headers: properties::content_headers(call),
            metadata: properties::parse(call)?,
            access,
        };
        let blob = self.tree().create_path(at, conditions, new).await?;
        Ok(Answer::new(StatusCode::CREATED)
            .version(blob.etag, blob.modified)
            .header("x-ms-request-server-encrypted", "true"))
    }

    pub(super) async fn append(&self, call: &Call, body: Body) -> Result<Answer> {
        let at = address(call);
        let position = position(call)?;
        let flush = flag(call, "flush")?;
        let files = &self.tree().state.files;
        let upload = receive::receive(files, call, body, LARGEST_APPEND, Own::Crc64).await?;
        let end = position.saturating_add(upload.body.length());
        if upload.body.length() > 0 {
            self.tree()
                .append(at.clone(), position, upload.body)
                .await?;
        }
        let answer = Answer::new(StatusCode::ACCEPTED)
            .header("content-md5", upload.md5.as_deref().unwrap_or_default())
            .header("x-ms-request-server-encrypted", "true");
        if !flush {
            return Ok(answer);
        }
        let flush = Flush {
            position: end,
            retain: false,
            headers: properties::content_headers(call),
        };
        let conditions = Conditions::parse(call)?;
        let blob = self.tree().flush(at, conditions, flush).await?;
        Ok(answer.version(blob.etag, blob.modified))
    }

    pub(super) async fn flush(&self, call: &Call) -> Result<Answer> {
        flag(call, "close")?;
        let flush = Flush {
            position: position(call)?,
            retain: flag(call, "retainuncommitteddata")?,
            headers: properties::content_headers(call),
        };
        let conditions = Conditions::parse(call)?;
        let blob = self.tree().flush(address(call), conditions, flush).await?;
        Ok(Answer::new(StatusCode::OK)
            .version(blob.etag, blob.modified)
            .header("content-length", "0")
            .header("x-ms-request-server-encrypted", "true"))
    }

    pub(super) fn get_status(&self, call: &Call, list: bool) -> Result<Answer> {
        let path = self
            .tree()
            .path(&address(call))?
            .ok_or(Code::PathNotFound)?;
        let directory = path.is_directory();
        let access = access::shown(path.blob(), directory);
        let mut answer = Answer::new(StatusCode::OK)
            .header("x-ms-resource-type", kind(directory))
            .header("x-ms-owner", &access.owner)
            .header("x-ms-group", &access.group)
            .header(
                "x-ms-permissions",
                &shown_permissions(&access.permissions, &access.entries),
            );
        if list {
            answer = answer.header("x-ms-acl", &access::list_text(&access));
        }
        let Some(blob) = path.blob() else {
            return Ok(answer);
        };
        if !Conditions::parse(call)?.check_read(blob.version())? {
            return Ok(Answer::new(StatusCode::NOT_MODIFIED).version(blob.etag, blob.modified));
        }
        Ok(answer
            .version(blob.etag, blob.modified)
            .header("content-length", &blob.length.to_string())
            .header("content-type", &blob.headers.content_type)
            .header("x-ms-properties", &properties::write(&blob.metadata)))
    }

    pub(super) async fn set_properties(&self, call: &Call) -> Result<Answer> {
        let metadata = call
            .optional_header("x-ms-properties")
            .map(|_| properties::parse(call))
            .transpose()?;
        let headers = properties::content_headers(call);
        let conditions = Conditions::parse(call)?;
        let change = move |blob: &mut Blob| {
            if let Some(metadata) = metadata {
                let folder = crate::storage::tree::paths::is_folder(blob);
                blob.metadata
                    .retain(|(name, _)| folder && name == "hdi_isfolder");
                blob.metadata.extend(metadata);
            }
            blob.headers.replace_given(headers);
            Ok(())
        };
        let blob = self
            .tree()
            .change_path(address(call), conditions, change)
            .await?;
        Ok(Answer::new(StatusCode::OK).version(blob.etag, blob.modified))
    }

    pub(super) async fn rename(&self, call: &Call) -> Result<Answer> {
        let to = address(call);
        names::check_blob(&to.name)?;
        let rename = Rename {
            from: self.rename_source(call)?,
            to,
            conditions: Conditions::parse(call)?,
            source_conditions: Conditions::parse_source(call)?,
        };
        self.tree().rename_path(rename).await?;
        Ok(Answer::new(StatusCode::CREATED).header("content-length", "0"))
    }

    /// `/{filesystem}/{path}`, in path style with or without the account in front.
    fn rename_source(&self, call: &Call) -> Result<Address> {
        const SOURCE: &str = "x-ms-rename-source";
        let invalid = || StorageError::header(SOURCE);
        let text = call.header(SOURCE);
        let path = text.split_once('?').map_or(text, |(path, _)| path);
        let path = percent_decode_str(path)
            .decode_utf8()
            .map_err(|_| invalid())?;
        let path = path.trim_start_matches('/');
        let account = &call.target.account;
        let split = |path: &str| {
            path.split_once('/')
                .map(|(container, name)| (container.to_owned(), name.trim_matches('/').to_owned()))
        };
        let (container, name) = split(path).ok_or_else(invalid)?;
        let known = self.tree().container(account, &container).is_ok();
        let (container, name) = match split(&name) {
            Some(inner) if !known && container == *account => inner,
            _ => (container, name),
        };
        Ok(Address {
            account: account.clone(),
            container,
            name,
            snapshot: String::new(),
        })
    }

    pub(super) async fn delete(&self, call: &Call) -> Result<Answer> {
        let recursive = flag(call, "recursive")?;
        let conditions = Conditions::parse(call)?;
        self.tree()
            .delete_path(address(call), conditions, recursive)
            .await?;
        Ok(Answer::new(StatusCode::OK).header("content-length", "0"))
    }
}

fn kind(directory: bool) -> &'static str {
    if directory { "directory" } else { "file" }
}

/// A plus sign says that there are more entries than the three.
fn shown_permissions(permissions: &str, entries: &[String]) -> String {
    let more = if entries.is_empty() { "" } else { "+" };
    format!("{permissions}{more}")
}

/// A path in a listing: every value is text.
fn show(name: &str, path: &Path) -> Value {
    let directory = path.is_directory();
    let access = access::shown(path.blob(), directory);
    let mut shown = json!({
        "name": name,
        "contentLength": "0",
        "owner": access.owner,
        "group": access.group,
        "permissions": shown_permissions(&access.permissions, &access.entries),
    });
    if directory {
        shown["isDirectory"] = "true".into();
    }
    if let Some(blob) = path.blob() {
        shown["contentLength"] = blob.length.to_string().into();
        shown["etag"] = etag_text(blob.etag).into();
        shown["lastModified"] = blob.modified.http_date().into();
        shown["creationTime"] = blob.created.0.to_string().into();
    }
    shown
}
