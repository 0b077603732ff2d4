//! Listings of containers and blobs.

use super::properties::{content_type, tier};
use super::{BlobService, tags};
use crate::storage::answer::Answer;
use crate::storage::conditions::etag_text;
use crate::storage::error::{Result, StorageError};
use crate::storage::listing::{echo, parse_limit, parse_marker, write_marker, write_metadata};
use crate::storage::request::Call;
use crate::storage::time::Ticks;
use crate::storage::tree::{Blob, BlobPage, Entry, LeaseState, ListBlobs};
use crate::storage::xml::Xml;

/// What listings can include and this emulator has nothing of or cannot show yet.
const NOT_INCLUDED: [&str; 2] = ["versions", "uncommittedblobs"];

impl BlobService {
    pub(super) fn list_containers(&self, call: &Call) -> Result<Answer> {
        let account = &call.target.account;
        let prefix = call.query.get("prefix");
        let from = parse_marker(call.query.get("marker"))?;
        let limit = parse_limit(call)?;
        let page = self.tree.list_containers(account, prefix, &from, limit)?;
        let now = Ticks::of(self.tree.state.clock.now());
        let mut xml = Xml::new();
        let endpoint = format!("{}/", call.base());
        xml.open_with("EnumerationResults", &[("ServiceEndpoint", &endpoint)]);
        echo(&mut xml, call);
        xml.open("Containers");
        for (name, container) in &page.containers {
            xml.open("Container");
            xml.element("Name", name);
            xml.open("Properties");
            xml.element("Last-Modified", &container.modified.http_date());
            xml.element("Etag", &format!("\"{}\"", etag_text(container.etag)));
            let lease = LeaseState::of(container.lease.as_ref(), now);
            xml.element("LeaseStatus", lease.status());
            xml.element("LeaseState", lease.name());
            xml.element("HasImmutabilityPolicy", "false");
            xml.element("HasLegalHold", "false");
            xml.close("Properties");
            if call.query.lists("include", "metadata") {
                write_metadata(&mut xml, &container.metadata);
            }
            xml.close("Container");
        }
        xml.close("Containers");
        write_marker(&mut xml, page.next.as_deref());
        xml.close("EnumerationResults");
        Ok(Answer::xml(xml))
    }

    pub(super) async fn list_blobs(&self, call: &Call) -> Result<Answer> {
        for word in NOT_INCLUDED {
            if call.query.lists("include", word) {
                return Err(StorageError::not_implemented(&format!("include={word}")));
            }
        }
        let from = match parse_marker(call.query.get("marker"))? {
            marker if marker.is_empty() => call.query.get("startfrom").to_owned(),
            marker => marker,
        };
        let list = ListBlobs {
            prefix: call.query.get("prefix").to_owned(),
            delimiter: call.query.get("delimiter").to_owned(),
            from,
            limit: parse_limit(call)?,
            snapshots: call.query.lists("include", "snapshots"),
        };
        let target = &call.target;
        let page = self
            .tree
            .list_blobs(&target.account, &target.container, list)
            .await?;
        let now = Ticks::of(self.tree.state.clock.now());
        Ok(Answer::xml(write_blobs(call, &page, now)))
    }
}

fn write_blobs(call: &Call, page: &BlobPage, now: Ticks) -> Xml {
    let mut xml = Xml::new();
    let endpoint = format!("{}/", call.base());
    let attributes = [
        ("ServiceEndpoint", endpoint.as_str()),
        ("ContainerName", &call.target.container),
    ];
    xml.open_with("EnumerationResults", &attributes);
    echo(&mut xml, call);
    xml.optional("Delimiter", call.query.get("delimiter"));
    let metadata = call.query.lists("include", "metadata");
    let copy = call.query.lists("include", "copy");
    let tags = call.query.lists("include", "tags");
    xml.open("Blobs");
    for entry in &page.entries {
        match entry {
            Entry::Prefix(prefix) => {
                xml.open("BlobPrefix");
                xml.object_name(prefix);
                xml.close("BlobPrefix");
            }
            Entry::Blob(name, snapshot, blob) => {
                xml.open("Blob");
                xml.object_name(name);
                xml.optional("Snapshot", snapshot);
                write_properties(&mut xml, blob, copy, now);
                if metadata {
                    write_metadata(&mut xml, &blob.metadata);
                }
                if tags && !blob.tags.is_empty() {
                    tags::write(&mut xml, &blob.tags);
                }
                xml.element("OrMetadata", "");
                xml.close("Blob");
            }
        }
    }
    xml.close("Blobs");
    write_marker(&mut xml, page.next.as_deref());
    xml.close("EnumerationResults");
    xml
}

fn write_properties(xml: &mut Xml, blob: &Blob, copy: bool, now: Ticks) {
    let headers = &blob.headers;
    xml.open("Properties");
    xml.element("Creation-Time", &blob.created.http_date());
    xml.element("Last-Modified", &blob.modified.http_date());
    xml.element("Etag", &etag_text(blob.etag));
    xml.element("Content-Length", &blob.length.to_string());
    xml.element("Content-Type", content_type(headers));
    xml.element("Content-Encoding", &headers.encoding);
    xml.element("Content-Language", &headers.language);
    xml.element("Content-MD5", &headers.md5);
    xml.element("Cache-Control", &headers.cache_control);
    xml.element("Content-Disposition", &headers.disposition);
    xml.element("BlobType", blob.kind.name());
    xml.optional("AccessTier", tier(blob));
    if blob.tier.is_empty() {
        xml.element("AccessTierInferred", "true");
    }
    let lease = LeaseState::of(blob.lease.as_ref(), now);
    xml.element("LeaseStatus", lease.status());
    xml.element("LeaseState", lease.name());
    xml.element("ServerEncrypted", "true");
    if !blob.tags.is_empty() {
        xml.element("TagCount", &blob.tags.len().to_string());
    }
    if let Some(copied) = blob.copied.as_ref().filter(|_| copy) {
        xml.element("CopyId", &copied.id);
        xml.element("CopyStatus", "success");
        xml.element("CopySource", &copied.source);
        xml.element("CopyProgress", &format!("{0}/{0}", blob.length));
        xml.element("CopyCompletionTime", &copied.at.http_date());
    }
    xml.close("Properties");
}
