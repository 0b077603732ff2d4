//! Reading and writing the bytes of files.

use std::time::Duration;

use azml_core::{ErrorKind, http::Repeat};
use azure_core::http::{Body, Method, headers};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use super::{CHUNK, FileSystem, is_ambiguous};
use crate::{Error, Items, Result};

/// How often a part of a file is sent or asked for again.
const TRIES: u32 = 6;
/// How long to wait before the second try; three times as long before each later one.
const PAUSE: Duration = Duration::from_millis(50);

/// One writer of one file: while it has not closed the file, others are kept out.
#[derive(Clone, Debug)]
pub(crate) struct Lease(String);

impl Lease {
    pub(crate) fn new(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

impl FileSystem {
    /// Writes a whole file. Without `overwrite` one that is there is left alone.
    ///
    /// # Errors
    /// [`Forbidden`](azml_core::ErrorKind::Forbidden) when the file is there and may not be overwritten.
    pub async fn write(
        &self,
        path: &str,
        content: impl Into<Bytes>,
        overwrite: bool,
    ) -> Result<()> {
        let content: Bytes = content.into();
        self.write_stream(
            path,
            futures::stream::once(async { Ok(content) }),
            overwrite,
        )
        .await?;
        Ok(())
    }

    /// Writes a file from chunks as they come; gives how many bytes were written. At most 4 MiB are held.
    ///
    /// # Errors
    /// As [`FileSystem::write`]; the error of `content`, after which the file holds what was sent before.
    pub async fn write_stream(
        &self,
        path: &str,
        content: impl Stream<Item = azml_core::Result<Bytes>> + Send,
        overwrite: bool,
    ) -> Result<u64> {
        let mut content = std::pin::pin!(content);
        let lease = Lease::new(Uuid::new_v4());
        let mut pending = Vec::new();
        let mut offset = None;
        let mut ended = false;
        loop {
            while !ended && pending.len() <= CHUNK {
                match content.try_next().await? {
                    Some(chunk) => pending.extend_from_slice(&chunk),
                    None => ended = true,
                }
            }
            let rest = pending.split_off(pending.len().min(CHUNK));
            let part = Bytes::from(std::mem::replace(&mut pending, rest));
            let last = ended && pending.is_empty();
            let length = length_of(&part);
            match offset {
                None => {
                    self.create(path, part, &lease, last, overwrite).await?;
                    offset = Some(length);
                }
                Some(at) => {
                    self.append_at(path, part, at, &lease, last).await?;
                    offset = Some(at + length);
                }
            }
            if last {
                return Ok(offset.unwrap_or_default());
            }
        }
    }

    /// Puts bytes behind those of a file, which is made when it is not there.
    ///
    /// # Errors
    /// [`Forbidden`](azml_core::ErrorKind::Forbidden) while somebody else writes the file.
    pub async fn append(&self, path: &str, content: impl Into<Bytes>) -> Result<()> {
        let mut content: Bytes = content.into();
        let lease = Lease::new(Uuid::new_v4());
        let mut offset = match self.status(path).await {
            Ok(status) => status.length,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return self.write(path, content, false).await;
            }
            Err(error) => return Err(error),
        };
        while !content.is_empty() {
            let part = content.split_to(content.len().min(CHUNK));
            let length = length_of(&part);
            self.append_at(path, part, offset, &lease, content.is_empty())
                .await?;
            offset += length;
        }
        Ok(())
    }

    /// Makes a file with its first bytes; `last` says that there are no more. Only where a file may be overwritten can
    /// the request be sent again: else nobody could tell the second refusal from a file of somebody else.
    pub(crate) async fn create(
        &self,
        path: &str,
        part: Bytes,
        lease: &Lease,
        last: bool,
        overwrite: bool,
    ) -> Result<()> {
        let query = [
            ("write", "true"),
            ("overwrite", if overwrite { "true" } else { "false" }),
            ("syncFlag", sync_flag(last)),
            ("leaseid", &lease.0),
            ("filesessionid", &lease.0),
        ];
        let mut request = self.request(Method::Put, path, "CREATE", &query)?;
        request.insert_header(headers::CONTENT_LENGTH, part.len().to_string());
        request.insert_header(headers::CONTENT_TYPE, "application/octet-stream");
        request.set_body(Body::from(part));
        let repeat = if overwrite {
            Repeat::ByMethod
        } else {
            Repeat::Never
        };
        self.send(request, path, "CREATE", repeat).await?;
        Ok(())
    }

    /// Adds bytes at `offset`, which is where the file ends. After a lost answer the file's length says whether they
    /// arrived, so that no byte is written twice.
    pub(crate) async fn append_at(
        &self,
        path: &str,
        mut part: Bytes,
        mut offset: u64,
        lease: &Lease,
        last: bool,
    ) -> Result<()> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            let error = match self
                .append_once(path, part.clone(), offset, lease, last)
                .await
            {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if !is_ambiguous(&error) && !is_bad_offset(&error) {
                return Err(error);
            }
            self.clock().sleep(pause).await;
            pause *= 3;
            let length = self.status(path).await?.length;
            if length == offset + length_of(&part) {
                if !last {
                    return Ok(());
                }
                // They arrived. Whether the file was closed is not known: closing it again does no harm.
                offset = length;
                part = Bytes::new();
            } else if length != offset {
                return Err(error);
            }
        }
        self.append_once(path, part, offset, lease, last).await
    }

    async fn append_once(
        &self,
        path: &str,
        part: Bytes,
        offset: u64,
        lease: &Lease,
        last: bool,
    ) -> Result<()> {
        let offset = offset.to_string();
        let query = [
            ("append", "true"),
            ("offset", offset.as_str()),
            ("syncFlag", sync_flag(last)),
            ("leaseid", &lease.0),
            ("filesessionid", &lease.0),
        ];
        let mut request = self.request(Method::Post, path, "APPEND", &query)?;
        request.insert_header(headers::CONTENT_LENGTH, part.len().to_string());
        request.insert_header(headers::CONTENT_TYPE, "application/octet-stream");
        request.set_body(Body::from(part));
        self.send(request, path, "APPEND", Repeat::Never).await?;
        Ok(())
    }

    /// The whole content of a file.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is no such file.
    pub async fn read(&self, path: &str) -> Result<Bytes> {
        let mut stream = self.read_stream(path).await?;
        let mut content = Vec::new();
        while let Some(chunk) = stream.try_next().await? {
            content.extend_from_slice(&chunk);
        }
        Ok(content.into())
    }

    /// The content of a file as it arrives.
    ///
    /// # Errors
    /// As [`FileSystem::read`]; each chunk as a failure of the connection.
    pub async fn read_stream(&self, path: &str) -> Result<Items<Bytes>> {
        self.open(path, 0, None).await
    }

    /// `length` bytes from `offset` on, or as many as there are. A connection that breaks is taken up where it broke.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when there is no such file,
    /// [`InvalidRequest`](azml_core::ErrorKind::InvalidRequest) for an offset behind its end.
    pub async fn read_range(&self, path: &str, offset: u64, length: u64) -> Result<Bytes> {
        let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or(0).min(CHUNK));
        self.read_into(path, offset, length, async |chunk: Bytes| {
            content.extend_from_slice(&chunk);
            Ok(())
        })
        .await?;
        Ok(content.into())
    }

    /// As [`read_range`](Self::read_range), handing the bytes on as they come. Gives how many there were.
    pub(crate) async fn read_into(
        &self,
        path: &str,
        offset: u64,
        length: u64,
        mut sink: impl AsyncFnMut(Bytes) -> Result<()>,
    ) -> Result<u64> {
        let mut got = 0;
        let mut pause = PAUSE;
        let mut failures = 0;
        while got < length {
            let mut failure = None;
            let before = got;
            match self.open(path, offset + got, Some(length - got)).await {
                Ok(mut stream) => loop {
                    match stream.try_next().await {
                        Ok(Some(chunk)) => {
                            got += length_of(&chunk);
                            sink(chunk).await?;
                        }
                        Ok(None) => break,
                        Err(error) => {
                            failure = Some(error);
                            break;
                        }
                    }
                },
                Err(error) => failure = Some(error),
            }
            match failure {
                // The file ends here, or the answer did without a word: the next one says which.
                None if got == before => break,
                None => {}
                Some(error) => {
                    failures = if got > before { 0 } else { failures + 1 };
                    if !is_ambiguous(&error) || failures >= TRIES {
                        return Err(error);
                    }
                    self.clock().sleep(pause).await;
                    pause = (pause * 3).min(Duration::from_secs(10));
                }
            }
        }
        Ok(got)
    }

    async fn open(&self, path: &str, offset: u64, length: Option<u64>) -> Result<Items<Bytes>> {
        let (offset, length) = (offset.to_string(), length.map(|it| it.to_string()));
        let mut query = vec![("read", "true")];
        if offset != "0" {
            query.push(("offset", &offset));
        }
        if let Some(length) = &length {
            query.push(("length", length));
        }
        let request = self.request(Method::Get, path, "OPEN", &query)?;
        let opened = self.http.stream(request, Repeat::ByMethod).await;
        let opened = opened.map_err(|error| error.while_doing(format_args!("OPEN of '{path}'")))?;
        let body = opened.into_body();
        Ok(body
            .map_err(|error| Error::from(azml_core::Error::from(error)))
            .boxed())
    }
}

/// The file does not end where it was said to: perhaps the same bytes came twice.
fn is_bad_offset(error: &Error) -> bool {
    matches!(error, Error::Service(error) if error.code() == Some("BadOffsetException"))
}

fn sync_flag(last: bool) -> &'static str {
    if last { "CLOSE" } else { "DATA" }
}

pub(crate) fn length_of(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
