//! Reading, writing, copying and removing whole blobs.

use axum::body::Body;
use axum::http::{StatusCode, Uri};
use azml_auth::storage::SasFields;

use super::properties::{self, content_headers, describe};
use super::{BlobService, appends, tags};
use crate::storage::answer::Answer;
use crate::storage::authorize::Grant;
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::metadata;
use crate::storage::names;
use crate::storage::range::ByteRange;
use crate::storage::receive::{self, Own};
use crate::storage::request::{Call, Query, Target};
use crate::storage::time::Ticks;
use crate::storage::tree::{
    Address, BLOB_LEASE, Blob, BlobType, Copy, NewBlob, Open, Snapshots, check_lease,
};

/// Largest body of "Put Blob".
const LARGEST_BLOB: u64 = 5000 << 20;

pub(super) fn address(call: &Call) -> Address {
    Address {
        account: call.target.account.clone(),
        container: call.target.container.clone(),
        name: call.target.path.clone(),
        snapshot: call.query.get("snapshot").to_owned(),
    }
}

/// The conditions of a write; a grant to create only allows no replacement.
pub(super) fn write_conditions(call: &Call, grant: &Grant) -> Result<Conditions> {
    let mut conditions = Conditions::parse(call)?;
    if grant.create_only {
        conditions.forbid_replacement();
    }
    Ok(conditions)
}

impl BlobService {
    pub(super) async fn put_blob(&self, call: &Call, grant: &Grant, body: Body) -> Result<Answer> {
        names::check_blob(&call.target.path)?;
        let mut length = None;
        let kind = match call.header("x-ms-blob-type") {
            "BlockBlob" => BlobType::Block,
            "AppendBlob" => BlobType::Append,
            "PageBlob" => {
                length = Some(appends::page_blob_length(call)?);
                BlobType::Page
            }
            "" => return Err(Code::MissingRequiredHeader.into()),
            _ => return Err(StorageError::header("x-ms-blob-type")),
        };
        let conditions = write_conditions(call, grant)?;
        let mut new = new_blob(call)?;
        new.kind = kind;
        if new.headers.content_type.is_empty() {
            new.headers.content_type = call.header("content-type").to_owned();
        }
        let files = &self.tree.state.files;
        let upload = receive::receive(files, call, body, LARGEST_BLOB, Own::Md5).await?;
        if kind != BlobType::Block && upload.body.length() > 0 {
            return Err(StorageError::header("content-length"));
        }
        if kind == BlobType::Block && new.headers.md5.is_empty() {
            new.headers.md5 = upload.md5.clone().unwrap_or_default();
        }
        let blob = self
            .tree
            .put_blob(address(call), conditions, new, length, upload.body)
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
        let now = self.check_lease(call, &blob)?;
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
        let answer = describe(answer, &blob, range.is_some());
        let answer = properties::with_lease(answer, blob.lease.as_ref(), now);
        let answer = answer
            .header("content-length", &length.to_string())
            .header("x-ms-blob-committed-block-count", &self.blocks_of(&blob)?);
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
        let now = self.check_lease(call, &blob)?;
        let answer = describe(Answer::new(StatusCode::OK), &blob, false);
        let answer = properties::with_lease(answer, blob.lease.as_ref(), now)
            .header("content-length", &blob.length.to_string())
            .header("x-ms-blob-committed-block-count", &self.blocks_of(&blob)?)
            .header("x-ms-access-tier", properties::tier(&blob));
        Ok(overridden(answer, grant))
    }

    pub(super) async fn delete_blob(&self, call: &Call) -> Result<Answer> {
        let snapshots = match call.header("x-ms-delete-snapshots") {
            "" => Snapshots::Refuse,
            "include" => Snapshots::Include,
            "only" => Snapshots::Only,
            _ => return Err(StorageError::header("x-ms-delete-snapshots")),
        };
        let at = address(call);
        if !at.snapshot.is_empty() && snapshots != Snapshots::Refuse {
            return Err(StorageError::query("snapshot"));
        }
        self.tree
            .delete_blob(at, Conditions::parse(call)?, snapshots)
            .await?;
        Ok(Answer::new(StatusCode::ACCEPTED).header("x-ms-delete-type-permanent", "true"))
    }

    pub(super) async fn snapshot_blob(&self, call: &Call) -> Result<Answer> {
        let metadata = metadata::is_given(call)
            .then(|| metadata::parse(call))
            .transpose()?;
        let (blob, time) = self
            .tree
            .snapshot_blob(address(call), Conditions::parse(call)?, metadata)
            .await?;
        Ok(Answer::new(StatusCode::CREATED)
            .version(blob.etag, blob.modified)
            .header("x-ms-snapshot", &time)
            .header("x-ms-request-server-encrypted", "false"))
    }

    /// The lease id of a reader, if one is given, must be right.
    fn check_lease(&self, call: &Call, blob: &Blob) -> Result<Ticks> {
        let now = Ticks::of(self.tree.state.clock.now());
        let given = call.optional_header("x-ms-lease-id");
        check_lease(blob.lease.as_ref(), given, now, BLOB_LEASE)?;
        Ok(now)
    }

    /// The number of blocks of an append blob; nothing for others.
    fn blocks_of(&self, blob: &Blob) -> Result<String> {
        match blob.kind {
            BlobType::Append => Ok(self.tree.appended_blocks(blob)?.to_string()),
            _ => Ok(String::new()),
        }
    }

    pub(super) async fn copy_blob(&self, call: &Call, grant: &Grant) -> Result<Answer> {
        let shown = without_query(call.header("x-ms-copy-source"));
        let blob = self.copy(call, grant, Some(shown)).await?;
        let id = blob.copied.as_ref().map_or("", |copied| copied.id.as_str());
        Ok(Answer::new(StatusCode::ACCEPTED)
            .version(blob.etag, blob.modified)
            .header("x-ms-copy-id", id)
            .header("x-ms-copy-status", "success"))
    }

    pub(super) async fn put_blob_from_url(&self, call: &Call, grant: &Grant) -> Result<Answer> {
        if call.header("x-ms-blob-type") != "BlockBlob" {
            return Err(StorageError::header("x-ms-blob-type"));
        }
        let blob = self.copy(call, grant, None).await?;
        Ok(Answer::new(StatusCode::CREATED)
            .version(blob.etag, blob.modified)
            .header("content-md5", &blob.headers.md5)
            .header("x-ms-request-server-encrypted", "true"))
    }

    /// The bytes of the source that a request names, or of a range of it.
    pub(super) fn source_body(&self, call: &Call) -> Result<Body> {
        if let Some(name) = ["x-ms-source-content-md5", "x-ms-source-content-crc64"]
            .iter()
            .find(|name| call.optional_header(name).is_some())
        {
            return Err(StorageError::not_implemented(name));
        }
        let source = self.copy_source(call)?;
        let range = call
            .optional_header("x-ms-source-range")
            .map(|text| {
                ByteRange::parse(text).ok_or_else(|| StorageError::header("x-ms-source-range"))
            })
            .transpose()?;
        let conditions = Conditions::parse_source(call)?;
        let reading = self.tree.reading()?;
        let opened = reading
            .open(&source, &Conditions::default(), range)
            .map_err(|error| match error.code() {
                Code::InvalidRange => error,
                _ => Code::CannotVerifyCopySource.into(),
            })?;
        conditions.check_source(opened.blob.version())?;
        Ok(match opened.plan {
            None => Body::empty(),
            Some(plan) => match plan.in_memory() {
                Some(bytes) => Body::from(bytes),
                None => Body::from_stream(reading.stream(plan)),
            },
        })
    }

    async fn copy(&self, call: &Call, grant: &Grant, shown: Option<String>) -> Result<Blob> {
        names::check_blob(&call.target.path)?;
        let source = self.copy_source(call)?;
        let metadata = metadata::is_given(call)
            .then(|| metadata::parse(call))
            .transpose()?;
        let copy = Copy {
            source,
            source_conditions: Conditions::parse_source(call)?,
            target: address(call),
            conditions: write_conditions(call, grant)?,
            metadata,
            tier: call.header("x-ms-access-tier").to_owned(),
            shown_source: shown,
            headers: content_headers(call),
            tags: tags::parse_header(call)?,
        };
        self.tree.copy_blob(copy).await
    }

    /// The source of a copy: a blob of this emulator that the caller may read, because it
    /// is in the same account or by a signature in its address.
    fn copy_source(&self, call: &Call) -> Result<Address> {
        let address = call.header("x-ms-copy-source");
        let uri: Uri = address
            .parse()
            .map_err(|_| StorageError::header("x-ms-copy-source"))?;
        let target = self
            .local_target(&uri)
            .ok_or_else(|| StorageError::not_implemented("A copy from outside the emulator"))??;
        let query = &uri.query().unwrap_or_default().to_owned();
        let signed = SasFields::parse(query)
            .map_err(|_| Code::CannotVerifyCopySource)?
            .is_some();
        if signed || target.account != call.target.account {
            let source = call.read_of(uri, target.clone())?;
            self.authorize(&source, &super::Operation::GetBlob.wanted())
                .map_err(|_| Code::CannotVerifyCopySource)?;
        }
        let query = Query::parse(query)?;
        Ok(Address {
            account: target.account,
            container: target.container,
            name: target.path,
            snapshot: query.get("snapshot").to_owned(),
        })
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

fn not_modified(blob: &Blob) -> Answer {
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
    Ok(NewBlob {
        kind: BlobType::Block,
        tags: tags::parse_header(call)?,
        headers: content_headers(call),
        metadata: metadata::parse(call)?,
        tier: properties::parse_tier(call)?,
    })
}
