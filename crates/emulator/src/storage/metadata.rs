//! User metadata: `x-ms-meta-*` headers.

use super::error::{Code, Result};
use super::request::Call;

/// Most bytes of all names and values together.
const LARGEST: usize = 8 << 10;

const PREFIX: &str = "x-ms-meta-";

/// The metadata of a request.
///
/// # Errors
/// A name that is no identifier, or too much of it.
pub(crate) fn parse(call: &Call) -> Result<Vec<(String, String)>> {
    let metadata = call.headers_below(PREFIX)?;
    if !metadata.iter().all(|(name, _)| is_identifier(name)) {
        return Err(Code::InvalidMetadata.into());
    }
    let size: usize = metadata
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if size > LARGEST {
        return Err(Code::MetadataTooLarge.into());
    }
    Ok(metadata)
}

/// Whether the request has any.
pub(crate) fn is_given(call: &Call) -> bool {
    call.headers
        .keys()
        .any(|name| name.as_str().starts_with(PREFIX))
}

/// Header names can hold ASCII only, so the rule is the ASCII part of C#'s.
fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_one(name: &str, value: &str) -> Result<Vec<(String, String)>, Code> {
        let builder = axum::http::Request::builder()
            .uri("/a/c")
            .header(name, value);
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        parse(&Call::new(&parts).unwrap()).map_err(|error| error.code())
    }

    #[test]
    fn names_are_identifiers_and_all_is_bounded() {
        let one = parse_one("x-ms-meta-a_1", "v").unwrap();
        assert_eq!(one, [("a_1".to_owned(), "v".to_owned())]);
        for name in ["x-ms-meta-", "x-ms-meta-1a", "x-ms-meta-a-b"] {
            assert_eq!(parse_one(name, "v"), Err(Code::InvalidMetadata), "{name}");
        }
        let large = "x".repeat(LARGEST);
        assert_eq!(
            parse_one("x-ms-meta-a", &large),
            Err(Code::MetadataTooLarge)
        );
    }
}
