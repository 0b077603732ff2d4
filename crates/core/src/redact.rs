//! Takes secrets out of what is shown: URLs in logs and errors, bodies of refused requests.

use azure_core::http::Url;

/// The longest text of a service that is shown, in bytes.
pub const MAX_TEXT: usize = 4096;

const REDACTED: &str = "REDACTED";

/// Query parameters whose values are safe and useful to see.
const SAFE_PARAMETERS: &[&str] = &[
    "$orderby",
    "$skip",
    "$top",
    "api-version",
    "blockid",
    "comp",
    "datatypeid",
    "length",
    "numberofblocks",
    "offset",
    "op",
    "restype",
];

/// Names of fields, in JSON, forms and queries, whose values are secret.
const SECRET_FIELDS: &[&str] = &[
    "access_token",
    "accesskey",
    "accesscredential",
    "authorization",
    "authorization_token",
    "client_assertion",
    "client_secret",
    "device_code",
    "id_token",
    "newpassword",
    "password",
    "primarytoken",
    "refresh_token",
    "secondarytoken",
    "sig",
    "x-identity-header",
    "x-ms-metaanalytics-authorizationtoken",
];

/// The URL with user information dropped and the values of all but a few query parameters replaced.
///
/// ```
/// let url = azure_core::http::Url::parse("https://a/b?comp=list&sig=abc").unwrap();
/// assert_eq!(azml_core::redact::url(&url), "https://a/b?comp=list&sig=REDACTED");
/// ```
#[must_use]
pub fn url(url: &Url) -> String {
    let mut shown = url.clone();
    // Neither call can fail for a URL with a host, and one without has nothing to hide there.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    if url.query().is_some() {
        let pairs: Vec<_> = url
            .query_pairs()
            .map(|(name, value)| {
                let safe = SAFE_PARAMETERS.contains(&name.to_ascii_lowercase().as_str());
                let value = if safe {
                    value.into_owned()
                } else {
                    REDACTED.to_owned()
                };
                (name.into_owned(), value)
            })
            .collect();
        shown.query_pairs_mut().clear().extend_pairs(pairs);
    }
    shown.into()
}

/// The text cut to [`MAX_TEXT`] bytes, with the values of secret fields replaced wherever `name=value`,
/// `name: value` or `"name": "value"` stands.
///
/// ```
/// assert_eq!(
///     azml_core::redact::text(r#"{"access_token":"abc","expires_in":3599}"#),
///     r#"{"access_token":"REDACTED","expires_in":3599}"#
/// );
/// ```
#[must_use]
pub fn text(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len().min(MAX_TEXT));
    let mut at = 0;
    while at < text.len() && shown.len() < MAX_TEXT {
        let (start, end) = next_secret(&lower, at).unwrap_or((text.len(), text.len()));
        shown.push_str(&text[at..start]);
        if end > start {
            shown.push_str(REDACTED);
        }
        at = end.max(start);
    }
    cut(shown)
}

/// The span of the next secret value at or after `from`. `lower` is ASCII-lowercased, so offsets agree with the text.
fn next_secret(lower: &str, from: usize) -> Option<(usize, usize)> {
    SECRET_FIELDS
        .iter()
        .filter_map(|name| value_of(lower, name, from))
        .min_by_key(|&(start, end)| (start, std::cmp::Reverse(end)))
}

fn value_of(lower: &str, name: &str, mut from: usize) -> Option<(usize, usize)> {
    let bytes = lower.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    while let Some(found) = lower[from..].find(name) {
        let begin = from + found;
        from = begin + name.len();
        if begin > 0 && is_word(bytes[begin - 1]) {
            continue;
        }
        let mut at = from;
        let skip = |at: &mut usize, allowed: &[u8]| {
            while bytes.get(*at).is_some_and(|byte| allowed.contains(byte)) {
                *at += 1;
            }
        };
        skip(&mut at, b"\\\"' ");
        if !matches!(bytes.get(at), Some(b'=' | b':')) {
            continue;
        }
        at += 1;
        skip(&mut at, b"\\ ");
        let quote = bytes
            .get(at)
            .copied()
            .filter(|byte| matches!(byte, b'"' | b'\''));
        if quote.is_some() {
            at += 1;
        }
        let rest = &bytes[at..];
        let length = match quote {
            Some(quote) => rest
                .iter()
                .position(|byte| *byte == quote || *byte == b'\\'),
            // `Authorization: Bearer abc`: the value runs to the end of the line.
            None if name.ends_with("authorization") => {
                rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'))
            }
            None => rest.iter().position(|byte| {
                matches!(byte, b'&' | b',' | b';' | b'}' | b'<' | b'"')
                    || byte.is_ascii_whitespace()
            }),
        };
        let end = at + length.unwrap_or(rest.len());
        if end > at {
            return Some((at, end));
        }
    }
    None
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT)
            .rev()
            .find(|&end| text.is_char_boundary(end))
            .unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_field_is_caught() {
        for (given, expected) in [
            (
                "grant_type=password&password=hunter2&resource=r",
                "grant_type=password&password=REDACTED&resource=r",
            ),
            (
                "Authorization: Bearer abc.def\nnext",
                "Authorization: REDACTED\nnext",
            ),
            (
                r#"{\"client_secret\":\"hunter2\"}"#,
                r#"{\"client_secret\":\"REDACTED\"}"#,
            ),
            (
                "x-ms-metaanalytics-authorizationtoken: hunter2",
                "x-ms-metaanalytics-authorizationtoken: REDACTED",
            ),
            (
                r#"{"PrimaryToken": "hunter2", "n": 1}"#,
                r#"{"PrimaryToken": "REDACTED", "n": 1}"#,
            ),
            ("?sv=2020&sig=abc%3D", "?sv=2020&sig=REDACTED"),
            ("nothing to hide: signal=5", "nothing to hide: signal=5"),
            ("ends with password=", "ends with password="),
            ("naïve password=ünlock end", "naïve password=REDACTED end"),
        ] {
            assert_eq!(text(given), expected);
        }
    }

    #[test]
    fn long_texts_are_cut_on_a_character() {
        let shown = text(&"é".repeat(MAX_TEXT));
        assert!(shown.len() <= MAX_TEXT + '…'.len_utf8());
        assert!(shown.ends_with('…'));
    }

    #[test]
    fn user_information_and_unknown_parameters_are_dropped() {
        let given = Url::parse("https://u:hunter2@h/p?uploadId=5&dataTypeId=Zip").unwrap();
        assert_eq!(url(&given), "https://h/p?uploadId=REDACTED&dataTypeId=Zip");
    }
}
