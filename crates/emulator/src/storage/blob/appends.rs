//! Append blobs and page blobs.

use std::ops::Range;

use axum::body::Body;
use axum::http::StatusCode;

use super::BlobService;
use super::objects::address;
use crate::storage::answer::Answer;
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::range::ByteRange;
use crate::storage::receive::{self, Own};
use crate::storage::request::Call;
use crate::storage::tree::AppendConditions;
use crate::storage::xml::Xml;

/// Largest block of an append blob.
const LARGEST_APPEND: u64 = 100 << 20;
/// Largest write of pages.
const LARGEST_PAGES: u64 = 4 << 20;
/// Size of a page.
const PAGE: u64 = 512;
/// Largest page blob: 8 TiB.
const LARGEST_PAGE_BLOB: u64 = 8 << 40;

/// The length of a new page blob.
pub(super) fn page_blob_length(call: &Call) -> Result<u64> {
    const NAME: &str = "x-ms-blob-content-length";
    match call.header(NAME) {
        "" => Err(Code::MissingRequiredHeader.into()),
        text => match text.parse::<u64>() {
            Ok(length) if length % PAGE == 0 && length <= LARGEST_PAGE_BLOB => Ok(length),
            _ => Err(StorageError::header(NAME)),
        },
    }
}

fn number(call: &Call, name: &str) -> Result<Option<u64>> {
    match call.header(name) {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| StorageError::header(name)),
    }
}

fn pages(call: &Call) -> Result<Option<Range<u64>>> {
    let text = ["x-ms-range", "range"]
        .iter()
        .find_map(|name| call.optional_header(name));
    let Some(text) = text else {
        return Ok(None);
    };
    let range = ByteRange::parse(text).and_then(ByteRange::closed);
    match range.filter(|range| range.start % PAGE == 0 && range.end % PAGE == 0) {
        Some(range) => Ok(Some(range)),
        None => Err(Code::InvalidPageRange.into()),
    }
}

impl BlobService {
    pub(super) async fn append_block(&self, call: &Call, body: Body) -> Result<Answer> {
        let conditions = Conditions::parse(call)?;
        let wanted = AppendConditions {
            position: number(call, "x-ms-blob-condition-appendpos")?,
            largest: number(call, "x-ms-blob-condition-maxsize")?,
        };
        let files = &self.tree.state.files;
        let upload = receive::receive(files, call, body, LARGEST_APPEND, Own::Crc64).await?;
        if upload.body.length() == 0 {
            return Err(Code::InvalidHeaderValue.into());
        }
        let (blob, offset, blocks) = self
            .tree
            .append_block(address(call), conditions, wanted, upload.body)
            .await?;
        Ok(Answer::new(StatusCode::CREATED)
            .version(blob.etag, blob.modified)
            .header("x-ms-blob-append-offset", &offset.to_string())
            .header("x-ms-blob-committed-block-count", &blocks.to_string())
            .header("content-md5", upload.md5.as_deref().unwrap_or_default())
            .header(
                "x-ms-content-crc64",
                upload.crc64.as_deref().unwrap_or_default(),
            )
            .header("x-ms-request-server-encrypted", "true"))
    }

    pub(super) async fn put_pages(&self, call: &Call, body: Body) -> Result<Answer> {
        let conditions = Conditions::parse(call)?;
        let range = pages(call)?.ok_or(Code::MissingRequiredHeader)?;
        let mut sums = (None, None);
        let body = match call.header("x-ms-page-write").to_ascii_lowercase().as_str() {
            "clear" => None,
            "update" => {
                let files = &self.tree.state.files;
                let upload = receive::receive(files, call, body, LARGEST_PAGES, Own::Crc64).await?;
                if upload.body.length() != range.end - range.start {
                    return Err(Code::InvalidPageRange.into());
                }
                sums = (upload.md5, upload.crc64);
                Some(upload.body)
            }
            "" => return Err(Code::MissingRequiredHeader.into()),
            _ => return Err(StorageError::header("x-ms-page-write")),
        };
        let blob = self
            .tree
            .write_pages(address(call), conditions, range, body)
            .await?;
        Ok(Answer::new(StatusCode::CREATED)
            .version(blob.etag, blob.modified)
            .header("x-ms-blob-sequence-number", "0")
            .header("content-md5", sums.0.as_deref().unwrap_or_default())
            .header("x-ms-content-crc64", sums.1.as_deref().unwrap_or_default())
            .header("x-ms-request-server-encrypted", "true"))
    }

    pub(super) fn list_pages(&self, call: &Call) -> Result<Answer> {
        if call.query.optional("prevsnapshot").is_some() {
            return Err(StorageError::not_implemented("prevsnapshot"));
        }
        let (blob, ranges) = self.tree.page_ranges(&address(call), pages(call)?)?;
        Conditions::parse(call)?.check_read(blob.version())?;
        let mut xml = Xml::new();
        xml.open("PageList");
        for (start, end) in ranges {
            xml.open("PageRange");
            xml.element("Start", &start.to_string());
            xml.element("End", &(end - 1).to_string());
            xml.close("PageRange");
        }
        xml.close("PageList");
        Ok(Answer::xml(xml)
            .version(blob.etag, blob.modified)
            .header("x-ms-blob-content-length", &blob.length.to_string()))
    }
}
