//! What the listings of all storage services have in common: limits, markers, the echo of
//! the parameters.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::error::{Code, Result, StorageError};
use super::request::Call;
use super::tree::LARGEST_PAGE;
use super::xml::Xml;

/// The parameters as the caller gave them.
pub(crate) fn echo(xml: &mut Xml, call: &Call) {
    for (element, name) in [
        ("Prefix", "prefix"),
        ("Marker", "marker"),
        ("MaxResults", "maxresults"),
    ] {
        xml.optional(element, call.query.get(name));
    }
}

/// How many entries a page may have.
///
/// # Errors
/// A number that is none, or zero.
pub(crate) fn parse_limit(call: &Call) -> Result<usize> {
    match call.query.get("maxresults") {
        "" => Ok(LARGEST_PAGE),
        text => match text.parse::<usize>() {
            Ok(0) => Err(Code::OutOfRangeQueryParameterValue.into()),
            Ok(limit) => Ok(limit.min(LARGEST_PAGE)),
            Err(_) => Err(StorageError::query("maxresults")),
        },
    }
}

/// A marker is the name that the next page begins with, hidden so that nobody builds one.
pub(crate) fn marker(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

/// Writes where the next page begins; an empty element on the last.
pub(crate) fn write_marker(xml: &mut Xml, next: Option<&str>) {
    xml.element("NextMarker", &next.map(marker).unwrap_or_default());
}

/// The name that a page begins with; empty for the first page.
///
/// # Errors
/// A marker that no listing gave.
pub(crate) fn parse_marker(marker: &str) -> Result<String> {
    URL_SAFE_NO_PAD
        .decode(marker)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| StorageError::query("marker"))
}

/// User metadata of an entry, if there is any.
pub(crate) fn write_metadata(xml: &mut Xml, metadata: &[(String, String)]) {
    if metadata.is_empty() {
        return;
    }
    xml.open("Metadata");
    for (name, value) in metadata {
        xml.element(name, value);
    }
    xml.close("Metadata");
}
