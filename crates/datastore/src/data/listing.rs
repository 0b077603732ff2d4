//! Pages of "List Blobs".

use azure_core::xml;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::store::Item;
use crate::error::Result;

/// A page of blobs, and where the next one begins.
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    /// What names have in common up to the delimiter, if one was asked for.
    pub(super) prefixes: Vec<String>,
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
    #[serde(default, rename = "$value")]
    entries: Vec<Listed>,
}

/// Blobs and common prefixes come in one order, by name.
#[derive(Deserialize)]
enum Listed {
    Blob(Box<Blob>),
    BlobPrefix(BlobPrefix),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BlobPrefix {
    name: Name,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Blob {
    name: Name,
    properties: Properties,
}

/// A name, percent-encoded where XML cannot hold it.
#[derive(Default, Deserialize)]
pub(super) struct Name {
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
    #[serde(default, rename = "Content-MD5")]
    md5: String,
}

/// Reads a page.
pub(super) fn parse(document: &[u8]) -> Result<Page> {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let document: Document = xml::from_xml(document)?;
    let mut page = Page {
        items: Vec::new(),
        prefixes: Vec::new(),
        next: document.next_marker.filter(|marker| !marker.is_empty()),
    };
    for entry in document.blobs.entries {
        match entry {
            Listed::Blob(blob) => page.items.push(into_item(*blob)),
            Listed::BlobPrefix(prefix) => page.prefixes.push(prefix.name.into_text()),
        }
    }
    Ok(page)
}

impl Name {
    pub(super) fn into_text(self) -> String {
        match self.encoded {
            Some(true) => percent_decode_str(&self.text)
                .decode_utf8_lossy()
                .into_owned(),
            _ => self.text,
        }
    }
}

fn into_item(blob: Blob) -> Item {
    Item {
        name: blob.name.into_text(),
        length: blob.properties.length,
        etag: quoted(&blob.properties.etag),
        last_modified: blob.properties.last_modified,
        md5: Some(blob.properties.md5).filter(|text| !text.is_empty()),
        source: None,
    }
}

/// Listings show tags without quotes, conditions want them.
pub(super) fn quoted(etag: &str) -> String {
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
            <Content-Length>0</Content-Length></Properties></Blob>\
            <BlobPrefix><Name>d/</Name></BlobPrefix><Blob><Name>e</Name><Properties><Etag>x</Etag>\
            <Content-Length>1</Content-Length></Properties></Blob></Blobs><NextMarker>m</NextMarker></EnumerationResults>";
        let page = parse(document.as_bytes()).unwrap();
        assert_eq!(page.next.as_deref(), Some("m"));
        assert_eq!(page.items[0].name, "a b&c");
        assert_eq!(
            (page.items[0].length, page.items[0].etag.as_str()),
            (12, "\"0x8D1\"")
        );
        assert_eq!(page.items[1].name, "a\u{1}/b");
        assert_eq!(page.items[1].etag, "\"0x8D2\"");
        assert_eq!(page.prefixes, ["d/"]);
    }

    #[test]
    fn an_empty_page_is_read() {
        let document = "<EnumerationResults><Blobs /><NextMarker /></EnumerationResults>";
        let page = parse(document.as_bytes()).unwrap();
        assert!(page.items.is_empty() && page.next.is_none());
    }
}
