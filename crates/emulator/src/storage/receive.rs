//! Receiving request bodies: into memory while they are small, else into a file, with the
//! checksums that were asked for computed on the way.

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt};
use md5::{Digest, Md5};

use super::error::{Code, Result, StorageError};
use super::request::Call;
use super::tree::{INLINE_LIMIT, Received};
use crate::state::{FileWriter, Files};

/// Largest XML body that is read.
const LARGEST_DOCUMENT: usize = 16 << 20;

/// Which checksum the service computes when the caller sent none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    /// MD5, which is also kept with the blob.
    Md5,
    /// CRC-64.
    Crc64,
}

/// A received body and its checksums.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) body: Received,
    /// Base64 of the MD5, if it was computed.
    pub(crate) md5: Option<String>,
    /// Base64 of the CRC-64, if it was computed.
    pub(crate) crc64: Option<String>,
}

/// The checksums that the caller sent.
struct Expected<'a> {
    md5: Option<&'a str>,
    crc64: Option<&'a str>,
}

impl<'a> Expected<'a> {
    fn parse(call: &'a Call) -> Result<Self> {
        let header = |name| call.optional_header(name).filter(|text| !text.is_empty());
        if header("x-ms-structured-body").is_some() {
            return Err(StorageError::not_implemented("a structured message body"));
        }
        let expected = Self {
            md5: header("content-md5"),
            crc64: header("x-ms-content-crc64"),
        };
        if expected.md5.is_some() && expected.crc64.is_some() {
            return Err(Code::BothCrc64AndMd5HeaderPresent.into());
        }
        for (name, text, length) in [
            ("Content-MD5", expected.md5, 16),
            ("x-ms-content-crc64", expected.crc64, 8),
        ] {
            let good = |text| {
                STANDARD
                    .decode(text)
                    .is_ok_and(|bytes| bytes.len() == length)
            };
            if text.is_some_and(|text| !good(text)) {
                return Err(StorageError::header(name));
            }
        }
        Ok(expected)
    }
}

/// Checksums in the making.
struct Sums {
    md5: Option<Md5>,
    crc64: Option<crc_fast::Digest>,
}

impl Sums {
    fn update(&mut self, bytes: &[u8]) {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        if let Some(crc64) = &mut self.crc64 {
            crc64.update(bytes);
        }
    }
}

/// Where the bytes go.
enum Sink {
    Memory(BytesMut),
    File(Box<FileWriter>),
}

/// Receives the body of `call`, at most `limit` bytes.
///
/// # Errors
/// A body that is too large, ends early or does not have the checksum that was sent.
pub(crate) async fn receive(
    files: &Files,
    call: &Call,
    body: Body,
    limit: u64,
    own: Own,
) -> Result<Upload> {
    let expected = Expected::parse(call)?;
    let given = expected.md5.is_some() || expected.crc64.is_some();
    let mut sums = Sums {
        md5: (expected.md5.is_some() || (!given && own == Own::Md5)).then(Md5::new),
        crc64: (expected.crc64.is_some() || (!given && own == Own::Crc64))
            .then(|| crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Nvme)),
    };
    let body = store(files, body, limit, &mut sums).await?;
    let md5 = sums.md5.map(|md5| STANDARD.encode(md5.finalize()));
    let crc64 = sums
        .crc64
        .map(|crc64| STANDARD.encode(crc64.finalize().to_le_bytes()));
    if expected.md5.is_some() && expected.md5 != md5.as_deref() {
        return Err(Code::Md5Mismatch.into());
    }
    if expected.crc64.is_some() && expected.crc64 != crc64.as_deref() {
        return Err(Code::Crc64Mismatch.into());
    }
    Ok(Upload { body, md5, crc64 })
}

async fn store(files: &Files, body: Body, limit: u64, sums: &mut Sums) -> Result<Received> {
    let mut sink = Sink::Memory(BytesMut::new());
    let mut length = 0u64;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| interrupted(&error))?;
        length = length.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if length > limit {
            return Err(Code::RequestBodyTooLarge.into());
        }
        sums.update(&chunk);
        sink = sink.add(files, chunk).await?;
    }
    Ok(match sink {
        Sink::Memory(bytes) => Received::Memory(bytes.freeze()),
        Sink::File(writer) => Received::File(writer.finish().await?),
    })
}

impl Sink {
    async fn add(self, files: &Files, chunk: Bytes) -> Result<Self> {
        let mut writer = match self {
            Self::Memory(mut bytes) if bytes.len() + chunk.len() <= INLINE_LIMIT => {
                bytes.extend_from_slice(&chunk);
                return Ok(Self::Memory(bytes));
            }
            Self::Memory(bytes) => {
                let mut writer = Box::new(files.create().await?);
                writer.write(bytes.freeze()).await?;
                writer
            }
            Self::File(writer) => writer,
        };
        writer.write(chunk).await?;
        Ok(Self::File(writer))
    }
}

/// Reads a small body whole.
///
/// # Errors
/// A body that is too large or ends early.
pub(crate) async fn document(body: Body) -> Result<Bytes> {
    let mut bytes = BytesMut::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks
        .try_next()
        .await
        .map_err(|error| interrupted(&error))?
    {
        if bytes.len() + chunk.len() > LARGEST_DOCUMENT {
            return Err(Code::RequestBodyTooLarge.into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn interrupted(error: &axum::Error) -> StorageError {
    tracing::debug!(%error, "the request body was interrupted");
    StorageError::new(Code::InvalidInput, "The request body ended early.")
}
