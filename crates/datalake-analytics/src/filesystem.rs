//! The file system of a Data Lake Store (Gen1): WebHDFS with the service's additions.

use azml_core::{
    endpoint,
    http::{ErrorResponse, HttpClient, Repeat},
    redact,
};
use azure_core::http::{Body, Method, RawResponse, Request, Url, headers};
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Error, Items, Result, open_enum::open_enum};

pub(crate) const VERSION: &str = "2018-09-01";
/// Bytes that go in one request.
const CHUNK: usize = 4 << 20;
/// Most entries of one page.
const PAGE: &str = "4000";
/// What a query value cannot hold as it is; a plus is a plus to the service.
const VALUE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'<')
    .add(b'>')
    .add(b'?');

open_enum! {
    /// What an entry is.
    FileType {
        /// A file.
        File = "FILE",
        /// A directory.
        Directory = "DIRECTORY",
    }
}

/// A file or directory.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FileStatus {
    /// The name below the directory that was listed; empty for the entry that was asked for itself.
    #[serde(default)]
    pub path_suffix: String,
    /// What it is.
    #[serde(rename = "type")]
    pub file_type: FileType,
    /// Bytes; 0 for directories.
    #[serde(default)]
    pub length: u64,
    /// When it was last written, in milliseconds since 1970.
    #[serde(default)]
    pub modification_time: i64,
    /// Octal, such as `770`.
    #[serde(default)]
    pub permission: String,
    /// The directory's id of its owner.
    #[serde(default)]
    pub owner: String,
    /// The directory's id of its group.
    #[serde(default)]
    pub group: String,
    /// When it expires, in milliseconds since 1970; 0 for never.
    #[serde(default)]
    pub ms_expiration_time: i64,
}

/// The access control of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AclStatus {
    /// Entries such as `user:ID:r-x`, in the service's order.
    pub entries: Vec<String>,
    /// The owner.
    pub owner: String,
    /// The owning group.
    pub group: String,
    /// Octal, such as `770`.
    pub permission: String,
}

/// What is at and below a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ContentSummary {
    /// Directories, the path itself included.
    pub directory_count: u64,
    /// Files.
    pub file_count: u64,
    /// Bytes of all files.
    pub length: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    remote_exception: RemoteException,
}

#[derive(Deserialize)]
struct RemoteException {
    exception: String,
    #[serde(default)]
    message: String,
}

/// A refusal of the file system: its exception is the code.
pub(crate) fn refusal(response: &ErrorResponse) -> azml_core::Error {
    let error = response.to_error();
    let Ok(Refusal { remote_exception }) = serde_json::from_slice(&response.body) else {
        return error;
    };
    // The request id and the time stand behind the text.
    let message = remote_exception
        .message
        .split(" [")
        .next()
        .unwrap_or_default();
    let mut named = azml_core::Error::new(error.kind(), redact::text(message))
        .with_status(response.status)
        .with_code(remote_exception.exception);
    if let Some(id) = error.request_id() {
        named = named.with_request_id(id);
    }
    named
}

#[derive(Deserialize)]
struct Flag {
    boolean: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Status {
    file_status: FileStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statuses {
    file_statuses: StatusList,
}

#[derive(Deserialize)]
struct StatusList {
    #[serde(default, rename = "continuationToken")]
    continuation_token: String,
    #[serde(rename = "FileStatus")]
    entries: Vec<FileStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Acl {
    acl_status: AclStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    content_summary: ContentSummary,
}

/// The file system of one store. Paths are UTF-8 with `/` between names; a leading slash is optional.
#[derive(Clone, Debug)]
pub struct FileSystem {
    http: HttpClient,
    base: Url,
}

impl FileSystem {
    pub(crate) fn new(http: HttpClient, base: Url) -> Self {
        Self { http, base }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        operation: &str,
        query: &[(&str, &str)],
    ) -> Result<Request> {
        let segments = ["webhdfs", "v1"]
            .into_iter()
            .chain(path.split('/').filter(|part| !part.is_empty()));
        let mut url = endpoint::join(&self.base, &segments.collect::<Vec<_>>())?;
        let mut text = format!("op={operation}&api-version={VERSION}");
        for (name, value) in query {
            text.push_str(&format!("&{name}={}", utf8_percent_encode(value, VALUE)));
        }
        url.set_query(Some(&text));
        let mut request = Request::new(url, method);
        if method != Method::Get {
            request.insert_header(headers::CONTENT_LENGTH, "0");
        }
        Ok(request)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        operation: &'static str,
        query: &[(&str, &str)],
    ) -> Result<RawResponse> {
        let request = self.request(method, path, operation, query)?;
        self.send(request, path, operation).await
    }

    async fn send(
        &self,
        request: Request,
        path: &str,
        operation: &'static str,
    ) -> Result<RawResponse> {
        let sent = self.http.send(request, Repeat::ByMethod).await;
        sent.map_err(|error| {
            error
                .while_doing(format_args!("{operation} of '{path}'"))
                .into()
        })
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        operation: &str,
        query: &[(&str, &str)],
    ) -> Result<T> {
        let request = self.request(Method::Get, path, operation, query)?;
        let answered = self.http.send_json(request, Repeat::ByMethod).await;
        answered.map_err(|error| {
            error
                .while_doing(format_args!("{operation} of '{path}'"))
                .into()
        })
    }

    async fn flag(
        &self,
        method: Method,
        path: &str,
        operation: &'static str,
        query: &[(&str, &str)],
    ) -> Result<()> {
        let response = self.call(method, path, operation, query).await?;
        let flag: Flag = serde_json::from_slice(response.body().as_ref()).map_err(|error| {
            azml_core::Error::new(
                azml_core::ErrorKind::InvalidData,
                "the answer is not the JSON that was promised",
            )
            .with_source(error)
        })?;
        if flag.boolean {
            return Ok(());
        }
        Err(Error::NotDone {
            operation,
            path: path.to_owned(),
        })
    }

    /// A file or directory.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when it is not there.
    pub async fn status(&self, path: &str) -> Result<FileStatus> {
        let status: Status = self.ask(path, "GETFILESTATUS", &[]).await?;
        Ok(status.file_status)
    }

    /// Whether something is there.
    ///
    /// # Errors
    /// A refusal other than that nothing is there.
    pub async fn exists(&self, path: &str) -> Result<bool> {
        match self.status(path).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == azml_core::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The entries of a directory by name, fetched in pages; a file is one entry with an empty name.
    ///
    /// # Errors
    /// Each item as a request of its page; [`NotFound`](azml_core::ErrorKind::NotFound) when nothing is there.
    pub fn list(&self, path: &str) -> Items<FileStatus> {
        use futures::StreamExt as _;
        let (files, path) = (self.clone(), path.to_owned());
        futures::stream::try_unfold(Some(String::new()), move |after| {
            let (files, path) = (files.clone(), path.clone());
            async move {
                let Some(after) = after else {
                    return Ok::<_, Error>(None);
                };
                let mut query = vec![("listSize", PAGE)];
                if !after.is_empty() {
                    query.push(("listAfter", after.as_str()));
                }
                let page: Statuses = files.ask(&path, "LISTSTATUS", &query).await?;
                let token = page.file_statuses.continuation_token;
                let next = (!token.is_empty()).then_some(token);
                Ok(Some((
                    futures::stream::iter(page.file_statuses.entries.into_iter().map(Ok)),
                    next,
                )))
            }
        })
        .try_flatten()
        .boxed()
    }

    /// Makes a directory and those above it.
    ///
    /// # Errors
    /// [`Forbidden`](azml_core::ErrorKind::Forbidden) when a file is in the way.
    pub async fn create_directory(&self, path: &str) -> Result<()> {
        self.flag(Method::Put, path, "MKDIRS", &[]).await
    }

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
        // One writer: others are kept out until the last part closes the file.
        let lease = Uuid::new_v4().to_string();
        let mut pending = Vec::new();
        let mut offset = 0;
        let mut created = false;
        let mut ended = false;
        while !ended {
            match content.try_next().await? {
                Some(chunk) => pending.extend_from_slice(&chunk),
                None => ended = true,
            }
            while pending.len() >= CHUNK
                || (ended && (!pending.is_empty() || !created || offset > 0))
            {
                let rest = pending.split_off(pending.len().min(CHUNK));
                let part = std::mem::replace(&mut pending, rest);
                let last = ended && pending.is_empty();
                let length = part.len();
                self.write_part(path, part, offset, &lease, created, last, overwrite)
                    .await?;
                created = true;
                offset += length;
                if last {
                    return Ok(u64::try_from(offset).unwrap_or(u64::MAX));
                }
            }
        }
        Ok(u64::try_from(offset).unwrap_or(u64::MAX))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one private step of write_stream, whose state these are"
    )]
    async fn write_part(
        &self,
        path: &str,
        part: Vec<u8>,
        offset: usize,
        lease: &str,
        append: bool,
        last: bool,
        overwrite: bool,
    ) -> Result<()> {
        let flag = if last { "CLOSE" } else { "DATA" };
        let at = offset.to_string();
        let common = [
            ("syncFlag", flag),
            ("leaseid", lease),
            ("filesessionid", lease),
        ];
        let (method, operation, mut query) = if append {
            (
                Method::Post,
                "APPEND",
                vec![("append", "true"), ("offset", at.as_str())],
            )
        } else {
            let overwrite = if overwrite { "true" } else { "false" };
            (
                Method::Put,
                "CREATE",
                vec![("write", "true"), ("overwrite", overwrite)],
            )
        };
        query.extend(common);
        let mut request = self.request(method, path, operation, &query)?;
        request.insert_header(headers::CONTENT_LENGTH, part.len().to_string());
        request.insert_header(headers::CONTENT_TYPE, "application/octet-stream");
        request.set_body(Body::from(part));
        self.send(request, path, operation).await?;
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
        use futures::StreamExt as _;
        let request = self.request(Method::Get, path, "OPEN", &[("read", "true")])?;
        let opened = self.http.stream(request, Repeat::ByMethod).await;
        let opened = opened.map_err(|error| error.while_doing(format_args!("OPEN of '{path}'")))?;
        let body = opened.into_body();
        Ok(body
            .map_err(|error| Error::from(azml_core::Error::from(error)))
            .boxed())
    }

    /// Deletes a file, or a directory; one with entries only when `recursive`.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when nothing is there,
    /// [`Forbidden`](azml_core::ErrorKind::Forbidden) for a directory with entries.
    pub async fn delete(&self, path: &str, recursive: bool) -> Result<()> {
        let recursive = if recursive { "true" } else { "false" };
        self.flag(Method::Delete, path, "DELETE", &[("recursive", recursive)])
            .await
    }

    /// Moves a file or directory. An existing directory takes it in.
    ///
    /// # Errors
    /// [`Error::NotDone`] when the source is not there or a file is at the target.
    pub async fn rename(&self, from: &str, to: &str) -> Result<()> {
        let to = format!("/{}", to.trim_start_matches('/'));
        self.flag(Method::Put, from, "RENAME", &[("destination", &to)])
            .await
    }

    /// What is at and below a path.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when nothing is there.
    pub async fn summary(&self, path: &str) -> Result<ContentSummary> {
        let summary: Summary = self.ask(path, "GETCONTENTSUMMARY", &[]).await?;
        Ok(summary.content_summary)
    }

    /// The access control of an entry.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when nothing is there.
    pub async fn acl(&self, path: &str) -> Result<AclStatus> {
        let acl: Acl = self.ask(path, "MSGETACLSTATUS", &[]).await?;
        Ok(acl.acl_status)
    }

    /// Replaces the access control of an entry: `user::rwx,user:ID:r-x,group::r-x,other::---`.
    ///
    /// # Errors
    /// [`InvalidRequest`](azml_core::ErrorKind::InvalidRequest) for a spec without the three base entries.
    pub async fn set_acl(&self, path: &str, spec: &str) -> Result<()> {
        self.call(Method::Put, path, "SETACL", &[("aclspec", spec)])
            .await?;
        Ok(())
    }

    /// Adds entries to the access control of an entry, or changes those that are there.
    ///
    /// # Errors
    /// [`InvalidRequest`](azml_core::ErrorKind::InvalidRequest) for a spec that cannot be read.
    pub async fn modify_acl(&self, path: &str, spec: &str) -> Result<()> {
        self.call(Method::Put, path, "MODIFYACLENTRIES", &[("aclspec", spec)])
            .await?;
        Ok(())
    }

    /// Sets the permission, octal such as `750`.
    ///
    /// # Errors
    /// [`InvalidRequest`](azml_core::ErrorKind::InvalidRequest) for a text that is no permission.
    pub async fn set_permission(&self, path: &str, permission: &str) -> Result<()> {
        self.call(
            Method::Put,
            path,
            "SETPERMISSION",
            &[("permission", permission)],
        )
        .await?;
        Ok(())
    }
}
