//! A thin client over `azure_core`'s pipeline: retries only what may be repeated, checks every status, and turns a
//! refusal into an [`Error`].

use std::sync::Arc;

use azure_core::http::{
    AsyncRawResponse, ClientOptions, Context, Method, Pipeline, PipelineSendOptions,
    PipelineStreamOptions, RawResponse, Request, RetryOptions,
    headers::{HeaderName, Headers},
    policies::Policy,
};
use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{Error, ErrorDetail, ErrorKind, Result, redact};

/// A refusal as it came from the service, for a client crate to read in its own way.
#[derive(Clone, Debug)]
pub struct ErrorResponse {
    /// The HTTP status, 300 or more.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The whole body.
    pub body: Bytes,
}

/// Turns a refusal into an error; see [`ErrorResponse::to_error`] for the usual one.
pub type ErrorMapper = fn(&ErrorResponse) -> Error;

/// The parts from which a client is made.
#[derive(Debug)]
pub struct HttpClientParts {
    /// The name of the client's crate, for the user agent.
    pub crate_name: &'static str,
    /// The version of the client's crate, for the user agent.
    pub crate_version: &'static str,
    /// The user's options.
    pub options: ClientOptions,
    /// Policies that run once for each call.
    pub per_call: Vec<Arc<dyn Policy>>,
    /// Policies that run once for each try: those that sign.
    pub per_try: Vec<Arc<dyn Policy>>,
    /// How a refusal becomes an error.
    pub map_error: ErrorMapper,
}

/// Whether a request may be sent again after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// By its method: GET, HEAD, PUT and DELETE may, others may not.
    ByMethod,
    /// It may, whatever the method.
    Always,
    /// It may not.
    Never,
}

/// Sends requests through `azure_core`'s pipeline and checks the answers.
#[derive(Clone, Debug)]
pub struct HttpClient {
    repeating: Pipeline,
    once: Pipeline,
    map_error: ErrorMapper,
}

impl HttpClient {
    /// A client with two pipelines: one with the user's retry options, one without retries.
    #[must_use]
    pub fn new(parts: HttpClientParts) -> Self {
        let pipeline = |options: ClientOptions| {
            Pipeline::new(
                Some(parts.crate_name),
                Some(parts.crate_version),
                options,
                parts.per_call.clone(),
                parts.per_try.clone(),
                None,
            )
        };
        let once = ClientOptions {
            retry: RetryOptions::none(),
            ..parts.options.clone()
        };
        Self {
            repeating: pipeline(parts.options),
            once: pipeline(once),
            map_error: parts.map_error,
        }
    }

    /// Sends the request and returns the whole answer.
    ///
    /// # Errors
    /// Any status of 300 or more, through the client's [`ErrorMapper`]; failures of the connection.
    pub async fn send(&self, mut request: Request, repeat: Repeat) -> Result<RawResponse> {
        let options = PipelineSendOptions {
            skip_checks: true,
            ..PipelineSendOptions::default()
        };
        let pipeline = self.pipeline(request.method(), repeat);
        let response = pipeline
            .send(&Context::new(), &mut request, Some(options))
            .await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err((self.map_error)(&ErrorResponse::from_raw(&response)))
    }

    /// Sends the request and reads the answer as JSON.
    ///
    /// # Errors
    /// As [`HttpClient::send`]; [`ErrorKind::InvalidData`] when the body is not the JSON that was promised.
    pub async fn send_json<T: DeserializeOwned>(
        &self,
        request: Request,
        repeat: Repeat,
    ) -> Result<T> {
        let shown = format!("{} {}", request.method(), redact::url(request.url()));
        let response = self.send(request, repeat).await?;
        serde_json::from_slice(response.body().as_ref()).map_err(|error| {
            Error::new(
                ErrorKind::InvalidData,
                format!("the answer to {shown} is not the JSON that was promised"),
            )
            .with_status(response.status().into())
            .with_source(error)
        })
    }

    /// Sends the request and hands out the body as it arrives. Only a refusal's body is read here.
    ///
    /// # Errors
    /// As [`HttpClient::send`].
    pub async fn stream(&self, mut request: Request, repeat: Repeat) -> Result<AsyncRawResponse> {
        let options = PipelineStreamOptions {
            skip_checks: true,
            ..PipelineStreamOptions::default()
        };
        let pipeline = self.pipeline(request.method(), repeat);
        let response = pipeline
            .stream(&Context::new(), &mut request, Some(options))
            .await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let refusal = response.try_into_raw_response().await?;
        Err((self.map_error)(&ErrorResponse::from_raw(&refusal)))
    }

    fn pipeline(&self, method: Method, repeat: Repeat) -> &Pipeline {
        let may_repeat = match repeat {
            Repeat::Always => true,
            Repeat::Never => false,
            Repeat::ByMethod => matches!(
                method,
                Method::Get | Method::Head | Method::Put | Method::Delete
            ),
        };
        if may_repeat {
            &self.repeating
        } else {
            &self.once
        }
    }
}

/// The error object of ARM and of the machine-learning services.
#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorObject,
}

#[derive(Deserialize)]
struct ErrorObject {
    code: Option<String>,
    message: Option<String>,
    #[serde(default)]
    details: Option<Vec<DetailObject>>,
}

#[derive(Deserialize)]
struct DetailObject {
    code: Option<String>,
    target: Option<String>,
    message: Option<String>,
}

impl ErrorResponse {
    /// The parts of a response that matter for an error.
    #[must_use]
    pub fn from_raw(response: &RawResponse) -> Self {
        Self {
            status: response.status().into(),
            headers: response.headers().clone(),
            body: Bytes::copy_from_slice(response.body().as_ref()),
        }
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &'static str) -> Option<&str> {
        self.headers
            .get_optional_str(&HeaderName::from_static(name))
    }

    /// The body as text, redacted and cut; empty for a body that is not UTF-8.
    #[must_use]
    pub fn text(&self) -> String {
        std::str::from_utf8(&self.body)
            .map(|text| redact::text(text.trim()))
            .unwrap_or_default()
    }

    /// The usual reading: code, message and details of a JSON `{"error": {..}}` body, else the text of the body; the
    /// code also from `x-ms-error-code`, the request id from `x-ms-request-id`.
    #[must_use]
    pub fn to_error(&self) -> Error {
        let object = serde_json::from_slice::<ErrorBody>(&self.body)
            .ok()
            .map(|body| body.error);
        let (code, message, details) = match object {
            Some(object) => (
                object.code,
                object.message,
                object.details.unwrap_or_default(),
            ),
            None => (None, None, Vec::new()),
        };
        let message = match message {
            Some(message) => redact::text(&message),
            None if self.text().is_empty() => {
                "the service refused the request and gave no reason".into()
            }
            None => self.text(),
        };
        let details = details
            .into_iter()
            .map(|detail| {
                ErrorDetail::new(
                    detail.code,
                    detail.target,
                    redact::text(&detail.message.unwrap_or_default()),
                )
            })
            .collect();
        let mut error = Error::new(ErrorKind::from_status(self.status), message)
            .with_status(self.status)
            .with_details(details);
        if let Some(code) = code.or_else(|| self.header("x-ms-error-code").map(str::to_owned)) {
            error = error.with_code(code);
        }
        if let Some(id) = self.header("x-ms-request-id") {
            error = error.with_request_id(id);
        }
        error
    }
}

#[cfg(test)]
mod tests;
