//! Properties and metadata of blobs and of the service.

use axum::http::StatusCode;

use super::BlobService;
use super::objects::address;
use crate::storage::answer::Answer;
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::metadata;
use crate::storage::request::Call;
use crate::storage::time::Ticks;
use crate::storage::tree::{Blob, BlobType, ContentHeaders, Lease, LeaseState};
use crate::storage::xml::Xml;

/// The tier of blobs whose writer named none.
const DEFAULT_TIER: &str = "Hot";

/// The `x-ms-blob-*` headers of a writing request.
pub(super) fn content_headers(call: &Call) -> ContentHeaders {
    let header = |name| call.header(name).to_owned();
    ContentHeaders {
        content_type: header("x-ms-blob-content-type"),
        encoding: header("x-ms-blob-content-encoding"),
        language: header("x-ms-blob-content-language"),
        disposition: header("x-ms-blob-content-disposition"),
        cache_control: header("x-ms-blob-cache-control"),
        md5: header("x-ms-blob-content-md5"),
    }
}

/// The tier that a writing request names; empty for none.
pub(super) fn parse_tier(call: &Call) -> Result<String> {
    match call.header("x-ms-access-tier") {
        tier @ ("" | "Hot" | "Cool" | "Cold") => Ok(tier.to_owned()),
        "Archive" => Err(StorageError::not_implemented("The access tier Archive")),
        _ => Err(StorageError::header("x-ms-access-tier")),
    }
}

/// The access tier of a block blob; others have none.
pub(super) fn tier(blob: &Blob) -> &str {
    match (blob.kind, blob.tier.as_str()) {
        (BlobType::Block, "") => DEFAULT_TIER,
        (_, tier) => tier,
    }
}

/// Content type as shown: blobs without one are plain bytes.
pub(super) fn content_type(headers: &ContentHeaders) -> &str {
    match headers.content_type.as_str() {
        "" => "application/octet-stream",
        other => other,
    }
}

/// What there is to say about a lease.
pub(super) fn with_lease(answer: Answer, lease: Option<&Lease>, now: Ticks) -> Answer {
    let state = LeaseState::of(lease, now);
    let duration = match (state, lease) {
        (LeaseState::Leased, Some(lease)) if lease.seconds.is_some() => "fixed",
        (LeaseState::Leased, Some(_)) => "infinite",
        _ => "",
    };
    answer
        .header("x-ms-lease-status", state.status())
        .header("x-ms-lease-state", state.name())
        .header("x-ms-lease-duration", duration)
}

/// How many tags there are; nothing for none.
fn tag_count(blob: &Blob) -> String {
    match blob.tags.len() {
        0 => String::new(),
        count => count.to_string(),
    }
}

/// The headers that describe a blob. The MD5 of a part is not the MD5 of the blob.
pub(super) fn describe(answer: Answer, blob: &Blob, part: bool) -> Answer {
    let headers = &blob.headers;
    let md5_name = if part {
        "x-ms-blob-content-md5"
    } else {
        "content-md5"
    };
    let answer = answer
        .version(blob.etag, blob.modified)
        .metadata(&blob.metadata)
        .header("accept-ranges", "bytes")
        .header("content-type", content_type(headers))
        .header("content-encoding", &headers.encoding)
        .header("content-language", &headers.language)
        .header("content-disposition", &headers.disposition)
        .header("cache-control", &headers.cache_control)
        .header(md5_name, &headers.md5)
        .header("x-ms-blob-type", blob.kind.name())
        .header("x-ms-creation-time", &blob.created.http_date())
        .header("x-ms-tag-count", &tag_count(blob))
        .header("x-ms-server-encrypted", "true");
    let answer = match blob.kind {
        BlobType::Page => answer.header("x-ms-blob-sequence-number", "0"),
        _ => answer,
    };
    let Some(copied) = &blob.copied else {
        return answer;
    };
    let progress = format!("{0}/{0}", blob.length);
    answer
        .header("x-ms-copy-id", &copied.id)
        .header("x-ms-copy-source", &copied.source)
        .header("x-ms-copy-status", "success")
        .header("x-ms-copy-progress", &progress)
        .header("x-ms-copy-completion-time", &copied.at.http_date())
}

impl BlobService {
    pub(super) fn get_blob_metadata(&self, call: &Call) -> Result<Answer> {
        let blob = self.tree.blob(&address(call))?;
        Conditions::parse(call)?.check_read(blob.version())?;
        Ok(Answer::new(StatusCode::OK)
            .version(blob.etag, blob.modified)
            .metadata(&blob.metadata))
    }

    pub(super) async fn set_blob_metadata(&self, call: &Call) -> Result<Answer> {
        let metadata = metadata::parse(call)?;
        let conditions = Conditions::parse(call)?;
        let change = |blob: &mut Blob| {
            blob.metadata = metadata;
            Ok(())
        };
        let blob = self
            .tree
            .change_blob(address(call), conditions, change)
            .await?;
        Ok(Answer::new(StatusCode::OK)
            .version(blob.etag, blob.modified)
            .header("x-ms-request-server-encrypted", "true"))
    }

    pub(super) async fn set_blob_tier(&self, call: &Call) -> Result<Answer> {
        let tier = parse_tier(call)?;
        if tier.is_empty() {
            return Err(Code::MissingRequiredHeader.into());
        }
        let change = |blob: &mut Blob| {
            if blob.kind != BlobType::Block {
                return Err(Code::InvalidBlobType.into());
            }
            blob.tier = tier;
            Ok(())
        };
        self.tree
            .amend_blob(address(call), Conditions::parse(call)?, change)
            .await?;
        Ok(Answer::new(StatusCode::OK))
    }

    pub(super) async fn set_blob_properties(&self, call: &Call) -> Result<Answer> {
        for name in ["x-ms-blob-content-length", "x-ms-sequence-number-action"] {
            if call.optional_header(name).is_some() {
                return Err(StorageError::not_implemented(name));
            }
        }
        let headers = content_headers(call);
        let conditions = Conditions::parse(call)?;
        let change = |blob: &mut Blob| {
            // What the request does not name is cleared, as the service does.
            blob.headers = headers;
            Ok(())
        };
        let blob = self
            .tree
            .change_blob(address(call), conditions, change)
            .await?;
        Ok(Answer::new(StatusCode::OK).version(blob.etag, blob.modified))
    }
}

/// "Get Blob Service Properties": nothing is logged, measured or kept.
pub(super) fn service() -> Answer {
    let mut xml = Xml::new();
    xml.open("StorageServiceProperties");
    xml.open("Logging");
    xml.element("Version", "1.0");
    for name in ["Delete", "Read", "Write"] {
        xml.element(name, "false");
    }
    disabled(&mut xml, "RetentionPolicy");
    xml.close("Logging");
    for name in ["HourMetrics", "MinuteMetrics"] {
        xml.open(name);
        xml.element("Version", "1.0");
        xml.element("Enabled", "false");
        disabled(&mut xml, "RetentionPolicy");
        xml.close(name);
    }
    xml.element("Cors", "");
    disabled(&mut xml, "DeleteRetentionPolicy");
    disabled(&mut xml, "StaticWebsite");
    xml.close("StorageServiceProperties");
    Answer::xml(xml)
}

fn disabled(xml: &mut Xml, name: &str) {
    xml.open(name);
    xml.element("Enabled", "false");
    xml.close(name);
}

/// "Get Account Information".
pub(super) fn account() -> Answer {
    Answer::new(StatusCode::OK)
        .header("x-ms-sku-name", "Standard_LRS")
        .header("x-ms-account-kind", "StorageV2")
        .header("x-ms-is-hns-enabled", "false")
}
