//! The file system of a Data Lake Store (Gen1): WebHDFS with the service's additions.

mod acl;
mod content;
mod models;
mod tree;

use std::sync::Arc;

use azml_core::{
    ErrorKind,
    clock::Clock,
    endpoint,
    http::{ErrorResponse, HttpClient, Repeat},
    redact,
};
use azure_core::http::{Method, RawResponse, Request, Url, headers};
use futures::{StreamExt as _, TryStreamExt as _};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;

pub use acl::{AclChange, AclReport};
pub(crate) use content::{Lease, length_of};
pub use models::{AclStatus, ContentSummary, Expiry, FileStatus, FileType};
use models::{Flag, Status, Statuses, Summary};
pub use tree::Entry;
pub(crate) use tree::below;

use crate::{Error, Items, Result};

pub(crate) const VERSION: &str = "2018-09-01";
/// Bytes that go in one request.
pub(crate) const CHUNK: usize = 4 << 20;
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

/// The file system of one store. Paths are UTF-8 with `/` between names; a leading slash is optional.
#[derive(Clone, Debug)]
pub struct FileSystem {
    http: HttpClient,
    base: Url,
    clock: Arc<dyn Clock>,
}

/// Which of the two roots of the service.
#[derive(Clone, Copy)]
enum Root {
    WebHdfs,
    /// What the service adds.
    Extended,
}

/// Whether a request may have been carried out although it failed, so that the state has to be looked at.
pub(crate) fn is_ambiguous(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Io
            | ErrorKind::Timeout
            | ErrorKind::Connection
            | ErrorKind::Unavailable
            | ErrorKind::Throttled
    )
}

impl FileSystem {
    pub(crate) fn new(http: HttpClient, base: Url, clock: Arc<dyn Clock>) -> Self {
        Self { http, base, clock }
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        operation: &str,
        query: &[(&str, &str)],
    ) -> Result<Request> {
        self.request_at(Root::WebHdfs, method, path, operation, query)
    }

    fn request_at(
        &self,
        root: Root,
        method: Method,
        path: &str,
        operation: &str,
        query: &[(&str, &str)],
    ) -> Result<Request> {
        let root: &[&str] = match root {
            Root::WebHdfs => &["webhdfs", "v1"],
            Root::Extended => &["webhdfsext"],
        };
        let segments = root
            .iter()
            .copied()
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
        self.send(request, path, operation, Repeat::ByMethod).await
    }

    async fn send(
        &self,
        request: Request,
        path: &str,
        operation: &'static str,
        repeat: Repeat,
    ) -> Result<RawResponse> {
        let sent = self.http.send(request, repeat).await;
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
        repeat: Repeat,
    ) -> Result<()> {
        let request = self.request(method, path, operation, query)?;
        let response = self.send(request, path, operation, repeat).await?;
        let flag: Flag = serde_json::from_slice(response.body().as_ref()).map_err(|error| {
            azml_core::Error::new(
                ErrorKind::InvalidData,
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
    /// [`NotFound`](ErrorKind::NotFound) when it is not there.
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
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The entries of a directory by name, fetched in pages; a file is one entry with an empty name.
    ///
    /// # Errors
    /// Each item as a request of its page; [`NotFound`](ErrorKind::NotFound) when nothing is there.
    pub fn list(&self, path: &str) -> Items<FileStatus> {
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
        self.flag(Method::Put, path, "MKDIRS", &[], Repeat::ByMethod)
            .await
    }

    /// Deletes a file, or a directory; one with entries only when `recursive`.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when nothing is there,
    /// [`Forbidden`](azml_core::ErrorKind::Forbidden) for a directory with entries.
    pub async fn delete(&self, path: &str, recursive: bool) -> Result<()> {
        let recursive = if recursive { "true" } else { "false" };
        let query = [("recursive", recursive)];
        let deleted = self
            .flag(Method::Delete, path, "DELETE", &query, Repeat::Never)
            .await;
        match deleted {
            // The answer was lost, perhaps: what counts is whether it is gone.
            Err(error) if is_ambiguous(&error) => {
                if !self.exists(path).await? {
                    return Ok(());
                }
                let again = self.flag(Method::Delete, path, "DELETE", &query, Repeat::Never);
                match again.await {
                    // The first request was still on its way when its connection broke.
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                    other => other,
                }
            }
            other => other,
        }
    }

    /// Moves a file or directory. An existing directory takes it in.
    ///
    /// # Errors
    /// [`Error::NotDone`] when the source is not there or a file is at the target.
    pub async fn rename(&self, from: &str, to: &str) -> Result<()> {
        let target = absolute(to);
        self.flag(
            Method::Put,
            from,
            "RENAME",
            &[("destination", &target)],
            Repeat::Never,
        )
        .await
    }

    /// Moves a file to `to`, in the place of a file that is there. The target is the old file or the new one at any
    /// time, and a lost answer does no harm.
    ///
    /// # Errors
    /// [`Error::NotDone`] when the source is not there.
    pub async fn replace(&self, from: &str, to: &str) -> Result<()> {
        let target = absolute(to);
        let query = [
            ("destination", target.as_str()),
            ("renameoptions", "overwrite"),
        ];
        let done = self
            .flag(Method::Put, from, "RENAME", &query, Repeat::Never)
            .await;
        match done {
            Err(error) if is_ambiguous(&error) => {
                if self.is_moved(from, to).await? {
                    return Ok(());
                }
                let again = self.flag(Method::Put, from, "RENAME", &query, Repeat::Never);
                match again.await {
                    // The first request was still on its way when its connection broke.
                    Err(Error::NotDone { .. }) if self.is_moved(from, to).await? => Ok(()),
                    other => other,
                }
            }
            other => other,
        }
    }

    async fn is_moved(&self, from: &str, to: &str) -> Result<bool> {
        Ok(!self.exists(from).await? && self.exists(to).await?)
    }

    /// Puts files together: the content of `sources`, in order, goes behind that of `target`, which is made when it is
    /// not there, and the sources are gone. With `delete_directory` their one directory goes too.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when a source is not there. It is not sent again after a lost
    /// answer: look at the target then.
    pub async fn concat(
        &self,
        target: &str,
        sources: &[impl AsRef<str>],
        delete_directory: bool,
    ) -> Result<()> {
        let sources: Vec<String> = sources.iter().map(|it| absolute(it.as_ref())).collect();
        let delete = if delete_directory { "true" } else { "false" };
        let query = [("deleteSourceDirectory", delete)];
        let mut request = self.request(Method::Post, target, "MSCONCAT", &query)?;
        let body = json!({ "sources": sources }).to_string();
        request.insert_header(headers::CONTENT_LENGTH, body.len().to_string());
        request.insert_header(headers::CONTENT_TYPE, "application/json");
        request.set_body(body);
        self.send(request, target, "MSCONCAT", Repeat::Never)
            .await?;
        Ok(())
    }

    /// Sets when a file expires. An expired file is gone.
    ///
    /// # Errors
    /// [`InvalidRequest`](azml_core::ErrorKind::InvalidRequest) for a directory.
    pub async fn set_expiry(&self, path: &str, expiry: Expiry) -> Result<()> {
        let (option, time) = expiry.query();
        let mut query = vec![("expiryOption", option)];
        if let Some(time) = &time {
            query.push(("expireTime", time));
        }
        let request = self.request_at(Root::Extended, Method::Put, path, "SETEXPIRY", &query)?;
        self.send(request, path, "SETEXPIRY", Repeat::ByMethod)
            .await?;
        Ok(())
    }

    /// What is at and below a path.
    ///
    /// # Errors
    /// [`NotFound`](azml_core::ErrorKind::NotFound) when nothing is there.
    pub async fn summary(&self, path: &str) -> Result<ContentSummary> {
        let summary: Summary = self.ask(path, "GETCONTENTSUMMARY", &[]).await?;
        Ok(summary.content_summary)
    }
}

/// The service takes paths in queries and bodies from the root.
fn absolute(path: &str) -> String {
    format!("/{}", path.trim_start_matches('/'))
}
