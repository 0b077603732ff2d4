//! Pages of "List Blobs".

use std::borrow::Cow;

use azure_core::xml;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::store::Item;
use crate::error::Result;

/// A page of blobs, and where the next one begins.
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(default)]
    blobs: Blobs,
    #[serde(default)]
    next_marker: Option<String>,
}

#[derive(Default, Deserialize)]
struct Blobs {
    #[serde(default, rename = "Blob")]
    blobs: Vec<Blob>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Blob {
    name: Name,
    properties: Properties,
}

#[derive(Deserialize)]
struct Name {
    #[serde(default, rename = "@Encoded")]
    encoded: Option<bool>,
    #[serde(default, rename = "$text")]
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    #[serde(default)]
    etag: String,
    #[serde(rename = "Content-Length")]
    length: u64,
    #[serde(default, rename = "Last-Modified")]
    last_modified: String,
}

/// Reads a page.
pub(super) fn parse(document: &[u8]) -> Result<Page> {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let document: Document = xml::from_xml(document)?;
    Ok(Page {
        items: document.blobs.blobs.into_iter().map(into_item).collect(),
        next: document.next_marker.filter(|marker| !marker.is_empty()),
    })
}

fn into_item(blob: Blob) -> Item {
    let name = match blob.name.encoded {
        Some(true) => percent_decode_str(&blob.name.text).decode_utf8_lossy(),
        _ => Cow::Borrowed(blob.name.text.as_str()),
    };
    Item {
        name: name.into_owned(),
        length: blob.properties.length,
        etag: quoted(&blob.properties.etag),
        last_modified: blob.properties.last_modified,
    }
}

/// Listings show tags without quotes, conditions want them.
fn quoted(etag: &str) -> String {
    format!("\"{}\"", etag.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read() {
        let document = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\
            <EnumerationResults ServiceEndpoint=\"http://x/\" ContainerName=\"c\"><Prefix>a</Prefix><Blobs>\
            <Blob><Name>a b&amp;c</Name><Properties><Last-Modified>Fri, 26 Jun 2015 23:39:12 GMT</Last-Modified>\
            <Etag>0x8D1</Etag><Content-Length>12</Content-Length><Content-Type>x</Content-Type></Properties></Blob>\
            <Blob><Name Encoded=\"true\">a%01%2Fb</Name><Properties><Etag>\"0x8D2\"</Etag>\
            <Content-Length>0</Content-Length></Properties></Blob></Blobs><NextMarker>m</NextMarker></EnumerationResults>";
        let page = parse(document.as_bytes()).unwrap();
        assert_eq!(page.next.as_deref(), Some("m"));
        assert_eq!(page.items[0].name, "a b&c");
        assert_eq!(
            (page.items[0].length, page.items[0].etag.as_str()),
            (12, "\"0x8D1\"")
        );
        assert_eq!(page.items[1].name, "a\u{1}/b");
        assert_eq!(page.items[1].etag, "\"0x8D2\"");
    }

    #[test]
    fn an_empty_page_is_read() {
        let document = "<EnumerationResults><Blobs /><NextMarker /></EnumerationResults>";
        let page = parse(document.as_bytes()).unwrap();
        assert!(page.items.is_empty() && page.next.is_none());
    }
}
