//! Reads the answers of refused requests: the plain text of the Studio API, the JSON of the
//! management API and the XML of blob storage. Never fails: a body of no known form becomes the
//! message as it is.

use std::fmt;

use azml_core::{ErrorDetail, ErrorKind, http::ErrorResponse};

/// A refused request, in the service's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpError {
    /// What was attempted, naming the thing it was attempted on.
    pub attempted: String,
    /// HTTP status.
    pub status: u16,
    /// The service's own error code, where the body or a header has one.
    pub code: Option<String>,
    /// The service's explanation; empty if it gave none.
    pub message: String,
    /// Further explanations (`error.details` of JSON bodies).
    pub details: Vec<ErrorDetail>,
    /// Id by which the service's operators find the request in their logs.
    pub request_id: Option<String>,
    /// The body, cut to 4 KiB and without secrets; empty if it is not text.
    pub body: String,
}

impl HttpError {
    pub(crate) fn from_response(response: &ErrorResponse) -> Self {
        let usual = response.to_error();
        let body = response.text();
        let text = body.trim_start_matches('\u{feff}').trim();
        let mut error = Self {
            attempted: String::new(),
            status: response.status,
            code: usual.code().map(str::to_owned),
            message: String::new(),
            details: usual.details().to_vec(),
            request_id: usual.request_id().map(str::to_owned),
            body: String::new(),
        };
        if text.starts_with('{') {
            error.message = usual.message().to_owned();
        } else if let Some(code) = element(text, "Code") {
            error.code = Some(unescape(code));
            error.read_text(&unescape(element(text, "Message").unwrap_or_default()));
        } else {
            error.read_text(text);
        }
        error.body = body;
        error
    }

    /// Reads sentences and a line `Request ID: {guid} {time}`, or the lines `RequestId:{guid}` and
    /// `Time:{time}` of blob storage. What is not a sentence stays out of the message.
    fn read_text(&mut self, text: &str) {
        let mut message = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let id = strip_label(line, "Request ID:").or_else(|| strip_label(line, "RequestId:"));
            match id.and_then(|rest| rest.split_whitespace().next()) {
                Some(id) => self.request_id = Some(id.to_owned()),
                None if strip_label(line, "Time:").is_some() => {}
                None => message.push(line),
            }
        }
        self.message = message.join(" ");
    }

    /// The kind by which a program reacts to the error.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::from_status(self.status)
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} (HTTP {}",
            self.attempted,
            self.summary(),
            self.status
        )?;
        if let Some(code) = &self.code {
            write!(f, ", {code}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, ", request {id}")?;
        }
        f.write_str(")")
    }
}

impl HttpError {
    /// The service's explanation with its details, or a word of our own where it gave none: for a
    /// bad token and for a taken name the service is known to answer with a request id alone.
    pub(crate) fn summary(&self) -> String {
        let mut summary = match (self.message.is_empty(), self.status) {
            (false, _) => self.message.clone(),
            (true, 401) => "the workspace id or the token was refused".to_owned(),
            (true, 404) => "not found".to_owned(),
            (true, 409) => "the name is taken".to_owned(),
            (true, _) => "the service refused the request and gave no reason".to_owned(),
        };
        for detail in &self.details {
            summary.push_str("; ");
            summary.push_str(&detail.message);
        }
        summary
    }
}

impl std::error::Error for HttpError {}

/// Text of the first element `name` that has no attributes and no children.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    if !xml.starts_with('<') {
        return None;
    }
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (content, _) = rest.split_once(&format!("</{name}>"))?;
    Some(content)
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

fn strip_label<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    let (head, rest) = line.split_at_checked(label.len())?;
    head.eq_ignore_ascii_case(label).then_some(rest)
}

/// Carries the typed error through [`azml_core`]'s client, see [`crate::Error::from_core`].
pub(crate) fn map_error(response: &ErrorResponse) -> azml_core::Error {
    let error = HttpError::from_response(response);
    azml_core::Error::new(error.kind(), error.summary())
        .with_status(error.status)
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::http::headers::Headers;
    use bytes::Bytes;

    fn parse(body: &str) -> HttpError {
        let mut headers = Headers::new();
        headers.insert("x-ms-request-id", "from-header");
        let mut error = HttpError::from_response(&ErrorResponse {
            status: 400,
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
        });
        error.attempted = "list datasets".to_owned();
        error
    }

    #[test]
    fn text_of_the_service_gives_the_request_id() {
        // studio 1.9: all that the service said for a bad token.
        let error = parse("Request ID: 31b0e4f1-9e5a 2015-11-17 22:12:47Z");
        assert_eq!(error.request_id.as_deref(), Some("31b0e4f1-9e5a"));
        assert_eq!(error.message, "");
        assert_eq!(
            error.to_string(),
            "list datasets: the service refused the request and gave no reason (HTTP 400, request 31b0e4f1-9e5a)"
        );
    }

    #[test]
    fn sentence_and_request_id_are_told_apart() {
        let error = parse(
            "The name contains forbidden characters.\r\nRequest ID: 42 2015-11-17 22:12:47Z\r\n",
        );
        assert_eq!(error.message, "The name contains forbidden characters.");
        assert_eq!(error.request_id.as_deref(), Some("42"));
    }

    #[test]
    fn json_of_the_management_api() {
        let error = parse(
            r#"{"error":{"code":"InvalidWorkspaceId","message":"no such workspace",
                "details":[{"code":"A","target":"ws","message":"b"},{"code":null}]}}"#,
        );
        assert_eq!(error.code.as_deref(), Some("InvalidWorkspaceId"));
        assert_eq!(error.message, "no such workspace");
        assert_eq!(error.details[0].target.as_deref(), Some("ws"));
        assert_eq!(error.request_id.as_deref(), Some("from-header"));
    }

    #[test]
    fn xml_of_blob_storage() {
        let error = parse(
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>AuthenticationFailed</Code>\
             <Message>Signature did not match &amp; expired.\nRequestId:77-aa\nTime:2020-01-01T00:00:00Z</Message></Error>",
        );
        assert_eq!(error.code.as_deref(), Some("AuthenticationFailed"));
        assert_eq!(error.message, "Signature did not match & expired.");
        assert_eq!(error.request_id.as_deref(), Some("77-aa"));
    }

    #[test]
    fn bodies_are_kept_without_secrets() {
        let error = parse("refused ?sv=2020&sig=abc%3D");
        assert!(!format!("{error:?} {error}").contains("abc"), "{error:?}");
        assert!(parse(&"é".repeat(5000)).body.len() <= azml_core::redact::MAX_TEXT + 4);
    }
}
