//! The character set of JSON, which the services name.

use axum::http::{HeaderMap, HeaderValue, header};

/// What the services call JSON.
pub(crate) const JSON_UTF_8: HeaderValue =
    HeaderValue::from_static("application/json; charset=utf-8");

/// Adds the character set to the content type of JSON that lacks it.
pub(crate) fn name_charset(headers: &mut HeaderMap) {
    if let Some(value) = headers.get_mut(header::CONTENT_TYPE)
        && value == "application/json"
    {
        *value = JSON_UTF_8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_alone_gets_a_charset() {
        for (sent, expected) in [
            ("application/json", "application/json; charset=utf-8"),
            ("application/octet-stream", "application/octet-stream"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(sent));
            name_charset(&mut headers);
            assert_eq!(headers[header::CONTENT_TYPE], expected);
        }
    }
}
