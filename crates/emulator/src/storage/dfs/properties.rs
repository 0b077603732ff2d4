//! `x-ms-properties`: metadata as one header of names and base64 values; and the content
//! headers of paths.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::storage::error::{Result, StorageError};
use crate::storage::request::Call;
use crate::storage::tree::ContentHeaders;

const PROPERTIES: &str = "x-ms-properties";

/// Reads `name=base64,name=base64`.
///
/// # Errors
/// A value that is not base64 text.
pub(super) fn parse(call: &Call) -> Result<Vec<(String, String)>> {
    let invalid = || StorageError::header(PROPERTIES);
    call.header(PROPERTIES)
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or_else(invalid)?;
            let value = STANDARD.decode(value).map_err(|_| invalid())?;
            let value = String::from_utf8(value).map_err(|_| invalid())?;
            Ok((name.to_owned(), value))
        })
        .collect()
}

/// Writes metadata in the same form.
pub(super) fn write(metadata: &[(String, String)]) -> String {
    let pairs: Vec<String> = metadata
        .iter()
        .map(|(name, value)| format!("{name}={}", STANDARD.encode(value)))
        .collect();
    pairs.join(",")
}

/// The content headers that a request gives.
pub(super) fn content_headers(call: &Call) -> ContentHeaders {
    let header = |name| call.header(name).to_owned();
    ContentHeaders {
        content_type: header("x-ms-content-type"),
        encoding: header("x-ms-content-encoding"),
        language: header("x-ms-content-language"),
        disposition: header("x-ms-content-disposition"),
        cache_control: header("x-ms-cache-control"),
        md5: header("x-ms-content-md5"),
    }
}
