//! Refusals of the storage services: XML with a code and a text, JSON from the data lake.

use azml_core::http::ErrorResponse;
use azml_core::{Error, ErrorKind, redact};

/// Reads a refusal. The header names the code also where there is no body.
pub(super) fn map(response: &ErrorResponse) -> Error {
    let text = String::from_utf8_lossy(&response.body);
    let code = response
        .header("x-ms-error-code")
        .map(str::to_owned)
        .or_else(|| element(&text, "Code"));
    let message = element(&text, "Message").or_else(|| json_message(&response.body));
    // The first line is the text; the others repeat the request id and the time.
    let message = message.as_deref().and_then(|text| text.lines().next());
    let message = match (message, &code) {
        (Some(text), _) => redact::text(text),
        (None, Some(code)) => format!("the storage service refused the request: {code}"),
        (None, None) => "the storage service refused the request".to_owned(),
    };
    let mut error =
        Error::new(ErrorKind::from_status(response.status), message).with_status(response.status);
    if let Some(code) = code {
        error = error.with_code(code);
    }
    if let Some(id) = response.header("x-ms-request-id") {
        error = error.with_request_id(id);
    }
    if response.status == 403 {
        let detail = element(&text, "AuthenticationErrorDetail").unwrap_or_default();
        let hint = hint(error.code().unwrap_or_default(), &detail);
        error = error.with_hint(hint);
    }
    error
}

/// What to do about a credential that was refused; the service says more of some than their code.
fn hint(code: &str, detail: &str) -> &'static str {
    if detail.contains("Request date header") {
        return "set this machine's clock: the service refuses requests from another time";
    }
    if detail.contains("time frame") {
        return "the SAS token has expired, or is not valid yet: make another, or set this \
                machine's clock";
    }
    match code {
        "AuthorizationPermissionMismatch" => {
            "the credential lacks the permission: a SAS token needs its letter, an identity its role"
        }
        "AuthorizationServiceMismatch" | "AuthorizationResourceTypeMismatch" => {
            "the SAS token is for other services or kinds of resources: make one for this"
        }
        _ => "check the account key or the SAS token, its expiry, and the clock",
    }
}

/// The text of a refusal by the data lake service.
fn json_message(body: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(document["error"]["message"].as_str()?.to_owned())
}

/// The text of an element without attributes.
fn element(text: &str, name: &str) -> Option<String> {
    let start = text.find(&format!("<{name}>"))? + name.len() + 2;
    let end = start + text[start..].find(&format!("</{name}>"))?;
    Some(text[start..end].to_owned())
}
