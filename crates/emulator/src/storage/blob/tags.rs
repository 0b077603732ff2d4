//! Index tags: read, replace, find.

use axum::body::Body;
use axum::http::StatusCode;
use percent_encoding::percent_decode_str;

use super::BlobService;
use super::objects::address;
use crate::storage::answer::Answer;
use crate::storage::conditions::Conditions;
use crate::storage::error::{Code, Result, StorageError};
use crate::storage::listing::{marker, parse_limit, parse_marker};
use crate::storage::receive;
use crate::storage::request::Call;
use crate::storage::tree::{Blob, TagFilter};
use crate::storage::xml::{self, Xml};

/// Most tags of one blob.
const MOST: usize = 10;
const LONGEST_NAME: usize = 128;
const LONGEST_VALUE: usize = 256;

/// The tags of `x-ms-tags`, written as a query.
pub(super) fn parse_header(call: &Call) -> Result<Vec<(String, String)>> {
    let invalid = || StorageError::header("x-ms-tags");
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        let decoded = percent_decode_str(&text).decode_utf8();
        decoded.map(|text| text.into_owned()).map_err(|_| invalid())
    };
    let pairs = call.header("x-ms-tags").split('&');
    let tags: Result<Vec<_>> = pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or_else(invalid)?;
            Ok((decode(name)?, decode(value)?))
        })
        .collect();
    check(tags?)
}

fn check(tags: Vec<(String, String)>) -> Result<Vec<(String, String)>> {
    let allowed = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || " +-./:=_".contains(c))
    };
    let good = |(name, value): &(String, String)| {
        (1..=LONGEST_NAME).contains(&name.len())
            && value.len() <= LONGEST_VALUE
            && allowed(name)
            && allowed(value)
    };
    let mut names: Vec<&str> = tags.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() != tags.len() {
        return Err(Code::InvalidTags.into());
    }
    if tags.len() > MOST {
        return Err(Code::TagsTooLarge.into());
    }
    if !tags.iter().all(good) {
        return Err(Code::InvalidTags.into());
    }
    Ok(tags)
}

/// Reads `<Tags><TagSet><Tag><Key/><Value/></Tag></TagSet></Tags>`.
fn parse_document(document: &[u8]) -> Result<Vec<(String, String)>> {
    let mut tags = Vec::new();
    let (mut name, mut value) = (String::new(), String::new());
    for element in xml::parse(document)? {
        match element.path.as_str() {
            "Tags/TagSet/Tag/Key" => name = element.text,
            "Tags/TagSet/Tag/Value" => value = element.text,
            "Tags/TagSet/Tag" => {
                tags.push((std::mem::take(&mut name), std::mem::take(&mut value)));
            }
            "Tags" | "Tags/TagSet" => {}
            _ => return Err(Code::InvalidXmlDocument.into()),
        }
    }
    check(tags)
}

/// The tags as an element.
pub(super) fn write(xml: &mut Xml, tags: &[(String, String)]) {
    xml.open("Tags");
    xml.open("TagSet");
    for (name, value) in tags {
        xml.open("Tag");
        xml.element("Key", name);
        xml.element("Value", value);
        xml.close("Tag");
    }
    xml.close("TagSet");
    xml.close("Tags");
}

impl BlobService {
    pub(super) fn get_tags(&self, call: &Call) -> Result<Answer> {
        let blob = self.tree.blob(&address(call))?;
        Conditions::parse(call)?.check_read(blob.version())?;
        let mut xml = Xml::new();
        write(&mut xml, &blob.tags);
        Ok(Answer::xml(xml))
    }

    pub(super) async fn set_tags(&self, call: &Call, body: Body) -> Result<Answer> {
        let tags = parse_document(&receive::document(body).await?)?;
        let change = move |blob: &mut Blob| {
            blob.tags = tags;
            Ok(())
        };
        self.tree
            .amend_blob(address(call), Conditions::parse(call)?, change)
            .await?;
        Ok(Answer::new(StatusCode::NO_CONTENT))
    }

    pub(super) async fn find_by_tags(&self, call: &Call) -> Result<Answer> {
        let text = call.query.get("where");
        let filter = TagFilter::parse(text)?;
        let container = call.target.container.as_str();
        let container = (!container.is_empty()).then_some(container);
        let from = parse_marker(call.query.get("marker"))?;
        let from = from.split_once('/').unwrap_or_default();
        let from = (from.0.to_owned(), from.1.to_owned());
        let page = (from, parse_limit(call)?);
        let (found, next) = self
            .tree
            .find_by_tags(&call.target.account, container, filter, page)
            .await?;
        let mut xml = Xml::new();
        let endpoint = format!("{}/", call.base());
        xml.open_with("EnumerationResults", &[("ServiceEndpoint", &endpoint)]);
        xml.element("Where", text);
        xml.open("Blobs");
        for blob in &found {
            xml.open("Blob");
            xml.object_name(&blob.name);
            xml.element("ContainerName", &blob.container);
            write(&mut xml, &blob.tags);
            xml.close("Blob");
        }
        xml.close("Blobs");
        let next = next.map(|(container, name)| marker(&format!("{container}/{name}")));
        xml.element("NextMarker", next.as_deref().unwrap_or_default());
        xml.close("EnumerationResults");
        Ok(Answer::xml(xml))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// storage ST-33.
    #[test]
    fn tags_are_checked() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let document = b"<Tags><TagSet><Tag><Key>a</Key><Value>1</Value></Tag>\
            <Tag><Key>b</Key><Value /></Tag></TagSet></Tags>";
        assert_eq!(
            parse_document(document).unwrap(),
            [pair("a", "1"), pair("b", "")]
        );
        let many = (0..11).map(|n| pair(&n.to_string(), "x")).collect();
        for (tags, code) in [
            (vec![pair("", "x")], Code::InvalidTags),
            (vec![pair("a", "?")], Code::InvalidTags),
            (vec![pair("a", "1"), pair("a", "2")], Code::InvalidTags),
            (many, Code::TagsTooLarge),
        ] {
            assert_eq!(check(tags).unwrap_err().code(), code);
        }
    }
}
