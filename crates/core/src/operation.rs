//! Long-running operations of Azure Resource Manager: which address to poll, when it has ended, where the result is.
//!
//! The rules are those of the original clients: `Azure-AsyncOperation` goes before `Location`, which goes before the
//! resource itself; `Retry-After` says how long to wait, and half a minute is waited without it.

use std::{
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use azure_core::http::{Method, RawResponse, Request, Url, headers::HeaderName};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    Error, ErrorKind, Result,
    clock::Clock,
    http::{HttpClient, Repeat},
};

const ASYNC_OPERATION: HeaderName = HeaderName::from_static("azure-asyncoperation");
const LOCATION: HeaderName = HeaderName::from_static("location");
const RETRY_AFTER: HeaderName = HeaderName::from_static("retry-after");
/// How long to wait when the service does not say.
const DEFAULT_DELAY: Duration = Duration::from_secs(30);

/// How far an operation is. States that are not known here count as in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OperationStatus {
    /// Not ended; the service's own word for it.
    InProgress(String),
    /// Ended well.
    Succeeded,
    /// Ended in an error.
    Failed,
    /// Stopped before its end.
    Canceled,
}

impl OperationStatus {
    fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "succeeded" => Self::Succeeded,
            "failed" => Self::Failed,
            "canceled" | "cancelled" => Self::Canceled,
            _ => Self::InProgress(text.to_owned()),
        }
    }
}

/// A long-running operation that was begun. Await it for its result, or poll it.
///
/// Dropping it does not stop the operation.
#[derive(Debug)]
#[must_use = "the operation was begun; await it to know its end"]
pub struct Operation<T> {
    http: HttpClient,
    clock: Arc<dyn Clock>,
    /// Where the resource is; asked at the end when `fetch_result` is set.
    resource: Url,
    fetch_result: bool,
    poll: Poll,
    delay: Duration,
    status: OperationStatus,
    /// The last body that holds the result itself.
    body: Value,
    result: PhantomData<fn() -> T>,
}

#[derive(Clone, Debug)]
enum Poll {
    Status(Url),
    Location(Url),
    Resource(Url),
}

impl<T: DeserializeOwned> Operation<T> {
    /// Sends the request that begins an operation.
    ///
    /// # Errors
    /// The service's refusal, or a failure of the connection.
    pub async fn begin(http: &HttpClient, request: Request, clock: Arc<dyn Clock>) -> Result<Self> {
        let resource = request.url().clone();
        let creates = matches!(request.method(), Method::Put | Method::Patch);
        let response = http.send(request, Repeat::ByMethod).await?;
        let mut operation = Self {
            http: http.clone(),
            clock,
            fetch_result: creates,
            poll: Poll::Resource(resource.clone()),
            resource,
            delay: DEFAULT_DELAY,
            status: OperationStatus::InProgress("InProgress".to_owned()),
            body: read(&response)?,
            result: PhantomData,
        };
        let linked = operation.follow_links(&response);
        let status = u16::from(response.status());
        if !linked {
            operation.fetch_result = creates && operation.body.is_null();
            operation.status = match (status, operation.provisioning_state()) {
                (204, _) | (200, None) => OperationStatus::Succeeded,
                (_, Some(state)) => OperationStatus::parse(&state),
                _ => operation.status,
            };
        }
        Ok(operation)
    }

    /// How far the operation was when it was last asked.
    #[must_use]
    pub fn status(&self) -> &OperationStatus {
        &self.status
    }

    /// Whether it ended, well or not.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !matches!(self.status, OperationStatus::InProgress(_))
    }

    /// Waits as long as the service asked for, then asks how far the operation is.
    ///
    /// # Errors
    /// As [`HttpClient::send`]; the operation's own failure as [`ErrorKind::Service`] with its code.
    pub async fn poll(&mut self) -> Result<&OperationStatus> {
        if self.is_done() {
            return Ok(&self.status);
        }
        if !self.delay.is_zero() {
            self.clock.sleep(self.delay).await;
        }
        let poll = self.poll.clone();
        let (Poll::Status(url) | Poll::Location(url) | Poll::Resource(url)) = &poll;
        let response = self
            .http
            .send(Request::new(url.clone(), Method::Get), Repeat::ByMethod)
            .await?;
        let body = read(&response)?;
        self.follow_links(&response);
        self.status = match poll {
            Poll::Status(_) => {
                let status = body.get("status").and_then(Value::as_str).ok_or_else(|| {
                    Error::new(
                        ErrorKind::InvalidData,
                        "the operation's answer names no status",
                    )
                })?;
                let status = OperationStatus::parse(status);
                if matches!(status, OperationStatus::Failed | OperationStatus::Canceled) {
                    return Err(failure(&body, &status));
                }
                status
            }
            Poll::Location(_) if u16::from(response.status()) == 202 => {
                OperationStatus::InProgress("InProgress".to_owned())
            }
            Poll::Location(_) => {
                self.fetch_result &= body.is_null();
                self.body = body;
                OperationStatus::Succeeded
            }
            Poll::Resource(_) => {
                self.fetch_result = false;
                self.body = body;
                let state = self.provisioning_state();
                let status = state.map_or(OperationStatus::Succeeded, |state| {
                    OperationStatus::parse(&state)
                });
                if matches!(status, OperationStatus::Failed | OperationStatus::Canceled) {
                    return Err(failure(&self.body, &status));
                }
                status
            }
        };
        Ok(&self.status)
    }

    /// Polls until the end and gives the result.
    ///
    /// # Errors
    /// As [`Operation::poll`]; [`ErrorKind::InvalidData`] when the result is not what was promised.
    pub async fn wait(mut self) -> Result<T> {
        while !self.is_done() {
            self.poll().await?;
        }
        if matches!(
            self.status,
            OperationStatus::Failed | OperationStatus::Canceled
        ) {
            return Err(failure(&self.body, &self.status));
        }
        if self.fetch_result {
            let request = Request::new(self.resource.clone(), Method::Get);
            return self.http.send_json(request, Repeat::ByMethod).await;
        }
        serde_json::from_value(self.body).map_err(|error| {
            Error::new(
                ErrorKind::InvalidData,
                "the operation's result is not what was promised",
            )
            .with_source(error)
        })
    }

    fn provisioning_state(&self) -> Option<String> {
        let state = self.body.get("properties")?.get("provisioningState")?;
        state.as_str().map(str::to_owned)
    }

    /// Takes over the links and the delay of an answer; whether there was a link.
    fn follow_links(&mut self, response: &RawResponse) -> bool {
        let header = |name: &HeaderName| response.headers().get_optional_str(name);
        // Relative links are ignored, as the original clients do.
        let link = |name: &HeaderName| {
            header(name)
                .and_then(|text| Url::parse(text).ok())
                .filter(Url::has_host)
        };
        self.delay = header(&RETRY_AFTER)
            .and_then(|text| text.trim().parse().ok())
            .map_or(DEFAULT_DELAY, Duration::from_secs);
        if let Some(url) = link(&ASYNC_OPERATION) {
            self.poll = Poll::Status(url);
            return true;
        }
        if let Some(url) = link(&LOCATION) {
            // A status address stays the better one.
            if !matches!(self.poll, Poll::Status(_)) {
                self.poll = Poll::Location(url);
            }
            return true;
        }
        u16::from(response.status()) == 202
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for Operation<T> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.wait())
    }
}

fn read(response: &RawResponse) -> Result<Value> {
    let body = response.body().as_ref();
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|error| {
        Error::new(ErrorKind::InvalidData, "the operation's answer is not JSON").with_source(error)
    })
}

fn failure(body: &Value, status: &OperationStatus) -> Error {
    let part = |name: &str| {
        body.get("error")
            .and_then(|error| error.get(name))
            .and_then(Value::as_str)
    };
    let ended = match status {
        OperationStatus::Canceled => "the operation was canceled",
        _ => "the operation failed",
    };
    let message = match part("message") {
        Some(text) => format!("{ended}: {}", crate::redact::text(text)),
        None => ended.to_owned(),
    };
    let error = Error::new(ErrorKind::Service, message);
    match part("code") {
        Some(code) => error.with_code(code),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_compare_without_case_and_unknown_ones_go_on() {
        assert_eq!(
            OperationStatus::parse("SUCCEEDED"),
            OperationStatus::Succeeded
        );
        assert_eq!(
            OperationStatus::parse("Cancelled"),
            OperationStatus::Canceled
        );
        assert_eq!(
            OperationStatus::parse("Moving"),
            OperationStatus::InProgress("Moving".to_owned())
        );
    }

    #[test]
    fn a_failure_keeps_the_services_words() {
        let body = serde_json::json!({ "status": "Failed", "error": { "code": "NoLake", "message": "no lake" } });
        let error = failure(&body, &OperationStatus::Failed);
        assert_eq!(
            (error.code(), error.message()),
            (Some("NoLake"), "the operation failed: no lake")
        );
    }
}
