//! Reading, writing, copying and removing whole blobs.

use axum::body::Body;
use axum::http::{StatusCode, Uri};
use azml_auth::storage::SasFields;

use super::BlobService;
use super::properties::{self, content_headers, describe};
use crate::storage::answer::Answer;
use crate::storage::authorize::Grant;
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::metadata;
use crate::storage::names;
use crate::storage::range::ByteRange;
use crate::storage::receive::{self, Own};
use crate::storage::request::{Call, Target};
use crate::storage::tree::{Address, Copy, NewBlob, Open};

/// Largest body of "Put Blob".
const LARGEST_BLOB: u64 = 5000 << 20;

pub(super) fn address(call: &Call) -> Address {
    Address {
        account: call.target.account.clone(),
        container: call.target.container.clone(),
        name: call.target.path.clone(),
    }
}

/// The conditions of a write; a grant to create only allows no replacement.
pub(super) fn write_conditions(call: &Call, grant: &Grant) -> Result<Conditions> {
    let mut conditions = Conditions::parse(call)?;
    if grant.create_only {
        conditions.forbid_replacement();
    }
    refuse_lease(call)?;
    Ok(conditions)
}

/// Leases are not there yet, so a lease id cannot be the right one.
fn refuse_lease(call: &Call) -> Result<()> {
    match call.optional_header("x-ms-lease-id") {
        None => Ok(()),
        Some(_) => Err(StorageError::not_implemented("x-ms-lease-id")),
    }
}

impl BlobService {
    pub(super) async fn put_blob(&self, call: &Call, grant: &Grant, body: Body) -> Result<Answer> {
        names::check_blob(&call.target.path)?;
        match call.header("x-ms-blob-type") {
            "BlockBlob" => {}
            kind @ ("AppendBlob" | "PageBlob") => {
                return Err(StorageError::not_implemented(&format!(
                    "Put Blob of type {kind}"
                )));
            }
            "" => return Err(Code::MissingRequiredHeader.into()),
            _ => return Err(StorageError::header("x-ms-blob-type")),
        }
        let conditions = write_conditions(call, grant)?;
        let mut new = new_blob(call)?;
        if new.headers.content_type.is_empty() {
            new.headers.content_type = call.header("content-type").to_owned();
        }
        let files = &self.tree.state.files;
        let upload = receive::receive(files, call, body, LARGEST_BLOB, Own::Md5).await?;
        if new.headers.md5.is_empty() {
            new.headers.md5 = upload.md5.clone().unwrap_or_default();
        }
        let blob = self
            .tree
            .put_blob(address(call), conditions, new, upload.body)
            .await?;
        Ok(Answer::new(StatusCode::CREATED)
            .version(blob.etag, blob.modified)
            .header("content-md5", upload.md5.as_deref().unwrap_or_default())
            .header(
                "x-ms-content-crc64",
                upload.crc64.as_deref().unwrap_or_default(),
            )
            .header("x-ms-request-server-encrypted", "true"))
    }

    pub(super) fn get_blob(&self, call: &Call, grant: &Grant) -> Result<Answer> {
        let conditions = Conditions::parse(call)?;
        let range = ["x-ms-range", "range"]
            .iter()
            .find_map(|name| call.optional_header(name))
            .and_then(ByteRange::parse);
        if call.header("x-ms-range-get-content-md5") == "true"
            || call.header("x-ms-range-get-content-crc64") == "true"
        {
            return Err(StorageError::not_implemented("A checksum of a range"));
        }
        let reading = self.tree.reading()?;
        let Open { blob, range, plan } = reading.open(&address(call), &conditions, range)?;
        let Some(plan) = plan else {
            return Ok(not_modified(&blob));
        };
        let length = range
            .as_ref()
            .map_or(blob.length, |range| range.end - range.start);
        let answer = match &range {
            None => Answer::new(StatusCode::OK),
            Some(range) => Answer::new(StatusCode::PARTIAL_CONTENT).header(
                "content-range",
                &format!("bytes {}-{}/{}", range.start, range.end - 1, blob.length),
            ),
        };
        let answer =
            describe(answer, &blob, range.is_some()).header("content-length", &length.to_string());
        let answer = overridden(answer, grant);
        Ok(match plan.in_memory() {
            Some(bytes) => answer.body(bytes),
            None => answer.body(Body::from_stream(reading.stream(plan))),
        })
    }

    pub(super) fn get_blob_properties(&self, call: &Call, grant: &Grant) -> Result<Answer> {
        let conditions = Conditions::parse(call)?;
        let blob = self.tree.blob(&address(call))?;
        if !conditions.check_read(blob.version())? {
            return Ok(not_modified(&blob));
        }
        let answer = describe(Answer::new(StatusCode::OK), &blob, false)
            .header("content-length", &blob.length.to_string())
            .header("x-ms-access-tier", properties::tier(&blob));
        Ok(overridden(answer, grant))
    }

    pub(super) async fn delete_blob(&self, call: &Call) -> Result<Answer> {
        refuse_lease(call)?;
        match call.header("x-ms-delete-snapshots") {
            "" | "include" => {}
            "only" => return Err(StorageError::not_implemented("Deleting snapshots only")),
            _ => return Err(StorageError::header("x-ms-delete-snapshots")),
        }
        self.tree
            .delete_blob(address(call), Conditions::parse(call)?)
            .await?;
        Ok(Answer::new(StatusCode::ACCEPTED).header("x-ms-delete-type-permanent", "true"))
    }

    pub(super) async fn copy_blob(&self, call: &Call, grant: &Grant) -> Result<Answer> {
        names::check_blob(&call.target.path)?;
        let source = self.copy_source(call)?;
        let metadata = metadata::is_given(call)
            .then(|| metadata::parse(call))
            .transpose()?;
        let copy = Copy {
            source: Address {
                account: source.account,
                container: source.container,
                name: source.path,
            },
            source_conditions: Conditions::parse_source(call)?,
            target: address(call),
            conditions: write_conditions(call, grant)?,
            metadata,
            tier: call.header("x-ms-access-tier").to_owned(),
            shown_source: without_query(call.header("x-ms-copy-source")),
        };
        let blob = self.tree.copy_blob(copy).await?;
        let id = blob.copied.as_ref().map_or("", |copied| copied.id.as_str());
        Ok(Answer::new(StatusCode::ACCEPTED)
            .version(blob.etag, blob.modified)
            .header("x-ms-copy-id", id)
            .header("x-ms-copy-status", "success"))
    }

    /// The source of a copy: a blob of this emulator that the caller may read, because it
    /// is in the same account or by a signature in its address.
    fn copy_source(&self, call: &Call) -> Result<Target> {
        let address = call.header("x-ms-copy-source");
        let uri: Uri = address
            .parse()
            .map_err(|_| StorageError::header("x-ms-copy-source"))?;
        let target = self
            .local_target(&uri)
            .ok_or_else(|| StorageError::not_implemented("A copy from outside the emulator"))??;
        let signed = SasFields::parse(uri.query().unwrap_or_default())
            .map_err(|_| Code::CannotVerifyCopySource)?
            .is_some();
        if signed || target.account != call.target.account {
            let source = call.read_of(uri, target.clone())?;
            self.authorize(&source, &super::Operation::GetBlob.wanted())
                .map_err(|_| Code::CannotVerifyCopySource)?;
        }
        Ok(target)
    }

    /// The target of an address of this emulator, in either style; `None` for others.
    fn local_target(&self, uri: &Uri) -> Option<Result<Target>> {
        let host = uri.host()?;
        let label = host
            .strip_suffix(".blob.localhost")
            .or_else(|| host.strip_suffix(".dfs.localhost"));
        if let Some(label) = label {
            return Some(Target::parse(uri, Some(label)));
        }
        let target = Target::parse(uri, None);
        let known = |target: &Target| self.accounts.get(&target.account).is_some();
        match target {
            Ok(target) if !known(&target) => None,
            other => Some(other),
        }
    }
}

fn not_modified(blob: &crate::storage::tree::Blob) -> Answer {
    Answer::new(StatusCode::NOT_MODIFIED).version(blob.etag, blob.modified)
}

fn overridden(answer: Answer, grant: &Grant) -> Answer {
    grant
        .overrides
        .iter()
        .fold(answer, |answer, (name, value)| answer.header(name, value))
}

fn without_query(address: &str) -> String {
    address
        .split_once('?')
        .map_or(address, |(path, _)| path)
        .to_owned()
}

/// Properties and metadata that a writing request gives.
pub(super) fn new_blob(call: &Call) -> Result<NewBlob> {
    if call.optional_header("x-ms-tags").is_some() {
        return Err(StorageError::not_implemented("x-ms-tags"));
    }
    Ok(NewBlob {
        headers: content_headers(call),
        metadata: metadata::parse(call)?,
        tier: properties::parse_tier(call)?,
    })
}
