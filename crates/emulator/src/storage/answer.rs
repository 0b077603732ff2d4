//! Answers of the storage services: the headers that all have, and refusals as XML.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};

use serde_json::{Value, json};

use super::error::StorageError;
use super::request::Call;
use super::time::Ticks;
use super::xml::Xml;

/// The version that answers name when the request named none.
const VERSION: &str = "2026-04-06";

/// What a refusal is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Blob and file.
    Xml,
    /// Data lake.
    Json,
}

/// An answer in the making.
#[derive(Debug)]
pub(crate) struct Answer(Response<Body>);

impl Answer {
    /// An answer without a body.
    pub(crate) fn new(status: StatusCode) -> Self {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        Self(response)
    }

    /// An XML document.
    pub(crate) fn xml(document: Xml) -> Self {
        Self::new(StatusCode::OK)
            .header("content-type", "application/xml")
            .body(document.finish())
    }

    /// A JSON document.
    pub(crate) fn json(document: &Value) -> Self {
        Self::new(StatusCode::OK)
            .header("content-type", "application/json;charset=utf-8")
            .body(document.to_string())
    }

    /// Takes status and headers over from `other`, and keeps the body.
    fn merge(mut self, other: Self) -> Self {
        *self.0.status_mut() = other.0.status();
        self.0.headers_mut().extend(other.0.headers().clone());
        self
    }

    /// Sets a header; an empty value sets none.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name);
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value)
            && !value.is_empty()
        {
            self.0.headers_mut().insert(name, value);
        }
        self
    }

    /// Sets entity tag and time of a change.
    pub(crate) fn version(self, etag: u64, modified: Ticks) -> Self {
        self.header(
            "etag",
            &format!("\"{}\"", super::conditions::etag_text(etag)),
        )
        .header("last-modified", &modified.http_date())
    }

    /// Sets `x-ms-meta-*`.
    pub(crate) fn metadata(self, metadata: &[(String, String)]) -> Self {
        metadata.iter().fold(self, |answer, (name, value)| {
            let name = HeaderName::try_from(format!("x-ms-meta-{name}"));
            let value = HeaderValue::from_bytes(value.as_bytes());
            match (name, value) {
                (Ok(name), Ok(value)) => {
                    let Self(mut response) = answer;
                    response.headers_mut().insert(name, value);
                    Self(response)
                }
                _ => answer,
            }
        })
    }

    /// Sets the body.
    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        *self.0.body_mut() = body.into();
        self
    }

    /// The response, with what every answer of the services carries.
    pub(crate) fn finish(self, call: Option<&Call>, now: Ticks) -> Response<Body> {
        let header = |name: &str| call.map(|call| call.header(name)).unwrap_or_default();
        let version = match header("x-ms-version") {
            "" => VERSION,
            version => version,
        };
        let echoed = header("x-ms-client-request-id");
        self.header("x-ms-version", version)
            .header("x-ms-client-request-id", echoed)
            .header("date", &now.http_date())
            .header(
                "server",
                concat!("azml-emulator/", env!("CARGO_PKG_VERSION")),
            )
            .0
    }

    /// A refusal.
    pub(crate) fn refusal(
        error: &StorageError,
        dialect: Dialect,
        call: Option<&Call>,
        (request_id, now): (&str, Ticks),
    ) -> Self {
        let status = StatusCode::from_u16(error.code().status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let answer = error
            .headers()
            .iter()
            .fold(Self::new(status), |answer, (name, value)| {
                answer.header(name, value)
            })
            .header("x-ms-error-code", error.code().name());
        if call.is_some_and(|call| call.method == Method::HEAD) {
            return answer;
        }
        let message = format!(
            "{}\nRequestId:{request_id}\nTime:{}",
            error.message(),
            now.iso()
        );
        match dialect {
            Dialect::Xml => {
                let mut xml = Xml::new();
                xml.open("Error");
                xml.element("Code", error.code().name());
                xml.element("Message", &message);
                xml.optional(
                    "AuthenticationErrorDetail",
                    error.detail().unwrap_or_default(),
                );
                xml.close("Error");
                answer
                    .header(header::CONTENT_TYPE.as_str(), "application/xml")
                    .body(xml.finish())
            }
            Dialect::Json => {
                let mut object = json!({ "code": error.code().name(), "message": message });
                if let Some(detail) = error.detail() {
                    object["detail"] = json!({ "AuthenticationErrorDetail": detail });
                }
                Self::json(&json!({ "error": object })).merge(answer)
            }
        }
    }
}
