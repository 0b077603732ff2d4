//! File operations.

use std::ops::Range;

use axum::body::Body;
use axum::http::StatusCode;

use super::directories::content_headers;
use super::headers::describe;
use super::{FileService, target};
use crate::storage::answer::Answer;
use crate::storage::authorize::Grant;
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::lease;
use crate::storage::metadata;
use crate::storage::range::ByteRange;
use crate::storage::receive::{self, Own};
use crate::storage::request::Call;
use crate::storage::shares::{self, Entry};
use crate::storage::time::Ticks;
use crate::storage::tree::{LeaseAction, LeaseState};
use crate::storage::xml::Xml;

/// Largest file: 4 TiB.
const LARGEST: u64 = 4 << 40;
/// Largest body of one range.
const LARGEST_RANGE: u64 = 4 << 20;

/// Reads a file's length.
pub(super) fn parse_length(text: &str) -> Result<u64> {
    match text.parse::<u64>() {
        Ok(length) if length <= LARGEST => Ok(length),
        _ => Err(StorageError::header("x-ms-content-length")),
    }
}

fn described(answer: Answer, entry: &Entry, part: bool, now: Ticks) -> Answer {
    let file = entry.file.clone().unwrap_or_default();
    let headers = &file.headers;
    let kind = match headers.content_type.as_str() {
        "" => "application/octet-stream",
        kind => kind,
    };
    let md5 = if part {
        "x-ms-content-md5"
    } else {
        "content-md5"
    };
    let state = LeaseState::of(entry.lease.as_ref(), now);
    let duration = match state {
        LeaseState::Leased => "infinite",
        _ => "",
    };
    describe(answer, entry)
        .header("x-ms-lease-status", state.status())
        .header("x-ms-lease-state", state.name())
        .header("x-ms-lease-duration", duration)
        .metadata(&entry.metadata)
        .header("x-ms-type", "File")
        .header("accept-ranges", "bytes")
        .header("content-type", kind)
        .header("content-encoding", &headers.encoding)
        .header("content-language", &headers.language)
        .header("content-disposition", &headers.disposition)
        .header("cache-control", &headers.cache_control)
        .header(md5, &headers.md5)
        .header("x-ms-server-encrypted", "true")
}

fn overridden(answer: Answer, grant: &Grant) -> Answer {
    grant
        .overrides
        .iter()
        .fold(answer, |answer, (name, value)| answer.header(name, value))
}

impl FileService {
    pub(super) async fn create_file(&self, call: &Call, grant: &Grant) -> Result<Answer> {
        match call.header("x-ms-type") {
            "file" | "File" | "" => {}
            _ => return Err(StorageError::header("x-ms-type")),
        }
        let length = match call.header("x-ms-content-length") {
            "" => return Err(Code::MissingRequiredHeader.into()),
            text => parse_length(text)?,
        };
        let mut new = self.new_entry(call, false)?;
        new.file = Some((length, content_headers(call)));
        let entry = self
            .shares
            .create(target(call), new, grant.create_only)
            .await?;
        Ok(describe(Answer::new(StatusCode::CREATED), &entry))
    }

    pub(super) fn get_file(&self, call: &Call, grant: &Grant) -> Result<Answer> {
        let conditions = Conditions::parse(call)?;
        if call.header("x-ms-range-get-content-md5") == "true" {
            return Err(StorageError::not_implemented("A checksum of a range"));
        }
        let reading = self.shares.tree.reading()?;
        let opened = reading.read(|snapshot| {
            shares::open(snapshot, &target(call), &conditions, parse_range(call))
        })?;
        let Some(shares::OpenFile { entry, range, plan }) = opened else {
            return Ok(Answer::new(StatusCode::NOT_MODIFIED));
        };
        let total = entry.file.as_ref().map_or(0, |file| file.length);
        let (answer, length) = match &range {
            None => (Answer::new(StatusCode::OK), total),
            Some(range) => {
                let text = format!("bytes {}-{}/{total}", range.start, range.end - 1);
                let answer = Answer::new(StatusCode::PARTIAL_CONTENT);
                (
                    answer.header("content-range", &text),
                    range.end - range.start,
                )
            }
        };
        let answer = described(answer, &entry, range.is_some(), self.now())
            .header("content-length", &length.to_string());
        let answer = overridden(answer, grant);
        Ok(match plan.in_memory() {
            Some(bytes) => answer.body(bytes),
            None => answer.body(Body::from_stream(reading.stream(plan))),
        })
    }

    pub(super) fn get_file_properties(&self, call: &Call, grant: &Grant) -> Result<Answer> {
        let entry = self.shares.entry(&target(call), false)?;
        if !Conditions::parse(call)?.check_read(entry.version())? {
            return Ok(Answer::new(StatusCode::NOT_MODIFIED));
        }
        let length = entry.file.as_ref().map_or(0, |file| file.length);
        let answer = described(Answer::new(StatusCode::OK), &entry, false, self.now())
            .header("content-length", &length.to_string());
        Ok(overridden(answer, grant))
    }

    pub(super) async fn put_range(&self, call: &Call, body: Body) -> Result<Answer> {
        let range = required_range(call)?;
        let conditions = Conditions::parse(call)?;
        let files = &self.shares.tree.state.files;
        let (received, md5) = match call.header("x-ms-write") {
            "update" => {
                let upload = receive::receive(files, call, body, LARGEST_RANGE, Own::Md5).await?;
                if upload.body.length() != range.end - range.start {
                    return Err(StorageError::header("content-length"));
                }
                (Some(upload.body), upload.md5)
            }
            "clear" => (None, None),
            "" => return Err(Code::MissingRequiredHeader.into()),
            _ => return Err(StorageError::header("x-ms-write")),
        };
        let entry = self
            .shares
            .write_range(target(call), conditions, range, received)
            .await?;
        Ok(Answer::new(StatusCode::CREATED)
            .version(entry.etag, entry.modified)
            .header("content-md5", md5.as_deref().unwrap_or_default())
            .header("x-ms-file-last-write-time", &entry.times.written.iso())
            .header("x-ms-request-server-encrypted", "true"))
    }

    pub(super) async fn lease_file(&self, call: &Call) -> Result<Answer> {
        let (action, status) = lease::action(call)?;
        if matches!(action, LeaseAction::Acquire(Some(_), _)) {
            // Leases of files have no end of their own.
            return Err(StorageError::header("x-ms-lease-duration"));
        }
        let lease = self.shares.lease(target(call), action).await?;
        Ok(lease::answered(status, &lease))
    }

    pub(super) fn list_ranges(&self, call: &Call) -> Result<Answer> {
        if call.query.optional("prevsharesnapshot").is_some() {
            return Err(StorageError::not_implemented("prevsharesnapshot"));
        }
        let (entry, ranges) = self.shares.ranges(&target(call), parse_range(call))?;
        let length = entry.file.as_ref().map_or(0, |file| file.length);
        let mut xml = Xml::new();
        xml.open("Ranges");
        for (start, end) in ranges {
            xml.open("Range");
            xml.element("Start", &start.to_string());
            xml.element("End", &(end - 1).to_string());
            xml.close("Range");
        }
        xml.close("Ranges");
        Ok(Answer::xml(xml)
            .version(entry.etag, entry.modified)
            .header("x-ms-content-length", &length.to_string()))
    }

    pub(super) async fn copy_file(&self, call: &Call) -> Result<Answer> {
        let from = self.local_source(call, "x-ms-copy-source")?;
        if from.account != call.target.account {
            return Err(StorageError::not_implemented("A copy between accounts"));
        }
        let metadata = metadata::is_given(call)
            .then(|| metadata::parse(call))
            .transpose()?;
        let entry = self.shares.copy(from, target(call), metadata).await?;
        Ok(Answer::new(StatusCode::ACCEPTED)
            .version(entry.etag, entry.modified)
            .header(
                "x-ms-copy-id",
                &self.shares.tree.state.ids.uuid().to_string(),
            )
            .header("x-ms-copy-status", "success"))
    }
}

fn parse_range(call: &Call) -> Option<ByteRange> {
    ["x-ms-range", "range"]
        .iter()
        .find_map(|name| call.optional_header(name))
        .and_then(ByteRange::parse)
}

/// The range of a write, which names both ends.
fn required_range(call: &Call) -> Result<Range<u64>> {
    let text = ["x-ms-range", "range"]
        .iter()
        .find_map(|name| call.optional_header(name))
        .ok_or(Code::MissingRequiredHeader)?;
    ByteRange::parse(text)
        .and_then(ByteRange::closed)
        .ok_or_else(|| StorageError::header("x-ms-range"))
}
