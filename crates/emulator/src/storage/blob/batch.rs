//! "Blob Batch": up to 256 deletions or changes of tier in one request, each with its own
//! credential and its own answer.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use bytes::Bytes;
use std::fmt::Write;

use super::BlobService;
use super::operation::Operation;
use crate::storage::answer::{Answer, Dialect};
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::receive;
use crate::storage::request::Call;
use crate::storage::time::Ticks;

/// Most requests of one batch.
const MOST: usize = 256;
/// Largest answer of one of them, which is an error document at most.
const LARGEST_ANSWER: usize = 64 << 10;

/// A request of a batch.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    content_id: String,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl BlobService {
    pub(super) async fn batch(&self, call: &Call, body: Body) -> Result<Answer> {
        let boundary = boundary(call.header("content-type"))
            .ok_or_else(|| StorageError::header("content-type"))?;
        let document = receive::document(body).await?;
        let parts = parse(&document, &boundary)?;
        let id = self.tree.state.ids.uuid();
        let separator = format!("batchresponse_{id}");
        let mut answer = Vec::new();
        for part in parts {
            let head = format!(
                "--{separator}\r\nContent-Type: application/http\r\nContent-ID: {}\r\n\r\n",
                part.content_id
            );
            answer.extend_from_slice(head.as_bytes());
            // One at a time: a batch may name one blob twice.
            self.answer_part(call, part, &mut answer).await?;
        }
        answer.extend_from_slice(format!("--{separator}--\r\n").as_bytes());
        let kind = format!("multipart/mixed; boundary={separator}");
        Ok(Answer::new(StatusCode::ACCEPTED)
            .header("content-type", &kind)
            .body(Bytes::from(answer)))
    }

    async fn answer_part(&self, call: &Call, part: Part, into: &mut Vec<u8>) -> Result<()> {
        let inner = call.part(part.method, part.uri, part.headers);
        let answered = match &inner {
            Ok(inner) => self.answer_inner(call, inner).await,
            Err(error) => Err(error.clone()),
        };
        let now = Ticks::of(self.tree.state.clock.now());
        let inner = inner.as_ref().ok();
        let id = self.tree.state.ids.uuid().to_string();
        let response = answered
            .unwrap_or_else(|error| Answer::refusal(&error, Dialect::Xml, inner, (&id, now)))
            .finish(inner, now);
        let (head, body) = response.into_parts();
        let body = to_bytes(body, LARGEST_ANSWER)
            .await
            .map_err(|_| Code::InternalError)?;
        let mut text = format!(
            "HTTP/1.1 {} {}\r\n",
            head.status.as_str(),
            head.status.canonical_reason().unwrap_or_default()
        );
        for (name, value) in &head.headers {
            if let Ok(value) = value.to_str() {
                let _ = write!(text, "{name}: {value}\r\n");
            }
        }
        let _ = write!(
            text,
            "x-ms-request-id: {id}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        into.extend_from_slice(text.as_bytes());
        into.extend_from_slice(&body);
        into.extend_from_slice(b"\r\n");
        Ok(())
    }

    async fn answer_inner(&self, outer: &Call, inner: &Call) -> Result<Answer> {
        let operation = Operation::of(inner)?;
        if !matches!(operation, Operation::DeleteBlob | Operation::SetBlobTier) {
            return Err(Code::InvalidInput.into());
        }
        let within = &outer.target.container;
        if !within.is_empty() && inner.target.container != *within {
            return Err(Code::InvalidInput.into());
        }
        // A credential for the whole batch covers its parts that bring none.
        let bare = inner.optional_header("authorization").is_none()
            && !inner.uri.query().unwrap_or_default().contains("sig=");
        if !bare {
            self.authorize(inner, &operation.wanted())?;
        } else if outer.optional_header("authorization").is_none() {
            self.authorize(&outer.with_target(inner), &operation.wanted())?;
        } else {
            return Err(Code::AuthenticationFailed.into());
        }
        match operation {
            Operation::SetBlobTier => self.set_blob_tier(inner).await,
            _ => self.delete_blob(inner).await,
        }
    }
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/mixed") {
        return None;
    }
    let value = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("boundary")
            .then(|| value.trim().trim_matches('"').to_owned())
    })?;
    (!value.is_empty()).then_some(value)
}

fn invalid() -> StorageError {
    StorageError::new(Code::InvalidInput, "The batch is not in the expected form.")
}

/// Takes a batch apart.
fn parse(document: &[u8], boundary: &str) -> Result<Vec<Part>> {
    let text = std::str::from_utf8(document).map_err(|_| invalid())?;
    let separator = format!("--{boundary}");
    let mut sections = text.split(separator.as_str());
    // What stands before the first separator is no part.
    sections.next();
    let mut parts = Vec::new();
    let mut ended = false;
    for section in sections {
        if section.starts_with("--") {
            ended = true;
            break;
        }
        if parts.len() == MOST {
            return Err(Code::BatchTooLarge.into());
        }
        parts.push(part(section)?);
    }
    if !ended || parts.is_empty() {
        return Err(invalid());
    }
    Ok(parts)
}

fn part(section: &str) -> Result<Part> {
    let mut lines = section
        .strip_prefix("\r\n")
        .or_else(|| section.strip_prefix('\n'))
        .ok_or_else(invalid)?
        .split('\n')
        .map(|line| line.trim_end_matches('\r'));
    let mut content_id = String::new();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(invalid)?;
        if name.trim().eq_ignore_ascii_case("content-id") {
            content_id = value.trim().to_owned();
        }
    }
    let mut request = lines.next().ok_or_else(invalid)?.split(' ');
    let method = request.next().ok_or_else(invalid)?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| invalid())?;
    let uri: Uri = request
        .next()
        .ok_or_else(invalid)?
        .parse()
        .map_err(|_| invalid())?;
    let mut headers = HeaderMap::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(invalid)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| invalid())?;
        let value = HeaderValue::from_bytes(value.trim().as_bytes()).map_err(|_| invalid())?;
        headers.append(name, value);
    }
    Ok(Part {
        content_id,
        method,
        uri,
        headers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// storage ST-34.
    #[test]
    fn batches_are_taken_apart() {
        let boundary = boundary("multipart/mixed; boundary=\"b_1\"").unwrap();
        assert_eq!(boundary, "b_1");
        let document = "--b_1\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\n\
            DELETE /c/a%20b?x=1 HTTP/1.1\r\nx-ms-date: today\r\nContent-Length: 0\r\n\r\n\r\n\
            --b_1\r\ncontent-id: 1\r\n\r\nDELETE /c/d HTTP/1.1\r\n\r\n--b_1--\r\n";
        let parts = parse(document.as_bytes(), &boundary).unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].uri, "/c/a%20b?x=1");
        assert_eq!(
            (parts[0].content_id.as_str(), &parts[0].method),
            ("0", &Method::DELETE)
        );
        assert_eq!(parts[0].headers["x-ms-date"], "today");
        assert_eq!(parts[1].content_id, "1");
        for broken in ["", "--b_1", "--b_1--", "--b_1\r\n\r\n\r\n--b_1--"] {
            assert!(parse(broken.as_bytes(), &boundary).is_err(), "{broken}");
        }
        let many = "--b_1\r\n\r\nDELETE /c/d HTTP/1.1\r\n\r\n".repeat(257) + "--b_1--";
        let error = parse(many.as_bytes(), &boundary).unwrap_err();
        assert_eq!(error.code(), Code::BatchTooLarge);
    }
}
